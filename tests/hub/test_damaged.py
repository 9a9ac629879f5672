"""A release, or a file beside it, that is damaged on the disk says so, and its cure works."""

import json
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from threading import Event, Timer

import pytest

from etl.downloads import sha256
from hub import app, releases
from hub.errors import ConfigurationError
from tests.serving import free_port, running
from tests.town import Town, requests

CUT = "is damaged"


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A town with two releases of two days."""
    town = Town.found(tmp_path_factory.mktemp("damaged"))
    town.receive(*requests(range(20)))
    assert town.command("run").code == 0
    town.on("2024-07-02").receive(*requests(range(30)))
    assert town.command("run").code == 0
    return town


@pytest.fixture
def town(two, tmp_path):
    """A copy of its own, whose files may be written."""
    copy = Town.copy_of(two.folder, tmp_path / "town")
    for path in copy.data.rglob("*"):
        if path.is_file() and not path.is_symlink():
            path.chmod(0o600)
    return copy


def earlier(town: Town) -> str:
    return releases.kept(town.data)[1].id


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


# file of a release -> what happens to it
HARM: dict[str, tuple[str, Callable[[Path], object]]] = {
    "manifest cut": ("manifest.json", cut),
    "manifest gone": ("manifest.json", Path.unlink),
    "manifest emptied": ("manifest.json", lambda path: path.write_text("{}")),
    "manifest a list": ("manifest.json", lambda path: path.write_text("[]")),
    "metadata broken": ("metadata.yml", lambda path: path.write_text("a: [")),
    "metadata emptied": ("metadata.yml", lambda path: path.write_text("")),
    "metadata gone": ("metadata.yml", Path.unlink),
    "database cut": ("city.db", cut),
    "database gone": ("city.db", Path.unlink),
    "database emptied": ("city.db", lambda path: os.truncate(path, 0)),
    "database another file": ("city.db", lambda path: path.write_bytes(b"x" * 9000)),
}


@pytest.mark.parametrize("harm", HARM)
def test_a_damaged_release_is_not_served_and_can_be_left_by_the_cure_that_is_told(town, harm):
    name, happens = HARM[harm]
    broken, good = town.release, earlier(town)
    happens(broken.path / name)
    refused = town.command("serve", "--port", free_port())
    assert (refused.code, refused.out) == (3, "")
    assert str(Path(broken.id) / name) in refused.err and CUT in refused.err and "rollback ID" in refused.err
    told = town.command("releases")
    assert (told.code, "* is damaged" in told.out) == (0, name == "manifest.json")
    assert ("is damaged" in town.command("status").out) == (name == "manifest.json")
    assert town.command("releases", "rollback", good).code == 0 and town.release.id == good
    again = town.command("releases", "rollback", broken.id)
    assert (again.code, name in again.err, town.release.id) == (3, True, good)
    assert releases.whole(town.release).id == good
    shutil.rmtree(broken.path)
    assert town.command("run").code == 0


def test_a_damaged_release_is_listed_as_such(town):
    broken, good = town.release, earlier(town)
    cut(broken.path / "manifest.json")
    said = town.command("releases")
    lines = {line.split()[-1]: line for line in said.out.splitlines()[:2]}
    assert broken.id in lines["damaged"] and lines["damaged"].startswith("*")
    assert lines["requests"].split()[:2] == [good, "20"]
    told = town.command("releases", "--json").json["data"]
    assert (told["damaged"], set(told["releases"])) == ([broken.id], {broken.id, good})
    unknown = town.command("releases", "rollback", "none")
    assert good in unknown.err and broken.id not in unknown.err


def test_nothing_is_published_past_a_release_whose_manifest_cannot_be_read(town):
    broken, good = town.release, earlier(town)
    cut(broken.path / "manifest.json")
    assert town.command("releases", "rollback", good).code == 0
    said = town.on("2024-07-03").command("run")
    assert (said.code, CUT in said.err, str(broken.path) in said.err) == (3, True, True)
    assert town.release.id == good


@pytest.mark.parametrize("harm", ["database cut", "database gone"])
def test_an_erasure_takes_back_a_damaged_release_that_may_show_the_record(town, harm):
    name, happens = HARM[harm]
    old = releases.kept(town.data)[1]
    happens(old.path / name)
    said = town.command("erase", "--id", "3", "--publish")
    assert (said.code, old.path.exists(), next(iter(releases.withdrawn(town.data)))) == (0, False, old.id)
    assert town.command("releases").code == 0


@pytest.mark.parametrize("harm", [name for name in HARM if "database" in name])
def test_the_audit_of_a_damaged_database_fails_by_its_files(town, harm):
    name, happens = HARM[harm]
    happens(town.release.path / name)
    said = town.command("audit")
    assert said.code == 0 and [line for line in said.out.splitlines() if "FAIL files: city.db" in line]
    gated = town.command("audit", "--gate")
    assert (gated.code, "fails: files." in gated.err, "FAIL files: city.db" in gated.err) == (6, True, True)


def test_the_audit_of_a_sound_release_still_looks_at_all_of_it(town):
    said = town.command("audit", "--gate", "--json").json
    assert {finding["check_name"] for finding in said["data"]["findings"]} > {"files", "tables", "indexes", "risk"}


def test_a_release_of_another_version_is_told_apart_from_a_damaged_one(town):
    manifest, db = town.release.path / "manifest.json", town.release.db
    with sqlite3.connect(db) as con:
        con.execute("drop table _privacy_risk")
    con.close()
    told = json.loads(manifest.read_text("utf-8"))
    told["files"]["city.db"]["sha256"] = sha256(db)
    manifest.write_text(json.dumps(told), "utf-8")
    said = town.command("audit")
    assert (said.code, "does not have the tables of this one" in said.err) == (3, True)


@pytest.mark.parametrize("text", ["garbage", "", "[]", "{}", '{"sources": []}'])
def test_a_damaged_state_of_the_sources_is_named_and_the_cure_works(town, text):
    path = town.data / "private" / "status.json"
    path.write_text(text, "utf-8")
    said = town.command("status")
    assert (said.code, f"{path} is damaged" in said.err, "delete" in said.err) == (3, True, True)
    path.unlink()
    assert town.command("run").code == town.command("status").code == 0


def test_a_state_that_only_tells_of_a_run_that_failed_is_not_damaged(town):
    path = town.data / "private" / "status.json"
    path.write_text('{"next_run": 7, "failures": 1, "error": "x"}', "utf-8")
    assert town.command("status").out.startswith("Nothing has been read yet.")


def test_where_no_release_is_kept_none_is_said_to_be_served(town):
    shutil.rmtree(town.data / "public")
    said = town.command("releases")
    assert said.out.startswith("0 releases kept; none is served.\nNext: cityglass run")


def test_a_city_without_sources_is_not_told_to_run(town):
    town.describe({"sources": None})
    said = town.command("check")
    assert said.code == 0 and "names no source that can be read" in said.out
    assert "Next: cityglass run" not in said.out and "location" in said.out


def test_a_city_of_its_own_name_is_told_where_its_policy_goes_and_the_cure_works(town):
    own = town.folder / "policies" / "service_requests.yml"
    own.unlink()
    town.describe({"city": {"slug": "springfield"}})
    said = town.command("check")
    assert (said.code, f"{own} does not exist" in said.err) == (3, True)
    start = Path(said.err.partition("copy ")[2].partition(" to it")[0])
    own.write_text(start.read_text("utf-8").replace("$slug", "springfield").replace("$review", "2124-01-02"), "utf-8")
    assert town.command("pull").code == town.command("policy", "draft").code == 0


@pytest.mark.parametrize("host", ["no.such.host.invalid", "192.0.2.1"])
def test_an_address_that_the_machine_does_not_have_is_told_apart_from_a_port_in_use(host):
    with pytest.raises(ConfigurationError) as refused:
        app.free_or_refuse(host, free_port())
    assert repr(host) in refused.value.message and "--host" in refused.value.cure


def test_many_workers_say_that_they_are_ready_once_and_not_before_one_answers(town):
    words = ("serve", "--city", str(town.yml), "--data", str(town.data), "--workers", "2")
    with running(*words, folder=town.folder) as server:
        server.until(lambda: "ready" in server.said, 20)
        assert server.get("/healthz").json()["ok"]
        assert server.said.count("Cityglass is ready") == 1


def test_ready_waits_for_an_answer(town):
    """Nobody listens: it is never said."""
    stopped, said = Event(), []
    Timer(1, stopped.set).start()
    app._when_answered("127.0.0.1", free_port(), stopped, lambda: said.append("ready"))
    assert said == []


def flip(path: Path) -> None:
    """The bits of the second half."""
    held = path.read_bytes()
    path.write_bytes(held[: len(held) // 2] + bytes(byte ^ 0xFF for byte in held[len(held) // 2 :]))


@pytest.mark.parametrize("happens", [cut, flip, lambda path: path.write_bytes(b"x" * 9000), Path.unlink])
def test_a_damaged_vault_is_told_with_its_cure_and_the_release_stays(town, happens):
    served, vault = town.release.id, town.data / "private" / "vault.duckdb"
    whole = vault.read_bytes()
    happens(vault)
    for verb in ("run", "publish"):
        said = town.command(verb)
        assert (said.code in (3, 8), "data/private" in said.err, "backup" in said.err) == (True, True, True), said.err
    assert town.release.id == served
    vault.write_bytes(whole)
    assert town.command("run").code == 0
