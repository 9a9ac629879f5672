"""Places: a point outside the city, a geocoder's guess or half a point is no place."""

import pytest

from tests.town import Town, request

# latitude and longitude as written; what is kept of them; what is flagged
POINTS = (
    ("43.1", "-70.95", (43.1, -70.95), ""),
    (" 43.100 ", "-70.9500", (43.1, -70.95), ""),
    ("43.21", "-70.79", (43.21, -70.79), ""),  # just outside the box: cities' edges are not straight
    ("43.23", "-70.95", (None, None), "outside_city;"),
    ("0", "0", (None, None), "outside_city;"),
    ("-70.95", "43.1", (None, None), "outside_city;"),  # swapped
    ("4778931", "-7897000", (None, None), "outside_city;"),  # metres
    ("1e308", "-1e308", (None, None), "outside_city;"),
    ("NaN", "NaN", (None, None), "outside_city;"),
    ("43.15", "-70.9", (None, None), "default_point;"),
    ("43.15004", "-70.90004", (None, None), "default_point;"),
    ("43.1501", "-70.9", (43.1501, -70.9), ""),
    ("", "", (None, None), ""),
    ("N/A", "Unspecified", (None, None), ""),
    ("north", "-70.95", (None, -70.95), "bad_number;"),
)
ADDRESSES = ("12  Elm st.", "12 ELM ST", " 12 Elm St ", "12\tElm-St", "12, elm st", "12 Elm Street")
SPELLINGS = (
    "Hill Road|HILL RD",
    "Oak Avenue|OAK AVE|OAK AV",
    "Low Court|LOW CT",
    "Long Lane|LONG LN",
    "Bay Drive|BAY DR",
)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    layout = {"default_points": [[43.15, -70.9]]}
    town = Town.found(tmp_path_factory.mktemp("places"), layout=layout)
    points = [request(n, lat=lat, long=long) for n, (lat, long, *_) in enumerate(POINTS)]
    return town.records(*points, *(request(n, address=text) for n, text in enumerate(ADDRESSES)))


@pytest.mark.parametrize("street", SPELLINGS)
def test_a_street_is_one_however_its_kind_is_shortened(tmp_path, street):
    rows = [request(n, address=f"12 {spelled}") for n, spelled in enumerate(street.split("|"))]
    assert len({one["address"].strip() for one in Town.found(tmp_path).records(*rows)}) == 1


@pytest.mark.parametrize("number", range(len(POINTS)), ids=lambda number: ",".join(POINTS[number][:2]))
def test_a_point_is_kept_or_set_aside_with_a_flag(made, number):
    one, (_, _, kept, flags) = made[number], POINTS[number]
    assert ((one["lat"], one["long"]), one["flags"], one["reason"]) == (kept, flags, None)


def test_an_address_is_one_place_however_it_is_written(made):
    assert {one["address"].strip() for one in made[len(POINTS) :]} == {"12 ELM ST"}
