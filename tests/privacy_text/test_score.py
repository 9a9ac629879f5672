"""How well the redaction does on made-up sentences, and that the scorer counts what it says."""

import json

import pytest

from etl.privacy.text import available
from etl.privacy.text.score import Example, score
from tests.privacy_text.corpus import corpus
from tests.town import cityglass

NEEDS_NER = pytest.mark.skipif("L4" not in available(), reason="the extra ner is not installed")
FAST = tuple(layer for layer in available() if layer != "L4")
STRUCTURED = ("account", "address", "card", "date", "email", "phone", "plate", "ssn", "time", "url")
# "Ann" is found; "Rose" at the start of a sentence is not, without name recognition
SMALL = (
    Example("The crew talked to Ann Kowalczyk about the hole in the street.", ((19, 32, "name"),), "en"),
    Example("Rose saw the hole in the street near the school.", ((0, 4, "name"),), "en"),
    Example("The crew filled the hole in the zorbled street.", (), "en"),
    Example("La rue est pleine de neige, appelez Marie.", ((36, 41, "name"),), "fr"),
)


def test_the_scorer_counts_full_touched_precise_benign_and_withheld():
    told = score(list(SMALL), layers=FAST)
    assert (told["texts"], told["spans"]) == (4, 3)
    assert told["recall_full"] == told["recall_touched"] == round(2 / 3, 5)
    assert told["precision"] == round(2 / 3, 5)  # two words of one name, and zorbled
    letters = [sum(map(str.isalnum, e.text)) - sum(e - s - (e - s > 9) for s, e, _ in e.spans) for e in SMALL[:3]]
    assert told["benign_lost"] == round(len("zorbled") / sum(letters), 5)
    assert (told["withheld"], told["per_lang"]["fr"]["withheld"], told["clean_texts_hit"]) == (0.25, 1.0, 1.0)
    assert told["per_label"] == {"name": {"n": 3, "recall_full": round(2 / 3, 5), "recall_touched": round(2 / 3, 5)}}


def test_a_span_that_is_masked_in_part_is_touched_and_not_full():
    told = score([Example("The crew talked to Ann about the hole.", ((9, 22, "name"),))], layers=FAST)
    assert (told["recall_full"], told["recall_touched"]) == (0.0, 1.0)


def test_what_has_a_form_is_found_in_sentences_that_the_layers_were_not_made_for():
    told = score(corpus("test", 1500, seed=401), layers=FAST)["per_label"]
    found = {label: told[label]["recall_touched"] for label in STRUCTURED}
    assert min(found.values()) >= 0.98, found
    many = [label for label in STRUCTURED for _ in range(told[label]["n"])]
    assert sum(found[label] for label in many) / len(many) >= 0.999


@NEEDS_NER
def test_names_are_found_in_both_languages_and_the_harmless_is_kept():
    told = score(corpus("test", 2000, seed=402))
    names = told["names_per_lang"]
    assert names["en"]["recall_touched"] >= 0.99 and names["es"]["recall_touched"] >= 0.97
    assert min(names["en"]["recall_full"], names["es"]["recall_full"]) >= 0.95
    assert told["benign_lost"] <= 0.05 and told["clean_texts_hit"] <= 0.05
    assert {lang: found["withheld"] for lang, found in told["per_lang"].items() if lang not in ("en", "es")} == {
        lang: 1.0 for lang in told["per_lang"] if lang not in ("en", "es")
    }


@NEEDS_NER
def test_rare_names_are_found_as_well_as_common_ones():
    strata = score(corpus("test", 2000, seed=402))["per_stratum"]
    for kind in ("recall_touched", "recall_full"):
        found = [strata[name][kind] for name in ("common", "rare", "unlisted")]
        assert max(found) - min(found) <= 0.02, strata
        assert min(each[kind] for each in strata.values()) >= 0.95, strata


def test_the_scorer_tells_the_recall_of_names_by_language_and_by_stratum():
    text = "The crew talked to Ann Kowalczyk about the hole in the street."
    known = Example(text, ((19, 32, "name"),), "en", (("unlisted", "pl_PL"),))
    lost = Example("Rose saw the hole in the street near the school.", ((0, 4, "name"),), "en", (("common", "en_US"),))
    told = score([known, lost], layers=FAST)
    assert told["names_per_lang"] == {"en": {"n": 2, "recall_full": 0.5, "recall_touched": 0.5}}
    assert {name: each["recall_full"] for name, each in told["per_stratum"].items()} == {
        "unlisted": 1.0,
        "pl_PL": 1.0,
        "common": 0.0,
        "en_US": 0.0,
    }


def test_without_the_layers_the_same_corpus_would_be_told():
    assert score(corpus("test", 200, seed=403), layers=())["recall_full"] == 0.0


def test_the_verb_reads_a_corpus_by_its_path_and_prints_the_agreed_keys(tmp_path):
    path = tmp_path / "corpus.jsonl"
    lines = [
        {
            "text": "Call 617-555-0123.",
            "spans": [{"start": 5, "end": 17, "label": "PHONE", "strata": ["US"]}],
            "lang": "en",
        }
    ]
    path.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    said = cityglass("privacy", "score", "--corpus", path, "--json")
    assert said.code == 0
    told = said.json["data"]
    assert {"recall_full", "recall_touched", "precision", "benign_lost", "texts_per_s", "per_label"} <= set(told)
    assert told["per_label"]["PHONE"]["recall_full"] == told["per_stratum"]["US"]["recall_full"] == 1.0
    assert told["layers"] == list(available())
    assert "recall_full" in cityglass("privacy", "score", "--corpus", path).out


WRONG = {
    "no file": (None, "cannot be read"),
    "nothing in it": ("\n", "holds no text"),
    "no JSON": ("hello", "corpus.jsonl:1"),
    "a span past the end": ('{"text": "a", "spans": [{"start": 0, "end": 9, "label": "X"}]}', "corpus.jsonl:1"),
    "a span without a label": ('{"text": "ab", "spans": [{"start": 0, "end": 1}]}', "corpus.jsonl:1"),
    "a place in words": ('{"text": "ab", "spans": [{"start": "0", "end": 1, "label": "X"}]}', "corpus.jsonl:1"),
    "a label that is a list": ('{"text": "ab", "spans": [{"start": 0, "end": 1, "label": ["X"]}]}', "corpus.jsonl:1"),
    "a text that is none": ('{"text": 5}', "corpus.jsonl:1"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_corpus_that_cannot_be_read_is_refused_with_its_line(tmp_path, name):
    content, words = WRONG[name]
    path = tmp_path / "corpus.jsonl"
    if content is not None:
        path.write_text(content, "utf-8")
    said = cityglass("privacy", "score", "--corpus", path)
    assert (said.code, words in said.err, "To mend it" in said.err) == (3, True, True)


def test_a_layer_that_is_none_is_refused(tmp_path):
    said = cityglass("privacy", "score", "--corpus", tmp_path / "x", "--layers", "L9")
    assert (said.code, "no layer L9" in said.err) == (3, True)


@pytest.mark.parametrize(("given", "told"), [(("--layers", ""), "no layer"), (("--approve", "x"), "--approve is of")])
def test_a_score_takes_no_empty_list_of_layers_and_no_decision(tmp_path, given, told):
    said = cityglass("privacy", "score", "--corpus", tmp_path / "x", *given)
    assert (said.code, told in said.err) == (3, True)
