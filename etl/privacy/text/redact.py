"""The layers put in order: each text is asked for every layer, what any of them finds is masked, in doubt all of it.

Texts go through in pages, joined by NUL characters, so that a pattern is started once per page and not per text."""

import gc
import hashlib
from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from pathlib import Path

from etl.privacy.text import canary, closed, cues, houses, lexicon, ner, patterns, vocabulary
from etl.privacy.text.lexicon import NOWHERE, Gazetteer
from etl.privacy.text.normal import Plain, as_given, plain
from etl.privacy.text.spans import Hit, Redacted, Span, masked, merged
from etl.privacy.text.vocabulary import Token

LAYERS = {
    "L0": "one spelling",
    "L1": "forms of numbers and addresses",
    "L2": "cues",
    "L3": "allow-list of words",
    "L4": "name recognition",
    "L5": "withheld in doubt",
    "L6": "greetings and sign-offs",
}
HERE = Path(__file__).parent
PAGE = 2_000  # texts
INNER_CAPITAL = lexicon.re.compile(r"[^.!?:;\"\s(*•-][\"')]? +[\"'(]?[A-ZÀ-Þ]|^.?\W*[A-ZÀ-Þ]{2}|[a-z][A-Z]")


def available() -> tuple[str, ...]:
    """The layers that can run here: without the extra `ner` all but L4."""
    return tuple(layer for layer in LAYERS if layer != "L4" or ner.is_installed())


@cache
def fingerprint() -> str:
    """Of the layers that run here, their code and their words: what was found under another one is not believed."""
    made_of = sorted(path for path in HERE.rglob("*") if path.is_file() and path.suffix != ".pyc")
    digests = [f"{path.relative_to(HERE)} {hashlib.sha256(path.read_bytes()).hexdigest()}" for path in made_of]
    return hashlib.sha256("\n".join([*available(), *digests]).encode()).hexdigest()


def redact(
    texts: Iterable[str], gazetteer: Gazetteer = NOWHERE, layers: Collection[str] | None = None
) -> list[Redacted]:
    """What may be shown of each text. Equal texts are looked at once."""
    texts = list(texts)
    run = frozenset(available() if layers is None else layers)
    done: dict[str, Redacted] = {}
    unique = tuple(dict.fromkeys(texts))
    for start in range(0, len(unique), PAGE):
        page = unique[start : start + PAGE]
        with _uncollected():
            done.update(zip(page, _page(page, gazetteer, run), strict=True))
    return [done[text] for text in texts]


@contextmanager
def _uncollected() -> Iterator[None]:
    """The words of a page are many and refer to nothing: the collector would look through them again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _page(texts: tuple[str, ...], gazetteer: Gazetteer, run: frozenset[str]) -> list[Redacted]:
    plains = [plain(text) if "L0" in run else as_given(text) for text in texts]
    spelled = [lexicon.WORD.findall(p.text) for p in plains]
    words = [list(map(str.lower, each)) for each in spelled]
    found = _formed(plains, words, gazetteer, run)
    read = [_tokens(p.text, *each, gazetteer) for p, *each in zip(plains, spelled, words, strict=True)]
    cued = _cued(plains, read, run)
    for number, (p, hits, tokens) in enumerate(zip(plains, found, read, strict=True)):
        if "L6" in run:
            hits += cues.staff(p.text, words[number])
        if number in cued:
            hits += cues.names_behind(tokens, cued[number], vocabulary.trade())
        if "L1" in run and houses.may_have(p.text, words[number]):
            read_all = tokens or lexicon.tokens(p.text, spelled[number], words[number], gazetteer)
            hits += houses.hits(p.text, read_all, gazetteer.streets)
        if tokens and "L3" in run:
            hits += lexicon.unknown_words(p.text, tokens)
    if "L4" in run:
        asked = [
            (p.text, ner.in_question(t, vocabulary.trade()) if t else ()) for p, t in zip(plains, read, strict=True)
        ]
        for hits, more in zip(found, ner.hits(asked), strict=True):
            hits += more
    told = [_told(*each, run) for each in zip(texts, plains, found, read, words, strict=True)]
    return _looked_at(told, gazetteer) if "L5" in run else told


def _formed(plains: list[Plain], words: list[list[str]], gazetteer: Gazetteer, run: frozenset[str]) -> list[list[Hit]]:
    """L1 over the whole page, its hits given back to their texts."""
    found: list[list[Hit]] = [[] for _ in plains]
    if "L1" in run:
        asked = [number for number, p in enumerate(plains) if patterns.may_have(p.text, words[number])]
        page, starts = _joined([plains[number].text for number in asked])
        for start, end, label in patterns.hits(page, gazetteer.allowed, lexicon.compact):
            at = bisect_right(starts, start) - 1
            found[asked[at]].append((start - starts[at], end - starts[at], label))
    return found


def _cued(plains: list[Plain], read: list[list[Token]], run: frozenset[str]) -> dict[int, list[tuple[int, int]]]:
    """L2: per text the places behind which a name may stand; texts without a word in doubt have none."""
    cued: dict[int, list[tuple[int, int]]] = {}
    if "L2" in run:
        asked = [number for number, tokens in enumerate(read) if tokens]
        page, starts = _joined([plains[number].text for number in asked])
        for place, strength in cues.places(page):
            at = bisect_right(starts, place) - 1
            cued.setdefault(asked[at], []).append((place - starts[at], strength))
    return cued


def _joined(texts: list[str]) -> tuple[str, list[int]]:
    starts, at = [], 0
    for text in texts:
        starts.append(at)
        at += len(text) + 1
    return "\0".join(texts), starts


def _tokens(text: str, spelled: list[str], low: list[str], gazetteer: Gazetteer) -> list[Token]:
    """The words of a text; none for a text whose words are all beyond doubt."""
    is_plain = (
        vocabulary.safe().issuperset(low)
        and cues.SHORTENED.isdisjoint(low)
        and vocabulary.names_of_trade().isdisjoint(low)
    )
    if is_plain and (text[1:].islower() or not INNER_CAPITAL.search(text)):
        return []
    return lexicon.tokens(text, spelled, low, gazetteer)


def _told(text: str, p: Plain, hits: list[Hit], tokens: list[Token], low: list[str], run: frozenset[str]) -> Redacted:
    if not hits:
        reason = _why(text, p, [], tokens, low) if "L5" in run else ""
        return Redacted(None if reason else p.text, reason, ())
    if tokens:
        hits = hits + lexicon.beside_names(p.text, tokens, hits)
    union = merged(hits)
    spans = tuple(Span(*p.original(start, end), label) for start, end, label in union)
    reason = _why(text, p, union, tokens, low) if "L5" in run else ""
    return Redacted(None if reason else masked(p.text, union), reason, spans)


def _looked_at(told: list[Redacted], gazetteer: Gazetteer) -> list[Redacted]:
    """Withheld if the last look finds what no layer did."""
    telling = canary.telling([each.text or "" for each in told], gazetteer.allowed)
    return [
        Redacted(None, closed.TELLING, each.spans) if number in telling else each for number, each in enumerate(told)
    ]


def _why(text: str, p: Plain, union: list[Hit], tokens: list[Token], low: list[str]) -> str:
    """L5: the reason to withhold it, or nothing. The language is judged with and without what is masked."""
    if len(text) > closed.LONGEST:
        return closed.LONG
    if closed.is_foreign(low, p.text, are_known=not tokens):
        return closed.LANGUAGE
    if tokens and union:
        rest = [(0, 0, ""), *union, (len(p.text), len(p.text), "")]
        kept = " ".join(p.text[before[1] : after[0]] for before, after in pairwise(rest))
        if closed.is_foreign(lexicon.WORD.findall(kept.lower()), kept):
            return closed.LANGUAGE
    return closed.why_masked(p.text, union)
