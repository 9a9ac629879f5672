"""Status and endings: the city's words become open or closed and one of thirteen dispositions."""

import pytest

from tests.town import Town, instant, request

RULES = [
    {"contains": "nothing fixed", "is": "nothing_found"},
    {"contains": "Fixed", "is": "done"},
    {"contains": "referred", "is": "referred"},
]
STATUSES = {"Done": "closed", "Todo": "open", "Void": "closed", "Dup (open)": "open"}
LAYOUT = {
    "statuses": STATUSES,
    "dispositions": RULES,
    "status_dispositions": {"Void": "cancelled", "Dup (open)": "duplicate"},
}
LATER = "2024-03-09 10:00:00"


# the city's word and closing date; status, whether the date is kept, flags
STATUS = (
    ("Todo", "", "open", False, ""),
    ("done", LATER, "closed", True, "unknown_disposition;"),
    ("DONE ", LATER, "closed", True, "unknown_disposition;"),
    ("Done", "", "closed", False, "closed_without_date;unknown_disposition;"),
    ("Todo", LATER, "open", False, "open_with_closing_date;"),
    ("Limbo", "", None, False, "unknown_status;"),
    ("Limbo", LATER, "closed", True, "unknown_status;unknown_disposition;"),
    ("", "", None, False, "unknown_status;"),  # never taken for open
)
# the city's word and closing words; how it ended
ENDINGS = (
    ("Done", "FIXED by the crew", "done"),
    ("Done", "Nothing fixed, referred", "nothing_found"),  # the first rule that matches
    ("Done", "Fixed and referred", "done"),
    ("Done", "referred", "referred"),
    ("Done", "went away", "unknown"),
    ("Done", "", "unknown"),
    ("Void", "Fixed", "cancelled"),  # the status word is stronger than the closing words
    ("Todo", "Fixed", None),  # an open request has not ended
    ("Dup (open)", "Fixed", None),
)


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return Town.found(tmp_path_factory.mktemp("endings"), layout=LAYOUT)


@pytest.fixture(scope="module")
def made(town):
    ended = {"Done": LATER, "Void": LATER}
    return town.records(
        *(request(n, status=word, closed=closed) for n, (word, closed, *_) in enumerate(STATUS)),
        *(request(n, status=word, closed=ended.get(word, ""), note=note) for n, (word, note, _) in enumerate(ENDINGS)),
    )


@pytest.mark.parametrize("number", range(len(STATUS)), ids=lambda number: "|".join(STATUS[number][:2]))
def test_a_status_is_what_the_citys_table_says(made, number):
    one, (_, _, *expected) = made[number], STATUS[number]
    assert [one["status"], one["closed_datetime"] is not None, one["flags"]] == expected


@pytest.mark.parametrize("number", range(len(ENDINGS)), ids=lambda number: "|".join(ENDINGS[number][:2]))
def test_the_first_rule_that_matches_tells_how_it_ended(made, number):
    assert made[len(STATUS) + number]["disposition"] == ENDINGS[number][2]


def test_what_was_opened_and_closed_in_one_second_is_paperwork(town):
    second, minute = "2024-03-05 09:00:17", "2024-03-05 09:00:00"  # a whole minute may be a form without seconds
    made = town.records(
        request(1, opened=second, closed=second, note="fixed"),
        request(2, opened=second, closed=second, note="referred"),
        request(3, opened=minute, closed=minute, note="fixed"),
    )
    assert [one["disposition"] for one in made] == ["administrative", "referred", "done"]
    assert ["closed_at_opening" in one["flags"] for one in made] == [True, False, False]


def test_closing_words_and_descriptions_never_reach_the_vault(town):
    [made] = town.records(request(1, closed=LATER, note="fixed, said Ada", words="call Ada"))
    assert made["disposition"] == "done"
    assert not [name for name, value in made.items() if "ada" in str(value).lower()]
    assert made["closed_datetime"] == instant(LATER)
