"""Who else is named in a text that its city or its teller means to publish: people other than the teller, and what
identifies somebody. It is not masked but shown to a person who decides.

The layers find the candidates; here they are judged, because prose is full of years and budgets are full of codes."""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache

from etl.privacy.text.cues import KIN, either
from etl.privacy.text.houses import SPACED
from etl.privacy.text.normal import plain
from etl.privacy.text.patterns import SAID, is_luhn
from etl.privacy.text.people import CUE, WORD, is_person, is_recognised, run_of, runs
from etl.privacy.text.redact import available, redact
from etl.privacy.text.spans import Span
from etl.privacy.text.vocabulary import first_names

LAYERS = tuple(layer for layer in available() if layer != "L5")  # nothing is withheld for its length or language
FORMS = ("L0", "L1")
REACHING = frozenset({"phone", "email", "ssn", "card"})
RECOGNISING = tuple(layer for layer in LAYERS if layer in ("L0", "L4"))
INTERVIEW = re.compile(r"((?:(?:[^\W\d_][\w'.-]*|&) ){2,6}?)(?:oral history )?interview\b", re.I)


@dataclass(frozen=True, slots=True)
class Found:
    """What may be about somebody else: its kind and its place in the text."""

    label: str
    start: int
    end: int


def _matches(form: str) -> re.Pattern:
    return re.compile(form, re.I)


SSN = _matches(r"(?<!\d)\d{3}[- ]\d{2}[- ]\d{4}(?!\d)")
CARD = _matches(r"(?<!\d)[2-6](?:\d{12,18}|\d{3}(?:[ -]\d{4}){3}|\d{3}[ -]\d{6}[ -]\d{5})(?!\d)")
PHONE = _matches(r"(?<!\d)(?:\+?1[ .-]?)?(?:\(\d{3}\) ?|\d{3}[ .-])\d{3}[ .-]\d{4}(?!\d)|\+\d[\d ().-]{8,}\d")
IN_PARTS = _matches(r"(?:\d\W+(?:and )?(?:then|luego|dash|guion)\b.*){2}")
LOCAL = _matches(r"(?<!\d)(?:\d{3}[ .-]\d{4}|\d{10})(?!\d)")
RINGS = _matches(r"\b(?:call|phone|tel|telephone|teléfono|cell|mobile|fax|text|dial|number|número|reach|contact)\b\D*$")
ACCOUNT = _matches(
    r"\b(?:ssn|social security|passport|routing|iban|(?:bank|checking|savings) (?:account|acct)|(?:driver'?s? )?licen[cs]e"
    r"|licencia|pasaporte|member id|policy (?:no|number))\b"
)
OWN_ACCOUNT = _matches(r"\b(?:account|acct|cuenta|member|policy|claim|badge)\b")
BIRTH = r"\b(?:born|dob|d\.o\.b\.?|birth|birthday|birthdate|nac[ií](?:do|da|ó)?|nacimiento|cumpleaños)(?!\w)"
BORN = _matches(rf"{BIRTH}[^.!?]*$")  # before a date
BORN_ON = _matches(rf"^{BIRTH}")  # found with it
WHOLE_DATE = _matches(r"\d{4}\b.*\d|\d.*(?:\d{4}|\d\d)\b|(?:nineteen|twenty|mil) ")
DATED = 6  # digits of a whole date
PLATED = _matches(r"^(?:licen[cs]e )?(?:plate|licen[cs]e|tag|placa|matr[ií]cula)")
FLAT = _matches(r"\b(?:apt|apartment|apto|apartamento|depto|departamento)\b")
BOX = _matches(r"^p ?\.? ?o ?\.? ?box")
HOUSE = re.compile(r"\d{1,5}[a-z]?(?: \S+){0,3}")  # of which the words around it tell what it is
STREET = re.compile(
    r"^(?:\d+|[A-Z]\w+)[^,]*? (?:\d+(?:st|nd|rd|th)|[A-Z]\S+) ?(?:st|street|ave?|avenue|rd|road|dr|drive|ln|lane|blvd"
    r"|boulevard|ct|court|pl|place|sq|square|ter|terrace|way|pkwy|parkway|hwy|highway|cir|circle)\b|^(?:calle|avenida)",
    re.I,
)


def _number(said: str, before: str, is_prose: bool) -> str:
    """What a run of digits gives away, if it does."""
    if BORN_ON.search(said) and sum(map(str.isdigit, said)) >= DATED:
        return "birth"
    if SSN.search(said):
        return "ssn"
    if any(is_luhn(re.sub(r"\D", "", match[0])) for match in CARD.finditer(said)):
        return "card"
    if PHONE.search(said) or (LOCAL.search(said) and (is_prose or RINGS.search(before))):
        return "phone"
    digits = sum(map(str.isdigit, said)) + sum(word in SAID for word in WORD.findall(said.lower()))
    if digits >= 4 and (ACCOUNT.search(before + said) or (is_prose and OWN_ACCOUNT.search(said))):
        return "account"
    is_told = IN_PARTS.search(said) or not any(map(str.isdigit, said))
    return "phone" if digits >= 7 and is_told else ""


def _plate(said: str, before: str, is_prose: bool) -> str:
    behind = PLATED.sub("", said)
    is_mixed = re.search(r"\d", behind) and re.search(r"[A-Za-z]", behind)
    return "plate" if PLATED.match(said) and (is_mixed or sum(map(str.isdigit, behind)) > 4) else ""


def _date(said: str, before: str, is_prose: bool) -> str:
    is_birth = BORN.search(before) or BORN_ON.search(said)
    return "birth" if is_birth and WHOLE_DATE.search(said) else ""


def _address(said: str, before: str, is_prose: bool) -> str:
    """In prose every house and box; the city's own houses stand in its budget, but nobody's flat."""
    at_home = BOX.match(said) or STREET.match(said) or HOUSE.fullmatch(said) if is_prose else FLAT.search(said)
    return "address" if at_home else ""


NUMBERS = frozenset({"ssn", "card", "phone", "number"})
PARTED = re.compile(r"[ .-]{0,2}")  # what stands between the parts of one number
OF_KIN = _matches(rf"\b(?:{either(KIN)}) +$")
Judge = Callable[[str, str, bool], str]  # what was found, what stands before it, whether it is prose -> kind or nothing
JUDGES: dict[str, Judge] = {
    "email": lambda said, before, is_prose: "email",
    "handle": lambda said, before, is_prose: "handle" if re.search(r"[A-Za-z]{2}", said) else "",
    "vin": lambda said, before, is_prose: "vin" if re.search(r"[A-Za-z]", said) else "",
    "plate": _plate,
    "date": _date,
    "address": _address,
    **dict.fromkeys(NUMBERS, _number),
}


def find(texts: Iterable[str], is_prose: bool, own: Iterable[Collection[str]] = ()) -> list[list[Found]]:
    """What in each text a person must look at; `own`: for each the words of the teller's chosen name, in lower case."""
    texts = list(texts)
    names = list(own) or [()] * len(texts)
    told = [each.spans for each in redact(texts, layers=LAYERS)]
    recognised = [each.spans for each in redact(texts, layers=RECOGNISING)]
    return [_found(*each, is_prose) for each in zip(texts, told, recognised, names, strict=True)]


@lru_cache(maxsize=4096)
def has_number(words: str) -> bool:
    """True if the name of a kind or an agency holds what reaches or identifies somebody: a telephone number, an address of
    mail. Names of people are not looked for: parks and schools bear them."""
    [told] = redact([words], layers=FORMS)
    return any(found.label in REACHING for found in _numbers(words, told.spans, is_prose=False))


def chosen_name(byline: str, title: str) -> frozenset[str]:
    """The words of the name that a teller chose. Without one, an interview is called by its teller's."""
    if not byline and (interview := INTERVIEW.match(title)):
        byline = interview[1]
    return frozenset(WORD.findall(byline.lower()))


def _found(
    text: str, spans: tuple[Span, ...], recognised: tuple[Span, ...], own: Collection[str], is_prose: bool
) -> list[Found]:
    found = _numbers(text, spans, is_prose)
    people = {place for place in runs(text, spans) if is_person(run_of(text, *place, is_prose), own)}
    people |= {place for place in runs(text, recognised) if is_recognised(run_of(text, *place, is_prose), own)}
    people |= {(span.start, span.end) for span in spans if span.label == "name" and _is_told(text, span)}
    whole = [a for a in people if not any(b != a and b[0] <= a[0] and a[1] <= b[1] for b in people)]
    return sorted([*found, *(Found("name", *place) for place in whole)], key=lambda each: each.start)


def _is_told(text: str, span: Span) -> bool:
    """A name in lower case behind a word such as neighbor, or in letters apart."""
    said = text[span.start : span.end]
    return bool(SPACED.fullmatch(said)) or (said in first_names() and bool(OF_KIN.search(text[: span.start])))


def _numbers(text: str, spans: tuple[Span, ...], is_prose: bool) -> list[Found]:
    found = []
    for start, end, label in _joined(text, spans):
        if judge := JUDGES.get(label):
            said = plain(text[start:end]).text
            if kind := judge(said, text[max(0, start - CUE) : start], is_prose):
                found.append(Found(kind, start, end))
    return found


def _joined(text: str, spans: tuple[Span, ...]) -> list[tuple[int, int, str]]:
    """The parts of one number as one."""
    parts: list[tuple[int, int, str]] = []
    for span in spans:
        is_one = parts and {parts[-1][2], span.label} <= NUMBERS and PARTED.fullmatch(text[parts[-1][1] : span.start])
        start = parts.pop()[0] if is_one else span.start
        parts.append((start, span.end, span.label))
    return parts
