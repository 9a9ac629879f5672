"""Bytes become values strictly: nothing is guessed, nothing is half read, and no answer can fill the memory."""

import gzip
import json
import subprocess
import sys
import tracemalloc
import zlib
from itertools import repeat

import pytest

from etl import wire
from etl.wire import ANSWER, MEMORY, MIB, BadlyPacked, Excess, Limits, Retry
from tests.sources.misbehaving import Misbehaving, endless, says

NAME = "Café €5 in Łódź"


def unpacked(body: bytes, coding: str, at_a_time: int = 1000, limits: Limits = ANSWER) -> bytes:
    pieces = [body[n : n + at_a_time] for n in range(0, len(body), at_a_time)]
    return b"".join(wire.inflated(pieces, coding, limits))


# Compression

BODY = json.dumps([{"id": n, "name": NAME} for n in range(5000)]).encode()
RAW = zlib.compressobj(9, zlib.DEFLATED, -15)
PACKED = {
    "gzip": (gzip.compress(BODY), "gzip"),
    "x-gzip": (gzip.compress(BODY), "X-GZIP"),
    "two members": (gzip.compress(BODY[:777]) + gzip.compress(BODY[777:]), "gzip"),
    "deflate": (zlib.compress(BODY), "deflate"),
    "deflate without its header": (RAW.compress(BODY) + RAW.flush(), "deflate"),
    "none": (BODY, "identity"),
}


@pytest.mark.parametrize("packed, coding", PACKED.values(), ids=PACKED)
@pytest.mark.parametrize("at_a_time", [1, 1000, 1 << 20])
def test_what_was_compressed_comes_out_whole(packed, coding, at_a_time):
    assert unpacked(packed, coding, at_a_time) == BODY


@pytest.mark.parametrize("packed, coding", [pair for pair in PACKED.values() if pair[1] != "identity"])
def test_what_is_cut_or_broken_is_not_taken_for_whole(packed, coding):
    for size in (1, len(packed) // 2, len(packed) - 1):
        with pytest.raises(Retry):
            unpacked(packed[:size], coding)
    if packed != PACKED["deflate without its header"][0]:  # that has no check sum
        with pytest.raises(BadlyPacked):
            unpacked(packed[: len(packed) // 2] + b"\xff" * 20 + packed[len(packed) // 2 :], coding)
    with pytest.raises(BadlyPacked):
        unpacked(packed + b"something else", coding)


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "compress"])
def test_a_compression_that_was_not_asked_for_is_not_guessed(coding):
    with pytest.raises(BadlyPacked):
        unpacked(BODY, coding)


def test_a_bomb_is_seen_while_it_is_small():
    bomb, seen = gzip.compress(bytes(50 * MIB)), 0
    tracemalloc.start()
    with pytest.raises(Excess, match="bomb"):
        for block in wire.inflated([bomb], "gzip", ANSWER):
            seen += len(block)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert seen <= 11 * MIB and peak < MIB


def test_what_is_small_may_be_empty_and_what_is_large_must_fit():
    assert len(unpacked(gzip.compress(bytes(MIB)), "gzip")) == MIB
    assert len(unpacked(bytes(2 * MIB), "", limits=Limits(2 * MIB, 2 * MIB, 1))) == 2 * MIB
    with pytest.raises(Excess, match="2 MiB"):
        unpacked(bytes(2 * MIB + 1), "", limits=Limits(2 * MIB, 9 * MIB, 1))
    with pytest.raises(Excess):
        unpacked(gzip.compress(BODY * 20), "gzip", limits=Limits(9 * MIB, MIB, 1))


# Characters

READ = {
    "UTF-8": (NAME.encode(), "text/csv"),
    "a byte order mark": (NAME.encode("utf-8-sig"), "text/csv; charset=utf-8"),
    "UTF-16, said by its mark": (NAME.encode("utf-16"), "text/csv"),
    "UTF-16, said by its header": (NAME.encode("utf-16"), 'text/csv; charset="UTF-16"'),
    "UTF-16, big first": (NAME.encode("utf-16-be"), "text/csv; charset=utf-16be"),
}


@pytest.mark.parametrize("body, kind", READ.values(), ids=READ)
def test_text_is_read_in_the_charset_it_names(body, kind):
    assert wire.text(bytearray(body), kind, "") == NAME
    quoted = f'"{NAME}"'.encode(wire.codec(kind.partition("charset=")[2].strip('"')) or "utf-8")
    if "mark" not in kind:
        assert wire.json(bytearray(quoted), kind, "") == NAME


def test_a_legacy_charset_is_read_where_it_is_named_or_declared():
    said = "Café €5".encode("cp1252")
    assert wire.text(bytearray(said), "text/csv; charset=windows-1252", "") == "Café €5"
    assert wire.text(bytearray(said), "text/csv; charset=utf-8", "cp1252") == "Café €5"
    assert wire.json(bytearray(b'["' + said + b'"]'), "application/json", "cp1252") == ["Café €5"]
    assert wire.xml(bytearray(b"<a>" + said + b"</a>"), "text/xml", "cp1252").text == "Café €5"


def test_xml_is_read_in_the_charset_of_its_declaration_unless_the_header_names_one():
    body = bytearray('<?xml version="1.0" encoding="ISO-8859-1"?><a>Café</a>'.encode("latin-1"))
    assert wire.xml(body, "text/xml", "").text == "Café"
    body = bytearray('<?xml version="1.0" encoding="ISO-8859-1"?><a>Café</a>'.encode())
    assert wire.xml(body, "text/xml; charset=utf-8", "").text == "Café"
    assert wire.xml(bytearray("<a>Café</a>".encode("utf-16")), "text/xml", "").text == "Café"


WRONG = {
    "cp1252 without a word": ("Café".encode("cp1252"), "text/csv", "not utf-8"),
    "cp1252 as UTF-8": ("Café".encode("cp1252"), "text/csv; charset=utf-8", "not utf-8"),
    "UTF-16 as UTF-8": (NAME.encode("utf-16"), "text/csv; charset=utf-8", "not utf-8"),
    "UTF-8 as ASCII": (b"caf\xe9", "text/csv; charset=us-ascii", "not ascii"),
    "UTF-8 as Latin": (NAME.encode(), "text/csv; charset=iso-8859-1", "but it is UTF-8"),
    "half a UTF-16": (NAME.encode("utf-16")[:-1], "text/csv; charset=utf-16", "not utf-16"),
    "a charset with a trick": (b"+ADw-a+AD4-", "text/csv; charset=utf-7", "charset 'utf-7'"),
    "no charset": (b"a", "text/csv; charset=klingon", "charset 'klingon'"),
}


@pytest.mark.parametrize("body, kind, told", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("read, form", [(wire.text, b"%b"), (wire.json, b'"%b"'), (wire.xml, b"<a>%b</a>")])
def test_a_wrong_charset_fails_the_page_and_names_the_cure(body, kind, told, read, form):
    if b"\xfe" in body or "utf-16" in kind:
        form = b"%b"
    with pytest.raises(Retry, match=told) as caught:
        read(bytearray(form % body), kind, "")
    assert "layout.encoding" in caught.value.cure and "Caf" not in caught.value.text


@pytest.mark.parametrize("control", ["\x00", "\x07", "\x1b", "&#0;", "&#7;"])
def test_control_characters_in_xml_fail_the_page(control):
    with pytest.raises(Retry, match="not whole XML" if "&" in control else "NUL or other control characters"):
        wire.xml(bytearray(f"<a>nul {control} bell</a>".encode()), "text/xml", "")


@pytest.mark.parametrize("read", [wire.text, wire.json, wire.xml])
@pytest.mark.parametrize("body", [b"", b" \r\n\t"])
def test_nothing_is_no_value(read, body):
    with pytest.raises(Retry, match="sends nothing"):
        read(bytearray(body), "", "")


# Values


def test_json_is_no_deeper_than_rows_are():
    assert wire.json(bytearray(b"[" * 64 + b"]" * 64), "", "")
    for depth in (65, 500):
        with pytest.raises(Excess, match="nested"):
            wire.json(bytearray(b'{"a":' * depth + b"1" + b"}" * depth), "", "")
    with pytest.raises(Retry):
        wire.json(bytearray(b"[" * 100_000 + b"]" * 100_000), "", "")


BOMB = '<!DOCTYPE r [<!ENTITY a "laughing"><!ENTITY b "&a;&a;&a;">]><r>&b;</r>'


@pytest.mark.parametrize(
    "body",
    [
        BOMB,
        '<?xml version="1.0"?>' + BOMB,
        "<!-- <r> --> <?pi <r> ?>\n" + BOMB,
        "\ufeff\n" + BOMB,
        '<!DOCTYPE r SYSTEM "http://169.254.169.254/x"><r/>',
        '<!DOCTYPE r [<!ENTITY x SYSTEM "file:///etc/hostname">]><r>&x;</r>',
        "<!DOCTYPE r><r/>",
    ],
)
@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_xml_that_could_define_anything_is_refused_unread(body, codec):
    with pytest.raises(Excess, match="DOCTYPE"):
        wire.xml(bytearray(body.encode(codec)), f"text/xml; charset={codec}", "")


def test_a_document_type_inside_a_description_is_text():
    said = wire.xml(bytearray(b"<r><d><![CDATA[<!DOCTYPE html>]]></d><!-- <!DOCTYPE x> --></r>"), "", "")
    assert said[0].text == "<!DOCTYPE html>" and len(said) == 1


def test_what_looks_like_an_opening_without_an_end_is_looked_through_once():
    with pytest.raises(Retry):
        wire.xml(bytearray(b"<!--" * 200_000), "", "")
    with pytest.raises(Retry):
        wire.xml(bytearray(b"<?a?>" * 200_000 + b"<?"), "", "")


def test_no_message_quotes_what_was_read():
    for read, body in ((wire.json, '[{"email": "joe@city.example", }]'), (wire.xml, "<a><joe@city.example></a>")):
        with pytest.raises(Retry) as caught:
            read(bytearray(body.encode()), "", "")
        assert "joe" not in caught.value.text and "line 1" in caught.value.text


# Memory: another process reads each of these over a socket and tells how large it became

READS = """
import json, sys
from contextlib import closing
from etl.http import Http
from hub.errors import CityglassError

def peak():
    return next(int(line.split()[1]) // 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))

with closing(Http("requests", frozenset({sys.argv[1]}), sleep=lambda seconds: None)) as ask:
    for how in sys.argv[2:]:
        open("/proc/self/clear_refs", "w").write("5")  # the peak begins anew
        try:
            getattr(ask, how)(f"http://{sys.argv[1]}/")
            said = "read"
        except CityglassError as error:
            said = type(error).__name__
        print(json.dumps([said, peak()]), flush=True)
"""
COPIES = {"json": (3, wire.JSON_COSTS), "xml": (3, wire.XML_COSTS), "text": (2, {})}


def as_large_as_may_be(how: str, shape: str, before: str, after: str, wide: int = 1) -> bytes:
    """So many of a shape that its reader needs almost all of what it may."""
    one, (copies, costs) = shape.encode(), COPIES[how]
    each = (copies + (wide - 1 if how != "xml" else 0)) * len(one) + sum(
        one.count(m) * cost for m, cost in costs.items()
    )
    times = min(int(MEMORY * 0.97) // each, ANSWER.sent // len(one) - 1)
    return says(before.encode() + one * times + after.encode(), content_type="x/x; charset=utf-8")


def bomb() -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = b"".join(packer.compress(b" " * MIB) for _ in range(100)) + packer.flush()
    return says(packed, content_encoding="gzip")


REFUSED = {
    "a gzip bomb": ("json", bomb()),
    "a row without an end": ("json", endless(repeat(b"x" * MIB))),
    "an announced gigabyte": ("text", says(b"", content_length=str(1 << 30))),
    "lists": ("json", says(b"[" + b"[]," * (5 * MIB) + b"1]")),
    "elements": ("xml", says(b"<r>" + b"<a/>" * (4 * MIB) + b"</r>")),
    "attributes": ("xml", says(b"<r>" + b"<a b='' c=''/>" * MIB + b"</r>")),
    "wide characters": ("text", says(b"x" * (60 * MIB) + "😀".encode())),
    "another charset": ("text", says("€".encode("cp1252") * (64 * MIB), content_type="text/plain; charset=cp1252")),
}
READABLE = {
    "lists": ("json", as_large_as_may_be("json", "[],", "[", "1]")),
    "objects": ("json", as_large_as_may_be("json", '{"a":{"a":1}},', "[", "1]")),
    "strings": ("json", as_large_as_may_be("json", '"é",', "[", "1]")),
    "wide strings": ("json", as_large_as_may_be("json", "x" * 4096, '["😀', '"]', 4)),
    "attributes": ("xml", as_large_as_may_be("xml", "<a b='' c=''/>x", "<r>", "</r>")),
    "wide text": ("text", as_large_as_may_be("text", "x" * 4096, "😀", "", 4)),
}


@pytest.fixture(scope="module")
def told():
    """What became of each answer, and how many MiB the process had at most while it read."""
    asked = [*REFUSED.values(), *READABLE.values()]
    with Misbehaving([answer for _, answer in asked]) as server:
        command = [sys.executable, "-c", READS, server.host, *(how for how, _ in asked)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    said = [json.loads(line) for line in done.stdout.splitlines()]
    return dict(zip([("refused", name) for name in REFUSED] + [("read", name) for name in READABLE], said, strict=True))


@pytest.mark.parametrize("name", REFUSED)
def test_an_answer_that_would_not_fit_is_refused_in_little_memory(told, name):
    said, peak = told["refused", name]
    assert said == "Unsafe" and peak < 220


@pytest.mark.parametrize("name", READABLE)
def test_the_largest_answers_that_are_read_fit_into_little_memory(told, name):
    said, peak = told["read", name]
    assert said == "read" and peak < 300
