"""Public ids: a keyed hash that only the city can make, the same for ever; without the key nothing is published."""

import base64
import hashlib
import hmac
import stat

import duckdb
import pyarrow as pa
import pytest

from etl.engine import DuckEngine, keyed_id
from etl.privacy.pseudonym import public_ids
from hub.public_ids import id_of
from tests.town import Town, request, requests

CANARY = "SR-CANARY-20"
IDS = ["1", "001", "SR-2024-00001", "ünïcode", "x" * 200, "a,b|c\x1fd"]


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    town = Town.found(tmp_path_factory.mktemp("keys"))
    town.receive(*requests(range(20)), request(20) | {"id": CANARY})
    town.run()
    return town


def by_the_standard_library(key: bytes, source: str, record_key: str) -> tuple[int, str]:
    mac = hmac.new(key, source.encode() + b"\x1f" + record_key.encode(), hashlib.sha256).digest()
    return int.from_bytes(mac[:8], "big") >> 1, base64.b32encode(mac).decode().lower()[:16]


@pytest.mark.parametrize("key", [b"k" * 32, bytes(range(32)), b"\xff" * 32])
def test_the_engine_makes_the_ids_that_the_standard_library_makes(key):
    with duckdb.connect() as con:
        engine = DuckEngine(con)
        frame = engine.given(pa.table({"source": ["requests"] * len(IDS), "key": IDS}))
        keyed = engine.arrow(engine.keyed(frame, key)).combine_chunks()
        letters = public_ids(keyed["id"].chunk(0), keyed["id_tail"].chunk(0))
        found = zip(keyed["id"].to_pylist(), letters.to_pylist(), strict=True)
        made = dict(zip(keyed["key"].to_pylist(), found, strict=True))
    assert made == {text: by_the_standard_library(key, "requests", text) for text in IDS}
    assert made == {text: keyed_id(key, "requests", text) for text in IDS}


def test_released_ids_are_made_with_the_citys_own_key(town):
    key = (town.data / "private" / "keys" / "release.key").read_bytes()
    expected = {by_the_standard_library(key, "requests", text) for text in [*map(str, range(20)), CANARY]}
    assert {(row["id"], row["public_id"]) for row in town.released()} == expected
    assert all(id_of(row["public_id"]) == row["id"] for row in town.released())


def test_rows_stand_in_the_order_of_their_ids_which_tells_nothing_of_time(town):
    ids = [row["id"] for row in town.released("select id from service_requests order by rowid")]
    assert ids == sorted(ids)
    arrived = town.vault("select service_request_id from records_service_requests order by requested_datetime, key")
    key = (town.data / "private" / "keys" / "release.key").read_bytes()
    assert ids != [by_the_standard_library(key, "requests", text)[0] for (text,) in arrived]


def test_no_source_id_is_in_the_release(town):
    assert (CANARY,) in town.vault("select key from records_service_requests")
    for path in town.release.path.rglob("*"):
        assert path.is_dir() or CANARY.encode() not in path.read_bytes()


def test_the_key_is_32_random_bytes_that_only_the_owner_may_read(town):
    path = town.data / "private" / "keys" / "release.key"
    assert (stat.S_IMODE(path.stat().st_mode), len(path.read_bytes())) == (0o600, 32)
    assert stat.S_IMODE(path.parent.stat().st_mode) & 0o077 == 0
    assert stat.S_IMODE((town.data / "private").stat().st_mode) & 0o077 == 0
    assert path.parent.parent.parent == town.data and not list(town.data.glob("public/**/*.key"))


def written(path, key: bytes) -> None:
    path.write_bytes(key)
    path.chmod(0o600)


HARMS = pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda path: path.unlink(), "is gone, but releases were made with it"),
        (lambda path: written(path, b"x" * 32), "not the one that earlier releases were made with"),
        (lambda path: written(path, b"x" * 7), "is damaged"),
    ],
    ids=["lost", "exchanged", "damaged"],
)


@HARMS
@pytest.mark.parametrize("verb", ["run", "publish"])
def test_a_key_that_is_lost_is_told_even_where_there_is_nothing_new_to_publish(town, verb, harm, message):
    path = town.data / "private" / "keys" / "release.key"
    key = path.read_bytes()
    harm(path)
    said = town.command(verb)
    written(path, key)
    assert (said.code, message in said.err, "backup" in said.err) == (3, True, True)
    assert "Nothing has changed" in town.command(verb).out


@HARMS
def test_without_the_key_nothing_more_is_published_and_the_release_stays(town, harm, message):
    path, serving = town.data / "private" / "keys" / "release.key", town.release.id
    key = path.read_bytes()
    harm(path)
    town.receive(*requests(range(20)), request(21))
    said = town.command("run")
    path.write_bytes(key)
    path.chmod(0o600)
    assert (said.code, message in said.err, "backup" in said.err) == (3, True, True)
    assert key.hex() not in said.err + said.out
    assert town.release.id == serving


def test_ids_stay_the_same_from_release_to_release(town):
    before = {row["public_id"] for row in town.released()}
    town.receive(*requests(range(20)), request(20) | {"id": CANARY}, request(99))
    assert town.command("run").code == 0
    assert before < {row["public_id"] for row in town.released()}
