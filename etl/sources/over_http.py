"""A file over HTTP: fetched into a file without a name, proved to be whole, and read like any other.

What the server says of the file (ETag, Last-Modified) is its fingerprint: an unchanged file is not fetched again.
"""

import io
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import urlsplit

from etl.sources.archive import Content
from etl.sources.page import Part, Proof, Request
from hub.errors import SourceError

if TYPE_CHECKING:
    from etl.http import Downloaded

SILENT = (400, 403, 404, 405, 406, 500, 501)  # how servers answer that do not know HEAD; the GET will tell
GZIPPED = b"\x1f\x8b"
BUFFER = 1 << 16
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


def part(request: Request, url: str, inside: str) -> Part:
    """The file as a part, named without its query, for that may hold a key."""
    place = urlsplit(url)
    name = f"{place.scheme}://{place.netloc}{place.path}" + (f"!{inside}" if inside else "")
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
    with tempfile.TemporaryFile() as into:
        got = request.http.download(part.ask["url"], into, headers=_headers(request))
        into.flush()
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
    with tempfile.TemporaryFile() as into:
        again = request.http.download(part.ask["url"], into, headers=_headers(request))
    if again.sha256 == got.sha256:
        return Proof("double_read")
    return Proof(why=told or "the server does not say how long the file is, and two downloads of it differ")


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
