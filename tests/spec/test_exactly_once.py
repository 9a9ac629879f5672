"""Exactly once: each id is one record, whatever comes twice, late, broken or again; nothing is written for nothing."""

import pytest

from etl import completeness
from etl.vault import open_vault
from hub.errors import GateError
from tests.town import Town, request, requests, write_csv

RECORDS = "select service_request_id, agency_responsible from records_service_requests order by all"
ASIDE = "select key, reason from quarantine order by all"
OLDER = "an older copy of an id that came again with other content"
MARCH, APRIL, MAY = (f"2024-0{month}-01 08:00:00" for month in (3, 4, 5))


@pytest.fixture
def town(tmp_path):
    return Town.found(tmp_path)


def written(town: Town, **given) -> int:
    [requests_pulled] = [one for one in town.pull(**given) if one.source == "requests"]
    return requests_pulled.written


def counted(town: Town) -> dict[str, int]:
    """What the public will be told of the reading."""
    with open_vault(town.data) as vault:
        line, _ = completeness.of_dataset(vault, town.policy, "service_requests", [])
    return {name: line[name] for name in ("rows_read", "read", "quarantined", "deleted_upstream", "duplicates")}


def test_equal_rows_are_one_request(town):
    town.receive(*[request(1)] * 3, request(2))
    assert written(town) == 2
    assert town.vault(ASIDE) == []
    assert counted(town) == {"rows_read": 4, "read": 2, "quarantined": 0, "deleted_upstream": 0, "duplicates": 2}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
def test_of_an_id_with_several_contents_the_newest_stays_in_whatever_order_they_come(town, order):
    copies = [request(1, updated=when, agency=when[5:7]) for when in (MARCH, APRIL, MAY)]
    town.receive(*(copies[n] for n in order for _ in range(2)))
    assert written(town) == 1
    assert town.vault(RECORDS) == [("1", "05")]
    assert town.vault(ASIDE) == [("1", OLDER)] * 2
    assert counted(town) == {"rows_read": 6, "read": 1, "quarantined": 0, "deleted_upstream": 0, "duplicates": 5}


def test_without_a_time_of_change_the_last_row_is_the_newest(town):
    town.receive(request(1, agency="old"), request(1, agency="new"))
    written(town)
    assert town.vault(RECORDS) == [("1", "new")]
    assert town.vault("select key, row_number, row ->> 'agency_responsible' from quarantine") == [("1", 2, "old")]


def test_copies_in_two_files_are_judged_like_copies_in_one(town):
    town.describe({"sources": {"requests": {"location": ["a.csv", "b.csv"]}}})
    town.receive(request(1, updated=MAY, agency="new"), request(2), name="a.csv")
    town.receive(request(1, updated=MARCH, agency="old"), request(2), name="b.csv")
    assert written(town) == 2
    assert town.vault(RECORDS) == [("1", "new"), ("2", "DPW")]
    assert counted(town) == {"rows_read": 4, "read": 2, "quarantined": 0, "deleted_upstream": 0, "duplicates": 2}


def test_reading_again_writes_only_what_is_new(town):
    rows = [request(1, agency="old"), request(1, agency="new"), request(2), request(2), request(3, opened="never")]
    town.receive(*rows)
    assert written(town) == 2
    assert [one.unchanged for one in town.pull() if one.source == "requests"] == [True]
    town.receive(*rows, request(4))
    assert written(town) == 1
    assert town.vault(ASIDE) == [("1", OLDER), ("3", "requested_datetime cannot be read")]


def test_where_the_newer_copy_is_withdrawn_the_older_one_counts_again(town):
    first, second = request(1, updated=MARCH, agency="first"), request(1, updated=APRIL, agency="second")
    town.receive(first, second, request(2))
    written(town)
    town.receive(first, request(2))
    assert written(town) == 1
    assert town.vault(RECORDS) == [("1", "first"), ("2", "DPW")]
    assert town.vault(ASIDE) == []


def test_an_older_row_beside_a_broken_one_does_not_send_the_reader_round_for_ever(town):
    town.receive(request(1, updated=MAY, agency="new"))
    written(town)
    town.describe({"sources": {"requests": {"location": ["a.csv", "b.csv"]}}})
    town.receive(request(1, opened="never"), name="a.csv")
    town.receive(request(1, updated=MARCH, agency="old"), name="b.csv")
    assert written(town) == 1
    assert town.vault(RECORDS) == [("1", "old")]


def test_rows_that_cannot_be_used_are_kept_aside_with_the_reason_and_counted_one_by_one(town):
    town.receive(
        request(1),
        request(2, opened=""),
        request(3, opened="soon"),
        request(4) | {"id": ""},
        request(5) | {"id": "N/A"},
        request(5) | {"id": ""},  # equal to the row before: one and the same
        request(6, opened="") | {"id": ""},
    )
    assert written(town) == 1
    assert town.vault("select reason, row_number from quarantine order by row_number") == [
        ("requested_datetime is missing", 3),
        ("requested_datetime cannot be read", 4),
        ("service_request_id is missing", 5),
        ("service_request_id is missing", 6),
        ("service_request_id is missing", 8),
    ]
    assert counted(town) == {"rows_read": 7, "read": 6, "quarantined": 5, "deleted_upstream": 0, "duplicates": 1}


def test_an_id_with_two_unusable_rows_is_one_id(town):
    town.receive(request(1), request(2, opened=""), request(2, opened="soon"))
    written(town)
    assert len(town.vault(ASIDE)) == 2
    assert counted(town) == {"rows_read": 3, "read": 2, "quarantined": 1, "deleted_upstream": 0, "duplicates": 1}


def test_a_row_that_is_mended_leaves_the_quarantine(town):
    town.receive(request(1), request(2, opened="soon"))
    written(town)
    town.receive(request(1), request(2))
    assert written(town) == 1
    assert counted(town) == {"rows_read": 2, "read": 2, "quarantined": 0, "deleted_upstream": 0, "duplicates": 0}


def test_a_row_that_becomes_unusable_is_not_told_as_it_was_before(town):
    others = requests(range(2, 7))
    town.receive(request(1), *others)
    written(town)
    town.receive(request(1, opened="soon"), *others)
    assert written(town) == 0
    assert "1" not in {key for key, *_ in town.vault(RECORDS)}
    assert counted(town) == {"rows_read": 6, "read": 6, "quarantined": 1, "deleted_upstream": 0, "duplicates": 0}


def test_a_file_named_twice_is_read_once(town):
    town.describe({"sources": {"requests": {"location": ["requests.csv", "req*.csv"]}}})
    town.receive(request(1), request(2))
    written(town)
    assert counted(town) == {"rows_read": 2, "read": 2, "quarantined": 0, "deleted_upstream": 0, "duplicates": 0}


def test_rows_that_do_not_fit_the_header_are_counted_one_by_one(town):
    path = town.receive(*requests(range(3)))
    text = path.read_text("utf-8").splitlines()
    path.write_text("\n".join([*text[:2], "1,2", "7,8", "1,2,3", *text[2:], ""]), "utf-8")
    assert written(town) == 3
    reasons = dict(town.vault("select reason, count(*) from quarantine group by 1"))
    assert reasons == {"the row has 2 columns, the header 14": 2, "the row has 3 columns, the header 14": 1}
    assert counted(town) == {"rows_read": 6, "read": 6, "quarantined": 3, "deleted_upstream": 0, "duplicates": 0}
    path.write_text("\n".join([*text, "1,2", "7,8", "1,2,3", ""]), "utf-8")
    assert written(town) == 0
    assert counted(town)["quarantined"] == 3


def test_what_is_gone_from_the_source_is_marked_and_comes_back_if_it_comes_back(town):
    town.receive(*requests(range(10)))
    written(town)
    town.receive(*requests(range(9)))
    assert written(town) == 0
    assert counted(town) == {"rows_read": 9, "read": 10, "quarantined": 0, "deleted_upstream": 1, "duplicates": 0}
    town.receive(*requests(range(10)))
    assert written(town) == 1
    assert counted(town)["deleted_upstream"] == 0


def test_a_new_field_map_reads_the_same_file_again(town):
    town.receive(*requests(range(3)))
    assert written(town) == 3
    town.describe({"sources": {"requests": {"fields": {"agency_responsible": "kind"}}}})
    assert written(town) == 3
    assert {agency for _, agency in town.vault(RECORDS)} == {"Pothole"}


def test_a_column_that_the_city_withholds_never_enters_the_vault(town):
    town.describe({"privacy": {"columns": {"agency_responsible": "withheld", "lat": "withheld", "long": "withheld"}}})
    town.receive(*requests(range(3)))
    written(town)
    assert set(town.vault("select agency_responsible, lat, long from records_service_requests")) == {(None, None, None)}
    assert ("agency",) in town.vault("select name from columns where source = 'requests'")


def test_a_bad_row_that_is_gone_from_the_source_is_no_longer_unusable_but_gone(town):
    town.receive(*requests(range(10)), request(20, opened="soon"))
    written(town)
    town.receive(*requests(range(10)))
    written(town)
    assert counted(town) == {"rows_read": 10, "read": 11, "quarantined": 0, "deleted_upstream": 1, "duplicates": 0}
    town.receive(*requests(range(10)), request(20, opened="soon"))
    written(town)
    assert counted(town) == {"rows_read": 11, "read": 11, "quarantined": 1, "deleted_upstream": 0, "duplicates": 0}


@pytest.mark.parametrize("change", ["rows_read = rows_read + 1, keys = keys + 1", "keys = keys - 1"])
def test_a_vault_that_holds_fewer_or_more_records_than_rows_were_read_is_not_published(town, change):
    """Nothing may be lost between the reading and the release without anybody noticing."""
    town.receive(*requests(range(10)), request(3))
    written(town)
    with open_vault(town.data) as vault:
        vault.con.execute(f"update readings set {change} where source = 'requests'")
    with pytest.raises(GateError, match=r"read_service_requests is (11|9), must be 10 keys"):
        town.publish()


def test_a_source_of_which_no_row_can_be_used_is_counted_too(town):
    town.receive(*requests(range(10)))
    town.describe({"sources": {"budget": {"location": "budget.csv"}}})
    line = {
        "direction": "expense",
        "fiscal_year": "2025",
        "stage": "adopted",
        "department": "Streets",
        "program": "Snow",
    }
    write_csv(town.folder / "budget.csv", [line | {"line_id": f"b-{n}", "amount_cents": "much"} for n in range(3)])
    town.run()
    line = town.completeness("budget")
    assert (line["rows_read"], line["read"], line["quarantined"]) == (3, 3, 3)


def test_a_broken_row_of_a_file_that_two_sources_read_is_counted_in_each(town):
    town.receive(*requests(range(10)))
    projects = {"project_id": "line_id", "name": "program", "budget_cents": "amount_cents"}
    both = {"budget": {"location": "money.csv"}, "capital_projects": {"location": "money.csv", "fields": projects}}
    town.describe({"sources": both})
    lines = "".join(f"b-{n},Streets,Snow {n},{n},2025,adopted,expense\n" for n in range(9))
    (town.folder / "money.csv").write_text(
        f"line_id,department,program,amount_cents,fiscal_year,stage,direction\n{lines}b-9,Streets\n"
    )
    town.run()
    for dataset in both:
        line = town.completeness(dataset)
        assert (line["rows_read"], line["quarantined"]) == (10, 1), dataset
