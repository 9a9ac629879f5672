"""Habits of the platforms that catch careless clients."""

import orjson
import pytest

from tests.cities import readers
from tests.cities.model import DAY, Model
from tests.cities.pages import SODA, SQL
from tests.cities.platforms.carto import NAME
from tests.cities.readers import LAYER, WEB, ask, resources
from tests.cities.server import City
from tests.cities.times import floating


def test_socrata_leaves_nulls_out_and_keeps_no_order_that_nobody_asked_for():
    with City(Model(rows=60), "socrata") as city:
        rows = ask(city, SODA).json()
        assert len({tuple(row) for row in rows}) > 1
        assert [row["sr_number"] for row in rows] != [row["sr_number"] for row in ask(city, SODA).json()]
        assert isinstance(next(row["latitude"] for row in rows if "latitude" in row), str)
        case = next(iter(city.model))
        mine = ask(city, SODA, sr_number=case.id).json()[0]
        assert mine["created_date"] == floating(case.requested, city.model.zone)


def test_socrata_describes_its_columns():
    with City(Model(rows=5), "socrata") as city:
        view = ask(city, "/api/views/abcd-1234.json").json()
        types = {column["fieldName"]: column["dataTypeName"] for column in view["columns"]}
        assert types["created_date"] == "calendar_date" and types["location"] == "point"
        assert view["rowsUpdatedAt"] == city.model.now


def test_arcgis_describes_its_layer_and_speaks_html_to_those_who_name_no_format():
    with City(Model(rows=30), "arcgis", cap=7) as city:
        layer = ask(city, LAYER, f="json").json()
        assert (layer["objectIdField"], layer["maxRecordCount"]) == ("OBJECTID", 7)
        assert layer["editingInfo"]["lastEditDate"] == city.model.now * 1000
        assert "html" in ask(city, LAYER).headers["Content-Type"]
        page = ask(city, f"{LAYER}/query", f="json", where="1=1").json()
        assert page["exceededTransferLimit"] and len(page["features"]) == 7
        assert page["spatialReference"]["latestWkid"] == 3857 and set(page["features"][0]["attributes"]) == {"OBJECTID"}
        ids = ask(city, f"{LAYER}/query", f="json", where="1=1", returnIdsOnly="true").json()["objectIds"]
        assert len(ids) == 30


def test_arcgis_may_ignore_the_offset_of_those_who_name_no_count():
    with City(Model(rows=30), "arcgis", cap=7, ignores_offset=True) as city:
        query = {"f": "json", "where": "1=1", "resultOffset": 20}
        assert len(ask(city, f"{LAYER}/query", **query).json()["features"]) == 30
        assert len(ask(city, f"{LAYER}/query", **query, resultRecordCount=7).json()["features"]) == 7


def test_ckan_has_a_resource_for_each_year_and_says_when_a_total_is_an_estimate():
    model = Model(rows=20)
    model.insert(id="old", requested=model.now - 400 * DAY)
    with City(model, "ckan", yearly=True, estimated=True) as city:
        assert len(resources(city)) == 2
        old, _ = resources(city)
        said = ask(city, "/api/3/action/datastore_search", resource_id=old).json()["result"]
        assert [row["case_enquiry_id"] for row in said["records"]] == ["old"] and said["total_was_estimated"]
        described = ask(city, "/api/3/action/resource_show", id=old).json()["result"]
        assert described["name"].endswith("2023")


def test_ckan_cuts_a_limit_silently_and_an_sql_answer_says_so():
    with City(Model(rows=30), "ckan", cap=7) as city:
        (resource,) = resources(city)
        said = WEB.post(
            f"{city.url}/api/3/action/datastore_search",
            content=orjson.dumps({"resource_id": resource, "limit": 1000, "filters": {"case_status": "Open"}}),
            headers={"Content-Type": "application/json"},
        ).json()["result"]
        assert said["limit"] == 7 and {row["case_status"] for row in said["records"]} == {"Open"}
        sql = f'SELECT * FROM "{resource}" ORDER BY _id'
        assert ask(city, "/api/3/action/datastore_search_sql", sql=sql).json()["result"]["records_truncated"]


def test_open311_ignores_what_it_was_told_to_ignore():
    with City(Model(rows=60), "open311", status_filter=False, page_size=60) as city:
        assert {row["status"] for row in readers.requests(city, status="open")} == {"open", "closed"}
    with City(Model(rows=60), "open311", page_size=60) as city:
        assert {row["status"] for row in readers.requests(city, status="open")} == {"open"}
        assert readers.requests(city, status="OPEN") == []
        codes = {row["service_code"] for row in readers.requests(city, service_code="001,17")}
        assert codes == {"001", "17"}


def test_open311_pages_from_1_answer_page_0_with_the_same_page():
    with City(Model(rows=60), "open311") as city:
        assert readers.requests(city, page=0) == readers.requests(city, page=1) != readers.requests(city, page=2)
    with City(Model(rows=60), "open311", page_base=0) as city:
        assert readers.requests(city, page=0) != readers.requests(city, page=1)


@pytest.mark.parametrize("form", ["json", "xml"])
def test_open311_can_be_discovered(form):
    with City(Model(), "open311") as city:
        said = ask(city, f"/open311/v2/discovery.{form}").text
        assert f"{city.url}/open311/v2" in said and "application/json" in said
        services = ask(city, f"/open311/v2/services.{form}").text
        assert "4ffa9cad6018277d4000007b" in services and "001" in services


def test_open311_answers_ten_times_a_minute_without_a_key():
    with City(Model(rows=5), "open311", per_minute=10, api_key="key") as city:
        codes = [ask(city, "/open311/v2/requests.json").status_code for _ in range(11)]
        assert codes == [200] * 10 + [429]
        assert ask(city, "/open311/v2/requests.json", api_key="key").status_code == 200
        assert ask(city, "/open311/v2/requests.json").headers["Retry-After"] == "60"
        city.model.pass_time(60)
        assert ask(city, "/open311/v2/requests.json").status_code == 200


@pytest.mark.parametrize("platform", ["socrata", "carto"])
def test_others_have_limits_too(platform):
    with City(Model(rows=5), platform, per_minute=2) as city:
        path, query = {"socrata": (SODA, {}), "carto": (SQL, {"q": f"SELECT * FROM {NAME}"})}[platform]
        answers = [ask(city, path, **query) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert answers[2].headers["Retry-After"] == "60"
