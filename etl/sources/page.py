"""The words every source shares: what to read, and the pages that come back."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from hub.errors import SourceError


@dataclass(frozen=True, slots=True)
class Request:
    """What to read: where, how it is laid out, and the only columns that may be kept (normalised names)."""

    name: str
    location: tuple[str, ...]
    layout: dict
    columns: frozenset[str]
    required: tuple[tuple[str, ...], ...] = ()  # of each group, one alias must be there


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of one part of a source: allow-listed columns only, every value text or null.

    `first` is the number of its first row in the part, the header being row 1. `rejected` are rows that do not
    fit the header: the how-many-th of such rows in the part, and why. `dropped` names columns that were seen and
    not kept.
    """

    rows: pa.Table
    first: int
    rejected: tuple[tuple[int, str], ...] = ()
    dropped: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Adapter:
    """One platform: `parts` lists (part, fingerprint of its content); `pages` reads one part to its end."""

    parts: Callable[[Request], list[tuple[str, str]]]
    pages: Callable[[Request, str], Iterator[Page]]


def plain(name: str) -> str:
    """A column's name without case, blanks, dots and underscores: the form in which aliases are matched."""
    return re.sub(r"[\s._]+", "", name.lstrip("\ufeff")).casefold()


def chosen(request: Request, path: Path, header: list[str]) -> list[str]:
    """The columns of the header that may be kept. A missing key column is a SourceError."""
    known = {plain(name) for name in header}
    for aliases in request.required:
        if not known & {plain(alias) for alias in aliases}:
            raise SourceError(
                f"{path}: no column for {aliases[0]!r} (looked for: {', '.join(aliases)}). "
                f"It has: {', '.join(header[:40])}.",
                f"add the right name to sources.{request.name}.fields in city.yml",
            )
    kept = [name for name in header if plain(name) in request.columns]
    twice = {name for name in kept if [plain(n) for n in kept].count(plain(name)) > 1}
    if twice:
        raise SourceError(
            f"{path}: the header has {', '.join(sorted(twice))} more than once.",
            "rename one of the columns in the file",
        )
    return kept
