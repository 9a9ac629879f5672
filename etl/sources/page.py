"""The words every source shares: what to read, the parts it falls into, and the pages that come back.

A source is pure: no database, no clock, no environment. The runner gives it the client, the times and what it learnt
before; what it yields is text exactly as the system sent it.
"""

import re
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from hub.errors import SourceError

if TYPE_CHECKING:
    from etl.http import Http
    from etl.secrets import Secret

LONGEST_CELL = 1_000_000  # bytes; what is longer is no value of a record
DEEPEST = 3  # objects in objects that are looked into, as `a.b.c`
PLAIN_TEXT = {str, type(None)}


@dataclass(frozen=True, slots=True)
class Request:
    """What to read: where, how it is laid out, and the only columns that may be kept (normalised names).

    `key`: the names that the column which identifies a row may have. `until`: start of the pull, UTC seconds; `since`:
    how far back changes are asked for, 0 in a reading of all. `numbers`: columns, as they are written, that say where a
    row stands and nothing else: beside a city's own `id` there may be an `_id`. `open_ids`: keys that are open in the vault. `known`:
    what the probe told. `http`, `secret`: None for a source of files."""

    name: str
    location: tuple[str, ...]
    layout: dict
    columns: frozenset[str]
    required: tuple[tuple[str, ...], ...] = ()  # of each group, one alias must be there
    key: tuple[str, ...] = ()
    time_zone: str = "UTC"
    until: int = 0
    since: int = 0
    open_ids: tuple[str, ...] = ()
    numbers: frozenset[str] = frozenset()
    known: Mapping[str, Any] = field(default_factory=dict)
    http: "Http | None" = None
    secret: "Secret | None" = None

    @property
    def url(self) -> str:
        """The one address of a network source, without a slash at its end."""
        return self.location[0].rstrip("/")


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a source that is read and proved by itself: a file, a window of time, what changed since a moment.

    `fingerprint`: of its content, "" where only reading it tells. `ask`: what the adapter needs to ask for it."""

    name: str
    fingerprint: str = ""
    ask: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Resume:
    """Where to go on in a part: the cursor of its last stored page, the rows and the keys met so far."""

    cursor: str = ""
    rows: int = 0
    keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of one part of a source: allow-listed columns only, every value text or null.

    `first` is the number of its first row in the part, as who looks there counts them: the header is row 1. `rejected`
    are rows among them that cannot be rows: their numbers, and why; 0 is none of them. `dropped` names columns that
    were seen and not kept. `cursor`: where to go on if we die after this page. `deletes`: keys that are gone from the system."""

    rows: pa.Table
    first: int
    rejected: tuple[tuple[int, str], ...] = ()
    dropped: tuple[str, ...] = ()
    cursor: str = ""
    deletes: tuple[str, ...] = ()

    @property
    def numbers(self) -> np.ndarray:
        """The number of each row."""
        every = np.arange(self.first, self.first + self.rows.num_rows + len(self.rejected))
        rejected = [number for number, _ in self.rejected]
        return every[~np.isin(every, rejected)][: self.rows.num_rows] if rejected else every


@dataclass(frozen=True, slots=True)
class Proof:
    """How a part is known to be whole: count, empty_page, next_link_end, double_read or whole_file; "" if it is not,
    and then `why`. `expected`: the server's own count. `cursor`: where the next reading of changes goes on."""

    proven_by: str = ""
    why: str = ""
    expected: int | None = None
    cursor: str = ""


Pages = Generator[Page, None, Proof]  # what a part yields, and at its end how it is known to be whole


def _nothing_to_learn(request: Request) -> dict:
    return {}


@dataclass(frozen=True, slots=True)
class Adapter:
    """One platform. `parts` lists what a reading of all consists of; `pages` reads one part to its end, from a cursor.

    `changes` lists the parts that tell what changed since `request.since`; None where the platform cannot tell.
    `probe` asks, once and without changing anything, how this very server behaves. `resumes`: a part may go on from
    the cursor of a page; else it starts again. `recognises`: whether an address looks like one of this platform.
    `hosts`: where every city's system of this platform leads to, such as a common login."""

    parts: Callable[[Request], list[Part]]
    pages: Callable[[Request, Part, Resume], Pages]
    changes: Callable[[Request], list[Part] | None] | None = None
    probe: Callable[[Request], dict] = _nothing_to_learn
    recognises: Callable[[str], bool] = lambda url: False
    resumes: bool = True
    hosts: tuple[str, ...] = ()


@cache
def plain(name: str) -> str:
    """A column's name without case, blanks, dots and underscores: the form in which aliases are matched."""
    return re.sub(r"[\s._]+", "", name.lstrip("\ufeff")).casefold()


def chosen(request: Request, path: object, header: list[str]) -> list[str]:
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


# Rows that came as objects


def page_of(request: Request, rows: Iterable[object], first: int, **about) -> Page:
    """A page from decoded objects: objects within are looked into as `outer.inner`, lists become their JSON."""
    flat, rejected = [], []
    for number, row in enumerate(rows, first):
        if isinstance(row, dict) and row:
            flat.append(flattened(row) if dict in map(type, row.values()) else row)
        else:
            rejected.append((number, f"the row is {_kind(row)}, not an object"))
    header = [name for name in dict.fromkeys(chain.from_iterable(flat)) if name not in request.numbers]
    kept = _by_plain(name for name in header if plain(name) in request.columns)
    columns = {names[0]: _column(flat, names) for names in kept.values()} or {request.key[0]: strings([""] * len(flat))}
    table = pa.Table.from_arrays(list(columns.values()), list(columns))
    dropped = tuple(name for name in header if plain(name) not in kept)
    return Page(table, first, tuple(rejected), dropped, **about)


def _by_plain(names: Iterable[str]) -> dict[str, list[str]]:
    """plain name -> the ways it is written on this page."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(plain(name), []).append(name)
    return found


def _column(rows: list[dict], names: list[str]) -> pa.Array:
    """The column's values as text; of several ways to write its name the first counts that has a value."""
    values = [row.get(names[0]) for row in rows]
    for name in names[1:]:
        values = [row.get(name) if value is None else value for row, value in zip(rows, values, strict=True)]
    said = values if set(map(type, values)) <= PLAIN_TEXT else map(text, values)
    return strings([value or "" for value in said])


def without_giants(page: Page) -> Page:
    """The page without rows that have a cell longer than any value of a record: they are rejected, with the column."""
    lengths = {name: pc.binary_length(page.rows[name]) for name in page.rows.column_names}
    giants = [name for name, sizes in lengths.items() if (pc.max(sizes).as_py() or 0) > LONGEST_CELL]
    if not giants:
        return page
    why = dict[int, str]()
    for name in giants:
        for at in np.flatnonzero(pc.fill_null(pc.greater(lengths[name], LONGEST_CELL), False)):
            why.setdefault(int(at), f"{name} is longer than {LONGEST_CELL:,} bytes")
    numbers = page.numbers
    rejected = sorted((*page.rejected, *((int(numbers[at]), told) for at, told in why.items())))
    kept = pa.array([at for at in range(page.rows.num_rows) if at not in why], pa.int64())
    return replace(page, rows=page.rows.take(kept), rejected=tuple(rejected))


def strings(values: list[str], empty_is_null: bool = True) -> pa.StringArray:
    """Text as a column. (pa.array would load pandas for it: 60 MB, and as long as reading ten thousand rows.)"""
    together = "".join(values)
    data = together.encode()
    sized = values if len(data) == len(together) else [value.encode() for value in values]
    ends = np.zeros(len(values) + 1, np.int32)
    np.cumsum(np.fromiter(map(len, sized), np.int32, len(values)), out=ends[1:])
    given = pa.py_buffer(np.packbits(np.diff(ends) > 0, bitorder="little")) if empty_is_null else None
    return pa.StringArray.from_buffers(len(values), pa.py_buffer(ends), pa.py_buffer(data), given)


def flattened(row: dict, depth: int = DEEPEST) -> dict:
    flat: dict = {}
    for name, value in row.items():
        if isinstance(value, dict) and depth > 1:
            inner = flattened(value, depth - 1) if dict in map(type, value.values()) else value
            flat |= {f"{name}.{one}": found for one, found in inner.items()}
        else:
            flat[name] = value
    return flat


def text(value: object) -> str | None:
    """A value as the text that the system meant: numbers as written, True as true, nothing as null."""
    if value is None or isinstance(value, str):
        return value or None
    if type(value) is int:
        return str(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return orjson.dumps(value).decode()


def _kind(value: object) -> str:
    return {dict: "empty", list: "a list", str: "text", type(None): "null"}.get(type(value), "a number")


def key_of(request: Request, row: object) -> str:
    """The id of a decoded row as text; "" if it has none."""
    if not isinstance(row, dict):
        return ""
    named = {plain(name): value for name, value in row.items() if name not in request.numbers}
    return next((found for alias in request.key if (found := text(named.get(plain(alias))))), "")
