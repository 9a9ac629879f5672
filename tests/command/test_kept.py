"""What there is: how it is known that nothing is missing, that nobody touched a release, and how to go back to one."""

import json
import shutil
import sqlite3

import pytest

from etl import intake, pull
from etl.sources import delimited
from hub import releases
from tests.town import Town, requests


def test_status_says_how_it_is_known_that_nothing_is_missing(town):
    said = town.command("status")
    assert "whole (whole_file)" in said.out and f"Release served: {town.release.id}" in said.out
    broken = town.folder / "broken.csv"
    broken.write_text((town.folder / "requests.csv").read_text("utf-8")[:-30], "utf-8")
    assert town.command("pull", "--from", f"requests={broken}").code == 4
    assert "SUSPECT: its last reading did not reach its end" in town.command("status").out
    assert town.command("run").code == 0
    assert "SUSPECT" not in town.command("status").out


class Killed(BaseException):
    """What no handler stops."""


def test_status_tells_of_a_reading_that_was_killed(tmp_path, monkeypatch):
    town = Town.found(tmp_path)
    town.receive(*requests(range(60)))
    add = intake.add

    def second_page_kills(vault, city, source, walk, part, page):
        if page.first > 2:
            raise Killed
        return add(vault, city, source, walk, part, page)

    monkeypatch.setattr(delimited, "BLOCK_BYTES", 3000)
    monkeypatch.setattr(pull, "gathered", lambda pages: pages)  # each page by itself
    monkeypatch.setattr(intake, "add", second_page_kills)
    with pytest.raises(Killed):
        town.pull()
    assert "requests" in (said := town.command("status").out) and "first reading under way" in said
    monkeypatch.setattr(intake, "add", add)
    assert town.command("pull").code == 0
    town.receive(*requests(range(60)), *requests(range(100, 120)))
    monkeypatch.setattr(intake, "add", second_page_kills)
    with pytest.raises(Killed):
        town.pull()
    assert "SUSPECT: its last reading did not reach its end" in town.command("status").out


def test_audit_finds_a_release_that_was_touched(town):
    assert town.command("audit", "--gate").code == 0
    path = town.release.path / "downloads" / "places.csv.gz"
    whole = path.read_bytes()
    path.chmod(0o644)
    path.write_bytes(whole + b"!")
    said = town.command("audit", "--gate")
    assert (said.code, "files" in said.err, town.command("audit").code) == (6, True, 0)
    path.write_bytes(whole)
    assert town.command("audit", "--gate").code == 0


def test_audit_finds_a_value_that_was_changed_in_the_database_alone(town):
    path = town.release.db
    path.chmod(0o644)
    with sqlite3.connect(path) as con:
        con.execute("update places set label = 'x'")
    con.close()
    said = town.command("audit", "--gate")
    assert said.code == 6 and "fails: files, tables, places_are_areas." in said.err


def test_rolling_back_is_one_command_and_an_unknown_release_is_named(town):
    new, old = town.release.id, "20240101T000000Z-0a1b2c3d"
    earlier = shutil.copytree(town.release.path, releases.folder(town.data) / old)
    (earlier / "manifest.json").chmod(0o644)
    (earlier / "manifest.json").write_text(json.dumps(town.release.manifest | {"id": old, "created": 0}), "utf-8")
    assert town.command("releases", "rollback", old).code == 0
    assert town.release.id == old
    assert f"* {old}" in town.command("releases").out
    said = town.command("releases", "rollback", "20200101T000000Z-deadbeef")
    assert (said.code, new in said.err, town.release.id) == (3, True, old)
    assert town.command("releases", "rollback", new).code == 0
    assert town.release.id == new


def test_a_rollback_says_to_what_and_is_proposed_only_where_there_is_another_release(tmp_path):
    town = Town.found(tmp_path)
    town.receive(*requests(range(3)))
    town.run()
    assert town.command("releases").out.splitlines()[-1].startswith("Next: cityglass run --city")
    said = town.command("releases", "rollback")
    assert (said.code, said.err.splitlines()[0]) == (3, "Which release is to be served again?")
