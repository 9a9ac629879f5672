"""How well the layers do on a corpus with known spans: recall per kind, precision, what of the harmless was lost."""

import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from time import process_time

from etl.privacy.text.lexicon import NOWHERE, Gazetteer
from etl.privacy.text.redact import redact
from etl.privacy.text.spans import Redacted
from hub.errors import ConfigurationError

SPAN = [int, int, str]  # types of start, end and label
NAMES = ("name", "first", "last", "person", "given_name", "surname")  # labels that mean a name of somebody


@dataclass(frozen=True, slots=True)
class Example:
    """A text and the spans (start, end, label) of what must not be shown of it. `strata`: for each span the groups whose
    recall is told apart, such as how frequent a name is and where it comes from."""

    text: str
    spans: tuple[tuple[int, int, str], ...]
    lang: str = ""
    strata: tuple[tuple[str, ...], ...] = ()


def read(path: Path) -> list[Example]:
    """JSON lines {"text", "spans": [{"start", "end", "label", "strata"?}], "lang"?}. Raises ConfigurationError with the
    line."""
    try:
        lines = path.read_text("utf-8-sig").splitlines()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.", "name a file of JSON lines") from None
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path} is not UTF-8 (byte {error.start}).", "save it as UTF-8") from None
    found = [_example(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise ConfigurationError(f"{path} holds no text.", "write one JSON object a line")
    return found


def _example(path: Path, number: int, line: str) -> Example:
    try:
        given = json.loads(line)
        spans = tuple((s["start"], s["end"], s["label"]) for s in given.get("spans") or ())
        strata = tuple(tuple(map(str, s.get("strata", ()))) for s in given.get("spans") or ())
        text, lang = given["text"], given.get("lang") or ""
        kinds = [*map(type, (text, lang))] == [str, str] and all([*map(type, span)] == SPAN for span in spans)
        if not kinds or not all(0 <= start < end <= len(text) for start, end, _ in spans):
            raise ValueError
        return Example(text, spans, lang, strata)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ConfigurationError(
            f"{path}:{number} is no text with spans inside it.",
            'write {"text": "…", "spans": [{"start": 0, "end": 4, "label": "NAME"}]}',
        ) from None


def score(
    examples: list[Example], gazetteer: Gazetteer = NOWHERE, layers: Collection[str] | None = None
) -> dict[str, object]:
    """The answer of `cityglass privacy score`. A text that is withheld counts as covered; their share is told apart."""
    redact(["warm up, Ann"], gazetteer, layers)
    start = process_time()
    told = redact([example.text for example in examples], gazetteer, layers)
    seconds = process_time() - start
    pairs = list(zip(examples, told, strict=True))
    found = [(e, number, *_covered(e, r, *span[:2])) for e, r in pairs for number, span in enumerate(e.spans)]
    wanted = [(example.spans[number][2], full, touched) for example, number, full, touched in found]
    strata = [(name, *rest) for example, number, *rest in found for name in _strata(example, number)]
    shown = [(example, r) for example, r in pairs if r.text is not None]
    clean = [r for example, r in shown if not example.spans]
    return {
        "texts": len(pairs),
        "spans": len(wanted),
        "recall_full": _share(full for _, full, _ in wanted),
        "recall_touched": _share(touched for _, _, touched in wanted),
        "precision": _share(_is_wanted(example, s.start, s.end) for example, r in shown for s in r.spans),
        "benign_lost": _benign_lost(shown),
        "clean_texts_hit": _share(bool(r.spans) for r in clean),
        "withheld": _share(r.text is None for r in told),
        "withheld_why": dict(Counter(r.reason for r in told if r.text is None)),
        "texts_per_s": round(len(pairs) / seconds, 1) if seconds else None,
        "per_label": _recall_by(wanted),
        "per_stratum": _recall_by(strata),
        "per_lang": _per_lang(pairs),
        "names_per_lang": _recall_by((e.lang, *rest) for e, number, *rest in found if e.lang and _is_name(e, number)),
    }


def _share(flags: Iterable[bool]) -> float | None:
    given = list(flags)
    return round(sum(given) / len(given), 5) if given else None


def _written(text: str, places: Iterable[int]) -> set[int]:
    """The places with a letter or a digit: punctuation and spaces tell nothing."""
    return {place for place in places if text[place].isalnum()}


def _masked(example: Example, told: Redacted) -> set[int]:
    return _written(example.text, (place for s in told.spans for place in range(s.start, s.end)))


def _covered(example: Example, told: Redacted, start: int, end: int) -> tuple[bool, bool]:
    """Whether a span is masked in full, and whether it is touched at all."""
    if told.text is None:
        return True, True
    wanted = _written(example.text, range(start, end))
    hidden = wanted & _masked(example, told)
    return hidden == wanted, bool(hidden) or not wanted


def _is_wanted(example: Example, start: int, end: int) -> bool:
    return any(start < last and end > first for first, last, _ in example.spans)


def _benign_lost(shown: list[tuple[Example, Redacted]]) -> float | None:
    """Share of the letters and digits outside of all spans that are masked in texts that are shown."""
    lost = whole = 0
    for example, told in shown:
        private = {place for start, end, _ in example.spans for place in range(start, end)}
        benign = _written(example.text, range(len(example.text))) - private
        lost, whole = lost + len(benign & _masked(example, told)), whole + len(benign)
    return round(lost / whole, 5) if whole else None


def _strata(example: Example, number: int) -> tuple[str, ...]:
    return example.strata[number] if number < len(example.strata) else ()


def _is_name(example: Example, number: int) -> bool:
    return example.spans[number][2].lower() in NAMES


def _recall_by(wanted: Iterable[tuple[str, bool, bool]]) -> dict[str, dict[str, object]]:
    """The recall of each group of spans."""
    groups: dict[str, list[tuple[bool, bool]]] = {}
    for group, full, touched in wanted:
        groups.setdefault(group, []).append((full, touched))
    return {
        group: {
            "n": len(mine),
            "recall_full": _share(full for full, _ in mine),
            "recall_touched": _share(touched for _, touched in mine),
        }
        for group, mine in sorted(groups.items())
    }


def _per_lang(pairs: list[tuple[Example, Redacted]]) -> dict[str, dict[str, object]]:
    found = {}
    for lang in sorted({example.lang for example, _ in pairs if example.lang}):
        mine = [told for example, told in pairs if example.lang == lang]
        found[lang] = {"n": len(mine), "withheld": _share(told.text is None for told in mine)}
    return found
