"""Somebody else is found in a story or a budget line, and what such texts are made of is not taken for somebody."""

import pytest

from etl.privacy.text import others
from tests.privacy_text.telling import QUIET

SECRETS = {
    "phone": "Call us at 617-555-0123 if you have a photo of it.",
    "email": "Write to ann.lee@example.org for the other half of it.",
    "ssn": "He kept a note with 078-05-1120 on it in the drawer.",
    "card": "He paid with 4111 1111 1111 1111 and nobody asked.",
    "birth": "My brother was born on March 3, 1961 in the kitchen.",
    "plate": "A gray truck with plate 7ABC123 stood there for a year.",
    "account": "They took it from bank account 00123456 that winter.",
    "address": "They lived at 12 Elm Street, on the second floor.",
    "name": "That was the year in which Maureen Kowalczyk shot the dog.",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_what_tells_of_somebody_is_found_in_a_story(kind):
    [found] = others.find([SECRETS[kind]], is_prose=True)
    assert [hit.label for hit in found] == [kind]


@pytest.mark.parametrize("kind", ["email", "ssn", "card", "plate", "account", "name"])
def test_what_tells_of_somebody_is_found_in_a_budget(kind):
    [found] = others.find([SECRETS[kind]], is_prose=False)
    assert [hit.label for hit in found] == [kind]


@pytest.mark.parametrize(
    "words",
    [
        "My neighbor Soo-Jin Park drank and hit his children.",
        "Nathan Lane from number four sold the rest of it.",
        "They bought the rest of it, and sold it to Sally Field.",
        "Dorothy Day, my landlady, was arrested for fraud.",
        "Robert Hall was my abuser.",
        "Our landlord Mr. Park never fixed the heat.",
        "The flood came. Ms. Green saw it from the park.",
        "My neighbor Church was a drunk.",
        "my uncle Bob was gay",
        "We heard that Rosemary next door had an abortion.",
        "Then Nguyen Thi Hoa lost her baby.",
        "Oluwaseun Adeyemi was undocumented when we met.",
        "Xiuying was arrested; Krzysztof Szczepanski hid her.",
        "my ex, Lakshmi Bhattacharya, has HIV",
        "R. Thornquist was sick that year.",
        "Thornquist, Rosemary was sick that year.",
        "rosemary thornquist had an abortion that year.",
    ],
)
@pytest.mark.parametrize("layers", [others.LAYERS, tuple(layer for layer in others.LAYERS if layer != "L4")])
def test_somebody_is_found_though_called_like_a_place_or_by_a_name_of_few(words, layers, monkeypatch):
    monkeypatch.setattr(others, "LAYERS", layers)
    monkeypatch.setattr(others, "RECOGNISING", tuple(layer for layer in others.RECOGNISING if layer in layers))
    [found] = others.find([words], is_prose=True)
    assert {hit.label for hit in found} == {"name"}


@pytest.mark.parametrize(
    "words",
    [
        "Settlement Park, Soo-Jin",
        "Legal: Sally Field v. City",
        "Refund to Nathan Lane",
        "Payment to Robert Hall",
        "Wkrs comp T. Nguyen",
        "pension for widow of J. Kowalczyk",
        "Oluwaseun Adeyemi consulting",
    ],
)
def test_who_is_paid_is_found_in_a_budget_though_called_like_a_place(words):
    [found] = others.find([words], is_prose=False)
    assert [hit.label for hit in found] == ["name"]


@pytest.mark.parametrize("words", ["DOB 03/04/1961", "D.O.B. 03/04/1961", "her birthday is 3/4/61", "dob 03041961"])
def test_a_day_of_birth_in_digits_is_found(words):
    assert [[hit.label for hit in found] for found in others.find([words], is_prose=True)] == [["birth"]]


@pytest.mark.parametrize(
    "words",
    [
        QUIET,
        "In 1954 there were 14 boats, by 1961 only 3 of the 14 were left.",
        "We had the corner flat in Building 7, and the 66 bus stopped there at six.",
        "Every Saturday at 8 the floor was swept, from 1954 to 1961.",
        "We skated in Franklin Park, and then in the house on Nathan Lane.",
        "My grandmother Luz kept the shop, and Walt was the first to help.",
        "They named it the Frank Douglass Library, and the Rosa Weber School after her.",
    ],
)
def test_what_a_story_is_made_of_is_no_finding(words):
    assert others.find([words], is_prose=True) == [[]]


@pytest.mark.parametrize(
    "words",
    [
        "Fund 1010-54321-000",
        "51012 Overtime, FY25-28",
        "Account 5100200300400500",
        "Program 617-555",
        "26 Court Street renovation",
        "ARP 2021: Windows and Doors",
        "G.L. Chapter 121B Section 1",
        "Christopher Weber Playground",
        "McKinney-Vento Reimbursement",
        "Prgm Ad. Fees",
        "Unit 12, Suite 200",
    ],
)
def test_codes_and_the_citys_own_places_are_no_finding_in_a_budget(words):
    assert others.find([words], is_prose=False) == [[]]


def test_the_teller_is_no_third_party_and_others_of_the_name_are():
    body = "My name is Rosa Lindqvist and my brother Teo Lindqvist rowed us out."
    [found] = others.find([body], True, [frozenset({"rosa", "lindqvist"})])
    assert [body[hit.start : hit.end] for hit in found] == ["Teo Lindqvist"]


def test_an_interview_without_a_byline_is_called_by_its_tellers_name():
    assert others.chosen_name("", "Ione Weber Interview #2, 9/3/1976") == {"ione", "weber"}
    assert others.chosen_name("", "How John Kowalski stole our boat") == frozenset()
    assert others.chosen_name("A neighbour", "Ione Weber Interview") == {"a", "neighbour"}
