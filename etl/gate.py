"""The last word: checks that can stop a release. Each is a question to the finished database, with a bound.

CHECKS look at the new release, the one before and the policy; nothing else can publish."""

import json
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from hub.datasets import DATASETS, tables
from hub.policy import GRAINS, LEVELS, Policy
from hub.questions import measures, queries
from hub.schema import Table, Type
from hub.sql_functions import register

LONGEST_VALUE = 200_000  # bytes; the guard of the public server refuses longer ones
UNUSABLE = 0.005  # share of keys in quarantine beyond which something is wrong with the source,
FEW = 10  # unless they are so few
THREADS = 2  # checks that look at the release at the same time
CLASS = "service_group, place_id, requested_bucket, requested_grain"


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check demanded and found."""

    check_name: str
    bound: str
    value: str
    is_passed: bool
    n: int

    @property
    def row(self) -> dict:
        return {**{name: getattr(self, name) for name in self.__slots__}, "is_passed": int(self.is_passed)}


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged by: the policy, the release served before, and what only the builder knows.

    `fewest_locations`: per tier the smallest number of distinct locations in a released class; None where the vault
    is not at hand. `fallen`: ids that had to become coarser since the last release, which the comparison exempts."""

    policy: Policy
    before: Path | None = None
    fewest_locations: dict[str, int] | None = None
    fallen: frozenset[int] = frozenset()
    new: sqlite3.Connection | None = None


Check = Callable[[Case], list[Finding]]


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


def _one(case: Case, sql: str):
    return case.new.execute(sql).fetchone()[0]


def _rows(case: Case, table: str = "service_requests") -> int:
    return _one(case, f"select count(*) from {table}")


def _none(check_name: str, what: str, found: int, n: int) -> Finding:
    """A finding that demands none of something."""
    return Finding(check_name, f"0 {what}", str(found), found == 0, n)


def closed_list(case: Case) -> list[Finding]:
    found = []
    for table in tables():
        has = tuple(row[1] for row in case.new.execute(f"pragma table_info({table.name})"))
        if has != table.names:
            found.append(f"{table.name}: {sorted(set(has) ^ set(table.names))}")
    extra = set(DATASETS["service_requests"].table.names) - set(case.policy.columns)
    found += [f"not in the policy: {sorted(extra)}"] if extra else []
    return [
        Finding("closed_list", "columns equal the closed list", "; ".join(found) or "equal", not found, len(tables()))
    ]


def small_classes(case: Case) -> list[Finding]:
    """Every class of B and C holds k rows at k places, and in C no class tells one value of all its members."""
    case.new.execute(
        f"""create temp table classes as
        select tier, count(*) as n, count(distinct duration_days) as durations, count(distinct on_time) as words,
        count(on_time) as told from service_requests where tier <> 'A' group by tier, {CLASS}"""
    )
    found = {
        tier: (least, n)
        for tier, least, n in case.new.execute("select tier, min(n), count(*) from classes group by tier")
    }
    findings = []
    for tier, k in case.policy.k.items():
        least, classes = found.get(tier, (k, 0))
        findings.append(Finding(f"rows_per_class_{tier}", f"at least {k}", str(least), least >= k, classes))
        if case.fewest_locations is not None:
            places = case.fewest_locations.get(tier, k)
            findings.append(Finding(f"locations_per_class_{tier}", f"at least {k}", str(places), places >= k, classes))
    bad = _one(case, "select count(*) from classes where tier = 'C' and (durations = 1 or (words = 1 and told = n))")
    return [*findings, _none("two_values_in_c", "classes share one value", bad, found.get("C", (0, 0))[1])]


def tier_columns(case: Case) -> list[Finding]:
    bad = _one(
        case,
        """select count(*) from service_requests
        where tier not in ('A', 'B', 'C') or text is not null or photo is not null
        or (tier = 'A' and duration_days is not null) or (tier = 'C' and disposition is not null)
        or (tier <> 'A' and coalesce(service_name, service_code, duration_hours) is not null)
        or (tier <> 'A' and requested_grain = 'day')""",
    )
    return [_none("columns_per_tier", "rows show more than their tier allows", bad, _rows(case))]


def complete(case: Case) -> list[Finding]:
    findings = []
    told_of = "released + waiting + withheld + quarantined + erased + deleted_upstream"
    for dataset, read, told, unusable, released in case.new.execute(
        f"select dataset, read, {told_of}, quarantined, released from completeness"
    ):
        findings.append(Finding(f"complete_{dataset}", f"read = {read}", str(told), read == told, read))
        rows = _one(case, f"select count(*) from {DATASETS[dataset].table.name}")
        findings.append(Finding(f"released_{dataset}", f"rows = {released}", str(rows), rows == released, rows))
        findings.append(_usable(case, dataset, read, unusable))
    return findings


def _usable(case: Case, dataset: str, read: int, unusable: int) -> Finding:
    """Only so many keys may be in quarantine; if there are more, it says what is wrong with most of them."""
    share = unusable / read if read else 0
    is_passed, value = share <= UNUSABLE or unusable <= FEW, f"{share:.2%}"
    if not is_passed:
        [(reason,)] = case.new.execute(
            "select reason from quality_reasons where dataset = ? and kind = 'quarantined' order by rows desc limit 1",
            [dataset],
        )
        value += f" (most of them: {reason})"
    return Finding(f"usable_{dataset}", f"at most {UNUSABLE:.1%} quarantined, or {FEW} rows", value, is_passed, read)


def unique_ids(case: Case) -> list[Finding]:
    doubled = _one(case, "select count(*) - count(distinct public_id) from service_requests")
    return [_none("unique_public_ids", "doubled", doubled, _rows(case))]


def rollups_agree(case: Case) -> list[Finding]:
    """The rollups count every released row whose time is told, once."""
    watched = _one(case, "select coalesce(sum(n), 0) from durations")
    rows = _one(
        case,
        """select count(*) from service_requests where status is not null
        and (status = 'open' or duration_hours is not null or duration_days is not null)""",
    )
    kept = _one(case, "select count(*) from service_requests where on_time is not null")
    told = _one(case, "select coalesce(sum(n), 0) from on_time")
    split = _one(case, "select count(*) from on_time where n <> met_fixed + met_other + missed + pending + no_target")
    return [
        Finding("durations_agree", f"{rows} rows", str(watched), watched == rows, rows),
        Finding("on_time_agrees", f"{kept} rows, parts add up", str(told), told == kept and not split, kept),
    ]


def monotone(case: Case) -> list[Finding]:
    """No row became finer or moved since the release before."""
    if not case.before:
        return []
    ranks = (("place_level", LEVELS), ("requested_grain", GRAINS))
    coarser = " and ".join(f"{_rank('n', word, names)} >= {_rank('b', word, names)}" for word, names in ranks)
    moved = case.new.execute(
        f"""select count(*) from service_requests n join before.service_requests b using (id)
        where (n.place_id, n.requested_bucket, n.requested_grain)
        is not (b.place_id, b.requested_bucket, b.requested_grain)
        and not ({coarser})
        or n.tier <> 'A' and (n.service_group is not b.service_group
            or n.agency_responsible is not null and b.agency_responsible is null)"""
    ).fetchone()[0]
    return [_none("monotone", "rows finer or moved", moved, _rows(case, "before.service_requests"))]


def _rank(table: str, column: str, names: tuple[str, ...]) -> str:
    order = " ".join(f"when '{name}' then {rank}" for rank, name in enumerate(names))
    return f"case {table}.{column} {order} end"


def differences(case: Case) -> list[Finding]:
    """No class of B or C grew by 1..k-1 rows since the release before (fallen rows are no news)."""
    if not case.before:
        return []
    bad = 0
    for tier, k in case.policy.k.items():
        bad += case.new.execute(
            f"""select count(*) from (select count(*) as added from service_requests n where tier = ?
            and id not in (select id from before.service_requests) and id not in (select value from json_each(?))
            group by {CLASS} having added < ?)""",
            [tier, json.dumps(sorted(case.fallen)), k],
        ).fetchone()[0]
    return [_none("no_small_difference", "classes grew by less than k", bad, _rows(case))]


def sound(case: Case) -> list[Finding]:
    """The file is whole, its references hold, and no value is longer than the public server allows."""
    whole = _one(case, "pragma quick_check")
    orphans = len(case.new.execute("pragma foreign_key_check").fetchall())
    longest = max(_longest(case, table) for table in tables())
    return [
        Finding("integrity", "ok", whole, whole == "ok", 1),
        Finding("references", "0 broken", str(orphans), orphans == 0, 1),
        Finding("longest_value", f"at most {LONGEST_VALUE} bytes", str(longest), longest <= LONGEST_VALUE, 1),
    ]


def _longest(case: Case, table: Table) -> int:
    """Bytes of the longest text of a table, at most: a character takes up to four."""
    lengths = ", ".join(f"max(length({c.name}))" for c in table.columns if c.type is Type.TEXT)
    found = case.new.execute(f"select {lengths} from {table.name}").fetchone() if lengths else ()
    return max((characters for characters in found if characters), default=0) * 4


def questions_run(case: Case) -> list[Finding]:
    """Every measure and ready question runs on this very release."""
    register(case.new)
    failed = []
    for question in (*measures().values(), *queries().values()):
        try:
            case.new.execute(
                question.sql, {name: question.example.get(name, "") for name in question.params}
            ).fetchmany(1)
        except sqlite3.Error as error:
            failed.append(f"{question.name}: {error}")
    return [Finding("questions_run", "all", "; ".join(failed) or "all", not failed, len(measures()) + len(queries()))]


CHECKS: tuple[Check, ...] = (
    closed_list,
    small_classes,
    tier_columns,
    complete,
    unique_ids,
    rollups_agree,
    monotone,
    differences,
    sound,
    questions_run,
)
