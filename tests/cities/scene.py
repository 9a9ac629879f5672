"""What a fault sees and may change: the question, the honest answer, and the platform that gave it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from tests.cities.model import Model
from tests.cities.wire import Answer, Asked

Place = tuple[str | int, ...]


class Platform(Protocol):
    """A dialect: `fields` tells where in a row the platform-independent words stand (id, status, requested, …)."""

    model: Model
    fields: dict[str, tuple[Place, ...]]

    def answer(self, asked: Asked) -> Answer: ...

    def error(self, status: int, message: str) -> Answer: ...


@dataclass
class Scene:
    asked: Asked
    answer: Answer
    platform: Platform
    previous: list[dict]  # the rows of the page before
    first: list[dict]  # and of the first one


def flat(**names: str) -> dict[str, tuple[Place, ...]]:
    """Fields of rows without anything inside them: word → column."""
    return {word: ((name,),) for word, name in names.items()}


def found(row: dict, place: Place) -> tuple[Any, Any]:
    """The container that a place is in, and the last step; (None, None) where the row has no such place."""
    inside: Any = row
    for step in place[:-1]:
        inside = inside.get(step) if isinstance(inside, dict) else inside[step] if isinstance(inside, list) else None
    last = place[-1]
    there = last in inside if isinstance(inside, dict) else isinstance(inside, list)
    return (inside, last) if there else (None, None)


def changed(row: dict, places: tuple[Place, ...], change: Callable[[Any], Any]) -> None:
    for place in places:
        inside, last = found(row, place)
        if inside is not None:
            inside[last] = change(inside[last])
