"""The privacy page says what was measured, in words that a council member and a user of ARX both know, and no more."""

import json
import re
import sqlite3
from contextlib import closing
from html import unescape

import pytest

from hub import checks
from hub.app import build
from hub.plugin.about import EXPLAINED, KEPT_BACK, kept_back, percent, told
from hub.writing import grouped
from tests.asking import ask
from tests.made_release import CITY, make

PAGE = "/about/privacy"


def words(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


async def said(site) -> str:
    answer = await ask(site, PAGE)
    assert answer.status == 200
    return words(answer.text)


@pytest.fixture
def changed(tmp_path):
    """`changed(mode="M")`: the page of a release whose audit says otherwise; `sql` is run on its tables first."""

    def make_site(sql: str = "", **policy):
        release = make(tmp_path)
        audit = release.path / "audit.json"
        found = json.loads(audit.read_text("utf-8"))
        audit.write_text(json.dumps(found | {"policy": found["policy"] | policy}), "utf-8")
        with closing(sqlite3.connect(release.db)) as con:
            con.executescript(sql)
        return build(tmp_path, CITY)

    return make_site


async def test_the_risk_is_told_in_plain_words_and_in_the_terms_of_arx(site):
    page = await said(site)
    assert "In tier B the best guess at which row is yours is right at most 1 in 6 times" in page
    assert "in tier C, the sensitive one, at most 1 in 12 times" in page
    for term in ("k-anonymity", "Highest prosecutor risk", "Marketer risk"):
        assert term in page


async def test_every_figure_leads_to_a_query_that_answers(site):
    html = (await ask(site, PAGE)).text
    for name in ("privacy_risk", "privacy_checks", "received_by_period", "withheld_and_why"):
        assert f'href="/city/{name}"' in html
        assert (await ask(site, f"/city/{name}.json?_shape=array")).json


async def test_what_is_in_no_row_is_counted_and_what_is_hidden_is_said(site):
    page = await said(site)
    assert re.search(r"[1-9]\d* of these \d+ numbers are hidden, because they are small", page)
    assert re.search(
        r"Of [\d,]+ requests ever read, [\d,]+ are in this release\. Of the others, 9 wait .* 4 are withheld", page
    )


def test_what_is_nothing_is_not_counted_out():
    nothing = dict.fromkeys(KEPT_BACK, 0)
    assert kept_back(nothing) == ""
    told = kept_back(nothing | {"waiting": 1, "withheld": 1200})
    assert told == "1 waits until its period has ended and 1,200 are withheld to protect people"


async def test_a_check_stands_with_what_it_found_and_the_attack_that_it_answers(site):
    page = await said(site)
    assert "The fewest rows about a property that look alike. 6 at least 5 Linkage" in page
    assert "This release passed 3 of 3 automatic checks" in page


async def test_every_known_attack_is_explained_in_a_sentence(site):
    assert checks.ATTACKS.keys() == EXPLAINED.keys()
    page = await said(site)
    assert f"Linkage {EXPLAINED[1]}" in page
    assert EXPLAINED[16] not in page  # no check of this release answers it


async def test_who_signed_and_when_it_is_looked_at_again(site):
    page = await said(site)
    assert "Policy signed by Vera Quill, officer, 2025-01-02 To be reviewed by 30 June 2026" in page


async def test_the_number_of_a_record_is_never_called_anonymous(site, changed):
    for shown in (site, changed(mode="M")):
        page = await said(shown)
        assert "pseudonymous record number" in page
        assert "anonym" not in page.replace("k-anonymity", "")


async def test_a_city_that_publishes_exact_rows_elsewhere_is_told_so_first(changed):
    page = await said(changed(mode="M"))
    assert "Larkhaven already publishes exact records of these requests elsewhere." in page
    assert "This hub publishes these requests first" not in page


async def test_the_layers_that_read_free_text_are_named_where_they_ran(site, changed):
    assert "No free text and no photo is released" in await said(site)
    ran = changed(
        "insert into _privacy_audit(check_name, attack, meaning, bound, value, is_passed, n) "
        "values ('text_layers', 13, 'Layers.', 'named', 'L0 L1 L2 L3', 1, 40)"
    )
    page = await said(ran)
    assert "it was redacted by: L0 L1 L2 L3" in page and "No free text and no photo" not in page


async def test_a_release_without_an_audit_file_has_its_page_too(tmp_path):
    release = make(tmp_path)
    (release.path / "audit.json").unlink()
    assert "What was checked" in await said(build(tmp_path, CITY))


def test_a_figure_is_never_rounded_to_nothing_or_to_all():
    assert (percent(0), percent(0.0001), percent(0.1312), percent(0.99999), percent(1)) == (
        "0.0 %",
        "under 0.1 %",
        "13.1 %",
        "over 99.9 %",
        "100.0 %",
    )
    assert told(None) == "–"


def test_large_counts_in_a_sentence_are_written_as_everywhere():
    assert grouped("58173 rows, parts add up") == "58,173 rows, parts add up"
    assert grouped("at most 1/58173, 0.123456 of 2025-06-30") == "at most 1/58173, 0.123456 of 2025-06-30"
    assert grouped(None) == "None"


def test_every_check_is_told_in_a_sentence_and_names_an_attack_that_there_is():
    for name, check in checks.CHECKS.items():
        assert re.fullmatch(r"[A-Z].*\.", check.meaning), name
        assert check.attack is None or check.attack in checks.ATTACKS
    assert checks.told("complete_budget") == checks.CHECKS["complete"]
    assert checks.told("something_else") == checks.UNKNOWN
