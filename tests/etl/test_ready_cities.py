"""The ready cities: their files load, keep to the closed vocabularies, and fit the cities' real files where at hand."""

import csv
import gzip
import json
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from etl.canonical import aliases, request
from etl.sources import SOURCES
from etl.sources.page import plain
from hub.city import load_city
from hub.datasets import DATASETS
from hub.outcomes import DISPOSITIONS
from tests.ready import DATA, FOLDER, READY, both, cells, city, made_of, policy, tier

SECOND = {  # the cities with two open systems, and what the second one is read by
    "boston": "open311",
    "chicago": "open311",
    "oakland": "seeclickfix",
    "philadelphia": "open311",
    "san_francisco": "open311",
    "washington_dc": "open311",
}
PHASES = {"planned", "design", "construction", "complete", "ongoing", "unknown"}
KEY_COLUMNS = (
    "service_request_id",
    "service_name",
    "status_raw",
    "requested_datetime",
    "closed_datetime",
    "lat",
    "long",
    "closure_note",
)


# The files themselves


def test_the_cities_of_the_mission_are_ready():
    assert set(READY) >= {*SECOND, "new_york", "ontario_ca"}


@pytest.mark.parametrize("slug", READY)
def test_a_ready_city_begins_with_what_it_reads_and_since_when(slug):
    first, second, *_ = (FOLDER / f"{slug}.yml").read_text("utf-8").splitlines()
    assert first.startswith("# ") and second.startswith("# ")
    assert "Reads" in first + second and "since" in first + second


@pytest.mark.parametrize("slug", READY)
def test_a_ready_city_reads_its_open_system_or_with_from_a_file_in_the_same_words(slug):
    source = city(slug).sources["requests"]
    assert city(slug).slug == slug
    assert source.location and all(place.startswith(("https://", "http://")) for place in source.location)
    given = load_city(FOLDER / f"{slug}.yml", {"requests": ["elsewhere.csv"]}).sources["requests"]
    assert given == replace(source, adapter="files", location=("elsewhere.csv",), fallback=None)


@pytest.mark.parametrize("slug", READY)
def test_every_system_is_of_a_known_platform_and_the_second_keeps_the_zone_of_the_first(slug):
    first, *others = both(slug)
    assert first.adapter in SOURCES and first.adapter != "files"
    assert [other.adapter for other in others] == ([SECOND[slug]] if slug in SECOND else [])
    for other in others:
        assert "://" in other.location[0]
        assert (other.time_zone, other.receive, other.publish) == (first.time_zone, first.receive, first.publish)


def test_everything_else_of_a_ready_city_waits_for_from():
    waiting = {name: source.location for slug in READY for name, source in city(slug).sources.items()}
    assert {name for name, location in waiting.items() if location} == {"requests"}


NEVER = {
    "boston": ("case_title", "queue", "submitted_photo"),
    "new_york": ("bbl", "descriptor"),
    "oakland": ("REQADDRESS", "DESCRIPTION", "REFERREDTO"),
    "ontario_ca": ("coo_reportername", "coo_reporteremail", "emailaddress", "_customerid_value", "description"),
    "philadelphia": ("subject", "description", "media_url"),
    "san_francisco": ("agency_responsible", "Responsible.Agency", "service_details", "media_url"),
    "washington_dc": ("DETAILS", "INSPECTORNAME", "MARADDRESSREPOSITORYID"),
}


@pytest.mark.parametrize("slug", NEVER)
def test_no_system_is_asked_for_what_tells_of_persons(slug):
    for source in both(slug):
        assert not request(source, DATASETS["service_requests"]).columns & set(map(plain, NEVER[slug]))


def test_a_city_that_names_what_it_receives_is_asked_for_nothing_else():
    source = city("ontario_ca").sources["requests"]
    greedy = replace(source, fields=source.fields | {"channel": ["emailaddress"]})
    for asked in (source, greedy):
        assert request(asked, DATASETS["service_requests"]).columns == set(map(plain, source.receive))
    assert source.credentials.isupper() and "/" not in source.credentials  # a variable, not a key


@pytest.mark.parametrize("slug", READY)
def test_every_word_stands_for_one_of_the_closed_list(slug):
    for source in (*city(slug).sources.values(), *both(slug)):
        layout = source.layout
        assert {rule["is"] for rule in layout.get("dispositions", [])} <= set(DISPOSITIONS)
        assert set(layout.get("status_dispositions", {}).values()) <= set(DISPOSITIONS)
        assert set(layout.get("status_dispositions", {})) <= {*layout.get("statuses", {}), "open", "closed"}
        assert set(layout.get("statuses", {}).values()) <= {"open", "closed"}
        assert set(layout.get("phases", {}).values()) <= PHASES


@pytest.mark.parametrize("slug", READY)
def test_no_rule_for_closing_words_is_hidden_by_an_earlier_one(slug):
    for source in both(slug):
        rules = source.layout.get("dispositions", [])
        words = [rule["contains"].casefold() for rule in rules if "contains" in rule]
        assert [(first, later) for i, first in enumerate(words) for later in words[i + 1 :] if first in later] == []
        kinds = [rule["kind"] for rule in rules if "kind" in rule]
        assert len(set(kinds)) == len(kinds) and set(kinds) <= {*policy(slug).groups, *policy(slug).services}


@pytest.mark.parametrize("slug", READY)
def test_a_ready_policy_is_unsigned_and_lists_every_released_column(slug):
    assert (policy(slug).signed_by, policy(slug).signed_on) == ("", "")
    assert policy(slug).columns == DATASETS["service_requests"].table.names
    assert policy(slug).mode == ("P" if slug == "ontario_ca" else "M")  # whether the city shows the exact rows itself


OPEN311_SINCE = {
    "boston": "2011-07-01",
    "chicago": "2018-07-01",
    "philadelphia": "2014-12-01",
    "san_francisco": "2008-07-01",
    "washington_dc": "2019-01-01",
}


def test_an_endpoint_that_tells_of_no_end_is_read_from_the_year_in_which_the_citys_records_begin():
    """Where nothing is said, Open311 is read two years back: older requests would be missing and nobody would know."""
    found = {slug: source.layout.get("start") for slug in READY for source in both(slug) if source.adapter == "open311"}
    assert found == OPEN311_SINCE
    for slug, day in found.items():
        assert day[:4] in "".join((FOLDER / f"{slug}.yml").read_text("utf-8").splitlines()[:2])


@pytest.mark.parametrize("slug", READY)
def test_every_group_that_a_policy_names_has_a_tier(slug):
    assert set(policy(slug).groups.values()) - set(policy(slug).tiers) == set()


SENSITIVE = re.compile(
    r"homeless|encampment|\bhousing\b|noise|needle|opioid|shelter (re|in)|heat/|wellness|sfha|lead ", re.I
)


@pytest.mark.parametrize("slug", READY)
def test_sensitive_kinds_are_told_most_coarsely(slug):
    policy_ = policy(slug)
    kinds = {name: tier(policy_, None, name) for name in (*policy_.groups, *policy_.services, *policy_.tiers)}
    sensitive = {name for name in kinds if SENSITIVE.search(name)}
    assert sensitive and {name: kinds[name] for name in sensitive if kinds[name] != "C"} == {}


@pytest.mark.parametrize("slug", READY)
def test_a_policy_is_as_the_privacy_rules_say_and_promises_nothing_that_the_city_does_not(slug):
    model = policy("boston")
    assert (policy(slug).k, policy(slug).addresses, policy(slug).ladders) == (model.k, 8, model.ladders)
    assert policy(slug).targets == {}


MINIMAL = """city:
  name: Springfield
  slug: springfield
  time_zone: America/Chicago
  bbox: [-89.8, 39.6, -89.5, 39.9]
sources:
  requests:
    adapter: socrata
    location: https://data.springfield.example/d/abcd-1234
    fields: {service_request_id: id, service_name: kind, status_raw: state, requested_datetime: opened, lat: y, long: x}
    layout: {statuses: {Done: closed, New: open}}
"""


def test_a_new_city_needs_no_more_than_twelve_lines(tmp_path):
    (tmp_path / "city.yml").write_text(MINIMAL)
    made = load_city(tmp_path / "city.yml", {})
    assert len(MINIMAL.splitlines()) <= 12 and "#" not in MINIMAL
    assert made.sources["requests"].adapter in SOURCES
    row = cells("id=7|kind=Pothole|state=New|opened=2026-01-15T12:00:00.000|y=39.7|x=-89.6|email=a@b.example")
    [record] = made_of(made, made.sources["requests"], row)
    assert (record["reason"], record["flags"], record["status"], record["lat"]) == (None, 0, "open", 39.7)
    assert "email" not in request(made.sources["requests"], DATASETS["service_requests"]).columns


# The cities' real files, where they are at hand

REAL = {
    "boston": ("boston311", "boston311_qsv_fixtures"),
    "chicago": ("chicago311",),
    "new_york": ("nyc311",),
    "san_francisco": ("sanfrancisco311",),
    "washington_dc": ("dc311",),
}
# What a city's files do not have: closing words. Chicago tells only of duplicates, Washington by the status.
LACKING = {"chicago": {"closure_note"}, "washington_dc": {"closure_note"}}
FILES = [
    (slug, path)
    for slug, folders in REAL.items()
    for folder in folders
    for path in sorted((DATA / folder).glob("*.*"))
    if "still_processing" not in path.name  # a server's excuse in place of data
]
needs_data = pytest.mark.skipif(not FILES, reason="the cities' real files are not at hand (../shared/data)")
each_file = pytest.mark.parametrize(("slug", "path"), FILES, ids=lambda value: getattr(value, "name", value))


def rows_of(path: Path) -> tuple[list[str], list[dict]]:
    if path.suffix in (".json", ".geojson"):
        rows = json.loads(path.read_text("utf-8"))
        rows = [feature["properties"] for feature in rows["features"]] if isinstance(rows, dict) else rows
        return list(dict.fromkeys(name for row in rows for name in row)), rows
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        return list(reader.fieldnames), list(reader)


@needs_data
@each_file
def test_every_real_header_has_the_key_columns(slug, path):
    header = {plain(name) for name in rows_of(path)[0]}
    named = aliases(city(slug).sources["requests"], DATASETS["service_requests"])
    missing = {column for column in KEY_COLUMNS if not header & {plain(alias) for alias in named[column]}}
    assert missing == LACKING.get(slug, set())


@needs_data
@each_file
def test_real_status_words_are_known_and_real_kinds_have_a_tier(slug, path):
    header, rows = rows_of(path)
    source = city(slug).sources["requests"]
    named = aliases(source, DATASETS["service_requests"])
    at = {
        column: next((n for n in header if plain(n) in {plain(alias) for alias in named[column]}), "")
        for column in named
    }
    words = [
        [" ".join((row.get(at[c]) or "").split()) for c in ("service_group", "service_name", "status_raw")]
        for row in rows
        if row.get(at["service_request_id"])
    ]
    tiers = Counter(tier(policy(slug), group, name) for group, name, _ in words)
    assert tiers["X"] <= len(rows) / 1000
    unknown = [status for _, _, status in words if status not in source.layout["statuses"]]
    assert len(unknown) <= len(rows) / 1000
