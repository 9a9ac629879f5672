"""What is open, what comes in, and where: counts that add up."""

import pytest

from tests.measured import answer, watched
from tests.town import Town, request, requests

MONTHS = [
    ("2025-01-31", "Ward 1", "Trees", 5, 0, 5),
    ("2025-01-31", "Ward 2", "Trees", 3, 1, 2),
    ("2025-02-28", "Ward 1", "Trees", 2, 4, 3),
    ("2025-02-28", "Ward 2", "Trash", 4, 0, 4),
    ("2025-02-28", "Ward 2", "Trees", 0, 1, 1),
]
BACKLOG = [dict(zip("month_end district service_group opened closed open".split(), row, strict=True)) for row in MONTHS]
PLACES = [
    {"id": "891", "level": "h3_9", "label": "a cell", "district": "Ward 1", "lat": 1.0, "long": 2.0},
    {"id": "881", "level": "h3_8", "label": "a large cell", "district": "Ward 2", "lat": 1.0, "long": 2.0},
    {"id": "city", "level": "city", "label": "City", "district": None, "lat": 1.0, "long": 2.0},
]
CATEGORIES = [{"service_group": "Trees", "tier": "A", "k": None}, {"service_group": "Housing", "tier": "B", "k": 5}]


def area(place_id, group, n, still_open, *, year="2025", tier="A") -> dict:
    return {"place_id": place_id, "tier": tier, "service_group": group, "year": year, "n": n, "open": still_open}


def counts(measure, *rows, **chosen) -> list[dict]:
    return answer(measure, {"area_counts": rows, "places": PLACES, "categories": CATEGORIES}, **chosen)


@pytest.mark.parametrize("chosen", [{}, {"district": "Ward 1"}, {"district": "Ward 2"}, {"service_group": "Trees"}])
def test_open_is_open_a_month_before_and_opened_less_closed(chosen):
    before, after = answer("backlog_by_month", {"backlog": BACKLOG}, **chosen)
    assert after["open"] == before["open"] + after["opened"] - after["closed"]


def test_the_ages_of_what_is_open_add_up():
    rows = watched("0+ 7+ 8+ 30+ 31+ 90+ 91+ 365+ 366+ 900+ 5 6 7/no_action 400")
    (line,) = answer("backlog_now", {"durations": rows}, by="city")
    ages = [line[f"age_{name}"] for name in ("0_7", "8_30", "31_90", "91_365", "over_365")]
    assert ages == [2, 2, 2, 2, 2]
    assert sum(ages) == line["open"] == 10


def test_a_group_without_open_requests_has_no_line():
    rows = watched("1 2 3") + watched("4+", service_group="Trash")
    assert [line["label"] for line in answer("backlog_now", {"durations": rows})] == ["Trash"]


def test_requests_by_month_keep_those_without_a_month_and_flag_the_newest():
    rows = [("2024-12", 40, 4), ("2025-05", 7, 2), ("2025-05", 3, 1), (None, 9, 0)]
    named = [
        {"month": month, "district": "Ward 1", "service_group": "Trees", "n": n, "open": o} for month, n, o in rows
    ]
    found = [
        (line["month"], line["n"], line["open"], line["note"])
        for line in answer("requests_by_month", {"month_counts": named})
    ]
    assert found == [("2024-12", 40, 4, ""), ("2025-05", 10, 3, "may still grow"), (None, 9, 0, "")]


def test_areas_and_the_unlocated_are_the_city():
    rows = (area("891", "Trees", 30, 3), area("881", "Housing", 20, 2, tier="B"), area("city", "Trees", 4, 1))
    whole = counts("requests_by_precision", *rows)
    assert sum(line["requests"] for line in whole) == sum(line["n"] for line in counts("requests_by_area", *rows)) == 54
    assert {line["level"]: line["requests"] for line in whole} == {"city": 4, "h3_8": 20, "h3_9": 30}
    assert sum(line["share_of_all"] for line in whole) == pytest.approx(1)


def test_a_status_chooses_what_is_counted():
    row = area("891", "Trees", 30, 3)
    assert [counts("requests_by_area", row, status=status)[0]["requests"] for status in ("", "open", "closed")] == [
        30,
        3,
        27,
    ]
    assert counts("requests_by_area", area("891", "Trees", 30, 0), status="open") == []


def test_an_area_knows_the_smallest_class_of_what_it_holds():
    (mixed,) = counts("requests_by_area", area("891", "Trees", 3, 1), area("891", "Housing", 9, 1, tier="B"))
    assert (mixed["n"], mixed["threshold"]) == (12, 5)
    (public,) = counts("requests_by_area", area("891", "Trees", 1, 1))
    assert public["threshold"] == 1


def test_places_without_a_district_are_unlocated():
    (line,) = counts("requests_by_area", area("city", "Trees", 4, 1))
    assert line["district"] == "Unlocated"


def test_a_request_that_is_closed_on_its_day_is_open_at_no_months_end(tmp_path):
    """Rows of B tell a week, a month or a quarter: were they all open at its end, every quarter would have a peak."""
    town = Town.found(tmp_path)
    rats = [
        request(
            n,
            "Rats",
            opened=f"2024-0{1 + n % 3}-{1 + n % 28:02} 09:00:00",
            closed=f"2024-0{1 + n % 3}-{1 + n % 28:02} 17:00:00",
        )
        for n in range(90)
    ]
    town.receive(*rats)
    town.run()
    told = town.released(
        "select month_end, sum(opened) as opened, sum(open) as open from backlog group by 1 order by 1"
    )
    assert {line["open"] for line in told} == {0}
    assert sum(line["opened"] for line in told) == len(town.released()) > 80


def test_a_row_is_counted_on_a_day_of_its_own_period(tmp_path):
    town = Town.found(tmp_path)
    town.receive(*requests(range(40), "Rats", opened="2024-02-07 09:00:00"))
    town.run()
    assert {line["requested_grain"] for line in town.released()} == {"week"}
    [line] = town.released("select month_end, sum(opened) as opened from backlog where opened > 0 group by 1")
    assert (line["month_end"], line["opened"]) == ("2024-02-29", 40)
