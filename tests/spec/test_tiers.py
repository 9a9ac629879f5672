"""Tiers: what a row may show depends on the harm that its kind could do; what changed since is told late enough."""

import pytest

from etl.contents import AGENCY_HIDDEN
from etl.vault import open_vault
from hub.errors import GateError
from tests.town import Town, request, requests

A_ONLY = ("service_code", "service_name", "duration_hours")


@pytest.fixture(scope="session")
def rows(town) -> dict[str, list[dict]]:
    found = {}
    for row in town.released():
        found.setdefault(row["service_group"], []).append(row)
    return found


def values(rows: list[dict], name: str) -> set:
    return {row[name] for row in rows}


def test_the_kind_of_request_is_named_in_tier_a_only(rows):
    for group, found in rows.items():
        assert values(found, "service_name") == ({f"{group}!"} if group[0] == "A" else {None})


@pytest.mark.parametrize(
    ("tier", "never"),
    [("A", ("duration_days",)), ("B", A_ONLY), ("C", (*A_ONLY, "disposition")), ("ABC", ("text", "photo"))],
)
def test_a_tier_shows_only_its_columns(rows, tier, never):
    found = [row for rows_ in rows.values() for row in rows_ if row["tier"] in tier]
    assert found and {row[name] for row in found for name in never} == {None}


def test_the_agency_is_told_in_b_and_c_only_where_the_group_decides_it(rows):
    assert values(rows["B five in a week"], "agency_responsible") == {"DPW"}
    assert values(rows["B two agencies"], "agency_responsible") == {None}


def test_an_agency_once_hidden_stays_hidden_when_the_other_agency_is_gone(tmp_path):
    """The rows of the first release would say more in the second one: so the group is remembered, also while it is
    away, and the gate would see it."""
    town, mine = Town.found(tmp_path), requests(range(8), "Rats")
    others = requests(range(20, 28), "Rats", agency="PARKS")
    agencies = "select distinct agency_responsible as agency from service_requests where tier = 'B'"
    weeks = {"2024-07-01": (*mine, *others), "2024-07-08": (), "2024-07-15": mine}
    for monday, rows in weeks.items():
        town.on(monday).receive(*requests(range(50, 60)), *rows)
        town.run(accept_fewer=True)
        assert town.released(agencies) == [{"agency": None}] * bool(rows)
    with open_vault(town.data) as vault:
        vault.set(AGENCY_HIDDEN, "[]")
    town.describe({"publish": {"keep": 9}})
    with pytest.raises(GateError, match="monotone is 8, must be 0 rows finer or moved"):
        town.publish()


def test_in_tier_a_the_ending_is_told_to_the_hour(rows):
    [closed] = [row for row in rows["A busy"] if row["status"] == "closed"]
    assert (closed["duration_hours"], closed["disposition"], closed["on_time"]) == (75, "done", "missed")


def test_a_closing_is_told_once_it_says_nothing_of_the_opening_day(rows):
    """Both were opened in the week that ended on 3 June: 2 days later is 5 June, 15 days later is 18 June."""
    [told], [hidden] = (
        {(row["status"], row["duration_days"], row["disposition"]) for row in rows[group]}
        for group in ("B told closed", "B not yet told")
    )
    assert told == ("closed", 2, "done")
    assert hidden == ("open", None, None)


def test_whether_it_was_late_is_told_by_the_public_target_from_the_end_of_the_period(rows):
    assert values(rows["B told closed"], "on_time") == {"missed"}  # 2 days and 3 hours against 2 days
    assert values(rows["B not yet told"], "on_time") == {"missed"}  # 3 June and 2 days is past
    assert values(rows["B five in a week"], "on_time") == {"none"}


def test_in_tier_a_a_due_date_that_is_not_the_public_target_is_not_told_of_an_open_request(tmp_path):
    """Opened on 5 March with a public target of 7 days; the clocks change on 10 March. The counts know that it is late."""
    own = {"due": "2024-03-20 09:00:00"}
    words = {
        "missed": [{}, {"due": "2024-03-12 09:00:00"}, own | {"closed": "2024-03-25 09:00:00"}],
        "met": [own | {"closed": "2024-03-15 09:00:00"}],
        "pending": [own, own],
    }
    given = [row for rows in words.values() for row in rows]
    town = Town.found(tmp_path)
    town.receive(*(request(number, **row) for number, row in enumerate(given)), *requests(range(20, 30), "Litter"))
    town.run()
    told = "select on_time, count(*) as n from service_requests where service_name = 'Pothole' group by 1"
    assert {row["on_time"]: row["n"] for row in town.released(told)} == {
        word: len(rows) for word, rows in words.items()
    }
    [counted] = town.released("select missed, pending, is_countable from on_time where service_name = 'Pothole'")
    assert counted == {"missed": 5, "pending": 0, "is_countable": 1}


def test_what_was_fixed_early_counts_once_it_was_due(tmp_path):
    """Else the share would be that of all that were due and of those that were fixed before: too high while work is new."""
    early = {"closed": "2024-03-15 09:00:00", "note": "fixed"}
    town = Town.found(tmp_path)
    town.receive(
        *requests(range(5), due="2059-12-31 19:00:00", **early),
        *requests(range(5, 8), due="2024-06-30 09:00:00", **early),
    )
    town.run()
    assert {row["on_time"] for row in town.released()} == {"met"}
    [counted] = town.released("select n, met_fixed, missed, pending from on_time")
    assert counted == {"n": 8, "met_fixed": 3, "missed": 0, "pending": 5}


def test_in_tier_c_what_all_of_a_class_share_is_not_told(rows):
    assert values(rows["C all alike"], "status") == {"closed"}
    assert values(rows["C all alike"], "duration_days") == values(rows["C all alike"], "on_time") == {None}
    assert values(rows["C two kinds"], "duration_days") == {3, 15}
    assert values(rows["C two kinds"], "on_time") == {"met", "missed"}


def test_a_withheld_kind_is_in_no_table_and_no_file(town):
    for path in town.release.path.rglob("*"):
        assert path.is_dir() or b"Secret" not in path.read_bytes()
    assert town.released("select count(*) as n from categories where service_group = 'Secret'") == [{"n": 0}]
