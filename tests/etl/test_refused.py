"""A reading that is refused leaves the vault as it was, and what was erased leaves the public whatever the sources do."""

import pytest

from etl import undo
from etl.engine import keyed_id
from tests.town import Town, request, requests

HELD = {
    "records_service_requests": "key",
    "quarantine": "key, hash",
    "closings": "number",
    "texts": "key",
    "readings": "part",
    "walks": "source",
}
BASE = [*requests(range(60)), request(70, opened="soon"), *requests(range(80, 90), closed="2024-03-07 09:00:00")]


def held(town: Town) -> dict[str, list]:
    return {table: town.vault(f"select * from {table} order by {keys}") for table, keys in HELD.items()}


def without(column: str) -> list[dict]:
    return [{name: value for name, value in row.items() if name != column} for row in BASE]


@pytest.fixture
def town(tmp_path):
    """One that has published, with texts in its vault."""
    town = Town.found(tmp_path, policy={"text": {"A": "redacted"}})
    town.receive(*(row | {"words": f"Hole {row['id']}"} for row in BASE))
    assert town.command("run").code == 0
    return town


REFUSED = {
    "a column is gone": without("closed"),
    "three of four rows are gone": [
        *BASE[:15],
        *requests(range(200, 230), status="Done", closed="2024-03-08 09:00:00"),
    ],
    "the dates of many cannot be read": [row | {"opened": "soon"} for row in BASE[:40]] + BASE[40:],
}


@pytest.mark.parametrize("rows", REFUSED.values(), ids=REFUSED)
def test_a_refused_reading_leaves_the_vault_as_it_was(town, rows):
    before = held(town)
    town.receive(*(row | {"words": f"Other {row['id']}"} for row in rows))
    refused = town.command("run")
    assert refused.code == 5, refused
    assert held(town) == before
    assert town.command("publish").out.startswith("Nothing has changed since the last release")
    assert {row["status"] for row in town.released()} == {"open", "closed"}
    town.receive(*(row | {"words": f"Hole {row['id']}"} for row in BASE))
    assert town.command("run").out.startswith("requests: unchanged")


def test_without_what_it_replaced_the_refused_reading_would_stand(town, monkeypatch):
    before = held(town)
    monkeypatch.setattr(undo, "remember", lambda vault, source: None)
    town.receive(*without("closed"))
    assert town.command("run").code == 5
    assert held(town)["records_service_requests"] != before["records_service_requests"]


def public_ids(town: Town) -> set[int]:
    return {row["id"] for row in town.released()}


def id_of(town: Town, row: dict) -> int:
    key = (town.data / "private" / "keys" / "release.key").read_bytes()
    return keyed_id(key, "requests", row["id"])[0]


@pytest.mark.parametrize("broken", ["refused", "cut"])
@pytest.mark.parametrize("verb", ["erase", "publish", "run"])
def test_what_was_erased_leaves_the_public_though_a_source_is_broken(town, broken, verb):
    town.receive(*without("closed"))
    if broken == "cut":
        path = town.folder / "requests.csv"
        path.write_text(path.read_text("utf-8")[:-3] + '"', "utf-8")
    code = town.command("pull").code
    assert code == {"refused": 5, "cut": 4}[broken]
    gone = id_of(town, BASE[3])
    assert gone in public_ids(town)
    said = town.command("erase", "--id", BASE[3]["id"], *(["--publish"] if verb == "erase" else []))
    assert said.code == 0, said
    if verb != "erase":
        assert town.command(verb).code == {"publish": 0, "run": code}[verb]
    assert gone not in public_ids(town)
    assert len(public_ids(town)) > 40
    assert town.command("audit", "--gate").code == 0
