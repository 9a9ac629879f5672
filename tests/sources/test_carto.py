"""Carto: a table is read by SQL and by a number that means nothing, and a table that was loaded anew is noticed."""

import base64

import pytest

from etl.http import Refused
from etl.secrets import Secret
from etl.sources import carto, numbered
from etl.sources.page import Request
from hub.errors import ConfigurationError, SourceError
from tests.cities.faults import ALWAYS
from tests.cities.model import Model
from tests.cities.server import City
from tests.sources.reading import asked, killed, pages_asked_twice, parts, probed, read

ROWS, PAGE = 130, 40
TABLE = "public_cases_fc"
COLUMNS = ["service_request_id", "status", "requested_datetime", "closed_datetime", "lat", "lon", "long"]


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    monkeypatch.setattr(numbered, "PAGE_ROWS", PAGE)


@pytest.fixture
def city():
    with City(Model(rows=ROWS), "carto") as city:
        yield city


def request(city, query=f"SELECT * FROM {TABLE}", **more) -> Request:
    return asked(city, f"/api/v2/sql?filename={TABLE}&format=csv&q={query}", COLUMNS, **more)


def statuses(rows) -> dict:
    return {row["service_request_id"]: row["status"].lower() for row in rows}


def truth(model) -> dict:
    return {case.id: case.status for case in model}


def questions(city) -> list[str]:
    return [one.form["q"] for one in city.log]


def test_every_row_arrives_and_the_count_of_the_table_proves_it(city):
    found = read(carto, city, request(city))
    assert statuses(found.rows) == truth(city.model) and len(found.rows) == ROWS
    assert found.proven_by == {"count"} and found.proofs[0].expected == ROWS


def test_only_allowed_columns_are_asked_for_and_come(city):
    found = read(carto, city, request(city))
    assert found.columns == set(COLUMNS) - {"long"}
    selected = [sql for sql in questions(city) if "LIMIT 0" not in sql]
    assert not [sql for sql in selected if "reporter" in sql or "media_url" in sql or "SELECT *" in sql]


def test_the_question_is_posted_never_written_into_the_address(city):
    read(carto, city, request(city))
    assert {(one.method, one.target) for one in city.log} == {("POST", "/api/v2/sql")}


def test_a_table_with_columns_for_the_place_is_not_asked_for_its_geometry(city):
    found = read(carto, city, request(city))
    assert not [sql for sql in questions(city) if "ST_" in sql]
    assert {row["service_request_id"] for row in found.rows if row["lat"] is None} == {
        case.id for case in city.model if case.lat is None
    }


def test_without_such_columns_the_place_is_read_from_the_geometry(city):
    for name in ("lat", "lon"):
        del city.platform.table.columns[name]
    found = read(carto, city, request(city))
    for row in found.rows:
        case = city.model.rows[row["service_request_id"]]
        assert [row["lat"], row["long"]] == ([None, None] if case.lat is None else [str(case.lat), str(case.long)])
    assert {"lat", "long"} <= set(probed(carto, city, request(city))["columns"])


@pytest.mark.parametrize("pages", [1, 2, 3, 4])
def test_after_a_kill_it_goes_on_behind_the_last_stored_page(city, pages):
    found = killed(carto, city, request(city), pages)
    assert not pages_asked_twice(city) and found.proven_by == {"count"}
    with City(Model(rows=ROWS), "carto") as another:
        assert found.rows == read(carto, another, request(another)).rows


def test_a_table_that_was_loaded_anew_since_the_kill_is_read_from_its_beginning(city):
    found = killed(carto, city, request(city), 2, between=city.model.renumber)
    assert len(found.rows) == 2 * PAGE + ROWS and statuses(found.rows) == truth(city.model)
    assert found.proven_by == {"count"}


def test_a_table_that_is_loaded_anew_while_it_is_read_is_not_proved(city):
    city.faults("meanwhile", lambda model: model.renumber(), has=f"cartodb_id > {2 * PAGE}", times=1)
    found = read(carto, city, request(city))
    assert len(found.rows) == ROWS  # as many as were counted, and yet not the rows that were meant
    assert found.proven_by == {""} and "loaded anew" in found.proofs[0].why


def test_rows_that_come_in_while_it_is_read_are_read_as_well(city):
    city.faults("inserted", 3, has=f"cartodb_id > {PAGE}", times=1)
    found = read(carto, city, request(city))
    assert statuses(found.rows) == truth(city.model) and len(found.rows) == ROWS + 3
    assert found.proven_by == {"count"}


def test_changes_bring_exactly_what_was_updated_since(city):
    city.model.pass_time(3600)
    since = city.model.now
    closed, came = city.model.close("001"), city.model.insert()
    city.model.delete("JOB_4")
    found = read(carto, city, request(city, since=since), changed=True)
    assert {closed.id, came.id} <= set(statuses(found.rows)) and found.proven_by == {"count"}
    assert set(statuses(found.rows)) == {case.id for case in city.model if case.updated >= since}
    assert statuses(found.rows)["001"] == "closed"


def test_a_table_that_does_not_tell_when_rows_changed_has_no_changes(city):
    del city.platform.table.columns["updated_datetime"]
    assert parts(carto, city, request(city, since=city.model.now), changed=True) is None


# Rows come with the questions that have a lower bound; `40` is the second page of them.
SECOND = {"has": f"cartodb_id > {PAGE} "}
OVERCOME = {
    "a silent empty page": ("empty", SECOND | {"times": 1}),
    "a page that is empty twice": ("empty", SECOND | {"times": 2}),
    "a short page": ("short", 7, SECOND | {"times": 1}),
    "a page of duplicates": ("duplicates", SECOND | {"times": 1}),
    "pages that are capped in silence": ("capped", 7, {}),
    "an error under 200": ("error_object", SECOND | {"times": 1}),
    "another answer under 200": ("says", {"status": "Processing"}, SECOND | {"times": 1}),
}
UNPROVEN = {
    "an empty page that stays empty": ("empty", SECOND | {"times": ALWAYS}),
    "duplicates that stay": ("duplicates", SECOND | {"times": ALWAYS}),
    "paging that is not heeded": ("paging_ignored", {"has": "LIMIT 40"}),
    "a page that begins too late": ("shifted", 5, SECOND | {"times": 1}),
    "a count that is too high": ("counted", 3, {"has": "count("}),
    "a row that is deleted after it was read": (
        "meanwhile",
        lambda model: model.delete("001"),
        SECOND | {"times": 1},
    ),
}


@pytest.mark.parametrize("name", OVERCOME)
def test_a_passing_fault_is_overcome(city, name):
    *fault, when = OVERCOME[name]
    city.faults(*fault, **when)
    found = read(carto, city, request(city))
    assert statuses(found.rows) == truth(city.model) and len(found.rows) == ROWS
    assert found.proven_by == {"count"} and city.faults.happened


@pytest.mark.parametrize("name", UNPROVEN)
def test_what_cannot_be_proved_ends_as_unproven_and_soon(city, name):
    *fault, when = UNPROVEN[name]
    city.faults(*fault, **when)
    found = read(carto, city, request(city))
    assert found.proven_by == {""} and "counted" in found.proofs[0].why
    assert len(city.log) < 20


def test_an_empty_table_is_proved_to_be_empty():
    with City(Model(), "carto") as city:
        found = read(carto, city, request(city))
        assert not found.rows and found.proven_by == {"count"}


def test_what_the_database_says_is_told_and_not_asked_again(city):
    with pytest.raises(Refused, match='relation "cases" does not exist'):
        read(carto, city, request(city, query="SELECT * FROM cases"))
    assert len(city.log) == 1


def test_rows_without_their_number_are_refused(city):
    city.faults("missing", "cartodb_id", has="LIMIT 40")
    with pytest.raises(SourceError, match="a row has no number in 'cartodb_id'"):
        read(carto, city, request(city))


def test_a_key_travels_in_a_header_only(city):
    key = Secret("sources.requests.credentials", "made-up-key")
    read(carto, city, request(city, secret=key))
    sent = {one.headers["authorization"].removeprefix("Basic ") for one in city.log}
    assert [base64.b64decode(one).partition(b":")[2] for one in sent] == [b"made-up-key"]
    assert not [one for one in city.log if "made-up-key" in one.everything]


ADDRESSES = (
    "https://phl.carto.com/api/v2/sql?q=SELECT * FROM public_cases_fc",
    "https://phl.carto.com/api/v2/sql?filename=public_cases_fc&format=csv&skipfields=cartodb_id&q=SELECT+*+FROM+public_cases_fc",
    "https://phl.carto.com/tables/public_cases_fc/public",
    "https://phl.carto.com/dataset/public_cases_fc",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_usual_address_of_a_table_means_the_same(address):
    (part,) = carto.parts(Request("requests", (address,), {}, frozenset()))
    assert part.name == "public_cases_fc" and carto.recognises(address)


def test_the_address_of_a_page_leads_to_the_same_rows(city):
    page = asked(city, f"/tables/{TABLE}/public", COLUMNS)
    assert statuses(read(carto, city, page).rows) == truth(city.model)


@pytest.mark.parametrize(
    "address", ["https://data.city.gov/d/v6vf-nfxy", "https://data.boston.gov/dataset/311-service-requests"]
)
def test_other_addresses_are_not_taken_for_a_table(address):
    assert not carto.recognises(address)


@pytest.mark.parametrize(
    "query", ["", "q=SELECT * FROM public_cases_fc WHERE status = 'Open'", "q=SELECT status FROM public_cases_fc"]
)
def test_a_question_about_a_part_of_a_table_is_refused_not_widened_in_silence(query):
    address = f"https://phl.carto.com/api/v2/sql?{query}"
    with pytest.raises(ConfigurationError, match="names no whole table") as refused:
        carto.parts(Request("requests", (address,), {}, frozenset()))
    assert "without a WHERE" in refused.value.cure
