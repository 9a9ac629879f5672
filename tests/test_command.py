"""The command: every verb ends in a plain sentence and a next step, each kind of trouble in an exit code of its own."""

import json
import shlex
import shutil
import sqlite3
import subprocess
import sys
from datetime import date
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub import releases, sample
from hub.cli import main
from hub.errors import CityglassError
from tests.town import Town, cityglass, request, requests, write_csv

VERBS = sorted(main.commands)
ROOT = Path(__file__).parents[1]
COMMAND = Path(sys.executable).with_name("cityglass")


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    town = Town.found(tmp_path_factory.mktemp("command"))
    town.receive(*requests(range(20)))
    assert town.command("run").code == 0
    return town


# Help


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_a_line_of_help_an_example_and_the_common_options(verb):
    said = cityglass(verb, "--help")
    assert said.code == 0
    assert f"cityglass {verb}" in said.out.partition("Example:")[2]
    assert all(option in said.out for option in ("--city", "--data", "--json"))


def test_the_help_lists_every_verb():
    said = cityglass("--help")
    assert [verb for verb in VERBS if f"\n  {verb} " not in said.out] == []


# Exit codes and JSON


@pytest.mark.parametrize("words", [["frob"], ["run", "--colour"], ["serve", "--port", "high"]])
def test_words_that_are_no_command_are_an_object_too_for_a_program(words):
    asked = [sys.executable, "-m", "hub.cli", *words, "--json"]
    done = subprocess.run(asked, capture_output=True, text=True, cwd=ROOT, check=False)
    told = json.loads(done.stdout)
    assert (done.returncode, told["code"], told["ok"]) == (2, 2, False)
    assert words[-1].lstrip("-") in told["message"] and told["next"].endswith("--help")


def test_each_kind_of_trouble_has_an_exit_code_of_its_own():
    kinds = {kind.__name__: kind.exit_code for kind in CityglassError.__subclasses__()}
    assert kinds == {
        "ConfigurationError": 3,
        "SourceError": 4,
        "IncompleteError": 5,
        "GateError": 6,
        "LockedError": 7,
        "DiskError": 8,
    }


@pytest.mark.parametrize(
    "words", [("fly",), ("run", "--fast"), ("releases", "burn"), ("serve", "--port", "high"), ("check", "--city")]
)
def test_a_word_that_the_command_does_not_know_is_a_mistake_of_use(words):
    said = cityglass(*words)
    assert (said.code, said.out) == (2, "")
    assert "Usage: " in said.err or "Error: " in said.err


def test_json_is_one_object_with_five_keys_and_nothing_else(town):
    for verb, code in (
        ("run", 0),
        ("status", 0),
        ("check", 0),
        ("audit", 0),
        ("releases", 0),
        ("pull", 0),
        ("publish", 0),
    ):
        said = town.command(verb, "--json")
        assert (said.code, said.err, said.out.count("\n")) == (code, "", 1)
        assert list(said.json) == ["ok", "code", "message", "next", "data"]
        assert (said.json["ok"], said.json["code"]) == (True, 0)


def test_json_tells_trouble_in_the_same_form(town):
    said = town.command("pull", "--from", "requests=nowhere.csv", "--json")
    assert (said.code, said.err) == (4, "")
    assert said.json == {
        "ok": False,
        "code": 4,
        "message": "nowhere.csv (source 'requests') does not exist.",
        "next": "correct its location in city.yml, or read another file with --from",
        "data": {},
    }


def test_a_failed_gate_tells_its_findings_in_json(tmp_path):
    town = Town.found(tmp_path)
    town.receive(*requests(range(20)), *requests(range(30, 50), opened="never"))
    said = town.command("run", "--json")
    failed = [finding["check_name"] for finding in said.json["data"]["findings"] if not finding["is_passed"]]
    assert (said.code, failed, town.release) == (6, ["usable_service_requests"], None)
    assert not list(releases.folder(town.data).iterdir())


# The verbs


def test_run_says_what_was_read_what_is_current_and_what_comes_next(town):
    town.receive(*requests(range(21)))
    said = town.command("run")
    assert said.code == 0
    first, second, third = said.out.splitlines()
    assert first == "requests: 21 rows read, 1 written; boundaries: unchanged."
    assert second.startswith(f"Release {town.release.id} is current: 21 service requests, ")
    assert third.startswith("Next: cityglass serve ")
    again = town.command("run").out.splitlines()
    assert again[0].startswith("requests: unchanged")
    assert again[1] == "Nothing has changed since the last release; it stays."


def test_check_says_of_every_column_what_becomes_of_it(town):
    path = town.receive(request(1) | {"reporter": "Ann"}, name="other.csv")
    said = town.command("check", "--from", f"requests={path}")
    fates = {words[0]: words[1:] for line in said.out.splitlines() if (words := line.split()) and line[0] == " "}
    assert fates["reporter"] == fates["words"] == ["-", "-", "-"]  # not received, not stored, not released
    assert fates["note"] == "yes (closure_note, not stored) -".split()
    assert fates["address"] == "yes address address as an area".split()
    assert fates["updated"] == "yes updated_datetime -".split()
    assert "boundaries: 2 features in" in said.out


def test_status_says_how_it_is_known_that_nothing_is_missing(town):
    said = town.command("status")
    assert "whole (whole_file)" in said.out and f"Release served: {town.release.id}" in said.out
    broken = town.folder / "broken.csv"
    broken.write_text((town.folder / "requests.csv").read_text("utf-8")[:-30], "utf-8")
    assert town.command("pull", "--from", f"requests={broken}").code == 4
    assert "SUSPECT: its last reading did not reach its end" in town.command("status").out
    assert town.command("run").code == 0
    assert "SUSPECT" not in town.command("status").out


def test_before_anything_was_read_the_verbs_say_what_to_do_first(tmp_path):
    town = Town.found(tmp_path)
    assert town.command("status").out.startswith("Nothing has been read yet.\nNext: cityglass run ")
    for verb, words in (("audit", "cityglass run"), ("serve", "cityglass run"), ("publish", "cityglass pull")):
        said = town.command(verb)
        assert (said.code, words in said.err) == (3, True)
    assert town.command("releases").out.startswith("0 releases kept")


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
    assert said.code == 6 and "fails: files, tables." in said.err


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


def test_init_writes_the_made_up_city_and_the_ready_ones(tmp_path):
    ready = cityglass("init").out
    assert ready.startswith("Ready cities: boston, chicago, new_york, ") and "washington_dc, sample." in ready
    place = tmp_path / "new" / "city.yml"
    said = cityglass("init", "boston", "--city", place)
    assert said.code == 0 and place.is_file() and (place.parent / "policies" / "service_requests.yml").is_file()
    again, unknown = cityglass("init", "boston", "--city", place), cityglass("init", "atlantis", "--city", place)
    assert (again.code, "is there already" in again.err) == (3, True)
    assert (unknown.code, "boston, chicago, new_york" in unknown.err) == (3, True)


def test_init_writes_the_files_of_the_made_up_city_where_there_is_no_folder_yet(tmp_path, monkeypatch):
    monkeypatch.setattr("hub.cli.sample.write", partial(sample.write, requests=60))
    place = tmp_path / "new" / "city.yml"
    said = cityglass("init", "sample", "--city", place)
    assert (said.code, said.out.splitlines()[-1].split(" --")[0]) == (0, "Next: cityglass run")
    assert len(list((place.parent / "data" / "sample").iterdir())) == 8
    root = Path(__file__).parents[1]
    assert sample.CITY.is_relative_to(root / "hub")  # so that an installed hub has it too
    assert place.read_bytes() == sample.CITY.read_bytes() and (root / "city.yml").samefile(sample.CITY)
    assert cityglass("check", "--city", place, "--data", tmp_path).code == 0


def test_metadata_is_written_and_checked(town):
    stale = town.command("metadata", "--check")
    assert (stale.code, "is not current" in stale.err) == (3, True)
    assert town.command("metadata").code == town.command("metadata", "--check").code == 0


# The program itself


def test_the_installed_program_explains_a_mistake_without_a_traceback(tmp_path):
    done = subprocess.run(
        [COMMAND, "run", "--city", tmp_path / "none.yml"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.splitlines()[-1].startswith("To mend it: ") and "Traceback" not in done.stderr


def test_a_second_run_at_once_is_told_to_wait(town):
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(town.data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout.readline() == "held\n"
        said = town.command("run")
        assert (said.code, "Another run holds" in said.err, "wait until it ends" in said.err) == (7, True, True)
        assert town.command("status").code == town.command("audit").code == 0
    finally:
        holder.communicate("\n")
    assert town.command("run").code == 0


HOLD = """
import sys
from pathlib import Path
from etl.vault import open_vault
with open_vault(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_data_folder_that_is_a_file_is_named(town):
    said = town.command("pull", "--data", town.folder / "requests.csv")
    assert (said.code, "requests.csv" in said.err, "To mend it" in said.err) == (8, True, True)


def test_a_data_folder_that_is_not_there_yet_is_made(town):
    for verb in ("pull", "run"):
        place = town.folder / "not" / "yet" / verb
        assert town.command(verb, "--data", place).code == 0
        assert (place / "private" / "vault.duckdb").is_file()


@pytest.mark.parametrize("place", ["x" * 300, "requests.csv/data"])
@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in ("demo", "init", "metadata")])
def test_a_data_folder_that_cannot_be_made_is_explained(town, verb, place):
    """A name that is too long, a folder in a file."""
    said = town.command(verb, "--data", town.folder / place)
    assert said.code in ((8,) if verb in ("pull", "publish", "run") else (0, 3, 8))
    assert (said.code == 0) != ("To mend it: " in said.err)


@pytest.mark.parametrize("place", [".", "x" * 300, "requests.csv/city.yml"])
@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb not in ("init", "releases", "status")])
def test_a_city_file_that_cannot_be_read_is_explained(town, verb, place):
    said = cityglass(verb, "--city", town.folder / place, "--data", town.data)
    assert (said.code, "cannot be read" in said.err, "To mend it: " in said.err) == (3, True, True)


def test_what_is_printed_on_a_terminal_while_it_runs_does_not_reach_a_pipe(town):
    done = CliRunner().invoke(main, ["run", "--city", str(town.yml), "--data", str(town.data), "--json"])
    assert json.loads(done.stdout)["ok"] and "…" not in done.output


def test_a_source_that_was_only_tried_does_not_keep_the_others_from_being_published(tmp_path):
    town = Town.found(tmp_path)
    town.describe({"sources": {"stories": {"location": []}}})
    town.receive(*requests(range(30)))
    write_csv(tmp_path / "tried.csv", [{"story_id": "lh-1", "heading": "The pond"}])
    tried = town.command("run", "--from", f"stories={tmp_path / 'tried.csv'}")
    assert (tried.code, "tried.csv" in tried.err) == (4, True)
    assert town.command("publish").code == 5
    assert town.command("run").code == 0
    assert town.vault("select source from walks") == []


def test_a_source_that_is_no_longer_named_is_named_again_or_forgotten(tmp_path):
    town = Town.found(tmp_path)
    town.receive(*requests(range(30)))
    write_csv(tmp_path / "stories.csv", [{"story_id": "lh-1", "title": "The pond", "body": "Full.", "rights": "CC0"}])
    town.describe({"sources": {"stories": {"location": "stories.csv"}}})
    assert town.command("run").code == 0
    assert town.vault("select source from records_stories") == [("stories",)]
    town.describe({"sources": {"stories": None}})
    refused = town.command("run")
    assert refused.code == 3 and "'stories', of which the vault holds records (1)" in refused.err
    assert town.command("forget", "requests").code == 3
    assert "it holds: requests, stories" in town.command("forget", "tales").err
    assert town.command("forget", "stories").code == 0
    assert town.command("run").code == 0
    assert town.vault("select source from records_stories") == []


def test_a_policy_that_was_signed_on_the_command_line_is_signed_for_check_too(tmp_path):
    town = Town.found(tmp_path, policy={"signed": None})
    town.receive(*requests(range(30)))
    assert "the policy is not signed" in town.command("check").out
    assert town.command("run", "--sign-off", "Vera Quill, officer").code == 0
    assert "signed by Vera Quill, officer" in town.command("check").out


def test_what_a_pull_has_to_tell_is_told_before_a_refusal(tmp_path):
    town = Town.found(tmp_path)
    town.receive(*requests(range(200)), *(request(n, opened="32/13/2011") for n in range(200, 220)))
    said = town.command("run")
    assert said.code == 6 and "usable_service_requests" in said.err
    assert "NOTICE requests: 20 cannot be used: requested_datetime cannot be read; the first is row 202 of" in said.err


def test_a_release_that_shows_nothing_says_so(tmp_path):
    town = Town.found(tmp_path)
    town.receive(*requests(range(3), kind="Missed Bin"))
    assert "NOTICE: no service request of 3 is shown" in town.command("run").out


def test_to_believe_fewer_rows_is_for_one_run_only(town):
    said = town.command("run", "--every", "1h", "--accept-fewer")
    assert said.code == 3 and "run once with --accept-fewer" in said.err


def test_a_policy_whose_review_is_due_is_told(tmp_path):
    town = Town.found(tmp_path, policy={"review": date(2020, 1, 1)})
    town.receive(*requests(range(30)))
    assert "was to be reviewed by 2020-01-01" in town.command("run").out
    town.decide(review=date(2999, 1, 1))
    assert "to be reviewed" not in town.command("run").out


def test_a_key_that_others_may_read_is_refused(tmp_path):
    town = Town.found(tmp_path)
    town.receive(*requests(range(30)))
    assert town.command("run").code == 0
    key = town.data / "private" / "keys" / "release.key"
    key.chmod(0o644)
    town.receive(*requests(range(40)))
    said = town.command("run")
    assert said.code == 3 and "release.key may be read by others (mode 644)" in said.err and "chmod 600" in said.err


def test_what_to_do_next_works_as_it_stands_wherever_the_city_lies(tmp_path):
    folder = tmp_path / "our city"
    assert cityglass("init", "boston", "--city", folder / "city.yml", "--data", folder / "data").code == 0
    said = cityglass("status", "--city", folder / "city.yml", "--data", folder / "data")
    asked = shlex.split(said.out.splitlines()[-1].partition("Next: cityglass ")[2])
    assert asked[1:] == ["--city", str(folder / "city.yml"), "--data", str(folder / "data")]
    assert "--city" not in cityglass("init").out


def test_an_unsigned_city_that_read_nothing_is_told_to_read_first(tmp_path):
    town = Town.found(tmp_path, policy={"signed": None})
    said = town.command("publish")
    assert (said.code, said.err.splitlines()[0]) == (3, "The vault is empty.")


def test_a_rollback_says_to_what_and_is_proposed_only_where_there_is_another_release(tmp_path):
    town = Town.found(tmp_path)
    town.receive(*requests(range(3)))
    town.run()
    assert town.command("releases").out.splitlines()[-1].startswith("Next: cityglass run --city")
    said = town.command("releases", "rollback")
    assert (said.code, said.err.splitlines()[0]) == (3, "Which release is to be served again?")


def test_check_says_that_a_policy_was_to_be_reviewed(tmp_path):
    town = Town.found(tmp_path)
    town.receive(*requests(range(3)))
    assert "was to be reviewed" not in town.command("check").out
    town.decide(review=date(2020, 1, 31))
    assert "NOTICE service_requests.yml was to be reviewed by 2020-01-31" in town.command("check").out


def test_a_cure_is_a_command_that_works_where_the_city_lies(town):
    (town.folder / "metadata.yml").write_text("a: b\n", "utf-8")
    said = town.command("metadata", "--check")
    assert f"`cityglass metadata --city {town.yml} --data {town.data}`" in said.err
