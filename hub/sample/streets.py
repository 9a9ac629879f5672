"""The streets of Larkhaven and the addresses along them; the same for every seed."""

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hub.sample.dice import Dice
from hub.sample.geometry import Line, lat_long, length, long_lat, rough, smooth, walk, well_inside
from hub.sample.town import ward_of, wards, write_features

# Roads that lead through several wards: name and the points they pass.
MAIN = {
    "Lantern Road": [(0.1, 0.2), (0.95, 1.05), (1.6, 1.9), (2.0, 2.75), (2.6, 3.8), (2.7, 4.6), (3.3, 5.2)],
    "Quarry Road": [(-0.1, 0.2), (-0.15, 1.2), (-0.5, 2.3), (-0.35, 3.6), (-0.8, 5.4)],
    "Orchard Road": [(-0.2, 0.1), (-1.1, 0.7), (-2.1, 1.8), (-3.3, 2.8), (-4.6, 3.5)],
    "River Road": [(-0.3, -0.45), (-1.35, -0.15), (-2.0, 0.6), (-2.75, 1.6), (-3.6, 2.2), (-4.7, 2.35)],
    "Bridge Street": [(0.0, 0.1), (-0.1, -0.5), (-0.15, -1.15), (0.05, -2.1), (-0.3, -3.4), (-0.2, -4.85)],
    "Tannery Road": [(-0.15, -1.15), (-1.2, -1.55), (-2.3, -2.3), (-2.75, -3.4), (-2.9, -4.5)],
    "West Street": [(-0.15, -1.15), (-1.5, -1.05), (-2.7, -0.7), (-4.1, -0.65), (-5.4, -0.5)],
    "Westfield Road": [(-1.8, 0.2), (-2.45, -0.1), (-3.4, 0.5), (-4.3, 0.75), (-5.4, 0.85)],
    "Marsh Road": [(0.0, -1.3), (0.95, -1.75), (1.65, -2.3), (2.3, -3.0), (2.85, -3.5)],
    "Harbor Street": [(0.95, -0.35), (1.15, 0.2), (1.15, 0.7), (1.45, 1.0), (1.85, 1.5), (1.85, 2.2), (2.3, 2.65)],
    "Beacon Avenue": [(2.4, 3.2), (1.2, 2.6), (0.1, 2.6), (-1.1, 2.2), (-2.1, 1.3), (-2.35, 0.95)],
    "Ropewalk Avenue": [
        (1.5, -1.35),
        (0.6, -1.6),
        (-0.6, -1.75),
        (-1.6, -1.75),
        (-2.9, -1.6),
        (-3.6, -0.65),
        (-3.5, 0.6),
    ],
    "Common Road": [(2.4, -3.1), (1.3, -3.3), (0.2, -3.05), (-1.1, -3.35), (-2.6, -3.1), (-4.3, -2.3)],
    "Summit Avenue": [(2.9, 4.5), (1.7, 4.3), (0.3, 4.25), (-1.2, 4.3), (-2.3, 4.05), (-3.6, 3.9)],
}
# Each ward's lattice: the angle of its long streets in degrees, the distance between streets in map units,
# how much they bend, and the names of its streets along and across.
LATTICE = {
    "Harborside": (
        14, 0.225, 0.03,
        "Meetinghouse Compass Chandler Assembly Customhouse Printer Exchange Sailmaker Lyceum Granite",
        "Wharf Anchor Cooper Ferry Candle Market Temple Guild Pearl Archive Spruce",
    ),
    "North Quay": (
        52, 0.32, 0.05,
        "Caulker Mast Spar Halyard Keel Rudder Tiller",
        "Pilot Oar Windlass Bowline Cutter Ketch Schooner",
    ),
    "Lantern Point": (
        70, 0.42, 0.08,
        "Lighthouse Gull Tern Plover Bayberry Foghorn",
        "Beachrose Sandpiper Petrel Shearwater Seaglass Cormorant Driftwood",
    ),
    "Copper Hill": (
        84, 0.46, 0.07,
        "Smelter Assay Furnace Ingot Patina Foundry",
        "Miner Hammer Bellows Lodestone Crucible Verdigris Slate Bellwether Chapel Ore Tinker",
    ),
    "Orchard Heights": (
        -38, 0.55, 0.08,
        "Russet Pippin Baldwin Gravenstein Cider Blossom Quince",
        "Medlar Damson Arbor Cherry Hazel Mulberry Walnut Trellis",
    ),
    "Southbank": (
        -8, 0.3, 0.04,
        "Loom Shuttle Spindle Bobbin Worsted",
        "Weaver Dyer Fuller Carder Flax Linen Calico Indigo Madder Selvage Tenter",
    ),
    "Marsh End": (
        -52, 0.43, 0.08,
        "Heron Bittern Cattail Saltgrass Eelgrass Samphire",
        "Sedge Tideway Mallow Rail Willet Egret Creek",
    ),
    "Millbrook": (
        -76, 0.47, 0.06,
        "Millrace Sluice Miller Gristmill Barley Winnow",
        "Flume Rye Buckwheat Oat Clover Sheaf Thresher",
    ),
    "Westfield": (
        22, 0.58, 0.09,
        "Meadow Alder Aspen Birch Larch Tamarack Hemlock Juniper",
        "Fernbrook Foxglove Lupine Aster Yarrow Goldenrod Bramble Thistle",
    ),
}  # fmt: skip
ALONG = ("Street", "Street", "Avenue", "Street", "Drive")
ACROSS = ("Street", "Lane", "Avenue", "Place", "Street")
ZIPS = {"Harborside": "00411", "North Quay": "00411", "Southbank": "00412", "Marsh End": "00412",
        "Lantern Point": "00413", "Copper Hill": "00413", "Orchard Heights": "00414", "Westfield": "00414",
        "Millbrook": "00415"}  # fmt: skip
SHORTEST = 0.35  # map units, as what follows
GRAIN = 0.06  # between the points of a street
MARGIN = 0.035  # between the end of a street and the border of its ward
FADE = 3.5  # from city hall to where homes are about a third as dense; beyond, hardly anybody lives
BIG_BUILDINGS = 0.035  # share of addresses that are apartment buildings
SETBACK = 0.013
GEOCODED = 4  # decimals of a degree, as this city's geocoder gives them


@dataclass(frozen=True, slots=True)
class Street:
    """A street; `ward` is None where it leads through several."""

    name: str
    line: Line
    ward: str | None = None


@dataclass(frozen=True, slots=True)
class Address:
    """A house. `homes` is how many households live in it, `weight` how often something is reported there."""

    number: int
    text: str
    ward: str
    zip_code: str
    lat: float
    long: float
    homes: int
    weight: float


@cache
def streets() -> tuple[Street, ...]:
    main = [Street(name, rough(smooth(points, 6), 0.03, Dice(0, name), 1)) for name, points in MAIN.items()]
    return (*main, *(street for ward in LATTICE for street in lattice(ward)))


def lattice(ward: str) -> list[Street]:
    """A ward's own streets: two families of slightly bent lines, cut to the ward."""
    angle, gap, bend, along, across = LATTICE[ward]
    dice = Dice(0, ward)
    return [
        Street(f"{name} {kinds[i % 5]}", line, ward)
        for names, kinds, turn in ((along, ALONG, 0), (across, ACROSS, 90))
        for i, (name, line) in enumerate(
            zip(names.split(), _family(wards()[ward], math.radians(angle + turn), gap, bend, dice), strict=False)
        )
    ]


def _family(ring: Line, angle: float, gap: float, bend: float, dice: Dice) -> list[Line]:
    """Parallel lines through the ring, the longest first."""
    ux, uy = math.cos(angle), math.sin(angle)
    cx, cy = (sum(p[i] for p in ring) / len(ring) for i in (0, 1))
    reach = max(math.dist((cx, cy), point) for point in ring)
    found = []
    for row in range(-int(reach / gap), int(reach / gap) + 1):
        offset, phase, wave = gap * (row + dice.between(-0.13, 0.13)), dice.between(0, 6.3), dice.between(0.5, 0.9)
        line = []
        for step in range(-int(reach / GRAIN), int(reach / GRAIN) + 1):
            t = step * GRAIN
            side = offset + bend * math.sin(t / wave + phase)
            line.append((cx + t * ux - side * uy, cy + t * uy + side * ux))
        found += [_trim(run, dice) for run in _runs(line, ring)]
    return sorted((line for line in found if length(line) >= SHORTEST), key=length, reverse=True)


def _runs(line: Line, ring: Line) -> list[Line]:
    """The stretches of a line that lie well inside a ring."""
    runs: list[Line] = [[]]
    for point in line:
        if well_inside(point, ring, MARGIN):
            runs[-1].append(point)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if len(run) > 1]


def _trim(line: Line, dice: Dice) -> Line:
    """Some streets end before the ward does."""
    cut = [int(len(line) * dice.between(0.05, 0.3)) if dice.chance(0.3) else 0 for _ in "ab"]
    return line[cut[0] : len(line) - cut[1]]


@cache
def addresses() -> tuple[Address, ...]:
    """Every address, street by street: close together in the centre, far apart at the edge."""
    return tuple(address for street in streets() for address in _along(street, 1.0, GEOCODED))


def _along(street: Street, closeness: float, decimals: int) -> list[Address]:
    dice, found = Dice(0, f"addresses of {street.name}"), []
    for (x, y), (dx, dy) in walk(street.line, _steps(street, closeness)):
        side = 1 if len(found) % 2 else -1
        point = (x - side * SETBACK * dy, y + side * SETBACK * dx)
        ward = street.ward or ward_of(point)
        number = (found[-1].number if found else 0) + dice.whole(1, 3) * 2 - 1
        big = dice.chance(BIG_BUILDINGS * (2 if math.hypot(*point) < FADE else 1))
        homes = dice.whole(8, 40) if big else dice.pick((1, 1, 1, 2, 3))
        if ward:
            lat, long = (round(degrees, decimals) for degrees in lat_long(point))
            weight = homes**0.75 * dice.lognormal(1, 0.75)
            found.append(Address(number, f"{number} {street.name}", ward, ZIPS[ward], lat, long, homes, weight))
    return found


def _steps(street: Street, closeness: float) -> list[float]:
    """Distances along a street at which houses stand."""
    points, total, at, steps = (
        walk(street.line, [i * 0.05 for i in range(int(length(street.line) / 0.05))]),
        length(street.line),
        0.02,
        [],
    )
    while at < total:
        steps.append(at)
        (x, y), _ = points[min(len(points) - 1, int(at / 0.05))]
        at += 0.02 * math.exp((math.hypot(x, y) / FADE) ** 2) / closeness
    return steps


def write_streets(path: Path) -> None:
    write_features(
        path,
        [
            {
                "type": "Feature",
                "properties": {"street": street.name},
                "geometry": {"type": "LineString", "coordinates": long_lat(_drawn(street.line))},
            }
            for street in streets()
        ],
    )


def _drawn(line: Line) -> Line:
    """Every third point of a line and its end: enough for a map."""
    return [*line[:-1:3], line[-1]]


def dense_addresses(closeness: float) -> tuple[Address, ...]:
    """The same streets with `closeness` times as many houses, told to the metre, for files much larger than the sample."""
    return tuple(address for street in streets() for address in _along(street, closeness, 5))
