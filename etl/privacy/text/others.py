"""Who else is named in a text that its city or its teller means to publish: people other than the teller, and what
identifies somebody. It is not masked but shown to a person who decides.

The layers find the candidates; here they are judged, because prose is full of years and budgets are full of codes."""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass

from etl.privacy.text.normal import plain
from etl.privacy.text.patterns import SAID, is_luhn
from etl.privacy.text.redact import available, redact
from etl.privacy.text.spans import Span
from etl.privacy.text.vocabulary import PARTICLES, first_names, kind_of, names

LAYERS = tuple(layer for layer in available() if layer != "L5")  # nothing is withheld for its length or language
CUE = 30  # characters before a number in which it is said what it is
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
NEAR = re.compile(r" {1,2}|-|\. ?")  # what stands between the parts of one name
TITLE = re.compile(r"\b(?:mr|mrs|ms|miss|sra?|srta|señora?|señorita)\.? $", re.I)
INTERVIEW = re.compile(r"((?:(?:[^\W\d_][\w'.-]*|&) ){2,6}?)(?:oral history )?interview\b", re.I)
# behind these two words with a capital are a person, whatever they are
KNOWN_BY = re.compile(
    rf"{TITLE.pattern}|\b(?:called|named|neighbou?r|owner|tenant|landlord|friend|cousin|uncle|aunt|brother|sister|son|daughter"
    r"|wife|husband|mother|father|teacher|boss|foreman|sheriff|preacher|banker|doctor|dr|payee|vecin[oa]|amig[oa]|prim[oa]"
    r"|tí[oa]|herman[oa]|hij[oa]|espos[oa]|maestr[oa]|refund to|paid to|settlement (?:for|with)|reimburse)\b\.? $",
    re.I,
)
# what is named after somebody who is no party to it
NAMED_AFTER = set(
    """street st avenue ave road rd drive lane ln court place square boulevard blvd way terrace park playground school
    academy hall library center centre building bridge field stadium house home hospital clinic museum theater theatre
    church chapel cemetery garden gardens memorial county city college university institute foundation fund trust award
    company co inc llc corp store shop mill factory mansion hotel bank bar cafe café restaurant bakery market river lake
    pond creek mountain island beach pool rink complex plaza tower station airport highway parkway apartments act law
    day program project grant scholarship society club league band whiteout""".split()
)


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
LOCAL = _matches(r"(?<!\d)(?:\d{3}[ .-]\d{4}|\d{10})(?!\d)")
RINGS = _matches(r"\b(?:call|phone|tel|telephone|teléfono|cell|mobile|fax|text|dial|number|número|reach|contact)\b\D*$")
ACCOUNT = _matches(
    r"\b(?:ssn|social security|passport|routing|iban|(?:bank|checking|savings) (?:account|acct)|(?:driver'?s? )?licen[cs]e"
    r"|licencia|pasaporte|member id|policy (?:no|number))\b"
)
OWN_ACCOUNT = _matches(r"\b(?:account|acct|cuenta|member|policy|claim|badge)\b")
BORN = _matches(
    r"\b(?:born|dob|d\.o\.b\.?|birth|birthday|birthdate|nac[ií](?:do|da|ó)?|nacimiento|cumpleaños)\b[^.!?]*$"
)
WHOLE_DATE = _matches(r"\d{4}\b.*\d|\d.*(?:\d{4}|\d\d)\b|(?:nineteen|twenty|mil) ")
PLATED = _matches(r"^(?:licen[cs]e )?(?:plate|licen[cs]e|tag|placa|matr[ií]cula)")
FLAT = _matches(r"\b(?:apt|apartment|apto|apartamento|depto|departamento)\b")
BOX = _matches(r"^p ?\.? ?o ?\.? ?box")
STREET = re.compile(
    r"^(?:\d+|[A-Z]\w+)[^,]*? (?:\d+(?:st|nd|rd|th)|[A-Z]\S+) ?(?:st|street|ave?|avenue|rd|road|dr|drive|ln|lane|blvd"
    r"|boulevard|ct|court|pl|place|sq|square|ter|terrace|way|pkwy|parkway|hwy|highway|cir|circle)\b|^(?:calle|avenida)",
    re.I,
)


def _number(said: str, before: str, is_prose: bool) -> str:
    """What a run of digits gives away, if it does."""
    if SSN.search(said):
        return "ssn"
    if any(is_luhn(re.sub(r"\D", "", match[0])) for match in CARD.finditer(said)):
        return "card"
    if PHONE.search(said) or (LOCAL.search(said) and (is_prose or RINGS.search(before))):
        return "phone"
    digits = sum(map(str.isdigit, said)) + sum(word in SAID for word in WORD.findall(said.lower()))
    if digits >= 4 and (ACCOUNT.search(before + said) or (is_prose and OWN_ACCOUNT.search(said))):
        return "account"
    return "phone" if digits >= 7 and not any(map(str.isdigit, said)) else ""


def _plate(said: str, before: str, is_prose: bool) -> str:
    behind = PLATED.sub("", said)
    is_mixed = re.search(r"\d", behind) and re.search(r"[A-Za-z]", behind)
    return "plate" if PLATED.match(said) and (is_mixed or sum(map(str.isdigit, behind)) > 4) else ""


def _date(said: str, before: str, is_prose: bool) -> str:
    return "birth" if BORN.search(before) and WHOLE_DATE.search(said) else ""


def _address(said: str, before: str, is_prose: bool) -> str:
    """In prose every house and box; the city's own houses stand in its budget, but nobody's flat."""
    at_home = BOX.match(said) or STREET.match(said) if is_prose else FLAT.search(said)
    return "address" if at_home else ""


NUMBERS = frozenset({"ssn", "card", "phone", "number"})
PARTED = re.compile(r"[ .-]{0,2}")  # what stands between the parts of one number
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
    told = redact(texts, layers=LAYERS)
    return [_found(*each, is_prose) for each in zip(texts, (r.spans for r in told), names, strict=True)]


def chosen_name(byline: str, title: str) -> frozenset[str]:
    """The words of the name that a teller chose. Without one, an interview is called by its teller's."""
    if not byline and (interview := INTERVIEW.match(title)):
        byline = interview[1]
    return frozenset(WORD.findall(byline.lower()))


def _found(text: str, spans: tuple[Span, ...], own: Collection[str], is_prose: bool) -> list[Found]:
    found = []
    for start, end, label in _joined(text, spans):
        if judge := JUDGES.get(label):
            said = plain(text[start:end]).text
            if kind := judge(said, text[max(0, start - CUE) : start], is_prose):
                found.append(Found(kind, start, end))
    people = [Found("name", start, end) for start, end in _runs(text, spans) if _is_person(text, start, end, own)]
    return sorted([*found, *people], key=lambda each: each.start)


def _joined(text: str, spans: tuple[Span, ...]) -> list[tuple[int, int, str]]:
    """The parts of one number as one."""
    parts: list[tuple[int, int, str]] = []
    for span in spans:
        is_one = parts and {parts[-1][2], span.label} <= NUMBERS and PARTED.fullmatch(text[parts[-1][1] : span.start])
        start = parts.pop()[0] if is_one else span.start
        parts.append((start, span.end, span.label))
    return parts


def _runs(text: str, spans: tuple[Span, ...]) -> list[tuple[int, int]]:
    """The places of words that may be names, those that stand together as one."""
    runs: list[tuple[int, int]] = []
    for span in spans:
        if span.label == "name":
            if runs and NEAR.fullmatch(text[runs[-1][1] : span.start]):
                runs[-1] = (runs[-1][0], span.end)
            else:
                runs.append((span.start, span.end))
    return runs


def _is_person(text: str, start: int, end: int, own: Collection[str]) -> bool:
    """True for a first name with another one beside it, for Mrs Somebody, and for my brother Such-and-such; not for the
    teller, nor for a street."""
    words = [word for word in WORD.findall(plain(text[start:end]).text) if word.lower() not in PARTICLES]
    after = WORD.match(text, end + 1)
    named_after = {word.lower() for word in [*words[1:], *([after[0]] if after and after[0][0].isupper() else [])]}
    others = [word for word in words if word.lower().removesuffix("'s") not in own]
    if len(others) < len(words):  # the teller: another one only with another name
        others = [word for word in others if kind_of(word.lower()) != "safe" or word.lower() in names()]
    if not others or not words[0][0].isupper() or not NAMED_AFTER.isdisjoint(named_after):
        return False
    if len(words) == 1:
        return bool(TITLE.search(text[:start]))
    return any(word.lower() in first_names() for word in words) or bool(KNOWN_BY.search(text[:start]))
