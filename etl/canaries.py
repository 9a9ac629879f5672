"""Canaries: made-up private words, sent through the layers with the city's own streets and allow-list at every publish.

They prove that the layers are in place and that nothing the city allows opens a hole, not that every real name is found.
"""

import re
from dataclasses import dataclass
from random import Random
from string import ascii_uppercase as LETTERS

from etl.privacy.text import Gazetteer, redact

PER_SENTENCE = 20
WORD = re.compile(r"\w{2,}")
FIRST = (
    "Aldric Beatriz Chukwudi Dariusz Eleftheria Fatoumata Giovanni Hrishikesh Ignacio Jadwiga Kwabena Lakshmi".split()
)
LAST = "Abernathy Bhattacharya Castellanos Dombrowski Eszterhazy Fitzgerald Gutierrez Hovhannisyan Kowalczyk".split()
WORDS_TOO = (
    "Green Park Wood Hill Lake Snow Day Storm House Post Strong Lane".split()
)  # names that are words of the trade
SENTENCES = (
    ("name", "My name is {} and the street light is out."),
    ("name", "Dear {}, the crew filled the hole and cleaned the area."),
    ("surname", "The street light is out. Ms. {} called about it."),
    ("surname", "Hole filled. Crew talked to mrs {} about the tree."),
    ("phone", "Big pothole by the crosswalk, call me at {} if you cannot find it."),
    ("email", "Please write to {} when the hydrant is fixed."),
    ("ssn", "My social security number is {}, the sidewalk is broken."),
    ("time", "The trash was dumped at {} near the park."),
    ("address", "Rats around the bins behind {} Maple Street, nobody came."),
    ("plate", "A gray van blocks the fire hydrant, license plate {}."),
    ("url", "The sign is broken, a photo is at {} for the crew."),
)
COMMON = {"pm", "https", "mail", "example", "pictures"}  # of a canary's form, not of what it hides


@dataclass(frozen=True, slots=True)
class Recall:
    """How many canaries were `planted`, and of how many nothing is shown; none where no text is released."""

    planted: int = 0
    hidden: int = 0

    @property
    def share(self) -> float | None:
        return self.hidden / self.planted if self.planted else None


def recall(places: Gazetteer) -> Recall:
    """Send them through, the same ones each time."""
    random, names = Random(20), _names(places)
    made = [(_made(label, random, *names), text) for label, text in SENTENCES for _ in range(PER_SENTENCE)]
    told = redact([text.format(canary) for canary, text in made], places)
    return Recall(len(made), sum(is_hidden(canary, one.text) for (canary, _), one in zip(made, told, strict=True)))


def is_hidden(canary: str, text: str | None) -> bool:
    """True if no word of it is shown, however it is written."""
    return not {*WORD.findall(canary.lower())} & {*WORD.findall((text or "").lower())} - COMMON


def _names(places: Gazetteer) -> tuple[list[str], list[str]]:
    """First and last names but for those that a street of the city bears, which may be shown."""
    borne = {*WORD.findall(" ".join(places.names).lower())}
    first, last = ([name for name in names if name.lower() not in borne] for names in (FIRST, LAST))
    return first or ["Qvarzen"], last or ["Ztolqvist"]


def _made(label: str, random: Random, first: list[str], last: list[str]) -> str:
    one, other, number = random.choice(first), random.choice(last), random.randrange(1000, 10_000)
    return {
        "name": f"{one} {other}",
        "surname": random.choice(WORDS_TOO),
        "phone": f"(617) 555-01{number % 90 + 10}",
        "email": f"{one}.{other}@mail{number}.example".lower(),
        "ssn": f"9{number % 90 + 10}-{number % 89 + 10}-{number}",
        "time": f"{number % 12 + 1}:{number % 50 + 10} pm",
        "address": str(number * 10 + 7),
        "plate": f"{''.join(random.choices(LETTERS, k=3))}-{number}",
        "url": f"https://pictures.example/{other.lower()}{number}",
    }[label]
