"""A file of a city's system, written as it comes: its length, its check sums and its name are looked at."""

import hashlib
import re
from base64 import b64decode
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from etl.asking import Reply
from etl.wire import FILE, LOGIN, Retry, is_page

DIGESTS = {"md5": "md5", "sha": "sha1", "sha-256": "sha256", "sha-512": "sha512"}
ZIPPED = b"\x1f\x8b"


@dataclass(frozen=True, slots=True)
class Downloaded:
    """A file that was written. `whole`: its length or its end was told, and it came to that."""

    name: str
    size: int
    sha256: str
    kind: str
    etag: str
    modified: str
    whole: bool


def write(reply: Reply, path: str, into: BinaryIO) -> Downloaded:
    """Write the body of a reply. Raises Retry if it is not what the server itself says it is."""
    promised = _promised(reply)
    total, size, head = hashlib.sha256(), 0, b""
    for block in reply.blocks(FILE, _hashed(reply.pieces, promised)):
        head = head or block[:100]
        if not size and is_page(head):
            raise Retry("sends a page for people", LOGIN)
        size += into.write(block)
        total.update(block)
    if not size:
        raise Retry("sends nothing")
    if any(made.digest() != said for made, said in promised):
        raise Retry("sends a file that does not fit the check sum it gives")
    get = reply.headers.get
    name = _name(path, get("content-disposition", ""))
    return Downloaded(
        name=name.removesuffix(".gz") if reply.coding and not head.startswith(ZIPPED) else name,
        size=size,
        sha256=total.hexdigest(),
        kind=reply.kind,
        etag=get("etag", ""),
        modified=get("last-modified", ""),
        whole="content-length" in reply.headers or bool(get("transfer-encoding") or reply.coding),
    )


def _promised(reply: Reply) -> list[tuple[Any, bytes]]:
    """The check sums that the server gives, each with the hash that will tell whether it is true."""
    given = [("md5", reply.headers.get("content-md5", ""))]
    for header in ("digest", "repr-digest", "content-digest"):
        given += [pair.strip().partition("=")[::2] for pair in reply.headers.get(header, "").split(",")]
    found = []
    for name, value in given:
        if value and name.lower() in DIGESTS:
            try:
                said = b64decode(value.strip(": "), validate=True)
            except ValueError:
                continue
            found.append((hashlib.new(DIGESTS[name.lower()], usedforsecurity=False), said))
    return found


def _hashed(pieces: Iterator[bytes], promised: list[tuple[Any, bytes]]) -> Iterator[bytes]:
    for piece in pieces:
        for made, _ in promised:
            made.update(piece)
        yield piece


def _name(path: str, disposition: str) -> str:
    """A harmless file name: the one the server gives, else the end of the address."""
    given = re.search(r"""filename\*?\s*=\s*(?:UTF-8'')?"?([^";]+)""", disposition, re.IGNORECASE)
    last = re.split(r"[/\\]", given[1] if given else path)[-1]
    return re.sub(r"[^A-Za-z0-9._-]+", "_", last).lstrip(".")[:100] or "download"
