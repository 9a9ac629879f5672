"""A file over HTTP: fetched into a file without a name, proved to be whole, and read like any other.

What the server says of the file (ETag, Last-Modified) is its fingerprint: an unchanged file is not fetched again.
"""

import io
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote

from etl.sources.archive import Content
from etl.sources.page import Part, Proof, Request
from hub.errors import DiskError, SourceError

if TYPE_CHECKING:
    from etl.http import Downloaded

SILENT = (400, 403, 404, 405, 406, 500, 501)  # how servers answer that do not know HEAD; the GET will tell
GZIPPED = b"\x1f\x8b"
BUFFER = 1 << 16
KEY = 8  # letters that a key in a query has at least
ENDINGS = {  # what a server calls a format -> the ending of a file's name
    "text/csv": ".csv",
    "application/csv": ".csv",
    "text/tab-separated-values": ".tsv",
    "application/json": ".json",
    "application/geo+json": ".geojson",
    "application/vnd.geo+json": ".geojson",
    "application/x-ndjson": ".ndjson",
    "application/zip": ".zip",
    "application/x-zip-compressed": ".zip",
    "application/vnd.apache.parquet": ".parquet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}


def is_web(place: str) -> bool:
    return place.lower().startswith(("https://", "http://"))


def unasked(url: str) -> str:
    """The address without its query and its password, for these are keys; what is no address stays as it is."""
    return re.sub("(?<=//)[^/]*@", "", re.split("[?#]", url, maxsplit=1)[0]) if is_web(url) else url


def blotted(text: str, url: str) -> str:
    """A text that may quote an address, without what `unasked` leaves out and without each value of its query."""
    query = url.partition("?")[2] if is_web(url) else ""
    values = [value for pair in re.split("[&#]", query) for value in [pair.partition("=")[2]] if len(value) >= KEY]
    text = text.replace(url, unasked(url))
    for piece in sorted({query, *values, *map(unquote, values)} - {""}, key=len, reverse=True):
        text = text.replace(piece, "...")
    return text


def part(request: Request, url: str, inside: str) -> Part:
    """The file as a part, named without its query."""
    name = unasked(url) + (f"!{inside}" if inside else "")
    fingerprint, length = _told(request, url)
    return Part(name, fingerprint, {"url": url, "inside": inside, "length": length})


def _told(request: Request, url: str) -> tuple[str, int | None]:
    """What the server says of the file: its fingerprint, "" if nothing tells it, and its length."""
    try:
        answer = request.http.answer(url, headers=_headers(request), method="HEAD", allowed=SILENT)
    except SourceError:  # what is really wrong the download will say
        return "", None
    headers = answer.headers if answer else {}
    length = headers.get("content-length", "")
    size = int(length) if length.isdecimal() and not headers.get("content-encoding") else None
    tag, modified = headers.get("etag", ""), headers.get("last-modified", "")
    if tag:
        return f"etag {tag}", size
    return (f"modified {modified}, {length} bytes" if modified else ""), size


def _headers(request: Request) -> dict[str, str]:
    return {"Authorization": f"Bearer {request.secret.reveal()}"} if request.secret else {}


@contextmanager
def fetched(request: Request, part: Part, is_known: Callable[[str], bool]) -> Iterator[tuple[Content, "Downloaded"]]:
    """The file, as long as it is needed. `is_known` tells names from which the format can be told."""
    with _spool(request) as into:
        got = _written(request, part, into)
        kind = got.kind.partition(";")[0].strip().lower()
        name = got.name if is_known(got.name) else got.name + ENDINGS.get(kind, "")
        raw = partial(_anew, into.fileno(), got.size)
        with raw() as start:
            is_gzipped = start.read(2) == GZIPPED  # whatever its name says: some servers unpack, some do not
        yield Content(part.name.partition("!")[0], name, raw, is_gzipped), got


def proof(request: Request, part: Part, got: "Downloaded", ends_itself: bool) -> Proof:
    """Whether the file is whole: its length was known, or its format has an end, or a second download is the same."""
    length = part.ask["length"]
    is_as_announced = length in (None, got.size)
    if ends_itself or (got.whole and is_as_announced):
        return Proof("whole_file")
    told = f"{got.size:,} bytes came, the server announced {length:,}" if not is_as_announced else ""
    if told and not got.whole:
        return Proof(why=told)
    with _spool(request) as into:
        again = _written(request, part, into)
    if again.sha256 == got.sha256:
        return Proof("double_read")
    return Proof(why=told or "the server does not say how long the file is, and two downloads of it differ")


def _spool(request: Request) -> BinaryIO:
    try:
        return tempfile.TemporaryFile()
    except OSError as error:
        raise _no_room(request, error) from error


def _written(request: Request, part: Part, into: BinaryIO) -> "Downloaded":
    """Fetch the file. Raises DiskError if the disk does not take it."""
    try:
        got = request.http.download(part.ask["url"], into, headers=_headers(request))
        into.flush()
        return got
    except OSError as error:
        with suppress(OSError):  # closed here, for it tries to write once more
            into.close()
        raise _no_room(request, error) from error


def _no_room(request: Request, error: OSError) -> DiskError:
    return DiskError(
        f"Source {request.name!r}: its file could not be written: {error.strerror or error}.",
        f"free disk space in {tempfile.tempdir or 'the folder for temporary files'}, where files wait until they are "
        "read, or set TMPDIR to a folder with room; then run again",
    )


def _anew(descriptor: int, size: int) -> BinaryIO:
    return io.BufferedReader(Anew(descriptor, size), BUFFER)


class Anew(io.RawIOBase):
    """A place of its own in a file that has no name to be opened by. (A base class, for `io` asks for it.)"""

    def __init__(self, descriptor: int, size: int):
        self.descriptor, self.size, self.at = descriptor, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self.at = {os.SEEK_SET: 0, os.SEEK_CUR: self.at, os.SEEK_END: self.size}[whence] + offset
        return self.at

    def readinto(self, buffer: memoryview) -> int:
        block = os.pread(self.descriptor, len(buffer), self.at)
        buffer[: len(block)] = block
        self.at += len(block)
        return len(block)
