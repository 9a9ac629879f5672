"""Canaries: what a reporter wrote, and who they are, is in no byte that the hub keeps, publishes or prints."""

import gzip
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

from etl import canonical
from tests.town import Town, request

CONTACT = {"reporter_name": "Zebulon", "reporter_email": "zebulon@mail", "reporter_phone": "555-0199-77"}
WORDS = {"words": "QUAGGA wrote this", "note": "fixed, QUAGGA was told"}
CANARIES = (b"zebulon", b"0199-77", b"quagga")
RELEASED_NEVER = (*CANARIES, b"okapi", b"sr-okapi")


@pytest.fixture
def town(tmp_path):
    return Town.found(tmp_path)


def planted(numbers: range) -> list[dict]:
    rows = [request(n, closed="2024-03-06 09:00:00", **WORDS) for n in numbers]
    rows += [request(n, "Rats", **WORDS) for n in range(100, 110)] + [request(200, "Secret", **WORDS)]
    # the vault needs ids and addresses, the latter to count places; a release needs neither
    return [row | CONTACT | {"id": f"SR-OKAPI-{row['id']}", "address": f"{row['id']} OKAPI Street"} for row in rows]


def contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """A file's bytes as they lie on the disk, and unpacked: what compression would hide."""
    raw = path.read_bytes()
    yield "bytes", raw
    if path.suffix == ".gz":
        yield "unzipped", gzip.decompress(raw)
    if path.suffix == ".parquet":
        yield "values", repr(pq.read_table(path).to_pylist()).encode()
    if path.suffix == ".db":
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as con:
            yield "values", "\n".join(con.iterdump()).encode()
    if path.suffix == ".duckdb":
        with closing(duckdb.connect(str(path), read_only=True)) as con:
            names = [name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()]
            yield "values", repr([con.execute(f'from "{name}"').fetchall() for name in names]).encode()


def found(folder: Path, canaries: tuple[bytes, ...]) -> list[tuple[str, str, bytes]]:
    return [
        (str(path.relative_to(folder)), how, canary)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for how, told in contents(path)
        for canary in canaries
        if canary in told.lower()
    ]


def test_no_reporter_and_no_free_text_is_in_the_vault_the_release_or_any_message(town):
    town.receive(*planted(range(30)))
    said = [town.command("check"), town.command("run"), town.command("status"), town.command("audit", "--json")]
    assert [one.code for one in said] == [0] * 4
    assert len(town.released()) == 40
    assert found(town.data, CANARIES) == []
    assert found(town.data / "public", RELEASED_NEVER) == []
    printed = "".join(one.out + one.err for one in said).lower().encode()
    assert [canary for canary in RELEASED_NEVER if canary in printed] == []
    assert "reporter_email" in said[0].out  # that the column is dropped is told, by its name


BROKEN = {
    "an open quote": lambda text: text.replace("1 OKAPI", '"1 OKAPI', 1),
    "a cut end": lambda text: text[:-40],
    "ragged rows": lambda text: text.replace("Zebulon", "Zebulon,Zebulon", 3),
    "no id": lambda text: text.replace("SR-OKAPI-", "", 1).replace("\n0,", "\n,", 1),
    "impossible dates": lambda text: text.replace("2024-03-05 09:00:00", "QUAGGA", 5),
    "latin letters": lambda text: text.replace("Zebulon", "Zebulön", 1),
}


@pytest.mark.parametrize("harm", BROKEN)
def test_nor_are_they_in_what_is_said_and_kept_of_a_broken_file(town, harm):
    path = town.receive(*planted(range(30)))
    path.write_bytes(BROKEN[harm](path.read_text("utf-8")).encode("latin-1"))
    said = town.command("pull")
    assert [canary for canary in RELEASED_NEVER if canary in (said.out + said.err).lower().encode()] == []
    assert found(town.data, CANARIES) == []


def test_the_search_would_find_them_if_the_vault_kept_free_text(town, monkeypatch):
    monkeypatch.setattr(canonical, "stored", lambda dataset: dataset.record)
    town.receive(*planted(range(3)))
    town.command("pull")
    assert {canary for _, _, canary in found(town.data, CANARIES)} == {b"quagga"}


def test_the_search_would_find_them_if_a_city_mapped_a_contact_to_a_released_column(town):
    town.describe({"sources": {"requests": {"fields": {"agency_responsible": "reporter_name"}}}})
    town.receive(*planted(range(30)))
    town.command("run")
    hits = {how for path, how, _ in found(town.data / "public", (b"zebulon",)) if path.endswith((".gz", ".parquet"))}
    assert {"unzipped", "values"} <= hits
