"""Calendars: every collection day of a route, with the holidays on which the crew comes another day."""

from dataclasses import replace

import pytest

from etl.sources import ical
from etl.sources.page import Request, Resume, key_of
from hub.errors import SourceError
from tests.cities.model import Model
from tests.cities.server import City
from tests.sources.reading import asked, parts, probed, read, resumed

ROUTES = [f"/calendars/route-{n}.ics" for n in (1, 2, 3)]


@pytest.fixture
def city():
    with City(Model(), "ical") as city:
        yield city


def request(city: City, *places: str, **more) -> Request:
    made = asked(city, "", ical.COLUMNS, time_zone=city.model.zone, **more)
    return replace(made, location=tuple(city.url + place for place in places or ROUTES))


def days(rows: list[dict]) -> list[str]:
    return sorted(row["date"] for row in rows)


def test_every_collection_day_of_every_route_arrives(city):
    found = read(ical, city, request(city))
    for number, route in enumerate(city.model.routes, 1):
        rows = [row for row in found.rows if row["route"] == f"route-{number}"]
        assert days(rows) == [str(day) for day in route.dates()]
        assert {row["summary"] for row in rows} == {route.kind}
        assert all(row["last_date"] == row["date"] for row in rows)
    assert found.proven_by == {"whole_file"}
    assert len({row["id"] for row in found.rows}) == len(found.rows)


def test_parts_are_called_as_their_files(city):
    assert [part.name for part in parts(ical, city, request(city))] == ["route-1", "route-2", "route-3"]
    twins = request(city, "/a/route.ics", "/b/route.ics")
    assert [part.name for part in parts(ical, city, twins)] == list(twins.location)


def test_a_calendar_that_was_read_is_not_read_again_after_a_kill(city):
    wanted = request(city)
    part = parts(ical, city, wanted)[0]
    whole = resumed(ical, city, wanted, part, Resume())
    asked_before = len(city.log)
    keys = frozenset(key_of(wanted, row) for row in whole.rows)
    rest = resumed(ical, city, wanted, part, Resume(whole.pages[0].cursor, len(whole.rows), keys))
    assert rest.rows == [] and rest.proofs == whole.proofs and len(city.log) == asked_before


def test_only_days_from_the_start_to_a_year_ahead_are_told(city):
    found = read(ical, city, request(city, ROUTES[0], layout={"start": "2024-06-30"}))
    assert days(found.rows)[0] >= "2024-06-30"
    city.faults("says", calendar("DTSTART;VALUE=DATE:20100101\nRRULE:FREQ=WEEKLY"), "text/calendar")
    told = days(read(ical, city, request(city, ROUTES[0])).rows)
    assert told[0] == "2022-07-08" and told[-1] == "2025-06-27"


def test_what_is_not_asked_for_is_not_kept(city):
    wanted = replace(request(city), columns=frozenset({"id", "date"}))
    found = read(ical, city, wanted)
    assert found.columns == {"id", "date"} and "description" in found.pages[0].dropped


def test_the_probe_reads_a_calendar_to_see_that_it_is_one(city):
    assert probed(ical, city, request(city))["columns"] == ical.COLUMNS
    with pytest.raises(SourceError):
        probed(ical, city, request(city, "/calendars/route-9.ics"))


# What calendars say


def calendar(*events: str, head: str = "") -> bytes:
    """Events of some lines each; the first is uid 0."""
    bodies = "".join(
        f"BEGIN:VEVENT\nUID:{number}\nSUMMARY:Trash\n{event}\nEND:VEVENT\n" for number, event in enumerate(events)
    )
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:x\n{head}{bodies}END:VCALENDAR\n"
    return text.replace("\n", "\r\n").encode()


def rows(city: City, *events: str, head: str = "", **more) -> list[dict]:
    city.faults("says", calendar(*events, head=head), "text/calendar; charset=utf-8")
    found = read(ical, city, request(city, ROUTES[0], **more))
    assert not found.pages[0].rejected
    return found.rows


WEEKLY = "DTSTART;VALUE=DATE:20240701\nRRULE:FREQ=WEEKLY;COUNT=4\n"
MONDAYS = ["2024-07-01", "2024-07-08", "2024-07-15", "2024-07-22"]
SAYS = {
    "a single day": ("DTSTART;VALUE=DATE:20240701", MONDAYS[:1]),
    "every week": (WEEKLY, MONDAYS),
    "every other week": ("DTSTART;VALUE=DATE:20240701\nRRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=2", MONDAYS[::2]),
    "until a day, that included": ("DTSTART;VALUE=DATE:20240701\nRRULE:FREQ=WEEKLY;UNTIL=20240715", MONDAYS[:3]),
    "until an instant": (
        "DTSTART;TZID=America/New_York:20240701T070000\nRRULE:FREQ=WEEKLY;UNTIL=20240715T110000Z",
        MONDAYS[:3],
    ),
    "first Monday of the month": (
        "DTSTART;VALUE=DATE:20240701\nRRULE:FREQ=MONTHLY;BYDAY=1MO;COUNT=3",
        ["2024-07-01", "2024-08-05", "2024-09-02"],
    ),
    "a day left out": (WEEKLY + "EXDATE;VALUE=DATE:20240708", [MONDAYS[0], *MONDAYS[2:]]),
    "several days left out": (WEEKLY + "EXDATE;VALUE=DATE:20240708,20240715\nEXDATE;VALUE=DATE:20240722", MONDAYS[:1]),
    "left out by an instant": (
        "DTSTART;TZID=America/New_York:20240701T070000\nRRULE:FREQ=WEEKLY;COUNT=4\nEXDATE;TZID=America/New_York:20240708T070000",
        [MONDAYS[0], *MONDAYS[2:]],
    ),
    "a day more": (WEEKLY + "RDATE;VALUE=DATE:20240703", [MONDAYS[0], "2024-07-03", *MONDAYS[1:]]),
    "late in the evening by UTC": ("DTSTART:20240702T020000Z\nRRULE:FREQ=WEEKLY;COUNT=2", MONDAYS[:2]),
    "across the change of clocks": (
        "DTSTART;TZID=America/New_York:20241028T003000\nRRULE:FREQ=WEEKLY;COUNT=2",
        ["2024-10-28", "2024-11-04"],
    ),
    "cancelled": (WEEKLY + "STATUS:CANCELLED", []),
}


@pytest.mark.parametrize("says", SAYS.values(), ids=SAYS)
def test_days_are_those_that_the_calendar_means(city, says):
    event, expected = says
    assert days(rows(city, event)) == expected


def test_a_day_that_is_moved_names_the_day_it_stands_for(city):
    moved = "RECURRENCE-ID;VALUE=DATE:20240708\nDTSTART;VALUE=DATE:20240709"
    city.faults("says", calendar(WEEKLY, moved).replace(b"UID:1", b"UID:0"), "text/calendar")
    found = read(ical, city, request(city, ROUTES[0])).rows
    assert days(found) == ["2024-07-01", "2024-07-09", "2024-07-15", "2024-07-22"]
    assert {row["date"]: row["moved_from"] for row in found if row["moved_from"]} == {"2024-07-09": "2024-07-08"}


def test_a_season_tells_its_last_day(city):
    [row] = rows(city, "DTSTART;VALUE=DATE:20241104\nDTEND;VALUE=DATE:20241116")
    assert (row["date"], row["last_date"]) == ("2024-11-04", "2024-11-15")


def test_names_and_words_are_kept(city):
    head = "X-WR-CALNAME:North Side\n"
    [row] = rows(city, "DTSTART;VALUE=DATE:20240701\nCATEGORIES:Trash,Paper\nLOCATION:Elm \\, Ash", head=head)
    assert (row["route"], row["categories"], row["location"]) == ("North Side", "Trash, Paper", "Elm , Ash")
    assert row["id"] == "0/2024-07-01" and row["uid"] == "0"


@pytest.mark.parametrize(
    "event",
    [
        "DTSTART:last Tuesday",
        "DESCRIPTION:no day at all",
        "DTSTART:20240701T000000Z\nRRULE:FREQ=SECONDLY",
        "DTSTART:20240701T000000Z\nRRULE:FREQ=DAILY;BYMINUTE=1,2",
        "DTSTART;VALUE=DATE:20240701\nRRULE:FREQ=WEEKLY;BYDAY=XX",
        "RECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20240708\nDTSTART;VALUE=DATE:20240709",
    ],
)
def test_an_event_that_tells_no_days_is_set_aside_with_the_reason(city, event):
    city.faults("says", calendar(event, WEEKLY), "text/calendar")
    found = read(ical, city, request(city, ROUTES[0]))
    [(number, why)] = found.pages[0].rejected
    assert number == 1 and why.startswith("the event tells no days: ") and days(found.rows) == MONDAYS


def test_several_calendars_may_stand_in_one_file(city):
    said = calendar("DTSTART;VALUE=DATE:20240701", head="X-WR-CALNAME:North\n") + calendar(WEEKLY)
    city.faults("says", said, "text/calendar")
    found = read(ical, city, request(city, ROUTES[0])).rows
    assert [row["route"] for row in found] == ["North"] + ["route-1"] * 4


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (calendar(WEEKLY)[:-20], "is cut"),
        (calendar(), "has no events"),
        (b"day,route\r\n2024-07-01,1\r\n", "is no calendar"),
        (calendar(WEEKLY, head="half a line\n"), "is broken"),
    ],
    ids=["cut", "empty", "a table", "broken"],
)
def test_what_is_no_whole_calendar_is_refused(city, said, why):
    city.faults("says", said, "text/calendar")
    with pytest.raises(SourceError, match=why):
        read(ical, city, request(city, ROUTES[0]))


def test_subscriptions_are_recognised():
    assert ical.recognises("webcal://city.example/routes/1")
    assert ical.recognises("https://city.example/routes/1.ICS?x=1")
    assert not ical.recognises("data/route.ics") and not ical.recognises("https://city.example/route.csv")
