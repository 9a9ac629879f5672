"""Cities change: wards, ladders, k, and operators go back. Publishing goes on, and no release tells more than before."""

import json
import shutil
from copy import deepcopy
from pathlib import Path

import h3
import pytest

from etl import week
from hub.errors import ConfigurationError
from tests.town import FAR, POLICY, SISTERS, Town, day, request, requests

SOUTH, NORTH = (h3.latlng_to_cell(lat, -70.95, 9) for lat in (43.05, 43.15))
ROWS = [
    *requests(range(20)),
    *requests(range(100, 140), "Rats", opened="2023-05-09 09:00:00"),
    *requests(range(160, 163), "Rats", opened="2023-08-12 09:00:00", cell=SOUTH),
    *requests(range(163, 166), "Rats", opened="2023-08-12 09:00:00", cell=NORTH),
    *requests(range(200, 230), "No Heat", opened="2023-02-06 09:00:00"),
    *requests(range(230, 235), "No Heat", opened="2023-08-06 09:00:00", cell=FAR),
    *requests(range(240, 262), "No Heat", opened="2022-08-06 09:00:00", cell=FAR),
    *requests(range(300, 312), "Secret"),
]


@pytest.fixture(scope="module")
def founded(tmp_path_factory) -> Path:
    town = Town.found(tmp_path_factory.mktemp("goes_on") / "town").on("2024-07-01")
    town.receive(*ROWS)
    town.run()
    return town.folder


@pytest.fixture
def town(founded, tmp_path) -> Town:
    return Town.copy_of(founded, tmp_path / "town").on("2024-07-08")


def received(town: Town) -> dict[str, int]:
    """Tier -> what agg_received says is released of it, over all its periods."""
    lines = "service_group is null and district is null group by tier"
    return {
        row["tier"]: row["n"]
        for row in town.released(f"select tier, sum(released) as n from agg_received where {lines}")
    }


def is_sound(town: Town) -> bool:
    return town.command("audit", "--gate").code == 0


@pytest.mark.parametrize(
    "ladders",
    [{"C": POLICY["ladders"]["C"][:-1]}, {"B": [*POLICY["ladders"]["B"], "city/year"]}],
    ids=["without its last rung", "with one more"],
)
def test_a_ladder_that_is_counted_by_other_periods_leaves_what_was_counted_as_it_was(town, ladders):
    lines = "select * from agg_received order by tier, period, service_group, district"
    before = town.released(lines)
    town.decide(ladders=ladders)
    town.run()
    after = town.released(lines)
    assert [line for line in after if line in before] == before and is_sound(town)
    overlap = """select count(*) as n from agg_received q join agg_received y using (tier)
        where q.grain = 'quarter' and y.grain = 'year' and substr(q.period, 1, 4) = substr(y.period, 1, 4)"""
    assert town.released(overlap) == [{"n": 0}]  # a year less its quarters would be told


def wards(town: Town, change) -> None:
    path = town.folder / "wards.geojson"
    layer = json.loads(path.read_text("utf-8"))
    change(layer["features"])
    path.write_text(json.dumps(layer), "utf-8")


def renamed(features: list[dict]) -> None:
    features[0]["properties"]["name"] = "Harbor Ward"


def split(features: list[dict]) -> None:
    north = deepcopy(features[0])
    north["properties"]["name"] = "North West"
    for feature, south, top in ((features[0], 43.0, 43.1), (north, 43.1, 43.2)):
        corners = [(-71.0, south), (-70.9, south), (-70.9, top), (-71.0, top), (-71.0, south)]
        feature["geometry"]["coordinates"] = [corners]
    features.append(north)


@pytest.mark.parametrize("change", [renamed, split])
def test_with_other_wards_rows_that_were_told_by_an_old_one_become_coarser_and_the_rest_stays(town, change):
    by_ward = "select id, place_id from service_requests where place_level = 'neighbourhood'"
    before, all_of_them = town.released(by_ward), len(town.released())
    assert before
    wards(town, change)
    town.run()
    levels = {row["id"]: row["place_level"] for row in town.released()}
    assert len(levels) == all_of_them and is_sound(town)
    if change is renamed:
        assert {levels[row["id"]] for row in before} == {"city"}


def test_counts_that_were_told_under_a_smaller_k_still_pass_the_audit(town):
    town.decide(k={"C": 20})
    town.run()
    assert is_sound(town)


def test_a_rollback_within_the_week_opens_no_week(town):
    first = town.release.id
    town.run()
    told = town.completeness()
    assert town.command("releases", "rollback", first).code == 0
    late = requests(range(140, 146), "Rats", opened="2024-06-26 10:00:00")
    town.on("2024-07-11").receive(*ROWS, *late, request(330, "Secret", opened="2024-07-09 09:00:00"))
    town.run()
    assert town.completeness() == told


def test_a_time_of_the_data_that_steps_back_opens_no_week_twice(town):
    town.run()
    told = town.completeness()
    late = requests(range(140, 146), "Rats", opened="2024-06-26 10:00:00")
    for now, rows in (("2024-07-05", ROWS), ("2024-07-11", [*ROWS, *late])):
        town.on(now).receive(*rows)
        town.run()
        assert {**town.completeness(), "rows_read": 0} == {**told, "rows_read": 0}
    town.on("2024-07-15").run()
    assert town.completeness()["read"] == told["read"] + len(late)


@pytest.mark.parametrize(
    "between", [{"opened": "unknown"}, {"id": ""}, None], ids=["unusable", "without its id", "gone"]
)
def test_a_closing_is_told_in_its_time_though_its_record_was_away_and_came_back_open(town, between):
    rows = [*ROWS, *requests(range(500, 512), "Rats", opened="2024-06-27 09:00:00")]
    closed = [row | {"status": "Done", "closed": "2024-07-05 09:00:00"} if row["id"] == "500" else row for row in rows]
    away = [row | (between or {}) if row["id"] == "500" else row for row in closed]
    shown = "select tier, duration_days as days from service_requests where status = 'closed'"
    town.receive(*closed)
    town.run()
    assert town.released(shown) == []
    town.on("2024-07-15").receive(*(row for row in away if between or row["id"] != "500"))
    town.run()
    town.on("2024-07-22").receive(*rows)
    town.run()
    town.on("2024-07-29").receive(*rows, request(999))
    town.run()
    assert town.released(shown) == [{"tier": "B", "days": 8}]


def test_an_older_vault_publishes_nothing_beside_newer_releases(town, tmp_path):
    shutil.copytree(town.data / "private", tmp_path / "backup")
    town.receive(*ROWS, *(request(500 + n, "Rats", opened="2024-06-25 09:00:00", cell=SISTERS[n]) for n in range(5)))
    town.run()
    shutil.rmtree(town.data / "private")
    shutil.copytree(tmp_path / "backup", town.data / "private")
    with pytest.raises(ConfigurationError, match="knows of 1 releases, that is number 2"):
        town.run()


def came(town: Town) -> list[int]:
    """What an onlooker takes for what came in each week and is not shown: rows read, less those in the release."""
    rows = [*ROWS[:60], *requests(range(200, 230), "No Heat", opened="2024-01-06 09:00:00")]
    residuals, before = [], None
    for monday, sensitive in (
        ("2024-04-29", 0),
        ("2024-05-06", 5),
        ("2024-05-13", 5),
        ("2024-05-20", 0),
        ("2024-05-27", 3),
    ):
        number, opened = len(rows), day(monday, -5)
        rows += requests(range(1000 + number, 1000 + number + sensitive), "No Heat", opened=f"{opened} 09:00:00")
        rows += requests(range(2000 + number, 2006 + number), "Rats", opened=f"{opened} 11:00:00")
        town.on(monday).receive(*rows)
        town.run()
        [source] = town.released("select rows from sources where dataset = 'service_requests'")
        line = town.completeness()
        assert source["rows"] == line["rows_read"] and is_sound(town)
        now = line["read"] - line["released"]
        residuals += [] if before is None else [now - before]
        before = now
    return residuals


def test_few_newcomers_that_are_not_shown_are_counted_together_once_they_are_enough(tmp_path):
    assert came(Town.found(tmp_path / "town")) == [0, 0, 0, 13]


def test_if_they_were_counted_as_they_come_the_week_of_each_would_be_told(tmp_path, monkeypatch):
    monkeypatch.setattr(week, "deferred", lambda *_: {})
    assert came(Town.found(tmp_path / "town")) == [5, 5, 0, 3]
