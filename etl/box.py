"""Where a city lies, as the places of a page of its rows tell: so that nobody has to look up its box in degrees."""

import math

import numpy as np
import pyarrow as pa

from etl import canonical
from etl.sources.page import plain
from hub.datasets import DATASETS
from hub.source import Source

Box = tuple[float, float, float, float]  # west, south, east, north in degrees
REACH = 1.25  # degrees on each side of the middle that a city may have; what lies beyond is a mistake
EDGES = (1, 99)  # percentiles: what lies beyond them widens no box
SPACE, LEAST = 0.25, 0.05  # around them, for what the page does not show: a share of their distance, degrees
ENOUGH = 0.5  # share of the places that lie near their middle; fewer are no city's


NOWHERE = np.empty((0, 2))


def places_of(rows: pa.Table, source: Source) -> np.ndarray:
    """(long, lat) of each row that has both and is not the point 0, 0 by which systems say that they do not know."""
    aliases, here = canonical.aliases(source, DATASETS[source.dataset]), {plain(n): n for n in rows.column_names}
    names = [next((here[plain(a)] for a in aliases.get(axis, ()) if plain(a) in here), "") for axis in ("long", "lat")]
    if not all(names):
        return NOWHERE
    found = np.array([[_degrees(v) for v in rows[name].to_pylist()] for name in names], float).reshape(2, -1).T
    known = (np.abs(found) <= (180, 90)).all(axis=1) & (np.abs(found) > LEAST).any(axis=1)
    return found[known]


def _degrees(value: str | None) -> float:
    try:
        return float(value or "nan")
    except ValueError:
        return math.nan


def box_of(places: np.ndarray) -> Box | None:
    """The box in which most places lie, with some space around it; None if they lie in no city's."""
    if not len(places):
        return None
    near = places[(np.abs(places - np.median(places, axis=0)) <= REACH).all(axis=1)]
    if len(near) < ENOUGH * len(places):
        return None
    low, high = np.percentile(near, EDGES, axis=0)
    around = np.maximum(SPACE * (high - low), LEAST)
    (west, south), (east, north) = np.floor((low - around) * 100) / 100, np.ceil((high + around) * 100) / 100
    return tuple(
        round(float(degree), 2) for degree in (max(west, -180), max(south, -90), min(east, 180), min(north, 90))
    )


def inside(places: np.ndarray, box: Box) -> int:
    """How many places lie in a box."""
    return int(((places >= box[:2]) & (places <= box[2:])).all(axis=1).sum())
