"""The home page: every number is its query's number, and everything is there without a script or another site."""

import html
import json
import re
import sqlite3
from pathlib import Path

import pytest

from hub.app import build
from hub.plugin.frame import number
from hub.plugin.home import HEADLINES, counted
from tests.asking import ask
from tests.made_release import CITY, KEPT_BACK, make


async def cards(app) -> list[str]:
    page = (await ask(app, "/")).text
    return re.findall(r'<li class="card">(.*?)</li>', page, re.DOTALL)


async def test_each_headline_is_the_number_its_own_query_gives(site):
    found = await cards(site)
    assert len(found) == len(HEADLINES) == 4
    for name, card in zip(HEADLINES, found, strict=True):
        link = re.search(r'href="(/city/headline_\w+)"', card)[1]
        assert link == f"/city/{name}"
        fact = (await ask(site, f"{link}.json?_shape=array")).json[0]
        assert f'<span class="value">{number(fact["value"])}</span>' in card
        assert f"n = {number(fact['n'])}" in card
        assert "as of 30 June 2025" in card
        assert fact["unit"] in " ".join(re.sub(r"<[^>]+>", " ", card).split())


async def test_each_headline_tells_its_interval_and_what_to_beware_of(site):
    found = [re.sub(r"<[^>]+>", " ", card) for card in await cards(site)]
    assert "95 % interval" in found[0] and "Closed is not the same as fixed" in found[0]
    assert "95 % interval" in found[1] and "not only among the closed" in found[1]
    assert re.search(r"at least \d+, at most \d+", found[2])
    assert "counted in full" in found[3]


OTHERWISE = "no_action = 0, duplicate = 0, referred = 0, administrative = 0, unknown = 0"


async def first_card(folder, change: str) -> str:
    """The card of the time to close in a release whose `durations` were changed; only words and blanks."""
    with sqlite3.connect(make(folder).db) as db:
        db.execute(f"update durations set {change}, {OTHERWISE}")
    return " ".join(re.sub(r"<[^>]+>", " ", (await cards(build(folder, CITY)))[0]).split())


async def test_one_day_is_not_told_as_days(tmp_path):
    assert "Time to close 1 day 95 % interval 1 to not reached" in await first_card(tmp_path, "day = 1, fixed = n")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("fixed = 0", "None of them is known to be closed yet."),
        ("n = 50, day = day % 2, fixed = 1", "More than half were still open after 1 day."),
    ],
)
async def test_a_headline_that_cannot_be_stated_is_told_in_words_and_shows_no_interval(tmp_path, change, words):
    card = await first_card(tmp_path, change)
    assert card.startswith(f"Time to close {words}") and "95 % interval not" not in card and "interval –" not in card


async def test_where_no_year_is_complete_yet_no_card_tells_of_a_year(tmp_path):
    with sqlite3.connect(make(tmp_path).db) as db:
        for table in ("durations", "on_time"):
            db.execute(f"delete from {table}")
    facts = [" ".join(re.sub(r"<[^>]+>", " ", card).split()) for card in await cards(build(tmp_path, CITY))]
    assert ["n = 0, as of 30 June 2025." in words for words in facts] == [True, True, False, False]
    assert not any("None" in words for words in facts)


async def test_where_every_record_went_adds_up(site):
    page = (await ask(site, "/")).text
    line = re.search(r'<p class="sum">([^<]+)', page)[1]
    read, *parts = (int(found.replace(",", "")) for found in re.findall(r"[\d,]*\d", line))
    assert read == sum(parts)
    assert parts[1:] == list(KEPT_BACK.values())
    assert 'href="/city/completeness"' in page


async def test_the_page_is_small_and_needs_no_script(site):
    answer = await ask(site, "/")
    style = await ask(site, "/brand.css")
    assert len(answer.body) + len(style.body) < 60_000
    assert "<script" not in answer.text


async def test_every_dataset_can_be_taken_home_and_its_hash_is_told(site):
    page, files = (await ask(site, "/")).text, (await ask(site, "/downloads")).text
    for table in ("service_requests", "budget_lines", "capital_projects", "stories"):
        for ending in ("csv.gz", "parquet"):
            assert f'href="/downloads/{table}.{ending}"' in page
            answer = await ask(site, f"/downloads/{table}.{ending}")
            assert f'href="/downloads/{table}.{ending}"' in files
            assert answer.headers["x-content-sha256"] in files


def without_money_and_stories(folder) -> Path:
    """A release of a city that answers requests only: the other datasets are asked for, and empty."""
    release = make(folder)
    empty = ("budget_lines", "budget_totals", "capital_projects", "capital_totals", "stories", "story_subjects")
    with sqlite3.connect(release.db) as db:
        for table in empty:
            db.execute(f"delete from {table}")
    manifest = release.path / "manifest.json"
    told = json.loads(manifest.read_text("utf-8"))
    for table in empty:
        told["tables"][table]["rows"] = 0
    manifest.write_text(json.dumps(told), "utf-8")
    return folder


@pytest.fixture(scope="module")
def poor(tmp_path_factory):
    return build(without_money_and_stories(tmp_path_factory.mktemp("poor")), CITY)


@pytest.mark.parametrize("page", ["/", "/city", "/downloads", "/search"])
async def test_what_the_city_does_not_publish_is_no_card_menu_entry_or_download(site, poor, page):
    gone = ('href="/stories"', "/budget_lines", "/capital_projects", "/city/projects_late", "/city/budget_tree")
    rich, told = (await ask(site, page)).text, (await ask(poor, page)).text
    assert [words for words in gone if words in told] == []
    assert any(words in rich for words in gone)
    assert ("Larkhaven publishes no budget, no projects and no stories here." in told) == (page != "/search")
    assert "publishes no" not in rich


async def test_the_home_page_counts_and_names_only_what_there_is(site, poor):
    rich, told = (await ask(site, "/")).text, (await ask(poor, "/")).text
    assert "<p>Requests, budget, projects and stories, published" in rich and "<p>Requests, published" in told
    tables, questions = re.search(r"All (\d+) tables, (\d+) ready questions", told).groups()
    listed = (await ask(poor, "/city")).text
    assert len(re.findall(r'<th scope="row">', listed)) - listed.count(", a view</code>") == int(tables)
    assert len(re.findall(r'<li><a href="/city/', listed)) == int(questions)


async def test_a_page_of_stories_without_any_says_so_and_offers_no_search(poor):
    answer = await ask(poor, "/stories")
    assert answer.status == 200
    assert "No story is published here" in answer.text and "<form" not in answer.text


async def test_every_source_tells_how_fresh_it_is(site):
    page = (await ask(site, "/")).text
    for source in ("Service requests", "Budget", "Capital projects", "Stories"):
        assert re.search(rf'{source}</th>\s*<td data-label="Data up to">30 June 2025', page)


READ_ONLY = "update sources set as_of = read_at, as_of_date = '2025-07-01'"


@pytest.fixture(scope="module")
def undated(tmp_path_factory):
    """A city whose budget tells no day of its own: its time is that of the reading."""
    folder = tmp_path_factory.mktemp("undated")
    with sqlite3.connect(make(folder).db) as db:
        db.execute(f"{READ_ONLY} where dataset = 'budget'")
    return build(folder, CITY)


async def test_a_source_that_states_no_day_is_not_said_to_be_of_the_day_it_was_read(undated):
    page = (await ask(undated, "/")).text
    assert re.search(r'Budget</th>\s*<td data-label="Data up to">the source states no day<', page)
    assert page.count("the source states no day") == 1
    fresh = {row["source"]: row for row in (await ask(undated, "/city/freshness.json?_shape=array")).json}
    assert (fresh["budget"]["as_of"], fresh["budget"]["read_on"]) == (None, "2025-07-01")
    assert fresh["budget"]["note"] == "the source states no day"
    assert (fresh["stories"]["as_of"], fresh["stories"]["read_on"]) == ("2025-06-30", None)


@pytest.mark.parametrize("measure", ["budget_tree", "budget_change", "budget_by_category", "budget_reconciled"])
async def test_a_number_from_such_a_source_carries_the_day_of_reading_apart(undated, site, measure):
    row = (await ask(undated, f"/city/{measure}.json?_shape=array&_size=1")).json[0]
    assert (row["as_of"], row["read_on"]) == (None, "2025-07-01")
    row = (await ask(site, f"/city/{measure}.json?_shape=array&_size=1")).json[0]
    assert (row["as_of"], row["read_on"]) == ("2025-06-30", None)


async def test_a_release_of_such_sources_alone_is_of_no_day_either(tmp_path):
    with sqlite3.connect(make(tmp_path).db) as db:
        db.execute(READ_ONLY)
        db.execute("update releases set as_of = (select max(as_of) from sources), as_of_date = '2025-07-01'")
    app = build(tmp_path, CITY)
    page = (await ask(app, "/")).text
    assert "data read on 1 July 2025." in page and "data as of" not in page
    assert "read on 1 July 2025; the source states no day" in (await cards(app))[3]
    health = (await ask(app, "/healthz")).json
    assert health["read_on"] == "2025-07-01" and "as_of" not in health


async def test_how_many_are_left_out_of_the_time_to_close_stands_beside_its_n(site, tmp_path):
    with sqlite3.connect(make(tmp_path).db) as db:
        db.execute(
            "update area_counts set n = n + 2 where rowid = (select rowid from area_counts where year = '2024' limit 1)"
        )
        (total,) = db.execute("select sum(n) from area_counts where year = '2024'").fetchone()
    app = build(tmp_path, CITY)
    fact = (await ask(app, "/city/headline_time_to_close.json?_shape=array")).json[0]
    assert fact["total"] == total > fact["n"]
    left = total - fact["n"]
    told = f"n = {number(fact['n'])} of {number(total)} ({left} have no usable closing time or status), opened in 2024"
    assert told in (await cards(app))[0]
    assert counted(5, 6) == "5 of 6 (1 has no usable closing time or status)"
    assert counted(6, 6) == counted(6, None) == "6"
    assert "whose closing time is missing or cannot be right" in (await ask(site, "/about/methods")).text


async def test_every_link_of_the_page_leads_somewhere(site):
    page = (await ask(site, "/")).text
    links = {html.unescape(link) for link in re.findall(r'href="(/[^"#]*)"', page)}
    assert len(links) > 15
    assert {link: (await ask(site, link)).status for link in links} == dict.fromkeys(links, 200)


async def test_the_dashboards_are_linked_only_where_there_are_any(site, data):
    assert "Dashboards" not in (await ask(site, "/")).text
    with_dashboards = build(data, CITY, chosen={"dashboards_url": "/dashboards/"})
    page = (await ask(with_dashboards, "/")).text
    assert page.count('href="/dashboards/"') == 2


async def test_the_newest_stories_come_first(site):
    page = (await ask(site, "/")).text
    told = re.findall(r'href="/stories/(st-[\d-]+)"', page)
    assert told == sorted(told, reverse=True)
    assert len(told) == 4
