"""L0: one spelling for what looks alike, so that no look-alike hides from the layers behind.

Compatibility forms are composed (NFKC), invisible characters dropped, letters of other alphabets that look Latin are
taken for Latin and digits of any script for digits. Each character remembers where it stood."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

ALIKE = {
    "АаЕеОоРрСсХхУуІіЈјЅѕКкМмТтВвНнԁԛԝӏ": "AaEeOoPpCcXxYyIiJjSsKkMmTtBbHhdqwl",
    "ΑαΕεΟοΡρΧχΥυΙιΚκΜΝνΤτΒβΗΖσօոս": "AaEeOoPpXxYyIiKkMNvTtBbHZoonu",
}
FOLD = {other: latin for others, latins in ALIKE.items() for other, latin in zip(others, latins, strict=True)}
FOLD |= {"ı": "i", "ſ": "s", "‘": "'", "’": "'", "ʼ": "'", "´": "'", "“": '"', "”": '"'}
FOLD |= dict.fromkeys("‐‑‒–—―−﹘﹣", "-") | dict.fromkeys("⁄∕", "/") | dict.fromkeys("․•∙·", ".") | {"＠": "@"}
DROPPED = ("Cf", "Cc", "Mn", "Me", "Cs", "Co", "Cn")
SPACES = "\n\r\t\v\f"
ODD_RUN = re.compile("[ -~]?[^ -~]+")  # with the letter before, whose marks they may be
ODD = re.compile("[" + re.escape("".join(FOLD)) + r"]|(?=\d)[^0-9]")


@dataclass(frozen=True, slots=True)
class Plain:
    """A text in one spelling. `at`: where each of its characters, and its end, stood; None if nowhere else."""

    text: str
    at: tuple[int, ...] | None = None

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Where a part of it stood in the text as it was given."""
        return (start, end) if self.at is None else (self.at[start], self.at[end - 1] + self._width(end))

    def _width(self, end: int) -> int:
        """How far the last character reached, up to where the next one begins."""
        return max(1, self.at[end] - self.at[end - 1])


def plain(text: str) -> Plain:
    if text.isprintable() and (text.isascii() or (unicodedata.is_normalized("NFKC", text) and not ODD.search(text))):
        return Plain(text)
    parts: list[str] = []
    at: list[int] = []
    done = 0
    for odd in ODD_RUN.finditer(text):
        first, last = odd.span()
        parts.append(text[done:first])
        at += range(done, first)
        for start, cluster in _clusters(text, first, last):
            parts.append(folded := _folded(cluster))
            at += [start] * len(folded)
        done = last
    return Plain("".join([*parts, text[done:]]), (*at, *range(done, len(text) + 1)))


def as_given(text: str) -> Plain:
    """Without L0: only what would confuse the page of texts is blanked, at its place."""
    return Plain(text.replace("\0", " "))


def _clusters(text: str, start: int, end: int) -> Iterator[tuple[int, str]]:
    """Each character of a part of the text with the marks that belong to it, and where it begins."""
    for place in range(start + 1, end + 1):
        if place == end or not unicodedata.combining(text[place]):
            yield start, text[start:place]
            start = place


def _folded(cluster: str) -> str:
    composed = unicodedata.normalize("NFKC", cluster)
    return "".join(map(_letter, composed))


def _letter(letter: str) -> str:
    if letter in SPACES or letter.isspace():
        return " "
    if letter in FOLD:
        return FOLD[letter]
    if letter.isascii():
        return letter if letter.isprintable() else ""
    if unicodedata.category(letter) in DROPPED:
        return ""
    digit = unicodedata.decimal(letter, None)
    return letter if digit is None else str(digit)
