"""Attacks 13 and 14: what a reporter wrote, and who they are, is in no byte that the hub keeps, publishes or prints."""

import base64
import gzip
import re
import sqlite3
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest
from streamlit.testing.v1 import AppTest

from etl import canonical, gate, shown_texts
from etl.checks import account
from etl.engine import keyed_id
from etl.privacy import review
from etl.privacy.text import Redacted
from etl.vault import open_vault
from hub.app import build
from hub.datasets import tables, views
from hub.outcomes import DISPOSITIONS
from hub.questions import queries
from hub.releases import current
from tests.asking import ask
from tests.attacks import made
from tests.attacks.intruders import told_by_order
from tests.attacks.made import FIRST, FIRST_NAMES, LAST_NAMES
from tests.town import Town, request

CONTACT = {"reporter_name": "Zebulon", "reporter_email": "zebulon@mail", "reporter_phone": "555-0199-77"}
WORDS = {"words": "QUAGGA wrote this", "note": "fixed, QUAGGA was told"}
CANARIES = ("zebulon", "0199-77", "quagga")
RELEASED_NEVER = (*CANARIES, "okapi", "sr-okapi")


def spellings(canary: str) -> Iterator[bytes]:
    """A word as it may lie in a file: as it is, in two bytes a letter, in base64 wherever it begins, in hexadecimals."""
    for word in (canary, canary.upper(), canary.capitalize()):
        yield word.encode()
        yield word.encode("utf-16-le")
        yield word.encode().hex().encode()
        for before in range(3):
            packed = base64.b64encode(b"x" * before + word.encode())
            yield packed[-(-before * 8 // 6) : (before + len(word)) * 8 // 6]  # letters that the word alone decides


def contents(path: Path) -> Iterator[tuple[str, bytes]]:
    """A file's bytes as they lie on the disk, and unpacked: what compression would hide."""
    raw = path.read_bytes()
    yield "bytes", raw
    yield "unzipped", b"".join(unzipped(raw))
    if path.suffix == ".parquet":
        yield "values", repr(pq.read_table(path).to_pylist()).encode()
    if path.suffix == ".db":
        yield "values", b"\n".join(of_sqlite(path))
    if path.suffix == ".duckdb":
        with closing(duckdb.connect(str(path), read_only=True)) as con:
            names = [name for (name,) in con.execute("select table_name from duckdb_tables()").fetchall()]
            yield "values", repr([con.execute(f'from "{name}"').fetchall() for name in names]).encode()


def unzipped(raw: bytes) -> Iterator[bytes]:
    """Everything in the bytes that is packed with gzip."""
    for found in re.finditer(rb"\x1f\x8b\x08", raw):
        try:
            yield zlib.decompressobj(31).decompress(raw[found.start() :])
        except zlib.error:
            continue


def of_sqlite(path: Path) -> Iterator[bytes]:
    """Every value, also of the tables behind a search, and the words that a search would find."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as con:
        yield from (line.encode() for line in con.iterdump())
        searched = con.execute("select name from sqlite_master where sql like '%using fts5%'").fetchall()
        for number, (name,) in enumerate(searched):
            con.execute(f"create virtual table temp.words{number} using fts5vocab(main, '{name}', 'row')")
            yield from (term.encode() for (term,) in con.execute(f"select term from words{number}"))


def found_in(told: bytes, canaries: tuple[str, ...]) -> list[str]:
    return [canary for canary in canaries if any(form in told or form in told.lower() for form in spellings(canary))]


def found(folder: Path, canaries: tuple[str, ...]) -> list[tuple[str, str, str]]:
    """Attack 14. Somebody holds every file, also deleted pages and search indexes, and looks for what he knows."""
    return [
        (str(path.relative_to(folder)), how, canary)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
        for how, told in contents(path)
        for canary in found_in(told, canaries)
    ]


# A city of thousands of canaries, whose officer opted in to text


@pytest.fixture(scope="module")
def planted() -> list[dict]:
    """Half a year of reports; each has a name, an address and a number of its own in every private field."""
    reports = made.world(seed=3, residents=4000, per_day=14, until=FIRST).until(FIRST)
    contact = ({name: f"{word}{n}" for name, word in CONTACT.items()} for n in range(len(reports)))
    return [
        report.row
        | next(contact)
        | {"id": f"SR-OKAPI-{report.id}", "address": f"{report.house.address} OKAPI{n}"}
        | {"words": f"{report.row['words']} QUAGGA{n}", "note": f"{report.row['note']} fixed for QUAGGA{n}"}
        for n, report in enumerate(reports)
    ]


@pytest.fixture(scope="module")
def city(tmp_path_factory, planted) -> tuple[Town, str]:
    """The town with its release, and all that the command said on the way."""
    town = Town.found(tmp_path_factory.mktemp("canaries") / "town", made.POLICY | {"text": {"A": "redacted"}})
    town.on(f"{FIRST}").receive(*planted)
    said = [town.command("check"), town.command("run")]
    with open_vault(town.data) as vault, vault.transaction():
        waiting = [entry.id for entry in review.entries(vault, "text", review.PENDING)]
        review.decide(vault, waiting, review.APPROVED, "Vera Quill, officer")
    said += [town.command("publish"), town.command("status"), town.command("audit", "--json")]
    assert [one.code for one in said] == [0] * 5, said
    return town, "".join(one.out + one.err for one in said)


def test_thousands_of_canaries_are_planted_and_none_is_published_kept_or_said(city, planted):
    town, said = city
    assert 5 * len(planted) > 10_000 and len(town.released()) > 0.8 * len(planted)
    assert found(town.data / "public", RELEASED_NEVER) == []
    assert found(town.data / "lookup", RELEASED_NEVER) == []
    assert found(town.data, ("zebulon", "0199-77")) == []
    assert found_in(said.encode(), RELEASED_NEVER) == []
    assert "reporter_email" in said  # that the column is dropped is told, by its name


def test_no_journal_stands_beside_a_release(city):
    assert not [
        path for path in (city[0].data / "public").rglob("*") if path.name.endswith(("-wal", "-shm", "-journal"))
    ]


TARGETS = [
    "/",
    "/downloads",
    "/manifest.json",
    "/audit.json",
    "/metadata.json",
    "/city.db",
    "/search?q=pothole",
    "/about/privacy",
    "/r",
]
TARGETS += [f"/city/{shown.name}{form}" for shown in (*tables(), *views()) for form in ("", ".json", ".csv?_stream=1")]
TARGETS += [f"/city/{name}.json" for name in queries()]


async def test_nor_are_they_in_any_answer_or_in_what_the_server_says(city, capfd):
    town, _ = city
    site = build(town.data, town.city)
    files = [f"/downloads/{path.name}" for path in (town.release.path / "downloads").iterdir()]
    pages = [f"/requests/{row['public_id']}" for row in town.released("select public_id from service_requests limit 3")]
    answered = 0
    for target in (*TARGETS, *files, *pages):
        answer = await ask(site, target)
        answered += answer.status == 200
        told = b"\n".join([answer.body, *unzipped(answer.body), repr(answer.headers).encode()])
        assert found_in(told, RELEASED_NEVER) == [], target
    assert answered > 0.8 * len(TARGETS)
    assert found_in("".join(capfd.readouterr()).encode(), RELEASED_NEVER) == []


@pytest.mark.parametrize("view", ["overview", "resolution_times"])
def test_nor_in_what_a_dashboard_sends(city, view, monkeypatch):
    monkeypatch.setenv("CITYGLASS_DATA", str(city[0].data))
    page = AppTest.from_function(_page, args=(view,), default_timeout=120).run()
    assert not page.exception
    sent = b"\n".join(block.proto.SerializeToString() for block in (*page.main, *page.sidebar) if block.proto)
    assert len(sent) > 500
    assert found_in(sent, RELEASED_NEVER) == []


def _page(name: str) -> None:
    import importlib

    importlib.import_module(f"dashboards.views.{name}").render()


def test_the_order_of_rows_in_the_table_and_in_the_files_tells_nothing_of_time(city, planted):
    """Attack 2: rowid, the order in a download, and where a row's letters first stand in the file."""
    town, _ = city
    made_on = {f"SR-OKAPI-{r.id}": r for r in made.world(seed=3, residents=4000, per_day=14, until=FIRST).reports}
    key = (town.data / "private" / "keys" / "release.key").read_bytes()
    known = {keyed_id(key, "requests", source_id)[1]: report for source_id, report in made_on.items()}
    raw, packed = town.release.db.read_bytes(), town.release.path / "downloads" / "service_requests.csv.gz"
    rows = town.released("select rowid, public_id from service_requests order by rowid")
    orders = {
        "rowid": [row["public_id"] for row in rows],
        "file": sorted((row["public_id"] for row in rows), key=lambda letters: raw.find(letters.encode())),
        "download": re.findall(r"^\d+,\"?([a-z2-7]{16})\"?,", gzip.decompress(packed.read_bytes()).decode(), re.M),
    }
    for name, order in orders.items():
        assert len(order) == len(rows)
        assert abs(told_by_order(order, known)) < max(0.02, 4 / len(order) ** 0.5), name


# 13: the text itself


TIME, RUN = re.compile(r"\d:[0-5]\d"), re.compile(r"\d{4,}")
NAMES = re.compile("|".join(rf"\b{name}\b" for name in (*FIRST_NAMES, *LAST_NAMES)))


def leaks(texts: list[str]) -> dict[str, int]:
    """Attack 13. Somebody reads the texts: names, times, and numbers to call."""
    forms = {"a name": NAMES, "a time": TIME, "a number": RUN, "a phone": re.compile(r"555")}
    return {what: n for what, form in forms.items() if (n := sum(bool(form.search(text)) for text in texts))}


def test_notes_as_they_are_written_repeat_what_the_columns_hide(planted):
    notes = [row["note"] for row in planted if row["closed"]]
    assert leaks(notes)["a time"] > 0.9 * len(notes) and leaks(notes)["a name"] > 0.9 * len(notes)


def test_what_is_released_of_them_does_not(city):
    rows = city[0].released()
    texts = [row["text"] for row in rows if row["text"]]
    assert len(texts) > 100
    assert leaks(texts) == {}
    assert {row["text"] for row in rows if row["tier"] != "A"} == {None}
    assert {row["disposition"] for row in rows} <= {None, *DISPOSITIONS}


# Broken files, and searches that find something


def few(numbers: range) -> list[dict]:
    rows = [request(n, closed="2024-03-06 09:00:00", **WORDS) for n in numbers]
    rows += [request(n, "Rats", **WORDS) for n in range(100, 110)] + [request(200, "Secret", **WORDS)]
    # the vault needs ids and addresses, the latter to count places; a release needs neither
    return [row | CONTACT | {"id": f"SR-OKAPI-{row['id']}", "address": f"{row['id']} OKAPI Street"} for row in rows]


@pytest.fixture
def town(tmp_path):
    return Town.found(tmp_path)


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
    path = town.receive(*few(range(30)))
    path.write_bytes(BROKEN[harm](path.read_text("utf-8")).encode("latin-1"))
    said = town.command("pull")
    assert found_in((said.out + said.err).encode(), RELEASED_NEVER) == []
    assert found(town.data, CANARIES) == []


def test_a_city_that_did_not_opt_in_keeps_no_word_of_theirs(town):
    town.receive(*few(range(30)))
    assert town.command("run").code == 0
    assert len(town.released()) == 40
    assert found(town.data, CANARIES) == []


def test_the_search_would_find_them_if_the_vault_kept_free_text(town, monkeypatch):
    monkeypatch.setattr(canonical, "stored", lambda dataset: dataset.record)
    town.receive(*few(range(3)))
    town.command("pull")
    assert {canary for _, _, canary in found(town.data, CANARIES)} == {"quagga"}


def test_the_search_would_find_them_in_files_downloads_and_search_words_if_a_city_mapped_a_contact(town):
    fields = {"agency_responsible": "reporter_name", "service_group": "reporter_email"}
    town.describe({"sources": {"requests": {"fields": fields}}})
    town.decide(tiers={"zebulon@mail": "A"})
    town.receive(*few(range(30)))
    town.command("run")
    hits = {(path.rpartition(".")[2], how) for path, how, _ in found(town.data / "public", ("zebulon",))}
    assert {("gz", "unzipped"), ("parquet", "values"), ("db", "bytes"), ("db", "values")} <= hits
    assert b"zebulon" in list(of_sqlite(current(town.data).db))


def test_without_the_layers_the_texts_would_leak(town, planted, monkeypatch):
    monkeypatch.setattr(shown_texts, "redact", lambda texts, places: [Redacted(text, "", ()) for text in texts])
    monkeypatch.setattr(gate, "CHECKS", (account.unique_ids,))
    town.decide(**made.POLICY, text={"A": "redacted"})
    town.receive(*planted[:300])
    town.run()
    texts = [row["text"] for row in town.released() if row["text"]]
    assert {"a name", "a time", "a phone"} <= set(leaks(texts))
    assert found_in("".join(texts).encode(), ("quagga",)) == ["quagga"]
