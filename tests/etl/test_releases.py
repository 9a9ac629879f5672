"""A release is whole before it is seen, never touched again, and there is one at every moment."""

import csv
import gzip
import hashlib
import io
import json
import os
import stat

import pyarrow.parquet as pq
import pytest

from etl.vault import open_vault
from hub import releases
from tests.town import Town, requests, write_csv


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    town = Town.found(tmp_path_factory.mktemp("releases"))
    town.receive(*requests(range(20)))
    town.run()
    return town


def test_the_manifest_names_every_file_with_its_size_and_fingerprint(town):
    folder, told = town.release.path, town.release.manifest
    here = {str(path.relative_to(folder)): path for path in folder.rglob("*") if path.is_file()}
    assert set(here) - {"manifest.json"} == set(told["files"]) >= {"city.db", "audit.json", "metadata.yml"}
    for name, file in told["files"].items():
        body = here[name].read_bytes()
        assert file == {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    packed = gzip.decompress(here["downloads/service_requests.csv.gz"].read_bytes())
    rows = {"rows": len(town.released()), "sha256": hashlib.sha256(packed).hexdigest()}
    assert told["tables"]["service_requests"] == rows and rows["rows"] == 20
    assert told["id"] == town.release.id == json.loads((folder / "audit.json").read_text("utf-8"))["release"]


def test_its_files_may_only_be_read_and_nothing_temporary_is_left(town):
    for path in town.release.path.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o755 if path.is_dir() else 0o444)
    assert not [
        path for path in town.data.rglob("*") if path.name.endswith(("-wal", "-shm", "-journal", ".fresh", ".wal"))
    ]
    assert [path.name for path in releases.folder(town.data).iterdir()] == [town.release.id]


def test_a_city_without_projects_and_budget_states_no_totals_of_them(town):
    assert town.released("select measure from capital_totals union all select stage from budget_totals") == []


def test_its_id_tells_the_time_of_the_data_and_the_content(town):
    assert town.release.id.startswith("20240701T040000Z-")
    assert releases.link(town.data).readlink().parts == ("releases", town.release.id)


def test_a_publish_that_died_right_after_the_swap_is_noted_without_taking_the_release_away(town, monkeypatch):
    serving = town.release.id
    with open_vault(town.data) as vault:
        vault.set("published", "")  # the last thing that a publish writes

    real = os.rename

    def rename(source, target) -> None:  # what would die here leaves no release to serve
        if ".building-" in str(source):
            raise OSError("killed")
        real(source, target)

    monkeypatch.setattr("os.rename", rename)
    assert town.publish().release.id == town.release.id == serving
    assert town.publish().release is None
    assert town.command("audit", "--gate").code == 0


def test_only_as_many_are_kept_as_the_city_says_and_always_the_one_that_is_served(tmp_path):
    for number, name in enumerate(("a", "b", "c", "d")):
        made = releases.folder(tmp_path) / name
        made.mkdir(parents=True)
        (made / "manifest.json").write_text(json.dumps({"created": number}), "utf-8")
    releases.make_current(tmp_path, releases.Release(releases.folder(tmp_path) / "a"))
    releases.prune(tmp_path, 2)
    assert [release.id for release in releases.kept(tmp_path)] == ["d", "c", "a"]


@pytest.mark.parametrize("word", ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(1)"])
def test_a_word_that_a_spreadsheet_would_run_is_written_behind_an_apostrophe(tmp_path, word):
    town = Town.found(tmp_path)
    town.receive(*requests(range(20), agency=word))
    town.run()
    assert {row["agency_responsible"] for row in town.released()} == {word}
    packed = town.release.path / "downloads" / "service_requests.csv.gz"
    rows = list(csv.DictReader(io.StringIO(gzip.decompress(packed.read_bytes()).decode())))
    assert {row["agency_responsible"] for row in rows} == {f"'{word}"}
    kept = pq.read_table(packed.with_name("service_requests.parquet"))["agency_responsible"].to_pylist()
    assert set(kept) == {word}
    assert town.command("audit", "--gate").code == 0


def test_a_dataset_that_the_city_did_not_choose_is_not_published(tmp_path):
    town = Town.found(tmp_path)
    town.receive(*requests(range(20)))
    spent = {"direction": "expense", "fiscal_year": "2025", "stage": "adopted", "cabinet": "Works"}
    line = {"line_id": "b-1", "department": "Streets", "program": "Snow", "category": "Staff", "amount_cents": "100"}
    write_csv(tmp_path / "budget.csv", [spent | line])
    told = {}
    for chosen in (["service_requests"], ["service_requests", "budget"]):
        town.describe({"sources": {"budget": {"location": "budget.csv"}}, "pages": {"datasets": chosen}})
        town.run()
        told[len(chosen)] = [
            [row["dataset"] for row in town.released(f"select dataset from {table} order by 1")]
            for table in ("completeness", "sources")
        ] + [town.released("select count(*) as n from budget_lines")[0]["n"]]
    assert told[1] == [["service_requests"], ["service_requests"], 0]
    assert told[2] == [["budget", "service_requests"], ["budget", "service_requests"], 1]
