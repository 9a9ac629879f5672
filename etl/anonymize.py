"""Records -> what may be released: each column's declared privacy picks its rule; the ladder picks how coarse.

`anonymize` is pure: records, ledger, policy and key in; rows, ledger additions and fates out. It writes nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import narwhals as nw
from narwhals import col, lit, when

from etl.engine import DuckEngine
from etl.privacy import kind, outcome, place, snap, time
from etl.privacy.small_cells import CLASS, CLIMBS, Rule, climb
from hub.city import City
from hub.policy import DELAY_DAYS, Policy
from hub.schema import Dataset, Privacy

PLACED = ("id", "tier", "group_no", "place_level", "place_no", "bucket", "requested_grain", "bucket_end", "late")
FROZEN = (
    "id",
    "tier",
    "service_group",
    "place_level",
    "place_id",
    "requested_bucket",
    "requested_grain",
    "bucket_end",
    "late",
)


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

    @property
    def grid(self) -> int:
        return monday(self.today)

    def closed_until(self, tier: str) -> int:
        """The day up to which a tier is told."""
        return (self.today if tier == "A" else self.grid) - DELAY_DAYS[tier] - self.city.delay_days

    def before(self, tier: str) -> int:
        """The same of the release before, or long ago."""
        return (self.today_before if tier == "A" else self.grid_before) - DELAY_DAYS[tier] - self.city.delay_days


@dataclass(frozen=True, slots=True)
class Anonymized:
    """`rows`: the table's columns and those its rollups need. `added`: new lines of the release ledger.
    `fallen`: ids that had to become coarser. `fates`: id, fate and reason of every record.
    `fallback_rows`: how many lay on a point that only a geocoder means."""

    rows: nw.LazyFrame
    added: nw.LazyFrame
    fallen: nw.LazyFrame
    fates: nw.LazyFrame
    places: list[dict]
    fallback_rows: int


def monday(day: int) -> int:
    return time.number((start := time.EPOCH + timedelta(day)) - timedelta(start.weekday()))


def local_day(instant: int, zone) -> int:
    return time.number(datetime.fromtimestamp(instant, zone).date())


# privacy -> rule. A rule takes the frame so far and adds what may be shown in place of its columns.
RULES: dict[Privacy, Callable[[nw.LazyFrame, Context], nw.LazyFrame]] = {
    Privacy.PSEUDONYM: lambda frame, at: at.engine.keyed(frame, at.key),
    Privacy.KIND: lambda frame, at: kind.add_tier(frame, at.engine, at.policy),
    Privacy.TIME: lambda frame, at: time.add_durations(frame, at.engine),
    Privacy.PLACE: lambda frame, at: place.add_spots(frame, at.engine),
    Privacy.OUTCOME: lambda frame, at: frame,  # told after the ladder, by `outcome.add_outcome`
    Privacy.PUBLIC: lambda frame, at: frame,
    Privacy.TEXT: lambda frame, at: frame,  # never reaches the vault
    Privacy.WITHHELD: lambda frame, at: frame,  # not among KEPT
}
KEPT = (
    "id",
    "public_id",
    "tier",
    "group_no",
    "service_code",
    "service_name",
    "agency_responsible",
    "status",
    "disposition",
)
KEPT += ("requested_datetime", "expected_datetime", "closed_datetime", "duration_hours", "duration_days")
KEPT += ("location", "lat5", "long5", "day_number")


def service_requests(records: nw.LazyFrame, ledger: nw.LazyFrame, at: Context) -> Anonymized:
    """Anonymize the 311 records: tier, bucket and area per row, outcomes as far as they may be told."""
    frame = records
    for rule in RULES.values():
        frame = rule(frame, at)
    frame = at.engine.keep(frame.select(*KEPT))
    cells = place.cells_of(frame, at.engine, at.areas)
    ledger = at.engine.keep(_numbered(ledger, at))
    placed, fates = _generalise(frame, cells, _frozen(frame, ledger, at), ledger.select("id"), at)
    told = {tier: at.closed_until(tier) for tier in at.policy.ladders}
    joined = _named(placed.join(frame.drop("group_no", "tier"), on="id", how="inner"), records, ledger, at)
    rows = outcome.add_outcome(kind.hide_names(joined), at.engine, at.policy, told)
    rows = rows.with_columns(text=lit(None, dtype=nw.String), photo=lit(None, dtype=nw.String))
    rows = at.engine.keep(rows)
    pairs = at.engine.arrow(rows.select("place_id", "place_level").unique()).to_pylist()
    places = place.describe([(pair["place_id"], pair["place_level"]) for pair in pairs], at.city, at.areas)
    added = rows.filter(col("is_new") == 1).select(*FROZEN)
    fallen = added.join(ledger.select("id"), on="id", how="inner").select("id")
    return Anonymized(rows, added, fallen, fates, places, place.fallback_rows(frame, cells, at.engine))


def _numbered(ledger: nw.LazyFrame, at: Context) -> nw.LazyFrame:
    """The ledger with its group, place and bucket as numbers, as the ladder compares them."""
    ledger = at.engine.coded(ledger, "service_group", "group_no", place.name_number)
    ledger = at.engine.coded(ledger, "place_id", "place_no", place.place_number)
    return at.engine.coded(ledger, "requested_bucket", "bucket", lambda day: time.number(date.fromisoformat(day)))


def _named(placed: nw.LazyFrame, records: nw.LazyFrame, ledger: nw.LazyFrame, at: Context) -> nw.LazyFrame:
    """Group, place and bucket as they are released."""
    pairs = at.engine.arrow(records.select("service_group", "service_name").unique()).to_pylist()
    groups = {kind.settled_group(pair["service_group"] or "", pair["service_name"] or "", at.policy) for pair in pairs}
    groups |= set(at.engine.arrow(ledger.select("service_group").unique())["service_group"].to_pylist())
    placed = at.engine.named(placed, "group_no", "service_group", {place.name_number(name): name for name in groups})
    numbers = {name: at.engine.arrow(placed.select(name).unique())[name].to_pylist() for name in ("place_no", "bucket")}
    placed = at.engine.named(placed, "place_no", "place_id", place.place_ids(numbers["place_no"], at.areas))
    return at.engine.named(
        placed, "bucket", "requested_bucket", {n: time.day_of(n).isoformat() for n in numbers["bucket"]}
    )


def _frozen(frame: nw.LazyFrame, ledger: nw.LazyFrame, at: Context) -> nw.LazyFrame:
    """Rows released before, as they were generalised then; a row whose tier changed since is not among them."""
    held = ledger.select(*PLACED).rename({"tier": "tier_then"})
    kept = held.join(frame.select("id", "tier"), on="id", how="inner").filter(col("tier") == col("tier_then"))
    return at.engine.keep(kept.select(*PLACED))


def _generalise(frame, cells, frozen, ledgered, at: Context) -> tuple[nw.LazyFrame, nw.LazyFrame]:
    """Give every row its place and bucket. Returns the placed rows and the fate of every record."""
    found: dict[str, list[nw.LazyFrame]] = {word: [] for word in ("released", "waiting", "withheld")}
    days = time.calendar_of(frame, at.engine)
    catchments = place.catchments(frame, cells, at.engine)
    for tier, rungs in at.policy.ladders.items():
        mine = frame.filter(col("tier") == tier).select("id", "group_no", "location", "lat5", "long5", "day_number")
        mine = place.add_places(mine.join(days, on="day_number", how="inner"), cells)
        rule = Rule(
            at.closed_until(tier), at.policy.k.get(tier, 0), at.policy.addresses if tier == "A" else 0, catchments
        )
        for word, rows in _climbing(
            mine, frozen.filter(col("tier") == tier), ledgered, rungs, rule, at.before(tier), at.engine
        ):
            found[word].append(_placed(rows, tier) if word == "released" else rows.select("id"))
    placed = at.engine.keep(nw.concat(found["released"]))
    return placed, at.engine.keep(_fates(frame, placed, found))


def _placed(rows: nw.LazyFrame, tier: str) -> nw.LazyFrame:
    whole = {name: col(name).cast(nw.Int64) for name in ("late", "is_new")}
    return rows.with_columns(tier=lit(tier), **whole).select(*PLACED, "is_new")


def _climbing(mine, frozen, ledgered, rungs, rule: Rule, before: int, engine) -> Iterator[tuple[str, nw.LazyFrame]]:
    """Rows that stay where they are, then rows whose class shrank, then new ones."""
    small = engine.keep(_shrunk(frozen, rule.k)) if rule.k else frozen.filter(col("id").is_null())
    standing = engine.keep(frozen.join(small.select("id"), on="id", how="anti"))
    yield "released", standing.with_columns(is_new=lit(0))
    if engine.arrow(small.select(nw.len()))[0][0].as_py():
        for word, rows in climb(_falling(mine, standing, small, rungs), engine, rungs, rule):
            yield word, rows.with_columns(late=lit(0), is_new=lit(1))
    new = mine.join(ledgered, on="id", how="anti").with_columns(rung=lit(-1), held=lit(0))
    for word, rows in climb(new, engine, rungs, rule):
        if word == "released":
            rows = rows.with_columns(late=(col("bucket_end") <= before).cast(nw.Int64), is_new=lit(1))
        yield word, rows


def _shrunk(frozen: nw.LazyFrame, k: int) -> nw.LazyFrame:
    """Released rows whose class has fallen below k since: they must become coarser."""
    of_class = [*CLASS, "requested_grain"]
    sizes = frozen.group_by(*of_class).agg(left=nw.len()).filter(col("left") < k)
    return frozen.join(sizes, on=of_class, how="inner")


def _falling(mine: nw.LazyFrame, standing: nw.LazyFrame, small: nw.LazyFrame, rungs) -> nw.LazyFrame:
    """Rows of shrunk classes, which may only take coarser rungs, beside the standing rows, which only count.

    Both keep the group they were released under."""
    rung = lit(-1)
    for index, (level, grain) in enumerate(rungs):
        here = (col("place_level") == level) & (col("requested_grain") == grain)
        rung = when(here).then(lit(index)).otherwise(rung)
    mine = mine.drop("group_no")
    down = mine.join(small.select("id", "group_no", rung=rung), on="id", how="inner").with_columns(held=lit(0))
    still = mine.join(standing.select("id", "group_no"), on="id", how="inner").with_columns(rung=lit(-1), held=lit(1))
    return nw.concat([down.select(*CLIMBS), still.select(*CLIMBS)])


def _fates(frame, placed, found) -> nw.LazyFrame:
    """One line per record: released, waiting or withheld, and why."""
    parts = [placed.select("id", fate=lit("released"), reason=lit(""))]
    unnamed = frame.filter(col("tier") == "X").select("id")
    for word, frames, reason in (
        ("waiting", found["waiting"], "Its period of opening has not closed"),
        ("withheld", found["withheld"], "Fewer than k requests like it, even at the coarsest rung"),
        ("withheld", [unnamed], "Its kind is withheld, or not yet in the policy"),
    ):
        parts += [rows.select("id", fate=lit(word), reason=lit(reason)) for rows in frames]
    told = nw.concat(parts)
    moved = frame.filter(col("tier") != "X").join(told.select("id"), on="id", how="anti").select("id")
    why = lit("Its kind moved to another tier after it was released")
    return nw.concat([told, moved.with_columns(fate=lit("withheld"), reason=why)])


# The other datasets: their columns are public but for the place of a story.


def as_declared(dataset: Dataset, records: nw.LazyFrame) -> nw.LazyFrame:
    """Rows of a dataset without small cells: public columns as they are, places snapped, the rest dropped."""
    if any(column.privacy is Privacy.PLACE for column in dataset.record):
        records = snap.snap(records)
    return records.select("key", *(c.name for c in dataset.record if c.privacy in (Privacy.PUBLIC, Privacy.PLACE)))
