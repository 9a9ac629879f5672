"""What tells of nobody stays readable, and what looks like it but names somebody does not: both sides of each rule."""

from functools import cache
from pathlib import Path

import pytest

from etl.privacy.text import available, redact, vocabulary
from tests.privacy_text.corpus import SENTENCES

FAST = tuple(layer for layer in available() if layer != "L4")
SETS = {"without name recognition": FAST, "with name recognition": available()}
NEEDS_NER = pytest.mark.skipif("L4" not in available(), reason="the extra ner is not installed")
MOST_HIT = 0.05  # of the sentences, withheld ones among them


@cache
def harmless() -> dict[str, list[str]]:
    """The sentences by their language."""
    lang, found = "", {"en": [], "es": []}
    for line in Path(__file__).with_name("harmless.txt").read_text("utf-8").splitlines()[1:]:
        if line.startswith("# "):
            lang = line[2:4]
        else:
            found[lang].append(line)
    return found


def hit(sentences: list[str], layers: tuple[str, ...]) -> list[str]:
    told = redact(sentences, layers=layers)
    return [text for text, each in zip(sentences, told, strict=True) if each.text != text]


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("lang", ["en", "es"])
def test_of_sentences_that_tell_of_nobody_hardly_one_in_twenty_loses_a_word(lang, name):
    sentences = harmless()[lang]
    assert len(sentences) >= 100
    lost = hit(sentences, SETS[name])
    assert len(lost) <= MOST_HIT * len(sentences), lost


@pytest.mark.parametrize("name", SETS)
def test_the_clean_sentences_of_the_made_up_corpus_stay_as_they_are(name):
    clean = [text for texts in SENTENCES.values() for text in texts if "{" not in text]
    assert hit(clean, SETS[name]) == []


# what stays, and the same word where it is somebody
COMPANY = {
    "April": ("Nobody has swept here since April.", "I talked to April about the missed recycling on our street."),
    "May": ("The hole opened up in May and has grown.", "Please call May when the crew is on the way to our block."),
    "June": ("It was to be done by the end of June.", "Left a message for June, the bin will be replaced this week."),
    "Ford": ("White Ford pickup parked on the sidewalk.", "We met with Ford on site to look at the broken stairs."),
    "Mercedes": ("Black Mercedes van in the bus lane.", "The owner is Mercedes and the fence fell on the sidewalk."),
    "Rose": ("Rose bushes stick out of the fence.", "The crew spoke with Rose about the trash on the sidewalk."),
    "Park": ("Grass in the park is not cut.", "The Park family next door leaves trash on the sidewalk."),
    "mark": ("They left a mark on the wall.", "Big hole, call mark at 617-555-0123 if you cannot find it."),
    "Smith": ("Thanks for coming so quick.", "The Smiths next door leave their bins on the sidewalk."),
    "MARY": ("PLEASE FIX THE STREET LIGHT", "The foreman met with MARY on the broken sidewalk by the school."),
    "10-12": ("There are 10-12 bags and a 2x4 by the curb.", "Big hole in the road, call 1 0 1 2 5 5 5 to find it."),
    "Comfort": ("There is no comfort in a cold bus shelter.", "Hi, I'm Comfort Obi, the storm drain is clogged."),
    "Peace": ("We want some peace and quiet.", "The crew called Peace about the trash on the sidewalk."),
    "BUSH": ("The bush covers the stop sign.", "Inspector BUSH closed the case and the wall was painted."),
    "Row": ("Drivers honk at 3 houses in a row.", "The leak is in front of 3 Garden Row and nobody came."),
}


@pytest.mark.parametrize("word", COMPANY)
def test_a_word_stays_in_harmless_company_and_goes_where_it_is_somebodys(word):
    stays, goes = COMPANY[word]
    [kept], [masked] = redact([stays], layers=FAST), redact([goes], layers=FAST)
    assert kept.text == stays
    assert masked.text is not None and word not in masked.text.split() and "[" in masked.text


# words that no list holds, made of words that one does
MADE = {
    "derived": "The crew was there and the weeds got retrimmed.",
    "compound": "The door by the busstop has a loose footplate.",
    "misspelt": "The gutter smells awfull when it rains.",
}


@pytest.mark.parametrize("how", MADE)
def test_a_word_made_of_known_words_stays_unless_it_is_written_as_a_name(how, monkeypatch):
    assert hit([MADE[how]], FAST) == []
    for name in ("Footplate", "Retrimmed"):
        [told] = redact([f"We met the tenant {name} by the broken bench and the fence."], layers=FAST)
        assert name not in told.text
    monkeypatch.setattr(vocabulary, "is_made", lambda word, known: False)
    vocabulary.kind_of.cache_clear()
    try:
        assert hit([MADE[how]], FAST) == [MADE[how]]
    finally:
        vocabulary.kind_of.cache_clear()


# what redactors are known to miss
HARD = {
    "a month behind a cue": ("I talked to April about the missed recycling.", "April"),
    "a roster in capitals": ("SMITH, JOHN - NGUYEN, LINH - BAKER, AMY WERE AT THE MEETING", "SMITH"),
    "names in capitals": ("The meeting was with JOHN SMITH and MARK BAKER about the fence.", "BAKER"),
    "a family": ("The Kowalczyk family has no heat and nobody does a thing.", "Kowalczyk"),
    "a family of little words": ("the baker family next door leaves trash on the sidewalk", "baker"),
    "una familia": ("La familia Prieto no tiene agua caliente desde el lunes.", "Prieto"),
}
HARD_FOR_RULES = {
    "a month at the start": ("August said the drain behind the school is clogged again.", "August"),
    "a month in lower case": ("then april came over and put her trash on the sidewalk", "april"),
    "a first name in lower case": ("rose said so to the crew and the foreman wrote it down", "rose"),
}
# still missed, by all layers: told in docs/privacy-text.md
MISSED = {
    "a family of a word of the trade": ("The Greens next door leave their bins on the sidewalk.", "Greens"),
    "all in capitals, all of them words": ("ROSE HILL AND MARK GREEN HAVE NO HEAT IN THE BUILDING", "MARK"),
}


@pytest.mark.parametrize("case", HARD)
def test_what_is_known_to_be_hard_is_found(case):
    text, secret = HARD[case]
    told = redact([text], layers=FAST)[0].text
    assert told is None or secret not in told


@NEEDS_NER
@pytest.mark.parametrize("case", HARD_FOR_RULES)
def test_what_rules_cannot_know_is_found_by_name_recognition(case):
    text, secret = HARD_FOR_RULES[case]
    assert secret in redact([text], layers=FAST)[0].text
    assert secret not in redact([text])[0].text


@pytest.mark.xfail(strict=True, reason="a known miss, told in docs/privacy-text.md")
@pytest.mark.parametrize("case", MISSED)
def test_what_is_known_to_be_missed(case):
    text, secret = MISSED[case]
    told = redact([text])[0].text
    assert told is None or secret not in told
