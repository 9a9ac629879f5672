"""Attack 4 by subtraction: every release says how much the city has read. Who takes from that the rows that are shown by
the day would know on which days the others came; a small town has days without any.

So nothing that came, changed or went since the first release of the week, and is not shown by the day, may be seen in a
release: two towns that differ in nothing else publish the same."""

from pathlib import Path

import pytest

from etl import week
from hub.datasets import tables
from hub.releases import kept, make_current
from tests.town import Town, requests

MONDAY, THURSDAY = "2024-07-01", "2024-07-04"
FIRST = [
    *requests(range(20)),
    *requests(range(100, 130), "Rats"),
    *requests(range(160, 190), "Rats", closed="2024-03-07 09:00:00"),
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
CHANGES = {  # of rows that are shown: how the city's system has them on Thursday; None: not at all
    "100": None,
    "101": {"status": "Done", "closed": "2024-04-02 09:00:00", "note": "fixed"},
    "102": {"kind": "Pothole", "group": "Streets"},
    "103": {"lat": "43.05", "long": "-70.85", "address": "1 Oak Street"},
    "104": {"opened": "2024-03-06 11:00:00"},
    "105": {"opened": "2023-11-06 11:00:00"},
    "106": {"agency": "Parks"},
    "107": {"kind": "Secret", "group": "Secrets"},
    "108": {"status": "Finito"},
    "109": {"opened": "nonsense"},
    "160": {"status": "Todo", "closed": ""},
    "161": {"closed": "2024-06-28 09:00:00"},
    "162": {"closed": ""},
    "200": None,
    "201": {"status": "Done", "closed": "2024-03-05 09:00:00"},
    "300": None,
}
# where a row lies, when it was opened and closed stands as it was first told
FROZEN = ("103", "104", "105", "160", "161")
TELLS_ITSELF = {"sources": ("read_at",)}


@pytest.fixture(scope="module")
def monday(tmp_path_factory) -> Path:
    town = Town.found(tmp_path_factory.mktemp("monday") / "town").on(MONDAY)
    town.receive(*FIRST)
    town.run()
    return town.folder


def told(
    monday: Path, folder: Path, *others: dict, changes: dict[str, dict | None] | None = None
) -> dict[str, list[dict]]:
    """What the town publishes on Thursday that has published on Monday."""
    town = Town.copy_of(monday, folder)
    (town.data / "public" / "current").unlink()
    make_current(town.data, *kept(town.data))
    changed = {row["id"]: row | change for row in FIRST if (change := (changes or {}).get(row["id"], {})) is not None}
    town.on(THURSDAY).receive(*changed.values(), *SHOWN_BY_THE_DAY, *others)
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
    assert len(alone["service_requests"]) == 114
    assert {name for name, rows in alone.items() if rows != with_others[name]} == set()


def test_what_is_shown_by_the_day_is_counted_among_the_rows_read(alone):
    [line] = [line for line in alone["completeness"] if line["dataset"] == "service_requests"]
    [rows] = [line["rows"] for line in alone["sources"] if line["dataset"] == "service_requests"]
    assert line["read"] == len(FIRST) + len(SHOWN_BY_THE_DAY) == line["rows_read"] == rows


def test_nor_is_what_changes_or_goes(alone, monday, tmp_path):
    changed = told(monday, tmp_path / "town", *OTHERS, changes=CHANGES)
    assert {name for name, rows in alone.items() if rows != changed[name]} == set()


def test_if_it_were_told_at_once_it_would_be_seen(monday, tmp_path, monkeypatch):
    monkeypatch.setattr(week, "account", lambda vault: None)
    alone = told(monday, tmp_path / "alone")
    came = told(monday, tmp_path / "came", *OTHERS)
    assert {"completeness", "quality_reasons", "sources"} <= {name for name in alone if alone[name] != came[name]}
    for id_, change in CHANGES.items():
        changed = told(monday, tmp_path / id_, changes={id_: change})
        seen = {name for name in alone if alone[name] != changed[name]}
        assert bool(seen) is (id_ not in FROZEN), (id_, seen)


def test_in_the_next_week_they_count(tmp_path):
    town = Town.found(tmp_path).on(MONDAY)
    town.receive(*FIRST)
    town.run()
    first = town.completeness()
    town.on(THURSDAY).receive(*FIRST, *OTHERS[3:13])
    _, published = town.run()
    assert town.completeness() == first
    assert [line for line in published.notices if "10 newer records" in line and "Monday, 2024-07-08" in line]
    town.on("2024-07-08").receive(*FIRST, *OTHERS[3:13])
    town.run()
    assert (town.completeness()["read"], town.completeness()["released"]) == (
        first["read"] + 10,
        first["released"] + 10,
    )
