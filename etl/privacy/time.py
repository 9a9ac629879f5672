"""Time becomes a bucket: the local day, week, month, quarter or year in which a request was opened.

The calendar is made in Python for the distinct days and joined, so weeks and leap years need nothing of the engine.
Days are whole numbers since 1970-01-01; a bucket is the number of its first day, its end that of the first day after.
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


def calendar(numbers: list[int]) -> pa.Table:
    """For each day number: per grain the bucket that holds it and where that ends."""
    columns: dict[str, list[int]] = {"day_number": numbers}
    for grain in GRAINS:
        buckets = [bucket(day_of(day), grain) for day in numbers]
        columns[f"bucket_{grain}"] = [number(first) for first, _ in buckets]
        columns[f"end_{grain}"] = [number(end) for _, end in buckets]
    return pa.table(columns, schema=pa.schema([(name, pa.int64()) for name in columns]))


def add_day(frame: nw.LazyFrame) -> nw.LazyFrame:
    """Add `day_number`: the local day of opening."""
    return frame.with_columns(day_number=col("requested_day"))


def calendar_of(frame: nw.LazyFrame, engine) -> nw.LazyFrame:
    """The calendar of every day on which something was opened."""
    days = engine.arrow(frame.select("day_number").unique())["day_number"].to_pylist()
    return engine.given(calendar(sorted(days)))
