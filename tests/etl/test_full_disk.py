"""A full disk: the run ends with exit code 8 and a plain sentence, the release stays, and with room it goes on."""

import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import adbc_driver_sqlite.dbapi as adbc
import pytest

from hub.errors import is_no_room
from hub.releases import folder
from tests.town import Said, Town, request, requests

# A process that may write no file beyond so many bytes: what a disk without room looks like to the libraries.
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
from hub.cli import main
main(sys.argv[2:])
"""
ROWS = requests(range(1500))
RIGHTS = "-dac_override,-dac_read_search"  # by which a superuser may write where nobody may


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


@pytest.mark.parametrize("library", [sqlite3, adbc], ids=["sqlite3", "adbc"])
def test_a_database_that_may_not_grow_is_known_as_no_room_whoever_writes_it(tmp_path, library):
    """The words of SQLite on a full disk, by both ways in which a release is written."""
    with closing(library.connect(f"{tmp_path}/a.db")) as con, closing(con.cursor()) as cursor:
        cursor.execute("pragma max_page_count = 2")
        cursor.fetchall()
        with pytest.raises(library.Error) as caught:
            cursor.execute("create table t as select hex(zeroblob(20000)) as x")
            cursor.fetchall()
    assert is_no_room(caught.value), str(caught.value)


@pytest.fixture
def read_only(town):
    """The data folder, in which nothing may be written any more, and a command that nobody's rights are lifted for."""
    may_all = os.geteuid() == 0
    if may_all and not shutil.which("setpriv"):
        pytest.skip("a superuser may write everywhere, and there is no setpriv to take that away")
    folders = [town.data, *(path for path in town.data.rglob("*") if path.is_dir() and not path.is_symlink())]
    before = {path: path.stat().st_mode for path in folders}
    prefix = ["setpriv", f"--bounding-set={RIGHTS}", f"--inh-caps={RIGHTS}"] if may_all else []

    def command(verb: str, *words: str) -> Said:
        given = [*prefix, sys.executable, "-m", "hub.cli", verb, "--city", town.yml, "--data", town.data, *words]
        done = subprocess.run(given, capture_output=True, text=True, check=False)
        return Said(done.returncode, done.stdout, done.stderr)

    for path in folders:
        path.chmod(0o555)
    yield command
    for path, mode in before.items():
        path.chmod(mode)


@pytest.mark.parametrize(("verb", "code"), [("run", 8), ("pull", 8), ("publish", 8), ("status", 0), ("audit", 0)])
def test_where_nothing_may_be_written_the_release_stays_and_can_be_read(town, read_only, verb, code):
    serving = town.release.id
    said = read_only(verb)
    assert (said.code, "Traceback" in said.err) == (code, False), said.err
    assert code == 0 or ("ermission" in said.err and "To mend it: " in said.err)
    assert town.release.id == serving


def test_going_back_where_nothing_may_be_written_is_explained(town, read_only):
    said = read_only("releases", "rollback", town.release.id)
    assert (said.code, "Permission denied" in said.err, "To mend it: " in said.err) == (8, True, True)
