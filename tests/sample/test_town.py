"""The town of Larkhaven and what happens in it: the truth that statistics are tried on."""

import statistics
from collections import Counter
from datetime import UTC, datetime

import pytest
from shapely.geometry import Point, shape
from shapely.ops import unary_union

from hub.sample import scenario
from hub.sample.clock import AS_OF, wall
from tests.exports import CITY, features, inside, wards_and_water

# The town


def test_nine_wards_tile_the_land_and_leave_the_water_free(folder):
    wards, water = wards_and_water(folder)
    assert len(wards) == 9 and len(water) == 2
    assert all(area.is_valid and area.exterior.is_ccw for area in (*wards.values(), *water))
    land = unary_union(list(wards.values()))
    assert land.area == pytest.approx(sum(area.area for area in wards.values()), rel=1e-9)  # no overlap
    assert not [part for part in getattr(land, "geoms", [land]) if len(part.interiors)]  # no gap
    assert all(area.intersection(land).area < 1e-9 for area in water)
    assert len(getattr(land, "geoms", [land])) == 2  # the river parts the city


def test_wards_are_no_rectangles(folder):
    wards, _ = wards_and_water(folder)
    assert all(len(area.exterior.coords) > 100 for area in wards.values())
    assert all(area.area / area.minimum_rotated_rectangle.area < 0.9 for area in wards.values())


def test_about_a_hundred_and_fifty_streets_have_a_name_of_their_own_and_lie_in_the_city(folder):
    wards, water = wards_and_water(folder)
    streets = features(folder / "streets.geojson")
    assert 140 <= len({street["properties"]["street"] for street in streets}) == len(streets) <= 170
    city = unary_union([*wards.values(), *water])
    assert all(city.covers(shape(street["geometry"])) for street in streets)


def test_every_true_place_lies_in_its_ward_and_inside_the_citys_box(folder, truth):
    wards, _ = wards_and_water(folder)
    places = {(line["lat"], line["long"], line["ward"]) for line in truth}
    near = {name: area.buffer(0.0002) for name, area in wards.items()}  # the geocoder rounds to four decimals
    assert len(places) > 5_000
    assert all(near[ward].covers(Point(long, lat)) and inside((lat, long), CITY.bbox) for lat, long, ward in places)


def test_some_addresses_and_some_people_report_again_and_again(truth):
    addresses = Counter(line["address"] for line in truth)
    people = Counter(line["reporter_id"] for line in truth if line["reporter_id"] != "crew")
    assert 4_000 < len(addresses) < 9_000 and addresses.most_common(1)[0][1] > 40
    assert people.most_common(scenario.HEAVY_REPORTERS)[-1][1] > 20 > statistics.median(people.values())


# What happens in it


def fix_days(truth, **wanted) -> list[float]:
    """Days to the real fix, those never fixed as infinity; first reports only."""
    found = [line for line in truth if line["is_first"] and all(line[key] == value for key, value in wanted.items())]
    return [
        float("inf") if line["fix_hours"] is None else line["fix_hours"] / 24
        for line in found
        if line["end"] in ("done", "enforced", "abandoned", "paper")
    ]


def test_wards_report_at_rates_that_differ_threefold(truth):
    """After the first report of a problem the others come at a rate that is the ward's own."""
    assert max(scenario.WARD_VOICE.values()) == 3 * min(scenario.WARD_VOICE.values())
    exposed, reports = Counter(), Counter()
    for line in truth:
        if line["service_name"] != "Pothole" or line["fix_hours"] is None or line["end"] == "crew_log":
            continue
        reports[line["ward"]] += not line["is_first"]
        if line["is_first"]:
            until = min(line["opened"] + line["fix_hours"] * 3600, line["opened"] + 60 * 86_400, AS_OF)
            exposed[line["ward"]] += (until - line["opened"]) / 86_400
    rate = {ward: reports[ward] / exposed[ward] for ward in exposed}
    loud, quiet = rate["Harborside"], rate["Marsh End"]
    assert loud / quiet == pytest.approx(scenario.WARD_VOICE["Harborside"] / scenario.WARD_VOICE["Marsh End"], rel=0.3)


def test_slow_wards_are_slower(truth):
    by_ward = {
        ward: statistics.median(fix_days(truth, ward=ward, service_name="Pothole")) for ward in scenario.WARD_PACE
    }
    assert by_ward["Marsh End"] / by_ward["Harborside"] == pytest.approx(1.5 / 0.75, rel=0.25)


def test_one_department_is_three_times_slower_in_the_last_120_days(truth):
    since = int(datetime.combine(scenario.SLOW_SINCE, datetime.min.time(), UTC).timestamp())
    lights = [line for line in truth if line["service_name"] == "Street Light Out"]
    before = statistics.median(fix_days([line for line in lights if line["opened"] < since]))
    after = statistics.median(fix_days([line for line in lights if line["opened"] >= since + 86_400]))
    assert after / before == pytest.approx(3, rel=0.25)
    assert (scenario.LAST_DAY - scenario.SLOW_SINCE).days + 1 == 120


def test_a_third_of_tree_requests_is_abandoned(truth):
    trees = [line for line in truth if line["service_name"] == "Street Tree Pruning" and line["is_first"]]
    share = sum(line["end"] == "abandoned" for line in trees) / len(trees)
    assert share == pytest.approx(0.35, abs=0.03)
    assert all(line["fix_hours"] is None and line["closed"] is None for line in trees if line["end"] == "abandoned")


def test_paper_closures_come_in_batches_and_the_words_say_so(rows, truth):
    paper = [(row, line) for row, line in zip(rows, truth, strict=True) if "paper_closure" in line["oddities"]]
    minutes = Counter(line["closed"] // 60 for _, line in paper)
    assert max(minutes.values()) >= 8 and len(minutes) <= 48
    assert all("Closed by system" in (row.get("resolution") or row.get("RESOLUTION")) for row, _ in paper)
    vehicles = [
        line
        for line in truth
        if line["service_name"] == "Abandoned Vehicle" and line["is_first"] and (line["closed"] or AS_OF) < AS_OF
    ]
    assert 0.22 < sum(line["end"] == "paper" for line in vehicles) / len(vehicles) < 0.38


def test_only_the_hard_cases_of_vacant_buildings_are_closed_on_paper(truth):
    """The scenario in which setting paper closures aside misleads."""
    vacant = [
        line for line in truth if line["service_name"] == "Vacant Building" and line["is_first"] and line["fix_hours"]
    ]
    hard = [line["fix_hours"] / 24 for line in vacant if line["end"] == "paper"]
    assert len(hard) > 20 and min(hard) > 60


def test_every_duplicate_says_so_and_repeats_an_earlier_report(rows, truth):
    first = {line["incident"]: line["opened"] for line in truth if line["is_first"]}
    duplicates = [(row, line) for row, line in zip(rows, truth, strict=True) if line["end"] == "duplicate"]
    assert 0.1 < len(duplicates) / len(rows) < 0.2
    for row, line in duplicates:
        words = [row.get(name) or "" for name in ("status", "SERVICEORDERSTATUS", "resolution", "RESOLUTION")]
        assert "dup" in " ".join(words).lower() or {"unknown_status", "older_copy", "open_with_closed_date"} & set(
            line["oddities"]
        )
        assert first[line["incident"]] <= line["opened"]


def test_seasons_weekdays_and_hours_differ_by_kind(truth):
    def shown(name):
        return [datetime.fromtimestamp(wall(line["opened"]), UTC) for line in truth if line["service_name"] == name]

    heat, noise, trash = shown("No Heat or Hot Water"), shown("Residential Noise"), shown("Missed Trash Pickup")
    assert sum(day.month in (12, 1, 2) for day in heat) > 10 * sum(day.month in (6, 7, 8) for day in heat)
    assert sum(day.hour in (22, 23, 0, 1) for day in noise) > 3 * sum(day.hour in (9, 10, 11, 12) for day in noise)
    assert sum(day.weekday() == 6 for day in trash) < 0.3 * len(trash) / 7
    assert Counter(day.year for day in trash)[2025] > 1.1 * Counter(day.year for day in trash)[2023]
