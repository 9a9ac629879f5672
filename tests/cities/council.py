"""The council of the made-up city: persons, matters, and meetings with agenda items and votes.

model.council.fill(matters=1200, meetings=30)
model.council.amend(17, status="Adopted")
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.cities.model import Model

DAY = 86_400
PERSONS = {n: f"Council Member {letter}" for n, letter in enumerate("ABCDEFG", 1)}
BODIES = {1: "City Council", 2: "Committee on Streets", 3: "Finance Committee"}
STATUSES = ("Introduced", "In Committee", "Adopted", "Filed")
TYPES = ("Ordinance", "Resolution", "Communication")
VOTES = ("Affirmative", "Affirmative", "Affirmative", "Negative", "Medical", "Parental", "Absent")


@dataclass(frozen=True, slots=True)
class Matter:
    id: int
    file: str
    title: str
    type: str
    status: str
    body: int
    introduced: int
    modified: int
    sponsors: tuple[int, ...]
    private: bool = False  # the clerk restricts its view: never to be published


@dataclass(frozen=True, slots=True)
class Vote:
    id: int
    person: int
    value: str


@dataclass(frozen=True, slots=True)
class Item:
    id: int
    matter: int | None
    title: str
    passed: bool | None
    votes: tuple[Vote, ...]


@dataclass(frozen=True, slots=True)
class Meeting:
    id: int
    body: int
    day: int  # local midnight, as UTC seconds
    hour: str
    location: str
    modified: int
    items: tuple[Item, ...]


class Council:
    """Matters and meetings by id; every change moves the model's version on."""

    def __init__(self, model: "Model"):
        self.model = model
        self.matters: dict[int, Matter] = {}
        self.meetings: dict[int, Meeting] = {}

    def fill(self, matters: int, meetings: int = 0) -> None:
        with self.model.lock:
            for n in range(matters):
                self._introduce(self.model.now - (matters - n) * DAY // 4)
            for n in range(meetings):
                self._meet(self.model.now - (meetings - n) * 7 * DAY)

    def amend(self, id: int, **changes) -> Matter:
        with self.model.lock:
            self.model.version += 1
            self.matters[id] = replace(self.matters[id], **({"modified": self.model.now} | changes))
            return self.matters[id]

    def withdraw(self, id: int) -> None:
        with self.model.lock:
            self.model.version += 1
            del self.matters[id]

    def _introduce(self, when: int) -> None:
        dice, id = self.model.dice, max(self.matters, default=5000) + 1
        self.model.version += 1
        self.matters[id] = Matter(
            id=id,
            file=f"2024-{id:04d}",
            title=f"An order about {dice.choice(('streets', 'trees', 'café tables', 'budget & fees'))}",
            type=dice.choice(TYPES),
            status=dice.choice(STATUSES),
            body=dice.choice(tuple(BODIES)),
            introduced=when,
            modified=when,
            sponsors=tuple(sorted(dice.sample(tuple(PERSONS), 2))),
            private=dice.random() < 0.05,
        )

    def _meet(self, when: int) -> None:
        dice, id = self.model.dice, max(self.meetings, default=300) + 1
        self.model.version += 1
        discussed = [None, *dice.sample(tuple(self.matters), min(3, len(self.matters)))]
        items = tuple(self._item(id * 10 + n, matter) for n, matter in enumerate(discussed))
        body, hour = dice.choice(tuple(BODIES)), dice.choice(("10:00 AM", "6:30 PM"))
        self.meetings[id] = Meeting(id, body, when, hour, "Council Chambers", when, items)

    def _item(self, id: int, matter: int | None) -> Item:
        dice = self.model.dice
        if matter is None:
            return Item(id, None, "Roll call", None, ())
        votes = tuple(Vote(id * 10 + person, person, dice.choice(VOTES)) for person in PERSONS)
        return Item(id, matter, self.matters[matter].title, dice.random() < 0.8, votes)
