"""The city's own layers become small tiles that a map can read without anybody else's server."""

import gzip
import json
import math

import mapbox_vector_tile
import pytest
from pmtiles.reader import MmapSource, Reader
from shapely.geometry import Point, shape

from hub.basemap import ZOOMS, write_areas, write_basemap

BBOX = (-70.98, 43.58, -70.74, 43.76)
HOLE = [[-70.87, 43.66], [-70.86, 43.66], [-70.86, 43.67], [-70.87, 43.67], [-70.87, 43.66]]


def square(name: str, west: float, south: float, size: float = 0.06, *holes) -> dict:
    ring = [[west, south], [west + size, south], [west + size, south + size], [west, south + size], [west, south]]
    return {"properties": {"name": name}, "geometry": {"type": "Polygon", "coordinates": [ring, *holes]}}


def road(name: str, *points) -> dict:
    return {"properties": {"name": name}, "geometry": {"type": "LineString", "coordinates": [list(p) for p in points]}}


AREAS = [square("North", -70.9, 43.64, 0.06, HOLE), square("Süd", -70.9, 43.58)]
STREETS = [road("Long Road", (-70.96, 43.6), (-70.76, 43.74)), road("Short Lane", (-70.86, 43.61), (-70.8599, 43.6101))]
WATER = [square("Lake", -70.84, 43.7, 0.03)]


@pytest.fixture
def tiles(tmp_path):
    path = tmp_path / "basemap.pmtiles"
    assert write_basemap(AREAS, STREETS, WATER, BBOX, path) > 20
    with path.open("rb") as file:
        yield Reader(MmapSource(file)), path


def tile_of(zoom: int, long: float, lat: float) -> tuple[float, float]:
    """Column and row of a place, with the fraction of the tile."""
    x = (long + 180) / 360 * 2**zoom
    return x, (1 - math.asinh(math.tan(math.radians(lat))) / math.pi) / 2 * 2**zoom


def at(reader: Reader, zoom: int, long: float, lat: float) -> dict:
    """The layers of the tile that holds a place."""
    return mapbox_vector_tile.decode(gzip.decompress(reader.get(zoom, *map(int, tile_of(zoom, long, lat)))))


def covers(layer: dict, long: float, lat: float) -> bool:
    """Whether a shape of the layer lies over a place of the same tile of zoom 14."""
    x, y = tile_of(14, long, lat)
    place = Point(x % 1 * 4096, (1 - y % 1) * 4096)
    return any(shape(feature["geometry"]).contains(place) for feature in layer["features"])


def names(layer: dict) -> list[str]:
    return [feature["properties"].get("name") for feature in layer["features"]]


def test_every_zoom_has_tiles_and_the_header_tells_where(tiles):
    reader, path = tiles
    header = reader.header()
    assert (header["min_zoom"], header["max_zoom"]) == (ZOOMS[0], ZOOMS[-1])
    assert [header[f"{side}_e7"] / 1e7 for side in ("min_lon", "min_lat", "max_lon", "max_lat")] == pytest.approx(BBOX)
    assert path.stat().st_size < 60_000


def test_the_layers_are_where_they_are_in_the_city(tiles):
    reader, _ = tiles
    assert covers(at(reader, 14, -70.88, 43.65)["areas"], -70.88, 43.65)
    assert not covers(at(reader, 14, -70.865, 43.665)["areas"], -70.865, 43.665)  # the hole
    assert covers(at(reader, 14, -70.83, 43.71)["water"], -70.83, 43.71)
    assert "Long Road" in names(at(reader, 14, -70.861, 43.6693)["streets"])


def test_a_short_street_appears_only_from_near(tiles):
    assert "Short Lane" not in names(at(tiles[0], 11, -70.86, 43.61).get("streets", {"features": []}))
    assert "Short Lane" in names(at(tiles[0], 14, -70.86, 43.61)["streets"])


def test_each_name_is_written_once_however_many_tiles_its_shape_covers(tiles):
    reader, _ = tiles
    far = at(reader, 9, -70.86, 43.66)
    assert sorted(names(far["labels"])) == ["North", "Süd"]
    written = []
    for x in range(4960, 4985):
        for y in range(5970, 6000):
            if data := reader.get(14, x, y):
                written += names(mapbox_vector_tile.decode(gzip.decompress(data)).get("labels", {"features": []}))
    assert sorted(written) == ["Lake", "Long Road", "North", "Short Lane", "Süd"]


def test_the_same_city_gives_the_same_bytes(tmp_path):
    for name in ("one", "other"):
        write_basemap(AREAS, STREETS, WATER, BBOX, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_a_city_that_gives_no_layer_gets_no_file(tmp_path):
    assert write_basemap([], [], [], BBOX, tmp_path / "basemap.pmtiles") == 0
    assert not (tmp_path / "basemap.pmtiles").exists()


def test_streets_alone_are_enough(tmp_path):
    assert write_basemap([], STREETS, [], BBOX, tmp_path / "basemap.pmtiles") > 0


def test_a_feature_without_a_shape_is_passed_over(tmp_path):
    assert write_basemap([{"properties": {}, "geometry": None}, *AREAS], [], [], BBOX, tmp_path / "b.pmtiles") > 0


def test_outlines_keep_their_names_and_lie_within_ten_metres(tmp_path):
    assert write_areas(AREAS, tmp_path / "areas.geojson") == 2
    written = json.loads((tmp_path / "areas.geojson").read_text("utf-8"))
    for feature, area in zip(written["features"], AREAS, strict=True):
        assert feature["properties"] == area["properties"]
        assert shape(feature["geometry"]).hausdorff_distance(shape(area["geometry"])) < 0.0001


def test_a_shape_that_crosses_itself_or_only_touches_a_tile_is_drawn_all_the_same(tmp_path):
    bow = [[-70.9, 43.6], [-70.8, 43.7], [-70.8, 43.6], [-70.9, 43.7], [-70.9, 43.6]]
    spike = [
        [-70.9, 43.6],
        [-70.85, 43.6],
        [-70.85, 43.7],
        [-70.85, 43.6],
        [-70.8, 43.6],
        [-70.8, 43.65],
        [-70.9, 43.6],
    ]
    shapes = [
        {"properties": {"name": name}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
        for name, ring in (("Bow", bow), ("Spike", spike))
    ]
    on_a_border = square("Edge", -71.015625, 43.58068, 0.02197265625)
    path = tmp_path / "basemap.pmtiles"
    assert write_basemap([*shapes, on_a_border], [], [], BBOX, path) > 20
    with path.open("rb") as file:
        found = at(Reader(MmapSource(file)), 14, -70.81, 43.615)
    assert {"Bow", "Spike"} <= set(names(found["areas"]))
