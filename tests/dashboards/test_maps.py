"""Maps draw areas, never addresses; they load only our own files, and what a person wrote stays text."""

import gzip
import json
import random
import re
from itertools import pairwise

import h3
import pandas as pd
import pytest

from dashboards import maps, theme
from hub.brand import contrast
from hub.city import COLOURS

LOOK = theme.Theme("City", "City", "", theme.palette(COLOURS))
NASTY = "</script><script>alert(1)</script>{{ 7 * 7 }}\u2028<b>&"


def cells(n: int, *, threshold: int = 1, level: int = 9) -> pd.DataFrame:
    """`n` neighbouring cells with a made count each."""
    dice = random.Random(1)
    found = []
    for cell in sorted(h3.grid_disk(h3.latlng_to_cell(43.66, -70.86, level), 70))[:n]:
        count, ward = dice.randrange(1, 900), f"Ward {dice.randrange(9)}"
        place = {"place_id": cell, "level": f"h3_{level}", "label": f"{ward}, cell {cell[3:9]}", "district": ward}
        found.append(place | {"n": count, "open": count // 9, "requests": count, "threshold": threshold})
    return pd.DataFrame(found).assign(as_of="2025-06-30")


def payload(page: str) -> dict:
    """The data that a document hands to map.js."""
    (found,) = re.findall(r'<script type="application/json" id="cityglass">(.*)</script>', page)
    return json.loads(found)


def drawn(found: maps.Map) -> str:
    return maps.document(found, LOOK, {}, "/dashboards/maps/basemap.pmtiles?release=r")


def test_a_document_loads_only_our_own_files():
    page = drawn(maps.requests(cells(5), {}))
    loaded = re.findall(r"""(?:src|href)=["']([^"']+)""", page)
    assert loaded
    assert all(address.startswith("/dashboards/maps/") for address in loaded)
    assert "http" not in re.sub(r"http-equiv", "", page)


def test_a_document_can_be_read_aloud_zoomed_and_named():
    page = drawn(maps.requests(cells(5), {}))
    assert '<html lang="en">' in page
    assert "<title>Requests by area</title>" in page
    assert "user-scalable" not in page
    assert "maximum-scale" not in page
    assert re.search(r'<div class="folium-map" id="\w+" role="main" aria-label="Requests by area">', page)


def test_a_folium_that_writes_other_documents_is_refused():
    with pytest.raises(ValueError, match="not once"):
        maps._repaired("<html></html>", "map_1", "A map", "{}")


def test_each_corner_comes_out_where_it_was_within_a_metre():
    frame = cells(40)
    data = payload(drawn(maps.requests(frame, {})))
    lat = long = 0
    for row, (_, _, polygons) in zip(frame.itertuples(), data["areas"], strict=True):
        steps = polygons[0][0]
        corners = []
        for i in range(0, len(steps), 2):
            lat, long = lat + steps[i], long + steps[i + 1]
            corners.append((lat / 1e5, long / 1e5))
        assert corners == [pytest.approx(corner, abs=1e-5) for corner in h3.cell_to_boundary(row.place_id)]


def test_a_map_of_a_million_requests_is_small():
    frame = cells(5000)
    assert frame["requests"].sum() > 1_000_000
    assert len(gzip.compress(drawn(maps.requests(frame, {})).encode(), 9)) < 150_000


def test_counts_below_their_threshold_are_not_drawn():
    frame = cells(20, threshold=11).assign(requests=12)
    frame.loc[:4, "requests"] = 10
    data = payload(drawn(maps.requests(frame, {})))
    assert len(data["areas"]) == 15
    assert not any("10 requests" in line for _, says, _ in data["areas"] for line in says)


def test_areas_of_one_size_only_are_drawn_together():
    both = pd.concat([cells(30), cells(3, level=8)])
    data = payload(drawn(maps.requests(both, {})))
    assert len(data["areas"]) == 30


def test_the_whole_city_is_no_area_of_the_map():
    frame = cells(2)
    frame.loc[0, ["level", "requests"]] = ["city", 10_000]
    assert len(payload(drawn(maps.requests(frame, {})))["areas"]) == 1


def test_a_neighbourhood_is_drawn_with_its_own_outline_and_holes():
    square = ((43.0, -71.0), (43.0, -70.0), (44.0, -70.0))
    hole = ((43.1, -70.6), (43.1, -70.5), (43.2, -70.5))
    row = {"place_id": "n-1", "level": "neighbourhood", "label": "Old Town", "district": "Old Town", "n": 9, "open": 1}
    frame = pd.DataFrame([row | {"requests": 9, "threshold": 1, "as_of": "2025-06-30"}])
    data = payload(drawn(maps.requests(frame, {"Old Town": ((square, hole),)})))
    assert [len(ring) for ring in data["areas"][0][2][0]] == [6, 6]
    assert payload(drawn(maps.requests(frame, {})))["areas"] == []


def test_the_legend_names_every_count_once():
    frame = cells(300)
    legend = payload(drawn(maps.requests(frame, {})))["legend"]
    ends = [[int(end.replace(",", "")) for end in re.findall(r"[\d,]+", words)] for _, words in legend]
    assert len(legend) == 5
    for one, other in pairwise(ends):
        assert other[0] == one[-1] + 1
    assert ends[-1][-1] == frame["requests"].max()


def test_where_all_counts_are_equal_one_class_is_enough():
    frame = cells(30).assign(requests=4)
    assert payload(drawn(maps.requests(frame, {})))["legend"] == [[4, "up to 4"]]


def test_a_map_has_colours_for_the_day_and_for_the_night_and_says_what_they_count():
    data = payload(drawn(maps.requests(cells(30), {})))
    day, night = data["looks"]["day"], data["looks"]["night"]
    assert day["colours"] == LOOK.ramp
    assert night["colours"] == theme.at_night(LOOK).ramp
    for look in (day, night):
        assert look.keys() == day.keys()
        assert contrast(look["text"], look["background"]) >= 4.5
        assert all(place < len(look["colours"]) for place, _ in data["legend"])
    assert data["heading"] == "Requests in an area"


def story(story_id: str, title: str, precision: str = "neighbourhood") -> dict:
    on_map = precision != "none"
    place = {"lat": 43.66 if on_map else None, "long": -70.86 if on_map else None, "is_on_map": int(on_map)}
    return place | {"story_id": story_id, "title": title, "place_precision": precision}


def test_stories_told_at_one_place_share_a_circle_as_large_as_its_precision():
    rows = [story("a", "One"), story("b", "Two"), story("c", "Three", "none")]
    (circle,) = payload(drawn(maps.stories(pd.DataFrame(rows), {})))["circles"]
    assert circle[4] == 500
    assert circle[5] == [["One", "/dashboards/stories?id=a"], ["Two", "/dashboards/stories?id=b"]]


def test_projects_without_a_site_are_not_on_the_map():
    row = {"name": "Bridge", "phase": "design", "budget_cents": 100, "spent_cents": None, "lat": 43.66, "long": -70.86}
    rows = [row | about for about in ({"place_precision": "site"}, {"place_precision": "citywide"}, {"lat": None})]
    frame = pd.DataFrame(rows).fillna({"place_precision": "site"})
    assert len(payload(drawn(maps.capital(frame, {})))["circles"]) == 1


def test_projects_of_one_neighbourhood_share_a_circle_that_counts_them():
    row = {"lat": 43.66, "long": -70.86, "place_precision": "neighbourhood", "spent_cents": None}
    told = [("Park", "design", 100_00), ("School", "design", 900_00), ("Pipe", "planned", 50_00)]
    frame = pd.DataFrame([row | {"name": name, "phase": phase, "budget_cents": cents} for name, phase, cents in told])
    (circle,) = payload(drawn(maps.capital(frame, {})))["circles"]
    assert circle[0] == maps.PHASE_SHADES["design"]
    assert circle[1][:2] == ["3 projects: 2 in design, 1 planned", "the largest: School; Park; Pipe"]
    assert "$1,050 planned" in circle[1][2]


def test_a_map_opens_on_what_is_drawn():
    frame = cells(5)
    far = {"An island": ((((50.0, -60.0), (50.0, -59.0), (51.0, -59.0)),),)}
    found = payload(maps.document(maps.requests(frame, {}), LOOK, far, ""))
    assert found["bounds"][1][0] < 44
    empty = payload(maps.document(maps.requests(frame.head(0), {}), LOOK, far, ""))
    assert empty["bounds"] == [[50.0, -60.0], [51.0, -59.0]]


def test_what_a_person_wrote_stays_text():
    page, plain = (drawn(maps.stories(pd.DataFrame([story("a", title)]), {})) for title in (NASTY, "Plain"))
    assert page.count("</script>") == plain.count("</script>")
    assert payload(page)["circles"][0][5][0][0] == NASTY


def test_map_js_never_writes_html():
    script = maps.__file__.replace("maps.py", "static/map.js")
    with open(script, encoding="utf-8") as file:
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", file.read())
