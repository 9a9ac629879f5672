"""Faults where something else is said instead of the answer."""

import zlib
from itertools import repeat

import orjson

from tests.cities.scene import Scene
from tests.cities.wire import HTML, XML, page_of_html

MIB = 1 << 20
ROWS = "<service_requests><request><service_request_id>1</service_request_id><status>open</status>"
ROWS += "<description>&bomb;</description></request></service_requests>"


def status(scene: Scene, code: int, message: str = "something went wrong", **headers: str) -> None:
    """A status with the platform's own error object."""
    scene.answer = scene.platform.error(code, message)
    scene.answer.status = code
    scene.answer.headers |= headers


def too_many(scene: Scene, retry_after: object = None) -> None:
    """429; Retry-After as seconds, as the text of an HTTP date, or (None) absent."""
    after = int(retry_after) if isinstance(retry_after, float) else retry_after
    status(scene, 429, "too many requests", **({} if after is None else {"Retry-After": str(after)}))


def error_object(scene: Scene, code: int = 500, message: str = "something went wrong") -> None:
    """The platform's own error object, under 200."""
    status(scene, code, message)
    scene.answer.status = 200


def html(scene: Scene, code: int = 200) -> None:
    """A page for people, as proxies and maintenance modes send it."""
    scene.answer = page_of_html("We will be back soon", code)


def nothing(scene: Scene, code: int = 204) -> None:
    """204, or with 200 an empty body."""
    scene.answer.replaced(b"", status=code)


def says(scene: Scene, what: object, kind: str | None = None) -> None:
    """200 with these bytes, or with this value as JSON: `{"status": "Processing"}`."""
    scene.answer.replaced(what if isinstance(what, bytes) else orjson.dumps(what), kind)


def redirect(scene: Scene, location: str, code: int = 302) -> None:
    scene.answer.replaced(b"", HTML, code)
    scene.answer.headers["Location"] = location


def hang(scene: Scene, seconds: float) -> None:
    """Nothing is said for so long, then the connection ends."""
    scene.answer.wire.pause, scene.answer.wire.cut = seconds, -1


def reset(scene: Scene) -> None:
    """The connection is torn down."""
    scene.answer.wire.reset = True


def deep(scene: Scene, levels: int = 100_000) -> None:
    """JSON in JSON in JSON."""
    scene.answer.replaced(b"[" * levels + b"]" * levels)


def xml_bomb(scene: Scene) -> None:
    """Ten letters that want to become ten thousand million."""
    inner = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    head = f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY e0 "laughing..">{inner}<!ENTITY bomb "&e9;">]>'
    scene.answer.replaced((head + ROWS).encode(), XML)


def xxe(scene: Scene, url: str = "file:///etc/hostname") -> None:
    """An entity that is a file of the reader."""
    head = f'<?xml version="1.0"?><!DOCTYPE r [<!ENTITY bomb SYSTEM "{url}">]>'
    scene.answer.replaced((head + ROWS).encode(), XML)


def gzip_bomb(scene: Scene, mebibytes: int = 1024) -> None:
    """A thousand times smaller on the wire than in memory: an array of nothing but blanks."""
    blanks, packer = b" " * MIB, zlib.compressobj(9, zlib.DEFLATED, -15)
    opening = packer.compress(b"[") + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(blanks) + packer.flush(zlib.Z_FULL_FLUSH)  # refers to nothing before it: can be repeated
    ending = packer.compress(b"]") + packer.flush()
    check = zlib.crc32(b"[")
    for piece in (*repeat(blanks, mebibytes), b"]"):
        check = zlib.crc32(piece, check)
    size = (mebibytes * MIB + 2) % (1 << 32)
    head, tail = b"\x1f\x8b\x08\0\0\0\0\0\0\xff", check.to_bytes(4, "little") + size.to_bytes(4, "little")
    scene.answer.replaced(head + opening + block * mebibytes + ending + tail)
    scene.answer.headers["Content-Encoding"] = "gzip"


WORDS = {
    word.__name__: word
    for word in (
        *(status, too_many, error_object, html, nothing, says, redirect, hang, reset),
        *(deep, xml_bomb, xxe, gzip_bomb),
    )
}
