"""What an officer should hear of a reading that was whole: rows that repeat an id, and values that could not be used."""

from collections.abc import Iterable
from pathlib import PurePath

from etl import canonical, flagged
from etl.copies import OLDER_COPY
from etl.quarantine import unusable
from etl.sources.page import Request
from etl.vault import Vault
from hub.datasets import DATASETS
from hub.source import Source

CURES = {  # how a reason ends -> what to do about it in city.yml
    " cannot be read": "say in layout.dates how it is written; a year far from ours is none",
    " is missing": "look whether fields names the right column",
}


def of(vault: Vault, source: Source) -> tuple[str, ...]:
    """One sentence each, the gravest first."""
    return (*_unusable(vault, source), *_repeated(vault, source), *_flagged(vault, source))


def of_columns(source: Source, asked: Request, sent: Iterable[str]) -> tuple[str, ...]:
    """What city.yml looks for and the source does not send."""
    missing = canonical.absent(source, DATASETS[source.dataset], asked, sent)
    return tuple(
        f"no column for {column!r} (looked for: {', '.join(names)}); correct it in fields, or leave it out"
        for column, names in missing.items()
    )


def _unusable(vault: Vault, source: Source) -> list[str]:
    found = vault.rows(
        f"""select reason, count(*), min(part), arg_min(row_number, (part, row_number)) from {unusable(source.dataset)}
        where source = ? and not gone group by reason order by 2 desc, 1""",
        source.name,
    )
    return [
        f"{count:,} cannot be used: {reason}{_place(part, row)}{_cure(source, reason)}"
        for reason, count, part, row in found
    ]


def _cure(source: Source, reason: str) -> str:
    named = canonical.aliases(source, DATASETS[source.dataset])
    for end, cure in CURES.items():
        if reason.endswith(end) and (names := named.get(reason.removesuffix(end))):
            return f"; its column is to be {_in_words(names)}: {cure}"
    return ""


def _in_words(names: list[str]) -> str:
    return " or ".join(map(repr, names))


def _place(part: str | None, row: int | None) -> str:
    return f"; the first is row {row:,} of {PurePath(part).name}" if part and row else ""


def _repeated(vault: Vault, source: Source) -> list[str]:
    rows = vault.one("select coalesce(sum(rows_read - keys), 0)::bigint from readings where source = ?", source.name)
    if not rows:
        return []
    other = vault.one(
        "select count(*) from quarantine where source = ? and reason = ? and not gone", source.name, OLDER_COPY
    )
    place = _place(*flagged.places(vault, source).get(flagged.REPEATED, ("", None)))
    named = " and ".join(f"fields.{name}" for name in DATASETS[source.dataset].key)
    return [
        f"{rows:,} rows repeat an id that came before{place}; of each id the newest row counts, {other:,} with other content "
        f"are set aside; if these are no copies, correct {named}"
    ]


def _flagged(vault: Vault, source: Source) -> list[str]:
    return [f"{words}{_place(part, row)}; {cure}" for words, part, row, cure in flagged.counted(vault, source)]
