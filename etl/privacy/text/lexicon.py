"""L3: an allow-list of words. A token stays only if it is a frequent word that is no name, a word of this trade, or one
of the city's own places; whatever is unknown may be a name and is masked."""

import re
from bisect import bisect_left
from dataclasses import dataclass

from etl.privacy.text import usual
from etl.privacy.text.spans import Hit
from etl.privacy.text.vocabulary import DOUBTED, PARTICLES, Token, first_names, kind_of, names, trade

WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
SUFFIXES = {"street": "st", "avenue": "ave", "road": "rd", "drive": "dr", "lane": "ln", "court": "ct", "place": "pl"}
SUFFIXES |= {
    "boulevard": "blvd",
    "square": "sq",
    "terrace": "ter",
    "parkway": "pkwy",
    "highway": "hwy",
    "circle": "cir",
}
OF_STREETS = frozenset("st ave rd dr ln ct pl blvd sq ter pkwy hwy cir way".split())
LONGEST_PLACE = 4  # words
LONGEST_SHORT = 2  # letters of what is written in capitals anyway: AC, NE
MOST_SHOUTED = 0.4  # share of words in capitals up to which one of them is a name and no shout
NEAR = re.compile(r"[ ,'-]|\. ?|\b")  # what stands between the parts of one name
STARTS = '.!?:;"(-•*/\0'  # behind these a capital letter tells nothing


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """The city's own places. `names`: as a whole; `words`: parts that are nobody's name. `allowed`: numbers and web
    addresses that belong to the city. `streets`: what stands before Street, Avenue and the like."""

    names: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()
    streets: frozenset[str] = frozenset()

    @classmethod
    def of(cls, places: list[str], allowed: tuple[str, ...] = ()) -> "Gazetteer":
        keys = {key for place in places if (key := place_key(WORD.findall(place.lower())))}
        parts = {part for place in places for part in WORD.findall(place.lower()) if len(part) > 2}
        called = (key.rpartition(" ") for key in keys)
        streets = frozenset(body for body, _, last in called if last in OF_STREETS)
        return cls(frozenset(keys), frozenset(parts - names()), frozenset(map(compact, allowed)), streets - {""})


NOWHERE = Gazetteer()


def compact(text: str) -> str:
    """A number or web address without what it may be written with."""
    bare = re.sub(r"^https?://(www\.)?|^www\.|/$", "", text.casefold().strip())
    return bare if re.search(r"[a-z]", bare) else re.sub(r"\D", "", bare)


def place_key(words: list[str]) -> str:
    return " ".join(SUFFIXES.get(word, word) for word in words)


def tokens(text: str, spelled: list[str], lower: list[str], gazetteer: Gazetteer) -> list[Token]:
    """The words of a text, which are given as they are spelled and in lower case."""
    found, in_doubt, end = [], [], 0
    for word, low in zip(spelled, lower, strict=True):
        kind, start = kind_of(low), text.index(word, end)
        end = start + len(word)
        if kind != "safe":
            if low in gazetteer.words:
                kind = "safe"
            else:
                in_doubt.append(len(found))
        is_capital = word != low and word[0].isupper() and (len(word) == 1 or not word.isupper())
        found.append(Token(word, low, start, end, kind, is_capital))
    for number in in_doubt if gazetteer.names else ():
        _keep_places(found, number, gazetteer)
    if in_doubt:
        usual.keep(found, in_doubt)
    return found


def _keep_places(found: list[Token], at: int, gazetteer: Gazetteer) -> None:
    """The words of a place of the city's own stay, if they stand there as its whole name."""
    for length in range(LONGEST_PLACE, 0, -1):
        for start in range(max(0, at - length + 1), min(at, len(found) - length) + 1):
            part = found[start : start + length]
            if (length > 1 or part[0].is_capital) and place_key([t.low for t in part]) in gazetteer.names:
                for token in part:
                    token.kind = "kept" if length > 1 or token.low not in names() else "safe"
                return


def shouts(found: list[Token]) -> bool:
    """True for a text in capitals, in which they tell nothing."""
    return [token.word.isupper() for token in found].count(True) > MOST_SHOUTED * len(found)


def unknown_words(text: str, found: list[Token]) -> list[Hit]:
    """Hits of L3: unknown tokens, and words that are names where they are written as names."""
    capitals = [token.is_capital for token in found].count(True)
    tells = capitals <= max(2, len(found) * 0.5)  # in A Headline Like This capitals tell nothing
    hits = []
    for number, token in enumerate(found):
        if token.kind == "unknown":
            hits.append((token.start, token.end, "name" if token.is_capital or token.low in names() else "word"))
        elif token.kind == "ambiguous" and (
            _is_written_as_a_name(text, found, number, tells)
            if token.is_capital
            else len(token.word) > LONGEST_SHORT and token.word.isupper() and not shouts(found)
        ):
            hits.append((token.start, token.end, "name"))
    return hits


def _is_written_as_a_name(text: str, found: list[Token], number: int, tells: bool) -> bool:
    """True for a capital inside a sentence, for one alone at the end, or beside another word that may be a name."""
    signs = 0 < number == len(found) - 1
    return (tells and (signs or not _begins(text, found[number]))) or _stands_by_a_name(text, found, number)


def _begins(text: str, token: Token) -> bool:
    """True at the start of a sentence, where every word is written with a capital."""
    before = text[: token.start].rstrip(" ")
    return not before or before[-1] in STARTS


def _stands_by_a_name(text: str, found: list[Token], number: int) -> bool:
    token = found[number]
    for other in found[max(0, number - 1) : number] + found[number + 1 : number + 2]:
        between = text[min(token.end, other.end) : max(token.start, other.start)]
        if other.is_capital and other.kind in DOUBTED and NEAR.fullmatch(between) and "." not in between:
            return True
    return False


def beside_names(text: str, found: list[Token], hits: list[Hit]) -> list[Hit]:
    """What stands directly beside a name and may be a part of it: an initial, another name, a particle in between."""
    named = _named(found, hits)
    more: list[Hit] = []
    seen = [number for number, is_name in enumerate(named) if is_name]
    while seen:
        at = seen.pop()
        for number in (at - 2, at - 1, at + 1, at + 2):
            if 0 <= number < len(found) and not named[number] and _belongs(text, found, named, number):
                named[number] = True
                seen.append(number)
                more.append((found[number].start, found[number].end, "name"))
    return more


def _named(found: list[Token], hits: list[Hit]) -> list[bool]:
    """For each word whether it is masked as a name, or as a word that may be one."""
    named, starts = [False] * len(found), [token.start for token in found]
    for start, end, label in hits:
        if label in ("name", "word"):
            for number in range(bisect_left(starts, start), bisect_left(starts, end)):
                named[number] = True
    return named


def _belongs(text: str, found: list[Token], named: list[bool], number: int) -> bool:
    left = number > 0 and named[number - 1] and _are_near(text, found[number - 1], found[number])
    right = number + 1 < len(found) and named[number + 1] and _are_near(text, found[number], found[number + 1])
    if found[number].low in PARTICLES:
        return left and (right or _leads_to_name(found, named, number))
    return ((left or right) and _may_be_a_name(text, found[number])) or (left and _is_surname(text, found, number))


def _leads_to_name(found: list[Token], named: list[bool], number: int) -> bool:
    """True for the first of two particles, de la Cruz, and for one before a capital, de Anda."""
    following = [at for at in range(number + 1, min(number + 3, len(found)))]
    after = next((at for at in following if found[at].low not in PARTICLES), None)
    return after is not None and (named[after] or found[after].is_capital)


def _is_surname(text: str, found: list[Token], number: int) -> bool:
    """True for any word with a capital behind a name with one: Philip Le; of the trade behind a first name alone."""
    before, token = found[number - 1], found[number]
    is_written = token.is_capital or (before.word.isupper() and token.word.isupper() and not shouts(found))
    if not is_written or text[before.end : token.start] != " ":
        return False
    if before.low in PARTICLES:
        return True
    return before.word[0].isupper() and (token.low not in trade() or before.low in first_names())


def _are_near(text: str, first: Token, second: Token) -> bool:
    between = text[first.end : second.start]
    if between == ", ":  # Smith, Ann, as in a list of names
        return first.word[0].isupper() and second.word[0].isupper()
    return bool(NEAR.fullmatch(between))


def _may_be_a_name(text: str, token: Token) -> bool:
    """An initial, or a word that is a name too, be it one of the trade."""
    if token.word == "A" and _begins(text, token) and text[token.end : token.end + 1] == " ":
        return False
    if token.kind == "ambiguous" or token.low in names():
        return True
    return len(token.word) == 1 and token.word.isupper() and token.word != "I" and token.word.isalpha()
