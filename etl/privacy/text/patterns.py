"""L1: what has a form, over a whole page of texts at once; phonenumbers and Luhn name what
was found. Every street address and every run of four digits goes: whose they are cannot be told."""

import re
from collections.abc import Iterator

import phonenumbers

from etl.privacy.text.form import Form, laid
from etl.privacy.text.spans import KEPT, Hit
from etl.privacy.text.vocabulary import kind_of

MONTHS = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?)"
)
MESES = r"(?:enero|febrero|marzo|abril|mayo|junio|julio|agosto|sep?tiembre|octubre|noviembre|diciembre)"
TLD = r"(?:com|org|net|edu|gov|mil|us|info|biz|io|co|me|es|mx|uk|ca|tv|app|dev|xyz|club)"
SUFFIX = (
    r"(?:st|street|str|ave|av|avenue|rd|road|dr|drive|ln|lane|blvd|boulevard|ct|court|pl|place|sq|square"
    r"|ter|terr|terrace"
    r"|way|pkwy|parkway|hwy|highway|cir|circle|pike|row|path|alley|aly|plaza|plz|trail|trl|loop|run|walk"
    r"|crescent|cres"
    r"|heights|hts|point|pt|park|wharf|bypass|mews|grove|crossing|ridge|hollow|manor|commons|gardens|fwy"
    r"|expy|turnpike)"
)
VIA = (
    r"(?:calle|avenida|avda|av|camino|paseo|callejón|callejon|carretera|calzada|plaza|boulevard|bulevar"
    r"|pasaje|via|vía)"
)
ONES = "zero oh one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
ONES += "eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred double triple cero uno una dos tres "
ONES += (
    "cuatro cinco seis siete ocho nueve diez once doce trece catorce quince veinte treinta cuarenta cincuenta sesenta "
)
ONES += "setenta ochenta noventa cien ciento doble"
COUNT = rf"(?:{'|'.join(ONES.split())})"
TH = (
    "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth "
)
TH += "sixteenth seventeenth eighteenth nineteenth twentieth thirtieth primero"
NTH = rf"(?:(?:twenty|thirty)[ -])?(?:{'|'.join(TH.split())})"
TENS = r"(?:hundred|oh|ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)"
YEAR = rf"(?:(?:nineteen|twenty)[ -]{TENS}(?:[ -]{COUNT})?|two thousand(?: (?:and )?{COUNT}){{0,2}})"
WHICH = rf"(?:{YEAR}|\d{{4}}|'?\d{{2}})\b"
CLEAR = "(?:january|february|april|june|july|august|september|october|november|december)"  # verbs are none of them
ANO = rf"(?:(?:dos )?mil(?: (?:nove|ocho)cientos)?(?: {COUNT})?(?: y {COUNT}|i\w+)?)"
ROMAN = r"(?:(?:XC|XL|L?X{1,3})(?:IX|IV|V?I{0,3})|IX|IV|VI{0,3}|III?)"
ROMANS = frozenset(
    "ii iii iv v vi vii viii ix x xi xii xiii xiv xv xvi xvii xviii xix xx xxi xxii xxiii xxiv xxv xxx".split()
)
MAILS = "gmail yahoo hotmail outlook aol icloud proton protonmail comcast verizon".split()
FLATS = "apt apartment unit suite ste room rm apto apartamento depto departamento piso".split()
ONE = rf"(?:[a-z]|\d{{1,4}}|{COUNT})"  # of a plate that is spelled, letter by letter
APART = "[ ,./_-]{1,3}"
GAP = r"[ ,./_-]{1,3}"
HOUSE = r"(?:\d{1,6}(?: ?- ?\d{1,5})?[a-z]?(?: ?1/2)?)"
PART = r"(?:(?:\d{1,3}(?:st|nd|rd|th)|[\pL'.-]+) )"
CUE = r"[\s:#=.-]{0,3}(?:is |no\.? ?|num(?:ber|ero)?\.? ?|número |# ?|es )?[\s:#=.-]{0,2}"

# label -> forms, all in one case; the first that fits at a place wins
FORMS = {
    "email": (
        rf"[\w.+'%-]+ ?(?:@|\(at\)|\[at\]|\{{at\}}| at | arroba ) ?[\w-]+(?: ?(?:[.,]|\(dot\)|\[dot\]| dot "
        rf"| punto ) ?[\w-]+)*? ?(?:[.,]|\(dot\)|\[dot\]| dot | punto ) ?{TLD}\b",
        r"[\w.+-]+@[\w.-]+",
        rf"\b[\w.+-]+ (?:at|arroba) (?:{'|'.join(MAILS)})\b",
    ),
    "url": (
        r"(?:https?|ftp) ?: ?// ?[^\s\x00]+",
        r"www ?\. ?[^\s\x00]+",
        rf"\b[\w-]+(?:\.[\w-]+)*\.{TLD}\b(?:/[^\s\x00]*)?",
    ),
    "handle": (
        r"@\w[\w.]+|@ [a-z][a-z.]*[\d_][\w.]*",
        r"\b(?:ig|insta|instagram|twitter|tiktok|snap|snapchat|venmo|telegram|facebook|fb|zelle|cashapp)"
        r"(?: handle| user| page)? ?(?:[:=]|is|es) ?@?[\w.]{3,}",
    ),
    "ip": (
        r"\b\d{1,3} ?\. ?\d{1,3} ?\. ?\d{1,3} ?\. ?\d{1,3}\b",
        r"\b(?:[0-9a-f]{1,4}:){3,7}[0-9a-f]{0,4}\b",
        r"\b(?:[0-9a-f]{2}[:-]){5}[0-9a-f]{2}\b",
    ),
    "vin": (r"\b[a-hj-npr-z0-9]{9}[0-9x][a-hj-npr-z0-9]{2}\d{5}\b",),
    "date": (
        rf"\b{MONTHS}\.? ?\d{{1,2}}(?:st|nd|rd|th)?\b(?:,? ?(?:(?:of )?{YEAR}|\d{{4}}|'?\d{{2}}\b))?",
        rf"\b\d{{1,2}}(?:st|nd|rd|th)?[ -]?(?:of )?{MONTHS}\b\.?(?:,? ?\d{{4}})?",
        rf"\b(?:el )?d[ií]a (?:\d{{1,2}}|{COUNT})\b",
        rf"\b{MONTHS},? ?\d{{4}}\b",
        rf"\b\d{{1,2}} ?de {MESES}(?: ?(?:de|del) ?\d{{2,4}})?",
        rf"\b{MESES} ?(?:de |del )?\d{{1,4}}\b",
        r"\b\d{4} ?[-/.] ?\d{1,2} ?[-/.] ?\d{1,2}(?:t[\d:.]+z?)?\b",
        r"\b\d{1,2} ?[/.-] ?\d{1,2} ?[/.-] ?(?:\d{4}|\d{2})\b",
        r"\b(?:1[0-2]|0?[1-9])/(?:3[01]|[12]\d|0?[1-9])\b",
        rf"\b(?:the )?{NTH} (?:day )?of {MONTHS}\b(?:,? (?:of )?{WHICH})?",
        rf"\b{NTH} {MONTHS},? (?:of )?{WHICH}",
        rf"\b{MONTHS} (?:the )?{NTH},? (?:of )?{WHICH}",
        rf"\b(?:{CLEAR} (?:the )?{NTH}|{NTH} {CLEAR})\b",
        rf"\b(?:{COUNT}(?: y {COUNT})?|primero|\d{{1,2}}) de {MESES}(?: (?:de|del)(?: año)? {ANO})?\b",
        rf"\b(?:in|of|since|born|year|{MONTHS},?) {YEAR}\b|\bnineteen[ -]{TENS}(?:[ -]{COUNT})?\b",
        r"\bmil (?:novecientos|ochocientos)(?: \w+(?: y \w+)?)?\b",
    ),
    "time": (
        r"\b\d{1,2} ?[:.h] ?\d{2}(?: ?: ?\d{2})? ?(?:[ap] ?\.? ?m\b\.?|hrs?\b|h\b)?",
        r"\b\d{1,2} ?(?:[ap]\.? ?m\b\.?|o ?'? ?clock\b)",
        rf"\b{COUNT}(?:[ -]{COUNT})? ?(?:[ap]\.?m\b\.?|o ?'? ?clock\b)",
        rf"\b(?:half past|quarter (?:past|to|of)|a las?|las) (?:\d{{1,2}}|{COUNT})\b(?: y (?:media|cuarto"
        rf"|{COUNT}))?(?: (?:de|en|por) la (?:mañana|manana|tarde|noche|madrugada))?",
        rf"\b(?:at|around|by|before|after|about|since|until) (?:\d{{1,2}}|{COUNT}) (?:in the (?:morning"
        rf"|afternoon|evening)|at night|tonight|this (?:morning|evening|afternoon))",
        r"\b\d{3,4} ?(?:hrs|hours|h)\b|\b\d{1,2} ?h\b",
    ),
    "address": (
        rf"\b{HOUSE},? (?:(?:n|s|e|w|ne|nw|se|sw|north|south|east|west)\.? )?{PART}{{1,3}}?{SUFFIX}\b\.?"
        rf"(?:,? ?(?:apt|apartment|unit|suite|ste|no|rm|room|fl|floor|#)\.? ?#? ?[a-z]?\d*[a-z]?\b)?",
        rf"\b{COUNT}(?:[ -]{COUNT}){{0,3}} {PART}{{1,2}}?{SUFFIX}\b",
        rf"\b{VIA}\.? (?:[\pL'.-]+ ){{1,4}}?(?:#|no\.? ?|n[uú]m(?:ero)?\.? ?|n° ?)?\d{{1,5}}[a-z]?\b",
        r"\bp ?\.? ?o ?\.? ?box ?#? ?\d+",
        rf"(?-i:\b{ROMAN}|\b[xvi]{{3,6}}) {PART}{{1,2}}?(?:st|street|ave|avenue|rd|road|dr|drive|lane|ln|blvd|court|place"
        r"|square|terrace)\b\.?",
        rf"\b(?:{'|'.join(FLATS)})\.? ?#? ?(?:no\.? ?|number )?(?:\d+ ?-?[a-z]?|[a-z] ?-?\d+)\b",
        rf"\b(?:{'|'.join(FLATS)})(?:\. ?| ?# ?| )(?:no\.? |number )?(?:{COUNT}(?:[ -]{COUNT})?(?: ?-?[b-hj-z])?"
        r"|(?-i:[A-HJ-Z])|[b-df-hj-np-xz])\b",
        r"\b(?:in|at|of|from|@) (?-i:\d{1,3}[ABCE-KN-Z])\b",
        rf"\b\d{{1,5}} (?:block|blk) of {PART}{{1,3}}?{SUFFIX}\b",
    ),
    "plate": (
        rf"\b(?:(?:licen[cs]e )?plates?|licen[cs]e|lic|tags?|reg(?:istration)?|placas?|matr[ií]cula){CUE}"
        rf"(?:[a-z]{{2}} )?[a-z]*(?:\d[a-z0-9]*|[ -][a-z]*\d[a-z0-9]*)(?:[ -][a-z]{{0,3}}\d[a-z0-9]*)*\b",
        rf"\b(?:(?:licen[cs]e )?plates?|licen[cs]e|tags?|placas?|matr[ií]cula){CUE}"
        rf"(?:{ONE}(?:{APART}{ONE}){{3,}}|[a-z]{{2,4}}(?:{APART}(?:\d{{1,4}}|{COUNT})){{3,}})\b",
        r"(?-i:\b[A-Z]{1,3}[ -]?\d{3,5}[A-Z]{0,2}\b)",
        r"(?-i:\b\d{1,4}[ -]?[A-Z]{2,3}[ -]?\d{1,4}\b)",
        r"\b\d[a-z]{3}\d{3}\b",
        r"(?-i:\b[A-Z]{2,4}-\d{1,4}[A-Z]{0,2}\b)",
    ),
    "number": (
        rf"\b(?:account|acct|case|ticket|badge|permit|invoice|policy|member|customer|cust|id|ref|reference"
        rf"|confirmation|conf|tracking|cuenta|caso|folio|dob|ssn|sr|wo|meter|serial|passport|licencia|routing"
        rf"|claim|order)(?:\b|\d|_){CUE}[a-z]{{0,4}}[ -]?\d[\da-z-]*\b",
        r"[+(]?\b?\d(?:[ ()./_~|-]{0,3}\d){3,}\b",
        r"#\s?\d+\b",
        r"\b[a-z]+\d+[a-z\d]*\d[a-z\d]*\b|\b\d+[a-z]+\d[a-z\d]*\b",
        rf"\b(?:(?:{COUNT}|\d{{1,4}}){GAP}){{3,}}(?:{COUNT}|\d{{1,4}})\b",
        rf"\b{ONE}(?:{APART}{ONE}){{5,}}\b",
    ),
}
LABELS = tuple(FORMS)
TOLD = {label: Form(*forms) for label, forms in FORMS.items()}
SIGNS = re.compile(r"[\d@:=]|[.]\w")
# numbers and addresses that are spelled out
SAID = frozenset(ONES.split()) | {"dot", "punto", "arroba", "www"}
FORMED = (
    SAID
    | frozenset(TH.split())
    | ROMANS
    | frozenset(FLATS)
    | frozenset(MAILS)
    | {"mil", "plate", "plates", "tag", "license", "placa"}
)


def may_have(text: str, words: list[str]) -> bool:
    """False for a text that cannot have anything with a form, at once; `words` are in lower case."""
    return bool(SIGNS.search(text)) or not FORMED.isdisjoint(words)


# what scanners and thumbs make of digits; only where digits stand beside it
GARBLED = re.compile(
    r"[+][lI|](?=[ .(-]*\d)|(?<![^\W\d])[\dOoQDIl|!SsBZ]*\d[\dOoQDIl|!SsBZ().-]*\d[\dOoQDIl|!SsBZ]*(?![^\W\d])"
)
DIGITS = str.maketrans("OoQDIl|!SsBZ", "000011115582")
FEW = 5  # digits that are written apart, such as 10-12, up to which they are no number of somebody's


def hits(page: str, allowed: frozenset[str], compact) -> Iterator[Hit]:
    """What has a form in a page of texts that NUL characters part; KEPT where it is the city's own."""
    seen = GARBLED.sub(lambda m: m[0].translate(DIGITS), page) if any(c.isdigit() for c in page) else page
    looked_at = laid(seen)
    for label in LABELS:
        for start, end, _ in TOLD[label].finds(looked_at):
            found = seen[start:end].rstrip()  # a space behind it is none of it
            end = start + len(found)
            if allowed and compact(found.rstrip(".,;!?")) in allowed:
                yield start, end, KEPT
                continue
            if label == "number":
                if not _is_small(found):
                    yield start, end, kind_of_number(found)
            elif not _is_harmless(label, found, seen[max(0, start - 3) : start], seen[end : end + 16]):
                yield start, end, label


SIZE = re.compile(r"\d{1,2} ?x ?\d{1,2}(?: ?x ?\d{1,2})?", re.I)
FRACTION = re.compile(r"[123]/[2348]")
MEASURE = re.compile(r" ?(?:in|ft|feet|foot|mi|block|hour|yard|yd|mile|cup|bag|cubic|way|full|of|the|size|day)", re.I)


SAID_OF_PLATES = re.compile(r"(?:plates?|tags?|placas?) ([a-z]+) \d{1,2}")
WAYS = re.compile(r"(?:one|two|three|four|1|2|3|4)[ -]way\b", re.I)
SPELLS = re.compile(r"(?:\d{1,3}|[a-z]+) (?:days?|weeks?|months?|years?|hours?|times?|feet|people|cars?|bags?) ", re.I)
LAMPS, PLURAL = re.compile(r"las ", re.I), re.compile(r" [a-záéíóúñ]+s\b", re.I)  # las 2 lámparas
THERE = re.compile(r" (?:hay|había|habia|tiene) ", re.I)  # en la calle hay 4 carros
HOLIDAY = re.compile(r"(?:the )?fourth of july", re.I)
COUNTED = re.compile(r"\b(?:in|on|by|to|from|at|near|along|across|for|down|up) (?:a|the|my|our)\b", re.I)


def _is_harmless(label: str, found: str, before: str, after: str) -> bool:
    """Part of a measure and no date, 2 1/2 inches, 3/4 full; a count and no address, 3 houses in a row; no plate, but
    what is said of one: no plates on 2 cars."""
    if label == "time":
        return bool(LAMPS.match(found) and PLURAL.match(after))
    if label == "address":
        if THERE.search(found):
            return True
        return bool(WAYS.match(found) or SPELLS.match(found)) or (bool(COUNTED.search(found)) and found[0].isdigit())
    if label == "plate":
        said = SAID_OF_PLATES.fullmatch(found)
        return bool(said) and kind_of(said[1]) == "safe"
    return label == "date" and bool(
        HOLIDAY.fullmatch(found)
        or (FRACTION.fullmatch(found) and (re.search(r"\d[ -]$", before) or MEASURE.match(after)))
    )


def _is_small(found: str) -> bool:
    """Two counts beside each other, such as 10-12 or 3 x 4, are nobody's number."""
    if SIZE.fullmatch(found):
        return True
    if re.search(r"[a-z#]", found, re.I):
        return False
    digits = re.sub(r"\D", "", found)
    return (
        len(digits) < FEW and len(digits) != len(found.strip()) and not re.fullmatch(r"(\d\D{1,2}){3}\d", found.strip())
    )


def kind_of_number(found: str) -> str:
    """What a run of digits most likely is; it goes in any case."""
    digits = re.sub(r"\D", "", found)
    if re.fullmatch(r"\d{3}[- ]\d{2}[- ]\d{4}", found.strip()):
        return "ssn"
    if 13 <= len(digits) <= 19 and is_luhn(digits):
        return "card"
    return "phone" if 7 <= len(digits) <= 15 and _is_phone(found) else "number"


def _is_phone(found: str) -> bool:
    try:
        return phonenumbers.is_possible_number(phonenumbers.parse(found, "US"))
    except phonenumbers.NumberParseException:
        return False


def is_luhn(digits: str) -> bool:
    """The check digit of payment cards."""
    doubled = (int(d) * (1 + place % 2) for place, d in enumerate(reversed(digits)))
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0
