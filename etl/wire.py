"""Bytes from a wire -> JSON, XML, text: strict, with a limit for everything, and never more memory than MEMORY."""

import codecs
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from lxml import etree

MIB = 1 << 20
NESTED = {dict, list}
BLOCK = 1 << 16  # what is inflated at a time
RATIO, RATIO_FROM = 200, MIB  # inflated to sent; small answers may be as empty as they like
JSON_DEPTH = 64
MEMORY = 208 * MIB  # an answer and all that is made of it, while it is read


@dataclass(frozen=True, slots=True)
class Limits:
    sent: int  # bytes on the wire
    size: int  # bytes inflated
    seconds: float  # for all tries together; pauses that were asked for are not counted


ANSWER = Limits(64 * MIB, 64 * MIB, 300)  # held whole
FILE = Limits(4096 * MIB, 8192 * MIB, 3600)  # goes to the disk as it comes
# What one such mark can make its parser need at most, in bytes: measured with hostile answers.
JSON_COSTS = {b",": 52, b":": 48, b"[": 64, b"{": 168, b'"': 24}
XML_COSTS = {b"<": 250, b"=": 230}
CHARSETS = ("utf-8", "utf-16", "utf-32", "ascii", "iso8859", "cp125")  # beginnings of Python's names
MARKS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
WIDE = {0xF0: 4, 0xC4: 2}  # one character that begins so makes a whole text so many times larger
DECLARED = re.compile(rb"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([\w.:-]{1,40})""")
DOCTYPE = re.compile(rb"(?s:(?>\s+|<\?.*?\?>|<!--.*?-->)*+)<!DOCTYPE", re.IGNORECASE)
CONTROLS = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
PAGE = re.compile(rb"\s*<(!doctype\s+)?html", re.IGNORECASE)
SMALLER = "ask for fewer rows at a time, or fetch it as a file"
LOGIN = "open the address in a browser: it may ask for a login or say that it moved"


class Retry(Exception):
    """What was heard is no answer, but the next try may bring one. `after`: seconds the server wants us to wait."""

    def __init__(self, text: str, cure: str = "", after: float | None = None, status: int | None = None):
        super().__init__(text)
        self.text, self.cure, self.after, self.status = text, cure, after, status


class BadlyPacked(Retry):
    """The compression is broken: the next try asks for none."""


class Excess(Exception):
    """Beyond a limit: not to be tried again."""

    def __init__(self, text: str, cure: str = SMALLER):
        super().__init__(text)
        self.text, self.cure = text, cure


# Bytes


def inflated(pieces: Iterable[bytes], coding: str, limits: Limits) -> Iterator[bytes]:
    """The bytes without their Content-Encoding, in small blocks. Raises Excess before a block breaks a limit."""
    unpack = Unpacker(coding)
    sent = size = 0
    for piece in pieces:
        sent += len(piece)
        if sent > limits.sent:
            raise Excess(f"sends more than {limits.sent // MIB} MiB")
        for block in unpack.blocks(piece):
            size += len(block)
            if size > limits.size or size > max(RATIO_FROM, RATIO * sent):
                raise Excess(f"sends {sent} bytes that inflate to more than {size}, as a bomb does")
            yield block
    if not unpack.ended:
        raise Retry("broke off in the middle of its compressed answer")


class Unpacker:
    """Undoes gzip (of several members, too) and deflate (with its header or, as some servers send it, without)."""

    def __init__(self, coding: str):
        self.coding = coding.strip().lower().removeprefix("x-")
        if self.coding not in ("gzip", "deflate", "identity", ""):
            raise BadlyPacked("sends a compression that was not asked for")
        self.zip = zlib.decompressobj(31) if self.coding == "gzip" else None
        self.head = b""

    @property
    def ended(self) -> bool:
        return self.coding in ("identity", "") or (self.zip.eof if self.zip else False)

    def blocks(self, piece: bytes) -> Iterator[bytes]:
        if self.coding in ("identity", ""):
            yield piece
            return
        try:
            yield from self._inflate(piece)
        except zlib.error:
            raise BadlyPacked("sends broken compression") from None

    def _inflate(self, piece: bytes) -> Iterator[bytes]:
        if self.zip is None:  # two bytes tell the kind of deflate
            self.head = piece = self.head + piece
            if len(piece) < 2:
                return
            headed = piece[0] & 15 == 8 and int.from_bytes(piece[:2], "big") % 31 == 0
            self.zip = zlib.decompressobj(15 if headed else -15)
        while True:
            if self.zip.eof and piece:
                if self.coding != "gzip":
                    raise zlib.error
                self.zip = zlib.decompressobj(31)
            block = self.zip.decompress(piece, BLOCK)
            piece = self.zip.unused_data if self.zip.eof else self.zip.unconsumed_tail
            if block:
                yield block
            if not piece and len(block) < BLOCK:
                return


def whole(blocks: Iterable[bytes]) -> bytearray:
    """One array of bytes: a list of blocks would cost more than the blocks if somebody makes them tiny."""
    body = bytearray()
    for block in blocks:
        body += block
    return body


def is_page(head: bytes) -> bool:
    """True for a page for people, as proxies and maintenance modes send it."""
    return PAGE.match(head.removeprefix(codecs.BOM_UTF8)) is not None


# Characters


def codec(name: str) -> str:
    """Python's name for a charset, "" for one that is not read here."""
    try:
        known = codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""
    return known if known.startswith(CHARSETS) else ""


def utf8(body: bytearray, kind: str, override: str) -> memoryview:
    """The body as UTF-8 without a mark; its bytes are only known to be good where they had to be translated."""
    if not body or body.isspace():
        raise Retry("sends nothing")
    said = _said(body, kind)
    name = codec(override or said)
    if not name:
        raise Retry(
            f"sends text in the charset {said!r}, which is not read here", "set layout.encoding to the true one"
        )
    if name in ("utf-8", "utf-8-sig"):
        view = memoryview(body)[3 if body.startswith(codecs.BOM_UTF8) else 0 :]
    else:
        if not (override or name.startswith("utf") or body.isascii()) and _broken_at(memoryview(body)) is None:
            raise Retry(f"says that its text is {said}, but it is UTF-8", "set layout.encoding: utf-8")
        view = memoryview(_translated(body, name))
    if is_page(bytes(view[:100])):
        raise Retry("sends a page for people", LOGIN)
    return view


def _said(body: bytearray, kind: str) -> str:
    """The charset that the header names, else the mark, else the XML declaration; else UTF-8."""
    if named := re.search(r"""charset\s*=\s*["']?([\w.:-]{1,40})""", kind, re.IGNORECASE):
        return named[1]
    mark = next((name for mark, name in MARKS.items() if body.startswith(mark)), "")
    declared = DECLARED.match(body)
    return mark or (declared[1].decode() if declared else "utf-8")


def _translated(body: bytearray, name: str) -> bytearray:
    decoder, made = codecs.getincrementaldecoder(name)("strict"), bytearray()
    try:
        for start in range(0, len(body), MIB):
            made += decoder.decode(body[start : start + MIB], start + MIB >= len(body)).encode()
            if len(made) > ANSWER.size:
                raise Excess(f"sends more than {ANSWER.size // MIB} MiB of text")
    except UnicodeDecodeError:
        raise not_in(name) from None
    return made[3:] if made.startswith(codecs.BOM_UTF8) else made


def not_in(name: str) -> Retry:
    return Retry(f"sends bytes that are not {name}", "if its header is wrong, set layout.encoding to the true charset")


def _broken_at(view: memoryview) -> int | None:
    """Where the bytes stop to be UTF-8, to the block; None if they are."""
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    for start in range(0, len(view), MIB):
        try:
            decoder.decode(bytes(view[start : start + MIB]), start + MIB >= len(view))
        except UnicodeDecodeError:
            return start
    return None


def fits(view: memoryview, body: bytearray, copies: int, costs: dict[bytes, int] | None = None) -> None:
    """Raises Excess if the parser could need more than MEMORY."""
    data = view.obj  # to count in it without a copy; it is the body, or its translation beside it
    held = len(body) if data is body else len(body) + len(data)
    dearest = max((costs or {}).values(), default=0)
    if held + (copies + dearest) * len(view) <= MEMORY:  # whatever its bytes are
        return
    cost = held + copies * len(view) + sum(price * data.count(mark) for mark, price in (costs or {}).items())
    if cost > MEMORY:
        raise Excess(f"sends {len(body) // MIB} MiB that would need {cost // MIB} MiB to be read")


def _width(view: memoryview) -> int:
    greatest = np.frombuffer(view, np.uint8).max(initial=0)
    return next((times for first, times in WIDE.items() if greatest >= first), 1)


# Values


def text(body: bytearray, kind: str, override: str) -> str:
    view = utf8(body, kind, override)
    fits(view, body, _width(view))
    try:
        return str(view, "utf-8", "strict")
    except UnicodeDecodeError:
        raise not_in("utf-8") from None


def json(body: bytearray, kind: str, override: str) -> Any:
    view = utf8(body, kind, override)
    fits(view, body, 1 + _width(view), JSON_COSTS)
    try:
        value = orjson.loads(view)
    except orjson.JSONDecodeError as error:
        if _broken_at(view) is not None:
            raise not_in("utf-8") from None
        raise Retry(f"sends what is not whole JSON (line {error.lineno}, character {error.colno})") from None
    if value is None:
        raise Retry("sends null")
    _shallow(value)
    return value


def _shallow(value: Any) -> None:
    """Raises Excess if a value is nested too deeply for those who walk through it."""
    level = [value]
    for _ in range(JSON_DEPTH):
        inside = (one.values() if isinstance(one, dict) else one for one in level)
        deeper = (many for many in inside if not NESTED.isdisjoint(map(type, many)))
        level = [child for many in deeper for child in many if type(child) in NESTED]
        if not level:
            return
    raise Excess(f"sends JSON that is nested more than {JSON_DEPTH} deep", "see with a browser what it answers")


def xml(body: bytearray, kind: str, override: str) -> etree._Element:
    """The root. Anything that could define an entity is refused unread."""
    view = utf8(body, kind, override)
    if DOCTYPE.match(view):
        raise Excess("sends XML with a DOCTYPE, in which bombs are hidden", "ask for it without, or for JSON")
    if CONTROLS.search(view):
        if _broken_at(view) is not None:
            raise not_in("utf-8")
        raise Retry("sends XML with NUL or other control characters", "ask its makers to leave them out, or for JSON")
    fits(view, body, 2, XML_COSTS)
    flags = dict(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, collect_ids=False)
    parser = etree.XMLParser(encoding="utf-8", remove_comments=True, remove_pis=True, **flags)
    try:
        return etree.fromstring(bytes(view), parser)
    except etree.XMLSyntaxError as error:
        if _broken_at(view) is not None:
            raise not_in("utf-8") from None
        raise Retry(f"sends what is not whole XML (line {error.lineno})") from None
