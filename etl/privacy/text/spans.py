"""What a layer found in a text, what stands in its place, and what becomes of the text."""

from collections.abc import Iterable
from dataclasses import dataclass

# label -> what stands in its place, whatever its length was; where hits overlap, the first label here wins
MASKS = {
    label: f"[{label}]"
    for label in (
        "email",
        "url",
        "handle",
        "ip",
        "ssn",
        "card",
        "phone",
        "vin",
        "address",
        "plate",
        "date",
        "time",
        "number",
        "name",
        "word",
    )
}
RANK = {label: rank for rank, label in enumerate(MASKS)}
Hit = tuple[int, int, str]  # start, end, label
KEPT = "kept"  # label of what no layer may mask


@dataclass(frozen=True, slots=True)
class Span:
    """A masked part of the text as it was given: characters from `start` up to `end`."""

    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class Redacted:
    """The text that may be shown, or None and the reason why it is withheld; and what was found in it."""

    text: str | None
    reason: str
    spans: tuple[Span, ...]


def merged(hits: Iterable[Hit]) -> list[Hit]:
    """The union of hits, in order; hits that overlap become one, hits on what is KEPT none."""
    found: list[Hit] = []
    hits = list(hits)
    kept = [(start, end) for start, end, label in hits if label == KEPT]
    if kept:
        hits = [hit for hit in hits if not any(hit[0] < end and hit[1] > start for start, end in kept)]
    for start, end, label in sorted(hits):
        if found and start < found[-1][1]:
            first, last, other = found[-1]
            found[-1] = (first, max(last, end), min(label, other, key=RANK.__getitem__))
        else:
            found.append((start, end, label))
    return found


def masked(text: str, hits: list[Hit]) -> str:
    """The text with every hit replaced; names that stand side by side are one name."""
    parts, at, before = [], 0, ""
    for start, end, label in hits:
        between = text[at:start]
        if not (label == before and label in ("name", "word") and between.strip() == ""):
            parts += [between, MASKS[label]]
        at, before = end, label
    return "".join([*parts, text[at:]])
