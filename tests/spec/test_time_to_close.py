"""Time to close: by which day half, and nine in ten, of the requests were closed, counting those still open."""

import random
from fractions import Fraction
from math import exp, log, sqrt

import pytest

from hub.questions import measures
from tests.measured import answer, watched
from tests.town import Town, request, requests

# Two groups of a classic trial (Freireich and others 1963), whose Kaplan-Meier results stand in textbooks.
TREATED = "6 6 6 6+ 7 9+ 10 10+ 11+ 13 16 17+ 19+ 20+ 22 23 25+ 32+ 32+ 34+ 35+"
UNTREATED = "1 1 2 2 3 4 4 5 5 8 8 8 8 11 11 12 12 15 17 22 23"


def one(rows, **chosen) -> dict:
    (row,) = answer("time_to_close", {"durations": rows}, by="city", **chosen)
    return row


def by_hand(people: list[tuple[int, bool]]) -> dict[int, tuple[Fraction, float, float]]:
    """Day -> share still open and its log-log 95 % band, straight from the definition: one person at a time."""
    found, share, greenwood = {}, Fraction(1), Fraction(0)
    for day in sorted({day for day, _ in people}):
        at_risk = sum(1 for other, _ in people if other >= day)
        closed = sum(1 for other, is_closed in people if other == day and is_closed)
        share *= 1 - Fraction(closed, at_risk)
        if closed < at_risk:
            greenwood += Fraction(closed, at_risk * (at_risk - closed))
        band = (float(share), float(share)) if share in (0, 1) else _band(share, greenwood)
        found[day] = (share, *band)
    return found


def _band(share: Fraction, greenwood: Fraction) -> tuple[float, float]:
    wide = 1.959964 * sqrt(greenwood) / abs(log(share))
    return float(share) ** exp(wide), float(share) ** exp(-wide)


def first(curve: dict, place: int, level: float) -> int | None:
    return next((day for day, values in sorted(curve.items()) if values[place] <= level + 1e-9), None)


# --- what the textbooks say


def test_the_treated_group_has_its_textbook_median_and_interval():
    row = one(watched(TREATED))
    assert (row["n"], row["events"]) == (21, 9)
    assert (row["median_days"], row["median_low"], row["median_high"]) == (23, 13, None)


def test_the_untreated_group_has_its_textbook_median_and_interval():
    row = one(watched(UNTREATED))
    assert (row["median_days"], row["median_low"], row["median_high"]) == (8, 4, 11)
    assert row["p90_days"] == 17  # 2 of 21 are open after day 17, 4 of 21 before


def test_the_shares_open_at_a_day_are_those_of_the_textbook():
    row = one(watched(TREATED))
    assert row["open_30"] == pytest.approx(0.4482, abs=5e-5)


# --- against a calculation of its own


@pytest.mark.parametrize("seed", range(30))
def test_every_figure_equals_a_calculation_one_request_at_a_time(seed):
    dice = random.Random(seed)
    n = dice.choice((11, 25, 80, 300))
    people = [
        (min(int(dice.lognormvariate(2.5, 1)), 120), dice.random() < dice.choice((0.3, 0.7, 0.95))) for _ in range(n)
    ]
    row = one(watched(" ".join(f"{day}{'' if closed else '+'}" for day, closed in people)))
    curve = by_hand(people)
    for name, level in (("median", 0.5), ("p90", 0.1)):
        assert row[f"{name}_days"] == first(curve, 0, level)
        assert row[f"{name}_low"] == first(curve, 1, level)
        if curve[max(curve)][0] > 0:  # a band has no end once nobody is left
            assert row[f"{name}_high"] == first(curve, 2, level)
    for day in (30, 90, 365):
        seen = [value for at, (value, *_) in curve.items() if at <= day]
        known = max(curve) >= day or seen[-1] == 0
        assert row[f"open_{day}"] == (pytest.approx(float(seen[-1] if seen else 1)) if known else None)


# --- promises


def test_requests_still_open_are_counted_for_as_long_as_they_were_watched():
    row = one(watched("1 1 1 1 1 1 " + "50+ " * 6))
    assert row["median_days"] == 1
    assert row["open_30"] == pytest.approx(0.5)


def test_a_median_of_the_closed_alone_would_not_pass():
    """The error E1 of peers: leaving out what is open."""
    rows = watched("2 3 4 5 6 7 8 9 10 11 12 " + "40+ " * 9)
    closed_only = measures()["time_to_close"].sql.replace(
        "from durations", "from (select * from durations where fixed = n)"
    )
    assert one(rows)["median_days"] == 11
    (naive,) = answer("time_to_close", {"durations": rows}, sql=closed_only, by="city")
    assert naive["median_days"] == 7


LAST_YEAR = {"year": "2024"}


@pytest.mark.parametrize(
    "days",
    [
        TREATED,
        UNTREATED,
        "5 " * 20,
        "0 " * 6 + "9 " * 6,
        "3 " * 8 + "90+ " * 20,
        "8+ " * 15,
        "1 2 2 3 4 5 6 7 8 9 9 9+",
    ],
)
def test_the_headline_of_the_last_year_is_this_measure_of_the_whole_city(days):
    rows = watched(days, **LAST_YEAR)
    (headline,) = answer("headline_time_to_close", {"durations": rows})
    row = one(rows)
    assert [headline[name] for name in ("value", "low", "high")] == [
        row[f"median_{n}"] for n in ("days", "low", "high")
    ]
    assert (headline["n"], headline["value"] is None) == (row["n"], headline["note"] is not None)


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ("30+ " * 15, "None of them is known to be closed yet."),
        ("0 " * 4 + "1+ " * 15, "More than half were still open after 1 day."),
        ("0 " * 4 + "2+ " * 15, "More than half were still open after 2 days."),
        ("5 " * 10, "Fewer than 11 requests: nothing is stated."),
        ("", "No year has ended yet."),
    ],
)
def test_a_headline_that_cannot_be_stated_says_why(days, words):
    (headline,) = answer("headline_time_to_close", {"durations": watched(days, **LAST_YEAR)})
    assert [headline[name] for name in ("value", "low", "high", "note")] == [None, None, None, words]


@pytest.mark.parametrize("measure", ["headline_time_to_close", "headline_on_time"])
@pytest.mark.parametrize(
    ("months", "period"),
    [
        (("2024-07", "2025-01"), "opened in 2024, counted from 2024-07 on"),
        (("2024-01", "2025-01"), "opened in 2024"),
        (("2023-05", "2025-01"), "opened in 2024"),
    ],
)
def test_a_headline_of_half_a_year_says_so(measure, months, period):
    counts = [{"month": month, "district": "Ward 1", "tier": "A", "n": 20, "open": 0} for month in months]
    given = {"durations": watched("3 " * 20, **LAST_YEAR), "month_counts": counts}
    assert answer(measure, given)[0]["period"] == period


@pytest.mark.parametrize(("of_days", "month"), [("2024-07", "2024-07"), ("2024-06", "2024-06"), ("2024-09", "2024-06")])
def test_the_week_in_which_the_data_begin_adds_no_month_before_them(of_days, month):
    counts = [
        {"month": first, "district": "Ward 1", "tier": tier, "n": 20, "open": 0}
        for tier, first in (("A", of_days), ("B", "2024-06"))
    ]
    given = {"durations": watched("3 " * 20, **LAST_YEAR), "month_counts": counts}
    period = answer("headline_time_to_close", given)[0]["period"]
    assert period == f"opened in 2024, counted from {month} on"


def test_a_median_that_is_not_reached_is_said_in_words():
    row = one(watched("3 5 8 9 " + "90+ " * 20))
    assert row["median_days"] is None
    assert row["p90_days"] is None
    assert row["note"] == "more than half still open after 90 days; few cases"


def test_nine_in_ten_not_reached_is_said_in_words():
    row = one(watched("3 " * 30 + "60+ " * 10))
    assert row["median_days"] == 3
    assert row["p90_days"] is None
    assert row["note"] == "more than a tenth still open after 60 days"


def test_nothing_is_stated_from_fewer_than_eleven():
    row = one(watched("1 2 3 4 5 6 7 8 9 10"))
    assert row["n"] == 10
    assert {name for name, value in row.items() if value is not None} == {"label", "n", "events", "as_of", "note"}
    assert "fewer than 11" in row["note"]
    assert one(watched("1 2 3 4 5 6 7 8 9 10 11"))["median_days"] == 6


def test_few_cases_are_flagged():
    assert one(watched("1 " * 19))["note"] == "few cases"
    assert one(watched("1 " * 20))["note"] == ""


def test_no_curve_is_read_beyond_the_longest_follow_up():
    row = one(watched("5 " * 15 + "40+ " * 15))
    assert row["open_30"] == pytest.approx(0.5)
    assert row["open_90"] is None
    assert row["open_365"] is None


def test_where_all_are_closed_none_is_open_later():
    assert one(watched("5 " * 15))["open_365"] == 0


def test_exactly_half_counts_as_half():
    assert one(watched("4 " * 7 + "9 " * 7))["median_days"] == 4


@pytest.mark.parametrize("by", ["service_group", "district", "service_name"])
def test_each_line_is_the_same_as_asking_for_it_alone(by):
    rows = watched(TREATED, **{by: "one"}) + watched(UNTREATED, **{by: "other"})
    lines = answer("time_to_close", {"durations": rows}, by=by)
    assert [line["label"] for line in lines] == ["one", "other"]
    for line in lines:
        assert {**line, "label": ""} == {**one(rows, **{by: line["label"]}), "label": ""}


def test_an_empty_choice_means_service_groups_and_all_years():
    rows = watched(TREATED, year="2024") + watched(UNTREATED, year="2025")
    (line,) = answer("time_to_close", {"durations": rows})
    assert (line["label"], line["n"]) == ("Trees", 42)
    assert one(rows, year="2024")["n"] == 21


def test_a_kind_that_its_tier_hides_is_no_line():
    rows = watched(TREATED) + watched(UNTREATED, service_name=None, tier="B")
    assert [line["label"] for line in answer("time_to_close", {"durations": rows}, by="service_name")] == ["Pruning"]


def test_unlocated_requests_are_a_line_of_their_own():
    rows = watched(TREATED) + watched(UNTREATED, district="Unlocated")
    lines = answer("time_to_close", {"durations": rows}, by="district")
    assert [line["label"] for line in lines] == ["Unlocated", "Ward 1"]
    assert sum(line["n"] for line in lines) == one(rows)["n"]


def test_in_tier_a_a_begun_day_counts_whole(tmp_path):
    """Closed 'within three days' is what took no longer."""
    closed = ("2024-03-08 09:00:00", "2024-03-08 09:59:00", "2024-03-08 10:00:00")  # after 72 hours, 72 and 73
    town = Town.found(tmp_path)
    town.receive(*(request(n, status="Done", closed=when) for n, when in enumerate(closed)), *requests(range(5, 20)))
    town.run()
    assert town.released("select day, n from durations where n <> 15 order by day") == [
        {"day": 3, "n": 2},
        {"day": 4, "n": 1},
    ]
