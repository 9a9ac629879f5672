"""Attack 4 by subtraction: every release says how much the city has read. Who takes from that the rows that are shown by
the day would know on which days the others came; a small town has days without any.

So nothing that came since the first release of the week, and is not shown by the day, may be seen in a release: two
towns that differ in nothing else publish the same."""

import shutil
from pathlib import Path

import pytest

from etl import contents
from hub.datasets import tables
from hub.releases import kept, make_current
from tests.town import Town, requests

MONDAY, THURSDAY = "2024-07-01", "2024-07-04"
FIRST = [
    *requests(range(20)),
    *requests(range(100, 130), "Rats"),
    *requests(range(200, 230), "No Heat", opened="2024-02-06 09:00:00"),
    *requests(range(300, 303), "Secret"),
]
SHOWN_BY_THE_DAY = requests(range(20, 24), opened="2024-07-02 09:00:00")
OTHERS = [
    *requests(range(130, 133), "Rats", opened="2024-07-02 10:00:00"),  # its week has not closed
    *requests(range(140, 150), "Rats"),  # late, and enough of them for a class
    *requests(range(230, 232), "No Heat", opened="2024-01-10 09:00:00"),  # late, and too few
    *requests(range(303, 305), "Secret"),
    *requests(range(150, 152), "Rats", lat="12.5", long="-1.5", status="Finito"),  # flagged
    *requests(range(400, 402), "Rats", opened="nonsense"),  # unusable
    *requests(range(130, 132), "Rats", opened="2024-07-02 10:00:00", status="Done", closed="2024-07-03 10:00:00"),
]
TELLS_ITSELF = {"releases": ("id", "previous"), "sources": ("read_at",)}


@pytest.fixture(scope="module")
def monday(tmp_path_factory) -> Path:
    town = Town.found(tmp_path_factory.mktemp("monday") / "town").on(MONDAY)
    town.receive(*FIRST)
    town.run()
    return town.folder


def told(monday: Path, folder: Path, *others: dict) -> dict[str, list[dict]]:
    """What the town publishes on Thursday that has published on Monday."""
    town = Town(Path(shutil.copytree(monday, folder, symlinks=True)))
    (town.data / "public" / "current").unlink()
    make_current(town.data, *kept(town.data))
    town.on(THURSDAY).receive(*FIRST, *SHOWN_BY_THE_DAY, *others)
    town.run()
    found = {table.name: town.released(f'select * from "{table.name}"') for table in tables()}
    for name, columns in TELLS_ITSELF.items():
        found[name] = [{key: value for key, value in row.items() if key not in columns} for row in found[name]]
    return found


@pytest.fixture(scope="module")
def alone(monday, tmp_path_factory) -> dict[str, list[dict]]:
    return told(monday, tmp_path_factory.mktemp("alone") / "town")


def test_reports_of_other_tiers_that_come_within_the_week_are_not_seen_before_its_end(alone, monday, tmp_path):
    with_others = told(monday, tmp_path / "town", *OTHERS)
    assert len(alone["service_requests"]) == 84
    assert {name for name, rows in alone.items() if rows != with_others[name]} == set()


def test_if_they_were_counted_at_once_they_would_be_seen(alone, monday, tmp_path, monkeypatch):
    monkeypatch.setattr(contents, "ACCOUNT", "account of nobody")
    monkeypatch.setattr(contents.Contents, "_account", lambda self, vault: None)
    seen = told(monday, tmp_path / "town", *OTHERS)
    assert {"completeness", "quality_reasons", "sources"} <= {name for name in alone if alone[name] != seen[name]}


def test_in_the_next_week_they_count(tmp_path):
    town = Town.found(tmp_path).on(MONDAY)
    town.receive(*FIRST)
    town.run()
    first = town.completeness()
    town.on(THURSDAY).receive(*FIRST, *OTHERS[3:13])
    town.run()
    assert town.completeness() == first
    town.on("2024-07-08").receive(*FIRST, *OTHERS[3:13])
    town.run()
    assert (town.completeness()["read"], town.completeness()["released"]) == (
        first["read"] + 10,
        first["released"] + 10,
    )
