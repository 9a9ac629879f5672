"""Everything received, counted: what is in no row is at least in a number, or its number is said to be hidden.

A line is what is released plus what was not. The first is a function of the rows of this very release; the second is all
that the table adds to them, so rows compared with the table give exactly it: 0, k or more, or hidden.
What is in no row is counted once, when every week that began in the period has ended and the last rung of its tier's
ladder has been tried, and is kept in the vault: no later release has another number for it, so there is no difference to
look at. The rows are counted anew each time: one that is gone would stand between its count and its row.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby, product

import narwhals as nw
import numpy as np
import pyarrow as pa
from narwhals import col, lit

from etl.anonymize import Anonymized
from etl.generalise import Context
from etl.privacy import time
from etl.privacy.place import area_id, name_number
from etl.privacy.small_cells import class_sizes
from etl.privacy.suppression import hide
from etl.vault import Vault
from hub.datasets.about_release import FEW, FEW_IN_ALL, RECEIVED
from hub.policy import GRAINS

WHOLE = None  # all groups, or all districts, together
NOWHERE = "Unlocated"
WITHHELD = "X"
LEDGER = "received_ledger"
EITHER = ("service_group", "district")
MARGINS = (EITHER, EITHER[:1], EITHER[1:], ())
Sizes = dict[tuple, tuple[int, int]]  # (tier, period, group, district) -> rows, distinct locations


@dataclass(frozen=True, slots=True)
class Counted:
    """All lines of the table, and those that this release adds."""

    lines: list[dict]
    new: list[dict]


def count(vault: Vault, done: Anonymized, at: Context) -> Counted:
    """What was told before stays, beside the rows as they are now; every period that has ended since is added."""
    names = ", ".join(RECEIVED.names)
    told = vault.rows(f"select {names} from {LEDGER} order by tier, period, service_group, district")
    before = [dict(zip(RECEIVED.names, line, strict=True)) for line in told]
    released = {"": _sizes(_released(done, at))}  # by the grains of today, and by others in which periods were told
    released |= {
        g: _sizes(_released(done, at, g)) for g in {x["grain"] for x in before if x["grain"] != grain(x["tier"], at)}
    }
    others = _sizes(_others(done, at))
    new = _unless_solved([*_new(released[""], others, at, before)], before, others, at)
    return Counted([*_again(before, released, at), *new], new)


def keep(vault: Vault, new: list[dict]) -> None:
    """Write what a release tells for the first time: it is not counted again."""
    if new:
        vault.con.register("told_now", pa.Table.from_pylist(new))
        vault.con.execute(f"insert into {LEDGER} by name select * from told_now")
        vault.con.unregister("told_now")


def grain(tier: str, at: Context) -> str:
    """The period by which a tier is counted: all its buckets nest in it, but for weeks."""
    rungs = [grain for _, grain in at.policy.ladders.get(tier, ())]
    return max(["quarter", *rungs], key=GRAINS.index)


def is_over(period: int, tier: str, at: Context) -> bool:
    """Whether nothing of a period can enter a release any more but late comers."""
    _, end = time.bucket(time.day_of(period), grain(tier, at))
    _, last_week = time.bucket(time.day_of(time.number(end) - 1), "week")
    return time.number(last_week) <= at.closed_until("C" if tier == WITHHELD else tier)


def _again(before: list[dict], released_by: dict[str, Sizes], at: Context) -> Iterator[dict]:
    """The lines of periods that were counted before, with the rows of today. A group that had none has lines now if it
    has rows: nothing of it was in no row. Rows in districts that there were not are unlocated."""
    for (tier, first), lines in groupby(before, lambda line: (line["tier"], line["period"])):
        table = {(line["service_group"], line["district"]): line for line in lines}
        whole, districts = next(iter(table.values())), {district for _, district in table}
        sizes = released_by["" if whole["grain"] == grain(tier, at) else whole["grain"]]
        period, now = time.number(date.fromisoformat(first)), Counter()
        for (of_tier, of_period, group, district), (n, _) in sizes.items():
            if (of_tier, of_period) == (tier, period):
                now[group, district if district in districts else NOWHERE] += n
        groups = {group for group, _ in now} if len(table) > 1 else set()
        for group, district in dict.fromkeys((*table, *product(groups, districts))):
            line = table.get((group, district)) or whole | _cell(group, district, 0, 0, "")
            n, rest = now[group, district], line["not_released"]
            yield line | {"released": n, "received": None if rest is None else n + rest}


def _new(released: Sizes, others: Sizes, at: Context, before: list[dict]) -> Iterator[dict]:
    """The lines of periods that have ended since, but for those that lie in one that was told by another grain."""
    told = {(line["tier"], line["period"]) for line in before}
    until = {line["tier"]: _end(line) for line in before if line["grain"] != grain(line["tier"], at)}
    tables = {key[:2] for key in (*released, *others)}
    for tier, period in sorted(tables):
        first = time.day_of(period).isoformat()
        if (tier, first) not in told and first >= until.get(tier, "") and is_over(period, tier, at):
            line = {"tier": tier, "period": first, "grain": grain(tier, at)}
            line["counted"] = time.day_of(at.today).isoformat()
            for cell in _table(tier, period, released, others, at):
                yield line | cell


def _unless_solved(new: list[dict], before: list[dict], others: Sizes, at: Context) -> list[dict]:
    """The new lines, but for periods of which not even the sum is told, where a reader could tell such sums from all that
    is in no row: with the others they must be so many that each may be k more. Till then those periods wait."""
    if not (hidden := _unsaid(new)):
        return new
    everything = sum(n for (_, _, group, district), (n, _) in others.items() if (group, district) == (WHOLE, WHOLE))
    seen = sum(line["not_released"] or 0 for line in (*before, *new) if _is_whole(line))
    k, unsaid = max(at.policy.k.values()), hidden | _unsaid(before)
    spare = [everything - seen - len(unsaid)]
    for tier in {tier for tier, _ in hidden}:
        mine = [(tier, time.number(date.fromisoformat(first))) for of_tier, first in unsaid if of_tier == tier]
        spare.append(sum(others.get((*key, WHOLE, WHOLE), (0, 0))[0] for key in mine) - len(mine))
    return new if min(spare) >= k else [line for line in new if (line["tier"], line["period"]) not in hidden]


def _is_whole(line: dict) -> bool:
    return (line["service_group"], line["district"]) == (WHOLE, WHOLE)


def _unsaid(lines: list[dict]) -> set[tuple[str, str]]:
    """Tier and period of the tables of which not even the sum is told."""
    return {(line["tier"], line["period"]) for line in lines if _is_whole(line) and line["not_released"] is None}


def _end(line: dict) -> str:
    """The first day after the period of a line."""
    return time.bucket(date.fromisoformat(line["period"]), line["grain"])[1].isoformat()


def _released(done: Anonymized, at: Context, of_grain: str = "") -> nw.LazyFrame:
    """Released rows by what they tell, in periods of a grain or of that of their tier."""
    districts = {place["id"]: place["district"] or NOWHERE for place in done.places}
    known = at.engine.given(pa.table({"place_id": [*districts], "district": [*districts.values()]}))
    rows = done.rows.join(known, on="place_id", how="left").with_columns(location=lit(0))
    return _by_period(rows.select("tier", "service_group", "district", "location", day="bucket"), at, of_grain)


def _others(done: Anonymized, at: Context) -> nw.LazyFrame:
    """Records that are in no row, by what the city knows; of a kind that is withheld neither group nor district."""
    areas = {-name_number(area_id(name)): name for name in at.areas.names}
    rows = done.received.join(done.rows.select("id"), on="id", how="anti")
    rows = at.engine.named(rows, "group_no", "service_group", done.groups)
    rows = at.engine.named(rows, "place_neighbourhood", "district", areas)
    rows = rows.with_columns(district=nw.coalesce(col("district"), lit(NOWHERE)))
    return _by_period(rows.select("tier", "service_group", "district", "location", day="day_number"), at)


def _by_period(rows: nw.LazyFrame, at: Context, of_grain: str = "") -> nw.LazyFrame:
    pairs = at.engine.arrow(rows.select("tier", "day").unique()).to_pylist()
    for pair in pairs:
        pair["period"] = time.number(time.bucket(time.day_of(pair["day"]), of_grain or grain(pair["tier"], at))[0])
    schema = pa.schema([("tier", pa.string()), ("day", pa.int64()), ("period", pa.int64())])
    periods = at.engine.given(pa.Table.from_pylist(pairs, schema))
    return at.engine.keep(rows.join(periods, on=["tier", "day"], how="inner"))


def _sizes(rows: nw.LazyFrame) -> Sizes:
    """Rows and locations of every cell and margin."""
    found: Sizes = {}
    for margin in MARGINS:
        counted = class_sizes(rows, ["tier", "period", *margin]).to_native().to_arrow_table().to_pylist()
        for line in counted:
            key = (line["tier"], line["period"], *(line.get(name, WHOLE) for name in EITHER))
            found[key] = (line["rows"], line["locations"])
    return found


def _table(tier: str, period: int, released: Sizes, others: Sizes, at: Context) -> Iterator[dict]:
    """One period of one tier: its cells, and their sums as the last of each row and column."""
    groups, districts = [WHOLE], [WHOLE]
    if tier != WITHHELD:
        groups = [*sorted({key[2] for key in (*released, *others) if key[:2] == (tier, period)} - {WHOLE}), WHOLE]
        districts = [*sorted({*at.areas.names, NOWHERE}), WHOLE]
    keys = [[(tier, period, group, district) for district in districts] for group in groups]
    shown = np.array([[released.get(key, (0, 0))[0] for key in line] for line in keys])
    rest, places = (np.array([[others.get(key, (0, 0))[n] for key in line] for line in keys]) for n in (0, 1))
    k = 0 if tier == "A" else at.policy.k["C" if tier == WITHHELD else tier]
    small = (rest > 0) & ((rest < k) | (places < k))
    hidden = hide(rest, small, k)
    if hidden is None:
        return iter([_cell(WHOLE, WHOLE, int(shown[-1, -1]), None, FEW_IN_ALL)])
    return (
        _cell(group, district, int(shown[i, j]), None if hidden[i, j] else int(rest[i, j]), FEW)
        for i, group in enumerate(groups)
        for j, district in enumerate(districts)
    )


def _cell(group: str | None, district: str | None, released: int, rest: int | None, why: str) -> dict:
    return {
        "service_group": group,
        "district": district,
        "released": released,
        "not_released": rest,
        "received": None if rest is None else released + rest,
        "is_suppressed": int(rest is None),
        "reason": why if rest is None else None,
    }
