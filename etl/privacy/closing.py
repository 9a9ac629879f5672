"""Which closing of a request a release may tell: that of its record, one that its system took back, or none yet.

A closing is told as if the request had been opened at the end of its bucket. In B and C every closing that was ever
stated is told in its time, and stands until the next one may be told: a request that turned open, or was never told as
closed, because of the day on which its system opened it again would bound the day on which it was opened, from both
sides. One that was told without a date stays without: it was told on a day of its own, and a duration would tell how long
before it was opened. Tier A, which tells that day, tells a reopening at once, and the next closing in whole days.
"""

import narwhals as nw
from narwhals import col, lit, when

HOUR, HOURS = 3600, 24
FACTS = ("is_told", "closed_datetime", "closed_day", "disposition", "has_reopened")
CLOSING = FACTS[1:4]
OPENING = {"requested_datetime": "requested_datetime", "day_number": "requested_day"}  # of a row: of the ledger
WAS = tuple(f"was_{name}" for name in FACTS)


def remember(frame: nw.LazyFrame, ledger: nw.LazyFrame) -> nw.LazyFrame:
    """Add what releases have told of each row (`was_*`). Its opening stays the one that it was released with: moved
    within its bucket it would tell itself by the change of the duration. A closing before that opening has no date."""
    first = {f"first_{name}": col(held) for name, held in OPENING.items()}
    told = ledger.select("id", **first, **{f"was_{name}": col(name) for name in FACTS})
    frame = frame.join(told, on="id", how="left")
    frame = frame.with_columns(**{name: nw.coalesce(col(f"first_{name}"), col(name)) for name in OPENING})
    is_dated = col("closed_datetime") >= col("requested_datetime")
    return frame.with_columns(
        **{name: when(is_dated).then(col(name)) for name in ("closed_datetime", "closed_day")},
        **{name: col(name).fill_null(value=False) for name in ("was_is_told", "was_has_reopened")},
    )


def restate(frame: nw.LazyFrame, closings: nw.LazyFrame, engine) -> nw.LazyFrame:
    """Let the last of the `closings` that may be told by now stand in the place of what was told before, in B and C."""
    if not engine.has_rows(closings):
        return frame
    opening = frame.filter(col("tier") != "A").select(
        "id", "tier", "bucket_end", "until", *OPENING, has_reopened=lit(value=False)
    )
    stated = closings.join(opening, on="id", how="inner").filter(col("closed_datetime") >= col("requested_datetime"))
    due = engine.keep(stated.filter(_is_due()))
    last = due.group_by("id").agg(number=col("number").max()).join(due, on=["id", "number"], how="inner")
    frame = frame.join(last.select("id", **{f"last_{name}": col(name) for name in CLOSING}), on="id", how="left")
    is_undated = col("was_is_told") & col("was_closed_datetime").is_null()
    has_last = ~col("last_closed_datetime").is_null() & ~is_undated
    return frame.with_columns(
        was_is_told=col("was_is_told") | has_last,
        **{f"was_{name}": when(has_last).then(col(f"last_{name}")).otherwise(col(f"was_{name}")) for name in CLOSING},
    )


def settle(frame: nw.LazyFrame, opens: bool) -> nw.LazyFrame:
    """Add `told`, and make closing and disposition those that are told; where none is, they stay the record's.

    `until`: the day up to which a row's tier is told. A closing without a date is told in tier A, when a row first
    appears, and in releases in which B and C take in rows (`opens`). `is_open_again`: told as closed though it is open."""
    in_a, is_closed = col("tier") == "A", (col("status") == "closed").fill_null(value=False)
    again = in_a & col("was_is_told") & ~is_closed
    frame = frame.with_columns(has_reopened=(col("was_has_reopened") | again).fill_null(value=False))
    now = in_a | (col("is_new") == 1) | lit(opens) | col("was_is_told")
    undated = is_closed & col("closed_datetime").is_null() & now
    frame = frame.with_columns(by_record=(is_closed & _is_due()) | undated)
    undated_before = ~in_a & col("was_is_told") & col("was_closed_datetime").is_null()
    frame = frame.with_columns(by_record=col("by_record") & ~undated_before)
    still = _is_due("was_closed") | col("was_closed_datetime").is_null()  # not if the row fell into a longer bucket
    stays = ~col("by_record") & col("was_is_told") & ~again & still
    frame = frame.with_columns(told=col("by_record") | stays, is_open_again=stays & ~is_closed)
    was = when(col("told") & ~col("by_record"))
    frame = frame.with_columns(**{name: was.then(col(f"was_{name}")).otherwise(col(name)) for name in CLOSING})
    return frame.with_columns(duration_hours=_hours("closed"), duration_days=_days("closed"))


def facts() -> dict[str, nw.Expr]:
    """What the ledger keeps of a settled row."""
    closing = {name: when(col("told")).then(col(name)) for name in CLOSING}
    first = {held: col(name) for name, held in OPENING.items()}
    return first | {"is_told": col("told")} | closing | {"has_reopened": col("has_reopened")}


def _days(what: str) -> nw.Expr:
    return col(f"{what}_day") - col("day_number")


def _hours(what: str) -> nw.Expr:
    """Whole hours from opening to closing; of a request that was opened again, whole days."""
    hours = (col(f"{what}_datetime") - col("requested_datetime")) // HOUR
    return when(col("has_reopened")).then(_days(what) * HOURS).otherwise(hours)


def _is_due(what: str = "closed") -> nw.Expr:
    """Whether a closing may be told, had the request been opened at the end of its bucket."""
    in_days = (_hours(what) + HOURS - 1) // HOURS
    days = when(col("tier") == "A").then(in_days).otherwise(_days(what))
    return (col("bucket_end") + days <= col("until")).fill_null(value=False)
