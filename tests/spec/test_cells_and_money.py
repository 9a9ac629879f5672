"""Cells and money: nulls, blanks, amounts in every spelling, wide budgets, sums and keys made of columns."""

import pytest

from tests.town import Town, request

ADOPTED = {"fiscal_year": 2024, "stage": "adopted"}
BUDGET = {
    "location": "budget.csv",
    "fields": {
        "line_id": {"key_of": ["Dept", "Program", "Category"]},
        "department": "Dept",
        "program": "Program",
        "category": "Category",
    },
    "layout": {
        "nulls": ["#Missing"],
        "rows_from_columns": [
            {"column": "FY23 Actual", "set": {"direction": "expense", "fiscal_year": 2023, "stage": "actual"}},
            {"column": "FY24", "beside": "Category", "set": {"direction": "expense"} | ADOPTED},
            {"column": "FY24", "beside": "Tax", "set": {"direction": "revenue"} | ADOPTED},
        ],
    },
}
PROJECTS = {
    "location": "projects.csv",
    "fields": {
        "project_id": {"key_of": ["dept", "name"]},
        "department": "dept",
        "budget_cents": "plan",
        "spent_cents": {"sum_of": ["bonds", "grants"]},
        "status": "state",
        "start_date": "start",
    },
    "layout": {"only": {"row": ["project"]}, "phases": {"Building": "construction"}},
}


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    town = Town.found(tmp_path_factory.mktemp("cells"))
    town.describe({"sources": {"budget": BUDGET, "capital_projects": PROJECTS}})
    return town


def line(**given: str) -> dict[str, str]:
    return {"Dept": "Parks", "Program": "Trees", "Category": "Pay", "FY23 Actual": "1", "FY24": "2"} | given


def project(**given: str) -> dict[str, str]:
    one = {"row": "project", "dept": "Parks", "name": "Pond", "plan": "900", "bonds": "1", "grants": "2", "start": ""}
    return one | given


def adopted(town: Town, *written: str | None) -> list[tuple]:
    """Program, amount and reason of the adopted budget, where each program is one amount as it is written."""
    rows = [line(Program=str(number), FY24=amount) for number, amount in enumerate(written)]
    made = [one for one in town.records(*rows, source="budget") if one["stage"] == "adopted"]
    return sorted((int(one["program"]), one["amount_cents"], one["reason"]) for one in made)


def test_an_amount_is_whole_cents_however_it_is_written(town):
    written = {
        "$1,234.00": 123_400,
        "1234": 123_400,
        "-12.5": -1_250,
        "(12)": -1_200,
        "($1,234.56)": -123_456,
        " $ 7 ": 700,
        "0.005": 1,
        "1e3": 100_000,
        "0": 0,
    }
    assert adopted(town, *written) == [(number, cents, None) for number, cents in enumerate(written.values())]


def test_a_cell_that_states_no_amount_makes_no_line_and_one_that_cannot_be_read_is_not_nought(town):
    found = adopted(town, "", " ", "   ", "#Missing", "N/A", "-", None, "twelve")
    assert found == [(7, None, "amount_cents cannot be read")]


def test_a_wide_budget_becomes_one_line_for_each_amount(town):
    made = town.records(line(), source="budget")
    told = {(one["direction"], one["fiscal_year"], one["stage"], one["amount_cents"]) for one in made}
    assert told == {("expense", 2023, "actual", 100), ("expense", 2024, "adopted", 200)}
    assert len({one["line_id"] for one in made}) == 2


def test_one_column_name_in_two_files_is_told_apart_by_the_column_beside_it(town):
    [made] = town.records({"Dept": "Treasury", "Tax": "Excise", "FY24": "5"}, source="budget")
    assert (made["direction"], made["amount_cents"]) == ("revenue", 500)


def test_equal_lines_of_a_budget_are_two_lines(town):
    made = town.records(line(), line(), source="budget")
    assert len({one["line_id"] for one in made}) == 4


def test_a_key_made_of_columns_does_not_change_with_the_amount(town):
    first, second = (
        {one["line_id"] for one in town.records(line(FY24=amount), source="budget")} for amount in ("2", "3")
    )
    assert first == second
    other = {one["line_id"] for one in town.records(line(Program="Ponds"), source="budget")}
    assert not first & other


def test_a_sum_of_columns_leaves_nothing_unread(town):
    made = town.records(
        project(),
        project(name="Oak", grants=""),
        project(name="Elm", grants="lots"),
        project(name="Ash", bonds="", grants=""),
        source="capital_projects",
    )
    assert [(one["spent_cents"], "bad_number;" in one["flags"]) for one in made] == [
        (300, False),
        (100, False),
        (None, True),
        (0, False),
    ]


def test_only_rows_of_the_right_kind_become_records(town):
    kinds = ("project", " project ", "person", "")
    made = town.records(*(project(row=kind, name=str(n)) for n, kind in enumerate(kinds)), source="capital_projects")
    assert [one["name"] for one in made] == ["0", "1"]


def test_a_projects_phase_and_dates_are_read_or_flagged(town):
    known, strange = project(state="BUILDING", start="2024-05-01"), project(name="b", state="?", start="May")
    made = town.records(known, strange, source="capital_projects")
    assert [(one["phase"], one["start_date"]) for one in made] == [("construction", "2024-05-01"), ("unknown", None)]
    assert made[1]["flags"] == "bad_date;unknown_status;"


def test_words_for_nothing_are_nothing(town):
    words = ("", " ", "  ", "\t", "N/A", "n/a", "NULL", "null", "None", "NA", "-", ".", "Unspecified")
    made = town.records(*(request(n, agency=word, address=word) for n, word in enumerate(words)))
    assert {(one["agency_responsible"], one["address"]) for one in made} == {(None, None)}


def test_blanks_around_and_within_a_word_do_not_make_another_word(town):
    [made] = town.records(request(1, kind="  Pot\n hole\t", agency="D  PW", status="\tTodo "))
    assert (made["service_name"], made["agency_responsible"], made["status"]) == ("Pot hole", "D PW", "open")


def test_ids_stay_text_as_they_were_sent(town):
    made = town.records(request(1) | {"id": "001"}, request(1) | {"id": "1"}, request(1) | {"id": "SR-1.0"})
    assert [one["service_request_id"] for one in made] == ["001", "1", "SR-1.0"]


def test_columns_are_matched_without_case_blanks_dots_and_underscores(town):
    town.describe({"sources": {"requests": {"fields": {"agency_responsible": ["Owner Dept"]}}}})
    [made] = town.records(request(1) | {"OWNER.dept_": "Parks"})
    assert made["agency_responsible"] == "Parks"
    town.describe({"sources": {"requests": {"fields": {"agency_responsible": "agency"}}}})


def test_the_first_name_that_has_a_value_feeds_the_column(town):
    town.describe({"sources": {"requests": {"fields": {"agency_responsible": ["new", "agency"]}}}})
    made = town.records(request(1) | {"new": "Parks"}, request(2) | {"new": ""})
    assert [one["agency_responsible"] for one in made] == ["Parks", "DPW"]
