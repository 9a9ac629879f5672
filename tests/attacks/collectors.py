"""What a collector can do who keeps every release and compares. Each attack `see`s one release after the other.

`found` is what he learned that he should not; `seen` says how much he had to look at, so that no attack fails for want
of anything to attack."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import date, timedelta

import h3
import numpy as np

from etl.privacy import time
from hub.policy import DELAY_DAYS, GRAINS, LEVELS
from tests.attacks.daily import K, Told, class_of
from tests.attacks.made import Report

FINAL = ("met", "missed")


@dataclass
class Differ:
    """Attack 4. He takes each class and each published count from the same of the day before: what came in between are
    1 to k-1 reports, whose day he knows."""

    known: set[int] = field(default_factory=set)
    counts: dict[tuple, int] = field(default_factory=dict)
    found: list = field(default_factory=list)
    seen: int = 0
    day: date = date.min

    def see(self, told: Told) -> None:
        is_first, fresh = not self.known, Counter()
        for name, rows in told.classes().items():
            fresh[name] = sum(row["id"] not in self.known for row in rows)
        counts = self._counts(told)
        cells = {} if is_first else {cell: abs(counts[cell] - self.counts.get(cell, 0)) for cell in counts}
        self.seen += 0 if is_first else sum(n > 0 for n in fresh.values())
        self.found += [(told.day, name, n) for name, n in fresh.items() if 0 < n < self._least(told.day, name[0])]
        self.found += [(told.day, cell, n) for cell, n in cells.items() if 0 < n < K[cell[1]]]
        self.known |= {row["id"] for row in told.rows}
        self.counts, self.day = counts, told.day

    def _least(self, day: date, tier: str) -> float:
        """How many may come in at once: k, and within a week none, since that would tell the day on which they came."""
        return K[tier] if day - timedelta(day.weekday()) > self.day else float("inf")

    @staticmethod
    def _counts(told: Told) -> Counter:
        """(table, tier, cell) -> rows, of every published count of B and C."""
        found: Counter = Counter()
        for table in ("area_counts", "month_counts"):
            for line in told.tables[table]:
                if line["tier"] in K:
                    cell = tuple(value for name, value in line.items() if name not in ("n", "open"))
                    found[table, line["tier"], *cell] += line["n"]
        return found


@dataclass
class Averager:
    """Attack 5. He takes the mean of all points at which a report was ever shown for its house."""

    known: dict[int, Report]
    points: dict[int, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))

    def see(self, told: Told) -> None:
        places = {place["id"]: (place["lat"], place["long"]) for place in told.tables["places"]}
        for row in told.rows:
            if row["place_level"].startswith("h3") and not self.known[row["id"]].is_guessed:
                self.points[row["id"]].append(places[row["place_id"]])

    def miss(self, releases: int) -> float:
        """How many metres he is off after so many releases, in the median."""
        return float(
            np.median(
                [
                    h3.great_circle_distance(tuple(np.mean(points[:releases], axis=0)), _house(self.known[id_]), "m")
                    for id_, points in self.points.items()
                ]
            )
        )


def _house(report: Report) -> tuple[float, float]:
    return report.house.lat, report.house.long


@dataclass
class Watcher:
    """Attack 6. He notes the release in which a row first shows as closed, or as missed. Of two rows with the same
    period and duration the one that shows it earlier was opened earlier. One that shows as open again was so between
    the release before and this one, which bounds the day of its opening."""

    rows: dict[int, dict] = field(default_factory=dict)
    flips: dict[tuple, dict[date, int]] = field(default_factory=lambda: defaultdict(Counter))
    seen: int = 0
    again: int = 0
    reopened: list[tuple] = field(default_factory=list)

    def see(self, told: Told) -> None:
        for row in told.rows:
            before = self.rows.get(row["id"])
            if row["tier"] in K and before and class_of(row) == class_of(before):
                kind = (*class_of(row)[:2], *class_of(row)[3:])
                is_other = before["status"] == "open" or row["duration_days"] != before["duration_days"] is not None
                if row["status"] == "closed" and row["duration_days"] is not None and is_other:
                    self.seen += 1
                    self.again += before["status"] == "closed"
                    self.flips[("closed", *kind, row["duration_days"])][told.day] += 1
                if (before["status"], row["status"]) == ("closed", "open"):
                    self.reopened.append(("open", *kind))
                if row["status"] == "open" and (before["on_time"], row["on_time"]) == ("pending", "missed"):
                    self.flips[("missed", *kind)][told.day] += 1
        self.rows = {row["id"]: row for row in told.rows if row["tier"] in K}

    @property
    def found(self) -> list[tuple]:
        """What turned on more than one day although all that is released of it is the same, or turned open."""
        return [kind for kind, days in self.flips.items() if len(days) > 1] + self.reopened


@dataclass
class Follower:
    """He keeps the finest place and period at which each row was ever told, and waits for a finer one or another."""

    rows: dict[int, tuple] = field(default_factory=dict)
    found: list[int] = field(default_factory=list)

    def see(self, told: Told) -> None:
        for row in told.rows:
            now = tuple(row[name] for name in ("place_level", "place_id", "requested_grain", "requested_bucket"))
            before = self.rows.setdefault(row["id"], now)
            place = LEVELS.index(now[0]) - LEVELS.index(before[0])
            period = GRAINS.index(now[2]) - GRAINS.index(before[2])
            moved = (place == 0 and now[1] != before[1]) or (period == 0 and now[3] != before[3])
            self.found += [row["id"]] if place < 0 or period < 0 or moved else []
            self.rows[row["id"]] = now


@dataclass
class Rememberer:
    """Attack 8 over time. A landlord remembers what a class of tier C said of one of its members before it fell silent:
    it is silent because all of them are alike."""

    words: dict[int, str] = field(default_factory=dict)
    days: dict[int, int] = field(default_factory=dict)
    found: list[tuple] = field(default_factory=list)
    seen: int = 0

    def see(self, told: Told) -> None:
        for name, rows in told.classes().items():
            if name[0] == "C":
                self.seen += 1
                words = [self.words[row["id"]] for row in rows if row["id"] in self.words]
                took = [self.days[row["id"]] for row in rows if row["id"] in self.days]
                is_silent = all(row["on_time"] is None for row in rows)
                no_days = all(row["duration_days"] is None for row in rows)
                self.found += [(told.day, name, words[0])] if is_silent and words else []
                self.found += [(told.day, name, took[0])] if no_days and took else []
                self.words |= {row["id"]: row["on_time"] for row in rows if row["on_time"] in FINAL}
                self.days |= {row["id"]: row["duration_days"] for row in rows if row["duration_days"] is not None}


@dataclass
class Timer:
    """Attack 6, row by row. He asks whether a row appeared, and was closed, in the first release in which all that look like
    it could be: in another one it tells of itself."""

    shown: set[int] = field(default_factory=set)
    closed: set[int] = field(default_factory=set)
    before: int | None = None
    found: list[dict] = field(default_factory=list)
    seen: int = 0

    def see(self, told: Told) -> None:
        grid = time.number(told.day - timedelta(told.day.weekday()))
        for row in [row for row in told.rows if row["tier"] in K]:
            _, end = time.bucket(date.fromisoformat(row["requested_bucket"]), row["requested_grain"])
            comes = time.number(end) + DELAY_DAYS[row["tier"]]
            is_new, is_closed = row["id"] not in self.shown, row["status"] == "closed"
            if self.before and is_new and not row["late"]:
                self._note(row, comes, grid)
            if self.before and not is_new and is_closed and row["id"] not in self.closed:
                self._note(row, comes + (row["duration_days"] or 0), grid)
            self.shown.add(row["id"])
            self.closed |= {row["id"]} if is_closed else set()
        self.before = grid

    def _note(self, row: dict, day: int, grid: int) -> None:
        is_dated = row["status"] == "open" or row["duration_days"] is not None
        self.seen += is_dated
        self.found += [row] if is_dated and not self.before < day <= grid else []
