"""Houses, hours, days, plates and names that only the words around them tell; and what looks like them and is a count."""

import pytest

from etl.privacy.text import houses
from etl.privacy.text.lexicon import Gazetteer
from etl.privacy.text.others import find
from etl.privacy.text.redact import redact

FAST = ("L0", "L1", "L2", "L3", "L5", "L6")
TOWN = Gazetteer.of(["Elm Street", "Main Street", "Oak Avenue"])
# text: what of it must not be told
TOLD = {
    "Pothole at 45 Main near the school entrance": "45 Main",
    "It is at 212 Main across from the park": "212 Main",
    "The pothole is at 12 Elm by the park": "12 Elm",
    "Elm Street 12 has a fallen tree in the yard": " 12",
    "Elm Street house twelve has a leak": "twelve",
    "The house on Elm, number 12, has trash": "12",
    "tree fell at one twenty three Elm on the wires": "twenty three Elm",
    "The light in front of no 12 elm is out": "12 elm",
    "la luz frente a la casa numero 12 de la calle Elm": "12",
    "El hoyo esta en Elm numero 12 cerca del parque": "12",
    "hay un hoyo en la calle Elm doce": "doce",
    "vivo en la calle roble numero doce y la luz no funciona": "doce",
    "frente al 12 de Elm hay basura": "12",
    "text 617, then 555, then 01, then 00 for access": "555",
    "the digits of my phone are 555 and 010": "555",
    "came at six thirty and left": "six thirty",
    "the truck came at 6": "6",
    "camion llega at 19h": "19h",
    "saw it on the fourth": "fourth",
    "saw it 5-Mar": "5-Mar",
    "el dia cinco no pasaron": "cinco",
    "placas ABC uno dos tres bloquea": "uno dos tres",
    "vanity plate says BIG BOY on the truck": "BIG BOY",
    "ssn ending in 678 on the paper": "678",
    "mi vecina rosa tira la basura en la calle": "rosa",
    "mi vecino angel deja el perro suelto": "angel",
    "mi vecina luz tira la basura": "luz",
    "el vecino cruz no recoge": "cruz",
    "mi hijo angel se cayo en el hoyo": "angel",
    "me llaman paz y vivo aqui": "paz",
    "soy luz y la calle esta rota": "luz",
    "my neighbor angel throws trash on the street": "angel",
    "my neighbor hope has a big dog": "hope",
    "my landlord hunter will not fix it": "hunter",
    "caller hope said the light is out": "hope",
    "caller faith said the light is out": "faith",
    "resident angel wants a new bin": "angel",
    "resident hope said it is fixed": "hope",
    "ask angel in the store": "angel",
    "N G U Y E N parks on the sidewalk": "N G U",
}
COUNTS = """
Main Street 2 days ago was closed
there are 3 cars at the corner
12 elm trees need pruning
number one issue is trash
no 2 bins were emptied
at two corners the light is out
came by on the third floor
the fourth time this month
on the second day
route 9 bus is late
about 6 inches deep
around 10 bags of trash
by 3 workers in the truck
before 2 weeks passed
until one of them is fixed
first and second lights are out
one and two bins missing
2 and 3 feet deep holes
neighbor will not move the car
the owner may call you
ask for help
tell them to stop
told us to wait
house next to the park
in front of house with 2 dogs
casa con 3 perros
hay 3 hoyos en la calle
en la calle hay 4 carros abandonados
las 2 lamparas de la calle
the light at the corner of Elm Street is out 3 nights in a row
plate was not visible
at one point it was fixed
at one time it worked
5 of the lights are out
a 10 foot hole on Main Street
bus 39 stop sign down
"""


@pytest.mark.parametrize("text", TOLD)
def test_what_the_words_around_it_tell_is_masked(text):
    told = redact([text], TOWN, FAST)[0].text
    assert told is None or TOLD[text] not in told


@pytest.mark.parametrize("text", COUNTS.strip().split("\n"))
def test_a_count_of_things_stays(text):
    assert redact([text], TOWN, FAST)[0].text == text


def test_without_that_houses_would_be_told(monkeypatch):
    monkeypatch.setattr(houses, "may_have", lambda text, low: False)
    text = "Pothole at 45 Main near the school entrance"
    assert redact([text], TOWN, ("L0", "L1", "L2", "L3"))[0].text == text
    assert redact([text], TOWN, FAST)[0].text is None  # the last look has rules of its own


@pytest.mark.parametrize(
    "story",
    [
        "We lived at 45 Main for ten years.",
        "The house was Elm Street 12 then.",
        "My neighbor angel helped us.",
        "mi vecina rosa nos ayudaba",
        "N G U Y E N bakery was there",
        "call me at 617, then 555, then 01, then 00",
        "Write to joe at gmail about it.",
    ],
)
def test_a_story_that_tells_so_waits_for_a_person(story):
    assert find([story], is_prose=True)[0]


def test_years_side_by_side_are_no_telephone_number():
    assert find(["It stood there from 1971 and 1975 on, and then until 1980."], is_prose=True) == [[]]
