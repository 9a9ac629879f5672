"""The made-up city's files: one seed gives one city, and city.yml describes them as they are."""

import gzip
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

from hub import sample
from hub.sample.clock import american, instant, wall
from hub.sample.kinds import KINDS
from tests.exports import CITY, FILES, NEW, OLD, features, table


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
