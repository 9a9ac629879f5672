"""Every page, ours and Datasette's, has a language, landmarks, one title, ordered headings, and no outside file."""

import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

import datasette
import pytest

from hub.plugin.frame import day, in_bytes, instant, number
from hub.plugin.requests import facts, period, status
from tests.asking import ask

OURS = ("/", "/search?q=library", "/search", "/stories", "/stories/st-2025-00001", "/about/methods", "/about/privacy")
DATASETTES = (
    "/city",
    "/city/service_requests",
    "/city/stories?_search=bread",
    "/city/budget_lines?department__exact=Public+Works&_facet=stage",
    "/city/requests",
    "/city/headline_time_to_close",
    "/city/slowest_groups?year=2024",
    "/city?sql=select+1",
    "/city/stories/st-2025-00001",
)
LOADED = ("img", "script", "iframe", "source", "audio", "video", "embed", "object")


class Page(HTMLParser):
    """What the checks need to know of a page."""

    def __init__(self, text: str):
        super().__init__()
        self.tags, self.loaded, self.headings, self.labelled, self.controls = [], [], [], set(), []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.tags.append((tag, given))
        if tag in LOADED and given.get("src"):
            self.loaded.append(given["src"])
        if (tag == "link" and "stylesheet" in given.get("rel", "")) or given.get("rel") == "icon":
            self.loaded.append(given["href"])
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag == "label" and "for" in given:
            self.labelled.add(given["for"])
        if tag in ("input", "select", "textarea") and given.get("type") not in ("hidden", "submit", "checkbox"):
            self.controls.append(given)


@pytest.mark.parametrize("target", OURS + DATASETTES)
async def test_a_page_can_be_read_by_anyone(site, target):
    answer = await ask(site, target)
    assert answer.status == 200
    page = Page(answer.text)
    names = [tag for tag, _ in page.tags]
    assert dict(page.tags)["html"] == {"lang": "en"}
    assert names.count("main") == names.count("title") == names.count("h1") == 1
    assert {"header", "nav", "footer"} <= set(names)
    assert page.headings[0] == 1
    assert all(after - before <= 1 for before, after in zip(page.headings, page.headings[1:], strict=False))
    for control in page.controls:
        assert "aria-label" in control or control.get("id") in page.labelled, control


@pytest.mark.parametrize("target", OURS + DATASETTES)
async def test_a_page_loads_nothing_from_elsewhere(site, target):
    loaded = Page((await ask(site, target)).text).loaded
    assert loaded
    for address in loaded:
        assert re.match(r"/[^/]", address)
        assert (await ask(site, address)).status == 200


async def test_our_own_pages_hold_no_script_and_no_inline_style(site):
    for target in OURS:
        page = Page((await ask(site, target)).text)
        assert not [tag for tag, given in page.tags if tag in ("script", "style") or "style" in given]


async def test_the_style_sheet_asks_for_nothing(site):
    style = (await ask(site, "/brand.css")).text
    assert "url(" not in style and "@import" not in style
    assert "--primary:#0b5c6b" in style
    again = await ask(site, "/brand.css", headers={"if-none-match": (await ask(site, "/brand.css")).headers["etag"]})
    assert (again.status, again.body) == (304, b"")


async def test_an_error_is_a_page_of_the_hub_too(site):
    answer = await ask(site, "/city/nothing")
    assert answer.status == 404
    assert '<html lang="en">' in answer.text and "Larkhaven Open City" in answer.text
    assert (await ask(site, "/about/nothing")).status == 404
    assert (await ask(site, "/assets/nothing.js")).status == 404


async def test_what_was_asked_in_sql_and_refused_can_be_mended(site):
    page = (await ask(site, "/city?sql=delete+from+stories+where+%3Cb%3E")).text
    assert "Only SELECT can be asked here" in page
    assert re.search(r'<textarea[^>]*name="sql"[^>]*>delete from stories where &lt;b&gt;</textarea>', page)
    assert "<textarea" not in (await ask(site, "/city/nothing")).text


async def test_a_table_says_what_it_holds_before_how_it_is_made(site):
    page = (await ask(site, "/city/stories")).text
    assert re.search(r"<details[^>]*><summary>How this table is made, in SQL</summary><pre[^>]*>CREATE TABLE", page)
    assert "Licence: " in page and "Queries took" not in page


async def test_filters_that_fit_nothing_lead_back_to_all_rows(site):
    page = (await ask(site, "/city/stories?title=nothing")).text
    assert 'No row fits these filters. <a href="?">All rows</a>' in page


async def test_a_field_has_a_name_in_words_unless_its_asker_named_it(site):
    assert re.search(r"<label[^>]*>service group</label>", (await ask(site, "/city/time_to_close")).text)
    assert re.search(r"<label[^>]*>compare by</label>", (await ask(site, "/city/time_to_close")).text)
    assert re.search(r"<label[^>]*>my_word</label>", (await ask(site, "/city?sql=select+:my_word")).text)


REPLACED = {
    "base.html": "bb22df33caea147e",
    "query.html": "bc3559df0e209da9",
    "row.html": "ff5dde41541c39dd",
    "error.html": "c2115d1fdbff1a48",
    "_crumbs.html": "882c9d69e13363b4",
    "_footer.html": "d190d9e7dc5046c1",
    "_description_source_license.html": "13fcf73b733dadc5",
}


@pytest.mark.parametrize("name", REPLACED)
def test_datasettes_template_is_still_the_one_that_ours_stands_for(name):
    """If it changed, look at ours in hub/templates again, then write the new hash here."""
    original = Path(datasette.__file__).parent / "templates" / name
    assert hashlib.sha256(original.read_bytes()).hexdigest().startswith(REPLACED[name])


async def test_crawlers_may_read_pages_but_not_walk_the_facets(site):
    text = (await ask(site, "/robots.txt")).text
    assert "Disallow: /*?" in text and "Allow: /\n" in text


async def test_the_privacy_page_tells_the_tiers_of_this_release(site):
    page = (await ask(site, "/about/privacy")).text
    for group in ("Street Maintenance", "Housing", "People in Need"):
        assert group in page
    assert "at least 5 that look the same" in page and "at least 11 that look the same" in page
    assert "passed 3 of 3 automatic checks" in page


async def test_a_request_is_told_in_words_and_no_finer_than_its_tier(site):
    rows = (await ask(site, "/city/requests.json?_shape=array&_size=max")).json
    for tier, kind in {"A": "On ", "B": "In ", "C": "In the quarter"}.items():
        row = next(row for row in rows if row["tier"] == tier and row["status"] == "closed")
        page = (await ask(site, f"/requests/{row['public_id']}")).text
        assert f"<dd>{kind}" in page
        assert f"Tier {tier}" in page
        assert row["public_id"] in page
        if tier == "C":
            assert "Not told in this tier." in page and "The city as a whole." in page
    assert (await ask(site, "/requests/0000000000000000")).status == 404
    assert (await ask(site, "/requests/'or'1'='1")).status == 404


def test_periods_and_times_are_told_in_words():
    assert period("2025-03-03", "day") == "On 3 March 2025"
    assert period("2025-03-03", "week").startswith("In the week from 3 March 2025 to 9 March 2025;")
    assert period("2025-03-01", "month") == "In March 2025; the day is not told"
    assert period("2024-01-01", "year") == "In 2024; the day is not told"
    closed = {"status": "closed", "duration_hours": None, "duration_days": None}
    assert status(closed | {"duration_hours": 1}, "2025-06-30") == "Closed after 1 hour"
    assert status(closed | {"duration_hours": 50}, "2025-06-30") == "Closed after 2 days"
    assert status(closed | {"duration_days": 0}, "2025-06-30") == "Closed on the day it was opened"
    assert status(closed | {"duration_days": 1}, "2025-06-30") == "Closed after 1 day"
    assert "30 June 2025" in status({"status": "open"}, "2025-06-30")


def test_nothing_is_told_that_the_row_does_not_hold():
    row = {
        "service_name": None,
        "service_group": "Housing",
        "requested_bucket": "2025-03-01",
        "requested_grain": "month",
        "place_level": "h3_8",
        "place": "Ward 1",
        "status": "open",
        "on_time": "none",
        "agency_responsible": None,
        "late": 0,
        "text": None,
    }
    told = dict(facts(row, "2025-06-30"))
    assert told["Asked for"] == "Housing; its kind is not told"
    assert "How it ended" not in told and "Answers for it" not in told


def test_numbers_days_and_sizes_are_written_one_way():
    assert (number(1234567), number(43.0), number(None)) == ("1,234,567", "43.0", "–")
    assert (day("2025-06-01"), day(None)) == ("1 June 2025", "unknown")
    assert (in_bytes(12), in_bytes(1234), in_bytes(12_345_678), in_bytes(5_000_000_000)) == (
        "12 bytes",
        "1.2 kB",
        "12 MB",
        "5.0 GB",
    )
    assert (instant(0), instant(None)) == ("1 January 1970, 00:00 UTC", "never")
