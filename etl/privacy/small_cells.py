"""The ladder: each row takes the first rung on which enough rows at enough places are like it.

A rung is (level of place, grain of time). A class passes by the rows that enter it now: at least k of them at k
distinct locations. So no later release adds 1..k-1 rows to a class, and every released class holds k rows by itself.
Rows that fall (their class lost rows) may join a coarser class that is there already: nothing new is told of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import narwhals as nw
from narwhals import col, lit

from hub.policy import GRAINS, LEVELS

CLASS = ("group_no", "place_no", "bucket")
CLIMBS = ("id", "group_no", "location", "rung", *(f"place_{level}" for level in LEVELS))
CLIMBS += tuple(f"{part}_{grain}" for grain in GRAINS for part in ("bucket", "end"))


@dataclass(frozen=True, slots=True)
class Rule:
    """When a class may be released: k rows at k locations, or (tier A) places with so many addresses.

    `catchments`: per level, distinct locations ever reported per place; only for tier A."""

    closed_until: int
    k: int = 0
    addresses: int = 0
    catchments: dict[str, nw.LazyFrame] | None = None


def climb(
    frame: nw.LazyFrame, engine, rungs, rule: Rule, held: nw.LazyFrame | None = None
) -> Iterator[tuple[str, nw.LazyFrame]]:
    """Yield ('released', rows that a rung takes), ('waiting', …) and at last ('withheld', rows that no rung takes).

    `frame` has the columns CLIMBS: `rung` is the highest rung that a row may no longer take, -1 for a new row. `held`
    are rows that stay where they are released and may be joined. Buckets that end by `rule.closed_until` are closed."""
    frame = engine.keep(frame.select(*CLIMBS))
    for index, (level, grain) in enumerate(rungs):
        if not engine.has_rows(frame):
            return
        tried = _at(frame, level, grain).with_columns(able=~col("place_no").is_null() & (col("rung") < index))
        entering = tried.filter(col("able"), col("bucket_end") <= rule.closed_until)
        if rule.addresses:
            large = rule.catchments[level].filter(col("catchment") >= rule.addresses)
            passing = entering.join(large, on=f"place_{level}", how="inner")
        else:
            passing = _in_large_classes(entering, _held_at(held, level, grain), rule.k)
        passing = engine.keep(passing.select("id", *CLASS, "bucket_end"))
        waiting = engine.keep(tried.filter(col("able"), col("bucket_end") > rule.closed_until).select("id"))
        yield "released", passing.with_columns(place_level=lit(level), requested_grain=lit(grain))
        yield "waiting", waiting
        gone = nw.concat([passing.select("id"), waiting])
        frame = engine.keep(frame.join(gone, on="id", how="anti"))
    yield "withheld", frame


def _at(frame: nw.LazyFrame, level: str, grain: str) -> nw.LazyFrame:
    return frame.with_columns(
        place_no=col(f"place_{level}"), bucket=col(f"bucket_{grain}"), bucket_end=col(f"end_{grain}")
    )


def _held_at(held: nw.LazyFrame | None, level: str, grain: str) -> list[nw.LazyFrame]:
    """The held rows that are released on this very rung."""
    return [] if held is None else [held.filter(col("place_level") == level, col("requested_grain") == grain)]


def _in_large_classes(entering: nw.LazyFrame, held: list[nw.LazyFrame], k: int) -> nw.LazyFrame:
    counted = nw.concat([rows.select(*CLASS, "location") for rows in (entering, *held)])
    sizes = class_sizes(counted, list(CLASS))
    large = sizes.filter(col("rows") >= k, col("locations") >= k).select(*CLASS)
    return entering.join(large, on=list(CLASS), how="inner")


def class_sizes(frame: nw.LazyFrame, of_class: list[str]) -> nw.LazyFrame:
    """Per class its `rows` and its distinct `locations`; rows without a location count as rows only."""
    nowhere = col("location").is_null().cast(nw.Int64).max()
    return frame.group_by(*of_class).agg(rows=nw.len(), locations=col("location").n_unique() - nowhere)
