"""L0: one spelling for what looks alike, so that no look-alike hides from the layers behind.

Compatibility forms are composed (NFKC), invisible characters dropped, letters of other alphabets that look Latin are
taken for Latin and digits of any script for digits. Each character remembers where it stood."""

import re
import unicodedata
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
    letters: list[str] = []
    at: list[int] = []
    for first, cluster in _clusters(text):
        is_plain = len(cluster) == 1 and cluster.isascii() and cluster.isprintable()
        for letter in cluster if is_plain else _folded(cluster):
            letters.append(letter)
            at.append(first)
    return Plain("".join(letters), (*at, len(text)))


def as_given(text: str) -> Plain:
    """Without L0: only what would confuse the page of texts is blanked, at its place."""
    return Plain(text.replace("\0", " "))


def _clusters(text: str):
    """Each character with the marks that belong to it, and where it begins."""
    start = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or not unicodedata.combining(text[place]):
            if text:
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
