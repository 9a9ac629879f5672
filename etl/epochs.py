"""Epochs: a change of the key of the public ids, or of k, begins one. The ledger binds across all of them.

It names what was released by the id that its record has under the key of now. Where a record was away when the key was
changed, its line keeps the former id (`former_ids`) until the record is back.
"""

import hashlib
import json
import shutil
import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from etl.engine import RECORD, keyed_id, mac_sql, number_sql
from etl.keys import release_key
from etl.vault import Vault
from hub import releases
from hub.errors import ConfigurationError
from hub.public_ids import id_of
from hub.releases import Release

SETTING, CHECK = "epoch", "key_check"  # settings of the vault; `key_check:<version>` is that of a former key
BATCH = 50_000
RECORDS = """(select source, key from records_service_requests union
    select source, key from quarantine where dataset = 'service_requests' and key <> '')"""


@dataclass(frozen=True, slots=True)
class Epoch:
    """The epoch of a release, the version of its key, and the k in force; `k` is empty before the first release.
    `release`: how many have been made so far."""

    number: int = 1
    key_version: int = 1
    k: dict[str, int] = field(default_factory=dict)
    release: int = 0


def last(vault: Vault) -> Epoch:
    """The epoch of the last release, or the one that a new key has begun since."""
    told = vault.setting(SETTING)
    return Epoch(**json.loads(told)) if told else Epoch()


def with_k(vault: Vault, k: dict[str, int]) -> Epoch:
    """The epoch of a release that is made with this k."""
    then = last(vault)
    return replace(then, number=then.number + (bool(then.k) and then.k != k), k=k, release=then.release + 1)


def keep(vault: Vault, epoch: Epoch, key: bytes) -> None:
    """Note, with the release that is made, under what it is made."""
    vault.set(CHECK, _check_of(key))
    vault.set(SETTING, json.dumps(asdict(epoch)))


def known_key(vault: Vault, data: Path) -> bytes:
    """The release key, if it is the one that earlier releases were made with; else ConfigurationError."""
    kept, epoch, check = releases.kept(data), last(vault), vault.setting(CHECK)
    if kept and not check:
        raise ConfigurationError(
            "The vault's ledger is empty, but releases were made from it.",
            "restore data/private from the backup; without the ledger a release could tell more than the ones before",
        )
    newest = max((release.manifest.get("number", 0) for release in kept), default=0)
    if newest > epoch.release:
        raise ConfigurationError(
            f"The vault is older than a release that is kept: it knows of {epoch.release} releases, that is number {newest}.",
            "restore data/private from a newer backup; with this one a release could tell more than the ones before",
        )
    key = release_key(data, bool(kept or check), epoch.key_version)
    _refuse_other(key, check)
    return key


def keys_in_use(vault: Vault, data: Path) -> list[bytes]:
    """The key, and each former one by which a release that is kept, or a line of the ledger, names a record."""
    versions = {release.manifest.get("key_version", 1) for release in releases.kept(data)} | _away(vault)
    former = sorted(versions - {last(vault).key_version})
    return [known_key(vault, data), *(_former(vault, data, version) for version in former)]


def rotate(vault: Vault, data: Path, by: str) -> Epoch:
    """Make a new key; from the next release on every public id is another. Former keys stay. Raises ConfigurationError
    if nothing was released yet."""
    if not all(part.strip() for part in by.partition(",")[::2]):
        raise ConfigurationError(f"--by {by!r} does not say who decided.", 'write --by "NAME, ROLE"')
    old, then = known_key(vault, data), last(vault)
    if not vault.setting(CHECK):
        raise ConfigurationError("Nothing was released with the key of the public ids yet.", "publish first")
    epoch = replace(then, number=then.number + 1, key_version=then.key_version + 1)
    new = release_key(data, False, epoch.key_version)
    with vault.transaction():
        _rename(vault, old, new)
        vault.con.execute(
            """insert into former_ids select id, ? from release_ledger
            where id not in (select id from reborn) and id not in (select id from former_ids)""",
            [then.key_version],
        )
        vault.set(f"{CHECK}:{then.key_version}", vault.setting(CHECK))
        vault.set(f"rotated:{epoch.key_version}", by.strip())
        keep(vault, epoch, new)
        vault.count_changes(1)
    return epoch


def follow(vault: Vault, data: Path, key: bytes) -> None:
    """Find records that are back and were away when the key was changed: the ledger binds them under their new id."""
    for version in sorted(_away(vault)):
        with vault.transaction():
            _rename(vault, _former(vault, data, version), key)
            vault.con.execute("delete from former_ids where id not in (select id from release_ledger)")


def copy_under(key: bytes, vault: Vault, data: Path, before: Release, to: Path) -> None:
    """A copy of a release made with a former key, in which each row has the id that its record has now."""
    _meet(vault, _former(vault, data, before.manifest["key_version"]), key)
    shutil.copyfile(before.db, to)
    to.chmod(0o600)
    with closing(sqlite3.connect(to)) as con, con:
        con.execute("create temp table reborn(was integer primary key, id integer)")
        pairs = vault.con.execute("select was, id from reborn")
        while batch := pairs.fetchmany(BATCH):
            con.executemany("insert or ignore into reborn values (?, ?)", batch)
        con.execute(
            """update service_requests set id = (select r.id from reborn r where r.was = service_requests.id)
            where id in (select was from reborn)"""
        )


def _rename(vault: Vault, old: bytes, new: bytes) -> None:
    """Give the ledger's lines, and what an officer decided on texts, the ids of the new key."""
    _meet(vault, old, new)
    vault.con.execute("update release_ledger l set id = r.id from reborn r where l.id = r.was")
    texts = {id_of(name): name for (name,) in vault.rows("select id from review_queue where kind = 'text'")}
    found = vault.rows("select was, source, key from reborn where was in (select unnest(?::bigint[]))", list(texts))
    for was, source, key in found:
        named = [keyed_id(new, source, key)[1], texts[was]]
        vault.con.execute("update review_queue set id = ? where kind = 'text' and id = ?", named)


def _meet(vault: Vault, old: bytes, new: bytes) -> None:
    """`reborn`: of every record that there is, its id under both keys."""
    was, now = (number_sql(mac_sql(key, RECORD)) for key in (old, new))
    vault.con.execute(f"create or replace temp table reborn as select *, {was} as was, {now} as id from {RECORDS}")


def _away(vault: Vault) -> set[int]:
    """Versions of keys by which the ledger names records that were away when the key was changed."""
    return {version for (version,) in vault.rows("select distinct key_version from former_ids")}


def _former(vault: Vault, data: Path, version: int) -> bytes:
    key = release_key(data, True, version)
    _refuse_other(key, vault.setting(f"{CHECK}:{version}"))
    return key


def _refuse_other(key: bytes, check: str) -> None:
    if check not in ("", _check_of(key)):
        raise ConfigurationError(
            "The release key is not the one that earlier releases were made with.",
            "restore data/private/keys from the backup",
        )


def _check_of(key: bytes) -> str:
    return hashlib.sha256(b"cityglass key check" + key).hexdigest()[:16]
