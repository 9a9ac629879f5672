"""The vault: records, readings and ledgers in one private DuckDB file; a page is one transaction.

records_<dataset>   what each source key says now (deleted_upstream: gone from the city's system)
walks, walk_parts   the reading that is under way, and which of its parts are proved
columns             what the source sends and we leave out, and since when it is seen (0: ever since)
pages, seen         one line per page of it, and every key met so far (a row without one is met by its content hash);
                    of a source of several files they stay, so that only those that change are read again
gone                keys that the source says are gone: believed when the walk has reached its end
readings            the last complete reading of each part: fingerprint, rows, how completeness was proven
quarantine          rows that cannot be used, with the reason; allow-listed columns only, by content hash
release_ledger      how each published record was generalised (gone: not in the last release), which only becomes coarser,
                    the opening it was released with, and which closing was told of it
closings            closings that a system has stated and taken back since (is_new: since the first release of the week)
before_*            what a reading that is under way replaced, and would leave again if it were refused
weekly              records of other tiers than A as they were in the first release of the week
former_ids          lines of the ledger whose record was away when the key of the public ids was changed
received_ledger     what each release first told of a period as a whole: it is not counted again
tombstones          keyed hashes of what was erased; nothing else is left of it, and it never comes back in
erasures            what the releases that are kept may still show of it, or of what was taken down; empty after the next publish
texts, redactions    free text, only while the policy uses it, and what its redaction made of it
review_queue        what an officer has decided or is to decide: templates, redacted texts, photos, and the texts of
                    budget, projects and stories that may name somebody else
looked_at           how likely it is that such a text names somebody else, by its hash, and how it was looked at
photos              rebuilt photos that wait for approval, under random names
settings            small facts: key check, as_of per source, what was published, who signed
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import duckdb

from etl import canonical
from etl.keys import check_of, erasure_key
from hub.datasets import DATASETS
from hub.errors import ConfigurationError, DiskError, LockedError, is_no_room
from hub.schema import Type

MEMORY = "850MB"
LITTLE = "64MB"  # while pages come in one by one: what does not fit waits on the disk
ERASURE_CHECK = "erasure_key_check"
REWRITE = "must_be_rewritten"  # set with what is deleted, until the file is written anew
WEEKLY, CLOSINGS = "weekly", "closings"
BEFORE = (*(f"before_{dataset}" for dataset in DATASETS), "before_quarantine", "before_texts")  # see undo.py
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
create table if not exists gone(source varchar, part varchar, key varchar);
create table if not exists quarantine(
    source varchar, dataset varchar, key varchar, hash ubigint, part varchar, row_number bigint, reason varchar,
    row varchar, gone boolean);
create table if not exists first_flagged(source varchar, part varchar, word varchar, row_number bigint);
create table if not exists release_ledger(
    id bigint, tier varchar, service_group varchar, place_level varchar, place_id varchar, requested_bucket varchar,
    requested_grain varchar, bucket_end bigint, late bigint, requested_datetime bigint, requested_day bigint,
    is_told boolean, closed_datetime bigint, closed_day bigint, disposition varchar, has_reopened boolean,
    release varchar, gone bigint);
create table if not exists former_ids(id bigint, key_version bigint);
create table if not exists closings(
    source varchar, key varchar, number bigint, closed_datetime bigint, closed_day bigint, disposition varchar,
    is_new boolean);
create table if not exists received_ledger(
    tier varchar, period varchar, grain varchar, service_group varchar, district varchar, released bigint,
    not_released bigint, received bigint, is_suppressed bigint, reason varchar, counted varchar);
create table if not exists tombstones(dataset varchar, hash varchar);
create table if not exists erasures(dataset varchar, mark varchar);
create table if not exists texts(source varchar, key varchar, description varchar, closure_note varchar);
create table if not exists redactions(hash varchar, text varchar, reason varchar, spans bigint, layers varchar);
create table if not exists review_queue(
    kind varchar, id varchar, content_hash varchar, text varchar, risk double, rows bigint, state varchar,
    disposition varchar, "by" varchar, "at" bigint, primary key (kind, id));
create table if not exists looked_at(kind varchar, id varchar, risk double, how varchar);
create table if not exists photos(
    name varchar, source varchar, key varchar, body blob, width bigint, height bigint, covered varchar, "at" bigint);
create table if not exists settings(name varchar primary key, value varchar);
create table if not exists areas(layer varchar, name varchar, kind varchar, geometry varchar);
"""


DAMAGED = ("not a valid duckdb", "could not read enough bytes", "corrupt", "checksum")  # how DuckDB says so
RESTORE = "put data/private back from its backup; the release that is served stays"


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
        told = f"The vault {folder / 'vault.duckdb'} cannot be opened: {first_line(error)}"
        raise DiskError(told, RESTORE if _is_damaged(error) else "check the disk and the permissions") from None
    except OSError as error:
        raise DiskError(f"{folder} cannot be made: {error.strerror}.", "check the disk and the permissions") from None
    vault = None
    try:
        con.execute(f"set memory_limit='{MEMORY}'; set timezone='UTC'; set preserve_insertion_order=false")
        shutil.rmtree(folder / "spill", ignore_errors=True)  # of one that was killed
        con.execute(f"set temp_directory='{folder / 'spill'}'")
        con.execute(LEDGER)
        for dataset in DATASETS.values():
            columns = ", ".join(f"{c.name} {DUCK[c.type]}" for c in canonical.stored(dataset))
            con.execute(
                f"create table if not exists records_{dataset.name}"
                f"(source varchar, key varchar, hash ubigint, flags bigint, deleted_upstream boolean, {columns})"
            )
        for table in BEFORE:
            like = table.replace("before_", "records_") if table.removeprefix("before_") in DATASETS else table[7:]
            con.execute(f"create table if not exists {table} as select * from {like} limit 0")
        con.execute(f"create table if not exists {WEEKLY} as select * from records_service_requests limit 0")
        vault = Vault(con, data)
        yield vault
    except duckdb.Error as error:
        raise disk_or_bug(error) from error
    finally:
        con.close()
        if vault and vault.must_be_rewritten:
            rewrite(data)


def rewrite(data: Path) -> None:
    """Copy the vault into a fresh file: what was deleted stays in the old one's blocks. Nobody may have it open."""
    held = data / "private" / "vault.duckdb"
    fresh = held.with_suffix(".fresh")
    fresh.unlink(missing_ok=True)
    try:
        with closing(duckdb.connect()) as con:
            con.execute(f"set memory_limit='{MEMORY}'; set temp_directory='{data / 'private' / 'spill'}'")
            con.execute(f"attach '{_quoted(held)}' as held")
            con.execute(f"attach '{_quoted(fresh)}' as fresh")
            con.execute("copy from database held to fresh")
            con.execute("delete from fresh.settings where name = ?", [REWRITE])
        os.replace(fresh, held)
    except duckdb.Error as error:
        raise disk_or_bug(error) from error
    finally:
        fresh.unlink(missing_ok=True)


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


def first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def disk_or_bug(error: duckdb.Error) -> Exception:
    """A full disk and a damaged file are the operator's to mend; anything else is ours and keeps its traceback."""
    if _is_damaged(error):
        return DiskError(f"The vault data/private/vault.duckdb is damaged: {first_line(error)}", RESTORE)
    told = f"The vault could not be written: {first_line(error)}"
    return DiskError(told, "free disk space and run again; nothing is lost") if is_no_room(error) else error


def _is_damaged(error: duckdb.Error) -> bool:
    return any(words in str(error).lower() for words in DAMAGED)


class Vault:
    """The open vault. Every method that writes is one transaction."""

    def __init__(self, con: duckdb.DuckDBPyConnection, data: Path):
        self.con = con
        self.must_be_rewritten = bool(self.setting(REWRITE))  # by one that was killed before it did
        self.erasure_key = self._erasure_key(data) if self.rows("select 1 from tombstones limit 1") else None

    def _erasure_key(self, data: Path) -> bytes:
        """The key of the tombstones. Raises ConfigurationError if it is not the one they were made with."""
        held = self.setting(ERASURE_CHECK)
        key = erasure_key(data, has_erased=bool(held) or bool(self.rows("select 1 from tombstones limit 1")))
        if held not in ("", check_of(key, "erasure key")):
            raise ConfigurationError(
                "The erasure key is not the one that records were erased with.",
                "restore data/private/keys from the backup; without it they would come back with the next pull",
            )
        return key

    def begin_erasing(self, data: Path) -> bytes:
        """The key of the tombstones, from now on tied to this vault."""
        self.erasure_key = self._erasure_key(data)
        self.set(ERASURE_CHECK, check_of(self.erasure_key, "erasure key"))
        return self.erasure_key

    def rewrite_when_closed(self) -> None:
        """Something is deleted of which nothing may stay in the blocks of the file. Who is killed before that leaves it to
        the next one that opens the vault."""
        self.set(REWRITE, "yes")
        self.must_be_rewritten = True

    @contextmanager
    def transaction(self) -> Iterator[None]:
        self.con.execute("begin")
        try:
            yield
        except BaseException:
            self.con.execute("rollback")
            raise
        self.con.execute("commit")

    @contextmanager
    def in_little_memory(self) -> Iterator[None]:
        self.con.execute(f"set memory_limit='{LITTLE}'")
        try:
            yield
        finally:
            self.con.execute(f"set memory_limit='{MEMORY}'")

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

    @property
    def changes(self) -> int:
        """Writes so far, by which a publish knows whether anything changed since the last one."""
        return int(self.setting("changes", "0"))

    def count_changes(self, changes: int) -> None:
        if changes:
            self.set("changes", str(self.changes + changes))
