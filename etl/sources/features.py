"""GeoJSON: the features of one FeatureCollection, each a row of its properties and its point."""

import io
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from etl.sources.page import Page, Request, chosen
from hub.errors import SourceError

PAGE_ROWS = 50_000  # one page
BLOCK_CHARS = 1 << 20
FEATURE_CHARS = 8 << 20  # the largest feature we read


def pages(request: Request, path: Path, stream: BinaryIO) -> Iterator[Page]:
    first, columns = 2, None
    features = _features(path, io.TextIOWrapper(stream, encoding="utf-8-sig"))
    while page := list(islice(features, PAGE_ROWS)):
        rows = [_flat(path, number, feature) for number, feature in enumerate(page, first - 1)]
        header = list(dict.fromkeys(name for row in rows for name in row))
        columns = chosen(request, path, header)
        table = pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in columns})
        yield Page(table, first, (), tuple(name for name in header if name not in columns))
        first += len(page)
    if first == 2:
        raise SourceError(
            f"{path} holds no features.", "fetch the file again; an empty layer does not replace good data"
        )


def _features(path: Path, text: io.TextIOBase) -> Iterator[dict]:
    """The features of a FeatureCollection, one at a time."""
    buffer, met = _list_of(path, text), 0
    while True:
        found, buffer, is_whole = _decoded(buffer)
        yield from found
        met += len(found)
        if is_whole:
            return
        more = _block(path, text)
        if not more or len(buffer) > FEATURE_CHARS:
            raise SourceError(
                f"{path}: the list of features is cut or broken after feature {met:,}.",
                "fetch the file again; it is not whole",
            )
        buffer += more


def _block(path: Path, text: io.TextIOBase) -> str:
    try:
        return text.read(BLOCK_CHARS)
    except UnicodeDecodeError as error:
        bad = error.object[error.start]
        raise SourceError(f"{path}: byte 0x{bad:02x} is not UTF-8.", "GeoJSON is UTF-8; export it again") from None


def _list_of(path: Path, text: io.TextIOBase) -> str:
    """What is read behind the bracket that opens the list of features."""
    buffer = ""
    while len(buffer) < FEATURE_CHARS and (more := _block(path, text)):
        buffer += more
        at = buffer.find('"features"')
        if (bracket := buffer.find("[", at)) >= 0 <= at:
            return buffer[bracket + 1 :]
    raise SourceError(
        f"{path} is no FeatureCollection: it has no list of features.",
        "the server may still be preparing it; fetch it again",
    )


def _decoded(buffer: str) -> tuple[list[dict], str, bool]:
    """The whole features at the start of the buffer, the rest, and whether the list ended."""
    decoder, found, at = json.JSONDecoder(), [], 0
    while True:
        while at < len(buffer) and buffer[at] in " \t\r\n,":
            at += 1
        if buffer[at : at + 1] == "]":
            return found, "", True
        try:
            feature, at = decoder.raw_decode(buffer, at)
        except json.JSONDecodeError:
            return found, buffer[at:], False
        found.append(feature)


def _flat(path: Path, number: int, feature: dict) -> dict[str, str | None]:
    """A feature as named text; a point's place is `geometry.lat` and `geometry.long`."""
    try:
        row = {name: _text(value) for name, value in (feature.get("properties") or {}).items()}
        geometry = feature.get("geometry") or {}
        if geometry.get("type") == "Point" and len(geometry.get("coordinates") or ()) >= 2:
            row["geometry.long"], row["geometry.lat"] = (_text(value) for value in geometry["coordinates"][:2])
    except (AttributeError, TypeError):
        raise SourceError(
            f"{path}: feature {number:,} is none: it has no properties or coordinates as GeoJSON has them.",
            "export it again as a FeatureCollection",
        ) from None
    return row


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    return json.dumps(value, ensure_ascii=False)
