"""Releases that show what was erased are taken back whole; the one served goes when the next one stands in its place.

They are not cut: their counts were made with the record, partly from what the vault said on that day, and a record
that was cut out would stand in the difference between its row and its counts.
"""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from etl.vault import Vault
from hub import releases
from hub.datasets import DATASETS
from hub.releases import Release
from hub.schema import SQLITE, Table

Marks = dict[str, list[str]]  # dataset -> how its table names what was erased
ERASURE = "erasure"


def due(vault: Vault) -> Marks:
    """What was erased since the last publish."""
    found: Marks = {}
    for dataset, mark in vault.rows("select distinct dataset, mark from erasures order by all"):
        found.setdefault(dataset, []).append(mark)
    return found


def add(vault: Vault, dataset: str, marks: list[str]) -> None:
    if marks:
        vault.con.executemany("insert into erasures values (?, ?)", [[dataset, mark] for mark in marks])


def settle(vault: Vault) -> None:
    """No release that is kept shows it any longer."""
    vault.con.execute("delete from erasures")


def withdraw(vault: Vault, data: Path, serving: Release) -> list[str]:
    """Take back every release but the one that is served which shows something that was erased. Returns their ids."""
    marks = due(vault)
    taken = [release for release in releases.kept(data) if release.id != serving.id and shows(release, marks)]
    if taken:
        releases.withdraw(data, taken, ERASURE, serving.id)
    return [release.id for release in taken]


def shows(release: Release, marks: Marks) -> int:
    """How many rows of a release are of what was erased; one that cannot be asked counts as if it showed it."""
    try:
        with closing(sqlite3.connect(f"file:{release.db}?mode=ro&immutable=1", uri=True)) as con:
            return count(con, "main", marks)
    except sqlite3.DatabaseError:
        return 1


def count(con: sqlite3.Connection, schema: str, marks: Marks) -> int:
    """The same over an open connection."""
    return sum(
        con.execute(_sql(schema, DATASETS[name].table), [json.dumps(found)]).fetchone()[0]
        for name, found in marks.items()
    )


def _sql(schema: str, table: Table) -> str:
    [key] = table.key
    kind = SQLITE[next(column.type for column in table.columns if column.name == key)]
    return f"select count(*) from {schema}.{table.name} where {key} in (select cast(value as {kind}) from json_each(?))"


def next_id(release: Release, data: Path) -> str:
    """The id of a release that stands in the place of one of the same day: `<id>-e1`, `<id>-e2`, ..."""
    first = "-".join(release.id.split("-")[:2])
    number = 1
    while (releases.folder(data) / f"{first}-e{number}").exists() or f"{first}-e{number}" in releases.withdrawn(data):
        number += 1
    return f"{first}-e{number}"
