"""Rollups of released rows: durations, on time, backlog. Functions of what is released, so they reveal nothing new.

Two figures need the vault, since the rows of tier A do not tell a due date of their own: how many open ones are past it, and
how many closed ones were closed before it has come. Without them a share of those that were due would be too high; counts of
tier A have no smallest class."""

from datetime import date, timedelta

import narwhals as nw
import pandas as pd
import pyarrow as pa
from narwhals import col, lit, when

from etl.privacy import time
from etl.privacy.closing import HOURS
from hub.datasets.service_requests import AREA_COUNTS, COUNTS, MONTH_COUNTS
from hub.outcomes import DISPOSITIONS, OUTCOMES

WHERE = ("district", "service_group", "service_name", "tier", "year")


def of_requests(
    rows: nw.LazyFrame, engine, places: list[dict], told_until: dict[str, int], countable: set[str]
) -> dict[str, pa.Table]:
    """durations, on_time, backlog and the counts, from released columns, released places and the days told per tier.

    `countable`: the groups that have a public target."""
    frame = engine.keep(_joined(rows, engine, places, told_until))
    return {
        "durations": engine.arrow(_durations(frame)),
        "on_time": engine.arrow(_on_time(frame, countable)),
        "backlog": _backlog(frame, engine, max(told_until.values())),
        **_counts(rows, engine, places),
    }


def _joined(rows: nw.LazyFrame, engine, places: list[dict], told_until: dict[str, int]) -> nw.LazyFrame:
    districts = pa.table(
        {"place_id": [p["id"] for p in places], "district": [p["district"] or "Unlocated" for p in places]}
    )
    outcomes = pa.table(
        {"disposition": list(DISPOSITIONS), "outcome": [outcome for outcome, _ in DISPOSITIONS.values()]}
    )
    tiers = pa.table({"tier": list(told_until), "until_": list(told_until.values())})
    frame = rows.select(
        "tier",
        "service_group",
        "service_name",
        "status",
        "place_id",
        "requested_bucket",
        "bucket_end",
        "duration_hours",
        "duration_days",
        "on_time",
        "on_time_counted",
        "disposition",
        counted_on=col("bucket") + col("id") % (col("bucket_end") - col("bucket")),
    )
    frame = frame.join(engine.given(districts), on="place_id", how="left").join(
        engine.given(outcomes), on="disposition", how="left"
    )
    frame = frame.join(engine.given(tiers), on="tier", how="left")
    in_a = col("tier") == "A"
    return frame.with_columns(
        year=col("requested_bucket").str.slice(0, 4),
        closed=(col("status") == "closed").cast(nw.Int64),
        outcome=when(col("status") == "closed").then(nw.coalesce(col("outcome"), lit("unknown"))),
        # begun days count whole: what was closed within three days took no longer
        elapsed=when(in_a).then((col("duration_hours") + HOURS - 1) // HOURS).otherwise(col("duration_days")),
    )


def _counts(rows: nw.LazyFrame, engine, places: list[dict]) -> dict[str, pa.Table]:
    known = engine.given(
        pa.table({"id": [p["id"] for p in places], "district": pa.array([p["district"] for p in places], pa.string())})
    )
    answers = {name: engine.ask(sql, service_requests=rows, places=known) for name, sql in COUNTS.items()}
    return {
        name: answer.rename_columns(table.names)
        for (name, answer), table in zip(answers.items(), (AREA_COUNTS, MONTH_COUNTS), strict=True)
    }


def _durations(frame: nw.LazyFrame) -> nw.LazyFrame:
    """Closed rows by elapsed days, open ones by the days they were watched: last day told less end of bucket."""
    day = when(col("closed") == 1).then(col("elapsed")).otherwise(col("until_") - col("bucket_end"))
    watched = frame.with_columns(day=day).filter(~col("day").is_null(), ~col("status").is_null())
    counts = {name: (col("outcome") == name).fill_null(False).cast(nw.Int64).sum() for name in OUTCOMES}
    return watched.group_by(*WHERE, "day").agg(n=nw.len(), **counts).sort(*WHERE, "day", nulls_last=True)


def _on_time(frame: nw.LazyFrame, countable: set[str]) -> nw.LazyFrame:
    word = {name: col("on_time_counted") == name for name in ("met", "missed", "pending", "none")}
    fixed = (col("outcome") == "fixed").fill_null(False)
    counts = {
        "met_fixed": word["met"] & fixed,
        "met_other": word["met"] & ~fixed,
        "missed": word["missed"],
        "pending": word["pending"],
        "no_target": word["none"],
    }
    in_b = (col("tier") == "B") & col("service_group").is_in(
        sorted(countable) or [""]
    )  # C does not tell what was fixed
    can = ((col("tier") == "A") | in_b).cast(nw.Int64)
    known = frame.filter(~col("on_time").is_null()).with_columns(is_countable=can)
    sums = {name: mask.fill_null(False).cast(nw.Int64).sum() for name, mask in counts.items()}
    columns = [*WHERE, "n", *counts, "is_countable"]
    return known.group_by(*WHERE, "is_countable").agg(n=nw.len(), **sums).select(*columns).sort(*WHERE, nulls_last=True)


def _backlog(frame: nw.LazyFrame, engine, until: int) -> pa.Table:
    """Opened, closed and open at each month's end, as far as whole months are told.

    A row counts as opened on one day of its period, drawn by its number, which tells nothing: at its end, or in its
    middle, all rows of a month would be open on one day, closed ones too."""
    dated = frame.filter(~col("status").is_null(), (col("closed") == 0) | ~col("elapsed").is_null())
    keys = ("district", "service_group")
    opened = dated.with_columns(day=col("counted_on")).group_by(*keys, "day").agg(opened=nw.len())
    shut = dated.filter(col("closed") == 1).with_columns(day=col("counted_on") + col("elapsed"))
    shut = shut.group_by(*keys, "day").agg(closed=nw.len())
    events = [engine.arrow(part).to_pandas() for part in (opened, shut)]
    table = pd.concat(events).fillna(0)
    table["month"] = [_month(day) for day in table["day"]]
    last = (
        _month(until - 1)
        if time.bucket(time.day_of(until - 1), "month")[1] == time.day_of(until)
        else _month(until - 1) - 1
    )
    months = range(0 if table.empty else table["month"].min(), 0 if table.empty else last + 1)
    if not months:  # no whole month has ended
        return pa.table({"month_end": [], "district": [], "service_group": [], "opened": [], "closed": [], "open": []})
    flows = table.groupby([*keys, "month"])[["opened", "closed"]].sum().unstack("month", fill_value=0)
    full = flows.reindex(columns=pd.MultiIndex.from_product([["opened", "closed"], months]), fill_value=0)
    stock = (full["opened"] - full["closed"]).cumsum(axis=1)
    long = pd.DataFrame({"opened": full["opened"].stack(), "closed": full["closed"].stack(), "open": stock.stack()})
    long = long[(long != 0).any(axis=1)].astype("int64").reset_index(names=[*keys, "month"])
    long["month_end"] = [_month_end(month) for month in long.pop("month")]
    ordered = long.sort_values(["month_end", *keys])[["month_end", *keys, "opened", "closed", "open"]]
    return pa.Table.from_pandas(ordered, preserve_index=False)


def _month(day: int) -> int:
    return time.day_of(day).year * 12 + time.day_of(day).month - 1


def _month_end(month: int) -> str:
    after = month + 1
    return (date(after // 12, after % 12 + 1, 1) - timedelta(1)).isoformat()
