"""Epochs: k goes down only with a signature for it; after a change of key every id is new and every bond of old holds."""

import json
import shutil
import sqlite3
import stat
from datetime import date

import pytest

from etl import epochs
from etl.engine import keyed_id
from etl.privacy import review
from etl.vault import open_vault
from hub.releases import kept
from tests.town import BY, SISTERS, Town, requests

NEXT_WEEK = "2024-07-08"
RATS = [
    row for n, cell in enumerate(SISTERS[:2]) for row in requests(range(50 + 10 * n, 60 + 10 * n), "Rats", cell=cell)
]
ROWS = [*requests(range(20)), *RATS, *requests(range(100, 103), "Secret")]
PLACED = ("place_id", "requested_bucket", "requested_grain", "late")


def key_of(town: Town, version: int) -> bytes:
    name = "release.key" if version == 1 else f"release-{version}.key"
    return (town.data / "private" / "keys" / name).read_bytes()


def public_id(town: Town, number: object, version: int) -> str:
    return keyed_id(key_of(town, version), "requests", str(number))[1]


def shown(town: Town, version: int, numbers) -> dict[int, tuple]:
    """How each request is placed, by its number in the city's system."""
    rows = {row["public_id"]: tuple(row[name] for name in PLACED) for row in town.released()}
    return {n: rows[public_id(town, n, version)] for n in numbers if public_id(town, n, version) in rows}


@pytest.fixture(scope="module")
def first(tmp_path_factory) -> Town:
    town = Town.found(tmp_path_factory.mktemp("epochs") / "town")
    town.receive(*ROWS)
    town.run()
    return town


@pytest.fixture
def town(first, tmp_path) -> Town:
    return Town.copy_of(first.folder, tmp_path / "town")


@pytest.fixture(scope="module")
def changed(first, tmp_path_factory) -> Town:
    """A town whose key was changed, and that has published since."""
    town = Town.copy_of(first.folder, tmp_path_factory.mktemp("changed") / "town")
    assert town.command("privacy", "rotate-key", *BY).code == 0
    assert town.command("publish").code == 0
    return town


# k


def number(town: Town) -> tuple[int, int]:
    [line] = town.released("select epoch, key_version from releases")
    audit = json.loads((town.release.path / "audit.json").read_text("utf-8"))
    assert line["epoch"] == town.release.manifest["epoch"] == audit["epoch"]
    assert [line] == town.released("select distinct epoch, key_version from _privacy_audit")
    return line["epoch"], line["key_version"]


def test_k_that_city_yml_raised_goes_down_again_only_with_a_signature_for_it(town):
    assert number(town) == (1, 1)
    town.describe({"privacy": {"k": {"B": 10}}})
    assert town.command("publish").code == 0 and number(town) == (2, 1)
    town.describe({"privacy": {"k": {"B": None}}})
    refused, serving = town.command("publish"), town.release.id
    assert (refused.code, "k of tier B was 10 and is 5" in refused.err, "--sign-off" in refused.err) == (6, True, True)
    assert town.command("publish").code == 6 and town.release.id == serving
    assert town.command("publish", "--sign-off", "Ana Diaz, data officer").code == 0
    assert number(town) == (3, 1) and town.release.manifest["signed"] == "Ana Diaz, data officer"
    town.describe({"privacy": {"k": {"B": 10}}})
    town.command("publish")
    town.describe({"privacy": {"k": {"B": 5}}})
    assert town.command("publish").code == 6  # what was signed was signed for then


def test_a_signature_that_waits_for_another_mistake_to_be_mended_still_holds(town):
    town.describe({"privacy": {"k": {"B": 10}}})
    town.run()
    town.describe({"privacy": {"k": {"B": 6}}})
    broken = town.data / "private" / "keys" / "release.key"
    broken.chmod(0o644)
    assert town.command("publish", "--sign-off", "Ana Diaz, data officer").code == 3
    broken.chmod(0o600)
    assert town.command("publish").code == 0


LOOSER = {
    "a shorter delay": ({"delay_days": 9}, {"delay_days": 2}, "privacy.delay_days was 9 and is 2"),
    "a column again": ({"columns": {"channel": "withheld"}}, {"columns": None}, "withheld channel and does not"),
    "a smaller k of C": ({"k": {"C": 30}}, {"k": {"C": 12}}, "k of tier C was 30 and is 12"),
}


@pytest.mark.parametrize("name", LOOSER)
def test_every_choice_of_city_yml_is_let_go_only_with_a_signature(town, name):
    strict, looser, words = LOOSER[name]
    town.describe({"privacy": strict})
    assert town.command("publish").code == 0
    town.describe({"privacy": looser})
    refused = town.command("publish")
    assert (refused.code, words in refused.err) == (6, True)
    town.decide(signed={"on": date(2024, 8, 1)})  # signed anew in the file
    assert town.command("publish").code == 0


def test_what_is_stricter_needs_no_new_signature(town):
    for strict in ({"k": {"B": 6}}, {"k": {"B": 7, "C": 12}}, {"delay_days": 3}, {"delay_days": 4}):
        town.describe({"privacy": strict})
        assert town.command("publish").code == 0
    assert number(town) == (3, 1)


def test_an_older_text_with_its_older_signature_is_not_taken_back_silently(town):
    path = town.folder / "policies" / "service_requests.yml"
    first = path.read_text("utf-8")
    town.decide(tiers={"Streets": "B"})
    assert town.command("publish").code == 0
    path.write_text(first, "utf-8")
    refused = town.command("publish")
    assert (refused.code, "another text than it was then, with an older signature" in refused.err) == (6, True)


# the key


def test_after_a_change_of_key_every_public_id_is_another_and_the_rows_are_the_same(first, changed):
    before, after = first.released(), changed.released()
    assert not {row["public_id"] for row in before} & {row["public_id"] for row in after}
    assert not {row["id"] for row in before} & {row["id"] for row in after}
    numbers = [*range(20), *range(50, 70)]
    assert shown(first, 1, numbers) == shown(changed, 2, numbers) and len(shown(changed, 2, numbers)) == 40
    assert number(changed) == (2, 2)


def test_the_keys_are_apart_and_only_the_owner_may_read_them(first, changed):
    keys = changed.data / "private" / "keys"
    assert sorted(path.name for path in keys.glob("release*")) == ["release-2.key", "release.key"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in keys.iterdir()} == {0o600}
    assert key_of(changed, 1) == key_of(first, 1) != key_of(changed, 2)
    lookups = [(town.data / "lookup" / "lookup.key").read_bytes() for town in (first, changed)]
    assert lookups[0] == lookups[1] not in (key_of(changed, 1), key_of(changed, 2))


def test_who_decided_is_kept_and_nobody_is_refused(town):
    said = town.command("privacy", "rotate-key")
    assert (said.code, "--by" in said.err) == (3, True)
    assert not (town.data / "private" / "keys" / "release-2.key").exists()
    town.command("privacy", "rotate-key", *BY)
    assert town.vault("select value from settings where name = 'rotated:2'") == [("Ana Diaz, data officer",)]


def test_before_the_first_release_there_is_nothing_to_change(tmp_path):
    said = Town.found(tmp_path).command("privacy", "rotate-key", *BY)
    assert (said.code, "Nothing was released with the key" in said.err) == (3, True)


def coarsened(town: Town) -> dict[int, tuple]:
    """Rows of B that an erasure made coarser; more like them come, with whom they would be fine again."""
    gone = [str(n) for n in (*range(50, 56), *range(60, 66))]
    assert town.command("erase", *(word for n in gone for word in ("--id", n)), "--publish").code == 0
    left = [*range(56, 60), *range(66, 70)]
    before = shown(town, 1, left)
    assert len({placed[0] for placed in before.values()}) == 1 and len(before) == 8
    return before


MORE = [
    row for n, cell in enumerate(SISTERS[:2]) for row in requests(range(80 + 10 * n, 90 + 10 * n), "Rats", cell=cell)
]


def grown(town: Town, before: dict[int, tuple]) -> dict[int, tuple]:
    """The same rows after a change of key, when enough like them have come."""
    assert town.command("privacy", "rotate-key", *BY).code == 0
    town.on(NEXT_WEEK).receive(*ROWS, *MORE)
    said = town.command("run")
    assert said.code == 0, said.err
    return shown(town, 2, before)


def test_what_was_released_under_the_former_key_becomes_no_finer_under_the_new_one(town):
    before = coarsened(town)
    assert grown(town, before) == before


def test_were_the_ledger_not_translated_the_gate_would_stop_them_and_else_they_would_become_finer(town, monkeypatch):
    before = coarsened(town)
    monkeypatch.setattr(epochs, "_rename", epochs._meet)
    monkeypatch.setattr(epochs, "_away", lambda vault: set())
    with pytest.raises(AssertionError, match="monotone is 8"):
        grown(town, before)
    monkeypatch.setattr(epochs, "copy_under", lambda key, vault, data, before, to: shutil.copy(before.db, to))
    assert town.command("publish").code == 0
    after = shown(town, 2, before)
    assert len(after) == 8 and after != before


def test_a_record_that_is_away_when_the_key_changes_is_bound_when_it_is_back(town):
    before = coarsened(town)
    with open_vault(town.data) as vault:
        vault.con.execute("create table away as from records_service_requests where key = '56'")
        for table in ("records_service_requests", "weekly"):
            vault.con.execute(f"delete from {table} where key = '56'")
    assert town.command("privacy", "rotate-key", *BY).code == 0
    assert len(town.vault("select * from former_ids")) == 13  # with twelve that were erased
    with open_vault(town.data) as vault:
        vault.con.execute("insert into records_service_requests from away; drop table away")
    town.on(NEXT_WEEK).receive(*ROWS, *MORE)
    assert town.command("run").code == 0
    assert shown(town, 2, before) == before
    assert len(town.vault("select * from former_ids")) == 12


def test_an_erasure_after_the_change_reaches_releases_made_under_the_former_key(town):
    town.command("privacy", "rotate-key", *BY)
    old = public_id(town, 7, 1)
    said = town.command("erase", "--public-id", old)
    assert (said.code, "still shows it" in said.out) == (0, True)
    shows = town.release.id
    assert town.command("publish").code == 0
    assert shows not in [release.id for release in kept(town.data)]
    assert not shown(town, 2, [7]) and len(town.released()) == 39
    town.receive(*ROWS)
    town.command("run")
    assert not shown(town, 2, [7])
    assert town.command("audit", "--gate").code == 0


def test_what_an_officer_took_down_stays_down(town):
    old = public_id(town, 3, 1)
    with open_vault(town.data) as vault:
        review.put(vault, "text", [review.Entry("text", old, "hash", "words", 0.9)])
        with vault.transaction():
            review.decide(vault, [old], review.REJECTED, "Vera Quill, officer")
    town.command("privacy", "rotate-key", *BY)
    assert town.vault("select id, state from review_queue") == [(public_id(town, 3, 2), "rejected")]


def test_the_gate_compares_rows_across_the_change(town, monkeypatch):
    """It looks at a copy of the release before in which each row has its new id."""
    seen = []

    def copy(key, vault, data, before, to):
        real(key, vault, data, before, to)
        with sqlite3.connect(to) as con:
            seen.extend(number for (number,) in con.execute("select id from service_requests order by id"))

    real = epochs.copy_under
    monkeypatch.setattr(epochs, "copy_under", copy)
    town.command("privacy", "rotate-key", *BY)
    assert town.command("publish").code == 0
    assert seen == [row["id"] for row in town.released()] and len(seen) == 40
    assert not list((town.data / "public" / "releases").glob(".building-*"))


def test_without_the_former_key_nothing_is_erased_from_what_it_made(changed, tmp_path):
    town = Town.copy_of(changed.folder, tmp_path / "town")
    (town.data / "private" / "keys" / "release.key").unlink()
    said = town.command("erase", "--id", "5")
    assert (said.code, "release.key is gone" in said.err, "backup" in said.err) == (3, True, True)
    assert town.command("publish").code == 0  # what is published needs the new one alone


def test_an_older_vault_does_not_publish_beside_newer_releases(first, changed, tmp_path):
    town = Town.copy_of(changed.folder, tmp_path / "town")
    for path in (town.data / "private").glob("vault*"):
        path.unlink()
    shutil.copy(first.data / "private" / "vault.duckdb", town.data / "private" / "vault.duckdb")
    said = town.command("publish")
    assert (said.code, "The vault is older than a release" in said.err) == (3, True)


def test_a_second_change_goes_on_from_the_first(changed, tmp_path):
    town = Town.copy_of(changed.folder, tmp_path / "town")
    town.command("privacy", "rotate-key", *BY)
    assert town.command("publish").code == 0
    assert number(town) == (3, 3) and len(shown(town, 3, range(20))) == 20
