"""Publishers as they are found in the wild: each leaves out one protection, so that the attack on it must succeed."""

import hashlib
import random
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta

import h3

from tests.attacks.daily import K, class_of
from tests.attacks.made import House, Report, bucket_of

METRES = 111_320  # in a degree of latitude


def row(report: Report, level: int = 9, grain: str = "day") -> dict:
    """One report as a row of a release, at some precision, with the id and the time of closing as they are."""
    return {
        "id": int(report.id),
        "public_id": hashlib.md5(report.id.encode()).hexdigest(),
        "tier": report.tier,
        "service_group": report.group,
        "place_level": f"h3_{level}",
        "place_id": h3.cell_to_parent(report.told.cell, level),
        "requested_bucket": bucket_of(report.opened.date(), grain),
        "requested_grain": grain,
        "agency_responsible": report.row["agency"],
        "status": "closed" if report.closed else "open",
        "duration_days": (report.closed.date() - report.opened.date()).days if report.closed else None,
        "on_time": "met" if report.closed else "pending",
        "late": 0,
    }


def exact(reports: Iterable[Report]) -> list[dict]:
    """Kind, cell and day of every report, as many portals have it."""
    return [row(report) for report in reports if report.tier in K]


def counted_by_rows(reports: Iterable[Report], level: int = 8) -> list[dict]:
    """k-anonymous as it is often read: k rows alike, whoever they are from and wherever a geocoder put them."""
    rows = [row(report, level, "month") for report in reports if report.tier in K]
    sizes = Counter(map(class_of, rows))
    return [one for one in rows if sizes[class_of(one)] >= K[one["tier"]]]


def coarsened_alone(reports: Iterable[Report]) -> list[dict]:
    """Rows of small classes become coarser until they are k together with those that stay fine."""
    rungs = [(8, "week"), (8, "month"), (7, "month")]
    left, shown = [report for report in reports if report.tier == "B"], []
    for level, grain in rungs:
        sizes = Counter(class_of(row(report, level, grain)) for report in [*left, *(r for r, _ in shown)])
        passing = [report for report in left if sizes[class_of(row(report, level, grain))] >= K["B"]]
        shown += [(report, row(report, level, grain)) for report in passing]
        left = [report for report in left if report not in set(passing)]
    return [one for _, one in shown]


def month_to_date(reports: Iterable[Report], day: date, k: int) -> dict[tuple, int]:
    """(group, cell) -> reports of this month so far, counted every day anew; counts below k are left out."""
    month = bucket_of(day - timedelta(1), "month")
    counted = Counter(
        (report.group, h3.cell_to_parent(report.told.cell, 8))
        for report in reports
        if report.opened.date() < day and bucket_of(report.opened.date(), "month") == month
    )
    return {cell: n for cell, n in counted.items() if n >= k}


def jittered(house: House, dice: random.Random, metres: float = 500) -> tuple[float, float]:
    """A point beside the house, drawn again for every release."""
    return tuple(at + dice.uniform(-metres, metres) / METRES for at in (house.lat, house.long))


def as_it_happens(reports: Iterable[Report], day: date) -> list[dict]:
    """Rows by week of opening and whole days, once their week has ended; closed as soon as they are."""
    rows = []
    for report in reports:
        ended = report.closed and report.closed.date() < day
        one = row(report, 8, "week")
        if date.fromisoformat(one["requested_bucket"]) + timedelta(7) <= day:
            rows.append(one if ended else one | {"status": "open", "duration_days": None, "on_time": "pending"})
    return rows
