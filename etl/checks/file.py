"""Checks of the file: it has the closed list of columns, is whole, and answers every question that we ask of it."""

import sqlite3

from etl.checks.finding import Case, Finding, one
from hub.datasets import DATASETS, tables, views
from hub.questions import measures, queries
from hub.schema import Table, Type
from hub.sql_functions import register

FTS_PARTS = ("", "_config", "_content", "_data", "_docsize", "_idx")
SQLITES_OWN = ("sqlite_stat1", "sqlite_stat4", "sqlite_sequence")
LONGEST_VALUE = 200_000  # bytes; the guard of the public server refuses longer ones


def closed_list(case: Case) -> list[Finding]:
    found = []
    for table in tables():
        has = tuple(row[1] for row in case.new.execute(f"pragma table_info({table.name})"))
        if has != table.names:
            found.append(f"{table.name}: {sorted(set(has) ^ set(table.names))}")
    extra = set(DATASETS["service_requests"].table.names) - set(case.policy.columns)
    found += [f"not among `columns` of {case.policy.path}: {sorted(extra)}"] if extra else []
    found += [f"{kind} {name}" for kind, name in _others(case)]
    return [
        Finding("closed_list", "columns equal the closed list", "; ".join(found) or "equal", not found, len(tables()))
    ]


def _others(case: Case) -> list[tuple[str, str]]:
    """What else the file has: no release has a table, view or trigger that none of its datasets declares."""
    declared = {table.name for table in tables()} | {view.name for view in views()}
    searched = {f"{table.name}_fts{part}" for table in tables() for part in FTS_PARTS}
    has = case.new.execute("select type, name from main.sqlite_master where type <> 'index' order by name").fetchall()
    return [(kind, name) for kind, name in has if name not in declared | searched and name not in SQLITES_OWN]


def sound(case: Case) -> list[Finding]:
    """The file is whole, its references hold, and no value is longer than the public server allows."""
    whole = one(case, "pragma quick_check")
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
