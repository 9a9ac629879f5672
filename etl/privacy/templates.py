"""Codes rather than prose: a closing note that many requests share says nothing of one of them.

Digits and masked parts collapse, so that notes that differ only there are one template. It counts if at least LEAST
different requests share it and no layer withholds it; it is shown once an officer has approved it."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable

from etl.privacy.review import Entry
from etl.privacy.text.spans import MASKS

LEAST = 11  # different requests
NUMBER = re.compile(r"\d+(?:[.,]\d+)*")
MASKED = re.compile("|".join(map(re.escape, MASKS.values())))
SPACE = re.compile(r"\s+")


def template_of(redacted: str) -> str:
    """The note without what differs from request to request."""
    return SPACE.sub(" ", NUMBER.sub("#", redacted)).strip()


def id_of(template: str) -> str:
    """What the officer calls it by."""
    return hashlib.sha256(template.casefold().encode()).hexdigest()[:12]


def mined(notes: Iterable[tuple[int, str]]) -> list[Entry]:
    """The templates of redacted notes, given as (number of the request, text); the rarest are the riskiest."""
    shared: Counter[str] = Counter()
    for _, template in {(number, template_of(text)) for number, text in notes}:
        shared[template] += 1
    return [_entry(template, rows) for template, rows in shared.items() if rows >= LEAST and template]


def _entry(template: str, rows: int) -> Entry:
    risk = min(1.0, 0.1 * len(MASKED.findall(template)) + LEAST / rows * 0.5)
    return Entry("template", id_of(template), id_of(template), template, round(risk, 3), rows)
