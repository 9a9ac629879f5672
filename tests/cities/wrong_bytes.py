"""Faults below the rows: encodings, compression, truncation, and bytes that come too slowly or never end."""

import gzip as gzip_format
import re
import zlib
from collections.abc import Iterator

from tests.cities.scene import Scene, changed

MIB = 1 << 20
MARK = "here-it-goes-wrong"


def bom(scene: Scene) -> None:
    scene.answer.body = b"\xef\xbb\xbf" + scene.answer.finish().body


def charset(scene: Scene, name: str) -> None:
    """The header names another charset than the bytes have."""
    scene.answer.kind = f"{scene.answer.kind.partition(';')[0]}; charset={name}"


def encoded(scene: Scene, codec: str) -> None:
    """The bytes are in another encoding than the header says: utf-16, cp1252."""
    scene.answer.body = scene.answer.finish().body.decode().encode(codec, errors="replace")


def around_the_mark(scene: Scene) -> tuple[bytes, bytes]:
    """The bytes before and after the first row's description."""
    changed(scene.answer.rows[0], scene.platform.fields["description"], lambda _: MARK)
    scene.answer.body = None
    before, _, after = scene.answer.finish().body.partition(MARK.encode())
    return before, after


def invalid_utf8(scene: Scene) -> None:
    """Two bytes in the first description that are no character."""
    before, after = around_the_mark(scene)
    scene.answer.body = before + b"caf\xe9 \xff" + after


def raw_controls(scene: Scene) -> None:
    """NUL and bell, not escaped, in the first description."""
    before, after = around_the_mark(scene)
    scene.answer.body = before + b"nul \x00 bell \x07" + after


def giant_row(scene: Scene, mebibytes: int) -> None:
    """The first description is so long; it is made while it is sent."""
    before, after = around_the_mark(scene)
    scene.answer.body = giant(before, mebibytes, after)
    scene.answer.wire.length = len(before) + mebibytes * MIB + len(after)


def giant(before: bytes, mebibytes: int, after: bytes) -> Iterator[bytes]:
    yield before
    for _ in range(mebibytes):
        yield b"x" * MIB
    yield after


def root(scene: Scene, name: str) -> None:
    """The root element of XML has another name."""
    body = scene.answer.finish().body
    old = re.search(rb"<([A-Za-z_][\w.-]*)", body).group(1)
    scene.answer.body = re.sub(rb"(</?)" + old + rb"\b", rb"\1" + name.encode(), body)


def doctype(scene: Scene) -> None:
    """A harmless DOCTYPE before the root element."""
    body = scene.answer.finish().body
    start = body.index(b"?>") + 2 if body.startswith(b"<?xml") else 0
    scene.answer.body = body[:start] + b"<!DOCTYPE anything>" + body[start:]


def accepts(scene: Scene, coding: str) -> bool:
    return coding in scene.asked.headers.get("accept-encoding", "")


def gzip(scene: Scene) -> None:
    """Compressed as it should be, for those who accept it."""
    if accepts(scene, "gzip"):
        scene.answer.body = gzip_format.compress(scene.answer.finish().body, 1)
        scene.answer.headers["Content-Encoding"] = "gzip"


def broken_deflate(scene: Scene) -> None:
    """Compressed wrongly for those who accept it; `Accept-Encoding: identity` gets it whole."""
    if accepts(scene, "deflate"):
        packed = zlib.compress(scene.answer.finish().body)
        scene.answer.body = packed[: len(packed) // 2] + b"\xff" * 9 + packed[len(packed) // 2 + 9 :]
        scene.answer.headers["Content-Encoding"] = "deflate"


def cut(scene: Scene, size: int) -> None:
    """The connection ends after so many bytes, fewer than Content-Length says."""
    scene.answer.wire.cut = size


def cut_chunked(scene: Scene, size: int) -> None:
    """The same where the length is not known before: the last chunk never comes."""
    scene.answer.wire.cut, scene.answer.wire.chunked = size, True


def cut_silently(scene: Scene, size: int) -> None:
    """The same without any length: to the transport this is a whole answer."""
    scene.answer.wire.cut, scene.answer.wire.length = size, -1


def cut_text(scene: Scene, size: int) -> None:
    """A text that ends too early under a Content-Length that fits it."""
    scene.answer.body = scene.answer.finish().body[:size]


def late(scene: Scene, seconds: float) -> None:
    scene.answer.wire.pause = seconds


def slow(scene: Scene, pace: float) -> None:
    """One byte at a time, `pace` seconds after each."""
    scene.answer.wire.pace = pace


WORDS = {
    word.__name__: word
    for word in (
        *(bom, charset, encoded, invalid_utf8, raw_controls, giant_row, root, doctype),
        *(gzip, broken_deflate, cut, cut_chunked, cut_silently, cut_text, late, slow),
    )
}
