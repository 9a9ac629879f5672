"""Chance that falls the same on every machine: only `random.Random.random()` is used, the rest is arithmetic."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from random import Random


class Dice:
    """A seeded stream of draws. Streams with different names are independent of each other."""

    def __init__(self, seed: int, name: str = ""):
        self.random = Random(int.from_bytes(f"{seed}:{name}".encode(), "big")).random

    def chance(self, share: float) -> bool:
        return self.random() < share

    def between(self, low: float, high: float) -> float:
        return low + (high - low) * self.random()

    def whole(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self.random() * (high - low + 1))

    def pick(self, items: Sequence):
        return items[int(self.random() * len(items))]

    def normal(self) -> float:
        """A standard normal draw (Box-Muller)."""
        return math.sqrt(-2 * math.log(1 - self.random())) * math.cos(2 * math.pi * self.random())

    def lognormal(self, median: float, sigma: float) -> float:
        return median * math.exp(sigma * self.normal())

    def waiting(self, rate: float) -> float:
        """Time until the next event of a steady stream of `rate` events per unit of time."""
        return -math.log(1 - self.random()) / rate

    def sample(self, count: int, size: int) -> list[int]:
        """`count` different positions below `size`, in order of drawing."""
        drawn: dict[int, None] = {}
        while len(drawn) < min(count, size):
            drawn[int(self.random() * size)] = None
        return list(drawn)


class Urn:
    """Items drawn with fixed weights."""

    def __init__(self, items: Sequence, weights: Sequence[float]):
        self.items, self.totals = items, list(accumulate(weights))

    def draw(self, dice: Dice):
        return self.items[bisect_right(self.totals, dice.random() * self.totals[-1], hi=len(self.items) - 1)]
