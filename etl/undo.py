"""What a reading replaced, until it is believed: one that is refused leaves the vault as it was before.

before_<dataset>    the records that stood where the reading wrote (hash null: there was none)
before_quarantine   the source's quarantine as it was
before_texts        the texts that stood where the reading wrote

Kept from the begin of a walk of a source that was read whole before, until one of its walks is complete."""

from etl.vault import BEFORE, CLOSINGS, Vault
from etl.walks import KEPT
from hub.source import Source


def begin(vault: Vault, source: str) -> None:
    """From now on remember what is replaced. What is remembered already is what the last whole reading left."""
    if is_open(vault, source) or not vault.rows("select 1 from readings where source = ? limit 1", source):
        return
    with vault.transaction():
        vault.con.execute("insert into before_quarantine select * from quarantine where source = ?", [source])
        _set(vault, source, vault.one(f"select coalesce(max(number), 0) from {CLOSINGS}"), changes=0)


def is_open(vault: Vault, source: str) -> bool:
    return bool(vault.setting(f"undo:{source}"))


def count(vault: Vault, source: str, changes: int) -> None:
    """So many changes were counted for a page: they are none once it is taken back."""
    if changes and is_open(vault, source):
        last, so_far = _state(vault, source)
        _set(vault, source, last, so_far + changes)


def _state(vault: Vault, source: str) -> tuple[int, int]:
    """The number of the last closing before, and the changes that were counted since."""
    last, changes = map(int, vault.setting(f"undo:{source}").split())
    return last, changes


def _set(vault: Vault, source: str, last: int, changes: int) -> None:
    vault.set(f"undo:{source}", f"{last} {changes}")


def remember(vault: Vault, source: Source) -> None:
    """The records that the page in `changed` is about to replace, and for new keys that there was none."""
    if not is_open(vault, source.name):
        return
    held, before = f"records_{source.dataset}", f"before_{source.dataset}"
    is_first = f"not exists (select 1 from {before} b where b.source = $source and b.key = c.key)"
    vault.con.execute(
        f"""insert into {before} by name select h.* from {held} h join changed c using (key)
        where h.source = $source and {is_first}""",
        {"source": source.name},
    )
    vault.con.execute(
        f"insert into {before} (source, key) select $source, c.key from changed c where {is_first}",
        {"source": source.name},
    )


def remember_texts(vault: Vault) -> None:
    """The texts that the page in `staged` is about to replace."""
    vault.con.execute(
        """insert into before_texts select t.* from texts t join staged s using (source, key) where s.reason is null
        and exists (select 1 from settings where name = 'undo:' || t.source)
        and not exists (select 1 from before_texts b where b.source = t.source and b.key = t.key)"""
    )


def settle(vault: Vault, source: str) -> None:
    """The reading is believed."""
    for table in BEFORE:
        vault.con.execute(f"delete from {table} where source = ?", [source])
    vault.con.execute("delete from settings where name = ?", [f"undo:{source}"])


def restore(vault: Vault, source: Source) -> None:
    """Leave the vault as the last whole reading of the source did, as if none had been begun since."""
    held, before, given = f"records_{source.dataset}", f"before_{source.dataset}", [source.name]
    last, changes = _state(vault, source.name)
    with vault.transaction():
        written = f"source = ? and key in (select key from {before} where source = ?)"
        vault.con.execute(f"delete from {held} where {written}", given * 2)
        vault.con.execute(f"insert into {held} select * from {before} where source = ? and hash is not null", given)
        vault.con.execute("delete from quarantine where source = ?", given)
        vault.con.execute("insert into quarantine select * from before_quarantine where source = ?", given)
        vault.con.execute(f"delete from {CLOSINGS} where source = ? and number > ?", [source.name, last])
        replaced = (
            f"select key from before_texts where source = ? union all select key from {before} where hash is null"
        )
        vault.con.execute(f"delete from texts where source = ? and key in ({replaced})", given * 2)
        vault.con.execute("insert into texts select * from before_texts where source = ?", given)
        settle(vault, source.name)
        for table in ("walks", *KEPT):
            vault.con.execute(f"delete from {table} where source = ?", given)
        vault.count_changes(-changes)
