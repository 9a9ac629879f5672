"""Each layer finds what the others miss: with all of them a text is safe to show, without one of them it is not."""

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from etl.privacy.text import LAYERS, Gazetteer, available, redact
from etl.privacy.text.canary import telling, tells
from etl.privacy.text.spans import MASKS

WITHOUT_NAMES = tuple(layer for layer in LAYERS if layer != "L4")
LONG = "The pothole is deep and the cars drive around it. " * 6
# layer: a text, and what of it nobody may read
NEEDED = {
    "L0": (
        "The crew talked to us about the leak near the school, M\u200ba\u200bry was there and saw it all.",
        "M\u200ba",
    ),
    "L1": (
        "Please write to ann dot lee at example dot org about the water leak in our street.",
        "example dot",
    ),
    "L2": ("Big hole in the street near the park and the school, my name is rose and I drive here.", "rose"),
    "L3": ("The big hole in the street is in front of kowalczyk next to the school and the park.", "kowalczyk"),
    "L4": ("we saw how rose put the trash on the sidewalk next to our house", "rose"),
    "L5": (LONG, "pothole"),
    "L6": (
        "Crew filled the hole and cleaned the sidewalk and the street in front of the school. Thanks, Ocean",
        "Ocean",
    ),
}


@pytest.mark.parametrize("layer", NEEDED)
def test_without_a_layer_something_would_be_told(layer):
    text, secret = NEEDED[layer]
    if layer == "L4" and layer not in available():
        pytest.skip("the extra ner is not installed")
    every = set(available()) if layer == "L4" else set(WITHOUT_NAMES)
    [safe], [told] = redact([text], layers=every), redact([text], layers=every - {layer})
    assert safe.text is None or secret not in safe.text
    assert told.text is not None and secret in told.text


def shown(text: str, places: Gazetteer | None = None) -> str | None:
    return redact([text], places or Gazetteer(), WITHOUT_NAMES)[0].text


AROUND = "The crew came by and looked at the broken sidewalk in front of the school: {} and that is all we know."
FORMS = {
    "617-555-0123": "[phone]",
    "(617) 555 0123": "[phone]",
    "6 1 7 5 5 5 0 1 2 3": "[phone]",
    "6I7-555-OI23": "[phone]",
    "ann.lee@example.org": "[email]",
    "ann dot lee at example dot org": "[email]",
    "ann.lee @ example . org": "[email]",
    "078-05-1120": "[ssn]",
    "4111 1111 1111 1111": "[card]",
    "https://example.org/me": "[url]",
    "@annlee77": "[handle]",
    "192.168.10.12": "[ip]",
    "1HGCM82633A004352": "[vin]",
    "12 Elm Street Apt 4": "[address]",
    "1450 North Harbor Blvd": "[address]",
    "Calle Ocho 1450": "[address]",
    "plate 7ABC123": "[plate]",
    "March 3, 1961": "[date]",
    "3 de mayo de 1961": "[date]",
    "04/12/1961": "[date]",
    "7:45 pm": "[time]",
    "half past two": "[time]",
    "seis uno siete cinco cinco cinco": "[number]",
    "account 12345": "[number]",
    "1234": "[number]",
    "plate 7 A B C 1 2 3": "[plate]",
    "plate seven four two a b c": "[plate]",
    "placa siete a b c uno dos tres": "[plate]",
    "apartment four B on Pine Street": "[address]",
    "apt twelve c": "[address]",
    "room 12": "[address]",
    "Ⅻ Elm Street": "[address]",
    "XIV Harbor Ave": "[address]",
    "the fifth of may nineteen eighty two": "[date]",
    "May fifth, 1982": "[date]",
    "el cinco de mayo de mil novecientos ochenta y dos": "[date]",
    "we spoke with Will Park": "[name]",
}
# the same forms where they tell nothing
PLAIN = (
    "The one way street sign is down and cars come from the other side.",
    "The license plate is on the car and the tags are new.",
    "There is room for one more bench in this unit of the park.",
    "Fireworks every night since the Fourth of July.",
    "It may first need a permit, the second half of the wall is fine.",
    "Two or three or four bags were left, twenty five bins are full.",
    "The foot bridge refund took three weeks and they sat idle 2 hours.",
    "Se ve dos mil veces al día, el piso está roto.",
)


@pytest.mark.parametrize("value", FORMS)
def test_what_has_a_form_is_named_by_its_kind_and_gone(value):
    told = shown(AROUND.format(value))
    assert told is not None and FORMS[value] in told
    assert not any(part in told for part in value.split() if any(c.isdigit() for c in part))
    assert not tells(told)


@pytest.mark.parametrize("harmless", PLAIN)
def test_what_looks_like_a_form_and_is_none_stays(harmless):
    assert shown(harmless) == harmless


@pytest.mark.parametrize(
    "text",
    [
        "plate 7 A B C 1 2 3",
        "license plate is seven four two a b c",
        "a van, 7ABC123",
        "apartment four B",
        "Ⅻ Elm Street",
        "Twelve Elm Street",
        "in nineteen eighty two",
        "six one seven five five",
        "Ｃall 6175",
    ],
)
def test_the_last_look_knows_what_is_spelled(text):
    assert tells(text) and not tells("One way street, two bags on Elm Street, plates on the car, IV bags.")


@given(st.lists(st.text("ab1 2@:oneX", max_size=12), max_size=6))
@settings(max_examples=150, deadline=None)
def test_texts_that_are_looked_at_together_are_seen_as_each_alone(texts):
    assert telling(texts) == {number for number, text in enumerate(texts) if tells(text)}


@pytest.mark.parametrize(
    "surname", "Green Park Wood Hill Lake Snow Storm House Post Strong Lane Bush Luz Calle".split()
)
@pytest.mark.parametrize("layers", [None, WITHOUT_NAMES], ids=["all", "without names recognised"])
@pytest.mark.parametrize(
    "text",
    [
        "{} called about the light.",
        "Light is out. {} called about it.",
        "Hole filled. Crew spoke with {} about the tree.",
        "The tree is down, contact {}.",
    ],
)
def test_behind_a_title_stands_a_name_though_it_is_a_word_too(text, surname, layers):
    for said in (f"Ms. {surname}", f"Mrs {surname}", f"ms {surname.lower()}", f"Sra. {surname}", f"Rev. {surname}"):
        [told] = redact([text.format(said)], layers=layers)
        assert surname.lower() not in (told.text or "").lower().replace(".", " ").split()


@pytest.mark.parametrize(
    "harmless",
    [
        "Two bags of trash and 3 barrels were left on the curb for 10 days.",
        "Street light is out on the 2nd pole from the corner.",
        "Se fue la luz del poste y los niños tienen miedo de caminar por la calle.",
        "Crew visited the site, work completed.",
        "Please do not miss the hole by the Sr. center, trash and bags at the curb.",
    ],
)
def test_what_tells_of_nobody_stays_as_it_is(harmless):
    assert shown(harmless) == harmless


def test_the_citys_own_places_and_numbers_stay_and_its_addresses_go():
    places = Gazetteer.of(["Kowalski Street", "Zuñiga Park"], allowed=("617-635-4500", "https://www.example.gov/help"))
    kept = "The crew will be at Kowalski St near Zuñiga Park, questions to 617.635.4500 or example.gov/help, thank you all."
    assert shown(kept, places) == kept
    gone = "The crew will be in front of 12 Kowalski Street to look at the hole and to talk to Kowalski about it again."
    assert shown(gone, places).count("Kowalski") == 0


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("La rue est pleine de neige et les voitures ne passent pas", "not in English or Spanish"),
        ("Na ulicy jest wielka dziura i nie można przejechać", "not in English or Spanish"),
        ("路上有一个大坑", "not in English or Spanish"),
        ("John Smith 617-555-0123", "more than 40 % masked"),
        (LONG, "longer than 280 characters"),
    ],
)
def test_in_doubt_nothing_is_shown_and_it_is_said_why(text, reason):
    [told] = redact([text], layers=WITHOUT_NAMES)
    assert (told.text, told.reason) == (None, reason)


def test_the_space_behind_a_mask_stays():
    assert (
        shown("The broken sidewalk was done at 07:05 as agreed.") == "The broken sidewalk was done at [time] as agreed."
    )


def test_a_mask_has_one_length_whatever_it_hides():
    names = ("Al", "Bartholomew", "Maximiliana")
    told = {shown(f"The crew talked to {name} about the broken sidewalk in front of the school.") for name in names}
    assert told == {"The crew talked to [name] about the broken sidewalk in front of the school."}


@given(st.lists(st.text(max_size=80), max_size=5))
@example(["0@¿", "@0"])
@settings(max_examples=150, deadline=None)
def test_any_text_is_answered_with_spans_inside_it_and_the_answer_is_safe_again(texts):
    for text, told in zip(texts, redact(texts, layers=WITHOUT_NAMES), strict=True):
        assert all(0 <= span.start < span.end <= len(text) and span.label in MASKS for span in told.spans)
        assert told.text is None or not tells(told.text)
