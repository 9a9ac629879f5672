"""A corpus of made-up reports and notes in which every planted name, number and address is known by its place.

    for example in corpus("test", 2000, seed=7): ...

Two halves that share neither sentences nor locales: 'tune' was looked at while the layers were made; of 'test' only what
a change had made worse, and its names were kept out of the word lists: it tells of changes, not of unknown names."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from faker import Faker
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from etl.privacy.text.score import Example

LOCALES = {  # half -> language -> where its names come from
    "tune": {"en": ("en_US", "en_GB", "pl_PL"), "es": ("es_MX",)},
    "test": {"en": ("en_US", "en_CA", "en_IN", "en_NG", "vi_VN", "pt_BR", "it_IT"), "es": ("es_ES", "es_CO", "es_AR")},
}
STREETS = "Maple Oak Harbor Juniper Linden Prospect Beacon Granite Orchard Canal".split()
ENDS = "Street St Ave Avenue Road Rd Drive Lane Blvd Court".split()

SENTENCES = {
    ("tune", "en"): (
        "My name is {name} and the street light by the school is out.",
        "Big pothole by the crosswalk, call {first} at {phone} if you cannot find it.",
        "The neighbor, {name}, keeps putting trash on the sidewalk in front of our building.",
        "Please write to {email} when the hydrant is fixed, the leak is getting worse every day.",
        "There is a gray van without a sticker near the park, plate {plate}, it has not moved for weeks.",
        "Spoke with {name} about the missed recycling, the crew will come back next week to pick it up.",
        "Dear {first}, the crew filled the hole and cleaned the area.",
        "Rats around the bins behind {address}, it has been going on for a month and nobody came.",
        "The card I paid the parking ticket with was {card}, please refund it because the meter was broken.",
        "Inspector {last} closed the case, the graffiti on the underpass was removed and the wall was painted.",
        "Trash was not picked up again and all bags are still on the curb.",
        "The signal at the corner is stuck on red for the side street.",
        "Sidewalk is broken, a wheelchair cannot get past the ramp.",
        "It happened at {time} when I was walking my dog near the library.",
    ),
    ("tune", "es"): (
        "Me llamo {name} y el farol de la esquina no enciende desde hace una semana.",
        "Hay un bache grande en la calle, llamen al {phone} si no lo encuentran.",
        "La señora {last} deja basura en la acera todos los días y huele muy mal.",
        "No recogieron la basura en todo el barrio y hay ratas cerca de la escuela.",
        "Estimado {name}, el equipo reparó la fuga de agua y limpió la calle.",
    ),
    ("test", "en"): (
        "Hi, I'm {name}, the storm drain at the end of our block is clogged and water stands there for days.",
        "Could somebody ring {first} {last} on {phone} before the crew comes to trim the tree over the driveway?",
        "Talked to {name} on site, she showed the inspector the broken railing and the loose steps.",
        "A man called {first} dumps construction debris in the alley behind the grocery store every weekend.",
        "Left voicemail for {last} family, no answer; the abandoned car was tagged and will be towed.",
        "The owner is {name} and he lives at {address}, the fence fell on the sidewalk after the storm.",
        "Mattress and two chairs in front of {address} since last weekend, nobody picks them up.",
        "Traffic light out, reach me under {email} for a photo of the damaged pole and the wires.",
        "Silver pickup with tag {plate} blocks the fire hydrant on our street every single night.",
        "My social is {ssn}, I was told to give it for the senior discount on the trash bill, is that right?",
        "Per {first}, the playground swing was replaced and the area is open to children again.",
        "Charged twice for the permit, card number {card}, please send the money back to me.",
        "Noise from the construction site began at {time} again and shook the whole building for two hours.",
        "Resident {name} called back and said that the sewer smell is gone since the pipe was flushed.",
        "Account {account} was billed for a second barrel that was never delivered to our house.",
        "Thanks for fixing the bench so quickly, the whole neighborhood is happy about it. {first}",
        "Born {date}, I am too old to carry the heavy bins down the stairs, please help me with pickup.",
        "Somebody from {url} posted pictures of the flooded underpass and of my car.",
        "Deep hole in the bike lane right after the bridge, two cyclists fell there this month.",
        "The water fountain near the tennis courts does not work and the ground around it is all mud.",
        "Crew inspected the location and found no sign of a leak, the pressure is back to normal.",
        "Please send someone to look at the leaning tree before it falls on the power lines.",
        "Recycling was skipped for the third week in a row although the bin was out before sunrise.",
        "Snow plow pushed a wall of ice across the ramp, parents with strollers have to walk in the road.",
        "Overgrown weeds cover half of the path along the river and hide the steps.",
        "Street sign at the intersection is bent and points in the wrong direction, drivers get confused.",
    ),
    ("test", "es"): (
        "Soy {name}, hay un árbol caído sobre la acera y los niños no pueden pasar para ir a la escuela.",
        "Hablé con {name} de la oficina y me dijo que el camión de la basura viene la próxima semana.",
        "El semáforo de la avenida está dañado, mi correo es {email} y quiero saber cuándo lo van a reparar.",
        "Mi vecino {first} pone música muy alta toda la noche y los niños no pueden dormir.",
        "Por favor comuníquense al {phone}, hay una fuga de agua muy grande frente a mi casa.",
        "Las luces del parque están apagadas y la gente tiene miedo de caminar por ahí en la noche.",
        "Hay mucha basura y muebles viejos en el callejón, por favor manden un camión para recogerlos.",
    ),
}
OTHERS = {  # languages that no word list of ours covers
    "fr": "Il y a un grand trou dans la rue et les voitures ne peuvent pas passer, appelez {name}.",
    "pt": "Tem muito lixo na calçada da minha rua e ninguém recolhe, fale com {name} por favor.",
    "de": "Die Straße ist voller Müll und niemand räumt ihn weg, bitte rufen Sie {name} an.",
    "ht": "Gen yon gwo twou nan lari a epi machin yo pa ka pase, tanpri rele {name}.",
    "vi": "Có một ổ gà rất lớn trên đường và xe không qua được, xin gọi cho {name}.",
    "it": "La strada è piena di buche e nessuno viene a ripararla, chiamate {name} per favore.",
    "tl": "May malaking butas sa kalsada at hindi makadaan ang mga sasakyan, tawagan si {name}.",
    "pl": "Na ulicy jest wielka dziura i samochody nie mogą przejechać, proszę zadzwonić do {name}.",
    "ru": "На дороге большая яма, машины не могут проехать, позвоните {name}.",
    "zh": "路上有一个大坑，车过不去，请联系{name}。",
}
DIGITS = "zero one two three four five six seven eight nine".split()
CIFRAS = "cero uno dos tres cuatro cinco seis siete ocho nueve".split()
ALIKE = str.maketrans("aeopcxyiABEHKMOPTX", "аеорсхуіАВЕНКМОРТХ")


@dataclass(frozen=True, slots=True)
class Maker:
    """What is planted, of one language; `fakers` by locale."""

    random: Random
    lang: str
    fakers: tuple[Faker, ...]

    def value(self, label: str) -> tuple[str, tuple[str, ...]]:
        """What is planted, and for a name its strata: how frequent it is in the Census, and where it comes from."""
        fake = self.random.choice(self.fakers)
        value = {**NAMED, **NUMBERED}[label](self, fake)
        return value, (_frequency(value), fake.locales[0]) if label in NAMED else ()


RANKS = {
    name: rank for kind in ("female_names", "male_names", "surnames") for rank, name in enumerate(FREQUENCY_LISTS[kind])
}
COMMON = 1_000  # rank up to which a name is common


def _frequency(name: str) -> str:
    """The stratum of a name, by the last of its parts that the Census lists."""
    ranks = [RANKS[part] for part in name.lower().split() if part in RANKS]
    return "unlisted" if not ranks else "common" if ranks[-1] < COMMON else "rare"


def _plate(maker: Maker, fake: Faker) -> str:
    return maker.random.choice((fake.bothify("???-####"), fake.bothify("#???###"), fake.bothify("??? ###"))).upper()


def _address(maker: Maker, fake: Faker) -> str:
    pick = maker.random
    unit = pick.choice(("", "", f" Apt {pick.randint(1, 40)}", f", unit {pick.choice('ABC')}"))
    return f"{pick.randint(1, 9999)} {pick.choice(STREETS)} {pick.choice(ENDS)}{unit}"


def _phone(maker: Maker, fake: Faker) -> str:
    digits = f"{maker.random.randint(201, 989)}{maker.random.randint(200, 999)}{maker.random.randint(0, 9999):04}"
    form = maker.random.choice(("{}-{}-{}", "({}) {}-{}", "{}.{}.{}", "{} {} {}", "{}{}{}", "+1 {} {} {}"))
    return form.format(digits[:3], digits[3:6], digits[6:])


NAMED: dict[str, Callable[[Maker, Faker], str]] = {
    "first": lambda maker, fake: fake.first_name(),
    "last": lambda maker, fake: fake.last_name(),
    "name": lambda maker, fake: f"{fake.first_name()} {fake.last_name()}",
}
NUMBERED: dict[str, Callable[[Maker, Faker], str]] = {
    "phone": _phone,
    "email": lambda maker, fake: Faker("en_US").email() if not fake.email().isascii() else fake.email(),
    "plate": _plate,
    "address": _address,
    "card": lambda maker, fake: fake.credit_card_number(),
    "ssn": lambda maker, fake: fake.bothify("###-##-####"),
    "time": lambda maker, fake: maker.random.choice(("7:45 pm", "6 am", "11:20", "3:05 PM", "9 o'clock")),
    "account": lambda maker, fake: fake.bothify("??-######").upper(),
    "date": lambda maker, fake: maker.random.choice(("04/12/1951", "March 3, 1948", "1949-07-21", "5 June 1950")),
    "url": lambda maker, fake: f"www.{fake.bothify('????????').lower()}.com/{fake.bothify('####')}",
}


# Noise: what thumbs, scanners and the careful make of a value; and of a whole text


def _spelled(value: str, maker: Maker) -> str:
    words = CIFRAS if maker.lang == "es" else DIGITS
    return " ".join(words[int(c)] for c in value if c.isdigit())


def _lower(value: str, maker: Maker) -> str:
    return value.lower()


def _upper(value: str, maker: Maker) -> str:
    return value.upper()


def _alike(value: str, maker: Maker) -> str:
    return value.translate(ALIKE)


def _wide(value: str, maker: Maker) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if c.isalnum() and c.isascii() else c for c in value)


def _hidden(value: str, maker: Maker) -> str:
    return "\u200b".join(value)


def _spaced(value: str, maker: Maker) -> str:
    return re.sub(r"(?<=\d)(?=\d)|(?=[@.])|(?<=[@.])", " ", value)


def _scanned(value: str, maker: Maker) -> str:
    return value.replace("0", "O").replace("1", "l")


def _same(value: str, maker: Maker) -> str:
    return value


NOISE = {
    "first": (_lower, _upper, _alike, _hidden),
    "last": (_lower, _upper, _alike, _hidden),
    "name": (_lower, _upper, _alike, _hidden, _wide),
    "phone": (_spelled, _spaced, _wide, _hidden, _scanned),
    "ssn": (_spelled, _spaced, _wide, _hidden, _scanned),
    "card": (_spaced, _wide, _hidden),
    "email": (_spaced, _upper, _wide, _hidden),
    "plate": (_lower, _hidden),
    "address": (_lower, _upper, _hidden),
    "account": (_lower, _hidden),
}


def corpus(half: str, count: int, seed: int, noisy: float = 0.3, foreign: float = 0.05) -> list[Example]:
    """`count` examples; `noisy` of the values are written as thumbs or scanners would."""
    return list(_examples(half, count, Random(seed), noisy, foreign))


def _examples(half: str, count: int, random: Random, noisy: float, foreign: float) -> Iterator[Example]:
    makers = {lang: Maker(random, lang, _fakers(names, random)) for lang, names in LOCALES[half].items()}
    for _ in range(count):
        if random.random() < foreign:
            lang = random.choice([*OTHERS])
            yield planted(OTHERS[lang], makers["en"], 0, lang)
        else:
            lang = random.choice(("en", "en", "en", "es"))
            yield planted(random.choice(SENTENCES[half, lang]), makers[lang], noisy, lang)


def _fakers(locales: tuple[str, ...], random: Random) -> tuple[Faker, ...]:
    made = tuple(Faker(locale) for locale in locales)
    for fake in made:
        fake.seed_instance(random.randrange(1 << 30))
    return made


def planted(sentence: str, maker: Maker, noisy: float, lang: str) -> Example:
    """The sentence with values in its braces, and where they stand."""
    text, spans, strata = "", [], []
    for number, part in enumerate(re.split(r"\{(\w+)\}", sentence)):
        if number % 2:
            value, groups = maker.value(part)
            change = maker.random.choice(NOISE.get(part, (_same,))) if maker.random.random() < noisy else _same
            part, label = change(value, maker), part
            spans.append((len(text), len(text) + len(part), label))
            strata.append(groups)
        text += part
    return Example(text, tuple(spans), lang, tuple(strata))
