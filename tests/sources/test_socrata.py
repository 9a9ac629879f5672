"""Socrata: a city's data portal is read to its last row by a key that only the portal understands."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from etl.secrets import Secret
from etl.sources import socrata
from etl.sources.page import Request, page_of, plain
from hub.errors import ConfigurationError, SourceError
from tests.cities.faults import ALWAYS
from tests.cities.model import Model
from tests.cities.platforms import socrata as portal
from tests.cities.server import City
from tests.sources.reading import asked, killed, pages_asked_twice, parts, probed, read

ROWS, PAGE = 130, 40
COLUMNS = ["sr_number", "status", "created_date", "closed_date", "latitude", "location.latitude", "location.longitude"]
TOKEN = Secret("sources.requests.credentials", "app-token")
RECORDED = Path(__file__).parents[3] / "shared/data/nyc311/311_AnthonyUPF_soda.json"


class Backwards(str):
    """An id whose order is not that of its letters, as those of the real portals are."""

    __slots__ = ()
    __hash__ = str.__hash__

    __lt__, __gt__ = str.__gt__, str.__lt__
    __le__, __ge__ = str.__ge__, str.__le__


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    monkeypatch.setattr(socrata, "PAGE_ROWS", PAGE)


@pytest.fixture
def city():
    with City(Model(rows=ROWS), "socrata") as city:
        yield city


def request(city, **more) -> Request:
    return asked(city, "/Service-Requests/311-Service-Requests/abcd-1234/about_data", COLUMNS, **more)


def delete_the_first(model) -> None:
    """The row that stands first in the portal's order."""
    model.delete(min(model, key=portal.row_id).id)


def statuses(rows) -> dict:
    return {row["sr_number"]: row["status"].lower() for row in rows}


def truth(model) -> dict:
    return {case.id: case.status for case in model}


@pytest.mark.parametrize("layout", [{}, {"api": "soda3"}], ids=["SODA 2.1", "SODA 3"])
def test_every_row_arrives_and_the_portal_s_own_count_proves_it(city, layout):
    found = read(socrata, city, request(city, layout=layout, secret=TOKEN))
    assert statuses(found.rows) == truth(city.model) and len(found.rows) == ROWS
    assert found.proven_by == {"count"} and found.proofs[0].expected == ROWS


@pytest.mark.parametrize("layout", [{}, {"api": "soda3"}], ids=["SODA 2.1", "SODA 3"])
def test_contact_fields_and_computed_regions_are_not_even_asked_for(city, layout):
    found = read(socrata, city, request(city, layout=layout, secret=TOKEN))
    assert found.columns <= set(COLUMNS) | {":id"}
    questions = [one.everything for one in city.log]
    assert not [said for said in questions if "reporter" in said or "computed_region" in said or "*," in said]


def test_the_app_token_travels_in_a_header_only(city):
    read(socrata, city, request(city, secret=TOKEN))
    assert {one.headers.get("x-app-token") for one in city.log} == {"app-token"}
    assert not [one for one in city.log if "app-token" in one.everything]


def test_soda3_without_a_token_says_which_setting_is_missing(city):
    with pytest.raises(ConfigurationError, match="app token") as refused:
        read(socrata, city, request(city, layout={"api": "soda3"}))
    assert "sources.requests.credentials" in refused.value.cure


def test_fields_that_the_portal_leaves_out_are_null(city):
    found = read(socrata, city, request(city))
    closed = {row["sr_number"] for row in found.rows if row.get("closed_date")}
    assert closed == {case.id for case in city.model if case.closed}
    assert len(closed) < ROWS


def test_the_two_parts_of_a_point_are_columns(city):
    found = read(socrata, city, request(city))
    for row in found.rows:
        case = city.model.rows[row["sr_number"]]
        place = [row.get("location.latitude"), row.get("location.longitude")]
        assert place == ([None, None] if case.lat is None else [str(case.lat), str(case.long)])


def test_an_order_that_is_not_that_of_letters_loses_nothing(monkeypatch):
    plain_id = portal.row_id
    monkeypatch.setattr(portal, "row_id", lambda case: Backwards(plain_id(case)))
    with City(Model(rows=ROWS), "socrata") as city:
        found = read(socrata, city, request(city))
        cursors = [page.cursor for page in found.pages]
        assert cursors == sorted(cursors, reverse=True) and len(cursors) == 4
        assert statuses(found.rows) == truth(city.model) and found.proven_by == {"count"}


@pytest.mark.parametrize("pages", [1, 2, 3, 4])
def test_after_a_kill_it_goes_on_behind_the_last_stored_page(city, pages):
    found = killed(socrata, city, request(city), pages)
    assert not pages_asked_twice(city) and found.proven_by == {"count"}
    with City(Model(rows=ROWS), "socrata") as another:
        whole = read(socrata, another, request(another))
    assert found.rows == whole.rows
    assert [page.first for page in found.pages] == [page.first for page in whole.pages]


def test_changes_bring_exactly_what_the_portal_wrote_since(city):
    city.model.pass_time(3600)
    since = city.model.now
    closed, came = city.model.close("001"), city.model.insert()
    city.model.delete("JOB_4")
    found = read(socrata, city, request(city, since=since), changed=True)
    assert set(statuses(found.rows)) == {closed.id, came.id} and found.proven_by == {"count"}
    assert statuses(found.rows)["001"] == "closed"


def test_a_part_of_changes_has_the_same_name_again(city):
    names = [[part.name for part in parts(socrata, city, request(city, since=86_400), changed=True)] for _ in range(2)]
    assert names == [["abcd-1234 since 1970-01-02T00:00:00Z"]] * 2


def test_a_publisher_who_replaces_all_rows_sends_each_of_them_once_and_unchanged(city):
    before = read(socrata, city, request(city))
    city.model.pass_time(3600)
    city.model.touch_all()
    after = read(socrata, city, request(city, since=city.model.now), changed=True)
    assert after.rows == before.rows and after.proven_by == {"count"}


OVERCOME = {
    "a silent empty page": ("empty", {"page": 2}),
    "a page that is empty twice": ("empty", {"page": 2, "times": 2}),
    "an empty first page": ("empty", {"page": 1}),
    "a short page": ("short", 7, {"page": 2}),
    "a page of duplicates": ("duplicates", {"page": 3}),
    "a page that begins too early": ("shifted", -5, {"page": 3}),
    "pages that are capped in silence": ("capped", 7, {}),
    "an error object under 200": ("error_object", {"page": 2}),
    "a web page under 200": ("html", {"page": 2}),
}
UNPROVEN = {
    "an empty page that stays empty": ("empty", {"page": 2, "times": ALWAYS}),
    "duplicates that stay": ("duplicates", {"page": 3, "times": ALWAYS}),
    "paging that is not heeded": ("paging_ignored", {}),
    "a page that begins too late": ("shifted", 5, {"page": 3}),
    "a count that is too high": ("counted", 3, {"has": "count("}),
    "a row that is deleted after it was read": ("meanwhile", delete_the_first, {"page": 3}),
}


@pytest.mark.parametrize("name", OVERCOME)
def test_a_passing_fault_is_overcome(city, name):
    *fault, when = OVERCOME[name]
    city.faults(*fault, **when)
    found = read(socrata, city, request(city))
    assert statuses(found.rows) == truth(city.model) and len(found.rows) == ROWS
    assert found.proven_by == {"count"}


@pytest.mark.parametrize("name", UNPROVEN)
def test_what_cannot_be_proved_ends_as_unproven_and_soon(city, name):
    *fault, when = UNPROVEN[name]
    city.faults(*fault, **when)
    soda3 = request(city, layout={"api": "soda3"}, secret=TOKEN)  # here the made-up portal can ignore paging
    found = read(socrata, city, soda3)
    assert found.proven_by == {""} and "counted" in found.proofs[0].why
    assert len(city.log) < 20


def test_rows_that_come_in_while_it_is_read_are_read_as_well(monkeypatch):
    monkeypatch.setattr(portal, "row_id", lambda case: f"row-{case.number:06d}")
    with City(Model(rows=ROWS), "socrata") as city:
        city.faults("inserted", 3, page=3)
        found = read(socrata, city, request(city))
        assert statuses(found.rows) == truth(city.model) and len(found.rows) == ROWS + 3
        assert found.proven_by == {"count"}


def test_an_empty_dataset_is_proved_to_be_empty():
    with City(Model(), "socrata") as city:
        found = read(socrata, city, request(city))
        assert not found.rows and found.proven_by == {"count"}


def test_a_column_that_was_renamed_is_missed_but_stops_nothing(city):
    city.platform.table.columns["state"] = city.platform.table.columns.pop("status")
    found = read(socrata, city, request(city))
    assert {row["sr_number"] for row in found.rows} == set(city.model.rows) and "status" not in found.columns


def test_a_dataset_without_the_key_column_is_refused_with_the_columns_it_has(city):
    city.platform.table.columns["case_number"] = city.platform.table.columns.pop("sr_number")
    with pytest.raises(SourceError, match=r"no column for 'sr_number'.*case_number") as refused:
        read(socrata, city, request(city))
    assert "sources.requests.fields" in refused.value.cure


def test_the_probe_tells_the_real_names_and_changes_nothing(city):
    version = city.model.version
    columns = probed(socrata, city, request(city))["columns"]
    assert {"sr_number", "location.latitude", "reporter_email"} <= set(columns)
    assert not [name for name in columns if name.startswith(":")] and city.model.version == version


def test_a_city_that_split_its_requests_is_read_from_both_datasets(city):
    both = replace(request(city), location=(f"{city.url}/d/abcd-1234", f"{city.url}/d/wxyz-6789"))
    assert [part.name for part in socrata.parts(both)] == ["abcd-1234", "wxyz-6789"]


ADDRESSES = (
    "https://data.city.gov/d/v6vf-nfxy",
    "https://data.city.gov/resource/v6vf-nfxy.json",
    "https://data.city.gov/resource/v6vf-nfxy.csv?$limit=5",
    "https://data.city.gov/Service-Requests/311-Service-Requests/v6vf-nfxy",
    "https://data.city.gov/Service-Requests/311-Service-Requests/v6vf-nfxy/about_data",
    "https://data.city.gov/Service-Requests/311-Service-Requests/v6vf-nfxy/explore/query/SELECT",
    "https://data.city.gov/api/views/v6vf-nfxy.json",
    "https://data.city.gov/api/views/v6vf-nfxy/rows.csv?accessType=DOWNLOAD",
    "https://data.city.gov/api/v3/views/v6vf-nfxy/query.json",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_usual_address_of_a_dataset_means_the_same(address):
    (part,) = socrata.parts(Request("requests", (address,), {}, frozenset()))
    assert (part.name, part.ask["base"]) == ("v6vf-nfxy", "https://data.city.gov")
    assert socrata.recognises(address)


@pytest.mark.parametrize(
    "address",
    [
        "https://data.city.gov/browse",
        "https://data.city.gov/dataset/road-2024",
        "https://data.city.gov/dataset/311-service-requests/resource/1a0b420d-99f1-4887-9851-990b2a5a6e17",
        "https://phl.carto.com/api/v2/sql?q=SELECT * FROM public_cases_fc",
    ],
)
def test_other_addresses_are_not_taken_for_a_dataset(address):
    assert not socrata.recognises(address)


@pytest.mark.parametrize("address", ["https://data.city.gov/browse", "https://dev.socrata.com/foundry/x.gov/v6vf-nfxy"])
def test_an_address_without_a_dataset_is_refused_with_the_cure(address):
    with pytest.raises(ConfigurationError, match="no address of a dataset") as refused:
        socrata.parts(Request("requests", (address,), {}, frozenset()))
    assert "copy the address of its page" in refused.value.cure


def test_a_real_page_of_new_york_has_the_shape_that_is_read():
    if not RECORDED.exists():
        pytest.skip(f"the recorded page is not here: {RECORDED}")
    rows = json.loads(RECORDED.read_bytes())
    columns = ["unique_key", "created_date", "closed_date", "latitude", "location.latitude", "location.longitude"]
    request = Request("requests", (), {}, frozenset(map(plain, columns)), key=("unique_key",))
    page = page_of(request, rows, 2)
    assert set(page.rows.column_names) == set(columns) and not page.rejected
    told = page.rows.to_pylist()
    assert len({row["unique_key"] for row in told}) == len(rows) == 1000
    assert all(row["latitude"] == row["location.latitude"] for row in told)
    assert any(name.startswith(":@computed_region") for name in page.dropped)
