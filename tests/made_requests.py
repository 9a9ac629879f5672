"""Released requests of a made-up city, and what the other tables count of them."""

import base64
import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path
from random import Random

import h3

from hub.city import load_city
from hub.datasets.about_release import FEW
from hub.outcomes import DISPOSITIONS, OUTCOMES
from hub.public_ids import id_of

CITY = load_city(Path(__file__).parents[1] / "city.yml")
AS_OF = date(2025, 6, 30)  # a Monday, so the weekly grid ends on it too
FIRST = date(2023, 1, 1)
WARDS = {"Ward 1": (43.66, -70.90), "Ward 2": (43.68, -70.84), "Ward 3": (43.63, -70.88), "Ward 4": (43.70, -70.80)}
# group: (tier, department, target in days or None, middle of the days to close, kinds)
GROUPS = {
    "Street Maintenance": ("A", "Public Works", 14, 9, (("PH", "Pothole"), ("SL", "Street Light Out"))),
    "Trash and Recycling": ("A", "Public Works", 3, 2, (("MP", "Missed Pickup"), ("ID", "Illegal Dumping"))),
    "Trees": ("A", "Public Good", 90, 60, (("TP", "Tree Pruning"),)),
    "Housing": ("B", "Public Good", 30, 25, ((None, None),)),
    "Noise": ("B", "Public Safety", None, 1, ((None, None),)),
    "People in Need": ("C", "Public Good", None, 7, ((None, None),)),
}
GRAINS = {"A": "day", "B": "month", "C": "quarter"}
ENDINGS = ("done",) * 12 + ("enforced", "nothing_found", "duplicate", "referred", "noted", "administrative", "unknown")


def dicts(columns: str, rows: Iterable[tuple]) -> list[dict]:
    return [dict(zip(columns.split(), row, strict=True)) for row in rows]


def request(random: Random, number: int) -> dict:
    """One released request, with what the counts need under names that begin with '_'."""
    group = random.choices([*GROUPS], (9, 8, 3, 4, 4, 2))[0]
    tier, department, target, middle, kinds = GROUPS[group]
    code, name = random.choice(kinds)
    opened = FIRST + timedelta(days=random.randrange((AS_OF - FIRST).days - 5))
    bucket, end = _bucket(opened, GRAINS[tier])
    days = int(random.lognormvariate(0, 1.1) * middle) if random.random() > 0.06 else 9999
    is_closed = end + timedelta(days=days) <= AS_OF
    watched = days if is_closed else max(0, (AS_OF - end).days)
    disposition = random.choice(ENDINGS) if is_closed else None
    place, district = _place(random, tier)
    public_id = base64.b32encode(hashlib.sha256(f"{number}-{random.random()}".encode()).digest()[:10]).decode().lower()
    return {
        "id": id_of(public_id),
        "public_id": public_id,
        "tier": tier,
        "service_group": group,
        "service_code": code,
        "service_name": name,
        "agency_responsible": department,
        "status": "closed" if is_closed else "open",
        "place_level": place["level"],
        "place_id": place["id"],
        "requested_bucket": str(bucket),
        "requested_grain": GRAINS[tier],
        "duration_hours": days * 24 + random.randrange(24) if is_closed and tier == "A" else None,
        "duration_days": days if is_closed and tier != "A" else None,
        "on_time": _kept(target, watched, is_closed),
        "disposition": disposition if tier != "C" else None,
        "late": int(random.random() < 0.02),
        "text": None,
        "photo": None,
        "_place": place,
        "_district": district,
        "_year": str(opened.year),
        "_watched": watched,
        "_outcome": DISPOSITIONS[disposition][0] if disposition else None,
        "_end": end,
        "_closed": end + timedelta(days=days) if is_closed else None,
    }


def _bucket(day: date, grain: str) -> tuple[date, date]:
    """First and last day of the period that a day is told in."""
    if grain == "day":
        return day, day
    first = day.replace(day=1) if grain == "month" else day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    after = (first + timedelta(days=32 if grain == "month" else 93)).replace(day=1)
    return first, after - timedelta(days=1)


def _kept(target: int | None, watched: int, is_closed: bool) -> str:
    if target is None:
        return "none"
    return "missed" if watched > target else "met" if is_closed else "pending"


def _place(random: Random, tier: str) -> tuple[dict, str]:
    columns = "id level label district lat long"
    if tier == "C" or random.random() < 0.05:
        return dicts(columns, [("city", "city", CITY.name, None, 43.67, -70.86)])[0], "Unlocated"
    ward, middle = random.choice([*WARDS.items()])
    resolution = 9 if tier == "A" else 8
    cell = h3.latlng_to_cell(*(degree + random.uniform(-0.006, 0.006) for degree in middle), resolution)
    lat, long = (round(degree, 5) for degree in h3.cell_to_latlng(cell))
    return dicts(columns, [(cell, f"h3_{resolution}", f"{ward}, cell {cell[3:8]}", ward, lat, long)])[0], ward


def categories() -> list[dict]:
    return dicts(
        "service_group service_name tier k target_days department",
        (
            (group, name, tier, {"A": 1, "B": 5, "C": 11}[tier], target, department)
            for group, (tier, department, target, _, kinds) in GROUPS.items()
            for _, name in kinds
        ),
    )


def durations(asked: list[dict]) -> list[dict]:
    keys = ("_district", "service_group", "service_name", "tier", "_year", "_watched")
    counted = Counter(tuple(row[key] for key in keys) for row in asked)
    ended = Counter((*(row[key] for key in keys), row["_outcome"]) for row in asked)
    return dicts(
        f"district service_group service_name tier year day n {' '.join(OUTCOMES)}",
        ((*key, n, *(ended[*key, name] for name in OUTCOMES)) for key, n in sorted(counted.items(), key=str)),
    )


def on_time(asked: list[dict]) -> list[dict]:
    keys = ("_district", "service_group", "service_name", "tier", "_year")
    columns = ("met_fixed", "met_other", "missed", "pending", "no_target")
    word = {"missed": "missed", "pending": "pending", "none": "no_target"}
    told = Counter(
        (
            *(row[key] for key in keys),
            word.get(row["on_time"]) or ("met_fixed" if row["_outcome"] == "fixed" else "met_other"),
        )
        for row in asked
    )
    cells = {key[:-1]: tuple(told[*key[:-1], column] for column in columns) for key in sorted(told, key=str)}
    return dicts(
        f"district service_group service_name tier year n {' '.join(columns)} is_countable",
        ((*key, sum(counts), *counts, int(key[3] != "C")) for key, counts in cells.items()),
    )


def backlog(asked: list[dict]) -> list[dict]:
    opened = Counter((_month_end(row["_end"]), row["_district"], row["service_group"]) for row in asked)
    closed = Counter(
        (_month_end(row["_closed"]), row["_district"], row["service_group"]) for row in asked if row["_closed"]
    )
    found, left = [], Counter()
    for month in sorted({month for month, *_ in (*opened, *closed) if month <= AS_OF}):
        for where in sorted({(row["_district"], row["service_group"]) for row in asked}):
            left[where] += opened[month, *where] - closed[month, *where]
            found.append((str(month), *where, opened[month, *where], closed[month, *where], left[where]))
    return dicts("month_end district service_group opened closed open", found)


def _month_end(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def received(asked: list[dict]) -> list[dict]:
    """Everything received in 2024, tier by tier; in tier B some counts are hidden."""
    lines = []
    for tier, group, district in sorted({(row["tier"], row["service_group"], row["_district"]) for row in asked}):
        for group_, district_ in ((group, district), (group, None), (None, district), (None, None)):
            lines.append((tier, group_, district_))
    wanted = {"tier": lambda row: row["tier"], "service_group": lambda row: row["service_group"]}
    wanted["district"] = lambda row: row["_district"]
    found = []
    for line in dict.fromkeys(lines):
        keys = dict(zip(wanted, line, strict=True))
        n = sum(
            row["_year"] == "2024" and all(value is None or wanted[key](row) == value for key, value in keys.items())
            for row in asked
        )
        hidden = line[0] == "B" and None not in line
        rest = None if hidden else 0 if line[0] == "A" else 12
        found.append(
            keys
            | {
                "period": "2024-01-01",
                "grain": "year",
                "released": n,
                "not_released": rest,
                "is_suppressed": int(hidden),
            }
            | {"received": None if hidden else n + rest, "reason": FEW if hidden else None, "counted": str(AS_OF)}
        )
    return found


def risks(asked: list[dict]) -> list[dict]:
    """The risk of tiers B and C, as if every class were of the smallest size."""
    columns = "dataset tier measure value numerator denominator unit n meaning"
    lines = []
    for tier, k in (("B", 6), ("C", 12)):
        n = sum(row["tier"] == tier for row in asked)
        lines += [
            ("service_requests", tier, "rows", float(n), n, 1, "rows", n, "Rows of this tier in the release."),
            ("service_requests", tier, "k_min", float(k), k, 1, "rows", n, "The smallest class."),
            ("service_requests", tier, "prosecutor_risk_max", 1 / k, 1, k, "share", n, "Highest chance."),
            ("service_requests", tier, "marketer_risk", 0.03, None, None, "share", n, "On average."),
            ("service_requests", tier, "rung h3_8/month", 1.0, 1, 1, "share", n, "Rows shown by h3_8 and month."),
        ]
    return dicts(columns, lines)
