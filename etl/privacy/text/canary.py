"""The last look at a text that shall be shown: no e-mail, no number, be it spelled, no plate, no house, no time of day.
Simpler than the layers and with words of its own, so that a fault there does not pass here; the gate looks once more."""

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from etl.privacy.text.form import Form, laid
from etl.privacy.text.lexicon import compact
from etl.privacy.text.normal import plain

DIGIT = "(?:zero|oh|one|two|three|four|five|six|seven|eight|nine|cero|uno|dos|tres|cuatro|cinco|seis|siete|ocho|nueve)"
TEN = "(?:ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
SAID = f"(?:{DIGIT}|{TEN}|hundred)"
STREET = "(?:Street|St|Avenue|Ave|Road|Rd|Drive|Lane|Ln|Blvd|Boulevard|Court|Terrace)"
PART = r"(?:[A-Z][\w'.-]* ){1,2}"  # of a street's name
GAP = r"[\s,./_-]{1,3}"
FORMS = (
    r"\d{4}|\S@\s?\S|\d{1,2}:\d{2}|\d{3}[^\d]{0,3}\d{3}|https?:|www\.",
    rf"\b{DIGIT}(?:{GAP}{DIGIT}){{3,}}\b",  # a number, digit by digit
    rf"\b(?:nineteen|mil)[ -](?:hundred|{TEN}|novecientos)\b",  # a year
    rf"\b(?:apt|apartment|apto|apartamento)\.? ?#? ?(?:\d|{SAID}\b)",
    rf"(?-i:\b(?:[IVXL]{{2,6}}|[Oo]ne|[Tt]wo|[Tt]hree|[Ff]our|[Ff]ive|[Ss]ix|[Ss]even|[Ee]ight|[Nn]ine|\d+)"
    rf"(?: {SAID})? {PART}{STREET}\b)",
    rf"\b{TEN}(?:[ -]{DIGIT})? (?-i:{PART}{STREET}\b)",
    r"\b(?:house|casa|n[uú]mero|number) \d",
    r"(?-i:\b(?:[Aa]t|[Nn]ear|[Oo]utside|[Bb]y|[Bb]ehind|[Ee]n) \d{1,5} [A-Z][a-z]+\b)",
    # plates: mixed in one word, or letter by letter
    r"(?-i:\b(?:\d[A-Z]{3} ?\d{3}|[A-Z]{3}[ -]?\d{3}|[A-Z]{2}\d{2}[A-Z]{2})\b)",
    rf"\b(?:plates?|licen[cs]e|placas?)\W{{1,3}}(?:(?:is|no|number|es)\W{{1,2}})?(?:[a-z]|\d|{DIGIT})"
    rf"(?:{GAP}(?:[a-z]|\d|{DIGIT})){{3,}}\b",
)
TELLING = Form(*FORMS)
BETWEEN = "\0" * 4  # texts; no form reaches over so many
WRITTEN = re.compile(r"[+(]?\d[\d ().-]+\d|\S+\.\S+")  # what an allowed number or web address is written as


def tells(text: str, allowed: frozenset[str] = frozenset()) -> bool:
    """True if something in it has the form of what must never be shown; `allowed` are the city's own, made compact."""
    if not text.isascii():
        text = plain(text).text
    if allowed:
        text = WRITTEN.sub(lambda m: "" if compact(m[0].strip(".,;")) in allowed else m[0], text)
    return TELLING.is_in(text)


def telling(texts: Sequence[str], allowed: frozenset[str] = frozenset()) -> set[int]:
    """The numbers of the texts of which that is true; they are searched all at once, and those in doubt once more."""
    starts = [0, *accumulate(len(text) + len(BETWEEN) for text in texts)]
    page = BETWEEN.join(text if text.isascii() else " " * len(text) for text in texts)
    places = (place for start, end, _ in TELLING.finds(laid(page)) for place in (start, end - 1))
    doubted = {bisect_right(starts, place) - 1 for place in places}
    doubted |= {number for number, text in enumerate(texts) if not text.isascii()}
    return {number for number in doubted if number < len(texts) and tells(texts[number], allowed)}
