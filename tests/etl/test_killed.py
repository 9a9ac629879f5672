"""Killed anywhere: a run that dies leaves the old release serving, and the next one ends where an undisturbed run ends."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

from hub.releases import folder
from tests.town import Town, requests

# Imports once, then forks a process for each line: a `cityglass run` that can be killed without waiting for imports.
NURSERY = """
import os, sys, traceback
import etl.run
from hub.cli import main
for line in sys.stdin:
    if pid := os.fork():
        print(pid, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
        continue
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    try:
        main(line.rstrip().split(chr(9)))
    except SystemExit as end:
        os._exit(end.code)
    except BaseException:
        traceback.print_exc()
        os._exit(99)
"""
FILES = [f"requests_{part}.csv" for part in range(2)]
BASE = [*requests(range(60)), *requests(range(100, 108), "Rats"), *requests(range(200, 215), "No Heat")]


def building(town: Town, what: str = ".") -> bool:
    return any((place / what).exists() for place in folder(town.data).glob(".building-*"))


def wal(town: Town) -> bool:
    return (town.data / "private" / "vault.duckdb.wal").exists()


# When to kill: as soon as this can be seen, and so many seconds later at most.
POINTS: dict[str, tuple[Callable[[Town], bool], float]] = {
    "while it opens the vault": (lambda town: True, 0.1),
    "at the first page": (wal, 0.0),
    "somewhere on the first page": (wal, 0.3),
    "between pages": (wal, 0.8),
    "while it generalises": (wal, 2.0),
    "as it begins to build": (building, 0.0),
    "while it writes the database": (lambda town: building(town, "city.db"), 0.1),
    "while it describes itself": (lambda town: building(town, "audit.json"), 0.02),
    "just before the swap": (lambda town: building(town, "manifest.json"), 0.0),
}


def write(town: Town, extra: int) -> None:
    rows = [*BASE, *requests(range(300, 300 + extra), agency=f"agency {extra}")]
    for part, name in enumerate(FILES):
        town.receive(*rows[part :: len(FILES)], name=name)


def state(town: Town) -> dict:
    tables = {
        name: town.released(f"select * from {name} order by 1, 2, 3") for name in ("completeness", "month_counts")
    }
    held = town.vault("select * exclude (hash) from records_service_requests order by key")
    return {"rows": town.released(), "records": held, "ledger": len(town.vault("from release_ledger")), **tables}


@pytest.fixture(scope="module")
def towns(tmp_path_factory) -> tuple[Town, Town]:
    """Two towns with one past: the same key, vault and release."""
    town = Town.found(tmp_path_factory.mktemp("killed") / "town", location=FILES)
    write(town, 0)
    town.run()
    return town, Town.copy_of(town.folder, town.folder.with_name("calm"))


@pytest.fixture(scope="module")
def start():
    """Start a run; returns its process id. The last run's exit code is read before."""
    with subprocess.Popen(
        [sys.executable, "-c", NURSERY], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as it:

        def run(town: Town) -> int:
            it.stdin.write(f"run\t--city\t{town.yml}\t--data\t{town.data}\n")
            it.stdin.flush()
            return int(it.stdout.readline())

        run.ended = lambda: int(it.stdout.readline())
        yield run


def kill(town: Town, start, seen: Callable[[Town], bool], later: float) -> int:
    """Run, kill when it is time; returns how it ended: -9 unless it was done before."""
    pid, limit = start(town), time.monotonic() + 60
    while not seen(town) and time.monotonic() < limit and os.path.exists(f"/proc/{pid}"):
        time.sleep(0.0005)
    time.sleep(random.random() * later)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    return start.ended()


def leftovers_are_not_served(town: Town) -> bool:
    """What a dead publish left behind can neither be listed nor served."""
    left = [path.name for path in folder(town.data).glob(".building-*")]
    told = town.command("releases").out
    return not any(name in told or town.command("releases", "rollback", name).code != 3 for name in left)


def test_a_run_that_is_killed_again_and_again_ends_like_one_that_was_left_in_peace(towns, start):
    town, calm = towns
    ends, left = {}, 0
    for number, (name, (seen, later)) in enumerate(POINTS.items(), 1):
        write(town, number)
        serving = town.release.id
        ends[name] = kill(town, start, seen, later)
        left += building(town)
        assert ends[name] == 0 or town.release.id == serving or later, name
        assert leftovers_are_not_served(town), name
        assert town.command("audit", "--gate").code == 0, name
    assert list(ends.values()).count(-signal.SIGKILL) >= 8 and set(ends.values()) <= {0, -signal.SIGKILL}, ends
    assert left >= 2
    write(town, len(POINTS) + 1)
    write(calm, len(POINTS) + 1)
    assert town.command("run").code == calm.command("run").code == 0
    assert state(town) == state(calm)
    assert not list(folder(town.data).glob(".*"))
    assert town.command("audit", "--gate").code == 0
