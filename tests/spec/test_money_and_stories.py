"""Budget and projects add up; stories are found by their words."""

import pytest

from hub.datasets import tables, views
from hub.metadata import empty
from hub.questions import measures
from tests.measured import answer


def line(year, stage, department, cents, *, program="Roads", direction="expense") -> dict:
    key = f"{year}/{stage}/{department}/{program}"
    named = {"cabinet": "Works", "department": department, "program": program, "category": "Staff"}
    return {"line_id": key, "direction": direction, "fiscal_year": year, "stage": stage, "amount_cents": cents} | named


LINES = [
    line(2024, "adopted", "Streets", 100_00),
    line(2024, "adopted", "Old office", 30_00),
    line(2024, "actual", "Streets", 90_00),
    line(2025, "adopted", "Streets", 120_00),
    line(2025, "adopted", "Streets", 5_00, program="Snow"),
    line(2025, "adopted", "New office", 10_00),
    line(2025, "adopted", "Taxes", 500_00, direction="revenue"),
]


def test_the_tree_is_the_newest_year_and_never_adds_stages_or_directions():
    rows = answer("budget_tree", {"budget_lines": LINES})
    assert {row["fiscal_year"] for row in rows} == {2025}
    assert sum(row["amount_cents"] for row in rows if row["direction"] == "expense") == 135_00
    rows = answer("budget_tree", {"budget_lines": LINES}, fiscal_year="2024")
    assert {(row["stage"], row["department"]): row["amount_cents"] for row in rows} == {
        ("adopted", "Streets"): 100_00,
        ("adopted", "Old office"): 30_00,
        ("actual", "Streets"): 90_00,
    }


def test_the_tree_and_the_categories_hold_the_same_money():
    chosen = {"fiscal_year": "2025", "stage": "adopted", "direction": "expense"}
    tree, categories = (
        answer(name, {"budget_lines": LINES}, **chosen) for name in ("budget_tree", "budget_by_category")
    )
    assert sum(row["amount_cents"] for row in tree) == sum(row["amount_cents"] for row in categories) == 135_00


def test_a_change_names_what_began_and_what_ended():
    rows = answer("budget_change", {"budget_lines": LINES}, direction="expense", stage="adopted")
    assert [(row["department"], row["change_cents"], row["note"]) for row in rows] == [
        ("New office", 10_00, "not in the earlier budget"),
        ("Old office", -30_00, "no longer in the budget"),
        ("Streets", 25_00, ""),
    ]
    streets = rows[-1]
    assert (streets["fiscal_year"], streets["before_year"], streets["change_share"]) == (2025, 2024, 0.25)
    assert sum(row["change_cents"] for row in rows) == 135_00 - 130_00


def test_a_change_can_cross_stages():
    rows = answer("budget_change", {"budget_lines": LINES}, direction="expense", stage="adopted", before_stage="actual")
    (streets,) = (row for row in rows if row["department"] == "Streets")
    assert (streets["before_cents"], streets["before_stage"]) == (90_00, "actual")


def test_a_year_whose_earlier_one_has_another_stage_only_is_compared_with_that():
    lines = [
        one | {"stage": "appropriation"} if one["fiscal_year"] == 2024 and one["stage"] == "adopted" else one
        for one in LINES
    ]
    rows = answer("budget_change", {"budget_lines": lines}, direction="expense")
    assert {(row["stage"], row["before_stage"]) for row in rows} == {("adopted", "appropriation")}
    assert sum(row["before_cents"] for row in rows) == 130_00


def test_of_a_first_budget_nothing_is_said_to_be_new():
    rows = answer("budget_change", {"budget_lines": [one for one in LINES if one["fiscal_year"] == 2025]})
    assert {(row["before_stage"], row["note"]) for row in rows} == {(None, "there is no earlier budget")}
    assert {row["direction"] for row in rows} == {"expense", "revenue"}


def test_a_total_that_differs_is_said():
    row = {"direction": "expense", "fiscal_year": 2025, "stage": "adopted", "lines": 3, "amount_cents": 135_00}
    told = [
        row | {"stated_cents": 135_00, "difference_cents": 0, "is_reconciled": 1},
        row | {"stage": "proposed", "stated_cents": 140_00, "difference_cents": -5_00, "is_reconciled": 0},
        row | {"stage": "actual"},
    ]
    found = {row["stage"]: row["note"] for row in answer("budget_reconciled", {"budget_totals": told})}
    assert found == {
        "adopted": "agrees with the city's own total",
        "proposed": "differs from the city's own total",
        "actual": "the city states no total",
    }


def project(number, phase, budget, spent, **about) -> dict:
    return {
        "project_id": str(number),
        "name": f"Project {number}",
        "phase": phase,
        "budget_cents": budget,
        "spent_cents": spent,
    } | about


PROJECTS = [
    project(1, "design", 100_00, 50_00, district="Ward 1", department="Parks"),
    project(2, "design", 300_00, None, department="Parks"),
    project(3, "complete", 80_00, 90_00, district="Ward 2", department="Roads"),
]


@pytest.mark.parametrize("by", ["phase", "department", "district", "city"])
def test_plan_and_spending_are_the_same_however_they_are_split(by):
    rows = answer("capital_by_phase", {"capital_projects": PROJECTS}, by=by)
    assert sum(row["projects"] for row in rows) == 3
    assert sum(row["budget_cents"] for row in rows) == 480_00
    assert sum(row["spent_cents"] or 0 for row in rows) == 140_00


def test_a_project_is_late_by_the_day_of_the_data_on_projects_not_of_the_requests():
    """An export of requests may be years older than the plan."""
    late = project(4, "construction", 100_00, 50_00, end_date="2024-01-01")
    source = {"source": "capital_projects", "dataset": "capital_projects", "adapter": "files"}
    for day, found in (("2024-01-11", [("4", 10)]), ("2023-12-01", [])):
        given = {"capital_projects": [*PROJECTS, late], "sources": [source | {"as_of_date": day}]}
        assert [(row["project_id"], row["days_past"]) for row in answer("projects_late", given)] == found


def test_the_share_spent_is_of_projects_that_state_it():
    found = {row["label"]: row for row in answer("capital_by_phase", {"capital_projects": PROJECTS}, by="phase")}
    assert (found["design"]["spent_share"], found["design"]["unstated"]) == (0.5, 1)
    assert found["complete"]["spent_share"] == 90 / 80


def test_a_project_without_a_district_can_be_chosen():
    rows = answer("capital_projects_table", {"capital_projects": PROJECTS}, district="Citywide or unknown")
    assert [row["project_id"] for row in rows] == ["2"]


STORIES = [
    ("st-1", "The flood of 1978", "The river came up the steps.", "Weather; Family"),
    ("st-2", "My father's bakery", "He opened at four. The ovens were always warm.", "Work; Family"),
    ("st-3", "Winter", "Snow up to the windows, and the river froze.", "Weather"),
]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("river", {"st-1", "st-3"}),
        ("river steps", {"st-1"}),
        ("bak", {"st-2"}),
        ("  river   froze ", {"st-3"}),
        ("father's", {"st-2"}),
        ("zeppelin", set()),
        ("", {"st-1", "st-2", "st-3"}),
        ('"', {"st-1", "st-2", "st-3"}),
        ("river OR oven", set()),
        ("title:winter", set()),
        ("*", set()),
        (") -- ;", set()),
    ],
)
def test_stories_are_found_by_all_their_words_and_no_word_is_a_command(words, found):
    question = measures()["stories_found"]
    with empty(tables(), views()) as db:
        for story_id, title, body, subjects in STORIES:
            db.execute(
                "insert into stories (story_id, title, body, subjects) values (?, ?, ?, ?)",
                (story_id, title, body, subjects),
            )
        db.execute("insert into stories_fts (stories_fts) values ('rebuild')")
        rows = db.execute(question.sql, dict.fromkeys(question.params, "") | {"q": words})
        assert {row[0] for row in rows} == found
