"""Whole tables as files: CSV.gz and Parquet of each released table, with row counts and sha256.

CSV is what people open in a spreadsheet: there, text that begins like a command is written behind an apostrophe."""

import gzip
import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Semaphore

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from etl.tables import schema_of
from hub.city import City
from hub.datasets import tables
from hub.schema import Table, Type

BATCH_ROWS = 50_000
GZIP_LEVEL = 4
COMMAND = r"^[=+\-@\t\r]"  # text that a spreadsheet would run
WAITING = 8  # batches that may wait for the packing thread


@contextmanager
def writing(table: Table, folder: Path) -> Iterator[Callable[[pa.RecordBatch], None]]:
    """Open <table>.csv.gz and <table>.parquet; what is called with a batch writes it to both."""
    schema = schema_of(table)
    with (
        (folder / f"{table.name}.csv.gz").open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=GZIP_LEVEL, mtime=0) as packed,
        pq.ParquetWriter(folder / f"{table.name}.parquet", schema, compression="zstd") as parquet,
    ):
        packed.write((",".join(table.names) + "\n").encode())

        def both(batch: pa.RecordBatch) -> None:
            sink = pa.BufferOutputStream()
            pacsv.write_csv(harmless(batch), sink, pacsv.WriteOptions(include_header=False))
            packed.write(sink.getvalue())
            parquet.write_batch(batch)

        yield both


def harmless(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch for a spreadsheet: text that begins like a command gets an apostrophe before it."""
    columns = [_quoted(column) if column.type == pa.string() else column for column in batch.columns]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def _quoted(column: pa.Array) -> pa.Array:
    if not pc.any(pc.match_substring_regex(pc.unique(column), COMMAND)).as_py():
        return column
    return pc.if_else(pc.match_substring_regex(column, COMMAND), pc.binary_join_element_wise("'", column, ""), column)


@contextmanager
def beside(table: Table, folder: Path) -> Iterator[Callable[[pa.RecordBatch], None]]:
    """The same in a thread of its own: what is called with a batch returns at once, unless many are waiting."""
    with writing(table, folder) as both, ThreadPoolExecutor(1) as thread:
        room, done = Semaphore(WAITING), []

        def show(batch: pa.RecordBatch) -> None:
            room.acquire()
            done.append(thread.submit(both, batch))
            done[-1].add_done_callback(lambda _: room.release())

        yield show
        for batch in done:
            batch.result()


def write(database: Path, table: Table, folder: Path) -> None:
    """Write the downloads of a table as it stands in the database."""
    with (
        closing(sqlite3.connect(f"file:{database}?mode=ro&immutable=1", uri=True)) as con,
        writing(table, folder) as both,
    ):
        cursor = con.execute(f'select {", ".join(table.names)} from "{table.name}" order by rowid')
        while rows := cursor.fetchmany(BATCH_ROWS):
            columns = [
                pa.array(values, f.type) for values, f in zip(zip(*rows, strict=True), schema_of(table), strict=True)
            ]
            both(pa.RecordBatch.from_arrays(columns, schema=schema_of(table)))


def sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def contents(release: Path) -> dict[str, dict]:
    """Per table its rows, and the sha256 of its content: of the unpacked CSV, which `gunzip -c FILE | sha256sum` tells."""
    with closing(sqlite3.connect(f"file:{release / 'city.db'}?mode=ro&immutable=1", uri=True)) as con:
        return {
            table.name: {
                "rows": con.execute(f'select count(*) from "{table.name}"').fetchone()[0],
                "sha256": _unpacked_sha256(release / "downloads" / f"{table.name}.csv.gz"),
            }
            for table in tables()
        }


def _unpacked_sha256(path: Path) -> str:
    with gzip.open(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


FRICTIONLESS = {
    Type.TEXT: "string",
    Type.INTEGER: "integer",
    Type.NUMBER: "number",
    Type.CENTS: "integer",
    Type.DATE: "date",
    Type.INSTANT: "integer",
    Type.BOOLEAN: "integer",
}


def datapackage(city: City, release_id: str, folder: Path) -> dict:
    """The downloads as a Frictionless Data Package: one resource per CSV, with the meaning of each column."""
    return {
        "name": f"{city.slug}-{release_id[:8]}",
        "title": city.brand.name,
        "version": release_id,
        "resources": [
            _resource(table, folder / "downloads" / f"{table.name}.csv.gz") for table in tables() if table.download
        ],
    }


def _resource(table: Table, path: Path) -> dict:
    fields = [{"name": c.name, "type": FRICTIONLESS[c.type], "description": c.help} for c in table.columns]
    return {
        "name": table.name.strip("_").replace("_", "-"),
        "title": table.title,
        "description": table.about,
        "path": f"downloads/{path.name}",
        "format": "csv",
        "compression": "gz",
        "encoding": "utf-8",
        "bytes": path.stat().st_size,
        "hash": f"sha256:{sha256(path)}",
        "schema": {"fields": fields, **({"primaryKey": list(table.key)} if table.key else {})},
    }
