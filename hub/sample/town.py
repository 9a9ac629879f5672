"""The map of Larkhaven: nine wards that tile the land, a river through it and a harbour beside it.

The map is the same for every seed: stories, projects and the budget refer to it. Neighbouring wards share each stretch
of their border point by point; the banks of the river are borders, so that no ward holds water.
"""

import json
from functools import cache
from pathlib import Path

from hub.sample.dice import Dice
from hub.sample.geometry import Line, Point, area, beside, inside, long_lat, rough, smooth

RIVER_COURSE = [
    (-5.6, 1.5),
    (-4.5, 2.0),
    (-3.3, 1.75),
    (-2.5, 0.75),
    (-1.6, -0.35),
    (-0.5, -0.85),
    (0.45, -0.75),
    (1.2, -0.5),
]
RIVER_WIDTH = (0.035, 0.14)  # half of it, at the city limit and at the mouth
FORD = 44  # where on the river's course the inner and the outer wards meet

NODES = {
    "north_point": (3.75, 5.35),
    "cove": (2.95, 3.1),
    "pier": (1.75, 1.15),
    "north_limit": (0.75, 5.85),
    "orchard_limit": (-2.35, 5.0),
    "spring": (1.2, 3.2),
    "market": (0.5, 1.55),
    "quarry": (-1.35, 1.1),
    "crossroads": (-2.0, 2.75),
    "boatyard": (2.0, -1.55),
    "south_point": (0.95, -5.0),
    "common": (0.25, -2.35),
    "tannery": (-1.9, -2.0),
    "south_limit": (-3.2, -4.6),
}
# Each stretch of border or coast: from, to, the points it passes, and how ragged it is.
STRETCHES = {
    "lantern_coast": ("cove", "north_point", [(3.35, 3.7), (3.25, 4.3), (3.9, 4.75)], 0.24),
    "quay_coast": ("pier", "cove", [(2.15, 1.55), (2.1, 2.2), (2.65, 2.6)], 0.22),
    "inner_harbor": ("river_mouth_north", "pier", [(1.42, 0.1), (1.35, 0.55), (1.7, 0.75)], 0.12),
    "south_harbor": ("boatyard", "river_mouth_south", [(1.75, -1.15)], 0.14),
    "marsh_coast": (
        "south_point",
        "boatyard",
        [(1.9, -4.5), (3.1, -4.2), (3.65, -3.3), (3.2, -2.5), (2.55, -2.05)],
        0.24,
    ),
    "north_border": ("north_point", "north_limit", [(2.3, 5.75)], 0.09),
    "hill_border": ("north_limit", "orchard_limit", [(-0.8, 5.55)], 0.09),
    "orchard_border": ("orchard_limit", "river_limit_north", [(-4.1, 4.5), (-5.1, 3.2)], 0.1),
    "west_border": ("river_limit_south", "south_limit", [(-5.55, -0.4), (-5.0, -2.3), (-4.4, -3.6)], 0.1),
    "south_border": ("south_limit", "south_point", [(-1.0, -5.15)], 0.09),
    "pier_market": ("pier", "market", [], 0.1),
    "market_quarry": ("market", "quarry", [(-0.4, 1.5)], 0.1),
    "quarry_ford": ("quarry", "ford_north", [], 0.1),
    "market_spring": ("market", "spring", [], 0.14),
    "spring_cove": ("spring", "cove", [], 0.14),
    "spring_limit": ("spring", "north_limit", [], 0.12),
    "quarry_crossroads": ("quarry", "crossroads", [], 0.12),
    "crossroads_limit": ("crossroads", "orchard_limit", [], 0.12),
    "boatyard_common": ("boatyard", "common", [(1.2, -2.2)], 0.12),
    "common_tannery": ("common", "tannery", [], 0.12),
    "tannery_ford": ("tannery", "ford_south", [], 0.12),
    "common_south": ("common", "south_point", [], 0.13),
    "tannery_limit": ("tannery", "south_limit", [], 0.12),
}
# Ward: its border, stretch by stretch; a minus sign means against its direction.
WARDS = {
    "Harborside": "inner_harbor pier_market market_quarry quarry_ford lower_north_bank",
    "North Quay": "quay_coast -spring_cove -market_spring -pier_market",
    "Lantern Point": "lantern_coast north_border -spring_limit spring_cove",
    "Copper Hill": "market_spring spring_limit hill_border -crossroads_limit -quarry_crossroads -market_quarry",
    "Orchard Heights": "quarry_crossroads crossroads_limit orchard_border upper_north_bank -quarry_ford",
    "Southbank": "-south_harbor boatyard_common common_tannery tannery_ford lower_south_bank",
    "Marsh End": "marsh_coast boatyard_common common_south",
    "Millbrook": "common_tannery tannery_limit south_border -common_south",
    "Westfield": "upper_south_bank west_border -tannery_limit tannery_ford",
}
# The coast goes on beyond the city limit, so that a map of it does not end in the harbour.
OPEN_SEA = [(4.05, 6.25), (4.7, 8.2), (4.3, 10.1), (5.6, 13.0), (5.2, 16.0), (32.0, 16.0)]
OPEN_SEA += [(32.0, -15.0), (1.1, -15.0), (0.4, -12.2), (1.7, -9.6), (0.9, -7.3), (1.25, -5.8)]


@cache
def river() -> tuple[Line, Line]:
    """North and south bank, from the city limit to the mouth."""
    course = smooth(RIVER_COURSE)
    narrow, wide = RIVER_WIDTH
    half = [narrow + (wide - narrow) * (i / (len(course) - 1)) ** 2 for i in range(len(course))]
    return beside(course, half), beside(course, [-width for width in half])


@cache
def stretches() -> dict[str, Line]:
    """Every stretch of border, coast and bank as a line."""
    north, south = river()
    nodes = NODES | {
        "river_mouth_north": north[-1],
        "river_mouth_south": south[-1],
        "ford_north": north[FORD],
        "ford_south": south[FORD],
        "river_limit_north": north[0],
        "river_limit_south": south[0],
    }
    lines = {
        name: rough([nodes[start], *passing, nodes[end]], roughness, Dice(0, name), depth=4 if passing else 5)
        for name, (start, end, passing, roughness) in STRETCHES.items()
    }
    banks = {
        "upper_north_bank": north[: FORD + 1],
        "lower_north_bank": north[FORD:],
        "upper_south_bank": south[FORD::-1],
        "lower_south_bank": south[FORD:],
    }
    return lines | banks


@cache
def wards() -> dict[str, Line]:
    """Each ward's ring, turning left, without the closing point."""
    return {name: ring(border.split()) for name, border in WARDS.items()}


def ring(border: list[str]) -> Line:
    points: Line = []
    for name in border:
        line = stretches()[name.lstrip("-")]
        points += (line[::-1] if name.startswith("-") else line)[:-1]
    return points if area(points) > 0 else points[::-1]


@cache
def water() -> dict[str, Line]:
    """The river and the harbour, as rings that turn left."""
    north, south = river()
    coast = ["marsh_coast", "south_harbor"], ["inner_harbor", "quay_coast", "lantern_coast"]
    shore = [point for name in coast[0] for point in stretches()[name][:-1]]
    shore += [south[-1], *(point for name in coast[1] for point in stretches()[name])]
    rings = {"Lark River": north + south[::-1], "Larkhaven Harbor": [*shore, *OPEN_SEA]}
    return {name: points if area(points) > 0 else points[::-1] for name, points in rings.items()}


def ward_of(point: Point) -> str | None:
    return next((name for name, border in wards().items() if inside(point, border)), None)


def write_boundaries(path: Path) -> None:
    """GeoJSON: a feature per ward with `ward`, then the water with `kind: water` and `name` and no ward."""
    features = [_feature({"ward": name}, border) for name, border in wards().items()]
    features += [_feature({"kind": "water", "name": name}, border) for name, border in water().items()]
    write_features(path, features)


def _feature(properties: dict, border: Line) -> dict:
    corners = long_lat(border)
    return {
        "type": "Feature",
        "properties": properties,
        "geometry": {"type": "Polygon", "coordinates": [[*corners, corners[0]]]},
    }


def write_features(path: Path, features: list[dict]) -> None:
    lines = ",\n".join(json.dumps(feature, separators=(",", ":"), ensure_ascii=False) for feature in features)
    path.write_text(f'{{"type":"FeatureCollection","features":[\n{lines}\n]}}\n', "utf-8")
