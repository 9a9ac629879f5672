"""The last look at a text that shall be shown: no e-mail, no number, no time of day. Simpler than the layers, so that a
fault there does not pass here; the gate looks once more."""

import re

from etl.privacy.text.lexicon import compact

TELLING = re.compile(r"\d{4}|\S@\s?\S|\d{1,2}:\d{2}|\d{3}\D{0,3}\d{3}|https?:|www\.", re.I)
WRITTEN = re.compile(r"[+(]?\d[\d ().-]+\d|\S+\.\S+")  # what an allowed number or web address is written as


MARKS = re.compile(r"[\d@:]|[wW]{3}")  # without one of these nothing tells


def tells(text: str, allowed: frozenset[str] = frozenset()) -> bool:
    """True if something in it has the form of what must never be shown; `allowed` are the city's own, made compact."""
    if not MARKS.search(text):
        return False
    if allowed:
        text = WRITTEN.sub(lambda m: "" if compact(m[0].strip(".,;")) in allowed else m[0], text)
    return bool(TELLING.search(text))
