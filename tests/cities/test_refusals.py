"""What the real platforms refuse is refused, with the platform's own error."""

import pytest

from tests.cities import readers
from tests.cities.model import Model
from tests.cities.pages import API, MATTERS, SODA, SQL, V3
from tests.cities.platforms.carto import NAME
from tests.cities.readers import LAYER, WEB, ask, signed_in
from tests.cities.server import City

REFUSALS = {
    "open311 without jurisdiction": ("open311", {"jurisdiction": "a.gov"}, "/open311/v2/requests.json", {}, 400),
    "open311 91 days": (
        "open311",
        {},
        "/open311/v2/requests.json",
        {"start_date": "2024-01-01T00:00:00Z", "end_date": "2024-04-02T00:00:00Z"},
        400,
    ),
    "open311 no date": ("open311", {}, "/open311/v2/requests.json", {"start_date": "yesterday"}, 400),
    "open311 no JSON": ("open311", {"formats": ("xml",)}, "/open311/v2/requests.json", {}, 404),
    "open311 wrong key": ("open311", {"api_key": "k"}, "/open311/v2/requests.json", {"api_key": "x"}, 403),
    "open311 unknown id": ("open311", {}, "/open311/v2/requests/nobody.json", {}, 404),
    "socrata unknown column": ("socrata", {}, SODA, {"$where": "nothing > 5"}, 400),
    "socrata wrong type": ("socrata", {}, SODA, {"$where": "created_date > 'soon'"}, 400),
    "socrata bad SoQL": ("socrata", {}, SODA, {"$where": "status LIKE 'O%'"}, 400),
    "socrata unknown parameter": ("socrata", {}, SODA, {"$top": "5"}, 400),
    "socrata unknown view": ("socrata", {}, "/resource/zzzz-9999.json", {}, 404),
    "socrata wrong token": ("socrata", {}, SODA, {"$$app_token": "wrong"}, 403),
    "arcgis without where": ("arcgis", {}, f"{LAYER}/query", {"f": "json"}, 200),
    "arcgis unknown field": ("arcgis", {}, f"{LAYER}/query", {"f": "json", "where": "NOTHING > 5"}, 200),
    "arcgis date as text": ("arcgis", {}, f"{LAYER}/query", {"f": "json", "where": "ADDDATE > '2024-01-01'"}, 200),
    "arcgis without token": ("arcgis", {"token": "t"}, LAYER, {"f": "json"}, 200),
    "ckan unknown resource": ("ckan", {}, "/api/3/action/datastore_search", {"resource_id": "x"}, 404),
    "ckan unknown action": ("ckan", {}, "/api/3/action/datastore_delete", {}, 400),
    "ckan without SQL": ("ckan", {"sql": False}, "/api/3/action/datastore_search_sql", {"sql": "SELECT 1"}, 400),
    "ckan bad SQL": ("ckan", {}, "/api/3/action/datastore_search_sql", {"sql": "DROP TABLE x"}, 409),
    "carto unknown column": ("carto", {}, SQL, {"q": f"SELECT nothing FROM {NAME}"}, 400),
    "carto unknown table": ("carto", {}, SQL, {"q": "SELECT * FROM elsewhere"}, 400),
    "carto writing": ("carto", {}, SQL, {"q": f"DELETE FROM {NAME}"}, 400),
    "carto without a query": ("carto", {}, SQL, {}, 400),
    "dataverse without a token": ("dataverse", {}, f"{API}incidents", {}, 401),
    "legistar without a token": ("legistar", {"token": "t"}, MATTERS, {}, 403),
    "legistar bad filter": ("legistar", {}, MATTERS, {"$filter": "MatterIntroDate ge '2024-01-01'"}, 400),
    "seeclickfix unknown place": ("seeclickfix", {}, "/api/v2/issues", {"place_url": "nowhere"}, 404),
    "files unknown": ("files", {}, "/files/nothing.csv", {}, 404),
    "ical unknown": ("ical", {}, "/calendars/route-9.ics", {}, 404),
}
ERRORS = {
    "open311": lambda said: said.text.startswith("<?xml") or set(said.json()[0]) == {"code", "description"},
    "socrata": lambda said: said.json()["error"] is True and said.json()["code"],
    "arcgis": lambda said: said.json()["error"]["code"] in {400, 499},
    "ckan": lambda said: isinstance(said.json(), str) or said.json()["success"] is False,
    "carto": lambda said: isinstance(said.json()["error"], list),
    "dataverse": lambda said: set(said.json()["error"]) == {"code", "message"},
    "legistar": lambda said: set(said.json()) == {"Message"},
    "seeclickfix": lambda said: said.json()["errors"]["base"],
    "files": lambda said: said.headers["Content-Type"].startswith("text/html"),
    "ical": lambda said: said.headers["Content-Type"].startswith("text/html"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_the_platform_refuses_is_refused_with_its_own_error(name):
    platform, options, path, query, status = REFUSALS[name]
    with City(Model(rows=5), platform, **options) as city:
        said = ask(city, path, **query)
        assert said.status_code == status and ERRORS[platform](said)


DATAVERSE_REFUSALS = {
    "skipping": ({"$skip": "5"}, {}),
    "unknown column": ({"$select": "everything"}, {}),
    "bad filter": ({"$filter": "modifiedon ge 'soon'"}, {}),
    "order with change tracking": ({"$orderby": "modifiedon"}, {"Prefer": "odata.track-changes"}),
    "made-up skip token": ({"$skiptoken": "made up"}, {}),
}


@pytest.mark.parametrize("name", DATAVERSE_REFUSALS)
def test_dataverse_refuses(name):
    query, headers = DATAVERSE_REFUSALS[name]
    with City(Model(rows=5), "dataverse") as city:
        assert ask(city, f"{API}incidents", signed_in(city) | headers, **query).status_code == 400


@pytest.mark.parametrize("wrong", [{"client_secret": "x"}, {"grant_type": "password"}, {"scope": "everything"}])
def test_dataverse_gives_no_token_to_others(wrong):
    with City(Model(), "dataverse") as city:
        form = readers.CLIENT | {"scope": f"{city.url}/.default"} | wrong
        assert WEB.post(f"{city.url}/made-up-tenant/oauth2/v2.0/token", data=form).status_code in {400, 401}


def test_a_dataverse_token_is_good_for_an_hour():
    with City(Model(rows=5), "dataverse") as city:
        headers = signed_in(city)
        assert ask(city, f"{API}incidents", headers).status_code == 200
        city.model.pass_time(3600)
        assert ask(city, f"{API}incidents", headers).status_code == 401


def test_soda_3_needs_a_token():
    with City(Model(rows=5), "socrata") as city:
        said = WEB.post(f"{city.url}{V3}", json={"query": "SELECT *"})
        assert said.status_code == 403 and said.json()["error"] is True
