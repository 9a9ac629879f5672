"""Larkhaven, the made-up city: what it promises to those who try the hub on it and to the tests that rely on it."""

import csv
import gzip
import hashlib
import io
import json
import statistics
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from shapely.geometry import Point, shape
from shapely.ops import unary_union

from hub import sample
from hub.city import load_city
from hub.datasets import DATASETS
from hub.policy import load_policy
from hub.sample import scenario
from hub.sample.clock import AS_OF, american, instant, wall
from hub.sample.kinds import KINDS
from hub.sample.oddities import CHANGES

ROOT = Path(__file__).parents[2]
CITY = load_city(ROOT / "city.yml")
FILES = {
    "requests_2023.csv.gz", "requests_2024.csv.gz", "requests_2025.geojson.gz", "boundaries.geojson", "streets.geojson",
    "budget.csv", "capital_projects.csv", "stories.csv",
}  # fmt: skip
OLD, NEW = ("requests_2023.csv.gz", "requests_2024.csv.gz"), "requests_2025.geojson.gz"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The sample city at its full size, with the truth beside it."""
    place = tmp_path_factory.mktemp("larkhaven")
    sample.write(place / "sample", truth=place / "truth.jsonl")
    return place / "sample"


@pytest.fixture(scope="module")
def truth(folder):
    with (folder.parent / "truth.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def rows(folder):
    """Every request row as its file has it, file by file in the order of the truth."""
    found = []
    for name in OLD:
        with gzip.open(folder / name, "rt", encoding="utf-8", newline="") as file:
            found += list(csv.DictReader(file))
    return found + [feature["properties"] | {"geometry": feature["geometry"]} for feature in features(folder / NEW)]


def features(path: Path) -> list[dict]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        return json.load(file)["features"]


def table(path: Path) -> list[dict]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digests(place: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in place.iterdir()}


# One seed, one city


def test_the_same_seed_gives_the_same_bytes_and_another_seed_other_requests_in_the_same_town(tmp_path):
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        sample.write(tmp_path / name, requests=900, seed=seed, truth=tmp_path / f"{name}.jsonl")
    a, b, c = (digests(tmp_path / name) for name in "abc")
    assert a == b and set(a) == FILES
    assert {name for name in a if a[name] != c[name]} == {*OLD, NEW}
    assert (tmp_path / "a.jsonl").read_bytes() == (tmp_path / "b.jsonl").read_bytes()


def test_the_truth_is_written_only_when_asked_for(tmp_path):
    sample.write(tmp_path / "here" / "sample", requests=300)
    assert {path.name for path in (tmp_path / "here").rglob("*") if path.is_file()} == FILES


def test_the_whole_city_is_small(folder):
    assert sum(path.stat().st_size for path in folder.iterdir()) <= 3_000_000


def test_the_truth_knows_every_row(rows, truth):
    ids = [row.get("sr_number", row.get("SERVICEREQUESTID")) or "" for row in rows]
    assert ids == [line["service_request_id"] for line in truth]
    assert 59_400 <= len(rows) <= 60_600


# Two systems, as city.yml describes them


def test_city_yml_names_only_columns_that_the_files_have(folder, rows):
    """Every alias is a column of one of the files, so that nothing is read as empty by mistake."""
    known = set(rows[0]) | set(rows[-1])
    for source in ("budget", "capital_projects", "stories"):
        known |= set(table(folder / f"{source}.csv")[0])
    for source in ("requests", "budget", "capital_projects", "stories"):
        for column, given in CITY.sources[source].fields.items():
            names = given if isinstance(given, list) else next(iter(given.values()))
            assert set(names) <= known, f"{source}.{column}"


def test_reporters_are_in_the_exports_and_in_no_field_of_the_city(rows):
    contacts = {"reporter_name", "reporter_email", "reporter_phone", "REPORTERNAME", "REPORTEREMAIL"}
    taken = {alias for given in CITY.sources["requests"].fields.values() for alias in given}
    assert not contacts & taken
    assert all(any(row.get(name) for row in rows) for name in contacts)


def test_every_status_word_but_the_strange_ones_is_in_city_yml(rows, truth):
    known = {word.casefold() for word in CITY.sources["requests"].layout["statuses"]}
    for row, line in zip(rows, truth, strict=True):
        word = row.get("status") or row.get("SERVICEORDERSTATUS")
        assert (word.casefold() in known) != ("unknown_status" in line["oddities"])


def test_a_due_date_is_the_opening_plus_the_public_target_on_the_wall_clock(rows, truth):
    target = {kind.name: kind.target_days for kind in KINDS}
    seen = set()
    for row, line in zip(rows, truth, strict=True):
        if {"sentinel_due", "no_date", "unparsable_date"} & set(line["oddities"]):
            continue
        days = target[line["service_name"]]
        expected = None if days is None else wall(line["opened"]) + days * 86_400
        if "due_date" in row:
            assert row["due_date"] == ("" if days is None else american(expected))
        else:
            assert row["SERVICEDUEDATE"] == (None if days is None else instant(expected) * 1000)
        seen.add(days is None)
    assert seen == {True, False}


def test_local_dates_follow_daylight_saving_time():
    def utc(*when: int) -> int:
        return int(datetime(*when, tzinfo=UTC).timestamp())

    assert american(wall(utc(2024, 7, 1, 16))) == "07/01/2024 12:00:00 PM"
    assert american(wall(utc(2024, 1, 1, 5))) == "01/01/2024 12:00:00 AM"
    twice = [utc(2024, 11, 3, hour, 30) for hour in (5, 6)]
    assert {american(wall(moment)) for moment in twice} == {"11/03/2024 01:30:00 AM"}
    assert american(wall(utc(2024, 3, 10, 7))) == "03/10/2024 03:00:00 AM"  # the hour after 1:59:59


def test_the_new_systems_features_stand_one_to_a_line(folder):
    with gzip.open(folder / NEW, "rt", encoding="utf-8") as file:
        lines = file.read().splitlines()
    assert len(lines) == len(features(folder / NEW)) + 2
    assert all(json.loads(line.rstrip(","))["type"] == "Feature" for line in lines[1:-1])


# What is wrong with the exports on purpose


def counted(truth) -> Counter:
    return Counter(word for line in truth for word in line["oddities"])


@pytest.mark.parametrize("name", CHANGES)
def test_each_planted_fault_is_there_as_often_as_promised(truth, name):
    share = CHANGES[name][0]
    assert counted(truth)[name] == pytest.approx(share * len(truth), rel=0.03, abs=2)


@pytest.mark.parametrize(
    "name, least",
    [
        ("older_copy", 40), ("number_of_another", 9), ("whole_row_twice", 80), ("late_arrival", 170),
        ("crew_log", 1000), ("paper_closure", 300), ("abandoned", 1000), ("reopened", 400),
        ("same_problem_again", 1000), ("garbled_text", 150),
    ],
)  # fmt: skip
def test_each_planted_event_is_there(truth, name, least):
    assert counted(truth)[name] >= least


def faulty(rows, truth, name):
    return [row for row, line in zip(rows, truth, strict=True) if name in line["oddities"]]


def test_faults_look_as_they_do_in_real_exports(rows, truth):
    def all_of(name, holds):
        found = faulty(rows, truth, name)
        assert found and all(map(holds, found)), name

    all_of("default_point", lambda r: point_of(r) == (43.66, -70.86))
    all_of("default_point_without_address", lambda r: point_of(r) == (43.66, -70.86) and not address_of(r))
    all_of("zero_point", lambda r: point_of(r) == (0, 0))
    all_of("no_coordinates", lambda r: point_of(r) is None)
    all_of("outside_city", lambda r: not inside(point_of(r), CITY.bbox))
    all_of(
        "sentinel_closed", lambda r: r.get("closed_date", "").startswith("01/01/1900") or r.get("RESOLUTIONDATE") == 0
    )
    all_of("no_id", lambda r: not (r.get("sr_number") or r.get("SERVICEREQUESTID")))
    all_of("no_date", lambda r: not (r.get("created_date") or r.get("ADDDATE")))
    all_of("late_arrival", lambda r: r["SERVICEREQUESTID"].startswith("SR24-") and r["ADDDATE"] < 1_735_707_600_000)
    logs = [row for row, line in zip(rows, truth, strict=True) if line["oddities"] == ["crew_log"]]
    assert {
        (r.get("created_date"), r.get("ADDDATE")) == (r.get("closed_date"), r.get("RESOLUTIONDATE")) for r in logs
    } == {True}


def point_of(row: dict) -> tuple[float, float] | None:
    lat, long = row.get("latitude", row.get("LATITUDE")), row.get("longitude", row.get("LONGITUDE"))
    assert "geometry" not in row or (row["geometry"] or {}).get("coordinates") == (None if lat is None else [long, lat])
    return None if lat in (None, "") else (float(lat), float(long))


def address_of(row: dict) -> str | None:
    return row.get("street_address") or row.get("STREETADDRESS")


def inside(point: tuple[float, float], box: tuple[float, float, float, float]) -> bool:
    west, south, east, north = box
    return south <= point[0] <= north and west <= point[1] <= east


def test_whole_rows_stand_twice_and_numbers_come_again(rows):
    ids = [row.get("sr_number") or row.get("SERVICEREQUESTID") for row in rows]
    again = {name for name, times in Counter(filter(None, ids)).items() if times > 1}
    copies = defaultdict(set)
    for name, row in zip(ids, rows, strict=True):
        if name in again:
            copies[name].add(json.dumps({key: value for key, value in row.items() if key != "OBJECTID"}))
    assert sum(len(found) == 1 for found in copies.values()) >= 40  # the same in every cell
    assert sum(len(found) == 2 for found in copies.values()) >= 40  # the same number, other content


# Personal data to look for


def test_planted_strings_stand_letter_for_letter_in_the_text_of_their_row(rows, truth):
    kinds = Counter()
    for row, line in zip(rows, truth, strict=True):
        text = " ".join(row.get(name) or "" for name in ("comments", "resolution", "DETAILS", "RESOLUTION"))
        for planted in line["planted"]:
            assert planted in text
            kinds["mail" if "@" in planted else "digits" if planted[-1].isdigit() else "words"] += 1
        if line["contact_in_file"]:
            assert line["reporter_name"] in (row.get("reporter_name"), row.get("REPORTERNAME"))
    assert min(kinds.values()) > 500


def test_no_resident_who_reports_stands_in_a_file_that_is_published(folder, truth):
    public = "".join(path.read_text("utf-8") for path in folder.iterdir() if path.suffix != ".gz")
    names = {line["reporter_name"] for line in truth} - {""}
    secrets = names | {line["reporter_email"] for line in truth if line["reporter_email"]}
    secrets |= {planted for line in truth for planted in line["planted"]}
    assert len(names) > 5_000
    assert not [secret for secret in secrets if secret in public]


# The town


def wards_and_water(folder):
    found = [(feature["properties"], shape(feature["geometry"])) for feature in features(folder / "boundaries.geojson")]
    wards = {properties["ward"]: area for properties, area in found if "ward" in properties}
    return wards, [area for properties, area in found if properties.get("kind") == "water"]


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
    assert people.most_common(scenario.HEAVY_REPORTERS)[-1][1] > 30 > statistics.median(people.values())


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


# Money, projects, stories


def cents(cell: str) -> int | None:
    if cell == "#Missing":
        return None
    amount = round(float(cell.strip("$()").replace("$", "").replace(",", "")) * 100)
    return -amount if cell.startswith("(") else amount


def test_the_budget_adds_up_to_what_the_city_states(folder):
    lines, layout = table(folder / "budget.csv"), CITY.sources["budget"].layout
    column = {tuple(made["set"].values()): made["column"] for made in layout["rows_from_columns"]}
    assert len(layout["totals"]) == 6 and 250 <= len(lines) <= 350
    for total in layout["totals"]:
        of = total["of"]
        amounts = [
            cents(line[column[of["fiscal_year"], of["stage"]]])
            for line in lines
            if line["Direction"] == of["direction"]
        ]
        assert sum(amount or 0 for amount in amounts) == total["cents"], of


def test_budget_lines_have_keys_of_their_own_and_show_the_finance_offices_habits(folder):
    lines = table(folder / "budget.csv")
    key = CITY.sources["budget"].fields["line_id"]["key_of"]
    assert len({tuple(line[part] for part in key) for line in lines}) == len(lines)
    text = (folder / "budget.csv").read_text("utf-8")
    assert "#Missing" in text and '"(' in text and '"$' in text


def test_capital_projects_add_up_and_every_status_has_a_phase_but_the_undetermined(folder):
    projects, layout = table(folder / "capital_projects.csv"), CITY.sources["capital_projects"].layout
    stated = {total["of"]["measure"]: total["cents"] for total in layout["totals"]}
    assert stated == {
        "budget": sum(cents(project["Total Budget"]) for project in projects),
        "spent": sum(cents(project["Spent to Date"]) for project in projects),
    }
    assert {project["Status"] for project in projects} - set(layout["phases"]) == {"To Be Determined"}
    assert len({project["Project ID"] for project in projects}) == len(projects) == 80


def test_a_project_lies_in_the_ward_that_it_names(folder):
    wards, _ = wards_and_water(folder)
    sited = [project for project in table(folder / "capital_projects.csv") if project["Latitude"]]
    assert len(sited) >= 50
    for project in sited:
        place = Point(float(project["Longitude"]), float(project["Latitude"]))
        assert wards[project["Neighborhood"]].buffer(0.0005).covers(place), project["Project Name"]


def test_stories_are_many_no_two_alike_in_two_languages_and_some_are_not_for_the_public(folder):
    stories = table(folder / "stories.csv")
    assert len(stories) >= 60 and len({story["text"] for story in stories}) == len(stories)
    assert len({story["text"].split(".")[0] for story in stories}) == len(stories)
    assert Counter(story["language"] for story in stories)["es"] >= 4
    assert {story["place_precision"] for story in stories} == {"exact", "block", "neighbourhood", "city", "none"}
    assert {(story["approved"], story["consent"]) for story in stories} == {
        ("yes", "yes"),
        ("yes", "no"),
        ("no", "yes"),
        ("no", "no"),
    }
    assert all(story[column] for story in stories for column in ("title", "text", "teller", "rights", "rights_uri"))


# The policy of the sample city


def test_the_policy_names_every_kind_but_the_pilot_and_the_targets_that_the_requests_follow():
    policy = load_policy(CITY.path, CITY.slug)
    unknown = {kind.name for kind in KINDS if kind.group not in policy.tiers and kind.name not in policy.services}
    assert unknown == {"Scooter on Sidewalk"}
    for kind in KINDS:
        assert policy.targets.get(kind.name, policy.targets.get(kind.group)) == kind.target_days, kind.name
    assert {policy.services.get(kind.name, policy.tiers.get(kind.group, "X")) for kind in KINDS} == {"A", "B", "C", "X"}
    named = {kind.name for kind in KINDS} | {kind.group for kind in KINDS}
    assert set(policy.targets) | set(policy.tiers) | set(policy.services) <= named


def test_the_policy_is_signed_and_releases_the_closed_list_of_columns():
    policy = load_policy(CITY.path, CITY.slug)
    assert policy.signed_by and policy.signed_on and policy.mode == "P"
    assert policy.columns == DATASETS["service_requests"].table.names


# Larger tables for measuring


def test_resampling_gives_as_many_requests_as_asked_for_all_with_numbers_of_their_own(tmp_path):
    sample.resample(5_000, tmp_path / "a.csv", seed=3)
    sample.resample(5_000, tmp_path / "b.csv", seed=3)
    text = (tmp_path / "a.csv").read_text("utf-8")
    assert text == (tmp_path / "b.csv").read_text("utf-8")
    found = list(csv.DictReader(io.StringIO(text)))
    assert len({row["sr_number"] for row in found}) == len(found) == 5_000
    assert set(row["created_date"][6:10] for row in found) == {"2023", "2024", "2025"}
    assert len({row["street_address"] for row in found}) > 1_500
    form = CITY.sources["requests"].layout["dates"][0]
    for row in found:
        opened = datetime.strptime(row["created_date"], form)
        closed = datetime.strptime(row["closed_date"], form) if row["closed_date"] else None
        assert closed is None or opened <= closed < datetime(2026, 1, 1)


def test_a_resampled_table_has_the_columns_of_the_yearly_export(tmp_path, folder):
    sample.resample(10, tmp_path / "a.csv")
    with gzip.open(folder / OLD[0], "rt", encoding="utf-8") as file:
        assert (tmp_path / "a.csv").read_text("utf-8").splitlines()[0] == file.readline().strip()
