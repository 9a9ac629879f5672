"""Records -> what may be released: each column's declared privacy picks its rule; the ladder picks how coarse.

`anonymize` is pure: records, ledger, policy and key in; rows, ledger additions and fates out. It writes nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import narwhals as nw
from narwhals import col, lit

from etl.generalise import Context, generalise
from etl.privacy import closing, kind, outcome, place, snap, time
from hub.datasets import DATASETS
from hub.schema import Dataset, Privacy

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
class Anonymized:
    """`rows`: the table's columns and those its rollups need. `added`: new lines of the release ledger.
    `fallen`: ids that had to become coarser. `fates`: id, fate and reason of every record.
    `fallback_rows`: how many lay on a point that only a geocoder means. `received`: every record with its tier, group,
    location, day and places; `groups`: the names of their groups. `catchments`: per level, distinct locations ever
    reported per place. `keys`: the source and record key of every id, which no release has.
    `uncounted`: how many of each tier came since the first release of the week, or are too few, and are left to a later one.
    `daily`: how many of each source are counted day by day, being of tier A."""

    rows: nw.LazyFrame
    added: nw.LazyFrame
    fallen: nw.LazyFrame
    fates: nw.LazyFrame
    places: list[dict]
    fallback_rows: int
    received: nw.LazyFrame
    groups: dict[int, str]
    catchments: dict[str, nw.LazyFrame]
    keys: nw.LazyFrame
    uncounted: dict[str, int]
    daily: dict[str, int]


# privacy -> rule. A rule takes the frame so far and adds what may be shown in place of its columns.
RULES: dict[Privacy, Callable[[nw.LazyFrame, Context], nw.LazyFrame]] = {
    Privacy.PSEUDONYM: lambda frame, at: at.engine.keyed(frame, at.key),
    Privacy.KIND: lambda frame, at: kind.add_tier(kind.hide_contacts(frame, at.engine), at.engine, at.policy),
    Privacy.TIME: lambda frame, at: time.add_day(frame),
    Privacy.PLACE: lambda frame, at: place.add_spots(frame, at.engine),
    Privacy.OUTCOME: lambda frame, at: frame,  # told after the ladder, by `outcome.add_outcome`
    Privacy.PUBLIC: lambda frame, at: frame,
    Privacy.TEXT: lambda frame, at: frame,  # never reaches the vault
    Privacy.WITHHELD: lambda frame, at: frame,  # not among KEPT
}
KEPT = (
    "id",
    "id_tail",
    "tier",
    "group_no",
    "service_code",
    "service_name",
    "agency_responsible",
    "status",
    "disposition",
)
KEPT += ("requested_datetime", "expected_datetime", "closed_datetime", "closed_day", *closing.WAS)
KEPT += ("location", "lat5", "long5", "day_number")

RECEIVED = ("id", "tier", "group_no", "location", "lat5", "long5", "day_number")
LATER = ("public_id", "text", "photo")  # made from `id` and `id_tail`, or joined where the policy opted in
RELEASED = tuple(name for name in DATASETS["service_requests"].table.names if name not in LATER)
COUNTED = ("id_tail", "group_no", "place_no", "bucket", "bucket_end", "location", "is_new", "on_time_counted")
COUNTED += ("is_open_again",)
TOLD = tuple(closing.facts())  # what the ledger keeps of each row, under names that start with `ledger_`


def service_requests(records: nw.LazyFrame, ledger: nw.LazyFrame, closings: nw.LazyFrame, at: Context) -> Anonymized:
    """Anonymize the 311 records: tier, bucket and area per row, outcomes as far as they may be told. `closings`: those
    that were stated and taken back since."""
    frame = records
    for rule in RULES.values():
        frame = rule(frame, at)
    frame = closing.remember(frame, ledger)
    frame = at.engine.keep(frame.select(*KEPT, "source", "key", *([] if at.all_count else ["counts"])))
    daily, keys = _daily(frame, at), frame.select("source", "key", "id")
    uncounted, frame = _counted(frame.drop("source", "key"), at)
    cells = place.cells_of(frame, at.engine, at.areas)
    ledger = at.engine.keep(_numbered(ledger, at))
    catchments = place.catchments(frame, cells, at.engine)
    placed, fates = generalise(frame, cells, catchments, ledger, at)
    told = {tier: at.closed_until(tier) for tier in at.policy.ladders}
    groups = _groups(records, ledger, at)
    joined = _named(placed.join(frame.drop("group_no", "tier"), on="id", how="inner"), groups, at)
    joined = kind.hide_names(joined, at.agency_hidden_before)
    rows = outcome.add_outcome(joined, at.engine, at.policy, told, closings, at.opens)
    rows = at.engine.keep(rows.select(*RELEASED, *COUNTED, *(f"ledger_{name}" for name in TOLD))).with_columns(
        text=lit(None, dtype=nw.String), photo=lit(None, dtype=nw.String)
    )
    pairs = at.engine.arrow(rows.select("place_id", "place_level").unique()).to_pylist()
    places = place.describe([(pair["place_id"], pair["place_level"]) for pair in pairs], at.city, at.areas)
    added = rows.filter(col("is_new") == 1).select(*FROZEN)
    fallen = added.join(ledger.select("id"), on="id", how="inner").select("id")
    fallback_rows = place.fallback_rows(frame, cells, at.engine)
    received = place.add_places(frame.select(*RECEIVED), cells)
    return Anonymized(
        rows, added, fallen, fates, places, fallback_rows, received, groups, catchments, keys, uncounted, daily
    )


def _daily(frame: nw.LazyFrame, at: Context) -> dict[str, int]:
    """How many records of each source are of tier A, but for those that stand in the week as of another."""
    of_day = frame.filter(col("tier") == "A", *([~col("counts")] if at.within else []))
    counted = at.engine.arrow(of_day.group_by("source").agg(n=nw.len()).sort("source"))
    return {row["source"]: row["n"] for row in counted.to_pylist()}


def _counted(frame: nw.LazyFrame, at: Context) -> tuple[dict[str, int], nw.LazyFrame]:
    """How many records of each tier do not count yet, and the others."""
    if at.all_count:
        return {}, frame
    later = frame.filter(~col("counts"), col("tier") != "A").group_by("tier").agg(n=nw.len())
    numbers = {row["tier"]: row["n"] for row in at.engine.arrow(later).to_pylist()}
    return numbers, frame.filter(col("counts") | (col("tier") == "A")).drop("counts")


def _numbered(ledger: nw.LazyFrame, at: Context) -> nw.LazyFrame:
    """The ledger with its group, place and bucket as numbers, as the ladder compares them."""
    ledger = at.engine.coded(ledger, "service_group", "group_no", place.name_number)
    ledger = at.engine.coded(ledger, "place_id", "place_no", place.place_number)
    return at.engine.coded(ledger, "requested_bucket", "bucket", lambda day: time.number(date.fromisoformat(day)))


def _groups(records: nw.LazyFrame, ledger: nw.LazyFrame, at: Context) -> dict[int, str]:
    """The groups of all records, now and when they were released, by their numbers."""
    pairs = at.engine.arrow(records.select("service_group", "service_name").unique()).to_pylist()
    groups = {kind.settled_group(pair["service_group"] or "", pair["service_name"] or "", at.policy) for pair in pairs}
    ledgered = ledger.filter(~col("service_group").is_null())  # of what was erased the ledger keeps the id alone
    groups |= set(at.engine.arrow(ledgered.select("service_group").unique())["service_group"].to_pylist())
    return {place.name_number(name): name for name in groups}


def _named(placed: nw.LazyFrame, groups: dict[int, str], at: Context) -> nw.LazyFrame:
    """Group, place and bucket as they are released."""
    placed = at.engine.named(placed, "group_no", "service_group", groups)
    numbers = {name: at.engine.arrow(placed.select(name).unique())[name].to_pylist() for name in ("place_no", "bucket")}
    placed = at.engine.named(placed, "place_no", "place_id", place.place_ids(numbers["place_no"], at.areas))
    return at.engine.named(
        placed, "bucket", "requested_bucket", {n: time.day_of(n).isoformat() for n in numbers["bucket"]}
    )


# The other datasets: their columns are public but for the place of a story.


def as_declared(dataset: Dataset, records: nw.LazyFrame) -> nw.LazyFrame:
    """Rows of a dataset without small cells: public columns as they are, places snapped, the rest dropped."""
    if any(column.privacy is Privacy.PLACE for column in dataset.record):
        records = snap.snap(records)
    return records.select("key", *(c.name for c in dataset.record if c.privacy in (Privacy.PUBLIC, Privacy.PLACE)))
