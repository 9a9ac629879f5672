"""What an officer should hear of a reading that was whole: rows that repeat an id, and values that could not be used."""

from pathlib import PurePath

from etl import flagged
from etl.quarantine import unusable
from etl.vault import Vault
from hub.source import Source


def of(vault: Vault, source: Source) -> tuple[str, ...]:
    """One sentence each, the gravest first."""
    return (*_unusable(vault, source), *_repeated(vault, source), *_flagged(vault, source))


def _unusable(vault: Vault, source: Source) -> list[str]:
    found = vault.rows(
        f"""select reason, count(*), min(part), arg_min(row_number, (part, row_number)) from {unusable(source.dataset)}
        where source = ? and not gone group by reason order by 2 desc, 1""",
        source.name,
    )
    return [f"{count:,} cannot be used: {reason}{_place(part, row)}" for reason, count, part, row in found]


def _place(part: str | None, row: int | None) -> str:
    return f"; the first is row {row:,} of {PurePath(part).name}" if part and row else ""


def _repeated(vault: Vault, source: Source) -> list[str]:
    rows = vault.one("select coalesce(sum(rows_read - keys), 0)::bigint from readings where source = ?", source.name)
    return [f"{rows:,} rows repeat an id that came before; of each id the newest row counts"] if rows else []


def _flagged(vault: Vault, source: Source) -> list[str]:
    return [f"{words}{_place(part, row)}; {cure}" for words, part, row, cure in flagged.counted(vault, source)]
