"""The truth behind a fault server: made-up service requests, a council and collection days, all from one seed.

model = Model(rows=200)
model.update("001", status="closed")
model.rows["001"].closed
model.pass_time(3600)       # the only clock there is
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from random import Random
from threading import RLock
from uuid import UUID

from tests.cities.council import Council
from tests.cities.times import moment
from tests.cities.trash import Route, routes

NOW = moment("2024-07-01T12:00:00Z")
DAY = 86_400
WEST, SOUTH, EAST, NORTH = (-71.0, 43.0, -70.8, 43.2)
STREETS = ("Elm Street", "Ash Street", "O'Hara Court", "Straße des 5. Mai", "Back & Front Lane")
WORDS = (
    "It is still there.",
    'They said "soon"; nobody came, again.',
    "Über dem Gehweg, near the café",
    "a < b && b > c\nsecond line",
    "",
)
NOTES = ("Repaired by the crew.", "Nothing found", "Referred to the state", "Duplicate of an older request")


@dataclass(frozen=True, slots=True)
class Service:
    code: str
    name: str
    group: str
    agency: str
    days: int | None  # promised days until it is closed


SERVICES = (
    Service("001", "Pothole", "Streets", "DPW", 7),
    Service("4ffa9cad6018277d4000007b", "Graffiti", "Streets", "DPW", 30),
    Service("RATS-2", "Rats", "Animals", "Health", None),
    Service("17", "Missed Collection", "Trash", "Sanitation", 2),
    Service("0x", "Straßenlampe, out", "Lights", "Public Works & Lights", 10),
)


@dataclass(frozen=True, slots=True)
class Case:
    """One service request. Instants are UTC seconds; the three `reporter` fields must never get through."""

    number: int  # the platform's own running number: OBJECTID, _id, cartodb_id
    id: str
    service_code: str
    service_name: str
    service_group: str
    agency: str
    status: str  # open or closed
    requested: int
    updated: int
    closed: int | None
    expected: int | None
    address: str
    zipcode: str
    lat: float | None
    long: float | None
    description: str
    closure_note: str
    reporter_name: str
    reporter_email: str
    reporter_phone: str
    touched: int  # when the platform itself last wrote the row
    born: int  # the version of the model at its insertion
    version: int  # and at its last change


@dataclass(frozen=True, slots=True)
class Gone:
    case: Case
    version: int
    reason: str  # deleted, or changed where the row is there but no longer shown


def noise(n: int) -> int:
    """A number of 128 bits, another one for every n."""
    return (n * 0x9E3779B97F4A7C15F39CC0605CEDC835) % (1 << 128)


ID_KINDS = (
    lambda n: f"{n:03d}",
    lambda n: str(UUID(int=noise(n), version=4)),
    lambda n: f"{noise(n):032x}"[:24],
    lambda n: f"JOB_{n}",
    lambda n: str(101_005_420_000 + n),
)


def unusual_id(n: int) -> str:
    """Ids as cities have them: 001, a UUID, a Mongo hex, JOB_4, a long number."""
    return ID_KINDS[(n - 1) % len(ID_KINDS)](n)


class Model:
    """A table that can be changed; every change gets a version of its own. Hold `lock` to change several at once."""

    def __init__(self, rows: int = 0, seed: int = 1, now: int = NOW, days: int = 60, zone: str = "America/New_York"):
        self.now, self.days, self.zone = now, days, zone
        self.dice, self.lock = Random(seed), RLock()
        self.rows: dict[str, Case] = {}
        self.gone: list[Gone] = []
        self.version = self.numbers = self.ids = 0  # a reload numbers anew; no id comes twice
        self.council = Council(self)
        self.routes: tuple[Route, ...] = routes(now, zone)
        self.fill(rows)

    def __iter__(self) -> Iterator[Case]:
        return iter(self.rows.values())

    def fill(self, count: int) -> None:
        """Insert requests, spread evenly over the model's days and in the order in which they were opened."""
        with self.lock:
            step = self.days * DAY / max(count, 1)
            for n in range(count):
                self.insert(requested=int(self.now - self.days * DAY + n * step))

    def insert(self, **given) -> Case:
        """A new request with some fields given and all others made up."""
        with self.lock:
            self.version, self.numbers, self.ids = self.version + 1, self.numbers + 1, self.ids + 1
            case = self._made_up(given)
            if case.id in self.rows:
                raise ValueError(f"the model has a request {case.id!r} already: delete it first")
            self.rows[case.id] = case
            return case

    def update(self, id: str, **changes) -> Case:
        """Change a request now: `updated` is the model's clock unless it is given."""
        with self.lock:
            self.version += 1
            stamps = {"updated": self.now, "touched": self.now, "version": self.version}
            self.rows[id] = replace(self.rows[id], **(stamps | changes))
            return self.rows[id]

    def close(self, id: str, note: str = NOTES[0]) -> Case:
        return self.update(id, status="closed", closed=self.now, closure_note=note)

    def delete(self, id: str, reason: str = "deleted") -> None:
        """Take a request away; with the reason "changed" it is one that the city no longer shows."""
        with self.lock:
            self.version += 1
            self.gone.append(Gone(self.rows.pop(id), self.version, reason))

    def touch_all(self) -> None:
        """A replace storm: the platform writes every row again, and nothing in any of them has changed."""
        with self.lock:
            self.version += 1
            self.rows = {id: replace(case, touched=self.now) for id, case in self.rows.items()}

    def renumber(self) -> None:
        """A reload: the same rows get the platform's running numbers anew, in another order."""
        with self.lock:
            self.version += 1
            numbers = list(range(1, len(self.rows) + 1))
            self.dice.shuffle(numbers)
            pairs = zip(self.rows.items(), numbers, strict=True)
            self.rows = {id: replace(case, number=number, touched=self.now) for (id, case), number in pairs}
            self.numbers = len(self.rows)

    def pass_time(self, seconds: float) -> None:
        with self.lock:
            self.now += int(seconds)

    def _made_up(self, given: dict) -> Case:
        dice, number = self.dice, self.numbers
        service = SERVICES[dice.randrange(len(SERVICES))]
        requested = given.get("requested", self.now)
        done = given.get("closed", requested + int(dice.expovariate(1 / (9 * DAY))))
        status = given.get("status", "closed" if done is not None and done <= self.now else "open")
        closed = done if status == "closed" else None
        person = dice.randrange(1000)
        placed = dice.random() > 0.03
        fields = {
            "number": number,
            "id": unusual_id(self.ids),
            "service_code": service.code,
            "service_name": service.name,
            "service_group": service.group,
            "agency": service.agency,
            "status": status,
            "requested": requested,
            "updated": closed or requested,
            "closed": closed,
            "expected": None if service.days is None else requested + service.days * DAY,
            "address": f"{dice.randrange(1, 200)} {STREETS[dice.randrange(len(STREETS))]}",
            "zipcode": "03801",
            "lat": round(dice.uniform(SOUTH, NORTH), 6) if placed else None,
            "long": round(dice.uniform(WEST, EAST), 6) if placed else None,
            "description": WORDS[dice.randrange(len(WORDS))],
            "closure_note": NOTES[dice.randrange(len(NOTES))] if status == "closed" else "",
            "reporter_name": f"Reporter Name{person}",
            "reporter_email": f"reporter{person}@mail.example",
            "reporter_phone": f"603-555-{person:04d}",
            "touched": self.now,
            "born": self.version,
            "version": self.version,
        }
        return Case(**(fields | given))
