"""L3: an allow-list of words. A token stays only if it is a frequent word that is no name, a word of this trade, or one
of the city's own places; whatever is unknown may be a name and is masked."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from etl.privacy.text.spans import Hit

HERE = Path(__file__).parent / "words"
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
LONGEST_PLACE = 4  # words
ACCENTS = frozenset("abcdefghijklmnopqrstuvwxyzáéíóúüñ'")  # of the languages that are read here
NEAR = re.compile(r"[ ,'-]|\. ?|\b")  # what stands between the parts of one name
PARTICLES = set("de del la las los da das do dos di van von der den bin el al y e san santa mac mc st".split())
ORDINAL = re.compile(
    r"\d{1,3}(?:st|nd|rd|th|s|x\d|ft|in|hr|hrs|min|yr|yrs|lb|lbs|mph|k|d|h|yd|yds|mi|km|m|er|ro|do|o|a)"
)
STARTS = '.!?:;"(-•*/\0'  # behind these a capital letter tells nothing
CALENDAR = set("monday tuesday wednesday thursday friday saturday sunday i".split())
MONTHS = set("january february march april may june july august september october november december".split())
SPANISH_NAMES = """luz sol mar flor flores rosa blanca reyes rey cruz iglesias campos castillo torres ríos rio fuentes
santos guerra vega rojas moreno rubio delgado bravo blanco franco leal pardo prieto salas paredes puente montes pino
robles palma paz domingo marina ángel mercado calle madera plaza mayo julio abril agosto bueno rico nieves""".split()


@dataclass(frozen=True, slots=True)
class Gazetteer:
    """The city's own places. `names`: as a whole; `words`: parts that are nobody's name. `allowed`: numbers and web
    addresses that belong to the city."""

    names: frozenset[str] = frozenset()
    words: frozenset[str] = frozenset()
    allowed: frozenset[str] = frozenset()

    @classmethod
    def of(cls, places: list[str], allowed: tuple[str, ...] = ()) -> "Gazetteer":
        keys = {key for place in places if (key := place_key(WORD.findall(place.lower())))}
        parts = {part for place in places for part in WORD.findall(place.lower()) if len(part) > 2}
        return cls(frozenset(keys), frozenset(parts - names()), frozenset(map(compact, allowed)))


NOWHERE = Gazetteer()


def compact(text: str) -> str:
    """A number or web address without what it may be written with."""
    bare = re.sub(r"^https?://(www\.)?|^www\.|/$", "", text.casefold().strip())
    return bare if re.search(r"[a-z]", bare) else re.sub(r"\D", "", bare)


def place_key(words: list[str]) -> str:
    return " ".join(SUFFIXES.get(word, word) for word in words)


def bare(word: str) -> str:
    """Without accents."""
    return "".join(c for c in unicodedata.normalize("NFD", word) if not unicodedata.combining(c))


def words_of(name: str) -> frozenset[str]:
    lines = (HERE / f"{name}.txt").read_text("utf-8").split("\n")
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def _inflected(word: str) -> set[str]:
    if len(word) < 3:
        return {word}
    forms = {word, word + ("s" if word[-1] in "aeiouáéíóú" else "es")}
    if word.endswith(("o", "os")):
        forms |= {word[:-1] + "a", word[:-1] + "as"}
    if word.endswith("ión"):
        forms.add(word[:-3] + "iones")
    return forms | {bare(form) for form in forms}


ENDINGS = {
    "ar": "ar arse arlo arla o as a amos an é ó aron aba aban ado ados ada adas ando e es en emos ará arán aría arían",
    "er": "er erse erlo erla o es e emos en í ió ieron ía ían ido idos ida idas iendo a as an amos erá erán ería erían",
    "ir": "ir irse irlo irla o es e imos en í ió ieron ía ían ido idos ida idas iendo a as an amos irá irán iría irían",
}
SOFT = {"gar": "gu", "car": "qu", "zar": "c"}  # how a stem is written before e


def _conjugated(verb: str) -> set[str]:
    stem, forms = verb[:-2], {verb}
    for ending in ENDINGS.get(verb[-2:], "").split():
        soft = stem[:-1] + SOFT[verb[-3:]] if ending[0] in "eé" and verb[-3:] in SOFT else stem
        forms |= {soft + ending, bare(soft + ending)}
    return forms


@cache
def spanish() -> frozenset[str]:
    """The words of the lists, and those of their forms that are no names."""
    listed = words_of("es")
    made = {form for word in listed for form in _inflected(word)}.union(*map(_conjugated, words_of("es_verbs")))
    return listed | (made - names() - FIRST_NAMES) | USUAL


USUAL = set("buena dias días niño nina niña pare papa papá mata tia tía barre bebe costa casas raya".split())
# first names of Spanish that the rules above would make words of
FIRST_NAMES = set(
    "mario maria marco marcos alba elena rita celia sonia carina dora flora gloria julia emilia lucia".split()
)


@cache
def names() -> frozenset[str]:
    """Names of many people in the United States."""
    lists = (FREQUENCY_LISTS[name] for name in ("surnames", "female_names", "male_names"))
    return frozenset(name for names in lists for name in names)


@cache
def ambiguous() -> frozenset[str]:
    """Words that are names too: kept in lower case, masked where they are written as a name."""
    spanish_names = (words_of("es") & names()) - USED
    return (words_of("also_names") | set(SPANISH_NAMES) | spanish_names | MONTHS & names()) - trade()


USED = set(
    "alta ayer cara comer dan deja diez durante ella escalera esta haber haga hagan les nada parada resto sala sean van zona".split()
)


@cache
def trade() -> frozenset[str]:
    return words_of("city")


@cache
def known() -> frozenset[str]:
    return words_of("en") | spanish() | trade()


@cache
def safe() -> frozenset[str]:
    """Words that stay however they are written."""
    return known() - ambiguous()


@dataclass(slots=True)
class Token:
    """One word of a text. `kind`: safe, ambiguous, or unknown."""

    word: str
    start: int
    end: int
    kind: str
    is_capital: bool


@lru_cache(200_000)
def kind_of(low: str) -> str:
    """What a word in lower case is, wherever it stands."""
    if low in ambiguous():
        return "ambiguous"
    if low in known() or (not low.isascii() and ACCENTS.issuperset(low) and bare(low) in known()):
        return "safe"
    if len(low) == 1 or low.isdigit() or ORDINAL.fullmatch(low):
        return "safe"
    stem = low.removesuffix("'s")
    return kind_of(stem) if stem != low else "unknown"


def tokens(text: str, gazetteer: Gazetteer) -> list[Token]:
    found, in_doubt = [], []
    for match in WORD.finditer(text):
        word = match[0]
        low = word.lower()
        kind = kind_of(low)
        if kind != "safe":
            if low in gazetteer.words:
                kind = "safe"
            else:
                in_doubt.append(len(found))
        found.append(Token(word, *match.span(), kind, word[0].isupper() and (len(word) == 1 or not word.isupper())))
    for number in in_doubt if gazetteer.names else ():
        _keep_places(found, number, gazetteer)
    return found


def _keep_places(found: list[Token], at: int, gazetteer: Gazetteer) -> None:
    """The words of a place of the city's own stay, if they stand there as its whole name."""
    for length in range(LONGEST_PLACE, 0, -1):
        for start in range(max(0, at - length + 1), min(at, len(found) - length) + 1):
            part = found[start : start + length]
            if (length > 1 or part[0].is_capital) and place_key([t.word.lower() for t in part]) in gazetteer.names:
                for token in part:
                    token.kind = "safe"
                return


def unknown_words(text: str, found: list[Token]) -> list[Hit]:
    """Hits of L3: unknown tokens, and words that are names where they are written as names."""
    capitals = sum(token.is_capital for token in found)
    tells = capitals <= max(2, len(found) * 0.5)  # in A Headline Like This capitals tell nothing
    hits = []
    for number, token in enumerate(found):
        if token.kind == "unknown":
            hits.append(
                (token.start, token.end, "name" if token.is_capital or token.word.lower() in names() else "word")
            )
        elif token.kind == "ambiguous" and token.is_capital and _is_written_as_a_name(text, found, number, tells):
            hits.append((token.start, token.end, "name"))
    return hits


def _is_written_as_a_name(text: str, found: list[Token], number: int, tells: bool) -> bool:
    """True for a capital inside a sentence, or beside another word that may be a name."""
    return (tells and not _begins(text, found[number])) or _stands_by_a_name(text, found, number)


def _begins(text: str, token: Token) -> bool:
    """True at the start of a sentence, where every word is written with a capital."""
    before = text[: token.start].rstrip(" ")
    return not before or before[-1] in STARTS


def _stands_by_a_name(text: str, found: list[Token], number: int) -> bool:
    token = found[number]
    for other in found[max(0, number - 1) : number] + found[number + 1 : number + 2]:
        between = text[min(token.end, other.end) : max(token.start, other.start)]
        if other.is_capital and other.kind != "safe" and NEAR.fullmatch(between) and "." not in between:
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
    places = [(start, end) for start, end, label in hits if label in ("name", "word")]
    return [any(start <= token.start < end for start, end in places) for token in found]


def _belongs(text: str, found: list[Token], named: list[bool], number: int) -> bool:
    left = number > 0 and named[number - 1] and _are_near(text, found[number - 1], found[number])
    right = number + 1 < len(found) and named[number + 1] and _are_near(text, found[number], found[number + 1])
    word = found[number].word
    if word.lower() in PARTICLES:
        return left and (right or _leads_to_name(text, found, named, number))
    return (left or right) and _may_be_a_name(found[number])


def _leads_to_name(text: str, found: list[Token], named: list[bool], number: int) -> bool:
    """True for the first of two particles: de la Cruz."""
    after = number + 2
    return after < len(found) and named[after] and found[number + 1].word.lower() in PARTICLES


def _are_near(text: str, first: Token, second: Token) -> bool:
    return bool(NEAR.fullmatch(text[first.end : second.start]))


def _may_be_a_name(token: Token) -> bool:
    """An initial, or a word that is a name too, be it one of the trade."""
    if token.kind == "ambiguous" or token.word.lower() in names():
        return True
    return len(token.word) == 1 and token.word.isupper() and token.word != "I" and token.word.isalpha()
