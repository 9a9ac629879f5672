"""Waiting for tests is bounded, folder by folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.time_budget import MINUTES

ROOT = Path(__file__).parents[1]
CONFTEST = f"""import sys
sys.path.insert(0, {str(ROOT)!r})
from tests.time_budget import *
MINUTES["slow"] = 0.005
"""


def test_every_folder_has_its_budget():
    assert set(MINUTES) == {path.parent.name for path in (ROOT / "tests").rglob("test_*.py")}


@pytest.mark.parametrize(("ci", "sleeps", "code"), [("true", 0.5, 1), ("true", 0, 0), ("", 0.5, 0)])
def test_a_folder_over_its_budget_fails_the_run_where_ci_waits_for_it(tmp_path, ci, sleeps, code):
    folder = tmp_path / "slow"
    folder.mkdir()
    (tmp_path / "conftest.py").write_text(CONFTEST, "utf-8")
    (folder / "test_it.py").write_text(f"import time\ndef test_it():\n    time.sleep({sleeps})\n", "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", tmp_path, tmp_path],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"CI": ci},
    )
    assert done.returncode == code, done.stdout
    assert ("slow took 0." in done.stdout and "more than its 0 s" in done.stdout) == bool(sleeps)
    assert "1 passed" in done.stdout
