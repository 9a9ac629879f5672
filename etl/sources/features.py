"""JSON: the features of one FeatureCollection, the objects of one array, or one object a line.

A feature is a row of its properties and its point (`geometry.lat`, `geometry.long`); objects within are looked into as
`outer.inner`. Numbers stay as they are written.
"""

import io
import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import pyarrow as pa

from etl.sources.archive import Content
from etl.sources.page import Page, Request, chosen, flattened, text
from hub.errors import SourceError

BLOCK_CHARS = 1 << 20
PAGE_BLOCKS = 4  # read for one page: what objects take is many times their text
ROW_CHARS = 8 << 20  # the largest row we read
DECODER = json.JSONDecoder(parse_int=str, parse_float=str, parse_constant=lambda word: None)
FEATURES = re.compile(r'"features"\s*:\s*\[')
BROKEN = "the line is not JSON"
CUT = "fetch the file again; it is not whole"


def pages(request: Request, file: Content) -> Iterator[Page]:
    """One JSON text: an array of objects, or an object with a list of features."""
    with file.open() as stream:
        lines = io.TextIOWrapper(stream, encoding="utf-8-sig")
        opening, rest = _list_of(file, lines)
        row = _object if opening == "[" else _feature
        yield from _pages(request, file, _listed(file, lines, opening, rest), row)


def pages_of_lines(request: Request, file: Content) -> Iterator[Page]:
    """JSON lines: each line an object. A line that is none is set aside and counted."""
    with file.open() as stream:
        yield from _pages(request, file, _by_line(file, io.TextIOWrapper(stream, encoding="utf-8-sig")), _object)


def _pages(request: Request, file: Content, blocks: Iterator[list], row: Callable) -> Iterator[Page]:
    met, fitting = 0, 0
    for items in _gathered(blocks):
        rows, rejected = [], []
        for number, item in enumerate(items, met + 1):
            made = row(file, number, item)
            rows.append(made) if isinstance(made, dict) else rejected.append((number, made))
        header = list(dict.fromkeys(name for one in rows for name in one))
        kept = chosen(request, file, header) if rows else []
        keeps = set(kept)
        dropped = tuple(name for name in header if name not in keeps)
        yield Page(_table(file, rows, kept), met + 1, tuple(rejected), dropped)
        met, fitting = met + len(items), fitting + len(rows)
    if met > 2 * fitting:
        raise SourceError(
            f"{file}: {met - fitting:,} of its {met:,} rows are no objects.",
            "look at the file: it holds something else",
        )
    if not met:
        raise SourceError(f"{file} holds no rows.", "fetch the file again; an empty table does not replace good data")


def _gathered(blocks: Iterator[list]) -> Iterator[list]:
    """The rows of so many blocks as one page."""
    page: list = []
    for number, rows in enumerate(blocks, 1):
        page += rows
        if page and number % PAGE_BLOCKS == 0:
            yield page
            page = []
    if page:
        yield page


def _table(file: Content, rows: list[dict], kept: list[str]) -> pa.Table:
    try:
        return pa.table({name: pa.array([text(row.get(name)) for row in rows], pa.string()) for name in kept})
    except UnicodeEncodeError:
        raise SourceError(f"{file}: a text holds half a letter (a lone surrogate).", "export it again") from None


# What a row is


def _object(file: Content, number: int, item: Any) -> dict | str:
    if isinstance(item, dict) and item:
        return flattened(item)
    return item if item is BROKEN else "the row is not an object with values"


def _feature(file: Content, number: int, feature: Any) -> dict:
    """A feature as named values; a point's place is `geometry.lat` and `geometry.long`."""
    try:
        row = flattened(feature.get("properties") or {})
        geometry = feature.get("geometry") or {}
        if geometry.get("type") == "Point" and len(geometry.get("coordinates") or ()) >= 2:
            row["geometry.long"], row["geometry.lat"] = geometry["coordinates"][:2]
    except (AttributeError, TypeError):
        raise SourceError(
            f"{file}: feature {number:,} is none: it has no properties or coordinates as GeoJSON has them.",
            "export it again as a FeatureCollection",
        ) from None
    return row


# Reading piece by piece


def _list_of(file: Content, lines: io.TextIOBase) -> tuple[str, str]:
    """What opens the list of rows, and what is read behind it."""
    buffer = ""
    while len(buffer) < ROW_CHARS and (more := _block(file, lines)):
        buffer += more
        if (start := buffer.lstrip()).startswith("["):
            return "[", start[1:]
        if found := FEATURES.search(buffer):
            return buffer[: found.end()], buffer[found.end() :]
    raise SourceError(
        f"{file} is no FeatureCollection and no array: it has no list of rows.",
        "the server may still be preparing it; fetch it again",
    )


def _listed(file: Content, lines: io.TextIOBase, opening: str, buffer: str) -> Iterator[list]:
    """The items of the list, block by block. What follows the list must end the text and nothing else."""
    met = 0
    while True:
        found, buffer, is_whole = _decoded(file, buffer)
        met += len(found)
        yield found
        if is_whole:
            break
        more = _block(file, lines)
        if not more or len(buffer) > ROW_CHARS:
            raise SourceError(f"{file}: the list is cut or broken after row {met:,}.", CUT)
        buffer += more
    while len(buffer) <= ROW_CHARS and (more := _block(file, lines)):
        buffer += more
    try:
        json.loads(f"{opening}]{buffer}")
    except (ValueError, RecursionError):
        raise SourceError(
            f"{file}: what follows the list of {met:,} rows is cut or does not belong to it.",
            "fetch the file again; of pages that were joined, give each as a file",
        ) from None


def _decoded(file: Content, buffer: str) -> tuple[list, str, bool]:
    """The whole items at the start of the buffer, the rest, and whether the list ended."""
    found, at = [], 0
    while True:
        while at < len(buffer) and buffer[at] in " \t\r\n,":
            at += 1
        if buffer[at : at + 1] == "]":
            return found, buffer[at + 1 :], True
        try:
            item, at = DECODER.raw_decode(buffer, at)
        except json.JSONDecodeError:
            return found, buffer[at:], False
        except RecursionError:
            raise SourceError(f"{file}: JSON within JSON within JSON, too deep to read.", "export it again") from None
        found.append(item)


def _by_line(file: Content, lines: io.TextIOBase) -> Iterator[list]:
    rest = ""
    while more := _block(file, lines):
        *whole, rest = (rest + more).split("\n")
        if len(rest) > ROW_CHARS:
            raise SourceError(f"{file}: a line is longer than {ROW_CHARS:,} letters.", "is it one JSON text? rename it")
        yield [_line(line) for line in whole if line.strip()]
    if rest.strip():
        if (last := _line(rest)) is BROKEN:
            raise SourceError(f"{file}: its last line is cut.", CUT)
        yield [last]


def _line(line: str) -> Any:
    try:
        return DECODER.decode(line)
    except (ValueError, RecursionError):
        return BROKEN


def _block(file: Content, lines: io.TextIOBase) -> str:
    try:
        return lines.read(BLOCK_CHARS)
    except UnicodeDecodeError as error:
        bad = error.object[error.start]
        raise SourceError(f"{file}: byte 0x{bad:02x} is not UTF-8.", "JSON is UTF-8; export it again") from None
