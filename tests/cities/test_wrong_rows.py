"""Rows that are misshapen, dates and places that cannot be."""

from datetime import datetime

import orjson
import pytest

from tests.cities.model import Model
from tests.cities.pages import PAGES, page
from tests.cities.server import City
from tests.cities.times import moment
from tests.cities.wrong_rows import FORMS, POINTS


def first_row(city: City, form: str = "json") -> dict:
    return page(city).json()[0]


@pytest.mark.parametrize("field", ["id", "status", "requested", "name", "code", "agency", "lat"])
def test_a_value_is_null_or_missing_or_under_another_name(city, field):
    name = city.platform.fields[field][0][0]
    city.faults("null", field, row=0, request=1)
    city.faults("missing", field, row=0, request=2)
    city.faults("renamed", field, "other_name", request=3)
    assert first_row(city)[name] is None
    assert name not in first_row(city)
    rows = page(city).json()
    assert all(name not in row and "other_name" in row for row in rows)


def test_a_value_is_of_another_kind(city):
    city.faults("put", "status", "In Review", row=1, request=1)
    city.faults("change", "agency", lambda agency: {"recipient": [agency]}, request=2)
    city.faults("number_id", request=3)
    city.faults("new_column", "shoe_size", 43, request=4)
    assert [row["status"] for row in page(city).json()].count("In Review") == 1
    assert first_row(city)["agency_responsible"]["recipient"]
    assert {type(row["service_request_id"]) for row in page(city).json()} == {int, str}
    assert all(row["shoe_size"] == 43 for row in page(city).json())


def test_one_row_is_spoiled_wherever_it_stands(city):
    id = page(city).json()[3]["service_request_id"]
    city.faults("spoiled", id, status="In Review", lat=None)
    for size in (10, 4):
        rows = {row["service_request_id"]: row for row in page(city, size=size).json()}
        assert (rows.pop(id)["status"], len(rows)) == ("In Review", size - 1)
        assert "In Review" not in {row["status"] for row in rows.values()}


def test_a_control_character_may_be_escaped_or_not(city):
    city.faults("put", "description", "nul \0 bell \a", row=0, request=1)
    city.faults("raw_controls", request=2)
    city.faults("put", "description", "nul \0", row=0, request=3)
    assert page(city).json()[0]["description"] == "nul \0 bell \a"
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(page(city).content)
    assert b"nul \0" in page(city, form="xml").content


SAID = {
    "no_zone": lambda text: len(text) == 19 and "T" in text,
    "plus_0530": lambda text: text.endswith("+0530"),
    "fractions": lambda text: ".123456-0" in text,
    "slashes": lambda text: datetime.strptime(text, "%m/%d/%Y %I:%M:%S %p"),
    "blank": lambda text: text == " ",
    "words": lambda text: text == "last Tuesday",
    "1900": lambda text: text.startswith("1900-01-01T00:00:00"),
    "1970": lambda text: text.startswith("1970-01-01T00:00:00"),
    "9999": lambda text: text.startswith("9999-12-31T00:00:00"),
}
MOVED = {"later": 365 * 86400, "earlier": -365 * 86400, "hour_ahead": 3600, "hour_behind": -3600}


@pytest.mark.parametrize("form", FORMS)
def test_a_date_is_in_every_form_but_the_right_one(city, form):
    honest = first_row(city)["requested_datetime"]
    city.faults("dates", "requested", form)
    text = first_row(city)["requested_datetime"]
    assert SAID[form](text) if form in SAID else moment(text) - moment(honest) == MOVED[form]


def test_a_date_is_wrong_in_the_platform_s_own_form():
    with City(Model(rows=5), "arcgis") as city:
        city.faults("dates", "requested", "1900")
        rows = PAGES["arcgis"](city).json()["features"]
        assert {row["attributes"]["ADDDATE"] for row in rows} == {-2208988800000}
    with City(Model(rows=5), "ckan") as city:
        city.faults("dates", "requested", "1970")
        rows = PAGES["ckan"](city).json()["result"]["records"]
        assert {row["open_dt"] for row in rows} == {"1970-01-01 00:00:00"}
    with City(Model(rows=5), "carto") as city:
        city.faults("dates", "requested", "9999")
        assert {row["requested_datetime"] for row in PAGES["carto"](city).json()["rows"]} == {"9999-12-31T00:00:00Z"}


WRONG_PLACES = {
    "swapped": lambda lat, long, y, x: (y, x) == (long, lat),
    "zero": lambda lat, long, y, x: (y, x) == (0, 0),
    "mercator": lambda lat, long, y, x: abs(y) > 1e6 and abs(x) > 1e6,
    "outside": lambda lat, long, y, x: y < 15 and x > -15,
    "huge": lambda lat, long, y, x: (y, x) == (1e308, -1e308),
    "null": lambda lat, long, y, x: y is None and x is None,
    "text": lambda lat, long, y, x: (y, x) == (str(lat), str(long)),
    "words": lambda lat, long, y, x: (y, x) == ("north", "west"),
}


@pytest.mark.parametrize("form", POINTS)
def test_a_place_is_where_it_cannot_be(city, form):
    honest = next(row for row in page(city).json() if row["lat"])
    city.faults("points", form)
    told = next(row for row in page(city).json() if row["service_request_id"] == honest["service_request_id"])
    assert WRONG_PLACES[form](honest["lat"], honest["long"], told["lat"], told["long"])


def test_a_place_is_wrong_in_the_platform_s_own_form():
    with City(Model(rows=5), "socrata") as city:
        city.faults("points", "zero", row=0)
        row = PAGES["socrata"](city).json()[0]
        assert (row["latitude"], row["longitude"]) == ("0.0", "0.0") and row["location"]["coordinates"] == [0, 0]
    with City(Model(rows=5), "arcgis") as city:
        city.faults("points", "swapped")
        assert all(row["geometry"]["y"] < -70 for row in PAGES["arcgis"](city).json()["features"])


def test_what_stands_deep_in_an_answer_is_something_else(city):
    city.faults("misshapen", 0, "text", request=1)
    city.faults("misshapen", 1, [7], request=2)
    city.faults("misshapen", 2, None, request=3)
    assert page(city).json() == "text"
    assert page(city).json() == [[7]] * 10
    assert all(not any(row.values()) for row in page(city).json())


def test_rows_are_wrapped_or_a_single_one_is_no_array(city):
    city.faults("wrapped", "service_requests", request=1)
    city.faults("one_object", request=2)
    assert len(page(city).json()["service_requests"]) == 10
    assert page(city, size=1).json()["service_request_id"]
    with City(Model(rows=1), "arcgis") as other:
        other.faults("one_object")
        assert PAGES["arcgis"](other).json()["features"]["attributes"]["SERVICEREQUESTID"] == "001"


def test_the_root_element_has_another_name(city):
    honest = page(city, form="xml").text
    city.faults("root", "requests")
    told = page(city, form="xml").text
    assert told == honest.replace("service_requests>", "requests>") != honest


def test_a_harmless_doctype_stands_before_the_root(city):
    city.faults("doctype")
    assert page(city, form="xml").text.startswith('<?xml version="1.0" encoding="utf-8"?><!DOCTYPE anything>')
