"""Where the city and its data lie: a folder, a file or a key that cannot be used is named, and so is the cure."""

import subprocess
import sys

import pytest

from hub.cli import main
from tests.town import Town, cityglass, requests

VERBS = sorted(main.commands)


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


def test_a_key_that_others_may_read_is_refused(tmp_path):
    town = Town.found(tmp_path)
    town.receive(*requests(range(30)))
    assert town.command("run").code == 0
    key = town.data / "private" / "keys" / "release.key"
    key.chmod(0o644)
    town.receive(*requests(range(40)))
    said = town.command("run")
    assert said.code == 3 and "release.key may be read by others (mode 644)" in said.err and "chmod 600" in said.err
