"""Collection days of made-up routes: weekly, and a day later in the week of a holiday."""

from dataclasses import dataclass
from datetime import date, timedelta

from tests.cities.times import local

WEEKS = 26


@dataclass(frozen=True, slots=True)
class Route:
    """What is collected, from the first day on every so many weeks; `moved` tells day → the day instead."""

    name: str
    kind: str
    first: date
    every: int
    times: int
    moved: dict[date, date]

    def regular(self) -> list[date]:
        return [self.first + timedelta(weeks=n * self.every) for n in range(self.times)]

    def dates(self) -> list[date]:
        """The truth: every day on which the crew comes."""
        return sorted(self.moved.get(day, day) for day in self.regular())


def routes(now: int, zone: str) -> tuple[Route, ...]:
    """Three routes, Monday to Wednesday; the holiday is the Monday of the fifth week."""
    today = local(now, zone).date()
    monday = today - timedelta(days=today.weekday())
    holiday = monday + timedelta(weeks=4)
    return tuple(
        Route(f"Route {n + 1}", kind, monday + timedelta(days=n), every, WEEKS // every, late(holiday, n))
        for n, (kind, every) in enumerate((("Trash", 1), ("Recycling", 2), ("Yard waste", 1)))
    )


def late(holiday: date, weekday: int) -> dict[date, date]:
    day = holiday + timedelta(days=weekday)
    return {day: day + timedelta(days=1)}
