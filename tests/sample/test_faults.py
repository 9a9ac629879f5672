"""What is wrong with the made-up exports on purpose, and the personal data that stands in them to be looked for."""

import json
from collections import Counter, defaultdict

import pytest

from hub.sample.oddities import CHANGES
from tests.exports import CITY, address_of, inside, point_of

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
