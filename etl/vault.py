"""The vault: records, readings and ledgers in one private DuckDB file; a page is one transaction.

records_<dataset>   what each source key says now (deleted_upstream: gone from the city's system)
walks, walk_parts   the reading that is under way, and which of its parts are proved
columns             what the source sends and we leave out, and since when it is seen (0: ever since)
pages, seen         one line per page of it, and every key met so far (a row without one is met by its content hash)
readings            the last complete reading of each part: fingerprint, rows, how completeness was proven
quarantine          rows that cannot be used, with the reason; allow-listed columns only, by content hash
release_ledger      how each published record was generalised (gone: not in the last release); it only becomes coarser
settings            small facts: key check, as_of per source, what was published, who signed
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from etl import canonical
from hub.datasets import DATASETS
from hub.errors import DiskError, LockedError, is_no_room
from hub.schema import Type

MEMORY = "1GB"
DUCK = {
    Type.TEXT: "VARCHAR",
    Type.INTEGER: "BIGINT",
    Type.NUMBER: "DOUBLE",
    Type.CENTS: "BIGINT",
    Type.DATE: "VARCHAR",
    Type.INSTANT: "BIGINT",
    Type.BOOLEAN: "BIGINT",
}
LEDGER = """
create table if not exists walks(source varchar, kind varchar, since bigint, until bigint, mapping varchar);
create table if not exists walk_parts(
    source varchar, part varchar, fingerprint varchar, proven_by varchar, why varchar, expected bigint, cursor varchar);
create table if not exists pages(
    source varchar, part varchar, number bigint, cursor varchar, rows_read bigint, keys bigint, set_aside bigint,
    written bigint, dropped varchar);
create table if not exists readings(
    source varchar, part varchar, fingerprint varchar, mapping varchar, rows_read bigint, keys bigint, set_aside bigint,
    written bigint, expected bigint, proven_by varchar, ended bigint);
create table if not exists columns(source varchar, name varchar, since bigint);
create table if not exists seen(source varchar, part varchar, key varchar, is_usable boolean);
create table if not exists quarantine(
    source varchar, dataset varchar, key varchar, hash ubigint, part varchar, row_number bigint, reason varchar,
    row varchar);
create table if not exists release_ledger(
    id bigint, tier varchar, service_group varchar, place_level varchar, place_id varchar, requested_bucket varchar,
    requested_grain varchar, bucket_end bigint, late bigint, release varchar, gone bigint);
create table if not exists settings(name varchar primary key, value varchar);
create table if not exists areas(layer varchar, name varchar, kind varchar, geometry varchar);
"""


@contextmanager
def open_vault(data: Path) -> Iterator["Vault"]:
    """Open data/private/vault.duckdb, alone. Raises LockedError while another run holds it, DiskError without room."""
    folder = data / "private"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        con = duckdb.connect(str(folder / "vault.duckdb"))
    except duckdb.IOException as error:
        if "lock" in str(error).lower():
            raise LockedError(
                f"Another run holds {folder / 'vault.duckdb'}.", "wait until it ends; `cityglass status` tells"
            ) from None
        raise DiskError(
            f"The vault {folder} cannot be opened: {first_line(error)}", "check the disk and the permissions"
        ) from None
    except OSError as error:
        raise DiskError(f"{folder} cannot be made: {error.strerror}.", "check the disk and the permissions") from None
    try:
        con.execute(f"set memory_limit='{MEMORY}'; set timezone='UTC'; set preserve_insertion_order=false")
        con.execute(f"set temp_directory='{folder / 'spill'}'")
        con.execute(LEDGER)
        for dataset in DATASETS.values():
            columns = ", ".join(f"{c.name} {DUCK[c.type]}" for c in canonical.stored(dataset))
            con.execute(
                f"create table if not exists records_{dataset.name}"
                f"(source varchar, key varchar, hash ubigint, flags bigint, deleted_upstream boolean, {columns})"
            )
        yield Vault(con)
    except duckdb.Error as error:
        raise disk_or_bug(error) from error
    finally:
        con.close()


def first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def disk_or_bug(error: duckdb.Error) -> Exception:
    """A full disk is the operator's to mend; anything else is ours and keeps its traceback."""
    told = f"The vault could not be written: {first_line(error)}"
    return DiskError(told, "free disk space and run again; nothing is lost") if is_no_room(error) else error


class Vault:
    """The open vault. Every method that writes is one transaction."""

    def __init__(self, con: duckdb.DuckDBPyConnection):
        self.con = con

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.con.execute("begin")
        try:
            yield
        except BaseException:
            self.con.execute("rollback")
            raise
        self.con.execute("commit")

    def setting(self, name: str, default: str = "") -> str:
        found = self.rows("select value from settings where name = ?", name)
        return found[0][0] if found else default

    def set(self, name: str, value: str) -> None:
        self.con.execute("insert or replace into settings values (?, ?)", [name, value])

    def rows(self, sql: str, *values: object) -> list[tuple]:
        return self.con.execute(sql, list(values)).fetchall()

    def one(self, sql: str, *values: object):
        """The first value of the first row."""
        return self.rows(sql, *values)[0][0]

    def count_changes(self, changes: int) -> None:
        """Count writes, so that a publish knows whether anything changed since the last one."""
        if changes:
            self.set("changes", str(int(self.setting("changes", "0")) + changes))
