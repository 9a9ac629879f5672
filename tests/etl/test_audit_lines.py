"""The audit in a release stands alone: who reads one line of it knows what was checked, against which attack, on what."""

import csv
import gzip

import pytest

from etl import canaries
from etl.canaries import recall
from etl.privacy.text import Gazetteer, Redacted, redact
from hub.checks import ATTACKS
from tests.town import Town, request, requests

ABOUT = ("policy_hash", "code_version", "key_version", "epoch", "previous")
WORDS = "The street light is out and the crosswalk is dark at night."
OPEN = {"text": {"A": "redacted"}}


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Town:
    town = Town.found(tmp_path_factory.mktemp("lines") / "town")
    town.receive(*requests(range(20)))
    town.run()
    town.command("erase", "--id", "3", "--publish")
    return town


def lines(town: Town) -> dict[str, dict]:
    return {line["check_name"]: line for line in town.released("select * from _privacy_audit")}


def test_each_line_says_what_it_holds_for_as_the_release_does(town):
    [release] = town.released("select * from releases")
    expected = {name: release[name] for name in ABOUT}
    assert expected == {name: town.release.manifest[name] for name in ABOUT}
    assert release["policy_hash"] == town.policy.hash and release["previous"]
    found = lines(town).values()
    assert len(found) > 30
    for line in found:
        assert {name: line[name] for name in ABOUT} == expected
        assert (line["erasures"], line["text_layers"], line["canary_recall"]) == (1, None, None)


def test_each_check_says_what_it_is_for_and_which_attack_it_answers_if_any(town):
    found = lines(town)
    assert [name for name, line in found.items() if not line["meaning"]] == []
    answered = {line["attack"] for line in found.values()} - {None}
    assert answered <= set(ATTACKS) and {1, 4, 5, 7, 8, 10, 12, 13, 16} <= answered


def test_who_downloads_it_has_it_all(town):
    with gzip.open(town.release.path / "downloads" / "_privacy_audit.csv.gz", "rt", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == len(lines(town)) and {*ABOUT, "erasures", "text_layers", "canary_recall"} <= set(rows[0])


def test_where_no_text_is_released_it_says_so_in_place_of_a_recall(town):
    assert lines(town)["canary_recall"]["value"] == "no text is released, so none was sent"


def test_where_text_is_released_canaries_were_sent_through_the_layers(tmp_path):
    town = Town.found(tmp_path, OPEN)
    town.receive(*(request(n, words=WORDS) for n in range(20)))
    town.run()
    line = lines(town)["canary_recall"]
    assert (line["value"], line["attack"], line["canary_recall"], line["n"]) == ("220 of 220", 13, 1.0, 220)
    assert line["text_layers"].startswith("L0, L1, L2, L3")
    assert town.command("audit", "--gate").code == 0


def test_layers_that_let_a_canary_through_stop_the_release(tmp_path, monkeypatch):
    def leaky(texts, places):
        """Masks what it should, but for one text."""
        texts = list(texts)
        return [Redacted(texts[0], "", ()), *redact(texts[1:], places)]

    monkeypatch.setattr(canaries, "redact", leaky)
    town = Town.found(tmp_path, OPEN)
    town.receive(*(request(n, words=WORDS) for n in range(20)))
    refused = town.command("run")
    assert (refused.code, "canary_recall is 219 of 220" in refused.err, town.release) == (6, True, None)


def test_canaries_are_hidden_without_name_recognition_too_and_where_streets_bear_their_names(monkeypatch):
    streets = Gazetteer.of([f"{name} Street" for name in canaries.LAST[:-1]])
    assert recall(streets).share == 1.0
    monkeypatch.setattr(canaries, "redact", lambda texts, places: redact(texts, places, ("L0", "L1", "L2", "L3", "L5")))
    assert recall(streets).share == 1.0


@pytest.mark.parametrize("open_", ["Kowalczyk", "aldric", "4567"])
def test_a_canary_of_which_a_part_is_shown_is_not_hidden(open_):
    assert not canaries.is_hidden(f"{open_} Nobody", f"It was {open_.upper()} who said so.")
    assert canaries.is_hidden("12:34 pm", "It was at [time], pm as ever.")
