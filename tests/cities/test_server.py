"""The made-up cities tell the whole truth in every dialect, and note who asked."""

import csv
import io
from dataclasses import asdict
from xml.etree import ElementTree

import httpx
import pytest

from tests.cities import readers
from tests.cities.model import DAY, Model
from tests.cities.pages import API, EVERY, JSON, MATTERS, SODA, SQL
from tests.cities.platforms.carto import NAME
from tests.cities.readers import LAYER, WEB, ask, resources, signed_in, truth
from tests.cities.server import City
from tests.cities.times import utc

ROWS = 130
WHOLE = {
    "open311 JSON": ("open311", {}, readers.open311, {}),
    "open311 XML": ("open311", {}, readers.open311, {"form": "xml"}),
    "open311 XML only": ("open311", {"formats": ("xml",)}, readers.open311, {"form": "xml"}),
    "open311 pages from 0": ("open311", {"page_base": 0}, readers.open311, {"first": 0}),
    "open311 wrapped": ("open311", {"wrapped": "service_requests"}, readers.open311, {}),
    "open311 other root": ("open311", {"root": "requests"}, readers.open311, {"form": "xml"}),
    "open311 404 past the end": ("open311", {"past_end": "404"}, readers.open311, {}),
    "open311 lone object": ("open311", {"one_object": True}, readers.open311, {"size": 43}),
    "open311 capped": ("open311", {"page_cap": 17}, readers.open311, {"size": 1000}),
    "open311 paging ignored": ("open311", {"paging": False}, readers.without_pages, {}),
    "open311 jurisdiction": ("open311", {"jurisdiction": "a.gov"}, readers.open311, {"jurisdiction_id": "a.gov"}),
    "socrata keyset": ("socrata", {}, readers.socrata, {}),
    "socrata SODA 3": ("socrata", {}, readers.soda3, {}),
    "socrata rows.csv": ("socrata", {}, readers.rows_csv, {}),
    "arcgis GET": ("arcgis", {}, readers.arcgis, {}),
    "arcgis POST": ("arcgis", {"cap": 17}, readers.arcgis, {"post": True}),
    "ckan offset": ("ckan", {}, readers.ckan, {}),
    "ckan capped": ("ckan", {"cap": 17}, readers.ckan, {}),
    "ckan by year": ("ckan", {"yearly": True}, readers.ckan, {}),
    "ckan SQL": ("ckan", {}, readers.ckan_sql, {}),
    "ckan dump": ("ckan", {}, readers.ckan_dump, {}),
    "carto": ("carto", {}, readers.carto, {}),
    "dataverse ordered": ("dataverse", {}, readers.dataverse, {}),
    "dataverse tracked": ("dataverse", {}, readers.dataverse, {"prefer": ",odata.track-changes", "query": ""}),
    "files csv": ("files", {}, readers.files, {}),
    "files csv.gz": ("files", {}, readers.files, {"form": "csv.gz"}),
    "files zip": ("files", {}, readers.files, {"form": "zip"}),
    "files geojson": ("files", {}, readers.geojson, {}),
}


@pytest.mark.parametrize("scripted", [False, True], ids=["calm", "with a script"])
@pytest.mark.parametrize("name", WHOLE)
def test_every_dialect_tells_the_whole_truth(name, scripted):
    platform, options, read, given = WHOLE[name]
    with City(Model(rows=ROWS, days=85), platform, **options) as city:
        if scripted:  # rows are kept encoded as long as there is no script: both ways must say the same
            city.faults("status", 500, request=10**6)
        assert read(city, **given) == truth(city.model)
        city.model.update("001", status="open", closed=None)
        assert read(city, **given) == truth(city.model)


def test_seeclickfix_hides_closed_issues_from_those_who_do_not_ask_for_them():
    with City(Model(rows=ROWS), "seeclickfix") as city:
        assert readers.seeclickfix(city) == readers.numbered(city.model)
        shown = readers.seeclickfix(city, status="open,acknowledged")
        assert shown == {id: case for id, case in readers.numbered(city.model).items() if case[0] == "open"}
        default = ask(city, "/api/v2/issues", place_url="larkhaven").json()["metadata"]["pagination"]
        assert default["entries"] == len(shown) and default["per_page"] == 20


def test_legistar_tells_its_council_and_stops_at_a_thousand():
    model = Model()
    model.council.fill(matters=1010, meetings=3)
    with City(model, "legistar") as city:
        matters = {id: (matter.file, matter.status) for id, matter in model.council.matters.items()}
        assert readers.legistar(city, size=1000) == matters
        assert len(ask(city, MATTERS, JSON, **{"$top": 5000, "$orderby": "MatterId"}).json()) == 1000
        assert ElementTree.fromstring(ask(city, MATTERS).content).tag == "ArrayOfGranicusMatter"
        for meeting in model.council.meetings.values():
            items = ask(city, f"/v1/larkhaven/events/{meeting.id}/eventitems", JSON, AgendaNote=1).json()
            assert [item["EventItemId"] for item in items] == [item.id for item in meeting.items]
            for item in meeting.items:
                votes = ask(city, f"/v1/larkhaven/eventitems/{item.id}/votes", JSON).json()
                assert [vote["VoteValueName"] for vote in votes] == [vote.value for vote in item.votes]


def test_legistar_tells_what_was_changed_since():
    model = Model()
    model.council.fill(matters=40)
    with City(model, "legistar") as city:
        model.pass_time(DAY)
        model.council.amend(5007, status="Filed")
        late = {"$filter": f"MatterLastModifiedUtc ge datetime'{utc(model.now)[:19]}'", "$orderby": "MatterId"}
        rows = ask(city, MATTERS, JSON, **late).json()
        assert [(row["MatterId"], row["MatterStatusName"]) for row in rows] == [(5007, "Filed")]
        model.council.withdraw(5007)
        assert ask(city, f"{MATTERS}/5007", JSON).status_code == 404


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_calendar_tells_the_days_of_its_route_with_the_holiday_moved(number):
    with City(Model(), "ical") as city:
        route, answer = city.model.routes[number - 1], ask(city, f"/calendars/route-{number}.ics")
        assert readers.collection_days(answer.text) == route.dates() != route.regular()
        again = {"If-None-Match": answer.headers["ETag"]}
        assert ask(city, f"/calendars/route-{number}.ics", again).status_code == 304


def test_a_file_tells_its_length_and_whether_it_has_changed():
    with City(Model(rows=20), "files") as city:
        answer = ask(city, "/files/requests.csv")
        assert int(answer.headers["Content-Length"]) == len(answer.content)
        again = {"If-None-Match": answer.headers["ETag"]}
        assert ask(city, "/files/requests.csv", again).status_code == 304
        assert WEB.head(f"{city.url}/files/requests.csv").headers["Content-Length"] == str(len(answer.content))
        city.model.delete("001")
        assert ask(city, "/files/requests.csv", again).status_code == 200


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_a_file_may_be_in_the_city_s_own_encoding_without_a_header(encoding):
    with City(Model(rows=20), "files", encoding=encoding, delimiter=";", header=False) as city:
        text = ask(city, "/files/requests.csv").content.decode(encoding)
        rows = list(csv.reader(io.StringIO(text), delimiter=";"))
        assert [row[0] for row in rows] == list(city.model.rows)
        assert any("Straße" in row[6] for row in rows)


COUNTS = {
    "open311": lambda city: ask(city, "/open311/v2/requests.json").headers["X-Result-Count"],
    "socrata": lambda city: ask(city, SODA, **{"$select": "count(*)"}).json()[0]["count"],
    "arcgis": lambda city: ask(city, f"{LAYER}/query", where="1=1", returnCountOnly="true", f="json").json()["count"],
    "ckan": lambda city: ask(city, "/api/3/action/datastore_search", resource_id=resources(city)[0], limit=0).json()[
        "result"
    ]["total"],
    "carto": lambda city: ask(city, SQL, q=f"SELECT count(*) FROM {NAME}").json()["rows"][0]["count"],
    "dataverse": lambda city: ask(city, f"{API}incidents/$count", signed_in(city)).text,
}


@pytest.mark.parametrize("platform", COUNTS)
def test_the_number_of_rows_is_told(platform):
    options = {"totals": True} if platform == "open311" else {}
    with City(Model(rows=ROWS), platform, **options) as city:
        assert int(COUNTS[platform](city)) == ROWS


# What the city notes


CONTACTS = {
    "open311": lambda city: ask(city, "/open311/v2/requests.json").text,
    "socrata": lambda city: ask(city, SODA).text,
    "arcgis": lambda city: ask(city, f"{LAYER}/query", f="json", where="1=1", outFields="*").text,
    "ckan": lambda city: ask(city, "/api/3/action/datastore_search", resource_id=resources(city)[0]).text,
    "carto": lambda city: ask(city, SQL, q=f"SELECT * FROM {NAME}").text,
    "dataverse": lambda city: (
        ask(city, f"{API}incidents", signed_in(city) | {"Prefer": 'odata.include-annotations="*"'}).text
    ),
    "seeclickfix": lambda city: ask(city, "/api/v2/issues", status=EVERY).text,
    "files": lambda city: ask(city, "/files/requests.csv").text,
}


@pytest.mark.parametrize("platform", CONTACTS)
def test_who_reported_is_told_to_anyone_so_that_it_can_be_shown_to_be_dropped(platform):
    with City(Model(rows=5), platform) as city:
        said, case = CONTACTS[platform](city), city.model.rows["001"]
        assert all(text in said for text in (case.reporter_name, case.reporter_email, case.reporter_phone))


def test_the_log_tells_every_question():
    with City(Model(rows=90), "socrata") as city:
        readers.socrata(city, **{"X-App-Token": "app-token"})
        assert [asked.page for asked in city.log] == [1, 2, 3, 4]
        assert [asked.rows for asked in city.log] == [40, 40, 10, 0]
        assert all(asked.headers["x-app-token"] == "app-token" for asked in city.log)
        assert not any("app-token" in asked.target for asked in city.log)
        assert city.log[0].query["$limit"] == "40" and not city.asked_again()
        ask(city, SODA)
        ask(city, SODA)
        assert city.asked_again() == {f"{SODA}": 1}


def test_whoever_wants_to_write_is_refused_and_noted():
    with City(Model(rows=5), "open311") as city:
        assert WEB.delete(f"{city.url}/open311/v2/requests.json").status_code == 404
        assert city.log[-1].method == "DELETE"


def test_a_city_that_has_ended_refuses_to_be_reached():
    with City(Model(), "open311") as city:
        url = city.url
    with pytest.raises(httpx.ConnectError):
        WEB.get(url)


def test_what_breaks_inside_a_city_is_told_at_its_end():
    with pytest.raises(ZeroDivisionError):
        with City(Model(rows=5), "open311") as city:
            city.faults("meanwhile", lambda model: 1 / 0)
            with pytest.raises(httpx.RemoteProtocolError):
                ask(city, "/open311/v2/requests.json")


# The model


def test_the_same_seed_makes_the_same_city():
    one, same, other = Model(rows=50), Model(rows=50), Model(rows=50, seed=2)
    assert [asdict(case) for case in one] == [asdict(case) for case in same] != [asdict(case) for case in other]
    assert one.rows.keys() == same.rows.keys()


def test_ids_are_of_every_kind_that_cities_use():
    ids = list(Model(rows=10).rows)
    assert ids[0] == "001" and ids[3] == "JOB_4" and ids[4].isdigit()
    assert len(ids[1]) == 36 and len(ids[2]) == 24 and len(set(ids)) == 10


def test_a_request_cannot_be_entered_twice():
    model = Model(rows=1)
    with pytest.raises(ValueError, match="'001' already"):
        model.insert(id="001")
