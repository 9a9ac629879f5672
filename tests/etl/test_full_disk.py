"""A full disk: the run ends with exit code 8 and a plain sentence, the release stays, and with room it goes on."""

import subprocess
import sys

import pytest

from hub.releases import folder
from tests.town import Town, request, requests

# A process that may write no file beyond so many bytes: what a disk without room looks like to the libraries.
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
from hub.cli import main
main(sys.argv[2:])
"""
ROWS = requests(range(1500))


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    town = Town.found(tmp_path_factory.mktemp("full"))
    town.receive(*ROWS)
    town.run()
    return town


@pytest.mark.parametrize(
    ("limit", "words"), [(2_000, "The vault could not be written"), (600_000, "The release could not be written")]
)
def test_without_room_nothing_is_lost_and_the_release_stays(town, limit, words):
    serving = town.release.id
    town.receive(*ROWS, request(limit))
    command = ["run", "--city", town.yml, "--data", town.data]
    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(limit), *command], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (8, ""), done.stderr
    assert words in done.stderr and "free disk space" in done.stderr and "Traceback" not in done.stderr
    assert town.release.id == serving
    assert [path.name for path in folder(town.data).iterdir()] == [serving]
    assert town.command("audit", "--gate").code == 0


def test_with_room_again_the_same_run_goes_on(town):
    assert town.command("run").code == 0
    assert len(town.released()) == len(ROWS) + 1
