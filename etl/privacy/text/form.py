"""Patterns whose time is linear (RE2), in whatever case. They are looked for in the bytes of a text: in the text itself each
find would count its place anew."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import re2

MEMORY = 64 << 20  # bytes of one pattern's automaton, at most: where it runs full it is made anew again and again
OPTIONS = re2.Options()
OPTIONS.case_sensitive = False
OPTIONS.log_errors = False
OPTIONS.max_mem = MEMORY
FOLLOWS = 0x80  # the upper two bits of a byte that is not the first one of its letter
UPPER = 0xC0


@dataclass(frozen=True, slots=True)
class Laid:
    """A text as bytes. `at`: which letter begins at each of them, or behind the last."""

    data: bytes
    at: range | np.ndarray


def laid(text: str) -> Laid:
    data = text.encode()
    if len(data) == len(text):
        return Laid(data, range(len(data) + 1))
    begins = (np.frombuffer(data, np.uint8) & UPPER) != FOLLOWS
    return Laid(data, np.concatenate(([0], np.cumsum(begins))))


class Form:
    """What has one of several forms."""

    def __init__(self, *forms: str):
        self.pattern = re2.compile("|".join(f"(?:{form})" for form in forms).encode(), OPTIONS)

    def finds(self, text: Laid) -> Iterator[tuple[int, int, int | None]]:
        """Where each find begins and ends, and which of the pattern's groups it is, if it has any."""
        at = text.at
        for match in self.pattern.finditer(text.data):
            start, end = match.span()
            yield int(at[start]), int(at[end]), match.lastindex

    def is_in(self, text: str) -> bool:
        return self.pattern.search(text.encode()) is not None
