"""Whether words that stand together name a person: not a place, an office or whoever tells the story."""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from itertools import pairwise

from etl.privacy.text.normal import plain
from etl.privacy.text.spans import Span
from etl.privacy.text.vocabulary import PARTICLES, first_names, kind_of, names

CUE = 30  # characters before a number in which it is said what it is
WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
NEAR = re.compile(r" {1,2}|-|\. ?")  # what stands between the parts of one name
TITLES = frozenset("mr mrs ms miss sr sra srta señor señora señorita".split())
KIN = (
    r"neighbou?r|tenant|land(?:lord|lady)|friend|cousin|uncle|aunt|brother|sister|son|daughter|wife|husband|ex|mother|father"
    r"|teacher|boss|foreman|sheriff|preacher|banker|doctor|vecin[oa]|amig[oa]|prim[oa]|tí[oa]|herman[oa]|hij[oa]|espos[oa]"
    r"|maestr[oa]"
)
PAID = (
    r"payee|(?:refund|paid|payment|reimbursement|owed) to|settlement(?: for| with| of)?|reimburse|claim (?:of|by)|v|vs|legal"
    r"|(?:workers'?|wkrs) comp(?:ensation)?|widow(?:er)? of|pension (?:of|for)|estate of"
)
# behind these a word with a capital is a person, whatever it is
KNOWN_BY = re.compile(rf"\b(?:{'|'.join(sorted(TITLES))}|dr|{KIN}|{PAID})\b[.,:]? (?:- )?$", re.I)
CALLED = re.compile(r"\b(?:called|named|owner)\b,? $", re.I)  # behind these two words, unless they are a street
KNOWN_AS = re.compile(
    rf",? (?:(?:from )?next door|from (?:number|upstairs|downstairs)|(?:(?:was|is|era|es) )?(?:my|our|mi|nuestr[oa]) (?:{KIN}))\b",
    re.I,
)
AT = re.compile(r"\b(?:the|in|on|at|near|across|through|around|of|en|el|la)\b $", re.I)  # before a place
SURNAME = re.compile(r"([A-ZÀ-Þ][\w'’]+)(?:  |, )$")  # before a first name, as lists have it
BEGINNING = re.compile(rf"(?:^|[.!?;:] ){SURNAME.pattern}")
HYPHENED = re.compile(r"^[^\W\d_]+-[^\W\d_]+(?: \S+)?$")  # Soo-Jin Park: one first name
VOWEL = re.compile("[aeiouy]", re.I)
INITIAL = re.compile(r"[A-Z]")
SHORT = 3  # letters, up to which what is written in capitals is a code
# what is named after somebody who is no party to it
NAMED_AFTER = set(
    """street st avenue ave road rd drive lane ln court place square boulevard blvd way terrace park playground school
    academy hall library center centre building bridge field stadium house home hospital clinic museum theater theatre
    church chapel cemetery garden gardens memorial county city college university institute foundation fund trust award
    company co inc llc corp store shop mill factory mansion hotel bank bar cafe café restaurant bakery market river lake
    pond creek mountain island beach pool rink complex plaza tower station airport highway parkway apartments act law
    day program project grant scholarship society club league band whiteout archive archives collection""".split()
)
# of these, those that people are called too: Nathan Lane, Sally Field
SURNAMES = set("park lane hall field day church house lake pond beach law grant".split())


def runs(text: str, spans: tuple[Span, ...]) -> list[tuple[int, int]]:
    """The places of words that may be names, those that stand together as one."""
    runs: list[tuple[int, int]] = []
    for span in spans:
        if span.label in ("name", "word"):
            if runs and NEAR.fullmatch(text[runs[-1][1] : span.start]) and _belongs(text, *runs[-1], span):
                runs[-1] = (runs[-1][0], span.end)
            else:
                runs.append((span.start, span.end))
    return runs


def _belongs(text: str, start: int, end: int, span: Span) -> bool:
    """True for one more word of a name: unknown ones in lower case only behind a first name that is written so too."""
    is_first = text[start].islower() and WORD.match(text, start)[0] in first_names()
    return is_first or (span.label == "name" and (text[start].isupper() or text[span.start].islower()))


@dataclass(frozen=True, slots=True)
class Run:
    """Words that stand together and may be a name, without particles and titles; as said; what stands around them."""

    words: tuple[str, ...]
    said: str
    before: str
    behind: str
    is_titled: bool
    is_prose: bool

    @property
    def low(self) -> list[str]:
        return [word.lower().removesuffix("'s") for word in self.words]


def run_of(text: str, start: int, end: int, is_prose: bool) -> Run:
    """A surname such as Park, which no layer finds, is taken in."""
    if (after := WORD.match(text, end + 1)) and text[end] in " -" and _is_surname(after[0]):
        end = after.end()
    said = plain(text[start:end]).text
    words = [word for word in WORD.findall(said) if word.lower() not in PARTICLES]
    named = [word for word in words if word.lower() not in TITLES]
    return Run(tuple(named), said, text[max(0, start - CUE) : start], text[end:], len(named) < len(words), is_prose)


def _is_surname(word: str) -> bool:
    return word[0].isupper() and word.lower() in SURNAMES


def is_person(run: Run, own: Collection[str]) -> bool:
    """True for what any rule takes for a name; not for the teller, nor for a street."""
    if not _others(run, own):
        return False
    if run.words[0][0].islower():
        return run.low[0] in first_names() and any(_may_be_name(word) for word in run.low[1:2])
    if run.is_titled or KNOWN_AS.match(run.behind):
        return True
    if KNOWN_BY.search(run.before) and not (run.is_prose and _is_institution(run)):
        return True
    return not _is_place(run) and any(rule(run) for rule in RULES)


def is_recognised(run: Run, own: Collection[str]) -> bool:
    """What the model takes for a name of two words."""
    is_told = any(all(kind_of(word) != "safe" or word in names() for word in pair) for pair in _pairs(run))
    return is_told and _others(run, own) and not _is_place(run)


def _others(run: Run, own: Collection[str]) -> bool:
    """True for words that are not the teller's; beside those only another name counts."""
    others = [word for word in run.low if word not in own]
    if len(others) < len(run.words):
        others = [word for word in others if kind_of(word) != "safe" or word in names()]
    return bool(others)


def _named_after(run: Run) -> tuple[int, str]:
    """Which of the words, and the one behind them, makes a place or an office of them; 0 if none does."""
    after = WORD.match(run.behind, 1)
    low = [*run.low, *([after[0].lower()] if after and after[0][0].isupper() else [])]
    return next(((at, word) for at, word in enumerate(low) if at and word in NAMED_AFTER), (0, ""))


def _is_institution(run: Run) -> bool:
    """True for what nobody is called: a school, a street."""
    at, word = _named_after(run)
    return at > 0 and word not in SURNAMES


def _is_place(run: Run) -> bool:
    """True for what is named after somebody; Nathan Lane is a street only behind the words that streets stand behind."""
    at, word = _named_after(run)
    if not at or word not in SURNAMES:
        return bool(at)
    is_whole_name = at > 1 and not HYPHENED.match(run.said)
    return is_whole_name or not _may_be_first(run.low[0]) or bool(AT.search(run.before))


def _may_be_first(low: str) -> bool:
    return low in first_names() or kind_of(low) == "unknown"


def _is_first_and_other(run: Run) -> bool:
    return len(run.words) > 1 and (any(w in first_names() for w in run.low) or bool(CALLED.search(run.before)))


def _is_initialled(run: Run) -> bool:
    """R. Thornquist."""
    pairs = zip(run.words, run.low[1:], strict=False)
    return any(INITIAL.fullmatch(first) and len(last) > 1 and _may_be_name(last) for first, last in pairs)


def _is_surnamed(run: Run) -> bool:
    """Nathan Lane, where it is no street."""
    return not SURNAMES.isdisjoint(run.low[1:])


def _pairs(run: Run) -> list[tuple[str, str]]:
    """Words with a capital that stand side by side, in lower case; what a hyphen joins is one, and a dot parts two."""
    pairs = [(a, b) for a, b in pairwise(run.words) if _is_written(a) and _is_written(b)]
    return [(a.lower(), b.lower()) for a, b in pairs if f"{a}-{b}" not in run.said and f"{a}." not in run.said]


def _is_unheard(run: Run) -> bool:
    """Two words that are in no list of words, such as Oluwaseun Adeyemi; or one of them beside a name."""
    return any(_may_be_name(a) and _may_be_name(b) and "unknown" in (kind_of(a), kind_of(b)) for a, b in _pairs(run))


def _is_listed(run: Run) -> bool:
    """Park, Soo-Jin; in prose a comma parts more than names, but hardly where a sentence begins."""
    surname = (BEGINNING if run.is_prose else SURNAME).search(run.before)
    if not surname or not _may_be_first(run.low[0]):
        return False
    return surname[1].lower() in SURNAMES or _may_be_name(surname[1].lower())


def _may_be_name(low: str) -> bool:
    return kind_of(low) == "unknown" or low in names()


def _is_written(word: str) -> bool:
    """With a capital, and no code or shorthand."""
    is_code = len(word) <= SHORT if word.isupper() else word.isascii() and len(word) > SHORT and not VOWEL.search(word)
    return word[0].isupper() and len(word) > 1 and not is_code


RULES: tuple[Callable[[Run], bool], ...] = (_is_first_and_other, _is_initialled, _is_surnamed, _is_unheard, _is_listed)
