"""The last word: checks that can stop a release. Each is a question to the finished database, with a bound.

CHECKS look at the new release, the one before and the policy; nothing else can publish."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from etl.checks import account, canaries, file, received, rows
from etl.checks.finding import Case, Check, Finding

THREADS = 2  # checks that look at the release at the same time


def judge(path: Path, case: Case) -> list[Finding]:
    """Every check of the database at `path`, in order. A release passes if all findings do."""
    with ThreadPoolExecutor(THREADS) as threads:
        return [finding for found in threads.map(lambda check: _judged(path, case, check), CHECKS) for finding in found]


def _judged(path: Path, case: Case, check: Check) -> list[Finding]:
    """What one check finds, over a connection of its own."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as con:
        con.execute("pragma cache_size = -65536")
        if case.before:
            con.execute("attach database ? as before", [f"file:{case.before}?mode=ro&immutable=1"])
        return check(replace(case, new=con))


CHECKS: tuple[Check, ...] = (
    file.closed_list,
    rows.small_classes,
    rows.tier_columns,
    rows.places,
    rows.texts,
    canaries.canaries_hidden,
    rows.photos,
    account.complete,
    account.is_believable,
    account.unique_ids,
    account.rollups_agree,
    account.follows_from_rows,
    rows.monotone,
    rows.differences,
    rows.erasures,
    rows.ledgered,
    rows.risks,
    received.received_is_safe,
    received.received_stays,
    file.sound,
    file.questions_run,
)
