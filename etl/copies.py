"""Rows with one id: equal ones collapse; of those with other content the newest stays, and the others are older copies."""

from etl.vault import Vault
from hub.schema import Dataset
from hub.source import Source

OLDER_COPY = "an older copy of an id that came again with other content"


def judge(vault: Vault, dataset: Dataset) -> None:
    """Do so with the page that is staged, beside what this reading and earlier ones met."""
    has_updated = any(column.name == "updated_datetime" for column in dataset.record)
    newest = "updated_datetime desc nulls last, row_number desc" if has_updated else "row_number desc"
    older = f"update staged set reason = '{OLDER_COPY}' where reason is null and "
    statements = [
        # judged older before: it stays so, or an unchanged file would be written again and again
        older
        + f"""exists (select 1 from quarantine q where q.source = staged.source and q.key = staged.key
        and q.hash = staged.hash and q.reason = '{OLDER_COPY}')""",
        older
        + f"""row_number in (select row_number from (
            select row_number, hash, first_value(hash) over (partition by key order by {newest}) as best
            from (select * from staged where reason is null and key in (
                select key from staged where reason is null group by key having count(*) > 1))) where hash <> best)""",
    ]
    if has_updated:
        statements.append(
            older
            + f"""row_number in (select s.row_number from staged s join seen n using (source, key)
            join records_{dataset.name} h using (source, key)
            where n.is_usable and s.updated_datetime < h.updated_datetime and s.hash <> h.hash)"""
        )
    equal = """delete from staged where reason is null and row_number not in (
        select max(row_number) from staged where reason is null group by key)
    and key in (select key from staged where reason is null group by key having count(*) > 1)"""
    for statement in (*statements, equal):
        vault.con.execute(statement)


def restore(vault: Vault, source: Source) -> int:
    """Forget that a copy was the older one where the newer one is gone from the source. Returns for how many keys: if
    there are any, the source must be read again."""
    only_older = """source = $source and reason = $older and key in (
        select key from seen where source = $source and not is_usable)"""
    given = {"source": source.name, "older": OLDER_COPY}
    found = vault.con.execute(f"select count(distinct key) from quarantine where {only_older}", given).fetchone()[0]
    if found:
        with vault.transaction():
            vault.con.execute(f"delete from quarantine where {only_older}", given)
    return found
