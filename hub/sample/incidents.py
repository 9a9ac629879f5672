"""What really happens in Larkhaven: problems, who reports them and when, and what becomes of them.

Nothing here knows a file format; `requests.py` writes what the city's systems would export of it.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cache

from hub.sample import scenario
from hub.sample.clock import AS_OF, DAY, HOUR, day_start, wall
from hub.sample.dice import Dice, Urn
from hub.sample.kinds import BY_CODE, ENDS, HOURS, KINDS, LEANS, SEASONS, WEEKS, Kind
from hub.sample.people import People, Person
from hub.sample.streets import Address

DAYS = [scenario.FIRST_DAY + timedelta(days=i) for i in range((scenario.LAST_DAY - scenario.FIRST_DAY).days + 1)]
BATCH_TIME = 17 * HOUR + 30 * 60  # paper closures happen within the minute after half past five
MOST_REPORTS = 9
WATCHED_DAYS = 60  # after so long, people stop reporting a problem that nobody solves
FIXED = ("done", "enforced")
CREW = Person("crew", "", "", "", -1)


@dataclass(frozen=True, slots=True)
class Report:
    """One person's report of one problem, with the truth about it.

    `fixed` is when the problem was really solved, even if that lies after the end of the data, or None if never;
    `closed` is when the city's system says it was closed, or None while open; `end` is the true kind of ending.
    """

    incident: int
    kind: Kind
    occurred: int
    opened: int
    at: int
    reporter: Person
    fixed: int | None
    closed: int | None
    end: str
    is_first: bool = True
    reopened: int | None = None
    again_of: int | None = None


class City:
    """Chance that plays out three years of problems."""

    def __init__(self, addresses: tuple[Address, ...], seed: int):
        self.dice = Dice(seed, "incidents")
        self.addresses = addresses
        self.people = People(addresses, Dice(seed, "people"))
        self.kinds = Urn(KINDS, [kind.share * _part_of_time(kind) for kind in KINDS])
        self.days = {kind.code: Urn(DAYS, [_busy(kind, day) for day in DAYS]) for kind in KINDS}
        self.hours = {name: Urn(range(24), weights) for name, weights in HOURS.items()}
        self.ends = {name: Urn(list(shares), list(shares.values())) for name, shares in ENDS.items()}
        self.places = _places(addresses)
        self.incidents = 0

    def reports(self, count: int) -> list[Report]:
        """At least `count` reports, problem by problem."""
        found: list[Report] = []
        while len(found) < count:
            found += self.problem()
        return found

    def problem(self) -> Iterator[Report]:
        """A problem and all its reports; now and then it is back soon after it was solved."""
        dice = self.dice
        if dice.chance(scenario.CREW_LOGS):
            yield self._crew_log(BY_CODE["POTH"])
            return
        kind = self.kinds.draw(dice)
        heavy = dice.pick(self.people.heavy) if dice.chance(scenario.HEAVY_SHARE) and kind.at != "flats" else None
        at = self._at(kind, heavy)
        opened = day_start(self.days[kind.code].draw(dice)) + self._second(kind)
        first = self._first(kind, at, opened, heavy)
        yield from self._all(first)
        if first.end == "done" and dice.chance(scenario.AGAIN):
            back = first.closed + int(dice.between(1, 30) * DAY)
            if back <= AS_OF:
                yield from self._all(replace(self._first(kind, at, back, None), again_of=first.incident))

    def _crew_log(self, kind: Kind) -> Report:
        """Work that a crew found and did by itself, logged afterwards."""
        self.incidents += 1
        done = day_start(self.days[kind.code].draw(self.dice)) + 7 * HOUR + int(self.dice.random() * 9 * HOUR)
        at = self.places["street"].draw(self.dice)
        return Report(self.incidents, kind, done, done, at, CREW, fixed=done, closed=done, end="crew_log")

    def _at(self, kind: Kind, heavy: Person | None) -> int:
        if heavy:
            return min(len(self.addresses) - 1, max(0, heavy.home + self.dice.whole(-2, 2)))
        leans = LEANS.get(kind.code, {})
        most = max(leans.values(), default=1)
        while True:
            at = self.places[kind.at].draw(self.dice)
            if self.dice.random() * most < leans.get(self.addresses[at].ward, 1):
                return at

    def _second(self, kind: Kind) -> int:
        return self.hours[kind.hours].draw(self.dice) * HOUR + int(self.dice.random() * HOUR)

    def _first(self, kind: Kind, at: int, opened: int, reporter: Person | None) -> Report:
        """The first report of a problem, with its fate."""
        self.incidents += 1
        ward, dice = self.addresses[at].ward, self.dice
        unseen = dice.waiting(kind.seen * scenario.WARD_VOICE[ward]) if kind.seen else 0
        end = self.ends[kind.ends].draw(dice)
        takes = dice.lognormal(kind.median_days, kind.sigma) * scenario.WARD_PACE[ward] * DAY
        if kind.agency == scenario.SLOW_AGENCY and opened >= day_start(scenario.SLOW_SINCE):
            takes *= scenario.SLOW_FACTOR
        ended = self._at_work(opened, opened + max(300, takes if end in FIXED else takes / 2), kind)
        report = Report(
            incident=self.incidents,
            kind=kind,
            occurred=int(opened - unseen * DAY),
            opened=opened,
            at=at,
            reporter=reporter or self._reporter(kind, at),
            fixed=ended if end in FIXED else None,
            closed=ended,
            end=end,
        )
        return self._fate(report)

    def _fate(self, report: Report) -> Report:
        """What the city's system makes of it besides an honest ending."""
        dice, code = self.dice, report.kind.code
        if dice.chance(scenario.ABANDONED.get(code, scenario.FORGOTTEN)):
            return replace(report, fixed=None, closed=None, end="abandoned")
        if dice.chance(scenario.CANCELLED):
            return replace(report, fixed=None, closed=report.opened + int(dice.between(0.1, 3) * DAY), end="cancelled")
        if dice.chance(scenario.PAPER.get(code, 0)):
            return self._on_paper(report, report.opened + 5 * DAY, tuple(range(1, 13)))
        if code in scenario.PAPER_IF_OLDER:
            return self._on_paper(report, report.opened + scenario.PAPER_IF_OLDER[code] * DAY, (1, 4, 7, 10))
        if report.end == "done" and dice.chance(scenario.REOPENED):
            second = report.closed + int(dice.lognormal(6, 0.7) * DAY)
            return replace(report, fixed=second, closed=second, reopened=report.closed)
        return report

    def _on_paper(self, report: Report, after: int, months: tuple[int, ...]) -> Report:
        """Closed by the next batch if the work is not done by then; the real fix, if any, comes later."""
        batches = _batches(months)
        found = bisect_left(batches, after)
        if found == len(batches) or report.closed <= batches[found]:
            return report
        return replace(report, closed=batches[found] + int(self.dice.random() * 60), end="paper")

    def _all(self, first: Report) -> Iterator[Report]:
        """The first report and those of others who see the same problem until it is gone."""
        yield first
        rate = first.kind.seen * scenario.WARD_VOICE[self.addresses[first.at].ward]
        gone = first.fixed or first.closed or AS_OF
        seen, until = float(first.opened), min(gone, first.opened + WATCHED_DAYS * DAY, AS_OF)
        for _ in range(MOST_REPORTS if rate else 0):
            seen += self.dice.waiting(rate) * DAY
            if seen >= until:
                return
            yield self._duplicate(first, int(seen))

    def _duplicate(self, first: Report, opened: int) -> Report:
        """Most are recognised within a day or two, the others are closed with the first."""
        known = opened + int(self.dice.lognormal(0.8, 0.8) * DAY)
        ends = min(first.closed or known, known) if self.dice.chance(0.6) else first.closed
        at = first.at
        if self.dice.chance(0.35):
            at = min(len(self.addresses) - 1, max(0, at + self.dice.pick((-1, 1))))
        if self.addresses[at].ward != self.addresses[first.at].ward:
            at = first.at
        closed = None if ends is None else max(ends, opened + 60)
        return replace(
            first, opened=opened, at=at, reporter=self._reporter(first.kind, at), closed=closed, end="duplicate",
            is_first=False, reopened=None,
        )  # fmt: skip

    def _reporter(self, kind: Kind, at: int) -> Person:
        """Tenants report their own home, others what is near; some report what they pass."""
        own = {"flats": 0.8, "home": 0.65, "street": 0.15}[kind.at]
        if self.dice.chance(own):
            return self.people.living_at(at)
        if kind.at == "street" and self.dice.chance(0.3):
            return self.people.living_at(self.places["home"].draw(self.dice))
        return self.people.near(at, 12)

    def _at_work(self, opened: int, ended: float, kind: Kind) -> int:
        """Crews work by day and rarely at weekends; what takes less than a day is done at any hour."""
        ended = int(ended)
        if kind.median_days < 1:
            return ended
        day, second = divmod(wall(ended), DAY)
        if (day + 3) % 7 > 4 and self.dice.chance(0.75):
            day += 7 - (day + 3) % 7
            second = 0
        if not 7 * HOUR <= second <= 17 * HOUR:
            second = 7 * HOUR + int(self.dice.random() * 9.5 * HOUR)
        shifted = (ended + day * DAY + second - wall(ended)) // 60 * 60  # staff note the minute
        return shifted if shifted > opened else shifted + DAY


def _places(addresses: tuple[Address, ...]) -> dict[str, Urn]:
    """Where problems are: on the street, at any home, in apartment buildings."""
    everywhere = range(len(addresses))
    return {
        "street": Urn(everywhere, [address.weight / address.homes**0.5 for address in addresses]),
        "home": Urn(everywhere, [address.weight for address in addresses]),
        "flats": Urn(everywhere, [address.weight * (4 if address.homes > 3 else 0.6) for address in addresses]),
    }


def _part_of_time(kind: Kind) -> float:
    """The share of the three years in which the city took requests of this kind."""
    since = date.fromisoformat(kind.since)
    return sum(day >= since for day in DAYS) / len(DAYS)


def _busy(kind: Kind, day: date) -> float:
    """How often a kind of problem is reported on a day, before chance."""
    if day < date.fromisoformat(kind.since):
        return 0.0
    growth = 1 + scenario.GROWTH * (day - scenario.FIRST_DAY).days / 365
    factor = SEASONS[kind.season][day.month - 1] * WEEKS[kind.week][day.weekday()] * growth
    return factor * _storms()[kind.code, day]


@cache
def _storms() -> dict[tuple[str, date], float]:
    factors = defaultdict(lambda: 1.0)
    for day, (code, times) in scenario.STORMS.items():
        factors[code, day] = times
        factors[code, day + timedelta(days=1)] = times * 0.6
    return factors


@cache
def _batches(months: tuple[int, ...]) -> list[int]:
    """The evenings on which old requests are closed in bulk: the last day before each of these months."""
    return [
        day_start(date(year, month, 1) - timedelta(days=1)) + BATCH_TIME
        for year in range(2023, 2027)
        for month in months
        if date(year, month, 1) > scenario.FIRST_DAY
    ]
