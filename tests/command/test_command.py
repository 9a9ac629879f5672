"""The command: every verb ends in a plain sentence and a next step, each kind of trouble in an exit code of its own."""

import json
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from hub import releases
from hub.cli import main
from hub.errors import CityglassError
from tests.town import Town, cityglass, requests

VERBS = sorted(main.commands)
ROOT = Path(__file__).parents[2]
COMMAND = Path(sys.executable).with_name("cityglass")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_a_line_of_help_an_example_and_the_common_options(verb):
    said = cityglass(verb, "--help")
    assert said.code == 0
    assert f"cityglass {verb}" in said.out.partition("Example:")[2]
    assert all(option in said.out for option in ("--city", "--data", "--json"))


def test_the_help_lists_every_verb():
    said = cityglass("--help")
    assert [verb for verb in VERBS if f"\n  {verb} " not in said.out] == []


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


def test_the_installed_program_explains_a_mistake_without_a_traceback(tmp_path):
    done = subprocess.run(
        [COMMAND, "run", "--city", tmp_path / "none.yml"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.splitlines()[-1].startswith("To mend it: ") and "Traceback" not in done.stderr


def test_what_is_printed_on_a_terminal_while_it_runs_does_not_reach_a_pipe(town):
    done = CliRunner().invoke(main, ["run", "--city", str(town.yml), "--data", str(town.data), "--json"])
    assert json.loads(done.stdout)["ok"] and "…" not in done.output


def test_what_to_do_next_works_as_it_stands_wherever_the_city_lies(tmp_path):
    folder = tmp_path / "our city"
    assert cityglass("init", "boston", "--city", folder / "city.yml", "--data", folder / "data").code == 0
    said = cityglass("status", "--city", folder / "city.yml", "--data", folder / "data")
    asked = shlex.split(said.out.splitlines()[-1].partition("Next: cityglass ")[2])
    assert asked[1:] == ["--city", str(folder / "city.yml"), "--data", str(folder / "data")]
    assert "--city" not in cityglass("init").out


def test_a_cure_is_a_command_that_works_where_the_city_lies(town):
    (town.folder / "metadata.yml").write_text("a: b\n", "utf-8")
    said = town.command("metadata", "--check")
    assert f"`cityglass metadata --city {town.yml} --data {town.data}`" in said.err


def test_before_anything_was_read_the_verbs_say_what_to_do_first(tmp_path):
    town = Town.found(tmp_path)
    assert town.command("status").out.startswith("Nothing has been read yet.\nNext: cityglass run ")
    for verb, words in (("audit", "cityglass run"), ("serve", "cityglass run"), ("publish", "cityglass pull")):
        said = town.command(verb)
        assert (said.code, words in said.err) == (3, True)
    assert town.command("releases").out.startswith("0 releases kept")
