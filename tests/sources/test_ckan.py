"""CKAN: all tables of a dataset are read, this year's and those to come; what did not change is not read again."""

from datetime import UTC, datetime

import pytest

from etl.secrets import Secret
from etl.sources import ckan
from etl.sources.page import Request
from hub.errors import ConfigurationError, SourceError
from tests.cities.faults import ALWAYS
from tests.cities.model import DAY, Model
from tests.cities.platforms.ckan import PACKAGE
from tests.cities.server import City
from tests.cities.times import moment
from tests.sources.reading import asked, killed, pages_asked_twice, parts, probed, read

ROWS, PAGE = 130, 40
COLUMNS = ["case_enquiry_id", "case_status", "open_dt", "closed_dt", "sla_target_dt", "target_dt"]
NAMED = {"resources": "311 service requests - *"}
KINDS = {"SQL": {}, "no SQL": {"sql": False}}
GUESSED = {"sql": False, "estimated": True}


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    monkeypatch.setattr(ckan, "PAGE_ROWS", PAGE)
    monkeypatch.setattr(ckan.numbered, "PAGE_ROWS", PAGE)


@pytest.fixture(params=KINDS)
def city(request):
    """A portal that takes SQL, and one that does not."""
    with City(Model(rows=ROWS), "ckan", **KINDS[request.param]) as city:
        yield city


@pytest.fixture
def years():
    """A dataset with a table for each year, last changed two hours ago."""
    with City(Model(rows=ROWS, days=400), "ckan", yearly=True) as city:
        city.model.pass_time(7200)
        yield city


def request(city, place=f"/dataset/{PACKAGE}", **more) -> Request:
    return asked(city, place, COLUMNS, layout=more.pop("layout", NAMED), **more)


def statuses(rows) -> dict:
    return {row["case_enquiry_id"]: row["case_status"].lower() for row in rows}


def truth(model) -> dict:
    return {case.id: case.status for case in model}


def described(city, **more) -> None:
    """The portal tells something else of each of its resources."""
    tell = city.platform.described
    city.platform.described = lambda asked, name: tell(asked, name) | more


def test_every_row_arrives_and_the_count_of_the_table_proves_it(city):
    found = read(ckan, city, request(city))
    assert statuses(found.rows) == truth(city.model) and len(found.rows) == ROWS
    assert found.proven_by == {"count"} and found.proofs[0].expected == ROWS


def test_a_portal_that_only_guesses_its_counts_is_read_twice():
    with City(Model(rows=ROWS), "ckan", **GUESSED) as city:
        found = read(ckan, city, request(city))
        assert statuses(found.rows) == truth(city.model) and len(found.rows) == ROWS
        assert found.proven_by == {"double_read"}
        assert len([one for one in city.log if one.rows > 1]) == 8 and pages_asked_twice(city) == 1  # in other pages


@pytest.mark.parametrize("options", [*KINDS.values(), GUESSED], ids=[*KINDS, "guessed counts"])
def test_a_portal_that_cuts_pages_in_silence_loses_nothing(options):
    with City(Model(rows=ROWS), "ckan", cap=17, **options) as city:
        found = read(ckan, city, request(city))
        assert statuses(found.rows) == truth(city.model) and len(found.pages) == 8 and "" not in found.proven_by


def test_no_page_is_asked_to_be_longer_than_portals_allow():
    assert ckan.MOST_ROWS == 32_000 and 0 < ckan.numbered.PAGE_ROWS <= ckan.MOST_ROWS


def test_only_allowed_columns_are_asked_for_and_come(city):
    found = read(ckan, city, request(city))
    assert found.columns == set(COLUMNS) - {"target_dt"}
    questions = [one.everything for one in city.log]
    assert not [said for said in questions if "reporter" in said or "SELECT *" in said]
    assert not [
        said for said in questions if "datastore_search " in said and "fields" not in said and '"limit":0' not in said
    ]


@pytest.mark.parametrize("options", [*KINDS.values(), GUESSED], ids=[*KINDS, "guessed counts"])
def test_the_running_number_of_a_table_is_never_taken_for_the_citys_own_id(options):
    with City(Model(rows=ROWS), "ckan", **options) as city:
        columns = city.platform.columns()
        columns["id"] = columns.pop("case_enquiry_id")
        city.platform.columns = lambda: columns
        wanted = asked(city, f"/dataset/{PACKAGE}", ["id", *COLUMNS[1:]], layout=NAMED)
        found = read(ckan, city, wanted)
        assert {row["id"]: row["case_status"].lower() for row in found.rows} == truth(city.model)
        assert "" not in found.proven_by and all("_id" not in page.dropped for page in found.pages)


@pytest.mark.parametrize("pages", [1, 2, 3, 4])
def test_after_a_kill_it_goes_on_behind_the_last_stored_page(city, pages):
    found = killed(ckan, city, request(city), pages)
    assert not pages_asked_twice(city) and found.proven_by == {"count"}
    with City(Model(rows=ROWS), "ckan") as another:
        assert found.rows == read(ckan, another, request(another)).rows


def test_after_a_kill_guessed_counts_do_not_lead_to_rows_twice():
    with City(Model(rows=ROWS), "ckan", **GUESSED) as city:
        found = killed(ckan, city, request(city), 2)
        assert statuses(found.rows) == truth(city.model) and len(found.rows) == ROWS
        assert found.proven_by == {"double_read"}


def test_a_table_that_was_loaded_anew_since_the_kill_is_read_from_its_beginning(city):
    """`_id` is given anew by every load: behind its old end other rows stand than those that are missing."""
    found = killed(ckan, city, request(city), 2, between=city.model.renumber)
    assert len(found.rows) == 2 * PAGE + ROWS and statuses(found.rows) == truth(city.model)
    assert found.proven_by == {"count"}


def test_what_was_deleted_since_the_kill_moves_no_row_out_of_sight(city):
    """So many rows less are met and are counted that nothing else would tell."""

    def delete_two() -> None:
        for id in list(city.model.rows)[:2]:
            city.model.delete(id)

    found = killed(ckan, city, request(city), 2, between=delete_two)
    [proof] = found.proofs
    assert not proof.proven_by or {row["case_enquiry_id"] for row in found.rows} >= {*city.model.rows}


def test_a_table_that_is_loaded_anew_while_it_is_read_is_not_proved(city):
    city.faults("meanwhile", lambda model: model.renumber(), has=second_page(city), times=1)
    found = read(ckan, city, request(city))
    assert len(found.rows) == ROWS  # as many as were counted, and yet not the rows that were meant
    assert found.proven_by == {""} and "loaded anew" in found.proofs[0].why


def test_the_number_of_a_row_never_comes_out(city):
    found = read(ckan, city, request(city))
    assert "_id" not in found.columns and all("_id" not in page.dropped for page in found.pages)


# Years


def test_each_year_is_a_part_of_its_own_and_all_of_them_are_read(years):
    found = read(ckan, years, request(years))
    names = [part.name for part in parts(ckan, years, request(years))]
    assert names == ["311 Service Requests - 2023", "311 Service Requests - 2024"]
    assert statuses(found.rows) == truth(years.model) and found.proven_by == {"count"}


def test_a_new_year_needs_no_new_configuration(years):
    years.model.insert(requested=moment("2025-01-01T12:00:00Z"))
    assert parts(ckan, years, request(years))[-1].name == "311 Service Requests - 2025"


def test_only_resources_that_fit_the_pattern_are_read(years):
    (part,) = parts(ckan, years, request(years, layout={"resources": "* - 2023"}))
    assert part.name.endswith("2023")


def test_what_did_not_change_can_be_told_from_what_did(years):
    before = parts(ckan, years, request(years))
    old = next(case for case in years.model if years.platform.year(case) == "2023")
    assert before == parts(ckan, years, request(years)) and all(part.fingerprint for part in before)
    years.model.close(old.id)
    years.model.pass_time(7200)
    after = parts(ckan, years, request(years))
    assert [one.fingerprint == two.fingerprint for one, two in zip(before, after, strict=True)] == [False, True]


def test_a_file_that_came_just_now_may_not_be_in_the_table_yet(years):
    years.model.touch_all()
    years.model.pass_time(600)
    assert {part.fingerprint for part in parts(ckan, years, request(years))} == {""}


def test_a_table_that_is_loaded_hours_after_its_file_is_read_then(years):
    modified = datetime.fromtimestamp(years.model.now, UTC).replace(tzinfo=None).isoformat()
    described(years, last_modified=modified)
    years.model.pass_time(7200)
    before = parts(ckan, years, request(years))
    years.model.insert()
    after = parts(ckan, years, request(years))
    assert [one.fingerprint == two.fingerprint for one, two in zip(before, after, strict=True)].count(False) == 1


@pytest.mark.parametrize(
    "told",
    [{"last_modified": None, "hash": ""}, {"url_type": "datastore"}, {"last_modified": "yesterday"}],
    ids=["nothing is told", "rows are written one by one", "no date"],
)
def test_where_the_portal_does_not_tell_a_change_only_reading_does(years, told):
    described(years, **told)
    assert {part.fingerprint for part in parts(ckan, years, request(years))} == {""}


def test_a_hash_alone_tells_a_change(years):
    described(years, last_modified=None, hash="abc")
    before = parts(ckan, years, request(years))
    described(years, hash="abd")
    after = parts(ckan, years, request(years))
    assert not {part.fingerprint for part in before} & {part.fingerprint for part in after}


def test_columns_that_drift_from_year_to_year_are_found_by_their_aliases(years):
    old = parts(ckan, years, request(years))[0]
    columns = years.platform.resource(old.ask["id"]).columns
    columns["target_dt"] = columns.pop("sla_target_dt")
    found = read(ckan, years, request(years))
    assert [("target_dt" in page.rows.column_names) for page in found.pages] == [True, True, False, False]
    assert {"target_dt", "sla_target_dt"} <= set(probed(ckan, years, request(years))["columns"])


def test_a_year_without_the_key_column_is_refused_by_its_name(years):
    old = parts(ckan, years, request(years))[0]
    columns = years.platform.resource(old.ask["id"]).columns
    columns["case_id"] = columns.pop("case_enquiry_id")
    with pytest.raises(SourceError, match=r"2023'.*no column for 'case_enquiry_id'.*case_id") as refused:
        read(ckan, years, request(years))
    assert "sources.requests.fields" in refused.value.cure


# What is no table


def test_a_resource_that_is_only_a_link_is_refused_with_its_name_and_the_cure(years):
    described(years, datastore_active=False, format="HTML", url="https://example.org/311.html")
    with pytest.raises(
        SourceError, match=r"311 Service Requests - 2023.*no table \(HTML, https://example.org"
    ) as refused:
        parts(ckan, years, request(years))
    assert "layout.resources" in refused.value.cure and "adapter: files" in refused.value.cure


def test_a_table_that_holds_only_the_first_rows_of_its_file_is_refused(years):
    described(years, datastore_contains_all_records_of_source_file=False)
    with pytest.raises(SourceError, match="only the first rows"):
        parts(ckan, years, request(years))


def test_without_a_pattern_documents_beside_the_tables_are_passed_over_but_no_table_that_is_missing(years):
    tell = years.platform.described

    def other(kind: str):
        def told(asked, name):
            return tell(asked, name) | ({"datastore_active": False, "format": kind} if "2023" in name else {})

        return told

    years.platform.described = other("PDF")
    assert [part.name for part in parts(ckan, years, request(years, layout={}))] == ["311 Service Requests - 2024"]
    years.platform.described = other("CSV")
    with pytest.raises(SourceError, match="2023"):
        parts(ckan, years, request(years, layout={}))


def test_a_pattern_that_fits_nothing_tells_what_there_is(years):
    with pytest.raises(SourceError, match=r"fits 'Requests \*'.*311 Service Requests - 2023"):
        parts(ckan, years, request(years, layout={"resources": "Requests *"}))


def test_resources_of_one_name_are_told_apart(years):
    described(years, name="311")
    names = [part.name for part in parts(ckan, years, request(years, layout={}))]
    assert len(set(names)) == 2 and all(name.startswith("311 (") for name in names)


# Faults. Questions for rows are told apart by where they begin.


def second_page(city) -> str:
    return f"_id > {PAGE} " if city.platform.sql else f'"offset":{PAGE}'


OVERCOME = {
    "a silent empty page": ("empty", 1),
    "a short page": ("short", 7, 1),
    "a page of duplicates": ("duplicates", 1),
    "a page that begins too early": ("shifted", -5, 1),
    "an error object under 200": ("error_object", 1),
    "a web page under 200": ("html", 1),
}
UNPROVEN = {
    "an empty page that stays empty": ("empty", ALWAYS),
    "duplicates that stay": ("duplicates", ALWAYS),
    "a page that begins too late": ("shifted", 5, 1),
    "a row that is deleted after it was read": ("meanwhile", lambda model: model.delete("001"), 1),
}


@pytest.mark.parametrize("name", OVERCOME)
def test_a_passing_fault_is_overcome(city, name):
    *fault, times = OVERCOME[name]
    city.faults(*fault, has=second_page(city), times=times)
    found = read(ckan, city, request(city))
    assert statuses(found.rows) == truth(city.model) and len(found.rows) == ROWS
    assert found.proven_by == {"count"}
    assert city.faults.happened or (city.platform.sql and "too early" in name)  # SQL asks for what is behind a row


@pytest.mark.parametrize("name", UNPROVEN)
def test_what_cannot_be_proved_ends_as_unproven_and_soon(city, name):
    *fault, times = UNPROVEN[name]
    city.faults(*fault, has=second_page(city), times=times)
    found = read(ckan, city, request(city))
    assert found.proven_by == {""} and "counted" in found.proofs[0].why
    assert len(city.log) < 20 and city.faults.happened


def test_paging_that_is_not_heeded_ends_as_unproven(city):
    city.faults("paging_ignored", has='"sort"' if not city.platform.sql else "LIMIT 40")
    found = read(ckan, city, request(city))
    assert found.proven_by == {""} and len(city.log) < 20


def test_rows_that_come_in_while_it_is_read_are_read_as_well_where_sql_is_taken():
    with City(Model(rows=ROWS), "ckan") as city:
        city.faults("inserted", 3, has=f"_id > {PAGE} ", times=1)
        found = read(ckan, city, request(city))
        assert statuses(found.rows) == truth(city.model) and len(found.rows) == ROWS + 3
        assert found.proven_by == {"count"}


def test_a_deletion_that_moves_all_places_is_not_proved_away():
    """By position a row is skipped where one before it is deleted, and then as many were read as there are."""
    with City(Model(rows=ROWS), "ckan", sql=False) as city:
        city.faults("meanwhile", lambda model: model.delete("001"), has=f'"offset":{PAGE}', times=1)
        found = read(ckan, city, request(city))
        assert len(found.rows) == len(city.model.rows) and statuses(found.rows) != truth(city.model)
        assert found.proven_by == {""}


def test_once_a_week_all_is_read_whatever_the_portal_tells(years):
    before = parts(ckan, years, request(years))
    later = parts(ckan, years, request(years, until=years.model.now + 7 * DAY))
    assert not {part.fingerprint for part in before} & {part.fingerprint for part in later}


def test_an_answer_that_does_not_say_success_is_none(city):
    city.faults("says", {"success": False, "error": {"__type": "Internal Error"}}, has="package_show", times=2)
    assert statuses(read(ckan, city, request(city)).rows) == truth(city.model)
    city.faults("says", {"success": False, "error": {"message": "it is asleep"}}, has="package_show")
    with pytest.raises(SourceError, match="it is asleep"):
        read(ckan, city, request(city))


def test_a_dataset_that_is_not_there_is_told_in_the_portal_s_words(city):
    with pytest.raises(SourceError, match="Package 'potholes' was not found"):
        read(ckan, city, request(city, place="/dataset/potholes"))
    assert len(city.log) == 1


def test_a_token_travels_in_a_header_only(city):
    read(ckan, city, request(city, secret=Secret("sources.requests.credentials", "made-up-token")))
    assert {one.headers["authorization"] for one in city.log} == {"made-up-token"}
    assert not [one for one in city.log if "made-up-token" in one.everything]


# Addresses

BASE = "https://data.boston.gov"
ID = "1a0b420d-99f1-4887-9851-990b2a5a6e17"
PACKAGES = (f"/dataset/{PACKAGE}", f"/dataset/{PACKAGE}/", f"/api/3/action/package_show?id={PACKAGE}")
RESOURCES = (
    "/dataset/{package}/resource/{id}",
    "/dataset/{package}/resource/{id}/download/311.csv",
    "/datastore/dump/{id}?bom=true",
    "/api/3/action/datastore_search?resource_id={id}&limit=5",
    "/api/3/action/resource_show?id={id}",
)


@pytest.mark.parametrize("place", PACKAGES)
def test_every_usual_address_of_a_dataset_means_all_its_tables(years, place):
    assert len(parts(ckan, years, request(years, place=place))) == 2
    assert ckan.recognises(BASE + place)


@pytest.mark.parametrize("place", RESOURCES)
def test_every_usual_address_of_a_resource_means_this_one(years, place):
    part = parts(ckan, years, request(years))[0]
    assert parts(ckan, years, request(years, place=place.format(package=PACKAGE, id=part.ask["id"]))) == [part]
    assert ckan.recognises(BASE + place.format(package=PACKAGE, id=ID))


@pytest.mark.parametrize(
    "address",
    [
        "https://data.city.gov/dataset/311-Service-Requests/v6vf-nfxy",
        "https://data.city.gov/resource/v6vf-nfxy.json",
        "https://phl.carto.com/api/v2/sql?q=SELECT * FROM public_cases_fc",
    ],
)
def test_other_addresses_are_not_taken_for_a_dataset(address):
    assert not ckan.recognises(address)


@pytest.mark.parametrize(
    "address", [BASE, f"{BASE}/organization/311", f"{BASE}/api/3/action/datastore_search_sql?sql=x"]
)
def test_an_address_without_a_dataset_is_refused_with_the_cure(address):
    with pytest.raises(ConfigurationError, match="no address of a dataset") as refused:
        ckan.parts(Request("requests", (address,), {}, frozenset()))
    assert "copy the address of its page" in refused.value.cure
