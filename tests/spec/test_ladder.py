"""The ladder: a row is told as finely as enough rows at enough places are like it, and never more finely."""

import pytest

from etl.completeness import AMONG

# group: level of place, length of period, rows; or the fate of all its rows
EXPECTED = {
    "B five in a week": ("h3_9", "week", 5),
    "B six in a block": ("h3_8", "week", 6),
    "B six in a month": ("h3_8", "month", 6),
    "B six in two blocks": ("h3_7", "month", 6),
    "B six in a ward": ("neighbourhood", "quarter", 6),
    "B six in two wards": ("city", "quarter", 6),
    "B four": "withheld",
    "B one house": "withheld",
    "B four houses": "withheld",
    "B nowhere": "withheld",
    "B addresses only": ("city", "quarter", 5),
    "B guessed point": ("city", "quarter", 25),
    "B last week": ("h3_9", "week", 5),
    "B this week": "waiting",
    "B this month": "waiting",
    "C eleven": ("h3_8", "month", 11),
    "C eleven in two blocks": ("h3_7", "month", 11),
    "C eleven in a ward": ("neighbourhood", "month", 11),
    "C eleven in two wards": ("city", "quarter", 11),
    "C eleven in a year": ("city", "year", 11),
    "C ten": "withheld",
    "C one house": "withheld",
    "C april": ("h3_8", "month", 11),
    "C may": "waiting",
    "A busy": ("h3_9", "day", 3),
    "A lonely": ("neighbourhood", "day", 1),
    "A yesterday": ("h3_9", "day", 1),
    "A today": "waiting",
    "Secret": "waiting",  # so few of withheld kinds are counted with those that wait
}


@pytest.fixture(scope="session")
def told(town) -> dict[str, list[tuple]]:
    rows = town.released(
        "select service_group, place_level, requested_grain, count(*) as n from service_requests group by 1, 2, 3"
    )
    found = {}
    for row in rows:
        found.setdefault(row["service_group"], []).append((row["place_level"], row["requested_grain"], row["n"]))
    return found


@pytest.mark.parametrize("group", EXPECTED)
def test_each_group_is_told_on_the_first_rung_that_holds_enough(told, group):
    assert told.get(group, []) == ([] if isinstance(EXPECTED[group], str) else [EXPECTED[group]])


def test_what_is_not_told_waits_or_is_withheld_and_is_counted(town, cases):
    line = town.completeness()
    for fate in ("waiting", "withheld"):
        assert line[fate] == sum(len(cases[group]) for group, word in EXPECTED.items() if word == fate)
    assert line["released"] == len(town.released())
    assert line["read"] == sum(map(len, cases.values())) == line["released"] + line["waiting"] + line["withheld"]


def test_the_public_is_told_why(town):
    reasons = town.released("select kind, reason from quality_reasons where kind <> 'flagged' order by 1, 2")
    assert [(row["kind"], row["reason"]) for row in reasons] == [
        ("waiting", AMONG.format(k=11)),
        ("withheld", "Fewer than k requests like it, even at the coarsest rung"),
    ]
    [guess] = town.released("select reason, rows from quality_reasons where kind = 'flagged' and reason like '%guess%'")
    assert guess["rows"] == 25


def test_every_class_holds_k_rows(town):
    for tier, k in (("B", 5), ("C", 11)):
        [least] = town.released(
            "select min(n) as n from (select count(*) as n from service_requests where tier = ? "
            "group by service_group, place_id, requested_bucket, requested_grain)",
            tier,
        )
        assert least["n"] == k


def test_a_period_is_told_by_its_first_local_day(town):
    rows = town.released("select service_group, min(requested_bucket) as day from service_requests group by 1")
    first = {row["service_group"]: row["day"] for row in rows}
    assert first["A yesterday"] == "2024-06-16"
    assert first["B five in a week"] == "2024-03-04"
    assert first["C april"] == "2024-04-01"
    assert first["B six in two wards"] == "2024-01-01"
    assert first["C eleven in a year"] == "2023-01-01"


def test_the_district_is_a_function_of_the_place_that_is_told(town):
    rows = town.released(
        """select distinct service_group, p.level, p.district from service_requests join places p on p.id = place_id
        where service_group in ('B five in a week', 'C eleven in a ward', 'B six in two wards') order by 1"""
    )
    assert [(row["service_group"], row["level"], row["district"]) for row in rows] == [
        ("B five in a week", "h3_9", "West Ward"),
        ("B six in two wards", "city", None),
        ("C eleven in a ward", "neighbourhood", "West Ward"),
    ]
