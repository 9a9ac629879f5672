"""Open311: every implementation is read whole, and closings of old requests are seen."""

from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from lxml import etree

from etl.secrets import Secret
from etl.sources import open311
from etl.sources.georeport import REPORTER, complaint, groups_of, rows_of, tidied, tree
from etl.sources.page import Request, page_of, plain
from hub.errors import ConfigurationError, SourceError
from tests.cities.model import DAY, Model
from tests.cities.server import City
from tests.cities.times import utc
from tests.sources.reading import Reading, asked, parts, probed, read, read_until_killed, resumed

ROWS = 130
PLACE = "/open311/v2"
COLUMNS = [
    *("service_request_id", "status", "status_notes", "service_name", "service_code", "group", "description"),
    *("agency_responsible", "requested_datetime", "updated_datetime", "expected_datetime", "lat", "long"),
    *("closed_datetime", "address"),
]
HABITS = {
    "JSON": {},
    "XML only": {"formats": ("xml",)},
    "pages from 0": {"page_base": 0},
    "wrapped": {"wrapped": "service_requests"},
    "root <requests>": {"root": "requests", "formats": ("xml",)},
    "404 past the end": {"past_end": "404"},
    "lone object": {"one_object": True},
    "pages of 17": {"page_cap": 17},
    "pages of 50": {"page_cap": 50},
    "paging ignored": {"paging": False, "page_cap": 50},
    "status ignored": {"status_filter": False},
    "changes not told": {"updated_after": False},
    "totals": {"totals": True},
}
RECORDED = Path(__file__).parents[3] / "shared/data/open311_fixtures"


def request(city: City, place: str = PLACE, **more) -> Request:
    """As the runner makes it, with what the probe told."""
    layout = {"start": "2023-11-01"} | more.pop("layout", {})
    made = asked(city, place, COLUMNS, layout=layout, time_zone=city.model.zone, **more)
    return replace(made, known=probed(open311, city, made))


def statuses(found: Reading) -> dict:
    return {row["service_request_id"]: row["status"] for row in found.rows}


def truth(model: Model) -> dict:
    return {case.id: case.status for case in model}


def served(days: int = 200, rows: int = ROWS, **habits):
    return City(Model(rows=rows, days=days), "open311", **habits)


# All of it


@pytest.mark.parametrize("habits", HABITS.values(), ids=HABITS)
def test_every_implementation_is_read_whole_and_proved(habits):
    with served(**habits) as city:
        found = read(open311, city, request(city))
        assert statuses(found) == truth(city.model) and len(found.rows) == ROWS
        assert found.proven_by <= {"empty_page", "double_read"} and found.proofs[-1].proven_by == "double_read"


@pytest.mark.parametrize("form", ["json", "xml"])
def test_values_come_as_they_were_sent_and_reporters_do_not(form):
    with served(formats=(form,)) as city:
        wanted = request(city)
        wanted = replace(
            wanted, columns=wanted.columns | {plain(name) for name in ("requestor_name", "email", "phone")}
        )
        found = read(open311, city, wanted)
        rows = {row["service_request_id"]: row for row in found.rows}
        assert found.columns == set(COLUMNS)
        assert all("requestor_name" not in page.dropped for page in found.pages)
        for case in city.model:
            row = rows[case.id]
            assert row["group"] == case.service_group and row["service_code"] == case.service_code
            assert row["description"] == (case.description or None)
            assert row["lat"] == (None if case.lat is None else repr(case.lat))
            assert row["requested_datetime"].endswith(("-04:00", "-05:00"))
            assert row["closed_datetime"] == (row["updated_datetime"] if case.closed else None)


def test_what_was_not_asked_for_is_named_and_not_kept():
    with served() as city:
        wanted = replace(request(city), columns=frozenset({"servicerequestid", "status"}))
        found = read(open311, city, wanted)
        assert found.columns == {"service_request_id", "status"} and "address" in found.pages[0].dropped
        assert not [one for one in city.log[15:] if "services" in one.path]  # nobody wants groups


def test_windows_are_short_enough_and_keep_their_borders():
    with served() as city:
        wanted = request(city, layout={"start": "2019-01-01"})
        early, late = parts(open311, city, wanted), parts(open311, city, replace(wanted, until=wanted.until + 3 * DAY))
        assert all(end - start <= 90 * DAY for start, end in (part.ask["window"] for part in late))
        assert early[0].name.startswith("2019-01-01..") and len({part.name for part in early}) == len(early)
        assert early[:-1] == late[:-1] and early[-1].name.endswith("..2024-07-01")
        assert early == parts(open311, city, wanted)


def test_two_years_are_read_where_the_city_names_no_day():
    with City(Model(rows=60, days=1000), "open311") as city:
        made = asked(city, PLACE, COLUMNS, time_zone=city.model.zone)
        found = read(open311, city, replace(made, known=probed(open311, city, made)))
        recent = {case.id for case in city.model if case.requested > city.model.now - 730 * DAY}
        assert set(statuses(found)) == recent


def test_a_day_that_has_not_come_is_refused():
    with served() as city, pytest.raises(ConfigurationError, match=r"layout\.start is 2031-01-01"):
        request(city, layout={"start": "2031-01-01"})


@pytest.mark.parametrize("habits", [{}, {"paging": False, "page_cap": 50}], ids=["pages", "paging ignored"])
def test_a_reading_that_is_killed_goes_on_and_repeats_at_most_one_page(habits):
    with served(days=20, **habits) as city:
        wanted = replace(request(city), known=request(city).known | {"page_size": 40})
        part, before = parts(open311, city, wanted)[-1], len(city.log)
        whole = resumed(open311, city, wanted, part, resume=open311.Resume())
        questions = len(city.log) - before
        for pages in range(1, len(whole.pages)):
            before = len(city.log)
            found, resume = read_until_killed(open311, city, wanted, part, pages)
            resumed(open311, city, wanted, part, resume, found)
            assert found.rows == whole.rows and found.proofs == whole.proofs
            assert len(city.log) - before <= questions + 1


# What goes wrong


UNTRUE = [("empty",), ("short", 9), ("duplicates",), ("shifted", 5), ("capped", 11)]
OF_LATER_PAGES = [("shifted", -5), ("paging_ignored",)]  # before the first page there is nothing


@pytest.mark.parametrize(
    ("page", "fault"),
    [(page, fault) for page in (1, 2, 4) for fault in UNTRUE + OF_LATER_PAGES * (page > 1)],
    ids=str,
)
def test_an_end_that_is_untrue_is_overcome_or_told(page, fault):
    with served(days=20, page_cap=25) as city:
        wanted = request(city, layout={"start": "2024-06-11"})
        asked_before = len(city.pages["/open311/v2/requests.json"])
        city.faults(*fault, page=asked_before + page)
        found = read(open311, city, wanted)
        assert city.faults.happened
        assert found.proven_by <= {"empty_page", "double_read"} and statuses(found) == truth(city.model)


@pytest.mark.parametrize("fault", [("empty",), ("short", 9), ("duplicates",)], ids=str)
def test_a_page_that_is_always_wrong_is_never_called_whole(fault):
    with served(days=20, page_cap=25) as city:
        wanted = request(city)
        city.faults(*fault, has="page=3&")
        found = read(open311, city, wanted)
        assert statuses(found) == truth(city.model) or "" in found.proven_by


def test_a_server_that_caps_and_skips_loses_nothing():
    with served(days=20) as city:
        city.faults("capped", 20)
        found = read(open311, city, request(city))
        assert statuses(found) == truth(city.model) and "" not in found.proven_by


def test_rows_that_come_in_meanwhile_do_no_harm():
    with served(days=20, page_cap=25) as city:
        wanted = request(city)
        city.faults("inserted", 2, has="page=", times=6)
        before = set(city.model.rows)
        found = read(open311, city, wanted)
        assert before <= set(statuses(found)) and "" not in found.proven_by


def test_an_error_object_under_200_is_said_in_the_server_s_words():
    with served() as city:
        wanted = request(city)
        city.faults("error_object", 400, "the moon is in the way", has="requests.json")
        with pytest.raises(SourceError, match="400 the moon is in the way"):
            read(open311, city, wanted)


def test_a_row_without_an_id_is_passed_on_for_quarantine():
    with served(days=20) as city:
        wanted = request(city)
        city.faults("null", "id", row=0, has="requests.json")
        found = read(open311, city, wanted)
        assert sum(row["service_request_id"] is None for row in found.rows) >= 1


# What the probe learns


def test_the_probe_changes_nothing_and_learns_how_the_server_behaves():
    with served(page_base=0, page_cap=60, past_end="404") as city:
        known = request(city).known
        assert {one.method for one in city.log} == {"GET"}
        assert known["first_page"] == 0 and known["pages"] and known["form"] == "json"
        assert known["changes"] and known["batch"] == 50 and known["single"]
        assert set(COLUMNS) < set(known["columns"])
        assert not REPORTER & {plain(name) for name in known["columns"]}


def test_a_city_that_says_404_where_it_has_nothing_is_read_as_well():
    with served(days=60) as city:
        city.faults("status", 404, has="start_date=2023")
        city.faults("status", 404, has="start_date=1970")
        found = read(open311, city, request(city))
        assert statuses(found) == truth(city.model) and "" not in found.proven_by


@pytest.mark.parametrize("word", ["updated_after", "updated_before"])
def test_changes_are_believed_only_if_they_reach_old_requests(word):
    with served() as city:
        city.faults("empty", has=word)
        assert request(city).known["changes"] is False


def test_a_server_that_tells_everything_whatever_is_asked_tells_no_changes():
    with served(updated_after=False, rows=60) as city:
        told = city.platform.period
        city.platform.period = lambda given: told(given) if "start_date" in given else []
        assert request(city).known["changes"] is False


@pytest.mark.parametrize(
    "place",
    [
        "/open311/v2",
        "/open311/v2/",
        "/open311/v2/requests.json?jurisdiction_id=a.gov",
        "/open311/v2/requests/001.xml?jurisdiction_id=a.gov",
        "/open311/v2/services.json?jurisdiction_id=a.gov&page=4",
        "/open311/v2/discovery.xml",
        "/open311/v2/discovery.json",
    ],
)
def test_an_endpoint_is_found_by_any_of_its_addresses(place):
    layout = {} if "jurisdiction_id" in place else {"jurisdiction_id": "a.gov"}
    with served(jurisdiction="a.gov") as city:
        assert open311.recognises(city.url + place)
        wanted = request(city, place, layout=layout)
        assert wanted.known["url"] == f"{city.url}/open311/v2"
        assert statuses(read(open311, city, wanted)) == truth(city.model)


def test_addresses_of_other_platforms_are_not_recognised():
    for url in ("https://data.example.gov/resource/abcd-1234.json", "data/requests.json", "https://a.example/calendar"):
        assert not open311.recognises(url)


def test_a_jurisdiction_that_is_missing_is_asked_for():
    with served(jurisdiction="a.gov") as city, pytest.raises(SourceError, match="jurisdiction_id was not provided"):
        request(city)


def test_an_address_without_requests_is_no_success():
    with (
        served() as city,
        pytest.raises(SourceError, match=r"(?s)no service request since 2023-11-01.*jurisdiction_id"),
    ):
        request(city, "/elsewhere")


def test_a_key_is_refused_since_it_would_stand_in_every_address():
    with served() as city, pytest.raises(ConfigurationError, match="takes no key"):
        request(city, secret=Secret("sources.requests.credentials", "k3y"))


# Changes


def later(city: City, wanted: Request) -> Request:
    """A day goes by: an old request is closed, one comes in, one is taken away."""
    still_open = tuple(case.id for case in city.model if case.status == "open")
    city.model.pass_time(DAY)
    city.model.close(min(still_open, key=lambda id: city.model.rows[id].requested))
    city.model.insert()
    return replace(wanted, since=wanted.until - 3600, until=city.model.now, open_ids=still_open)


def test_changes_bring_exactly_what_changed_where_the_server_tells_it():
    with served(days=300) as city:
        changed = later(city, request(city))
        found = read(open311, city, changed, changed=True)
        since = {case.id: case.status for case in city.model if case.updated >= changed.since}
        assert statuses(found) == since and len(since) == 2
        assert parts(open311, city, changed, changed=True)[0].name == f"changes since {utc(changed.since)}"


@pytest.mark.parametrize("habits", [{}, {"formats": ("xml",)}, {"page_cap": 17}], ids=str)
def test_elsewhere_young_windows_are_read_again_and_open_requests_by_their_ids(habits):
    with served(days=300, rows=400, updated_after=False, **habits) as city:
        wanted = request(city)
        old = [case.id for case in city.model if case.requested < city.model.now - 200 * DAY][:60]
        for id in old:
            city.model.update(id, status="open", closed=None)
        changed = later(city, wanted)
        city.model.delete(old[3])
        found = read(open311, city, changed, changed=True)
        now = truth(city.model)
        young = {case.id for case in city.model if case.requested >= changed.until - 28 * DAY}
        assert set(statuses(found)) == young | {id for id in changed.open_ids if id in now}
        assert all(now[id] == status for id, status in statuses(found).items())
        assert [id for page in found.pages for id in page.deletes] == [old[3]]
        assert "" not in found.proven_by


def test_what_was_open_is_asked_for_again_from_where_it_stopped():
    with served(days=300, rows=400, updated_after=False) as city:
        wanted = replace(request(city), open_ids=tuple(city.model.rows))
        part = parts(open311, city, wanted, changed=True)[-1]
        whole = resumed(open311, city, wanted, part, open311.Resume())
        found, resume = read_until_killed(open311, city, wanted, part, 3)
        fewer = replace(wanted, open_ids=tuple(id for id in wanted.open_ids if id not in resume.keys))
        resumed(open311, city, fewer, part, resume, found)
        assert sorted(statuses(found)) == sorted(statuses(whole)) == sorted(city.model.rows)


def test_a_system_that_was_left_alone_for_long_is_read_from_then_on():
    with served(days=300, updated_after=False) as city:
        wanted = replace(request(city), since=city.model.now - 120 * DAY)
        found = read(open311, city, wanted, changed=True)
        assert {case.id for case in city.model if case.requested > wanted.since} <= set(statuses(found))


# Answers as they were met


def rows(said: str) -> list:
    return rows_of(tree(etree.fromstring(said)) if said.startswith("<") else orjson.loads(said))


def test_lists_are_unwrapped():
    one = {"service_request_id": "1"}
    for said in (
        '[{"service_request_id":"1"}]',
        '{"service_request_id":"1"}',
        '{"service_requests":[{"service_request_id":"1"}]}',
        '{"requests":{"request":{"service_request_id":"1"}},"count":1}',
        "<service_requests><request><service_request_id>1</service_request_id></request></service_requests>",
        "<requests><request><service_request_id>1</service_request_id></request></requests>",
        '<s:requests xmlns:s="urn:x"><s:request><s:service_request_id>1</s:service_request_id></s:request></s:requests>',
    ):
        assert rows(said) == [one]
    for said in ("[]", '{"service_requests":[]}', '{"requests":null}', "<service_requests/>"):
        assert rows(said) == []


def test_what_is_no_list_of_requests_is_not_taken_for_an_empty_one():
    for said in ('{"status":"Processing"}', "{}", "7", "null", "[1,2]", '[{"name":"x"}]', "<status>down</status>"):
        assert rows(said) is None


def test_xml_says_what_json_says():
    [row] = rows(
        '<requests xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><request>'
        '<service_request_id>007</service_request_id><updated_datetime xsi:nil="true"/><zipcode/><address> </address>'
        "<description>a <![CDATA[< b]]> &amp; c<!-- no --> d</description><lon>-71.1</lon>"
        "<agency_responsible><recipient>Roads</recipient></agency_responsible>"
        "<extended_attributes><channel>phone</channel><photos><photo>1</photo><photo>2</photo></photos></extended_attributes>"
        "<notes><note><type>opened</type></note></notes></request></requests>"
    )
    assert row == {
        "service_request_id": "007",
        "updated_datetime": None,
        "zipcode": None,
        "address": None,
        "description": "a < b & c d",
        "lon": "-71.1",
        "agency_responsible": {"recipient": "Roads"},
        "extended_attributes": {"channel": "phone", "photos": ["1", "2"]},
        "notes": [{"type": "opened"}],
    }


def test_agencies_become_text_and_groups_come_from_the_services():
    services = [{"service_code": 7, "service_name": "Pothole", "group": "Streets"}, {"service_code": "001"}, None]
    groups = groups_of(services)
    sent = [
        {"service_request_id": 1, "service_code": 7, "agency_responsible": {"recipient": ["Roads", "Parks"]}},
        {"service_request_id": 2, "service_code": "Pothole", "agency_responsible": {"recipient": "Roads"}},
        {"service_request_id": 3, "service_code": "001", "group": "Own", "Requestor Name": "x", "email": "y"},
        {"service_request_id": 4, "service_code": "001", "agency_responsible": "Roads"},
        None,
    ]
    made = tidied(sent, groups)
    assert [row["group"] for row in made[:4]] == ["Streets", "Streets", "Own", None] and made[4] is None
    assert [row.get("agency_responsible") for row in made[:4]] == ["Roads; Parks", "Roads", None, "Roads"]
    assert set(made[2]) == {"service_request_id", "service_code", "group"}


def test_complaints_are_told_apart_from_rows():
    assert complaint([{"code": 400, "description": "no"}]) == "400 no"
    assert complaint({"code": "404", "detail": "past the end"}) == "404 past the end"
    assert (
        complaint(
            tree(etree.fromstring("<errors><error><code>403</code><description>key</description></error></errors>"))
        )
        == "403 key"
    )
    assert complaint([{"service_request_id": 1, "code": 5}]) is None and complaint([]) is None


# Recorded answers: shapes only


def recorded() -> list[Path]:
    found = [path for path in sorted(RECORDED.rglob("*.*")) if path.parent.name not in ("schema", RECORDED.name)]
    return found or [RECORDED]


@pytest.mark.parametrize("path", recorded(), ids=lambda path: path.name)
def test_recorded_answers_are_read(path):
    if not path.is_file():
        pytest.skip(f"{RECORDED} is not here: recorded answers are not part of the project")
    doc = tree(etree.fromstring(path.read_bytes())) if path.suffix == ".xml" else orjson.loads(path.read_bytes())
    found = rows_of(doc)
    if path.name.endswith("_test.json"):  # a database dump that somebody kept beside the answers
        assert found is None
        return
    names = {plain(name) for row in found for name in row}
    key = "service_request_id" if "servicerequestid" in names else "service_code"
    wanted = Request("requests", ("http://city.example",), {}, frozenset(names), key=(key,))
    page = page_of(wanted, tidied(found, {}), 2)
    assert page.rows.num_rows == len(found) and not page.rejected
    assert page.rows[key].null_count == 0 and len(set(page.rows[key].to_pylist())) == len(found)
