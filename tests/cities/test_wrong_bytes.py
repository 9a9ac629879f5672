"""Encodings, compression and truncation below the rows."""

import csv
import io
import time

import httpx
import orjson
import pytest

from tests.cities.model import Model
from tests.cities.pages import OPEN311, ids, page
from tests.cities.readers import WEB, ask
from tests.cities.server import City

MIB = 1 << 20
ROWS = 100


def test_the_charset_is_not_what_the_header_says(city):
    honest = page(city).content
    city.faults("charset", "iso-8859-1", request=2)
    city.faults("encoded", "cp1252", request=3)
    city.faults("encoded", "utf-16", request=4)
    city.faults("bom", request=5)
    lied = page(city)
    assert lied.headers["Content-Type"].endswith("charset=iso-8859-1") and lied.content == honest
    assert page(city).content.decode("cp1252") == honest.decode()
    assert page(city).content.decode("utf-16") == honest.decode()
    assert page(city).content == b"\xef\xbb\xbf" + honest


def test_bytes_are_no_characters(city):
    city.faults("invalid_utf8")
    with pytest.raises(UnicodeDecodeError):
        page(city).content.decode()


def test_one_row_is_giant_and_never_whole_in_memory(city):
    city.faults("giant_row", 40)
    seen, first = 0, time.process_time()
    with WEB.stream("GET", f"{city.url}{OPEN311}.json") as answer:
        assert int(answer.headers["Content-Length"]) > 40 * MIB
        for piece in answer.iter_raw():
            seen += len(piece)
    assert seen == int(answer.headers["Content-Length"]) and time.process_time() - first < 10


def test_compression_is_right_or_broken_for_those_who_accept_it(city):
    honest = page(city).content
    city.faults("gzip", request=2)
    city.faults("broken_deflate", has="page_size")
    packed = page(city, **{"Accept-Encoding": "gzip"})
    assert packed.content == honest and packed.headers["Content-Encoding"] == "gzip"
    with pytest.raises(httpx.DecodingError):
        page(city, **{"Accept-Encoding": "deflate"})
    assert page(city, **{"Accept-Encoding": "identity"}).content == honest


@pytest.mark.parametrize("word", ["cut", "cut_chunked"])
def test_a_body_ends_too_early_and_the_transport_can_tell(city, word):
    city.faults(word, 700, page=1)
    with pytest.raises(httpx.RemoteProtocolError):
        page(city)
    assert len(ids(page(city))) == 10 and city.asked_again()


@pytest.mark.parametrize("word", ["cut_silently", "cut_text"])
def test_a_body_ends_too_early_and_only_its_text_can_tell(city, word):
    city.faults(word, 700, page=1)
    answer = page(city)
    assert len(answer.content) == 700 and ("Content-Length" in answer.headers) == (word == "cut_text")
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(answer.content)


def test_a_silently_cut_file_loses_rows_without_noticing():
    with City(Model(rows=ROWS), "files") as city:
        whole = ask(city, "/files/requests.csv")
        at = whole.content.index(b"JOB_54")
        city.faults("cut_silently", at)
        told = list(csv.DictReader(io.StringIO(ask(city, "/files/requests.csv").text)))
        assert len(told) == 53 and [row["id"] for row in told] == list(city.model.rows)[:53]


def test_a_body_comes_late_or_byte_by_byte(city):
    city.faults("late", 0.1, request=1)
    city.faults("slow", 0.001, request=2)
    for least in (0.1, 0.1):
        start = time.monotonic()
        assert page(city, size=1).status_code == 200 and time.monotonic() - start > least


def test_no_single_read_times_out_while_bytes_trickle(city):
    city.faults("slow", 0.02)
    start = time.monotonic()
    with httpx.stream("GET", f"{city.url}{OPEN311}.json", timeout=1) as answer:
        for _ in answer.iter_raw(1):
            if time.monotonic() - start > 0.3:
                break
    assert time.monotonic() - start < 1
