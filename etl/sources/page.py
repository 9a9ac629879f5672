"""The words every source shares: what to read, and the pages that come back."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pyarrow as pa


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
    fit the header, with the reason. `dropped` names columns that were seen and not kept.
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
