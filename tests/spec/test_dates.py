"""Dates: every form that a city writes becomes one instant in UTC and one local day, or a flag."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.town import ZONE, Town, instant, request

EPOCH = date(1970, 1, 1).toordinal()
NOON = instant("2024-07-01 12:00:00")


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return Town.found(tmp_path_factory.mktemp("dates"))


def opened(town: Town, *written: str, **layout) -> list[str | None]:
    """What each written opening time means, in UTC."""
    town.describe({"sources": {"requests": {"layout": {"dates": None, "epoch": None, "sentinels": None} | layout}}})
    made = town.records(*(request(number, opened=text) for number, text in enumerate(written)))
    return [utc(one["requested_datetime"]) for one in made]


def utc(seconds: int | None) -> str | None:
    return None if seconds is None else f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S}"


def test_every_form_of_one_moment_is_that_moment(town):
    forms = ["%m/%d/%Y %I:%M:%S %p", "%d.%m.%y %H:%M"]
    written = (
        "2024-07-01 12:00:00",
        "2024-07-01T12:00:00.000",
        "2024-07-01T12:00",
        "07/01/2024 12:00:00 PM",
        "01.07.24 12:00",
        "2024-07-01T16:00:00Z",
        "2024-07-01t16:00:00.5z",
        "2024-07-01 16:00:00+00",
        "2024-07-01T12:00:00-0400",
        "2024-07-01 12:00:00 -04:00",
        "2024-07-01T21:30:00+0530",
        "2024-07-01 11:00:00 EST",
        "2024-07-01 09:00:00 America/Los_Angeles",
    )
    assert opened(town, *written, dates=forms) == ["2024-07-01 16:00:00"] * len(written)


def test_a_day_without_a_time_begins_at_local_midnight_in_summer_and_winter(town):
    assert opened(town, "2024-07-01", "2024-01-15") == ["2024-07-01 04:00:00", "2024-01-15 05:00:00"]


def test_the_hour_that_is_skipped_is_the_one_after_it_and_the_hour_that_comes_twice_is_its_second_coming(town):
    written = ("2024-03-10 02:30:00", "2024-03-10 03:30:00", "2024-11-03 01:30:00")
    assert opened(town, *written) == ["2024-03-10 07:30:00", "2024-03-10 07:30:00", "2024-11-03 06:30:00"]


def test_the_local_day_is_the_citys_and_not_that_of_utc(town):
    [evening] = town.records(request(1, opened="2024-07-01 23:30:00", closed="2024-07-02T03:59:59Z"))
    assert [evening["requested_day"], evening["closed_day"]] == [date(2024, 7, 1).toordinal() - EPOCH] * 2


def test_a_source_may_have_a_zone_of_its_own(town):
    town.describe({"sources": {"requests": {"time_zone": "America/Chicago"}}})
    assert opened(town, "2024-07-01 11:00:00") == ["2024-07-01 16:00:00"]
    town.describe({"sources": {"requests": {"time_zone": None}}})


@pytest.mark.parametrize(("unit", "written"), [("seconds", str(NOON)), ("milliseconds", f"{NOON}000")])
def test_a_number_is_an_epoch_where_the_city_says_so_and_one_without_end_is_no_date(town, unit, written):
    assert opened(town, written, "9" * 14, "9" * 30, epoch=unit) == ["2024-07-01 16:00:00", None, None]


def test_a_number_is_no_date_unless_the_city_says_so(town):
    assert opened(town, str(NOON), f"{NOON}000") == [None, None]


IMPOSSIBLE = (
    "2024-02-30 09:00:00",
    "2024-13-01",
    "2024-01-01 25:00:00",
    "yesterday",
    "infinity",
    "9999-06-01",
    "99999-01-01",
    "0044-03-15 (BC)",
)


def test_impossible_dates_are_set_aside_and_flagged(town):
    made = town.records(*(request(n, closed=text, due=text) for n, text in enumerate(IMPOSSIBLE)))
    found = {(one["closed_datetime"], one["closed_day"], one["expected_datetime"]) for one in made}
    assert found == {(None, None, None)}
    assert all("bad_date;" in one["flags"] and one["reason"] is None for one in made)


def test_without_a_readable_opening_a_request_cannot_be_used(town):
    made = town.records(*(request(n, opened=text) for n, text in enumerate([*IMPOSSIBLE, ""])))
    reasons = [one["reason"] for one in made]
    assert reasons == ["requested_datetime cannot be read"] * len(IMPOSSIBLE) + ["requested_datetime is missing"]


def test_dates_that_mean_none_are_not_dates(town):
    town.describe({"sources": {"requests": {"layout": {"sentinels": ["2099-09-09"]}}}})
    written = ("1900-01-01", "1970-01-01 00:00:00", "1969-12-31 19:00:00", "9999-12-31", "2099-09-09")
    rows = [request(n, closed=text, updated=text) for n, text in enumerate(written)]
    *made, real = town.records(*rows, request(9, closed="2024-03-06 10:00:00"))
    assert {(one["closed_datetime"], one["closed_day"], one["updated_datetime"]) for one in made} == {(None,) * 3}
    assert {one["flags"].startswith("sentinel_date;") for one in made} == {True}
    assert (real["closed_datetime"], real["flags"]) == (instant("2024-03-06 10:00:00"), "unknown_disposition;")


def test_a_closing_that_has_not_come_is_no_closing_date_and_an_opening_is_flagged(town):
    days = [datetime.now(UTC) + timedelta(days) for days in (0.5, 2)]  # clocks and zones differ by less than a day
    near, far = (f"{day.astimezone(ZoneInfo(ZONE)):%Y-%m-%d %H:%M:%S}" for day in days)
    rows = [request(n, closed=day, status="Done") for n, day in enumerate((near, far))]
    believed, closed, opened = town.records(*rows, request(3, opened=far))
    assert (believed["closed_datetime"], "closed_ahead" in believed["flags"]) == (instant(near), False)
    assert (closed["status"], closed["closed_datetime"], closed["closed_day"]) == ("closed", None, None)
    assert {"closed_ahead", "closed_without_date"} <= set(closed["flags"].split(";"))
    assert (opened["flags"], opened["reason"]) == ("opened_ahead;", None)


def test_closed_before_opened_keeps_the_request_and_drops_the_closing(town):
    [made] = town.records(request(1, opened="2024-03-05 09:00:00", closed="2024-03-05 08:59:59"))
    assert (made["status"], made["closed_datetime"], made["closed_day"]) == ("closed", None, None)
    assert made["flags"].split(";")[:2] == ["closed_before_opened", "closed_without_date"]
    assert made["reason"] is None
