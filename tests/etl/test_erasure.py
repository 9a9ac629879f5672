"""Erasure: what a person asked to be erased is nowhere any more, and never comes back, not even coarser."""

import hashlib
import hmac
import json
import shutil
from pathlib import Path

import pytest

from etl import run, tombstones, vault, withdrawal
from etl.engine import keyed_id
from etl.erasure import Wanted, erase
from etl.vault import open_vault
from hub import releases
from hub.app import build
from tests.asking import ask as visit
from tests.town import SISTERS, Town, ask, request, requests

CANARY = "SR-CANARY-7701"
STREET = "7701 Whippoorwill Crescent"
ROWS = (*requests(range(20)), *requests(range(100, 106), "Rats"))


def told(number: str = CANARY, **given) -> dict:
    return request(77, **given) | {"id": number, "address": STREET}


@pytest.fixture(scope="module")
def founded(tmp_path_factory) -> Path:
    """One release without the canary, one with it."""
    town = Town.found(tmp_path_factory.mktemp("erasure") / "town")
    town.receive(*ROWS)
    town.run()
    town.receive(*ROWS, told())
    town.run()
    return town.folder


@pytest.fixture
def town(founded, tmp_path) -> Town:
    """A copy of it of one's own."""
    return Town.copy_of(founded, tmp_path / "town")


@pytest.fixture(scope="module")
def cleared(founded, tmp_path_factory) -> tuple[Path, str, str]:
    """The same after the canary was erased: the folder, the id of the release before, and what the command said."""
    town = Town.copy_of(founded, tmp_path_factory.mktemp("erased") / "town")
    before, said = town.release.id, town.command("erase", "--id", CANARY, "--publish")
    assert said.code == 0, said
    return town.folder, before, said.out


@pytest.fixture
def after(cleared, tmp_path) -> Town:
    """A copy of it of one's own."""
    return Town.copy_of(cleared[0], tmp_path / "after")


def key_of(town: Town, name: str = "release") -> bytes:
    return (town.data / "private" / "keys" / f"{name}.key").read_bytes()


def public_id(town: Town, number: str = CANARY) -> str:
    return keyed_id(key_of(town), "requests", number)[1]


def traces(town: Town, *words: str) -> set[str]:
    """Files under data/ that hold one of the words."""
    files = {path: path.read_bytes() for path in town.data.rglob("*") if path.is_file()}
    return {
        str(path.relative_to(town.data))
        for path, body in files.items()
        if any(w.upper().encode() in body.upper() for w in words)
    }


def is_released(town: Town, number: str = CANARY) -> bool:
    return public_id(town, number) in {row["public_id"] for row in town.released()}


def test_an_erased_record_is_in_no_file_any_more(founded, cleared):
    before, town = Town(founded), Town(cleared[0])
    names = (CANARY, STREET, public_id(before))
    assert {"private/vault.duckdb", f"public/releases/{before.release.id}/city.db"} <= traces(before, *names)
    assert cleared[2].splitlines()[0] == "1 record erased from the vault."
    assert traces(town, *names) == set()
    assert len(town.released()) == len(ROWS)
    assert (town.completeness()["read"], town.completeness()["erased"]) == (len(ROWS) + 1, 1)


def test_without_a_fresh_vault_its_bytes_would_stay(town, monkeypatch):
    monkeypatch.setattr(vault, "rewrite", lambda data: None)
    town.command("erase", "--id", CANARY)
    assert traces(town, CANARY, STREET) == {"private/vault.duckdb"}


def test_it_does_not_come_back_with_the_next_pulls_not_even_changed(after):
    for change in ({}, {"kind": "Rats", "note": "fixed", "closed": "2024-03-09 10:00:00"}):
        after.receive(*ROWS, told(**change), request(60))
        after.pull()
    assert after.command("publish").code == 0
    line = after.completeness()
    assert not is_released(after) and traces(after, CANARY, STREET) == set()
    assert (line["erased"], line["read"], line["released"]) == (1, len(ROWS) + 2, len(ROWS) + 1)
    assert line["duplicates"] == 0


def test_every_record_is_accounted_for_when_its_system_no_longer_has_it(after):
    after.on("2024-07-08").receive(*ROWS[:-1])  # what goes within a week is told with the next
    assert after.command("run").code == 0
    line = after.completeness()
    assert (line["read"], line["released"], line["erased"], line["deleted_upstream"]) == (len(ROWS) + 1, 25, 1, 1)


def test_without_its_tombstone_the_gate_would_stop_it_and_later_the_ledger(town, monkeypatch):
    monkeypatch.setattr(tombstones, "keep_out", lambda *_: 0)
    town.command("erase", "--id", CANARY)
    town.receive(*ROWS, told(), request(60))
    town.pull()
    with open_vault(town.data) as held:  # as if the ledger had not been told either
        held.con.execute("delete from release_ledger where tier is null")
    refused = town.command("publish")
    assert (refused.code, "erased_gone is 1" in refused.err) == (6, True)
    with open_vault(town.data) as held:
        withdrawal.settle(held)
        held.con.execute(
            "insert into release_ledger(id, gone) values (?, 1)", [keyed_id(key_of(town), "requests", CANARY)[0]]
        )
    assert town.command("publish").code == 0
    assert (is_released(town), town.completeness()["waiting"]) == (False, 1)  # one is too few to be told as withheld


def test_a_tombstone_is_a_keyed_hash_and_nothing_else(town):
    town.command("erase", "--id", CANARY)
    message = f"requests\x1f{CANARY}".encode()
    expected = hmac.new(key_of(town, "erasure"), message, hashlib.sha256).hexdigest()
    assert town.vault("select * from tombstones") == [("service_requests", expected)]
    assert expected != hmac.new(key_of(town), message, hashlib.sha256).hexdigest()
    assert expected != hashlib.sha256(message).hexdigest()
    assert town.vault("select * exclude (id, gone) from release_ledger where tier is null") == [(None,) * 16]
    assert (town.data / "private" / "keys" / "erasure.key").stat().st_mode & 0o777 == 0o600


def test_a_class_that_falls_below_k_becomes_coarser_and_the_rest_stays(tmp_path):
    town = Town.found(tmp_path / "town")
    cells = {SISTERS[0]: range(5), SISTERS[1]: range(10, 15), SISTERS[2]: range(20, 27)}
    town.receive(*(row for cell, numbers in cells.items() for row in requests(numbers, "Rats", cell=cell)))
    town.run()
    before = {row["public_id"]: row for row in town.released()}
    assert {row["place_level"] for row in before.values()} == {"h3_9"}
    assert town.command("erase", "--id", "3", "--id", "12", "--publish").code == 0
    after = {row["public_id"]: row for row in town.released()}
    erased = {public_id(town, number) for number in ("3", "12")}
    eight = {public_id(town, str(n)) for n in (*range(5), *range(10, 15))} - erased
    assert set(before) - set(after) == erased
    assert {after[one]["place_level"] for one in eight} == {"h3_8"}
    assert all(after[one] == before[one] for one in set(after) - eight)
    assert town.command("audit", "--gate").code == 0
    counted = town.released("select value from _privacy_audit where check_name = 'erased_since'")
    assert counted == [{"value": "2"}]
    town.command("erase", *(word for n in (0, 1, 2, 4) for word in ("--id", str(n))), "--publish")
    line = town.completeness()
    assert (line["released"], line["waiting"], line["erased"]) == (
        7,
        4,
        6,
    )  # four are too few at any rung, and to be told so


def test_releases_that_show_it_are_withdrawn_and_the_others_stay(town):
    without, showing = releases.kept(town.data)[-1].id, town.release.id
    town.receive(*ROWS, told(), request(61))
    town.run()
    serving = town.release.id
    said = town.command("erase", "--id", CANARY)
    assert f"Withdrawn, since they showed it: {showing}." in said.out
    assert "still shows it until the next publish" in said.out and "Next: cityglass publish" in said.out
    assert {release.id for release in releases.kept(town.data)} == {without, serving}
    assert town.command("publish").code == 0
    assert town.release.id == f"{serving}-e1"
    assert {release.id for release in releases.kept(town.data)} == {without, town.release.id}
    assert releases.withdrawn(town.data) == {
        old: {"reason": "erasure", "now": town.release.id} for old in (showing, serving)
    }
    refused = town.command("releases", "rollback", serving)
    assert (refused.code, "was withdrawn: a record in it was erased" in refused.err) == (3, True)
    assert town.command("releases", "rollback", without).code == 0


def test_a_second_erasure_leads_all_old_ids_to_the_newest(cleared, after):
    _, first, _ = cleared
    after.command("erase", "--id", "5", "--publish")
    assert after.release.id == f"{first}-e2"
    assert {about["now"] for about in releases.withdrawn(after.data).values()} == {f"{first}-e2"}


async def test_the_address_of_a_withdrawn_release_says_that_it_is_gone_and_where_to_go(cleared):
    town, old = Town(cleared[0]), cleared[1]
    app = build(town.data, town.city)
    for target in (f"/releases/{old}", f"/releases/{old}/downloads/service_requests.csv.gz"):
        gone = await visit(app, target)
        assert gone.status == 410
        assert "a record in it was erased" in gone.text and f'href="/releases/{town.release.id}"' in gone.text
        assert CANARY not in gone.text and public_id(town) not in gone.text
    told = (await visit(app, f"/releases/{old}.json")).json
    assert told == {
        "release": old,
        "state": "withdrawn",
        "reason": "a record in it was erased.",
        "now": town.release.id,
    }
    assert (await visit(app, f"/releases/{town.release.id}")).status == 200
    assert "A newer release is served" in (await visit(app, f"/releases/{releases.kept(town.data)[-1].id}")).text
    assert (await visit(app, "/releases/20200101T000000Z-00000000")).status == 404
    assert (await visit(app, f"/releases/{town.release.id}/downloads/x")).status == 404


# How a record is named


def test_it_can_be_named_by_its_public_id(town):
    assert town.command("erase", "--public-id", public_id(town).upper()).code == 0
    assert town.vault("select count(*) from records_service_requests where key = ?", CANARY) == [(0,)]
    assert town.vault("select count(*) from records_service_requests") == [(len(ROWS),)]


def test_it_can_be_named_in_a_file_and_what_was_erased_before_is_no_mistake(town):
    names = town.folder / "ids.txt"
    names.write_text(f"\ufeff{CANARY}\n\n  5  \n", "utf-8")
    assert "2 records erased from the vault." in town.command("erase", "--file", names).out
    again = town.command("erase", "--file", names, "--json")
    assert (again.code, again.json["data"]["erased"], again.json["data"]["erased_before"]) == (0, 0, 2)
    assert town.completeness()["erased"] == 0  # told with the next release
    assert (town.command("publish").code, town.completeness()["erased"]) == (0, 2)


MISTAKES = {
    "an id that is not there": (("--id", "404", "--id", CANARY), "no record of 'requests' with the id of 404"),
    "a public id that is not there": (("--public-id", "a" * 16), "No record has the public id of aaaaaaaaaaaaaaaa"),
    "no public id at all": (("--public-id", "pothole"), "No record has the public id of pothole"),
    "a source that is none": (("--source", "permits", "--id", "1"), "There is no source 'permits'"),
    "the wrong source": (("--source", "stories", "--id", CANARY), "no record of 'stories'"),
    "a file that is not there": (("--file", "nowhere.txt"), "nowhere.txt cannot be read"),
    "nothing": ((), "No id is given"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_explained_and_nothing_is_erased(town, name):
    words, message = MISTAKES[name]
    said = town.command("erase", *words)
    assert (said.code, message in said.err, "To mend it: " in said.err) == (3, True, True)
    assert town.vault("select * from tombstones") == [] and is_released(town)


def test_a_mistake_in_a_file_is_told_by_its_line_and_not_by_the_id(town):
    (town.folder / "ids.txt").write_text(f"{CANARY}\nSR-SECRET-1\n", "utf-8")
    said = town.command("erase", "--file", town.folder / "ids.txt")
    assert (said.code, "line 2 of" in said.err, "SR-SECRET-1" in said.err) == (3, True, False)


def test_a_record_that_could_not_be_used_can_be_erased_too(tmp_path):
    town = Town.found(tmp_path / "town")
    town.receive(*ROWS, told(opened="never"))
    town.run()
    assert town.completeness()["quarantined"] == 1
    assert town.command("erase", "--id", CANARY, "--publish").code == 0
    assert (town.completeness()["quarantined"], town.completeness()["erased"]) == (0, 1)
    assert traces(town, CANARY, STREET) == set()
    town.receive(*ROWS, told(opened="never"), request(60))
    assert town.command("run").code == 0
    assert (town.completeness()["quarantined"], town.completeness()["erased"]) == (0, 1)


def test_before_the_first_release_it_is_erased_from_the_vault(tmp_path):
    town = Town.found(tmp_path / "town")
    town.receive(*ROWS, told())
    town.pull()
    assert town.command("erase", "--id", CANARY).code == 0
    town.pull()
    assert town.command("publish").code == 0
    assert not is_released(town) and town.completeness()["erased"] == 1


# What could undo it


@pytest.mark.parametrize(
    ("harm", "message"),
    [
        (lambda path: path.unlink(), "is gone, but records were erased with it"),
        (lambda path: path.write_bytes(b"x" * 32), "not the one that records were erased with"),
        (lambda path: path.write_bytes(b"x" * 7), "is damaged"),
    ],
    ids=["lost", "exchanged", "damaged"],
)
def test_without_the_key_nothing_is_read_or_published_lest_it_came_back(after, harm, message):
    town = after
    path, serving = town.data / "private" / "keys" / "erasure.key", town.release.id
    key = path.read_bytes()
    harm(path)
    for verb in (("pull",), ("publish",), ("run",), ("erase", "--id", "5")):
        said = town.command(*verb)
        assert (said.code, message in said.err, "backup" in said.err) == (3, True, True)
        assert key.hex() not in said.out + said.err
    assert town.release.id == serving


def test_an_erasure_does_not_wait_for_the_next_day(town):
    assert run.run(town.city, town.data, once_a_day=True)[1] is None
    town.command("erase", "--id", CANARY)
    _, published = run.run(town.city, town.data, once_a_day=True)
    assert published.release and not is_released(town)


def test_killed_before_the_old_releases_are_gone_the_next_publish_takes_them(town, monkeypatch):
    old = town.release.id
    town.command("erase", "--id", CANARY)

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(withdrawal, "withdraw", killed)
    with pytest.raises(KeyboardInterrupt):
        town.publish()
    monkeypatch.undo()
    town.publish()
    assert old in releases.withdrawn(town.data) and not is_released(town)
    assert not (releases.folder(town.data) / old).exists()
    assert traces(town, public_id(town)) == set()


def test_killed_before_the_vault_is_written_anew_the_next_one_to_open_it_does(town, monkeypatch):
    def killed(_):
        raise KeyboardInterrupt

    monkeypatch.setattr(vault, "rewrite", killed)
    with pytest.raises(KeyboardInterrupt):
        erase(town.data, "requests", [Wanted(CANARY, "--id", False)])
    monkeypatch.undo()
    assert traces(town, CANARY, STREET) == {"private/vault.duckdb"}
    town.pull()
    assert traces(town, STREET) == set()
    assert not town.vault("select 1 from settings where name = 'must_be_rewritten'")


def test_what_a_killed_run_left_beside_its_files_is_gone_with_the_next(town):
    lookup, spilled = town.data / "lookup" / "status.db", town.data / "private" / "spill" / "duckdb_temp_block-7.block"
    for name in ("status.4711", "status.beside"):
        shutil.copy(lookup, lookup.with_name(name))
    spilled.parent.mkdir(exist_ok=True)
    spilled.write_text(STREET)
    assert town.command("erase", "--id", CANARY).code == 0
    assert [path.name for path in lookup.parent.glob("status*")] == ["status.db"] and not spilled.exists()


def test_a_full_disk_leaves_the_vault_as_it_was(town, monkeypatch):
    def full(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(vault.os, "replace", full)
    said = town.command("erase", "--id", CANARY)
    monkeypatch.undo()
    assert said.code == 8
    assert town.command("erase", "--id", CANARY).code == 0  # which finishes it
    assert town.command("publish").code == 0
    assert traces(town, CANARY, STREET, public_id(town)) == set()


def test_the_lookup_forgets_it_at_once(town):
    db = town.data / "lookup" / "status.db"
    before = ask(db, "select count(*) as n from statuses")
    town.command("erase", "--id", CANARY)
    assert ask(db, "select count(*) as n from statuses")[0]["n"] == before[0]["n"] - 1
    assert json.dumps(CANARY).strip('"').encode() not in db.read_bytes()


@pytest.mark.parametrize(
    ("words", "told"), [(("--id", " "), "An id is blank"), (("--public", "--id", "3"), "--public says what")]
)
def test_a_blank_id_or_an_idle_option_is_refused(tmp_path, words, told):
    said = Town.found(tmp_path).command("erase", *words)
    assert (said.code, told in said.err) == (3, True)
