"""One page of a source into the vault, exactly once: a page is a transaction.

Rows move through the temporary table `staged`: bad ones to quarantine with their reason, equal ones collapse, of rows
with one id and other content the newest stays, and only records whose content hash changed are written.
"""

import json

from etl import canonical, closings, copies, flagged, judging, quarantine, texts, tombstones, typed, undo
from etl.judging import IS_NEW, MET
from etl.sources.page import Page, Part, without_giants
from etl.vault import Vault
from etl.walks import ALL, Walk, refuse_mixed
from hub.city import City
from hub.datasets import DATASETS
from hub.schema import Dataset
from hub.source import Source


def add(vault: Vault, city: City, source: Source, walk: Walk, part: Part, page: Page) -> int:
    """Store one page: records, quarantine, keys met, deletions, cursor and ledger line move together. Returns records
    written. Raises Mixed, and stores nothing, if parts that were kept must be read too."""
    dataset, page = DATASETS[source.dataset], without_giants(page)
    with_text = texts.are_kept(vault, dataset)
    vault.con.execute(f"set variable read_at = {walk.until:d}")
    with vault.transaction():
        changes = vault.changes
        judging.stage(vault.con, city, source, page, with_text)
        kept = vault.one("select count(*) from staged")
        flagged.note(vault, source, part.name)
        erased = tombstones.keep_out(vault, source.name, part.name)
        _look_up(vault, source)
        flagged.note_repeated(vault, source, part.name)
        copies.judge(vault, dataset)
        if walk.kind == ALL and vault.one("select count(*) from met where part <> ?", part.name):
            refuse_mixed(vault, source.name)
        quarantine.keep(vault, source.name, dataset, part.name, page)
        written = _write(vault, source, dataset)
        _note_gone(vault, source, part, page.deletes)
        if with_text:
            texts.keep(vault)
        keys = _meet(vault, source, part) + len(page.rejected) + erased
        wide = len(typed.wide_columns(source, page.rows.column_names)) or 1
        line = [
            source.name,
            part.name,
            vault.one("select coalesce(max(number), 0) + 1 from pages where source = ?", source.name),
            page.cursor,
            kept + len(page.rejected),
            keys,
            page.rows.num_rows * wide - kept,
            written,
            json.dumps(page.dropped),
        ]
        vault.con.execute("insert into pages values (?, ?, ?, ?, ?, ?, ?, ?, ?)", line)
        vault.count_changes(written)
        undo.count(vault, source.name, vault.changes - changes)
    vault.con.unregister("page")
    return written


def _look_up(vault: Vault, source: Source) -> None:
    """What stands in the vault under the keys of the page, and which of them were met. Only so are the large tables read
    by their keys; a `not exists` on one of them is answered from a copy of all its keys."""
    for table, columns, large, keys in (
        ("standing", "key, hash, deleted_upstream", f"records_{source.dataset}", "key"),
        ("met", "key, part", "seen", MET),
    ):
        vault.con.execute(
            f"""create or replace temp table {table} as select {columns} from {large}
            where source = ? and key in (select {keys} from staged)""",
            [source.name],
        )


def _write(vault: Vault, source: Source, dataset: Dataset) -> int:
    """Write the records whose content changed. Returns how many."""
    held = f"records_{dataset.name}"
    names = ", ".join(column.name for column in canonical.stored(dataset))
    vault.con.execute(
        """create or replace temp table changed as select s.rowid as place, key from staged s
        where reason is null and not exists (
            select 1 from standing h where h.key = s.key and h.hash = s.hash and not h.deleted_upstream)"""
    )
    written = vault.one("select count(*) from changed")
    if written:
        undo.remember(vault, source)
    if written and vault.one("select count(*) from standing where key in (select key from changed)"):
        row = "to_json(struct_pack(" + ", ".join(f"{c.name} := h.{c.name}" for c in canonical.stored(dataset)) + "))"
        vault.con.execute(  # what this very reading wrote and a later row of it replaces was the older copy
            f"""insert into quarantine select h.source, '{dataset.name}', h.key, h.hash, null, null, '{copies.OLDER_COPY}', {row},
            false from {held} h join seen n using (source, key) join changed c using (key)
            join staged s on s.rowid = c.place and s.source = h.source where h.hash <> s.hash"""
        )
        closings.keep_replaced(vault, source)
        vault.con.execute(f"delete from {held} where source = ? and key in (select key from changed)", [source.name])
    if written:
        only = (
            "" if written == vault.one("select count(*) from staged") else "where rowid in (select place from changed)"
        )
        vault.con.execute(f"insert into {held} select source, key, hash, flags, false, {names} from staged {only}")
    return written


def _note_gone(vault: Vault, source: Source, part: Part, keys: tuple[str, ...]) -> None:
    """What the system says is gone, and has not told of again. Of a fallback nothing is: what it does not know the first
    system may have."""
    if vault.one("select count(*) from gone where source = ?", source.name):
        vault.con.execute(
            "delete from gone where source = ? and key in (select key from staged where reason is null)", [source.name]
        )
    if keys and not source.is_fallback:
        vault.con.execute("insert into gone select ?, ?, unnest(?::varchar[])", [source.name, part.name, list(keys)])


def _meet(vault: Vault, source: Source, part: Part) -> int:
    """Note the keys of the page as met. Returns how many are new in this walk."""
    met = vault.con.execute(
        f"""insert into seen select source, ? as part, {MET} as met, bool_or(reason is null) from staged
        where {IS_NEW} group by source, met""",
        [part.name],
    ).fetchall()[0][0]
    vault.con.execute(
        f"update seen set is_usable = true where not is_usable and source = ? and key in ("
        f"select {MET} from staged where reason is null)",
        [source.name],
    )
    return met
