"""What is written like a name and is none, by the words around it: months, makes of cars, plants, breeds, feast days.
Only what stands in such company stays; alone, or behind a cue, it may be somebody."""

from etl.privacy.text.vocabulary import DOUBTED, Token, makes

MONTHS = set("january february march april may june july august september october november december".split())
MESES = set("abril mayo junio julio agosto".split())
# before these a month is meant: since April, the end of June
BEFORE_MONTH = set("in since last next until till early late mid every each this during en desde hasta".split())
# hardly anybody is called so: less will do
SELDOM = set("january september easter".split())
BEFORE_SELDOM = BEFORE_MONTH | set("from of by before after around at over nearly almost and through for".split())
PART_OF_MONTH = set("end start beginning middle month first half week weeks rest all most fines mes".split())
COLOURS = set(
    """white black gray grey silver blue red green brown tan gold beige yellow orange purple pink dark light maroon navy teal
    blanco negro gris rojo azul verde""".split()
)
# what is told by its colour
COLOURED = set(
    """water paint smoke sludge liquid foam mold dust powder stain light line house door wall fence dog cat bin bins barrel cart
    bag bags box bike scooter stroller chair couch sofa ice snow tarp tent cap shirt jacket""".split()
)
# makes that are names of people too: they need a colour, a vehicle or another make beside them
MAKES = set(
    """ford dodge ram lincoln mercedes harley bentley mack kia austin morgan ryder sierra dakota honda suzuki kawasaki ferrari
    vespa porsche renault peugeot maxima penske""".split()
)
VEHICLES = set(
    """pickup truck van suv sedan car coupe wagon minivan hatchback convertible trailer motorcycle cycle bike engine bus jeep
    cab moped scooter generator transit focus ranger fusion model old abandoned parked rusty rusted carro coche camión camioneta""".split()
)
# plants, animals and materials that are names too, and what makes clear that no person is meant
THINGS = set(
    "rose holly ivy laurel lily iris hazel myrtle daisy birch maple linden cherry chestnut berry olive".split()
)
THINGS |= set("swan robin fox hawk crane finch sparrow heron bass trout salmon wolf lamb beaver buck drake".split())
THINGS |= set(
    "clay stone brick copper marble flint cotton reed moss heath marsh brook lake hill wood snow frost".split()
)
OF_THINGS = set(
    """bush bushes tree trees hedge hedges nest nests pads leaves leaf roots root branch branch's branches limb limbs stump
    stumps garden gardens bed beds vine vines bark thorns berries trunk wall walls path pipe pipes tile tiles chimney den
    droppings eggs pond water bank banks ice""".split()
)
PHRASES = frozenset(
    tuple(phrase.split())
    for phrase in """city hall|town hall|fire house|green line|red line|blue line|orange line
    john deere|dodge ram|ford escape|ford explorer|ford fusion|ford transit
    burger king|home depot|harley davidson|mercedes benz|jersey barrier|jersey barriers
    german shepherd|german shepherds|jack russell|poison ivy|canada geese|canada goose|norway maple|norway maples
    bradford pear|japanese maple|christmas eve|new year's eve|martin luther king|st patrick's day|saint patrick's day
    valentine's day|valentines day|easter sunday|labor day|mother's day|father's day|good friday|jack o lantern
    peeping tom|pete's sake|penny wise|murphy's law|bobby pin|jack hammer|jack hammers|tom cat|lazy susan|mary jane
    don juan|uncle sam|dear lord|good lord|good grief|lord knows|mother nature|jack knifed|pizza hut|taco bell
    trader joe's|whole foods|dollar tree|bob cat|big dig|food bank|golden retriever|great blue heron|cherry picker
    rain water|mason jar|hail mary|bloody mary|john doe|jane doe|plain jane|amber light|may day|ash tree|ash trees
    no parking""".replace("\n", "|").split("|")
    if phrase.strip()
)
LONGEST = max(map(len, PHRASES))
FIRST_WORDS = frozenset(phrase[0] for phrase in PHRASES)


def keep(found: list[Token], in_doubt: list[int]) -> None:
    """Words in doubt that stand in such company are kept."""
    low = ["", "", *(token.low for token in found), "", ""]  # two words before the first, and behind the last
    if not FIRST_WORDS.isdisjoint(low):
        for number, token in enumerate(found):
            if token.low in FIRST_WORDS:
                _keep_phrase(found, low, number)
    for number in in_doubt:
        token = found[number]
        if token.low not in CONCERNED:
            continue
        before, word, after = low[number + 1 : number + 4]
        following = found[number + 1 : number + 2]
        is_first_name = any(other.kind == "unknown" and other.is_capital for other in following)
        if token.kind in DOUBTED and not is_first_name and any(f(low[number], before, word, after) for f in COMPANY):
            token.kind = "kept"


def _keep_phrase(found: list[Token], low: list[str], start: int) -> None:
    for length in range(2, LONGEST + 1):
        if tuple(low[start + 2 : start + 2 + length]) in PHRASES:
            for token in found[start : start + length]:
                token.kind = "kept"


def _is_month(earlier: str, before: str, word: str, after: str) -> bool:
    if word in SELDOM:
        return before in BEFORE_SELDOM
    if word not in MONTHS and word not in MESES:
        return False
    return before in BEFORE_MONTH or (before in ("of", "de") and earlier in PART_OF_MONTH)


def _is_colour(earlier: str, before: str, word: str, after: str) -> bool:
    return word in COLOURS and (after in VEHICLES or after in COLOURED or after in MAKES or after in makes())


def _is_make(earlier: str, before: str, word: str, after: str) -> bool:
    beside = (before, after)
    return word in MAKES and any(w in VEHICLES or w in COLOURS or w in makes() for w in beside)


def _is_thing(earlier: str, before: str, word: str, after: str) -> bool:
    return word in THINGS and after in OF_THINGS


CONCERNED = SELDOM | MONTHS | MESES | COLOURS | MAKES | THINGS
COMPANY = (_is_month, _is_colour, _is_make, _is_thing)
