"""What an officer should hear of a reading that was whole: rows that repeat an id, and values that could not be used."""

from pathlib import PurePath

from etl import flagged
from etl.intake import OLDER_COPY
from etl.vault import Vault
from hub.source import Source

REASONS = """select reason, count(distinct case when key = '' then hash::varchar else key end), min(part),
    arg_min(row_number, (part, row_number)) from quarantine q where source = ? and reason <> ? and not gone and (key = ''
    or not exists (select 1 from records_{dataset} r where r.source = q.source and r.key = q.key))
    group by reason order by 2 desc, 1"""


def of(vault: Vault, source: Source) -> tuple[str, ...]:
    """One sentence each, the gravest first."""
    unusable = [
        f"{count:,} cannot be used: {reason}{_place(part, row)}"
        for reason, count, part, row in vault.rows(REASONS.format(dataset=source.dataset), source.name, OLDER_COPY)
    ]
    return (*unusable, *_repeated(vault, source), *_flagged(vault, source))


def _place(part: str | None, row: int | None) -> str:
    return f"; the first is row {row:,} of {PurePath(part).name}" if part and row else ""


def _repeated(vault: Vault, source: Source) -> list[str]:
    rows = vault.one("select coalesce(sum(rows_read - keys), 0)::bigint from readings where source = ?", source.name)
    return [f"{rows:,} rows repeat an id that came before; of each id the newest row counts"] if rows else []


def _flagged(vault: Vault, source: Source) -> list[str]:
    return [f"{words}{_place(part, row)}; {cure}" for words, part, row, cure in flagged.counted(vault, source)]
