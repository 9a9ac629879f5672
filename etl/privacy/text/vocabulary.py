"""The words that are known, and what each of them is: safe, a name too, or unknown; from lists of English, Spanish, the
trade and makes of things, and from rules that make their forms."""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from zxcvbn.frequency_lists import FREQUENCY_LISTS

from etl.privacy.text.made import is_made

HERE = Path(__file__).parent / "words"
ACCENTS = frozenset("abcdefghijklmnopqrstuvwxyzáéíóúüñ'")  # of the languages that are read here
ORDINAL = re.compile(
    r"\d{1,3}(?:st|nd|rd|th|s|x|x\d{1,2}|ft|in|hr|hrs|min|yr|yrs|wk|wks|lb|lbs|gal|oz|mph|k|d|h|w|v|yd|yds|mi|km|m|cm|mm"
    r"|er|ro|do|o|a)"
)
PARTICLES = set("de del la las los da das do dos di van von der den bin el al y e san santa mac mc st".split())
MONTHS = set("january february march april may june july august september october november december".split())
SPANISH_NAMES = """luz sol mar flor flores rosa blanca reyes rey cruz iglesias campos castillo torres ríos rio fuentes
santos guerra vega rojas moreno rubio delgado bravo blanco franco leal pardo prieto salas paredes puente montes pino
robles palma paz domingo marina ángel mercado calle madera plaza mayo julio abril agosto bueno rico nieves""".split()


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
CLITICS = "se me nos te lo la los las le les".split()
SHORTEST = 3  # letters, up to which a form looks like too many names
SOFT = {"gar": "gu", "car": "qu", "zar": "c"}  # how a stem is written before e


def _conjugated(verb: str) -> set[str]:
    stem, forms = verb[:-2], {verb}
    for ending in ENDINGS.get(verb[-2:], "").split():
        soft = stem[:-1] + SOFT[verb[-3:]] if ending[0] in "eé" and verb[-3:] in SOFT else stem
        forms |= {soft + ending, bare(soft + ending)}
    forms |= {verb + ending for ending in CLITICS} | {bare(stem) + "ándo" + ending for ending in CLITICS}
    return {form for form in forms if len(form) > SHORTEST}


@cache
def spanish() -> frozenset[str]:
    """The words of the lists, and those of their forms that are no names."""
    listed = words_of("es")
    made = {form for word in listed for form in _inflected(word)}.union(*map(_conjugated, words_of("es_verbs")))
    return listed | (made - names() - FIRST_NAMES - words_of("also_names")) | USUAL


USUAL = set("buena dias días niño nina niña pare papa papá mata tia tía barre bebe costa casas raya".split())
# first names of Spanish that the rules above would make words of
FIRST_NAMES = set(
    """mario maria marco marcos alba elena rita celia sonia carina dora flora gloria julia emilia lucia arda ardian arman
    barri carra dola domingos firman fuma gaja jalen loda loran mareen miran munda rayan saba saban sapa senta talan talen
    tomo nacio tuva bienvenida bienvenido verle vivi desean""".split()
)


@cache
def names() -> frozenset[str]:
    """Names of many people in the United States."""
    lists = (FREQUENCY_LISTS[name] for name in ("surnames", "female_names", "male_names"))
    return frozenset(name for names in lists for name in names)


@cache
def first_names() -> frozenset[str]:
    return frozenset(FREQUENCY_LISTS["female_names"]) | frozenset(FREQUENCY_LISTS["male_names"]) | ALSO_FIRST


# first names that those lists leave out, because each is a more frequent word or surname too
ALSO_FIRST = frozenset(
    """will art dick ed lee len guy grant marshall ross reed ward wade rich chase hunter ty wes woody stu sonny ole may june
    august hope ginger summer alexander logan samantha hannah alexis gay angel sol mercedes nieves paz teo mateo inés wei mei
    duc anh raj amit priya sunita yusuf ngozi emeka""".split()
)


@cache
def ambiguous() -> frozenset[str]:
    """Words that are names too: kept in lower case, masked where they are written as a name."""
    spanish_names = (words_of("es") & names()) - USED
    return (words_of("also_names") | set(SPANISH_NAMES) | spanish_names | MONTHS & names()) - trade()


USED = set(
    """ayer comer deja diez durante duda escalera esta haber haga hagan les manos miles nada parada resto
    sala van zona""".split()
)


@cache
def trade() -> frozenset[str]:
    return words_of("city") | makes()


@cache
def names_of_trade() -> frozenset[str]:
    """Words of the trade that are first names too: luz."""
    return trade() & first_names()


@cache
def makes() -> frozenset[str]:
    return words_of("brands")


@cache
def misspelt() -> frozenset[str]:
    """Words of the trade as hurried thumbs write them: a letter left out, doubled, or changed with the next one."""
    long = [word for word in words_of("city") if len(word) > LONG]
    left_out = {word[:at] + word[at + 1 :] for word in long for at in range(1, len(word) - 1)}
    doubled = {word[:at] + word[at] + word[at:] for word in long for at in range(1, len(word))}
    changed = {word[:at] + word[at + 1] + word[at] + word[at + 2 :] for word in long for at in range(1, len(word) - 1)}
    return frozenset((left_out | doubled | changed) - names())


LONG = 6  # letters, above which a wrong one hardly makes a name


@cache
def known() -> frozenset[str]:
    return words_of("en") | spanish() | trade() | words_of("also_names") | misspelt()


@cache
def safe() -> frozenset[str]:
    """Words that stay however they are written."""
    return known() - ambiguous()


@dataclass(slots=True)
class Token:
    """One word of a text, and in lower case. `kind`: safe, ambiguous, unknown, or kept: no name in the company it stands in."""

    word: str
    low: str
    start: int
    end: int
    kind: str
    is_capital: bool


CONSONANTS = re.compile("[bcdfghjklmnpqrstvwxz]{3,6}")  # what hurried thumbs leave of a word; hardly a name
DOUBTED = ("ambiguous", "unknown")


@lru_cache(200_000)
def kind_of(low: str) -> str:
    """What a word in lower case is, wherever it stands."""
    if low in ambiguous():
        return "ambiguous"
    if low in known():
        return "safe"
    if not low.isascii() and "ñ" not in low and ACCENTS.issuperset(low) and bare(low) in known():
        return kind_of(bare(low))
    if len(low) == 1 or low.isdigit() or ORDINAL.fullmatch(low):
        return "safe"
    stem = low.removesuffix("'s")
    if stem != low:
        return kind_of(stem)
    is_shorthand = CONSONANTS.fullmatch(low) or (low not in names() and is_made(low, known()))
    return "ambiguous" if is_shorthand else "unknown"
