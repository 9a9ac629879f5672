"""How easily a released row could be singled out: class sizes, prosecutor, journalist and marketer risk, l and t.

Terms are those of ARX. A class is the rows that share what is shown of kind, place and time. Prosecutor: the attacker
knows that the person is in the release, so the risk of a row is 1 / rows of its class. Journalist: he does not, so it is
1 / F, where F is the number of addresses in its area. Marketer: the mean of that. Fractions are exact.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from etl import database
from etl.privacy import population
from hub.policy import GRAINS, LEVELS
from hub.risks import RISKS

DATASET = "service_requests"
COLUMNS = "tier, service_group, service_name, place_id, place_level, requested_bucket, requested_grain"
SENSITIVE = {"duration_days": True, "on_time": False}  # shown in tier C: whether its values have an order
READ = pa.schema(
    [(name, pa.string()) for name in COLUMNS.split(", ")]
    + [(name, pa.int64() if is_ordered else pa.string()) for name, is_ordered in SENSITIVE.items()]
)
FINE = ("h3_8", "month")
AT_RISK = (5, 11)
DIGITS = 3  # of a mean over areas: more would tell of a single one
BLOCK = 2_000  # classes whose distributions are compared at the same time


@dataclass(frozen=True, slots=True)
class Facts:
    """What only the builder knows: per tier and area how many addresses it has at least; per tier the fewest locations in
    a class, the finer cells that a coarsened class may come from, and the rows withheld because too few are like them.

    `new_candidates`, `new_addresses`: the same of rows that no release showed before (addresses: in tier A).
    `population`: people who live in the city, if it says so."""

    addresses: dict[tuple[str, str], int] = field(default_factory=dict)
    locations: dict[str, int] = field(default_factory=dict)
    candidates: dict[str, int] = field(default_factory=dict)
    withheld: dict[str, int] = field(default_factory=dict)
    new_candidates: dict[str, int] = field(default_factory=dict)
    new_addresses: int | None = None
    population: int | None = None


def measure(path: Path, tiers: Iterable[str], facts: Facts) -> list[dict]:
    """The rows of `_privacy_risk` for a finished database."""
    rows = database.rows(path, READ)
    with duckdb.connect() as con:
        con.register("rows_", rows)
        con.execute(f"create table classes as select {COLUMNS}, count(*)::bigint as n from rows_ group by {COLUMNS}")
        return [line for tier in tiers for line in _tier(con, tier, facts)]


def _tier(con: duckdb.DuckDBPyConnection, tier: str, facts: Facts) -> Iterator[dict]:
    sizes = np.array(_column(con, "select n from classes where tier = ? order by n", tier), np.int64)
    rows = int(sizes.sum())
    exact = {"rows": rows, "classes": len(sizes), **of_sizes(sizes)}
    areas = con.execute("select place_id, sum(n)::bigint from classes where tier = ? group by 1", [tier]).fetchall()
    exact |= of_addresses([(facts.addresses.get((tier, place), 0), n) for place, n in areas])
    exact |= {"population_uniqueness": of_population(sizes, facts.population)}
    exact |= {"locations_min": facts.locations.get(tier), "candidate_cells": facts.candidates.get(tier)}
    if tier in facts.withheld:
        exact["withheld"] = share(facts.withheld[tier], rows + facts.withheld[tier])
    rungs = con.execute(
        "select place_level, requested_grain, sum(n)::bigint from classes where tier = ? group by 1, 2", [tier]
    ).fetchall()
    exact["fine"] = share(sum(n for *rung, n in rungs if _is_fine(*rung)), rows)
    for name, value in exact.items():
        yield line(tier, name, value, rows)
    for level, grain, n in sorted(rungs, key=lambda rung: (LEVELS.index(rung[0]), GRAINS.index(rung[1]))):
        told = f"Rows shown by {level} and {grain}, a rung of the ladder."
        yield line(tier, f"rung {level}/{grain}", share(n, rows), rows) | {"unit": "share", "meaning": told}
    if tier == "C":
        for name, is_ordered in SENSITIVE.items():
            classes, l_, t = _spread(con, tier, name, is_ordered)
            yield line(tier, f"l_{name}", l_, classes)
            yield line(tier, f"t_{name}", t, classes)


def _column(con: duckdb.DuckDBPyConnection, sql: str, *values) -> list:
    return [row[0] for row in con.execute(sql, list(values)).fetchall()]


def _is_fine(level: str, grain: str) -> bool:
    return LEVELS.index(level) <= LEVELS.index(FINE[0]) and GRAINS.index(grain) <= GRAINS.index(FINE[1])


def line(tier: str, name: str, value: Fraction | int | float | None, n: int) -> dict:
    exact = value if isinstance(value, Fraction | int) else None
    _, unit, meaning = RISKS.get(name, ("", "", ""))
    return {
        "dataset": DATASET,
        "tier": tier,
        "measure": name,
        "value": None if value is None else float(value),
        "numerator": None if exact is None else exact.numerator,
        "denominator": None if exact is None else exact.denominator,
        "unit": unit,
        "n": n,
        "meaning": meaning,
    }


def share(part: int, whole: int) -> Fraction | None:
    return Fraction(part, whole) if whole else None


def of_sizes(sizes: np.ndarray) -> dict[str, Fraction | int | None]:
    """From the sizes of all classes, in order: k and prosecutor risk."""
    rows, empty = int(sizes.sum()), not len(sizes)
    reached = np.cumsum(sizes)
    at = {name: None if empty else int(sizes[np.searchsorted(reached, part)]) for name, part in _ranks(rows)}
    return {
        **at,
        "uniques": int((sizes == 1).sum()),
        "prosecutor_risk_max": None if empty else Fraction(1, int(sizes[0])),
        "prosecutor_risk_mean": share(len(sizes), rows),
        **{f"at_risk_over_1_{k}": share(int(sizes[sizes < k].sum()), rows) for k in AT_RISK},
    }


def _ranks(rows: int) -> list[tuple[str, int]]:
    """The rank of the row at which a quantile over rows is read, from 1."""
    return [("k_min", 1), ("k_p5", max(1, -(-rows // 20))), ("k_median", max(1, -(-rows // 2)))]


def of_population(sizes: np.ndarray, people: int | None) -> float | None:
    """Population uniqueness, if every row is a resident's; without the number of people only where no row is unique."""
    if people is None and len(sizes) and sizes[0] == 1:
        return None
    return population.uniqueness(sizes, people or 0)


def of_addresses(areas: list[tuple[int, int]]) -> dict[str, Fraction | float | int | None]:
    """From (addresses, rows) of each area: journalist and marketer risk; nothing where an area's are not known."""
    known = areas and all(addresses for addresses, _ in areas)
    least = min(addresses for addresses, _ in areas) if known else None
    by_chance = sum((Fraction(n, addresses) for addresses, n in areas), Fraction()) if known else None
    rows = sum(n for _, n in areas)
    return {
        "addresses_min": least,
        "journalist_risk_max": Fraction(1, least) if least else None,
        "marketer_risk": round(float(by_chance / rows), DIGITS) if by_chance is not None else None,
    }


def _spread(
    con: duckdb.DuckDBPyConnection, tier: str, name: str, is_ordered: bool
) -> tuple[int, int | None, float | None]:
    """How many classes show an attribute, the smallest l and the largest t among them."""
    found = con.execute(
        f"""select dense_rank() over (order by service_group, place_id, requested_bucket, requested_grain) - 1,
        dense_rank() over (order by {name}) - 1, count(*) from rows_ where tier = ? and {name} is not null
        group by service_group, place_id, requested_bucket, requested_grain, {name}""",
        [tier],
    ).fetchnumpy()
    classes, values, counts = (np.asarray(column, np.int64) for column in found.values())
    if not len(classes):
        return 0, None, None
    l_ = int(np.bincount(classes).min())
    return int(classes.max()) + 1, l_, closeness(classes, values, counts, is_ordered)


def closeness(classes: np.ndarray, values: np.ndarray, counts: np.ndarray, is_ordered: bool) -> float:
    """t: the largest distance of a class's distribution from that of all rows; classes and values are numbered from 0.

    Between words every distance is 1; between ordered values it is steps / most steps."""
    kinds = int(values.max()) + 1
    if kinds < 2:
        return 0.0
    of_all = np.bincount(values, counts, kinds)
    of_all /= of_all.sum()
    order = np.argsort(classes, kind="stable")
    classes, values, counts = classes[order], values[order], counts[order]
    farthest = 0.0
    for first in range(0, int(classes.max()) + 1, BLOCK):
        a, b = np.searchsorted(classes, [first, first + BLOCK])
        block = np.zeros((int(classes[b - 1]) - first + 1, kinds))
        np.add.at(block, (classes[a:b] - first, values[a:b]), counts[a:b])
        apart = block / block.sum(axis=1, keepdims=True) - of_all
        steps = np.abs(np.cumsum(apart, axis=1)[:, :-1]).sum(axis=1) / (kinds - 1)
        distance = steps if is_ordered else np.abs(apart).sum(axis=1) / 2
        farthest = max(farthest, float(distance.max()))
    return farthest
