"""Time becomes a bucket: the local day, week, month, quarter or year in which a request was opened.

The calendar is made in Python for the distinct days and joined, so weeks and leap years need nothing of the engine.
Days are whole numbers since 1970-01-01; a bucket's end is the first day after it.
"""

from datetime import date, timedelta

import narwhals as nw
import pyarrow as pa
from narwhals import col

from hub.policy import GRAINS

EPOCH = date(1970, 1, 1)


def number(day: date) -> int:
    return (day - EPOCH).days


def day_of(number_: int) -> date:
    return EPOCH + timedelta(int(number_))


def bucket(day: date, grain: str) -> tuple[date, date]:
    """First day of the bucket that holds `day`, and the first day after it."""
    if grain == "day":
        return day, day + timedelta(1)
    if grain == "week":
        monday = day - timedelta(day.weekday())
        return monday, monday + timedelta(7)
    months = {"month": 1, "quarter": 3, "year": 12}[grain]
    first = date(day.year, (day.month - 1) // months * months + 1, 1)
    after = first.year * 12 + first.month - 1 + months
    return first, date(after // 12, after % 12 + 1, 1)


def calendar(days: list[str]) -> pa.Table:
    """For each ISO day: its number and, per grain, the bucket's first day (ISO) and the number of the day it ends."""
    parsed = [date.fromisoformat(day) for day in days]
    columns: dict[str, list] = {"day": days, "day_number": [number(day) for day in parsed]}
    for grain in GRAINS:
        buckets = [bucket(day, grain) for day in parsed]
        columns[f"bucket_{grain}"] = [first.isoformat() for first, _ in buckets]
        columns[f"end_{grain}"] = [number(end) for _, end in buckets]
    return pa.table(columns)


def add_calendar(frame: nw.LazyFrame, engine) -> nw.LazyFrame:
    """Add opening buckets and whole durations: `duration_hours` elapsed, `duration_days` between local days."""
    opened, closed = (set(engine.arrow(frame.select(c).unique())[c].to_pylist()) for c in ("requested_date", "closed_date"))
    days = engine.given(calendar(sorted((opened | closed) - {None})))
    ends = days.select(closed_date=col("day"), closed_number=col("day_number"))
    frame = frame.join(days.rename({"day": "requested_date"}), on="requested_date", how="left")
    frame = frame.join(ends, on="closed_date", how="left")
    return frame.with_columns(
        duration_hours=(col("closed_datetime") - col("requested_datetime")) // 3600,
        duration_days=col("closed_number") - col("day_number"),
    )
