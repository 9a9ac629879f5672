"""SeeClickFix: every issue of a place is read, those in the archive too, and nothing of who reported it."""

from dataclasses import replace

import pytest

from etl.sources import seeclickfix
from etl.sources.page import Request
from hub.errors import ConfigurationError, SourceError
from tests.cities.model import DAY, Model
from tests.cities.server import City
from tests.sources.reading import Reading, asked, parts, probed, read, read_until_killed, resumed

ROWS = 330
LIST = "/api/v2/issues?place_url=larkhaven"
COLUMNS = ["id", "status", "created_at", "updated_at", "closed_at", "request_type.title", "lat", "lng", "address"]


@pytest.fixture
def city():
    with City(Model(rows=ROWS), "seeclickfix") as city:
        yield city


def request(city: City, place: str = LIST, **more) -> Request:
    return asked(city, place, COLUMNS, time_zone=city.model.zone, **more)


def ids(found: Reading) -> set[str]:
    return {row["id"] for row in found.rows}


def numbers(model: Model) -> set[str]:
    return {str(case.number) for case in model}


@pytest.mark.parametrize(
    "place", [LIST, "/larkhaven", "/larkhaven/", f"{LIST}&page=3&per_page=5&status=open", "/issues?place_url=larkhaven"]
)
def test_every_issue_arrives_and_the_count_proves_it(city, place):
    found = read(seeclickfix, city, request(city, place))
    assert ids(found) == numbers(city.model) and len(found.rows) == ROWS
    assert found.proven_by == {"count"} and found.proofs[0].expected == ROWS
    assert {row["status"] for row in found.rows} == {"Open", "Acknowledged", "Closed", "Archived"}
    assert len(found.pages) == 4  # a hundred to a page


def test_nothing_of_the_reporter_comes_out_even_if_it_is_asked_for(city):
    wanted = replace(request(city), columns=request(city).columns | {"reportername", "reporteremail", "reporter"})
    found = read(seeclickfix, city, wanted)
    assert found.columns == set(COLUMNS)
    assert not any(name.startswith("reporter") for name in probed(seeclickfix, city, wanted)["columns"])
    assert "description" in found.pages[0].dropped


def test_the_probe_names_the_fields(city):
    assert set(COLUMNS) < set(probed(seeclickfix, city, request(city))["columns"])


def test_changes_bring_exactly_what_changed(city):
    wanted = request(city)
    city.model.pass_time(DAY)
    old = min(city.model, key=lambda case: case.requested)
    city.model.update(old.id, status="closed", closed=city.model.now)
    new = city.model.insert()
    changed = replace(wanted, since=wanted.until + 1, until=city.model.now)
    found = read(seeclickfix, city, changed, changed=True)
    assert ids(found) == {str(old.number), str(new.number)} and found.proven_by == {"count"}


def test_a_reading_that_is_killed_goes_on_and_repeats_nothing(city):
    wanted = request(city)
    [part] = parts(seeclickfix, city, wanted)
    whole = read(seeclickfix, city, wanted)
    asked_before = len(city.log)
    found, resume = read_until_killed(seeclickfix, city, wanted, part, 2)
    resumed(seeclickfix, city, wanted, part, resume, found)
    assert found.rows == whole.rows and found.proofs == whole.proofs
    assert len(city.log) - asked_before == asked_before


UNTRUE = [("empty",), ("short", 9), ("shifted", 5), ("last_page",)]
OF_LATER_PAGES = [("shifted", -5), ("duplicates",)]  # before the first page there is nothing


@pytest.mark.parametrize(
    ("page", "fault"),
    [(page, fault) for page in (1, 2, 4) for fault in UNTRUE + OF_LATER_PAGES * (page > 1)],
    ids=str,
)
def test_an_end_that_is_untrue_is_overcome(city, fault, page):
    city.faults(*fault, page=page)
    found = read(seeclickfix, city, request(city))
    assert city.faults.happened and ids(found) == numbers(city.model) and len(found.rows) == ROWS
    assert found.proven_by == {"count"}


@pytest.mark.parametrize("fault", [("empty",), ("short", 9), ("duplicates",)], ids=str)
def test_a_page_that_is_always_wrong_is_told(city, fault):
    city.faults(*fault, has="page=2&")
    found = read(seeclickfix, city, request(city))
    assert found.proven_by == {""} and "the server counted 330" in found.proofs[0].why


def test_a_count_that_is_wrong_proves_nothing(city):
    city.faults("counted", 2)
    found = read(seeclickfix, city, request(city))
    assert ids(found) == numbers(city.model) and found.proven_by == {""}


def test_issues_that_come_in_meanwhile_are_read_too(city):
    city.faults("inserted", 3, page=2)
    found = read(seeclickfix, city, request(city))
    assert ids(found) == numbers(city.model) and found.proven_by == {"count"}


def test_the_first_day_is_asked_for(city):
    [part] = parts(seeclickfix, city, request(city, layout={"start": "2024-05-01"}))
    assert part.ask == {"sort": "created_at", "after": "2024-05-01T04:00:00Z"}


def test_without_a_place_the_whole_world_would_come(city):
    for place in ("/api/v2/issues", "/web_portal/abc/issues/map", ""):
        with pytest.raises(ConfigurationError, match="names no place"):
            probed(seeclickfix, city, request(city, place))


def test_another_answer_is_no_empty_list(city):
    city.faults("says", {"status": "Processing"})
    with pytest.raises(SourceError, match="no list of issues"):
        read(seeclickfix, city, request(city))


def test_only_addresses_of_the_platform_are_recognised():
    assert seeclickfix.recognises("https://seeclickfix.com/new-haven")
    assert seeclickfix.recognises("https://en.seeclickfix.com/api/v2/issues?place_url=new-haven")
    for url in ("https://seeclickfix.com/new-haven/open311/v2", "https://seeclickfix.com.example", "seeclickfix.csv"):
        assert not seeclickfix.recognises(url)
