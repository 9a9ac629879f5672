"""Plane geometry of the made-up city: points are map units east and north of its city hall."""

import math
from itertools import pairwise

from hub.sample.dice import Dice

Point = tuple[float, float]
Line = list[Point]

CITY_HALL = (43.66, -70.86)
UNIT = 0.4  # kilometres, which gives 96,000 people twelve square kilometres of land
UNITS_PER_LAT = 111.13 / UNIT
UNITS_PER_LONG = 80.55 / UNIT  # at 43.66 degrees north


def lat_long(point: Point) -> tuple[float, float]:
    """Degrees to five decimals, which is about a metre."""
    return round(CITY_HALL[0] + point[1] / UNITS_PER_LAT, 5), round(CITY_HALL[1] + point[0] / UNITS_PER_LONG, 5)


def long_lat(line: Line) -> list[list[float]]:
    """A line as GeoJSON coordinates."""
    return [[long, lat] for lat, long in map(lat_long, line)]


def rough(points: Line, roughness: float, dice: Dice, depth: int = 4) -> Line:
    """The line through `points`, each stretch broken again and again a little to one side."""
    for _ in range(depth):
        finer = points[:1]
        for (x1, y1), (x2, y2) in pairwise(points):
            shift = roughness * dice.between(-1, 1)
            finer += [((x1 + x2) / 2 - shift * (y2 - y1), (y1 + y2) / 2 + shift * (x2 - x1)), (x2, y2)]
        points = finer
    return points


def smooth(points: Line, steps: int = 10) -> Line:
    """A Catmull-Rom curve through `points`."""
    padded = [points[0], *points, points[-1]]
    curve = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        curve += [tuple(_spline(a[i], b[i], c[i], d[i], step / steps) for i in (0, 1)) for step in range(steps)]
    return [*curve, points[-1]]


def _spline(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t**3)


def beside(line: Line, distances: list[float]) -> Line:
    """The line moved to its left by one distance per point (to its right where negative)."""
    moved = []
    for i, (x, y) in enumerate(line):
        (x1, y1), (x2, y2) = line[max(0, i - 1)], line[min(len(line) - 1, i + 1)]
        long = math.hypot(x2 - x1, y2 - y1)
        moved.append((x - distances[i] * (y2 - y1) / long, y + distances[i] * (x2 - x1) / long))
    return moved


def inside(point: Point, ring: Line) -> bool:
    """Whether a ring encloses a point (even-odd rule)."""
    x, y = point
    odd = False
    (x1, y1) = ring[-1]
    for x2, y2 in ring:
        if (y1 > y) != (y2 > y) and x < (x2 - x1) * (y - y1) / (y2 - y1) + x1:
            odd = not odd
        x1, y1 = x2, y2
    return odd


def well_inside(point: Point, ring: Line, margin: float) -> bool:
    x, y = point
    return all(inside((x + dx, y + dy), ring) for dx, dy in ((margin, 0), (-margin, 0), (0, margin), (0, -margin)))


def area(ring: Line) -> float:
    """Signed area; positive where the ring turns left."""
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True)) / 2


def length(line: Line) -> float:
    return sum(math.dist(a, b) for a, b in pairwise(line))


def walk(line: Line, steps: list[float]) -> list[tuple[Point, Point]]:
    """Points at the given distances along a line (ascending), each with the unit direction of the line there."""
    found, passed, wanted = [], 0.0, iter(steps)
    step = next(wanted, None)
    for (x1, y1), (x2, y2) in pairwise(line):
        stretch = math.dist((x1, y1), (x2, y2))
        while step is not None and stretch and step <= passed + stretch:
            t, way = (step - passed) / stretch, ((x2 - x1) / stretch, (y2 - y1) / stretch)
            found.append(((x1 + t * (x2 - x1), y1 + t * (y2 - y1)), way))
            step = next(wanted, None)
        passed += stretch
    return found
