"""Write city.db in phases, never two open connections on one file: schema, the large table, then all the rest.

sqlite-utils makes the schema, the indexes, full-text search, views and small tables; the large table streams in by
ADBC between two of its phases, because it is ten times faster there.
"""

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import adbc_driver_sqlite.dbapi as adbc
import pyarrow as pa
import sqlite_utils

from hub.datasets import tables, views
from hub.schema import SQLITE, Table

LARGE = "service_requests"
BATCH_ROWS = 50_000
MIDDLE_ID = 1 << 62
# An index is sorted by threads only where its rows do not fit into the cache, nor the sort into memory: twice as fast.
PRAGMAS = ("journal_mode=off", "synchronous=off", "cache_size=-4096", "threads=2")


def begin(path: Path, large: pa.RecordBatchReader) -> None:
    """A new database with every table of a release, and the large one filled."""
    path.unlink(missing_ok=True)
    _schema(path)
    stream(path, LARGE, large)


def finish(path: Path, small: dict[str, pa.Table]) -> None:
    """Fill the small tables; then indexes, full-text search and views, three times cheaper after the rows."""
    db = _open(path)
    with db.atomic():
        for name, rows in small.items():
            db[name].insert_all(rows.to_pylist())
        for table in tables():
            for columns in table.indexes:
                db[table.name].create_index(columns)
            if searched := table.search or tuple(name for name in table.search_if_any if _is_any(db, table, name)):
                db[table.name].enable_fts(searched, fts_version="FTS5", tokenize="unicode61 remove_diacritics 2")
        for view in views():
            db.create_view(view.name, view.sql)
    db.conn.close()


def _is_any(db: sqlite_utils.Database, table: Table, column: str) -> bool:
    return bool(db.execute(f'select 1 from "{table.name}" where "{column}" is not null limit 1').fetchone())


def add(path: Path, rows: dict[str, list[dict]]) -> None:
    """Fill tables that tell about the release itself."""
    db = _open(path)
    with db.atomic():
        for name, told in rows.items():
            db[name].insert_all(told)
    db.conn.close()


def compact(path: Path) -> None:
    """ANALYZE, and leave no free page in the file: what was overwritten must not stay behind in it."""
    with closing(sqlite3.connect(path)) as con:
        con.execute("analyze")
        if con.execute("pragma freelist_count").fetchone()[0] == 0:
            return
        fresh = path.with_suffix(".fresh")
        fresh.unlink(missing_ok=True)
        con.execute("vacuum into ?", [str(fresh)])
    os.replace(fresh, path)


def _open(path: Path) -> sqlite_utils.Database:
    """A file that is built beside and renamed needs no journal and no sync."""
    con = sqlite3.connect(path, isolation_level=None)
    for pragma in PRAGMAS:
        con.execute(f"pragma {pragma}")
    return sqlite_utils.Database(con)


def _schema(path: Path) -> None:
    db = _open(path)
    with db.atomic():
        for table in sorted(tables(), key=lambda table: any(column.references for column in table.columns)):
            db[table.name].create(
                {column.name: SQLITE[column.type] for column in table.columns},
                pk=_key(table),
                foreign_keys=[(c.name, *c.references.split(".")) for c in table.columns if c.references],
                strict=True,
            )
    db.conn.close()


def _key(table: Table) -> str | tuple[str, ...] | None:
    return table.key[0] if len(table.key) == 1 else table.key or None


def stream(path: Path, table: str, rows: pa.RecordBatchReader) -> None:
    """Append rows to a table; nobody else may have the file open."""
    with adbc.connect(f"file:{path}", autocommit=True) as con, con.cursor() as cursor:
        for pragma in ("journal_mode=off", "synchronous=off"):
            cursor.execute(f"pragma {pragma}")
            cursor.fetchall()
        cursor.adbc_ingest(table, rows, mode="append")


def rows(path: Path, schema: pa.Schema) -> pa.Table:
    """Columns of the large table of a finished database; two threads read half of the ids each, which are spread evenly."""
    with ThreadPoolExecutor(2) as threads:
        halves = (f"rowid < {MIDDLE_ID}", f"rowid >= {MIDDLE_ID}")
        return pa.concat_tables(threads.map(partial(_rows, path, schema), halves))


def _rows(path: Path, schema: pa.Schema, where: str) -> pa.Table:
    with adbc.connect(f"file:{path}?mode=ro&immutable=1", autocommit=True) as con, con.cursor() as cursor:
        cursor.execute(f"select {', '.join(schema.names)} from {LARGE} where {where}")
        return cursor.fetch_arrow_table().cast(schema)  # SQLite tells no type of a column without a value
