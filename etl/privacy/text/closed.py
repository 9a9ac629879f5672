"""L5: when in doubt, nothing is shown: another language, too much masked, too long."""

import re
from collections.abc import Collection
from functools import cache

from etl.privacy.text.spans import Hit
from etl.privacy.text.vocabulary import known, words_of

LONGEST = 280  # characters
MOST_MASKED = 0.4  # share of the letters and digits
MOST_BEYOND = 0.1  # share of letters that are not Latin
FEW_WORDS = 3
LEAST_KNOWN = 0.5
BEYOND_LATIN = re.compile("[\u0250-\U0010ffff]")
LONG, LANGUAGE, MASKED = "longer than 280 characters", "not in English or Spanish", "more than 40 % masked"
TELLING = "has the form of an address, a number or a time"


@cache
def others() -> frozenset[str]:
    return words_of("other")


def is_foreign(words: Collection[str], text: str, are_known: bool = False) -> bool:
    """True if the text is probably in another language than English and Spanish; of `words`, in lower case, of which
    it may be known that all are in the lexicon."""
    beyond = [] if text.isascii() else [c for c in BEYOND_LATIN.findall(text) if c.isalpha()]
    if beyond and len(beyond) > MOST_BEYOND * sum(map(str.isalpha, text)):
        return True
    if len(words) <= FEW_WORDS:
        return False
    if not others().isdisjoint(words):
        foreign = len([*filter(others().__contains__, words)])
        if foreign >= 2 and foreign >= 0.15 * len(words):
            return True
    if are_known or len(known_of(words)) >= LEAST_KNOWN * len(words):
        return False
    words = [word for word in words if not word[0].isdigit()]
    return len(words) > FEW_WORDS and len(known_of(words)) < LEAST_KNOWN * len(words)


def known_of(words: Collection[str]) -> list[str]:
    return [*filter(known().__contains__, words)]


def why_masked(text: str, hits: list[Hit]) -> str:
    """The reason to withhold a text of which too much is masked, or nothing."""
    if not hits:
        return ""
    written = sum(map(str.isalnum, text))
    hidden = sum(sum(map(str.isalnum, text[start:end])) for start, end, _ in hits)
    return MASKED if hidden > MOST_MASKED * written else ""
