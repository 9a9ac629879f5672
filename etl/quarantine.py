"""Rows that cannot be used, with the reason: kept by the hash of their content, told once of each key."""

from etl import canonical
from etl.copies import OLDER_COPY
from etl.judging import IS_NEW
from etl.sources.page import Page
from etl.vault import Vault
from hub.schema import Dataset
from hub.source import Source


def keep(vault: Vault, source: str, dataset: Dataset, part: str, page: Page) -> None:
    """Those of the page that is staged, and those that could not even be read as rows."""
    row = "to_json(struct_pack(" + ", ".join(f"{c.name} := {c.name}" for c in canonical.stored(dataset)) + "))"
    vault.con.execute(  # what was wrong with them in an earlier reading, and is no more
        f"""delete from quarantine q where source = ? and key <> '' and reason <> '{OLDER_COPY}'
        and key in (select key from staged where {IS_NEW}) and not exists (
            select 1 from staged s where s.reason is not null and s.key = q.key and s.hash = q.hash)""",
        [source],
    )
    vault.con.execute(  # the same is wrong as before, on a row that may stand elsewhere now
        """update quarantine q set gone = false, part = ?, row_number = s.row_number from (
            select key, hash, min(row_number) as row_number from staged where reason is not null and key <> '' group by all) s
        where q.source = ? and q.key = s.key and q.hash = s.hash
        and (gone or (q.part, q.row_number) is distinct from (?, s.row_number))""",
        [part, source, part],
    )
    vault.con.execute(
        f"""insert into quarantine select distinct on (key, hash) source, '{dataset.name}', key, hash, ?, row_number, reason, {row},
        false from staged where reason is not null and not exists (
            select 1 from quarantine q where q.source = staged.source and q.key = staged.key and q.hash = staged.hash)""",
        [part],
    )
    for number, reason in page.rejected:
        vault.con.execute(
            """insert into quarantine select ?, ?, '', h, ?, nullif(?, 0), ?, null, false from (select hash(?) as h)
            where h not in (select hash from quarantine)""",
            [source, dataset.name, part, number, reason, f"{source}:{part}:{number}:{reason}"],
        )


def unusable(dataset: str) -> str:
    """SQL of the keys of which no record could be made: `source`, the `reason` and where it was met, and whether their
    system has none of their rows any more (`gone`). A bad copy of a good record is none of them."""
    best = f"order by gone, reason = '{OLDER_COPY}', part, row_number"
    return f"""(select source, first(reason {best}) as reason, first(part {best}) as part,
        first(row_number {best}) as row_number, bool_and(gone) as gone from quarantine q
        where dataset = '{dataset}' and (key = '' or not exists (
            select 1 from records_{dataset} r where r.source = q.source and r.key = q.key))
        group by source, case when key = '' then hash::varchar else key end)"""


def note_gone(vault: Vault, source: Source, is_told_gone: str) -> None:
    """Mark rows of keys without a record that the source no longer has. `is_told_gone`: a condition, given `$source`."""
    without_record = f"key <> '' and key not in (select key from records_{source.dataset} where source = $source)"
    vault.con.execute(
        f"update quarantine set gone = true where not gone and {without_record} and {is_told_gone}",
        {"source": source.name},
    )
