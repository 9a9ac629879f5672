"""The residents of Larkhaven: each has a name, a way to be reached, and a home."""

import unicodedata
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

from hub.sample.dice import Dice
from hub.sample.scenario import HEAVY_REPORTERS
from hub.sample.streets import Address
from hub.sample.words import FIRST_NAMES, MAIL_HOMES, SURNAMES


@dataclass(frozen=True, slots=True)
class Person:
    """A made-up resident; `home` is a position in the list of addresses."""

    id: str
    name: str
    email: str
    phone: str
    home: int


class People:
    """One person per household, by address; a few of them report far more than the others."""

    def __init__(self, addresses: tuple[Address, ...], dice: Dice):
        self.addresses, self.dice = addresses, dice
        self.until = list(accumulate(address.homes for address in addresses))
        self.met: dict[int, Person] = {}

    def living_at(self, home: int) -> Person:
        """Somebody of that address."""
        return self.numbered(self.until[home] - self.dice.whole(1, self.addresses[home].homes))

    def near(self, home: int, steps: int) -> Person:
        """Somebody who lives at most so many houses away."""
        return self.living_at(min(len(self.addresses) - 1, max(0, home + self.dice.whole(-steps, steps))))

    @cached_property
    def heavy(self) -> list[Person]:
        return [self.numbered(number) for number in self.dice.sample(HEAVY_REPORTERS, self.until[-1])]

    def numbered(self, number: int) -> Person:
        if number not in self.met:
            self.met[number] = self._meet(number)
        return self.met[number]

    def _meet(self, number: int) -> Person:
        first, last = self.dice.pick(FIRST_NAMES), self.dice.pick(SURNAMES)
        mailbox = f"{first}.{last}".lower().replace("'", "")
        mailbox = unicodedata.normalize("NFKD", mailbox).encode("ascii", "ignore").decode()
        return Person(
            id=f"R{number:05d}",
            name=f"{first} {last}",
            email=f"{mailbox}{number % 97}@{self.dice.pick(MAIL_HOMES)}",
            phone=f"207-555-{number * 7919 % 10_000:04d}",
            home=bisect_right(self.until, number),
        )
