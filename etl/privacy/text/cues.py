"""L2 and L6: the words before which people write a name, and the places in a staff note where one always stands."""

import re

import re2

from etl.privacy.text.lexicon import Token
from etl.privacy.text.spans import Hit

# behind these a name follows, whatever it looks like
STRONG = """name is|names is|this is|my name's|i am called|call me|ask for|speak (?:to|with)|addressed to|
signed by|reported by|submitted by|requested by|called in by|per|attn:?|attention:?|c/o|contact person|contact|
nombre:?|se llama|llamado|soy|habla|pregunte por|pregunten por|atenci[oó]n a|de parte de|name:|caller:|
reporter:|resident:|owner:|tenant:|landlord:|contact:|complainant:|spoke (?:with|to)|talked (?:to|with)|
met with|hablé con|hable con|told by|according to|known as|aka|a\\.k\\.a\\.?"""
# behind these the next word with a capital is a name, even if it is a word of the trade: Inspector Park
TITLES = """mr\\.?|mrs\\.?|ms\\.?|miss|dr\\.?|prof\\.?|rev\\.?|sgt\\.?|lt\\.?|capt\\.?|inspector|officer|
sra?\\.?|srta\\.?|señora?|señorita|don|do[ñn]a|my name is|me llamo|mi nombre es|named|inspectora?|oficial"""
# behind these one may follow: only what looks like a name is taken
WEAK = """i am|i'm|im|dear|hi|hello|hey|hola|estimad[oa]|querid[oa]|thanks|thank you|gracias|saludos|regards|
sincerely|best|atentamente|cheers|neighbou?r|owner|tenant|landlord|caller|manager|contractor|employee|
crew leader|driver|super|superintendent|vecin[oa]|due[ñn]o|due[ñn]a|inquilin[oa]|encargad[oa]|casero|son|
daughter|wife|husband|mother|father|mom|dad|brother|sister|friend|boss|hij[oa]|espos[oa]|madre|padre|herman[oa]|
with|by|from|con|por|ask|asked|called|emailed|texted|llam[eé] a|call|email|text|the|family|and|y|or|&"""
NOBODY = """a an the my our your his her their this that these those it he she they we you i not in on at to of from for with and or but
sir madam team city all everyone there anyone somebody someone again back about very so just going writing calling reporting concerned
sure sorry afraid unable trying looking happy glad here el la los las un una mi su tu del de que muy no en residente vecino se lo le me
who what where when why how if as is was were are am be been will would can could should may might do does did has have had""".split()
MOST = 4  # words of one name
LAST = 60  # characters in which a text may be signed


def _either(words: str) -> str:
    return "|".join(part.strip() for part in words.replace("\n", "").split("|"))


OPTIONS = re2.Options()
OPTIONS.case_sensitive = False
CUES = re2.compile(rf"\b(?:({_either(TITLES)})|({_either(STRONG)})|{_either(WEAK)})[ ,:]{{1,3}}", OPTIONS)
WEAKLY, STRONGLY, AS_TITLE = range(3)
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
INITIALS = re.compile(r"[-–—~/(\[*] ?([A-Za-z]{1,3}\.?(?:[A-Z]\.?)?|[A-Z][a-z]+(?: [A-Z][a-z]*\.?)?)[)\].]*\s*$")


def places(page: str) -> list[tuple[int, int]]:
    """Where in a page a cue ends, and how much it says."""
    return [
        (match.end(), AS_TITLE if match.start(1) >= 0 else STRONGLY if match.start(2) >= 0 else WEAKLY)
        for match in CUES.finditer(page)
    ]


def names_behind(found: list[Token], cues: list[tuple[int, int]], trade: frozenset[str]) -> list[Hit]:
    """The names that follow the cues of one text."""
    hits: list[Hit] = []
    starts = {token.start: number for number, token in enumerate(found)}
    for place, strength in cues:
        first = starts.get(place, len(found))
        for number in range(first, min(first + MOST, len(found))):
            token = found[number]
            if number > first and token.start - found[number - 1].end > 2:
                break
            if not _follows(token, strength, trade):
                break
            hits.append((token.start, token.end, "name"))
    return hits


def _follows(token: Token, strength: int, trade: frozenset[str]) -> bool:
    """True if the word may be (part of) a name behind a cue of that strength."""
    low = token.word.lower()
    is_title = strength == AS_TITLE and token.is_capital
    if low in ADDRESSED or (low in NOBODY and not (token.is_capital and strength)) or (low in trade and not is_title):
        return False
    if strength == WEAKLY:
        return token.kind == "unknown" or (token.is_capital and token.kind == "ambiguous")
    return token.kind != "safe" or token.is_capital


def staff(text: str) -> list[Hit]:
    """L6: whom a note greets, and who signed it."""
    hits: list[Hit] = []
    start = max(0, len(text) - LAST)
    ends = [form.search(text, start) for form in (PARTING, INITIALS)]
    for match in (GREETING.match(text), *ends):
        if match:
            words = {word.lower() for word in re.findall(r"[^\W\d_]+", match[1])}
            if words and not words <= GREETED:
                hits.append((*match.span(1), "name"))
    return hits


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
