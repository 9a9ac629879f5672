"""The city's own outlines, streets and water as one small PMTiles file, so that a map needs nobody else's server.

Features are GeoJSON-like: {"geometry": {...}, "properties": {"name": ...}}, in degrees (WGS84).
"""

import gzip
import json
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

import mapbox_vector_tile
import numpy as np
import shapely
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import write
from shapely.geometry import mapping, shape

ZOOMS = range(8, 15)
WIDE = 12  # up to this zoom a window shows more than the city
HALF = math.pi * 6378137  # half the side of the Mercator square, metres
EXTENT = 4096  # units of a tile's side
BUFFER = 64  # units drawn beyond it, so that no seam shows
SCREEN = 256  # pixels of a tile's side
LONG_ENOUGH = 60  # pixels: a street shorter than this on screen is left out
LABEL_FROM = {"area": 9, "water": 11, "street": 14}
AREA_TOLERANCE = 0.00005  # degrees, about 5 m
Drawn = tuple[dict, shapely.Geometry]  # properties, Mercator geometry


def write_basemap(areas: list[dict], streets: list[dict], water: list[dict], bbox, path: Path) -> int:
    """Write the tiles of `bbox` (west, south, east, north) for zoom 8 to 14. Returns how many there are.

    A city that gives no layer at all gets no file and 0."""
    layers = {"areas": _drawn(areas), "water": _drawn(water), "streets": _drawn(streets)}
    layers["labels"] = [
        *_labels("area", layers["areas"]),
        *_labels("water", layers["water"]),
        *_labels("street", layers["streets"]),
    ]
    tiles = {(z, x, y): data for z in ZOOMS for x, y, data in _tiles(layers, bbox, z)}
    if not tiles:
        return 0
    with write(str(path)) as out:
        for zxy in sorted(tiles, key=lambda key: zxy_to_tileid(*key)):
            out.write_tile(zxy_to_tileid(*zxy), tiles[zxy])
        out.finalize(
            _header(bbox), {"name": "basemap", "vector_layers": [{"id": name, "fields": {}} for name in layers]}
        )
    return len(tiles)


def write_areas(areas: list[dict], path: Path) -> int:
    """Write the outlines that maps draw neighbourhoods from, to about 5 metres. Returns how many there are."""
    features = [
        {
            "type": "Feature",
            "properties": {"name": (area.get("properties") or {}).get("name")},
            "geometry": mapping(shapely.set_precision(shape(area["geometry"]).simplify(AREA_TOLERANCE), 0.00001)),
        }
        for area in areas
        if area.get("geometry")
    ]
    path.write_text(
        json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False, separators=(",", ":")),
        "utf-8",
    )
    return len(features)


def _drawn(features: list[dict]) -> list[Drawn]:
    """Properties and Mercator geometry of what can be drawn."""
    found = []
    for feature in features:
        geometry = shape(feature["geometry"]) if feature.get("geometry") else None
        if geometry is not None and not geometry.is_empty:
            name = (feature.get("properties") or {}).get("name")
            flat = shapely.transform(geometry, _mercator)
            mended = _of_kind(shapely.make_valid(flat), shapely.get_dimensions(flat))
            found.append(({"name": str(name)} if name else {}, mended))
    return found


def _mercator(degrees: np.ndarray) -> np.ndarray:
    east = degrees[:, 0] / 180 * HALF
    north = np.log(np.tan(np.radians(90 + np.clip(degrees[:, 1], -85, 85)) / 2)) / math.pi * HALF
    return np.stack([east, north], axis=1)


def _labels(kind: str, drawn: list[Drawn]) -> Iterator[Drawn]:
    """One point for each name: labelling the pieces themselves would print a name once per tile."""
    by_name = defaultdict(list)
    for properties, geometry in drawn:
        if "name" in properties:
            by_name[properties["name"]].append(geometry)
    for name, pieces in sorted(by_name.items()):
        largest = max(pieces, key=lambda piece: (piece.area, piece.length))
        is_line = largest.area == 0
        point = (
            largest.interpolate(0.5, normalized=True)
            if largest.geom_type == "LineString"
            else largest.representative_point()
        )
        yield {"name": name, "kind": kind, "is_line": is_line}, point


def _tiles(layers: dict[str, list], bbox, zoom: int) -> Iterator[tuple[int, int, bytes]]:
    side = 2 * HALF / 2**zoom
    unit = side / EXTENT
    shown = {name: _at_zoom(name, drawn, zoom, unit) for name, drawn in layers.items()}
    trees = {name: shapely.STRtree([geometry for _, geometry in features]) for name, features in shown.items()}
    for x, y in _cover(bbox, zoom):
        corner = np.array([x * side - HALF, HALF - (y + 1) * side])  # south-west
        low, high = corner - BUFFER * unit, corner + side + BUFFER * unit
        window = shapely.box(*low, *high)
        clipped = {name: [*_clipped(shown[name], trees[name].query(window), window)] for name in layers}
        encoded = [
            {"name": name, "features": [*_in_tile(features, corner, unit)]}
            for name, features in clipped.items()
            if features
        ]
        if encoded:
            yield x, y, gzip.compress(mapbox_vector_tile.encode(encoded), mtime=0)


def _at_zoom(name: str, drawn: list, zoom: int, unit: float) -> list[Drawn]:
    if name == "labels":
        return [feature for feature in drawn if zoom >= LABEL_FROM[feature[0]["kind"]]]
    if name == "streets":
        lengths = defaultdict(float)
        for properties, geometry in drawn:
            lengths[properties.get("name")] += geometry.length
        least = LONG_ENOUGH * unit * EXTENT / SCREEN if zoom < ZOOMS[-1] else 0
        drawn = [feature for feature in drawn if lengths[feature[0].get("name")] >= least]
    return [(properties, geometry.simplify(2 * unit)) for properties, geometry in drawn]


def _clipped(features: list[Drawn], hits: Iterable[int], window: shapely.Geometry) -> Iterator[Drawn]:
    for hit in sorted(hits):
        properties, geometry = features[hit]
        piece = _of_kind(geometry.intersection(window), shapely.get_dimensions(geometry))
        if not piece.is_empty:
            yield properties, piece


def _of_kind(geometry: shapely.Geometry, dimension: int) -> shapely.Geometry:
    """Without the points and lines that cutting or mending leaves beside a shape."""
    if geometry.geom_type != "GeometryCollection":
        return geometry
    parts = shapely.get_parts(shapely.get_parts(geometry))
    return shapely.union_all(parts[shapely.get_dimensions(parts) == dimension])


def _in_tile(features: list, corner: np.ndarray, unit: float) -> Iterator[dict]:
    """Pieces in whole units from the tile's south-west corner."""
    for properties, piece in features:
        yield {
            "geometry": shapely.transform(piece, lambda at: np.round((at - corner) / unit)),
            "properties": properties,
        }


def _cover(bbox, zoom: int) -> Iterator[tuple[int, int]]:
    """The tiles of the city, and far out one more on every side: a wide window shows them."""
    around = 1 if zoom <= WIDE else 0
    (west, south), (east, north) = _mercator(np.array([[bbox[0], bbox[1]], [bbox[2], bbox[3]]]))
    side = 2 * HALF / 2**zoom
    for x in range(int((west + HALF) // side) - around, int((east + HALF) // side) + 1 + around):
        for y in range(int((HALF - north) // side) - around, int((HALF - south) // side) + 1 + around):
            yield x, y


def _header(bbox) -> dict:
    west, south, east, north = (round(degree * 10_000_000) for degree in bbox)
    return {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": west,
        "min_lat_e7": south,
        "max_lon_e7": east,
        "max_lat_e7": north,
        "center_zoom": 11,
        "center_lon_e7": (west + east) // 2,
        "center_lat_e7": (south + north) // 2,
    }
