"""The lookup file of 'track my report': keyed hash of a tracking number -> what the release tells of its status.

data/lookup/status.db: `statuses` (hash, code) and `told` (code, status, outcome, the day until which its tier is told).
No id, no public id, no place and no time of a report is in it. The public process may only read it.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pyarrow as pa

from etl.contents import LARGE, Contents
from etl.engine import mac_sql, number_sql
from etl.keys import lookup_key
from etl.privacy import time as days
from etl.tables import live_records
from hub.outcomes import DISPOSITIONS
from hub.tracking_numbers import SPARE, number_of

READABLE = 0o640  # by the group that the public process is in
BATCH_ROWS = 50_000
SCHEMA = """
pragma journal_mode = off;
create table told(code integer primary key, status text not null, outcome text, until text not null) strict;
create table statuses(hash integer primary key, code integer not null references told) strict;
"""


def path(data: Path) -> Path:
    return data / "lookup" / "status.db"


def write(made: Contents, data: Path) -> None:
    """Write the file anew for what a release shows, or take it away where the city has no such page."""
    if not made.at.city.tracking or LARGE.name not in made.at.city.datasets:
        path(data).unlink(missing_ok=True)
        return
    rows = _statuses(made, lookup_key(data))
    kinds = _kinds(rows, made)
    beside = path(data).with_suffix(f".{os.getpid()}")
    beside.unlink(missing_ok=True)
    with closing(sqlite3.connect(beside)) as con, con:
        con.executescript(SCHEMA)
        con.executemany(
            "insert into told values (?, ?, ?, ?)", sorted({(code, *told) for told, code in kinds.values()})
        )
        con.executemany("insert into statuses values (?, ?)", _coded(rows, kinds))
    beside.chmod(READABLE)
    os.replace(beside, path(data))


def _statuses(made: Contents, key: bytes) -> pa.Table:
    """Hash, tier, status and disposition of each row that tells its status, by hash. A number that two reports share,
    but for how it is written, is left out: it would tell one person of another's."""
    engine = made.engine
    records = engine.keyed(live_records(engine, made.at.city, LARGE.name).select("source", "key"), made.at.key)
    shown = made.done.rows.select("id", "tier", "status", "disposition")
    engine.con.register("_shown", shown.to_native())
    engine.con.register("_records", records.to_native())
    written = f"upper(regexp_replace(key, '{SPARE}', '', 'g'))"
    found = engine.con.sql(
        f"""select hash, any_value(tier) as tier, any_value(status) as status, any_value(disposition) as disposition
        from (select {number_sql(mac_sql(key, written))} as hash, id from _records) left join _shown using (id)
        group by hash having count(*) = 1 and count(status) = 1 order by hash"""
    ).to_arrow_table()
    engine.con.unregister("_shown")
    engine.con.unregister("_records")
    return found


def _kinds(rows: pa.Table, made: Contents) -> dict[tuple, tuple[tuple, int]]:
    """(tier, status, disposition) -> what is told of it, and its code."""
    pairs = rows.select(["tier", "status", "disposition"]).group_by(["tier", "status", "disposition"]).aggregate([])
    found = sorted(map(tuple, (row.values() for row in pairs.to_pylist())), key=str)
    told = {
        (tier, status, ending): (
            status,
            DISPOSITIONS[ending][0] if ending else None,
            days.day_of(made.at.closed_until(tier)).isoformat(),
        )
        for tier, status, ending in found
    }
    codes = {what: code for code, what in enumerate(sorted(set(told.values()), key=str), 1)}
    return {kind: (what, codes[what]) for kind, what in told.items()}


def _coded(rows: pa.Table, kinds: dict[tuple, tuple[tuple, int]]) -> Iterator[tuple[int, int]]:
    for batch in rows.to_batches(BATCH_ROWS):
        columns = (batch[name].to_pylist() for name in ("hash", "tier", "status", "disposition"))
        for number, *kind in zip(*columns, strict=True):
            yield number, kinds[tuple(kind)][1]


def forget(data: Path, keys: list[str]) -> None:
    """Take what was erased out of the file, without waiting for the next publish."""
    if not path(data).is_file():
        return
    key = lookup_key(data)
    beside = path(data).with_suffix(f".{os.getpid()}")
    beside.unlink(missing_ok=True)
    with closing(sqlite3.connect(f"file:{path(data)}?mode=ro", uri=True)) as con:
        con.execute("vacuum into ?", [str(beside)])
    with closing(sqlite3.connect(beside, isolation_level=None)) as con:
        con.execute("pragma secure_delete = on")
        con.executemany("delete from statuses where hash = ?", [(number_of(text, key),) for text in keys])
        con.execute("vacuum")
    beside.chmod(READABLE)
    os.replace(beside, path(data))
