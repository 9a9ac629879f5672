"""How coarse each row becomes, release after release: what was released stays, shrinks or goes; it never sharpens.

Rows that are in the release stay as they are. Rows whose class shrank below k fall to a coarser rung. Rows that were
gone for a while and come back take no finer rung than they had, and help no new ones to be k: who kept the old releases
knows them. The rest climbs from the first rung.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import narwhals as nw
from narwhals import col, lit, when

from etl.engine import DuckEngine
from etl.privacy import place, time
from etl.privacy.small_cells import CLASS, Rule, class_sizes, climb
from hub.city import City
from hub.policy import DELAY_DAYS, Policy

PLACED = ("id", "tier", "group_no", "place_level", "place_no", "bucket", "requested_grain", "bucket_end", "late")
OF_CLASS = [*CLASS, "requested_grain"]
FELL = ("group_no", "place_level", "requested_grain")  # what is asked of a row that falls
WAITS = "Its period of opening has not closed"
FEW = "Fewer than k requests like it, even at the coarsest rung"
UNNAMED = "Its kind is withheld, or not yet in the policy"
CHANGED = "It was released before, and its kind, place or time has changed since"


@dataclass(frozen=True, slots=True)
class Context:
    """What the rules need to know. Days are numbers since 1970-01-01.

    `today`: local day of the time of the data; `grid`: the last Monday by then, until which B and C are told;
    `grid_before` and `today_before`: the same of the release made before, 0 without one. `agency_hidden_before`:
    groups of B and C that any release ever showed without their agency. `within`: not the first release of a week, but
    one in which other tiers than A stand as in that: each record says whether it `counts` whatever its tier. `deferred`: by source,
    how many records of other tiers do not count in the first release of a week either."""

    engine: DuckEngine
    city: City
    policy: Policy
    areas: place.Areas
    key: bytes
    today: int
    grid_before: int = 0
    today_before: int = 0
    agency_hidden_before: frozenset[str] = frozenset()
    within: bool = False
    deferred: dict[str, int] = field(default_factory=dict)

    @property
    def all_count(self) -> bool:
        return not self.within and not self.deferred

    @property
    def grid(self) -> int:
        return monday(self.today)

    @property
    def opens(self) -> bool:
        """Whether B and C take in new rows, which they do in the first release of a week."""
        return self.grid > self.grid_before

    def closed_until(self, tier: str) -> int:
        """The day up to which a tier is told."""
        return (self.today if tier == "A" else self.grid) - DELAY_DAYS[tier] - self.city.delay_days

    def before(self, tier: str) -> int:
        """The same of the release before, or long ago."""
        return (self.today_before if tier == "A" else self.grid_before) - DELAY_DAYS[tier] - self.city.delay_days


def monday(day: int) -> int:
    return time.number((start := time.EPOCH + timedelta(day)) - timedelta(start.weekday()))


def local_day(instant: int, zone) -> int:
    return time.number(datetime.fromtimestamp(instant, zone).date())


def generalise(
    frame: nw.LazyFrame, cells: nw.LazyFrame, catchments: dict[str, nw.LazyFrame], ledger: nw.LazyFrame, at: Context
):
    """Give every row its place and bucket. Returns the placed rows (PLACED, `is_new`) and every record's fate."""
    found: dict[str, list[nw.LazyFrame]] = {"released": [], "waiting": [], "withheld": []}
    days = time.calendar_of(frame, at.engine)
    known = at.engine.keep(_same_tier(frame, ledger))
    for tier, rungs in _needed(at, frame, known).items():
        mine = frame.filter(col("tier") == tier).select("id", "group_no", "location", "lat5", "long5", "day_number")
        mine = place.add_places(mine.join(days, on="day_number", how="inner"), cells)
        rule = Rule(
            at.closed_until(tier), at.policy.k.get(tier, 0), at.policy.addresses if tier == "A" else 0, catchments
        )
        areas = [place.place_number(place.area_id(name)) for name in at.areas.names]
        mine_before = known.filter(col("tier") == tier)
        climbing = Climbing(mine, mine_before, ledger.select("id"), rungs, rule, at.engine, areas)
        for word, rows in climbing.all(at.before(tier), opens=tier == "A" or at.opens):
            found[word].append(_placed(rows, tier) if word == "released" else rows.select("id"))
    placed = at.engine.keep(nw.concat(found["released"]))
    return placed, at.engine.keep(_fates(frame, placed, found))


def _needed(at: Context, *frames: nw.LazyFrame) -> dict:
    """The ladders of the tiers that there are rows of; all of them where there are none."""
    tiers = at.engine.arrow(nw.concat([frame.select("tier") for frame in frames]).unique())["tier"].to_pylist()
    return {tier: rungs for tier, rungs in at.policy.ladders.items() if tier in tiers} or at.policy.ladders


def _same_tier(frame: nw.LazyFrame, ledger: nw.LazyFrame) -> nw.LazyFrame:
    """The ledger's rows that are still there in the tier they were released in, with their location now."""
    now = frame.select("id", "tier", "location").rename({"tier": "tier_now"})
    return ledger.join(now, on="id", how="inner").filter(col("tier") == col("tier_now"))


def _placed(rows: nw.LazyFrame, tier: str) -> nw.LazyFrame:
    whole = {name: col(name).cast(nw.Int64) for name in ("late", "is_new")}
    return rows.with_columns(tier=lit(tier), **whole).select(*PLACED, "is_new")


@dataclass(frozen=True, slots=True)
class Climbing:
    """One tier: `mine` with their candidates, `known` as the ledger has them, `ledgered` the ids of any tier; `areas`:
    the numbers of the neighbourhoods that there are now."""

    mine: nw.LazyFrame
    known: nw.LazyFrame
    ledgered: nw.LazyFrame
    rungs: tuple[tuple[str, str], ...]
    rule: Rule
    engine: DuckEngine
    areas: list[int]

    def all(self, before: int, opens: bool = True) -> Iterator[tuple[str, nw.LazyFrame]]:
        """Yield (fate, rows): those that stay, those that fall, those that enter. Entering into a bucket that ended
        by `before`, when the last release was made, is late. Unless it `opens`, which B and C do once a week, nobody
        enters: the day on which late ones came would tell how late."""
        shown = self.known.filter(col("gone") == 0)
        lost = shown.filter(col("place_no") < 0, ~col("place_no").is_in(self.areas or [0]))  # other boundaries
        shown = shown.join(lost.select("id"), on="id", how="anti")
        small = self.engine.keep(nw.concat([rows.select("id", *FELL) for rows in (self._shrunk(shown), lost)]))
        standing = self.engine.keep(shown.join(small.select("id"), on="id", how="anti"))
        yield "released", standing.with_columns(is_new=lit(0))
        gone = self.known.filter(col("gone") == 1)
        falling = [self._falling(small)] if self.engine.has_rows(small) else []
        if self.engine.has_rows(gone):
            if opens:
                falling.append(self._back(gone))
            else:
                yield "waiting", self._back(gone)
        if falling:
            for word, rows in climb(nw.concat(falling), self.engine, self.rungs, self.rule, standing):
                yield word, rows.with_columns(late=lit(0), is_new=lit(1))
        for word, rows in climb(self._entering(), self.engine, self.rungs, self.rule):
            if word == "released" and not opens:
                word = "waiting"
            elif word == "released":
                rows = rows.with_columns(late=(col("bucket_end") <= before).cast(nw.Int64), is_new=lit(1))
            yield word, rows

    def _shrunk(self, shown: nw.LazyFrame) -> nw.LazyFrame:
        """Released rows whose class no longer holds k rows at k locations."""
        small = class_sizes(shown, OF_CLASS).filter((col("rows") < self.rule.k) | (col("locations") < self.rule.k))
        return shown.join(small, on=OF_CLASS, how="inner") if self.rule.k else shown.filter(col("id").is_null())

    def _falling(self, small: nw.LazyFrame) -> nw.LazyFrame:
        """They keep the group they were released under and may only take coarser rungs."""
        small = small.select("id", "group_no", rung=self._rung())
        return self._climbing(self.mine.drop("group_no").join(small, on="id", how="inner"))

    def _back(self, gone: nw.LazyFrame) -> nw.LazyFrame:
        """Rows that were gone: they may take the rung that they had, and only if nothing moved."""
        gone = gone.with_columns(rung=self._rung() - 1)
        back = self.mine.join(
            gone.select("id", "rung", "place_no", "bucket", then=col("group_no")), on="id", how="inner"
        )
        same = lit(False)
        for index, (level, grain) in enumerate(self.rungs):
            here = (col(f"place_{level}") == col("place_no")) & (col(f"bucket_{grain}") == col("bucket"))
            same = same | ((col("rung") == index - 1) & here.fill_null(False))
        return self._climbing(back.filter(same, col("group_no") == col("then")))

    def _entering(self) -> nw.LazyFrame:
        """Rows that no release has shown."""
        return self.mine.join(self.ledgered, on="id", how="anti").with_columns(rung=lit(-1))

    def _climbing(self, rows: nw.LazyFrame) -> nw.LazyFrame:
        """The columns that every row has which climbs."""
        return rows.select(*self.mine.collect_schema().names(), "rung")

    def _rung(self) -> nw.Expr:
        """The number of the rung on which a row of the ledger was released; past the last if the ladder lost it."""
        rung = lit(len(self.rungs))
        for index, (level, grain) in enumerate(self.rungs):
            here = (col("place_level") == level) & (col("requested_grain") == grain)
            rung = when(here).then(lit(index)).otherwise(rung)
        return rung


def _fates(frame: nw.LazyFrame, placed: nw.LazyFrame, found: dict[str, list[nw.LazyFrame]]) -> nw.LazyFrame:
    """One line per record: released, waiting or withheld, and why."""
    parts = [placed.select("id", fate=lit("released"), reason=lit(""))]
    unnamed = [frame.filter(col("tier") == "X").select("id")]
    reasons = (
        ("waiting", found["waiting"], WAITS),
        ("withheld", found["withheld"], FEW),
        ("withheld", unnamed, UNNAMED),
    )
    for word, frames, reason in reasons:
        parts += [rows.select("id", fate=lit(word), reason=lit(reason)) for rows in frames]
    told = nw.concat(parts)
    changed = frame.filter(col("tier") != "X").join(told.select("id"), on="id", how="anti").select("id")
    return nw.concat([told, changed.with_columns(fate=lit("withheld"), reason=lit(CHANGED))])
