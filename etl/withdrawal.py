"""Releases that show what was erased or taken down are taken back whole; the one served goes when the next one stands in
its place.

They are not cut: their counts were made with the record, partly from what the vault said on that day, and a record
that was cut out would stand in the difference between its row and its counts.
"""

import json
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

from etl import third_parties
from etl.privacy import review
from etl.privacy.review import Entry
from etl.vault import Vault
from hub import releases
from hub.datasets import DATASETS
from hub.releases import Release
from hub.schema import SQLITE, Table

Marks = dict[str, list[str]]  # dataset, or kind of the review queue -> how a table names what was erased or taken down
ERASURE, TAKEDOWN = "erasure", "takedown"
REQUESTS = DATASETS["service_requests"].table.name
CONTENT = "content_id"  # SQL function of the columns in which others are looked for
TAKEN_DOWN = {  # kind: the table that shows such things, and how SQL names one
    "photo": (REQUESTS, "photo"),
    "text": (REQUESTS, "case when text is not null then public_id end"),
    "template": (REQUESTS, "text"),
} | {
    scanned.kind: (DATASETS[name].table.name, f"{CONTENT}({', '.join(scanned.columns)})")
    for name, scanned in third_parties.SCANNED.items()
}


def due(vault: Vault) -> Marks:
    """What was erased or taken down since the last publish."""
    found: Marks = {}
    for dataset, mark in vault.rows("select distinct dataset, mark from erasures order by all"):
        found.setdefault(dataset, []).append(mark)
    return found


def erased(marks: Marks) -> Marks:
    """Those of records, which no release may show; what was taken down may stand in other words, or be approved again."""
    return {name: found for name, found in marks.items() if name in DATASETS}


def take_down(vault: Vault, entries: Iterable[Entry]) -> None:
    """Remember what must leave the public, of things as they stood in the queue before that was decided."""
    for entry in filter(review.is_shown, entries):
        mark = {"photo": f"{releases.PHOTOS}/{entry.id}", "template": entry.text}.get(entry.kind, entry.id)
        add(vault, entry.kind, [mark] if mark else [])


def add(vault: Vault, dataset: str, marks: list[str]) -> None:
    if marks:
        vault.con.executemany("insert into erasures values (?, ?)", [[dataset, mark] for mark in marks])


def settle(vault: Vault) -> None:
    """No release that is kept shows any of it any longer."""
    vault.con.execute("delete from erasures")


def withdraw(vault: Vault, data: Path, serving: Release) -> list[str]:
    """Take back every release but the one that is served which shows any of it. Returns their ids."""
    marks = due(vault)
    taken = [release for release in releases.kept(data) if release.id != serving.id and shows(release, marks)]
    by_reason = {ERASURE: [release for release in taken if shows(release, erased(marks))]}
    by_reason[TAKEDOWN] = [release for release in taken if release not in by_reason[ERASURE]]
    for reason, found in by_reason.items():
        if found:
            releases.withdraw(data, found, reason, serving.id)
    return [release.id for release in taken]


def shows(release: Release, marks: Marks) -> int:
    """How many rows of a release show any of it; one that cannot be asked counts as if it did."""
    if not marks:
        return 0
    try:
        with closing(sqlite3.connect(f"file:{release.db}?mode=ro&immutable=1", uri=True)) as con:
            con.create_function(CONTENT, -1, third_parties.content_id)
            return count(con, "main", marks)
    except sqlite3.DatabaseError:
        return 1


def count(con: sqlite3.Connection, schema: str, marks: Marks) -> int:
    """The same over an open connection."""
    return sum(con.execute(_sql(schema, name), [json.dumps(found)]).fetchone()[0] for name, found in marks.items())


def _sql(schema: str, name: str) -> str:
    table, key, kind = _recorded(DATASETS[name].table) if name in DATASETS else (*TAKEN_DOWN[name], "text")
    return f"select count(*) from {schema}.{table} where {key} in (select cast(value as {kind}) from json_each(?))"


def _recorded(table: Table) -> tuple[str, str, str]:
    """The name of a table, of its key and of the key's type."""
    [key] = table.key
    return table.name, key, SQLITE[next(column.type for column in table.columns if column.name == key)]


def next_id(release_id: str, data: Path) -> str:
    """The id of a release that stands in the place of another: `<id>-e1`, `<id>-e2`, ..."""
    first = "-".join(release_id.split("-")[:2])
    number = 1
    while (releases.folder(data) / f"{first}-e{number}").exists() or f"{first}-e{number}" in releases.withdrawn(data):
        number += 1
    return f"{first}-e{number}"
