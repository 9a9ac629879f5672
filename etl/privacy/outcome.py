"""The outcome embargo: every later change of a row is told as if the row had been opened at the end of its bucket.

So the release in which a row first shows as closed, or as missed, is a function of values that are released anyway and
narrows nothing. Tier A changes daily, B and C on the weekly grid (Mondays).
"""

import narwhals as nw
import pyarrow as pa
from narwhals import col, lit, when

from etl.privacy import closing
from hub.policy import Policy

DAY = 86_400


def add_outcome(
    frame: nw.LazyFrame, engine, policy: Policy, told_until: dict[str, int], closings: nw.LazyFrame, opens: bool
) -> nw.LazyFrame:
    """Add status, durations, on_time and disposition as this release may tell them, and `ledger_*` for the next ones.

    `told_until`: per tier, the day up to which changes are told; `closings`: what was stated and taken back
    since; `opens`: whether B and C take in rows. Needs `bucket_end`, `tier` and what is remembered."""
    until = lit(None, dtype=nw.Int64)
    for tier, day in told_until.items():
        until = when(col("tier") == tier).then(lit(day)).otherwise(until)
    frame = _targets(frame, engine, policy).with_columns(until=until, in_a=col("tier") == "A")
    frame = closing.settle(closing.restate(frame, closings, engine), opens)
    frame = frame.with_columns(**{f"ledger_{name}": fact for name, fact in closing.facts().items()})
    frame = _on_time(frame)
    frame = frame.with_columns(
        status=when(col("told"))
        .then(lit("closed"))
        .when(col("status").is_null())
        .then(lit(None, dtype=nw.String))
        .otherwise(lit("open")),
        duration_hours=when(col("told") & col("in_a")).then(col("duration_hours")),
        duration_days=when(col("told") & ~col("in_a")).then(col("duration_days")),
        disposition=when(col("told") & (col("tier") != "C")).then(col("disposition")),
    )
    return _diverse(frame)


def _targets(frame: nw.LazyFrame, engine, policy: Policy) -> nw.LazyFrame:
    """Settle `due`: in B and C the public target of the group; in A the city's own due date, else the public target.

    `due_days` is the public target where that is the due date: only then may an open row be told as missed.
    `due_in_days`, of any due date, only counts."""
    schema = pa.schema([("target_of", pa.string()), ("target_days", pa.int64())])
    given = engine.given(
        pa.table({"target_of": list(policy.targets), "target_days": list(policy.targets.values())}, schema=schema)
    )
    frame = frame.join(
        given.rename({"target_of": "service_group", "target_days": "group_target"}), on="service_group", how="left"
    )
    frame = frame.join(
        given.rename({"target_of": "service_name", "target_days": "own_target"}), on="service_name", how="left"
    )
    in_a = col("tier") == "A"
    public = when(in_a).then(nw.coalesce(col("own_target"), col("group_target"))).otherwise(col("group_target"))
    by_public = col("requested_datetime") + public * DAY
    own = (
        when(in_a)
        .then(nw.coalesce(col("expected_datetime"), by_public))
        .otherwise(nw.coalesce(by_public, col("expected_datetime")))
    )
    frame = frame.with_columns(due=own, by_public=by_public, public_days=public)
    is_public = (col("due") - col("by_public")).abs() <= closing.HOUR  # the clocks may have changed in between
    whole = (col("due") - col("requested_datetime") + DAY - 1) // DAY
    return frame.with_columns(due_days=when(is_public).then(col("public_days")), due_in_days=whole)


def _on_time(frame: nw.LazyFrame) -> nw.LazyFrame:
    """Add `on_time`: met, missed, pending or none. An open row is missed only by a public target; `on_time_counted` is
    what the counts make of it: of tier A also what is open past a due date of its own, and nothing is met before it was due."""
    backwards = col("due") < col("requested_datetime")
    ended = col("told") & ~col("closed_datetime").is_null()
    late = ~col("told") & ((col("status") == "open") | (col("closed_datetime") > col("due")))
    overdue = late & (col("bucket_end") + col("due_days") <= col("until"))
    counted = late & col("in_a") & (col("bucket_end") + col("due_in_days") <= col("until"))
    frame = frame.with_columns(
        on_time=when(col("due").is_null() | backwards)
        .then(lit("none"))
        .when(ended & (col("closed_datetime") <= col("due")))
        .then(lit("met"))
        .when(ended)
        .then(lit("missed"))
        .when(overdue.fill_null(False))
        .then(lit("missed"))
        .otherwise(lit("pending"))
    )
    missed = (col("on_time") == "pending") & counted.fill_null(False)
    days_of_due = when(col("in_a")).then(col("due_in_days")).otherwise(col("due_days"))
    early = (col("on_time") == "met") & (col("bucket_end") + days_of_due > col("until"))
    word = when(missed).then(lit("missed")).when(early.fill_null(False)).then(lit("pending")).otherwise(col("on_time"))
    return frame.with_columns(on_time_counted=word)


def _diverse(frame: nw.LazyFrame) -> nw.LazyFrame:
    """In C a duration or an on-time word that a whole class shares would tell it of each member: such are nulled.

    A word that can still change does not count: once it had, its class would share the word that others were told by."""
    of_class = ["group_no", "place_no", "bucket", "requested_grain"]
    in_c = frame.filter(col("tier") == "C").with_columns(settled=when(col("on_time") != "pending").then(col("on_time")))
    kinds = in_c.group_by(*of_class).agg(
        durations=col("duration_days").n_unique() - col("duration_days").is_null().cast(nw.Int64).max(),
        words=col("settled").n_unique() - col("settled").is_null().cast(nw.Int64).max(),
    )
    frame = frame.join(kinds, on=of_class, how="left")
    return frame.with_columns(
        duration_days=when(~(col("durations") < 2).fill_null(False)).then(col("duration_days")),
        on_time=when(~(col("words") < 2).fill_null(False)).then(col("on_time")),
    )
