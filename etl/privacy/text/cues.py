"""L2 and L6: the words before which people write a name, and the places in a staff note where one always stands."""

import re
from bisect import bisect_left

from etl.privacy.text.form import Form, laid
from etl.privacy.text.lexicon import shouts
from etl.privacy.text.patterns import SAID
from etl.privacy.text.spans import Hit
from etl.privacy.text.vocabulary import DOUBTED, PARTICLES, Token, first_names, kind_of, names

# behind these a name follows, whatever it looks like
STRONG = """(?:man|woman|guy|lady|person|somebody|someone|boy|girl|kid|tenant|neighbou?r|driver|worker) (?:called|named)|
name is|names is|this is|my name's|i am called|call me|ask for|speak (?:to|with)|addressed to|
signed by|reported by|submitted by|requested by|called in by|per|attn:?|attention:?|c/o|contact person|contact|
nombre:?|se llama|llamado|soy|habla|pregunte por|pregunten por|atenci[oó]n a|de parte de|name:|caller:|
reporter:|resident:|owner:|tenant:|landlord:|contact:|complainant:|spoke (?:with|to)|talked (?:to|with)|
met with|hablé con|hable con|told by|according to|known as|aka|a\\.k\\.a\\.?"""
# behind these the next word is a name, in whatever letters: ms wood
HONORIFICS = "mr\\.?|mrs\\.?|ms\\.?|mx\\.?|sra\\.?|srta\\.?"
# behind these the next word with a capital is a name, even if it is a word of the trade: Inspector Park
TITLES = """miss|dr\\.?|prof\\.?|rev\\.?|sgt\\.?|lt\\.?|capt\\.?|inspector|officer|
sr\\.?|señora?|señorita|don|do[ñn]a|my name is|me llamo|mi nombre es|named|inspectora?|oficial"""
# behind these one may follow: only what looks like a name is taken
WEAK = """i am|i'm|im|dear|hi|hello|hey|hola|estimad[oa]|querid[oa]|thanks|thank you|gracias|saludos|regards|
sincerely|best|atentamente|cheers|with|by|from|con|por|asked|called|emailed|texted|llam[eé] a|call|email|text|the|family|and|y|or|&"""
# behind these, too; and a first name in whatever letters, be it a word: my neighbor hope
KIN = """neighbou?r|owner|tenant|resident|landlord|caller|manager|contractor|employee|crew leader|driver|super|superintendent|
vecin[oa]|due[ñn]o|due[ñn]a|inquilin[oa]|encargad[oa]|casero|residente|son|daughter|wife|husband|mother|father|mom|dad|brother|
sister|friend|boss|uncle|aunt|hij[oa]|espos[oa]|madre|padre|herman[oa]|t[ií][oa]|me llaman|ask|tell|told"""
NOBODY = """a an the my our your his her their this that these those it he she they we you i not in on at to of from for with and or but
sir madam team city all everyone there anyone somebody someone again back about very so just going writing calling reporting concerned
sure sorry afraid unable trying looking happy glad here el la los las un una mi su tu del de que muy no en residente vecino se lo le me
who what where when why how if as is was were are am be been will would can could should may might do does did has have had""".split()
VERBS = frozenset("will may drew chase grant art bill pat mark rich frank dean".split())  # that are first names too
SURNAMES = frozenset(
    "cruz reyes flores santos vega guerra leal prieto pardo rojas fuentes campos".split()
)  # words, too
MOST = 4  # words of one name
LAST = 60  # characters in which a text may be signed


def either(words: str) -> str:
    return "|".join(part.strip() for part in words.replace("\n", "").split("|"))


STRENGTHS = (WEAK, KIN, STRONG, TITLES, HONORIFICS)
WEAKLY, AS_KIN, STRONGLY, AS_TITLE, ALWAYS = range(len(STRENGTHS))
CUES = Form(rf"\b(?:{'|'.join(f'({either(words)})' for words in reversed(STRENGTHS))})[ ,:]{{1,3}}")
# with the full stop that is written behind them the capital of a name looks like that of a sentence
SHORTENED = frozenset("mr mrs ms mx dr sr sra srta prof rev sgt lt capt".split())
GREETING = re.compile(
    r"\s*(?:dear|hi|hello|hey|hola|good (?:morning|afternoon|evening)|estimad[oa]s?|querid[oa]s?"
    r"|buen[oa]s (?:d[ií]as|tardes))\s+([^,:;.!\n]{1,40}?)\s*[,:;!.]",
    re.I,
)
PARTING = re.compile(
    r"(?:thanks(?: again)?|thank you|thx|sincerely|regards|respectfully|best|cheers|yours(?: truly)?|atentamente|saludos|gracias)"
    r"[\s,.!;:-]+((?:[^\W\d_][\w'.-]*[ ]?){1,4})\s*$",
    re.I,
)
GREETINGS = set(
    "dear hi hello hey hola good estimado estimada estimados estimadas querido querida queridos queridas".split()
)
GREETINGS |= {"buen", "buenas", "buenos"}
PARTINGS = set("thanks thank thx sincerely regards respectfully best cheers yours atentamente saludos gracias".split())
MOST_PARTING = 8  # words at the end of a text among which the parting is
SIGN = re.compile(r"[-–—~/(\[*]")  # what stands before initials
INITIALS = re.compile(
    r"(?:(?<!\w)[-–—~/(\[*] ?([A-Za-z]{1,3}\.?(?:[A-Z]\.?)?|[A-Z][a-z]+(?: [A-Z][a-z]*\.?)?)"
    r"|(?<=\w)[-–—~/(\[*] ?([A-Z]{2,3}|[A-Z][a-z]+(?: [A-Z][a-z]*\.?)?))[)\].]*\s*$"
)


FIRST_PARTICLES = PARTICLES - {"el", "al", "la", "los", "las", "y", "e", "st"}
HOUSEHOLDS = set("familia family household residence brothers sisters kids twins".split())
OF_WHOM = set("the for by from with at and".split())
NO_HOUSEHOLD = set(NOBODY) | set("single multi two three whole entire foster royal".split())
CALLS = set("call text email ring contact reach phone llame llamen llamar".split())


def places(page: str) -> list[tuple[int, int]]:
    """Where in a page a cue ends, and how much it says."""
    return [(end, len(STRENGTHS) - group) for _, end, group in CUES.finds(laid(page))]


def names_behind(found: list[Token], cues: list[tuple[int, int]], trade: frozenset[str]) -> list[Hit]:
    """The names that follow the cues of one text."""
    hits: list[Hit] = []
    starts = [token.start for token in found]
    tells = any(strength >= AS_TITLE for _, strength in cues) and not shouts(found)
    for place, strength in cues:
        first = bisect_left(starts, place)
        if starts[first : first + 1] != [place]:
            continue
        for number in range(first, min(first + MOST, len(found))):
            token = found[number]
            if number > first and token.start - found[number - 1].end > 2:
                break
            rest = min(strength, AS_TITLE) if number > first else strength
            if not (_follows(token, rest, trade, tells) or (strength >= STRONGLY and _leads_to_name(found, number))):
                break
            hits.append((token.start, token.end, "name"))
    low = [token.low for token in found]
    return hits + _households(found, low) + _neighbours(found, low) + _called(found, low)


def _leads_to_name(found: list[Token], number: int) -> bool:
    """True for what stands before a surname: señora de la Fuente."""
    after = [token for token in found[number : number + 3] if token.low not in PARTICLES][:1]
    return found[number].low in FIRST_PARTICLES and bool(after) and after[0].is_capital


def _households(found: list[Token], low: list[str]) -> list[Hit]:
    """Whose family or home it is: the Park family, la familia Prieto."""
    hits = []
    for number in [] if HOUSEHOLDS.isdisjoint(low) else range(1, len(found)):
        token, before = found[number], low[number - 1]
        is_theirs = before == "familia" or (
            before in OF_WHOM and not HOUSEHOLDS.isdisjoint(low[number + 1 : number + 2])
        )
        if is_theirs and low[number] not in NO_HOUSEHOLD and (token.is_capital or token.kind in DOUBTED):
            hits.append((token.start, token.end, "name"))
    return hits


def _neighbours(found: list[Token], low: list[str]) -> list[Hit]:
    """The Smiths: a surname in the plural."""
    return [
        (token.start, token.end, "name")
        for token in (found[number] for number, before in enumerate(low[:-1], 1) if before == "the")
        if token.is_capital
        and token.word[-1] == "s"
        and kind_of(token.word[:-1].lower()) in DOUBTED
        and token.word[:-1].lower() in names()
    ]


def _called(found: list[Token], low: list[str]) -> list[Hit]:
    """Who is called at a number, in whatever letters the name is written: call mark at 617."""
    return [
        (found[number].start, found[number].end, "name")
        for number in ([] if CALLS.isdisjoint(low) else range(1, len(found) - 2))
        if low[number - 1] in CALLS
        and found[number].kind in DOUBTED
        and low[number + 1] in ("at", "on", "al")
        and (low[number + 2][0].isdigit() or low[number + 2] in SAID)
    ]


def _follows(token: Token, strength: int, trade: frozenset[str], tells: bool) -> bool:
    """True if the word may be (part of) a name behind a cue of that strength; `tells`: whether capitals do here."""
    low = token.low
    if strength == ALWAYS and low not in ADDRESSED and (token.is_capital or low not in NOBODY):
        return True
    if AS_KIN <= strength <= STRONGLY and low not in VERBS and (low in first_names() or low in SURNAMES):
        return True
    is_title = strength >= AS_TITLE and (token.is_capital or (tells and token.word.isupper()))
    if low in ADDRESSED or (low in NOBODY and not (token.is_capital and strength)) or (low in trade and not is_title):
        return False
    if strength <= AS_KIN:
        return token.kind == "unknown" or (token.is_capital and token.kind == "ambiguous")
    return token.kind != "safe" or token.is_capital or is_title


def staff(text: str, words: list[str]) -> list[Hit]:
    """L6: whom a note greets, and who signed it; `words` are those of the text, in lower case."""
    hits: list[Hit] = []
    start = max(0, len(text) - LAST)
    greets = words and words[0] in GREETINGS and GREETING.match(text)
    parts = not PARTINGS.isdisjoint(words[-MOST_PARTING:]) and PARTING.search(text, start)
    signs = SIGN.search(text, start) and INITIALS.search(text, start)
    for match in (greets, parts, signs):
        if match:
            group = match.lastindex
            said = re.findall(r"[^\W\d_]+", match[group])
            if not {word.lower() for word in said} <= GREETED and not _goes_on(said):
                hits.append((*match.span(group), "name"))
    return hits


def _goes_on(said: list[str]) -> bool:
    """True for what is no name but the end of a sentence: thanks for coming so quick."""
    is_even = all(map(str.islower, said)) or all(map(str.isupper, said))
    return is_even and said[0].lower() in GOES_ON and all(kind_of(word.lower()) == "safe" for word in said)


GOES_ON = set("but no all very for to in so and the that a we you i it is as please por y a que al".split())


# whom a note may greet without naming anybody
ADDRESSED = set(
    """sir madam resident residents neighbor neighbors customer customers team city all everyone there folks constituent
    citizen vecino vecina vecinos residente residentes ciudadano señor señora señores todos crew department office""".split()
)
GREETED = ADDRESSED | set(
    """the a an of to for again you your so much very advance in help helping service work looking this that it reporting
    report muchas por favor su ayuda am pm no na ok st ave rd contacting time patience understanding us we our and being
    calling""".split()
)
