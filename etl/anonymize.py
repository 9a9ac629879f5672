"""Records -> what may be released: each column's declared privacy picks its rule; the ladder picks how coarse.

`anonymize` is pure: records, ledger, policy and key in; rows, ledger additions and fates out. It writes nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import narwhals as nw
from narwhals import col, lit, when

from etl.engine import DuckEngine
from etl.privacy import kind, outcome, place, snap, time
from etl.privacy.small_cells import CLIMBS, Rule, climb
from hub.city import City
from hub.policy import DELAY_DAYS, Policy
from hub.schema import Dataset, Privacy

COLLECTED = ("released", "waiting", "withheld")
PLACED = ("id", "tier", "service_group", "place_level", "place_id", "requested_bucket", "requested_grain", "bucket_end", "late")


@dataclass(frozen=True, slots=True)
class Context:
    """What the rules need to know. Days are numbers since 1970-01-01.

    `today`: local day of the time of the data; `grid`: the last Monday by then, until which B and C are told;
    `grid_before`: the same of the release before, 0 without one."""

    engine: DuckEngine
    city: City
    policy: Policy
    areas: place.Areas
    key: bytes
    today: int
    grid_before: int = 0
    today_before: int = 0
    delay_days: dict[str, int] = field(default_factory=lambda: dict(DELAY_DAYS))

    @property
    def grid(self) -> int:
        return monday(self.today)

    def closed_until(self, tier: str) -> int:
        return (self.today if tier == "A" else self.grid) - self.delay_days[tier] - self.city.delay_days


@dataclass(frozen=True, slots=True)
class Anonymized:
    """`rows`: the table's columns and those its rollups need. `added`: new lines of the release ledger.
    `fallen`: ids that had to become coarser. `fates`: id, fate and reason of every record."""

    rows: nw.LazyFrame
    added: nw.LazyFrame
    fallen: nw.LazyFrame
    fates: nw.LazyFrame
    places: list[dict]


def monday(day: int) -> int:
    return time.number((start := time.EPOCH + timedelta(day)) - timedelta(start.weekday()))


def local_day(instant: int, zone) -> int:
    return time.number(datetime.fromtimestamp(instant, zone).date())


# privacy -> rule. A rule takes the frame so far and adds what may be shown in place of its columns.
RULES: dict[Privacy, Callable[[nw.LazyFrame, Context], nw.LazyFrame]] = {
    Privacy.PSEUDONYM: lambda frame, at: at.engine.keyed(frame, at.key),
    Privacy.KIND: lambda frame, at: kind.add_tier(frame, at.engine, at.policy),
    Privacy.TIME: lambda frame, at: time.add_calendar(frame, at.engine),
    Privacy.PLACE: lambda frame, at: place.add_places(frame, at.engine, at.areas),
    Privacy.OUTCOME: lambda frame, at: frame,  # told after the ladder: see `_told`
    Privacy.PUBLIC: lambda frame, at: frame,
    Privacy.TEXT: lambda frame, at: frame,  # never reaches the vault
    Privacy.WITHHELD: lambda frame, at: frame,  # not among the columns that `_told` selects
}


def service_requests(records: nw.LazyFrame, ledger: nw.LazyFrame, at: Context) -> Anonymized:
    """Anonymize the 311 records: tier, bucket and area per row, outcomes as far as they may be told."""
    frame = records
    for rule in RULES.values():
        frame = rule(frame, at)
    frame = at.engine.keep(frame)
    frozen = at.engine.keep(_frozen(frame, ledger, at))
    placed, fates = _generalise(frame, frozen, ledger.select("id"), at)
    told = {tier: at.closed_until(tier) for tier in at.policy.ladders}
    joined = placed.join(frame.drop("service_group", "tier"), on="id", how="inner")
    rows = kind.hide_names(outcome.add_outcome(joined, at.engine, at.policy, told))
    rows = at.engine.keep(rows.with_columns(text=lit(None, dtype=nw.String), photo=lit(None, dtype=nw.String)))
    pairs = at.engine.arrow(rows.select("place_id", "place_level").unique()).to_pylist()
    places = place.describe([(pair["place_id"], pair["place_level"]) for pair in pairs], at.city, at.areas)
    added = placed.filter(col("is_new") == 1)
    return Anonymized(rows, added, added.join(ledger.select("id"), on="id", how="inner").select("id"), fates, places)


def _frozen(frame: nw.LazyFrame, ledger: nw.LazyFrame, at: Context) -> nw.LazyFrame:
    """Rows released before, as they were generalised then; a row whose tier changed since is not among them."""
    held = ledger.select(*PLACED).rename({"tier": "tier_then"})
    kept = held.join(frame.select("id", "tier"), on="id", how="inner").filter(col("tier") == col("tier_then"))
    return kept.select(*PLACED)


def _generalise(frame: nw.LazyFrame, frozen: nw.LazyFrame, ledgered: nw.LazyFrame, at: Context) -> tuple[nw.LazyFrame, nw.LazyFrame]:
    """Give every row its place and bucket. Returns the placed rows and the fate of every record."""
    found: dict[str, list[nw.LazyFrame]] = {kind_: [] for kind_ in COLLECTED}
    for tier, rungs in at.policy.ladders.items():
        mine = frozen.filter(col("tier") == tier)
        small = at.engine.keep(_shrunk(mine, at.policy.k[tier])) if tier in at.policy.k else None
        standing = mine if small is None else at.engine.keep(mine.join(small.select("id"), on="id", how="anti"))
        found["released"].append(_as_placed(standing, is_new=0))
        for kind_, rows in _climbing(frame, ledgered, standing, small, tier, rungs, at):
            found[kind_].append(rows)
    placed = at.engine.keep(nw.concat(found["released"]))
    return placed, at.engine.keep(_fates(frame, placed, found))


def _shrunk(mine: nw.LazyFrame, k: int) -> nw.LazyFrame:
    """Released rows whose class has fallen below k since: they must become coarser."""
    of_class = ["service_group", "place_id", "requested_bucket", "requested_grain"]
    sizes = mine.group_by(*of_class).agg(left=nw.len()).filter(col("left") < k)
    return mine.join(sizes, on=of_class, how="inner")


def _climbing(frame, ledgered, standing, small, tier: str, rungs, at: Context) -> Iterator[tuple[str, nw.LazyFrame]]:
    """First the rows that fall, then the new ones, each by the ladder of their tier."""
    rule = Rule(at.policy.k.get(tier, 0), at.policy.addresses if tier == "A" else 0)
    before = (at.today_before if tier == "A" else at.grid_before) - at.delay_days[tier] - at.city.delay_days
    columns = [name for name in CLIMBS if name not in ("rung", "held")]
    mine = frame.filter(col("tier") == tier).select(*columns)
    areas = {}

    def catchment(level: str) -> nw.LazyFrame:
        if level not in areas:
            areas[level] = place.catchments(frame, at.engine, level)
        return areas[level]

    waves = [(mine.join(ledgered, on="id", how="anti").with_columns(rung=lit(-1), held=lit(0)), 1)]
    if small is not None and at.engine.arrow(small.select(nw.len()))[0][0].as_py():
        waves.insert(0, (_falling(mine, standing, small, rungs), 0))
    for wave, is_new in waves:
        for kind_, rows in climb(wave, at.engine, rungs, rule, at.closed_until(tier), catchment):
            if kind_ == "released":
                late = when(col("bucket_end") <= before).then(lit(1)).otherwise(lit(0)) if is_new else lit(0)
                rows = _as_placed(rows.with_columns(tier=lit(tier), late=late), is_new=1)
            yield kind_, rows if kind_ == "released" else rows.select("id")


def _falling(mine: nw.LazyFrame, standing: nw.LazyFrame, small: nw.LazyFrame, rungs) -> nw.LazyFrame:
    """Rows of shrunk classes, which may only take coarser rungs, beside the standing rows, which only count."""
    rung = lit(-1)
    for index, (level, grain) in enumerate(rungs):
        rung = when((col("place_level") == level) & (col("requested_grain") == grain)).then(lit(index)).otherwise(rung)
    down = mine.join(small.select("id", rung=rung), on="id", how="inner").with_columns(held=lit(0))
    still = mine.join(standing.select("id"), on="id", how="inner").with_columns(rung=lit(-1), held=lit(1))
    return nw.concat([down.select(*CLIMBS), still.select(*CLIMBS)])


def _as_placed(rows: nw.LazyFrame, is_new: int) -> nw.LazyFrame:
    return rows.select(*PLACED).with_columns(is_new=lit(is_new), late=col("late").cast(nw.Int64))


def _fates(frame, placed, found) -> nw.LazyFrame:
    """One line per record: released, waiting or withheld, and why."""
    released = placed.select("id", fate=lit("released"), reason=lit(""))
    parts = [released]
    for rows in found["waiting"]:
        parts.append(rows.select("id", fate=lit("waiting"), reason=lit("Its period of opening has not closed")))
    for rows in found["withheld"]:
        parts.append(rows.select("id", fate=lit("withheld"), reason=lit("Fewer than k requests like it, even at the coarsest rung")))
    unnamed = frame.filter(col("tier") == "X")
    parts.append(unnamed.select("id", fate=lit("withheld"), reason=lit("Its kind is withheld, or not yet in the policy")))
    told = nw.concat(parts)
    moved = frame.filter(col("tier") != "X").join(told.select("id"), on="id", how="anti")
    return nw.concat([told, moved.select("id", fate=lit("withheld"), reason=lit("Its kind moved to another tier after it was released"))])


# The other datasets: their columns are public but for the place of a story.


def as_declared(dataset: Dataset, records: nw.LazyFrame) -> nw.LazyFrame:
    """Rows of a dataset without small cells: public columns as they are, places snapped, the rest dropped."""
    if any(column.privacy is Privacy.PLACE for column in dataset.record):
        records = snap.snap(records)
    return records.select("key", *(c.name for c in dataset.record if c.privacy in (Privacy.PUBLIC, Privacy.PLACE)))
