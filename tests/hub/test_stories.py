"""A story is told with its teller's terms, and placed no more exactly than they chose."""

import re

from hub.app import build
from hub.plugin.stories import _web_address, opening
from tests.asking import ask
from tests.made_money import STORIES
from tests.made_release import CITY


async def test_a_story_says_who_told_it_where_when_and_what_may_be_done_with_it(site):
    page = (await ask(site, "/stories/st-2025-00001")).text
    for said in ("The flood came up the steps", "A neighbour", "1987 to 1987", "Its place is shown to the block."):
        assert said in page
    assert "You may share and adapt this story if you credit its teller." in page
    assert 'rel="license external noreferrer"' in page
    assert "release 20250630T" in re.search(r"Cite as</dt><dd>(.*?)</dd>", page)[1]


async def test_a_place_the_teller_did_not_show_is_not_shown(site):
    page = (await ask(site, "/stories/st-2025-00005")).text
    assert "Its teller chose to show no place." in page
    assert "Mill Street" not in page.split("About this story")[1]


async def test_a_story_in_another_language_says_so(site):
    page = (await ask(site, "/stories/st-2025-00005")).text
    assert '<div lang="es">' in page
    assert 'lang="es"' not in (await ask(site, "/stories/st-2025-00001")).text


async def test_the_list_holds_every_story_newest_first_and_can_be_searched(site):
    page = (await ask(site, "/stories")).text
    told = re.findall(r'href="/stories/(st-[\d-]+)"', page)
    assert len(told) == len(STORIES) and told == sorted(told, reverse=True)
    page = (await ask(site, "/stories?q=river")).text
    assert re.findall(r'href="/stories/(st-[\d-]+)"', page) == ["st-2025-00001"]
    assert "1 story with these words" in page


async def test_the_list_leads_to_the_map_where_there_is_one(data, site):
    assert "On a map" not in (await ask(site, "/stories")).text
    app = build(data, CITY, chosen={"dashboards_url": "/dashboards/"})
    assert '<a href="/dashboards/stories">On a map</a>' in (await ask(app, "/stories")).text


async def test_the_list_goes_on_where_it_left_off(site, monkeypatch):
    monkeypatch.setattr("hub.plugin.stories.PAGE", 4)
    page = (await ask(site, "/stories")).text
    more = re.search(r'href="(/stories\?[^"]+)"', page)[1].replace("&amp;", "&")
    first, rest = (re.findall(r'href="/stories/(st-[\d-]+)"', text) for text in (page, (await ask(site, more)).text))
    assert len(first) == 4 and len(rest) == 2 and not set(first) & set(rest)


async def test_a_withdrawn_or_unknown_story_is_not_there(site):
    assert (await ask(site, "/stories/st-1999-00001")).status == 404


def test_an_opening_ends_with_a_whole_word():
    assert opening("a short one") == "a short one"
    assert opening("and so it goes on", most=8) == "and so …"


def test_only_a_web_address_becomes_a_link():
    assert _web_address("https://archive.example/1") == "https://archive.example/1"
    assert _web_address("javascript:alert(1)") == _web_address(None) == ""


async def test_a_city_without_stories_has_no_such_pages(data):
    app = build(data, CITY, chosen={"datasets": ["service_requests"]})
    assert (await ask(app, "/stories")).status == 404
    page = (await ask(app, "/")).text
    assert 'href="/stories' not in page and "Newest stories" not in page


async def test_of_a_story_whose_teller_chose_no_name_no_name_is_made_up(site):
    """Its archive may name the teller in the title."""
    for page in ("/", "/stories", "/stories/st-2025-00004", "/search?q=bus"):
        told = (await ask(site, page)).text
        assert "My first bus driver" in told and "nonymous" not in told and "None" not in told, page
    page = (await ask(site, "/stories/st-2025-00004")).text
    assert "DC.creator" not in page
    assert re.search(r"Cite as</dt><dd>(.*?)</dd>", page)[1].startswith("“My first bus driver.” Told")
