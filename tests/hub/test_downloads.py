"""Whole tables come as files that can be checked, resumed and kept, and nothing else can be fetched that way."""

import gzip
import hashlib

import pytest

from hub.releases import current
from tests.asking import ask

FILE = "/downloads/service_requests.csv.gz"


async def test_a_file_is_the_one_of_the_release_and_tells_its_hash(site, data):
    answer = await ask(site, FILE)
    assert answer.status == 200
    assert answer.body == (current(data).path / FILE[1:]).read_bytes()
    assert hashlib.sha256(answer.body).hexdigest() == answer.headers["x-content-sha256"]
    assert int(answer.headers["content-length"]) == len(answer.body)
    assert gzip.decompress(answer.body).startswith(b"id,public_id,tier,")
    assert "content-encoding" not in answer.headers


async def test_a_broken_download_can_go_on(site):
    whole = await ask(site, FILE)
    half = await ask(site, FILE, headers={"range": "bytes=0-99"})
    rest = await ask(site, FILE, headers={"range": "bytes=100-", "if-range": half.headers["etag"]})
    assert (half.status, rest.status) == (206, 206)
    assert half.body + rest.body == whole.body
    assert half.headers["content-range"] == f"bytes 0-99/{len(whole.body)}"
    assert (await ask(site, FILE, headers={"range": "bytes=99999999-"})).status == 416
    other = await ask(site, FILE, headers={"range": "bytes=100-", "if-range": '"another"'})
    assert (other.status, other.body) == (200, whole.body)


async def test_what_a_visitor_holds_is_not_sent_again(site):
    first = await ask(site, FILE)
    for asked in (
        {"if-none-match": first.headers["etag"]},
        {"if-none-match": f'"x", W/{first.headers["etag"]}'},
        {"if-modified-since": first.headers["last-modified"]},
    ):
        again = await ask(site, FILE, headers=asked)
        assert (again.status, again.body) == (304, b"")
        assert again.headers["etag"] == first.headers["etag"]
    for asked in (
        {"if-none-match": '"x"'},
        {"if-modified-since": "Thu, 01 Jan 1970 00:00:00 GMT"},
        {"if-modified-since": "nonsense"},
    ):
        assert (await ask(site, FILE, headers=asked)).status == 200


@pytest.mark.parametrize(
    "name",
    [
        "../city.db",
        "..%2fcity.db",
        "..%2Fmanifest.json",
        "%2e%2e/city.db",
        "....//city.db",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "..",
        ".",
        "nothing.csv",
        "service_requests.csv.gz/",
        "service_requests.csv.gz%00",
        "SERVICE_REQUESTS.csv.gz",
    ],
)
async def test_nothing_else_can_be_fetched(site, name):
    answer = await ask(site, f"/downloads/{name}")
    assert answer.status in (302, 400, 404)
    assert b"SQLite format" not in answer.body and b"root:" not in answer.body


async def test_only_the_head_can_be_asked_for(site):
    answer = await ask(site, FILE, method="HEAD")
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["x-content-sha256"]
