"""The lookup file of 'track my report': keyed hash of a tracking number -> what the release tells of its status.

data/lookup/status.db: `statuses` (hash, code) and `told` (code, status, outcome, the day until which its tier is told).
No id, no public id, no place and no time of a report is in it. The public process may only read it.
"""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pyarrow as pa
from narwhals import col

from etl import database
from etl.contents import LARGE, Contents
from etl.database import BATCH_ROWS
from etl.engine import mac_sql, number_sql
from etl.keys import lookup_key
from etl.privacy import time as days
from hub.outcomes import DISPOSITIONS
from hub.tracking_numbers import SPARE, number_of

READABLE = 0o640  # by the group that the public process is in
KIND = ("tier", "status", "disposition")
TOLD = ("status", "outcome", "until")
SCHEMA = """
pragma journal_mode = off;
create table told(code integer primary key, status text not null, outcome text, until text not null) strict;
create table statuses(hash integer primary key, code integer not null references told) strict;
"""


def path(data: Path) -> Path:
    return data / "lookup" / "status.db"


@contextmanager
def beside(data: Path) -> Iterator[Path]:
    """Where the next file is made; it is gone afterwards unless it was put in place."""
    made = path(data).with_suffix(".beside")
    for left in path(data).parent.glob("status.*"):  # of one that was killed: it names what may be erased by now
        if left != path(data):
            left.unlink()
    try:
        yield made
    finally:
        made.unlink(missing_ok=True)


def put(made: Path, data: Path) -> None:
    """Make it the file that is read, or take that away where the city has no such page."""
    if made.exists():
        os.replace(made, path(data))
    else:
        path(data).unlink(missing_ok=True)


def write(made: Contents, data: Path, beside: Path) -> None:
    """Write a file of what a release shows, if the city has such a page."""
    if not made.at.city.tracking or LARGE.name not in made.at.city.datasets:
        return
    key, kinds = lookup_key(data), _kinds(made)
    with closing(sqlite3.connect(beside)) as con, con:
        con.executescript(SCHEMA)
        told = sorted({(kind["code"], kind["status"], kind["outcome"], kind["until"]) for kind in kinds})
        con.executemany("insert into told values (?, ?, ?, ?)", told)
    database.stream(beside, "statuses", _statuses(made, kinds, key))
    beside.chmod(READABLE)


def _kinds(made: Contents) -> list[dict]:
    """Each (tier, status, disposition) that is shown, with what is told of it and the code of that."""
    shown = made.engine.arrow(made.done.rows.filter(~col("status").is_null()).select(*KIND).unique()).to_pylist()
    for kind in shown:
        kind["outcome"] = DISPOSITIONS[kind["disposition"]][0] if kind["disposition"] else None
        kind["until"] = days.day_of(made.at.closed_until(kind["tier"])).isoformat()
    told = sorted({tuple(kind[name] for name in TOLD) for kind in shown}, key=str)
    return [kind | {"code": told.index(tuple(kind[name] for name in TOLD)) + 1} for kind in shown]


def _statuses(made: Contents, kinds: list[dict], key: bytes) -> pa.RecordBatchReader:
    """Hash and code of each row that tells its status, by hash. A number that two reports share, but for how it is
    written, is left out: it would tell one person of another's."""
    schema = pa.schema([*((name, pa.string()) for name in KIND), ("code", pa.int64())])
    codes = made.engine.given(
        pa.Table.from_pylist([{name: kind[name] for name in schema.names} for kind in kinds], schema)
    )
    written = f"upper(regexp_replace(key, '{SPARE}', '', 'g'))"
    numbers = f"select {number_sql(mac_sql(key, written))} as hash, id from keys_"
    same = " and ".join(f"s.{name} is not distinct from c.{name}" for name in KIND)
    return made.engine.ask(
        f"""select hash, any_value(code) as code from ({numbers}) left join (
            select id, code from shown_ s join codes_ c on {same}) using (id)
        group by hash having count(*) = 1 and count(code) = 1 order by hash""",
        **{"keys_": made.done.keys, "shown_": made.done.rows.select("id", *KIND), "codes_": codes},
    ).to_reader(BATCH_ROWS)


def forget(data: Path, keys: list[str]) -> None:
    """Take what was erased out of the file, without waiting for the next publish."""
    if not path(data).is_file():
        return
    key = lookup_key(data)
    with beside(data) as made:
        with closing(sqlite3.connect(f"file:{path(data)}?mode=ro", uri=True)) as con:
            con.execute("vacuum into ?", [str(made)])
        with closing(sqlite3.connect(made, isolation_level=None)) as con:
            con.execute("pragma secure_delete = on")
            con.executemany("delete from statuses where hash = ?", [(number_of(text, key),) for text in keys])
            con.execute("vacuum")
        made.chmod(READABLE)
        put(made, data)
