"""One box finds requests, stories, projects and budget, whatever is typed into it."""

import re
from urllib.parse import quote

import pytest

from hub import datasette_compat
from hub.app import _datasette
from hub.plugin import search
from tests.asking import ask


async def found(site, words: str) -> dict[str, int]:
    page = (await ask(site, f"/search?q={quote(words)}")).text
    return {
        title.strip(): int(n.replace(",", "")) for title, n in re.findall(r"<h2>([^<]+)<span[^>]*>([\d,]+) found", page)
    }


async def test_each_group_finds_what_its_table_holds(site):
    assert (await found(site, "pothole")).keys() == {"Service requests"}
    assert (await found(site, "bread")) == {"Stories": 1}
    assert (await found(site, "bridge")).keys() == {"Capital projects"}
    assert (await found(site, "public works")).keys() == {
        "Service requests",
        "Capital projects",
        "Budget lines",
    }


async def test_a_search_finds_some_rows_and_not_all(site):
    """Datasette finds a full-text table only if it was declared just so; else it shows every row."""
    everything = (await ask(site, "/city/service_requests.json?_size=0")).json["filtered_table_rows_count"]
    potholes = (await ask(site, "/city/service_requests.json?service_name=Pothole&_size=0")).json
    assert (await found(site, "pothole"))["Service requests"] == potholes["filtered_table_rows_count"] < everything
    for table, words in {"stories": "bread", "budget_lines": "roads", "capital_projects": "bridge"}.items():
        page = (await ask(site, f"/city/{table}.json?_search={words}&_size=0")).json
        whole = (await ask(site, f"/city/{table}.json?_size=0")).json
        assert 0 < page["filtered_table_rows_count"] < whole["filtered_table_rows_count"]


def test_where_nothing_can_be_searched_it_is_said_what_can(data):
    hub = _datasette(data, False, (), {}, {})
    for table in ("service_requests", "requests", "places"):
        for asked in ("_search", "_search_status"):
            with pytest.raises(datasette_compat.Refused) as refused:
                search.refuse(hub, table, [asked])
            for words in (table, "budget_lines, capital_projects, categories and stories", "/search"):
                assert words in str(refused.value)
        search.refuse(hub, table, ["_searchmode", "status"])
    for table in ("stories", "stories_fts"):
        search.refuse(hub, table, ["_search"])


@pytest.mark.parametrize("asked", ["_search=zzz", "_search=", "_search_status=zzz", "_search=a&_fts_table=stories_fts"])
@pytest.mark.parametrize("table", ["service_requests", "requests", "places"])
async def test_where_nothing_can_be_searched_a_search_is_refused_and_not_answered_with_every_row(site, table, asked):
    for form in ("", ".json", ".csv"):
        answer = await ask(site, f"/city/{table}{form}?{asked}")
        assert answer.status == 400
        for word in (table, "budget_lines, capital_projects, categories and stories", "/search"):
            assert word in answer.text
    assert (await ask(site, f"/city/{table}.csv?{asked}&_stream=on")).status == 400


async def test_what_is_no_search_is_not_refused_and_a_search_of_the_words_themselves_is_none_either(site):
    for target in ("places.json?_searchmode=raw", "stories.json?_search=bread", "stories_fts.json?_search_title=bread"):
        assert (await ask(site, f"/city/{target}")).status == 200, target


async def test_every_result_leads_to_what_it_names(site):
    for words in ("pothole", "bread", "bridge", "roads", "housing"):
        page = (await ask(site, f"/search?q={words}")).text
        links = re.findall(r'<li><a href="([^"]+)"', page)
        assert links
        for link in links:
            answer = await ask(site, link.replace("&amp;", "&"))
            assert answer.status == 200
            assert "0 rows" not in answer.text


async def test_words_need_no_accents(site):
    assert (await found(site, "vendia")) == {"Stories": 1}


async def test_where_nothing_has_a_word_those_that_begin_like_it_are_found(site):
    page = (await ask(site, "/search?q=potholes")).text
    assert "These begin like them" in page and (await found(site, "potholes")).keys() == {"Service requests"}
    assert "These begin like them" not in (await ask(site, "/search?q=pothole")).text
    assert await found(site, "breads") == {"Stories": 1}
    assert await found(site, "zeppelins") == {}
    assert "Nothing has all of these words" in (await ask(site, "/search?q=zeppelins")).text


async def test_all_of_a_group_can_be_seen_whether_the_words_were_just_so_or_near(site, monkeypatch):
    monkeypatch.setattr(search, "EACH", 0)
    for words in ("roads", "road"):
        page = (await ask(site, f"/search?q={words}")).text
        more = re.search(r'class="more" href="(/city/budget_lines[^"]+)"', page)[1].replace("&amp;", "&")
        all_of_it = (await ask(site, more.replace("?", ".json?"))).json
        assert all_of_it["filtered_table_rows_count"] == (await found(site, words))["Budget lines"] > 0


NASTY = (
    '"',
    '""',
    "' or 1=1 --",
    "a AND",
    "NOT",
    "near(a b)",
    "title:bread",
    "*",
    "^a",
    "(",
    "-",
    "\x00",
    "x" * 5000,
    "é",
)


@pytest.mark.parametrize("words", NASTY)
async def test_whatever_is_typed_is_only_words(site, words):
    assert (await ask(site, f"/search?q={quote(words)}")).status == 200
    assert (await ask(site, f"/stories?q={quote(words)}")).status == 200


async def test_unquoted_it_would_be_an_error(site, monkeypatch):
    monkeypatch.setattr(search, "match", lambda question: question)
    assert (await ask(site, "/search?q=NOT")).status != 200


async def test_where_there_are_too_many_to_tell_their_number_is_told(site, monkeypatch):
    async def too_slow(datasette, sql, params=None):
        if "limit" in sql:
            raise datasette_compat.TooSlow("interrupted", sql, params)
        return await rows(datasette, sql, params)

    rows = datasette_compat.rows
    monkeypatch.setattr(datasette_compat, "rows", too_slow)
    assert (await found(site, "pothole"))["Service requests"] > 0


def test_words_are_quoted_one_by_one():
    assert search.match('street "light') == '"street" """light"'
    assert search.match("   ") == ""
