"""A made-up city in which it is known who reported what: residents, houses, years of reports; the same for a seed.

Besides the plain ones there are residents who report all the time, a system that puts unknown addresses on the steps of
the town hall, reports that arrive weeks late, and words that repeat what the columns hide.
"""

import os
import random
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import h3

from etl.privacy import time as days
from tests import town

LONG = os.environ.get("CITYGLASS_LONG") == "1"  # `make attack`: as large and as long as the attacks were thought
RESIDENTS = 100_000 if LONG else 12_000
PER_DAY = 60 if LONG else 22  # reports
DAYS = 365 if LONG else 30  # that are released one by one
EVERY = 1 if LONG else 3  # days

BEGIN, FIRST = date(2024, 1, 1), date(2024, 6, 3)  # a Monday: the day of the first release
HOUSES_PER_CELL = 80
PER_HOUSE = 2.4
MIDDLE = h3.latlng_to_cell(43.1, -70.9, 9)  # the two wards meet here: some cells lie in both
TOWN_HALL = (43.1011, -70.9102)  # where the city's geocoder puts what it cannot find
# kind: (group, tier, weight)
KINDS = {
    "Pothole": ("Streets", "A", 30),
    "Street Light": ("Lights", "A", 18),
    "Missed Bin": ("Trash", "B", 27),
    "Rats": ("Animals", "B", 9),
    "Dog": ("Animals", "B", 4),
    "No Heat": ("Housing", "C", 6),
    "Mould": ("Housing", "C", 3),
    "Party": ("Noise", "C", 5),
    "Police Matter": ("Police", "X", 1),
}
POLICY = {
    "tiers": {group: tier for group, tier, _ in KINDS.values() if tier != "X"},
    "targets": {"Trash": 10, "Pothole": 7, "Housing": 14},
}
# group: hours until it is done; those of tier C are all much alike
TOOK = {
    "Streets": lambda dice: 24 * dice.expovariate(1 / 4),
    "Lights": lambda dice: 24 * dice.expovariate(1 / 4),
    "Trash": lambda dice: 24 * dice.expovariate(1 / 8),
    "Animals": lambda dice: 24 * dice.expovariate(1 / 15),
    "Housing": lambda dice: 24 * dice.uniform(1, 13),
    "Noise": lambda dice: 2,
    "Police": lambda dice: 2,
}
CLOSED = {"C": 0.99}
AT_HOME = {"A": 0.0, "B": 0.9, "C": 0.95, "X": 1.0}  # share of reports about the reporter's own address
GUESSED = {"A": 0.02, "B": 0.03, "C": 0.12, "X": 0.0}  # share that the geocoder cannot find
HARM = "There is a deep hole in the road near the school and cars drive around it on the wrong side of the street."
DONE = "the crew was here and the hole in the road near the school was fixed, the street is open again and clean, done"
HEAVY = 1500  # one resident in so many reports all the time
LATE = 0.04
AGAIN = 5  # one report in so many is opened again
FIRST_NAMES = (
    "Ada Bela Cleo Dov Edda Femi Gita Hugo Ines Jiro Kofi Lena Mara Nils Olga Pavo Quim Rosa Sven Tara".split()
)
LAST_NAMES = (
    "Abara Brandt Castel Dhar Eriksen Fontana Gruber Haddad Ivanov Juarez Kimura Lindt Moreau Nowak Okoye".split()
)


@dataclass(frozen=True, slots=True)
class House:
    address: str
    lat: float
    long: float

    @property
    def cell(self) -> str:
        return h3.latlng_to_cell(self.lat, self.long, 9)


@dataclass(frozen=True, slots=True)
class Resident:
    name: str
    phone: str
    home: House


@dataclass(frozen=True, slots=True)
class Report:
    """One report: who made it, about which house, and from which day on the city's system shows it (until `leaves`).
    Some were `first` closed, and opened again, before they were closed for good."""

    id: str
    reporter: Resident
    house: House
    kind: str
    opened: datetime
    closed: datetime | None
    arrives: date
    leaves: date = date.max
    is_guessed: bool = False
    first: datetime | None = None
    again: datetime | None = None

    @property
    def group(self) -> str:
        return KINDS[self.kind][0]

    @property
    def tier(self) -> str:
        return KINDS[self.kind][1]

    @property
    def told(self) -> House:
        """Where the city's system has it."""
        return House(self.house.address, *TOWN_HALL) if self.is_guessed else self.house

    @property
    def row(self) -> dict[str, str]:
        """As the city's system exports it in the end."""
        return {
            "id": self.id,
            "kind": self.kind,
            "group": self.group,
            "status": "Done" if self.closed else "Todo",
            "opened": f"{self.opened}",
            "closed": f"{self.closed or ''}",
            "due": "",
            "updated": "",
            "lat": f"{self.told.lat:.6f}",
            "long": f"{self.told.long:.6f}",
            "address": self.house.address,
            "agency": f"{'West' if self.house.long < -70.9 else 'East'} Yard",
            "note": self.note if self.closed else "",
            "words": f"{HARM} {self.reporter.name} here, since {self.opened:%H:%M:%S}. Call me: {self.reporter.phone}.",
        }

    @property
    def note(self) -> str:
        """What staff wrote at closing."""
        return f"Dear {self.reporter.name}, {DONE} at {self.opened:%H:%M} as agreed."


@dataclass(frozen=True, slots=True)
class World:
    residents: tuple[Resident, ...]
    reports: tuple[Report, ...]

    def until(self, day: date) -> list[Report]:
        """What the city's system shows on the morning of a day."""
        shown = [report for report in self.reports if report.arrives < day <= report.leaves]
        return [r if r.closed and r.closed.date() < day else replace(r, closed=None) for r in shown]


def world(seed: int = 1, residents: int = RESIDENTS, per_day: int = PER_DAY, until: date | None = None) -> World:
    dice, until = random.Random(seed), until or FIRST + timedelta(DAYS)
    houses = _houses(dice, round(residents / PER_HOUSE))
    people = tuple(_resident(dice, houses, number) for number in range(residents))
    busy = people[:: max(1, min(HEAVY, residents // 8))]
    near: dict[str, list[House]] = {}
    for house in houses:
        near.setdefault(house.cell, []).append(house)
    opened = sorted(
        datetime.combine(BEGIN, datetime.min.time())
        + timedelta(dice.randrange((until - BEGIN).days), dice.triangular(0, 86_399, 54_000) // 1)
        for _ in range((until - BEGIN).days * per_day)
    )
    return World(people, tuple(_report(dice, people, busy, near, n, when) for n, when in enumerate(opened)))


def _houses(dice: random.Random, count: int) -> list[House]:
    rings, houses = 0, []
    while 3 * rings * (rings + 1) + 1 < count / HOUSES_PER_CELL:
        rings += 1
    cells = sorted(h3.grid_disk(MIDDLE, rings))
    for number in range(count):
        lat, long = h3.cell_to_latlng(cells[number % len(cells)])
        where = round(lat + dice.uniform(-9, 9) / 10_000, 6), round(long + dice.uniform(-12, 12) / 10_000, 6)
        houses.append(House(f"{number // len(cells) + 1} {LAST_NAMES[number % 15]} Road {number % len(cells)}", *where))
    return houses


def _resident(dice: random.Random, houses: list[House], number: int) -> Resident:
    name = f"{dice.choice(FIRST_NAMES)} {dice.choice(LAST_NAMES)}"
    return Resident(name, f"603-555-{number % 10_000:04}", houses[number % len(houses)])


def _report(dice: random.Random, people, busy, near: dict[str, list[House]], number: int, opened: datetime) -> Report:
    reporter = dice.choice(busy) if dice.random() < 0.12 else dice.choice(people)
    kind = dice.choices(list(KINDS), [weight for *_, weight in KINDS.values()])[0]
    tier = KINDS[kind][1]
    house = reporter.home if dice.random() < AT_HOME[tier] else dice.choice(near[reporter.home.cell])
    took = timedelta(hours=TOOK[KINDS[kind][0]](dice))
    late = dice.randrange(8, 70) if dice.random() < LATE else 0
    is_opened_again = number % AGAIN == 0 and took > timedelta(2)
    return Report(
        id=str(101_000_000 + 3 * number),
        reporter=reporter,
        house=house,
        kind=kind,
        opened=opened,
        closed=(opened + took).replace(microsecond=0) if dice.random() < CLOSED.get(tier, 0.85) else None,
        first=(opened + took * 0.3).replace(microsecond=0) if is_opened_again else None,
        again=(opened + took * 0.8).replace(microsecond=0) if is_opened_again else None,
        arrives=opened.date() + timedelta(late),
        is_guessed=dice.random() < GUESSED[tier],
    )


# What anybody can look up: in which places and periods a house and a day lie


def places_of(house: House) -> dict[str, str]:
    """Level -> place, as a map tells it: a cell belongs to the ward of its centre."""
    found = {f"h3_{size}": h3.cell_to_parent(house.cell, size) for size in (9, 8, 7)}
    side = "west" if h3.cell_to_latlng(house.cell)[1] < (town.WEST + town.EAST) / 2 else "east"
    return found | {"neighbourhood": f"n-{side}-ward", "city": "city"}


def bucket_of(day: date, grain: str) -> str:
    return days.bucket(day, grain)[0].isoformat()


def bucket_days(row: dict) -> list[date]:
    """The days on which a released row may have been opened, by its period alone."""
    first, after = days.bucket(date.fromisoformat(row["requested_bucket"]), row["requested_grain"])
    return [first + timedelta(n) for n in range((after - first).days)]
