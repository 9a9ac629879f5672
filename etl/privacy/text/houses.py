"""L1, word by word: houses, hours and numbers that only the words around them tell: 45 Main, Elm Street 12, casa número
doce, at six thirty, 555 and then 0100. A count of things is none of them: 3 cars, Main Street 2 days ago."""

import re
from collections.abc import Container, Iterator

from etl.privacy.text.patterns import ONES, TH
from etl.privacy.text.spans import Hit
from etl.privacy.text.usual import MESES, MONTHS, OF_THINGS
from etl.privacy.text.vocabulary import Token

SAID = frozenset(ONES.split()) - {"una", "double", "triple", "doble"}
DIGIT = re.compile(r"\d")
NUMBER = re.compile(r"\d{1,5}[a-z]?")
ORDINAL = re.compile(r"\d{1,2}(?:st|nd|rd|th)")
NTH = frozenset(TH.split())
SUFFIXES = frozenset(
    """st street str ave av avenue rd road dr drive ln lane blvd boulevard ct court pl place sq square ter terrace pkwy
    parkway hwy highway cir circle""".split()
)
VIAS = frozenset("calle avenida avda camino paseo callejón callejon carretera calzada".split())
DIRECTIONS = frozenset("n s e w ne nw se sw north south east west norte sur".split())
LINKS = frozenset(
    "no nº num nro number numero número house casa".split()
)  # between a street and a number, or before it
BEFORE = frozenset("at near outside opposite by from behind beside frente junto al en del de".split())
LIVES = frozenset("live lives lived living vivo vive viven vivimos vivía vivia".split())
HOURS = frozenset("at around about by before after since until till til".split())
SAID_HOURS = frozenset("one two three four five six seven eight nine ten eleven twelve".split())
MINUTES = frozenset("fifteen thirty twenty forty fifty five ten oh".split())
# what may follow an hour or a day of the month; anything else is what there are so many of
GOES_ON = frozenset(
    """and but when while in on this last every each today yesterday tonight the so because i we he she they it my is was y
    cuando en ayer hoy por sharp exactly again""".split()
)
FILLERS = frozenset("then and dash hyphen dot y luego guion guión punto next followed by plus".split())
PHONES = frozenset("phone cell tel telephone phones digits teléfono telefono celular mobile".split())
SOCIAL = frozenset("ssn social itin".split())
PLATED = frozenset("plate plates placa placas tag".split())
TOLD = SAID | NTH | PLATED
TOLD_BY = PHONES | SOCIAL
LEADS = BEFORE | LINKS
DAYS = HOURS | {"on"}
NO_STREET = DIRECTIONS.union(MONTHS, MESES, ("am", "pm"))
SAYS = frozenset("says say reads read is number es dice dicen vanity license with".split())
FEW, MANY = 3, 6  # digits: with a word that tells what they are, and without
LONGEST_STREET = 3  # words
REACH = 4  # words before a number in which such a word stands
SPACED = re.compile(r"(?<![^\W_])(?:[^\W\d_] ){3,}[^\W\d_](?![^\W_])")
GAP = 3  # characters between two words that belong together
NO_PLURAL = frozenset("was has is this across his its as us across these plus always less unless does".split())


NONE = Token("", "", 0, 0, "", False)


def may_have(text: str, low: list[str]) -> bool:
    """False for a text that has neither a digit, nor a number that is spelled, nor letters apart, nor a plate."""
    return bool(DIGIT.search(text)) or not TOLD.isdisjoint(low) or [*map(len, low)].count(1) > FEW


def hits(text: str, words: list[Token], streets: Container[str]) -> Iterator[Hit]:
    """What is found in one text, whose words are given; `streets`: the names of the city's own, in lower case and without
    what streets are called."""
    low = [word.low for word in words]
    if [*map(len, low)].count(1) > FEW:
        yield from ((match.start(), match.end(), "name") for match in SPACED.finditer(text))
    numbers = [at for at, is_number in enumerate(map(_is_number, low)) if is_number]
    if numbers:
        for first, last in _runs(words, numbers):
            yield from _house(text, words, first, last, streets)
            yield from _hour(text, words, first, last)
        yield from _in_parts(words, numbers)
    if not NTH.isdisjoint(low) or any(map(ORDINAL.fullmatch, low)):
        yield from _days(text, words)
    if not PLATED.isdisjoint(low):
        yield from _plates(words)


def _is_number(low: str) -> bool:
    return (low[:1].isdigit() and NUMBER.fullmatch(low) is not None) or low in SAID


def _digits(low: str) -> int:
    return 1 if low in SAID else sum(map(str.isdigit, low))


def _runs(words: list[Token], numbers: list[int]) -> Iterator[tuple[int, int]]:
    """First and last word of each number; a spelled one may be several words."""
    last = -1
    for first in numbers:
        if first > last:
            last = first
            while words[last].low in SAID and last + 1 < len(words) and words[last + 1].low in SAID:
                last += 1
            yield first, last


def _at(words: list[Token], place: int) -> Token:
    return words[place] if 0 <= place < len(words) else NONE


def _is_capital(word: Token) -> bool:
    return word.word[:1].isupper()


def _is_count(words: list[Token], last: int) -> bool:
    """Whether what follows is what there are so many of."""
    after = _at(words, last + 1).low
    return after.endswith("s") and len(after) > FEW and after not in NO_PLURAL


def _house(text: str, words: list[Token], first: int, last: int, streets: Container[str]) -> Iterator[Hit]:
    start, named = words[first].start, _of_named_street(text, words, first, last, streets)
    if named:
        yield start, named.end, "address"
    elif not _is_count(words, last) and (ends := _ends_house(text, words, first, last, streets)):
        yield start, ends.end, "address"


def _of_named_street(text: str, words: list[Token], first: int, last: int, streets: Container[str]) -> Token | None:
    """The last word of a street of the city's own before whose name a number stands: 12 Elm, and no 12 elm trees."""
    before, at = _at(words, first - 1), last + 1
    at += _at(words, at).low in DIRECTIONS
    named, length = _street(words, at, streets)
    if not length or text[words[last].end : words[last + 1].start].strip(" "):
        return None
    is_told = _is_capital(named) or before.low in LEADS or _at(words, first - 2).low in BEFORE
    behind = _at(words, at + length)
    if not is_told or behind.low in OF_THINGS or _is_count(words, at + length - 1):
        return None
    return behind if behind.low in SUFFIXES else words[at + length - 1]


def _ends_house(text: str, words: list[Token], first: int, last: int, streets: Container[str]) -> Token | None:
    """The last word of a house that the words around its number tell."""
    before, number, behind = _at(words, first - 1), words[first], [word.low for word in words[last + 1 : last + 4]]
    linked = first - 1 if before.low in LINKS else first
    front, is_said = _at(words, linked - 1), number.low in SAID
    is_linked = linked < first and number.low != "one" and not (is_said and before.low == "no")
    is_behind = front.low in SUFFIXES and _is_capital(_at(words, linked - 2)) and number.start - before.end <= GAP
    is_behind |= any(_at(words, linked - n).low in VIAS for n in (2, 3)) or (
        _is_capital(front) and front.low in streets
    )
    is_home = before.low in ("at", "en") and _at(words, first - 2).low in LIVES
    of_via = [word for word in behind if word != "la"][:2]
    if is_linked or is_behind or is_home or (of_via[:1] == ["de"] and not VIAS.isdisjoint(of_via)):
        return words[last]
    if behind[:1] == ["de"] and before.low in BEFORE and _at(words, last + 2).low in streets:
        return words[last + 2]
    is_on = not is_said and before.low in BEFORE and _is_name_of_street(text, words, last)
    return words[last + 1] if is_on else None


def _street(words: list[Token], at: int, streets: Container[str]) -> tuple[Token, int]:
    """The first word of a street of the city's own that begins there, and how many its name has."""
    part = words[at : at + LONGEST_STREET] if streets else []
    for length in range(len(part), 0, -1):
        if " ".join(word.low for word in part[:length]) in streets:
            return part[0], length
    return NONE, 0


def _is_name_of_street(text: str, words: list[Token], last: int) -> bool:
    """A word with a capital right behind a number, inside a sentence: at 45 Main."""
    after = _at(words, last + 1)
    is_near = text[words[last].end : after.start] == " "
    is_other = after.low in NO_STREET or _is_number(after.low)
    return is_near and _is_capital(after) and not after.word.isupper() and not is_other


def _hour(text: str, words: list[Token], first: int, last: int) -> Iterator[Hit]:
    if _at(words, first - 1).low not in HOURS:
        return
    is_hour = words[first].low in SAID_HOURS or (words[first].low.isdigit() and 0 < int(words[first].low) < 25)
    has_minutes = last > first and words[first + 1].low in MINUTES
    if is_hour and (has_minutes or (last == first and _is_end(text, words, last))):
        yield words[first].start, words[last].end, "time"


def _is_end(text: str, words: list[Token], last: int) -> bool:
    """Whether nothing follows that there could be so many of."""
    after = _at(words, last + 1)
    return after is NONE or after.low in GOES_ON or text[words[last].end : after.start].strip() != ""


def _days(text: str, words: list[Token]) -> Iterator[Hit]:
    """The day of a month: on the fourth, since the 4th."""
    for at in range(2, len(words)):
        is_nth = words[at].low in NTH or ORDINAL.fullmatch(words[at].low)
        if is_nth and words[at - 1].low == "the" and words[at - 2].low in DAYS and _is_end(text, words, at):
            yield words[at].start, words[at].end, "date"


def _in_parts(words: list[Token], numbers: list[int]) -> Iterator[Hit]:
    """Numbers told in parts: 617, then 555, then 01; and short ones of which a word tells what they are."""
    behind = 0
    for first in numbers:
        if first < behind:
            continue
        last, digits, parts, behind = first, _digits(words[first].low), 1, first + 1
        while behind < len(words) and (_is_number(words[behind].low) or words[behind].low in FILLERS):
            if _is_number(words[behind].low):
                last, digits, parts = behind, digits + _digits(words[behind].low), parts + 1
            behind += 1
        cues = {word.low for word in words[max(0, first - REACH) : first]}
        is_told = not cues.isdisjoint(TOLD_BY)
        if digits >= (FEW if is_told else MANY) and (parts > 1 or is_told) and not _is_count(words, last):
            yield words[first].start, words[last].end, "number"


def _plates(words: list[Token]) -> Iterator[Hit]:
    """What is said to stand on a plate, in capitals or spelled."""
    for at, word in enumerate(words):
        if word.low in PLATED and not word.word.isupper():
            first = at + 1
            while _at(words, first).low in SAYS and not _at(words, first).word.isupper():
                first += 1
            last = first
            while last < len(words) and last < first + REACH and _is_of_plate(words[last]):
                last += 1
            if last > first:
                yield words[first].start, words[last - 1].end, "plate"


def _is_of_plate(word: Token) -> bool:
    return word.word.isupper() or _is_number(word.low) or any(map(str.isdigit, word.low))
