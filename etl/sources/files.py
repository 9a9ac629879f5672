"""Files: CSV, GeoJSON and Parquet, plain or gzipped, read as a stream and as text.

A location is a path or a glob. What a parameter is called in a file: the first line of a CSV, the `properties` of a
GeoJSON feature, the columns of a Parquet file.
"""

import csv
import glob
import gzip
import hashlib
import io
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from etl.sources.page import Page, Request, plain
from hub.errors import ConfigurationError, SourceError

BLOCK_BYTES = 32 << 20  # one page of a CSV
PAGE_ROWS = 50_000  # one page of the others
FEATURE_CHARS = 8 << 20  # the largest feature we read
SWALLOWED_CHARS = 100_000  # a row this long swallowed its neighbours: a quote was never closed
FORMATS = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "csv",
    ".geojson": "geojson",
    ".json": "geojson",
    ".parquet": "parquet",
}


def parts(request: Request) -> list[tuple[str, str]]:
    """Every file of the location, in order, with the sha256 of its bytes."""
    found = []
    for place in request.location:
        matches = sorted(glob.glob(place)) or [place]
        found += [(match, _sha256(Path(match), request.name)) for match in matches]
    return found


def pages(request: Request, part: str) -> Iterator[Page]:
    """Read one file to its end. Raises SourceError naming the file, the row and the cure."""
    path = Path(part)
    with _open(path) as stream:
        head = stream.peek(512)[:512]
        kind = request.layout.get("format") or _format_of(path)
        if kind not in READERS:
            raise ConfigurationError(
                f"{path}: the format {kind!r} is not known.", f"set layout.format to one of: {', '.join(READERS)}"
            )
        _refuse_impostors(path, head, kind)
        yield from READERS[kind](request, path, stream)


def _sha256(path: Path, source: str) -> str:
    if path.is_dir():
        raise SourceError(
            f"{path} (source {source!r}) is a folder, not a file.", "name a file, or a pattern such as folder/*.csv"
        )
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        cure = "correct its location in city.yml, or read another file with --from"
        if "data/sample" in path.as_posix():
            cure = "write the sample city's files with `cityglass init sample`"
        raise SourceError(f"{path} (source {source!r}) does not exist.", cure) from None
    except OSError as error:
        raise SourceError(
            f"{path} (source {source!r}) cannot be read: {error.strerror}.", "check its permissions"
        ) from None


def _format_of(path: Path) -> str:
    suffixes = [suffix for suffix in path.suffixes if suffix != ".gz"]
    return FORMATS.get(suffixes[-1].lower() if suffixes else "", "")


@contextmanager
def _open(path: Path):
    """The file's bytes, unzipped; a broken archive is a SourceError wherever it shows."""
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as stream:
            yield stream
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise SourceError(
            f"{path}: the archive is cut or broken ({error}).", "fetch the file again; nothing of it was used"
        ) from None


def _refuse_impostors(path: Path, head: bytes, kind: str) -> None:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not text:
        raise SourceError(f"{path} is empty.", "fetch the file again; an empty file does not replace good data")
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise SourceError(
            f"{path} is a web page, not {kind}.",
            "open the address in a browser: it may ask for a login or say that it moved",
        )
    if kind == "csv" and text.startswith((b"{", b"[")):
        raise SourceError(f"{path} is JSON, not CSV.", "set layout.format: geojson, or fetch the CSV export")
    if kind == "csv" and text.startswith(b"\x1f\x8b"):
        raise SourceError(f"{path} is gzipped but its name does not say so.", "rename it to end in .gz")


def _chosen(request: Request, path: Path, header: list[str]) -> list[str]:
    """The columns of the header that may be kept. A missing key column is a SourceError."""
    known = {plain(name) for name in header}
    for aliases in request.required:
        if not known & {plain(alias) for alias in aliases}:
            raise SourceError(
                f"{path}: no column for {aliases[0]!r} (looked for: {', '.join(aliases)}). It has: {', '.join(header[:40])}.",
                f"add the right name to sources.{request.name}.fields in city.yml",
            )
    chosen = [name for name in header if plain(name) in request.columns]
    twice = {name for name in chosen if [plain(n) for n in chosen].count(plain(name)) > 1}
    if twice:
        raise SourceError(
            f"{path}: the header has {', '.join(sorted(twice))} more than once.",
            "rename one of the columns in the file",
        )
    return chosen


# CSV


def _csv(request: Request, path: Path, stream: BinaryIO) -> Iterator[Page]:
    encoding, delimiter = request.layout.get("encoding", "utf-8"), request.layout.get("delimiter", ",")
    header = _header(path, encoding, delimiter)
    chosen = _chosen(request, path, header)
    dropped = tuple(name for name in header if name not in chosen)
    ragged: list[str] = []

    def refuse(row: pacsv.InvalidRow) -> str:
        if len(row.text) > SWALLOWED_CHARS:
            raise SourceError(
                f"{path}: a quote is opened and not closed near {row.text[:40]!r}.", "mend or fetch the file again"
            )
        ragged.append(f"the row has {row.actual_columns} columns, the header {row.expected_columns}")
        return "skip"

    first = 2
    try:
        for batch in _csv_reader(stream, encoding, delimiter, chosen, refuse):
            rejected = tuple((0, reason) for reason in ragged)
            ragged.clear()
            yield Page(pa.Table.from_batches([batch]), first, rejected, dropped)
            first += batch.num_rows + len(rejected)
    except pa.ArrowInvalid as error:
        raise _csv_error(path, encoding, str(error)) from None
    if ragged or _ends_ragged(path, encoding, delimiter, len(header)):
        raise SourceError(f"{path}: the last row (about row {first}) is cut.", "fetch the file again; it is not whole")
    if first == 2:
        raise SourceError(
            f"{path} has a header and no rows.", "fetch the file again; an empty table does not replace good data"
        )


def _csv_reader(stream, encoding, delimiter, chosen, refuse) -> pacsv.CSVStreamingReader:
    return pacsv.open_csv(
        stream,
        read_options=pacsv.ReadOptions(block_size=BLOCK_BYTES, encoding=encoding),
        parse_options=pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=refuse),
        convert_options=pacsv.ConvertOptions(
            include_columns=chosen,
            column_types={name: pa.string() for name in chosen},
            strings_can_be_null=True,
            null_values=[""],
        ),
    )


def _lines(path: Path, encoding: str) -> io.TextIOWrapper:
    opener = gzip.open if path.suffix == ".gz" else open
    return io.TextIOWrapper(
        opener(path, "rb"), encoding="utf-8-sig" if encoding.lower() in ("utf-8", "utf8") else encoding, newline=""
    )


def _header(path: Path, encoding: str, delimiter: str) -> list[str]:
    try:
        with _lines(path, encoding) as lines:
            return next(csv.reader(lines, delimiter=delimiter))
    except LookupError:
        raise ConfigurationError(
            f"{path}: there is no encoding {encoding!r}.", "set layout.encoding to utf-8, cp1252, utf-16, …"
        ) from None
    except (UnicodeDecodeError, csv.Error) as error:
        raise _csv_error(path, encoding, str(error)) from None


def _csv_error(path: Path, encoding: str, said: str) -> SourceError:
    """What is wrong with the bytes, with the line where it shows."""
    with _lines(path, encoding) as lines:
        number = 0
        try:
            for number, _ in enumerate(lines, 1):  # noqa: B007
                pass
        except UnicodeDecodeError as error:
            bad = error.object[error.start : error.start + 1].hex()
            return SourceError(
                f"{path}: byte 0x{bad} after line {number} is not {encoding}.",
                "set layout.encoding in city.yml to what the file is written in (often cp1252 or utf-16)",
            )
    return SourceError(
        f"{path}: it cannot be read as CSV ({said}).", "check layout.delimiter and layout.encoding in city.yml"
    )


def _ends_ragged(path: Path, encoding: str, delimiter: str, width: int) -> bool:
    """True if the last line neither ends in a newline nor has all its columns: the file was cut."""
    if path.suffix == ".gz":
        return False  # a cut archive shows by itself
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 65_536))
        tail = file.read()
    if tail.endswith((b"\n", b"\r", b"\x00")):
        return False
    last = tail.decode(encoding, errors="replace").splitlines()[-1]
    row = next(csv.reader([last], delimiter=delimiter), [])
    return len(row) < width and last.count('"') % 2 == 0


# GeoJSON


def _geojson(request: Request, path: Path, stream: BinaryIO) -> Iterator[Page]:
    first, columns = 2, None
    features = _features(path, io.TextIOWrapper(stream, encoding="utf-8-sig"))
    while page := list(islice(features, PAGE_ROWS)):
        rows = [_flat(feature) for feature in page]
        header = list(dict.fromkeys(name for row in rows for name in row))
        columns = _chosen(request, path, header)
        table = pa.table({name: pa.array([row.get(name) for row in rows], pa.string()) for name in columns})
        yield Page(table, first, (), tuple(name for name in header if name not in columns))
        first += len(page)
    if first == 2:
        raise SourceError(
            f"{path} holds no features.", "fetch the file again; an empty layer does not replace good data"
        )


def _features(path: Path, text: io.TextIOBase) -> Iterator[dict]:
    """The features of a FeatureCollection, one at a time."""
    decoder, buffer, inside = json.JSONDecoder(), "", False
    while True:
        try:
            more = text.read(1 << 20)
        except UnicodeDecodeError as error:
            raise SourceError(
                f"{path}: byte {error.start} of a block is not UTF-8.", "GeoJSON is UTF-8; export it again"
            ) from None
        buffer += more
        if not inside:
            at = buffer.find('"features"')
            bracket = buffer.find("[", at) if at >= 0 else -1
            if bracket < 0:
                if more and len(buffer) < FEATURE_CHARS:
                    continue
                raise SourceError(
                    f"{path} is no FeatureCollection: {buffer[:60]!r}.",
                    "the server may still be preparing it; fetch it again",
                )
            buffer, inside = buffer[bracket + 1 :], True
        at = 0
        while True:
            while at < len(buffer) and buffer[at] in " \t\r\n,":
                at += 1
            if buffer[at : at + 1] == "]":
                return
            try:
                feature, at = decoder.raw_decode(buffer, at)
            except json.JSONDecodeError:
                break
            yield feature
        buffer = buffer[at:]
        if not more or len(buffer) > FEATURE_CHARS:
            raise SourceError(
                f"{path}: the list of features is cut or broken near {buffer[:40]!r}.",
                "fetch the file again; it is not whole",
            )


def _flat(feature: dict) -> dict[str, str | None]:
    """A feature as named text; a point's place is `geometry.lat` and `geometry.long`."""
    row = {name: _text(value) for name, value in (feature.get("properties") or {}).items()}
    geometry = feature.get("geometry") or {}
    if geometry.get("type") == "Point" and len(geometry.get("coordinates") or ()) >= 2:
        row["geometry.long"], row["geometry.lat"] = (_text(value) for value in geometry["coordinates"][:2])
    return row


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value or None
    return json.dumps(value, ensure_ascii=False)


# Parquet


def _parquet(request: Request, path: Path, stream: BinaryIO) -> Iterator[Page]:
    try:
        file = pq.ParquetFile(pa.BufferReader(stream.read()) if path.suffix == ".gz" else path)
    except pa.ArrowInvalid as error:
        raise SourceError(f"{path} is not a whole Parquet file ({error}).", "fetch the file again") from None
    chosen = _chosen(request, path, file.schema_arrow.names)
    dropped, first = tuple(name for name in file.schema_arrow.names if name not in chosen), 2
    for batch in file.iter_batches(batch_size=PAGE_ROWS, columns=chosen):
        table = pa.Table.from_batches([batch])
        yield Page(table.cast(pa.schema([(name, pa.string()) for name in table.column_names])), first, (), dropped)
        first += table.num_rows
    if first == 2:
        raise SourceError(f"{path} has no rows.", "fetch the file again; an empty table does not replace good data")


READERS = {"csv": _csv, "geojson": _geojson, "parquet": _parquet}
