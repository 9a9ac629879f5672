"""What was erased is kept out: of each record a keyed hash of its id is left, which nobody can undo without the key."""

from etl.engine import RECORD, mac_sql
from etl.vault import Vault

NAMED = "(select ? as source, unnest(?::varchar[]) as key)"


def add(vault: Vault, dataset: str, erasing: bytes, source: str, keys: list[str]) -> None:
    """In the order of their hashes, which tells nothing."""
    vault.con.execute(
        f"insert into tombstones select ?, {mac_sql(erasing, RECORD)} as hash from {NAMED} order by hash",
        [dataset, source, keys],
    )


def buried(vault: Vault, source: str, keys: list[str]) -> set[str]:
    """Those of the keys that were erased before."""
    if vault.erasure_key is None:
        return set()
    is_erased = f"{mac_sql(vault.erasure_key, RECORD)} in (select hash from tombstones)"
    return {key for (key,) in vault.rows(f"select key from {NAMED} where {is_erased}", source, keys)}


def keep_out(vault: Vault, source: str, part: str) -> int:
    """Drop from `staged` what was erased. Returns how many of its keys are met for the first time in this walk, which
    is noted without the keys."""
    if vault.erasure_key is None:
        return 0
    vault.con.execute(
        f"""create or replace temp table barred as select s.place, 'erased ' || t.hash as met from (
        select rowid as place, {mac_sql(vault.erasure_key, RECORD)} as hash from staged where key <> '') s
        join tombstones t using (hash)"""
    )
    new = vault.con.execute(
        """insert into seen select distinct ?, ?, met, true from barred
        where met not in (select key from seen where source = ?)""",
        [source, part, source],
    ).fetchall()[0][0]
    vault.con.execute("delete from staged where rowid in (select place from barred)")
    return new


def count(vault: Vault, dataset: str) -> int:
    return vault.one("select count(*) from tombstones where dataset = ?", dataset)
