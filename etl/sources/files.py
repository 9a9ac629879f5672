"""Files: CSV, GeoJSON and Parquet, plain or gzipped, read as a stream and as text.

A location is a path or a glob. What a parameter is called in a file: the first line of a CSV, the `properties` of a
GeoJSON feature, the columns of a Parquet file.
"""

import glob
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from etl.sources import delimited, features
from etl.sources.page import Page, Request, chosen
from hub.errors import ConfigurationError, SourceError

PAGE_ROWS = 50_000  # one page of a Parquet file
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
        found += sorted(glob.glob(place)) or [place]
    return [(match, _sha256(Path(match), request.name)) for match in dict.fromkeys(found)]


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
    if text.startswith(b"\x1f\x8b"):
        raise SourceError(f"{path} is gzipped but its name does not say so.", "rename it to end in .gz")
    if kind == "csv" and text.startswith((b"{", b"[")):
        raise SourceError(f"{path} is JSON, not CSV.", "set layout.format: geojson, or fetch the CSV export")


def _parquet(request: Request, path: Path, stream: BinaryIO) -> Iterator[Page]:
    first = 2
    try:
        file = pq.ParquetFile(pa.BufferReader(stream.read()) if path.suffix == ".gz" else path)
        kept = chosen(request, path, file.schema_arrow.names)
        dropped = tuple(name for name in file.schema_arrow.names if name not in kept)
        for batch in file.iter_batches(batch_size=PAGE_ROWS, columns=kept):
            table = pa.Table.from_batches([batch])
            yield Page(table.cast(pa.schema([(name, pa.string()) for name in table.column_names])), first, (), dropped)
            first += table.num_rows
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise SourceError(f"{path} is not a whole Parquet file of plain columns ({error}).", "fetch it again") from None
    if first == 2:
        raise SourceError(f"{path} has no rows.", "fetch the file again; an empty table does not replace good data")


READERS = {"csv": delimited.pages, "geojson": features.pages, "parquet": _parquet}
