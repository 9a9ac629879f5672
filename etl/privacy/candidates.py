"""Minimality: a row shown in a wide area tells that a smaller one held too few. How many smaller ones could be meant?

A class on a rung of the ladder may come from any cell of the rung before it: a smaller area of the same place in which
somebody ever reported something, in a shorter period of the same bucket. Two or more must be possible.
"""

from collections import defaultdict
from functools import cache

import narwhals as nw
from narwhals import col

from etl.privacy import time
from hub.policy import LEVELS

CLASS = ("tier", "place_level", "requested_grain", "place_no", "bucket")
ENOUGH = 2
Places = list[tuple[int | None, ...]]  # per location the areas that hold it, in the order of LEVELS


def places(received: nw.LazyFrame, engine) -> Places:
    """Every combination of areas in which somebody ever reported something."""
    known = received.filter(~col("location").is_null()).select(*(f"place_{level}" for level in LEVELS)).unique()
    return [*zip(*engine.arrow(known).to_pydict().values(), strict=True)]


def fewest(rows: nw.LazyFrame, known: Places, ladders: dict, engine) -> dict[str, int]:
    """Per tier, the smallest number of finer cells from which a class of `rows` may come, ENOUGH if it is more: which cells
    there are is known from rows that are not shown, too. No tier without such a class."""
    classes = engine.arrow(rows.filter(col("tier").is_in([*ladders])).select(*CLASS).unique()).to_pydict().values()
    used = {level for at, level in enumerate(LEVELS) if any(areas[at] is not None for areas in known)}
    found: dict[str, int] = {}
    inside: dict[tuple[str, str], dict[int, int]] = {}
    for tier, level, grain, place, bucket in zip(*classes, strict=True):
        if before := _before(ladders[tier], (level, grain), used):
            pair = level, before[0]
            inside[pair] = inside.get(pair) or _areas_inside(known, *pair)
            possible = inside[pair].get(place, 1) * _periods(bucket, grain, before[1])
            found[tier] = min(possible, found.get(tier, ENOUGH))
    return found


def _before(rungs, rung: tuple[str, str], used: set[str]) -> tuple[str, str] | None:
    """The rung that rows had to fail before they took this one; a level that this city does not have is none."""
    finer = rungs[: rungs.index(rung)] if rung in rungs else rungs
    return next((before for before in reversed(finer) if before[0] in used), None)


def _areas_inside(known: Places, level: str, finer: str) -> dict[int, int]:
    wide, narrow = LEVELS.index(level), LEVELS.index(finer)
    found: dict[int, set[int]] = defaultdict(set)
    for areas in known:
        if areas[wide] is not None and areas[narrow] is not None:
            found[areas[wide]].add(areas[narrow])
    return {place: len(areas) for place, areas in found.items()}


@cache
def _periods(first: int, grain: str, shorter: str) -> int:
    """How many periods of one length begin in a bucket of another, or are cut by its start."""
    _, end = time.bucket(time.day_of(first), grain)
    return len({time.bucket(time.day_of(day), shorter)[0] for day in range(first, time.number(end))})
