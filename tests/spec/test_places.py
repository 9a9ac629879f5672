"""Places: a point outside the city, a geocoder's guess or half a point is no place."""

import pytest

from tests.town import Town, request


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    return Town.found(
        tmp_path_factory.mktemp("places"), layout={"default_points": [[43.15, -70.9]], "statuses": {"Todo": "open"}}
    )


@pytest.mark.parametrize(
    ("lat", "long", "kept", "flags"),
    [
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
    ],
)
def test_a_point_is_kept_or_set_aside_with_a_flag(town, lat, long, kept, flags):
    [made] = town.records(request(1, lat=lat, long=long))
    assert ((made["lat"], made["long"]), made["flags"], made["reason"]) == (kept, flags, None)


def test_an_address_is_one_place_however_it_is_written(town):
    written = ("12  Elm st.", "12 ELM ST", " 12 Elm St ", "12\tElm-St")
    assert {town.records(request(1, address=text))[0]["address"].strip() for text in written} == {"12 ELM ST"}
