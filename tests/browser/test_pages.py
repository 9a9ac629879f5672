"""What a visitor's browser meets on the pages of the hub, in the whole made-up city: on a desk, on a phone, by
keyboard, without script; and that nobody else is asked for anything."""

import re
from urllib.parse import urlencode

import httpx
import pytest

from tests.axe import violations
from tests.serving import running

WIDE, PHONE = 1280, 390
STREETS = urlencode({"service_group": "Streets and Sidewalks"})
SQL = urlencode({"sql": "select service_group, count(*) as n from service_requests group by 1 order by 2 desc"})
# page: what stands in its heading
PAGES = {
    "/": "What Larkhaven was asked",
    "/search?q=library": "Search",
    "/search?q=nothinglikethis": "Search",
    "/stories": "Stories",
    "/stories?q=harbor": "Stories",
    "/stories/lh-001": "The whistle at ten to seven",
    "REQUEST A": "",
    "REQUEST C": "",
    "/r": "What became of my report?",
    "/about/methods": "How the numbers are made",
    "/about/privacy": "What is told, and what is not",
    "/downloads": "Whole tables as files",
    "/city": "all tables and questions",
    "/city/service_requests?tier__exact=A&status__exact=open&_size=8": "Service requests",
    "/city/service_requests?tier__exact=Z": "Service requests",
    "/city/stories?_size=5": "Stories",
    "/city/budget_lines?_search=police&_size=8": "Budget lines",
    "/city/measures?_size=5": "Measures",
    "/city/stories/lh-001": "The whistle at ten to seven",
    f"/city/backlog_now?{STREETS}&by=district": "Open now, by age",
    "/city/headline_time_to_close": "Time to close",
    "/city/stories_found?q=nothinglikethis": "Stories",
    f"/city?{SQL}": "Ask in SQL",
    "/city?sql=select+nothing": "Ask in SQL",
    "/nothing": "There is nothing at this address",
    "/city/service_requests?_size=many": "That could not be answered",
}


@pytest.fixture(scope="module")
def city(larkhaven):
    """The address of the made-up city, served by the real command."""
    with running("serve", folder=larkhaven.parent) as server:
        yield server.url


@pytest.fixture(scope="module")
def address(city):
    """Where a page of PAGES is; a request of a tier is looked up in the release."""

    def of(target: str) -> str:
        if not target.startswith("REQUEST"):
            return city + target
        chosen = {"tier__exact": target[-1], "_size": 1, "_shape": "array"}
        return (
            f"{city}/requests/{httpx.get(f'{city}/city/service_requests.json', params=chosen).json()[0]['public_id']}"
        )

    return of


@pytest.fixture(scope="module")
def visit(chromium, city, address):
    """`visit(target, width=390)` opens a page; what goes wrong in it is kept in page.errors and page.elsewhere."""
    contexts = {}

    def open_it(target: str, *, width: int = WIDE, script: bool = True):
        if (width, script) not in contexts:
            size = {"width": width, "height": 900}
            contexts[width, script] = chromium.new_context(viewport=size, bypass_csp=script, java_script_enabled=script)
        page = contexts[width, script].new_page()
        page.errors, page.elsewhere = [], []
        page.route("**/*", lambda route: _let_in(route, city, page.elsewhere))
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        page.on("console", lambda said: page.errors.append(said.text) if said.type == "error" else None)
        page.answer = page.goto(address(target))
        return page

    yield open_it
    for context in contexts.values():
        context.close()


def _let_in(route, city: str, elsewhere: list[str]) -> None:
    if route.request.url.startswith((f"{city}/", "data:")):
        route.continue_()
    else:
        elsewhere.append(route.request.url)
        route.abort()


def scrolls_sideways(page) -> bool:
    return page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


@pytest.mark.parametrize("width", [WIDE, PHONE])
@pytest.mark.parametrize("target", PAGES)
def test_a_page_is_whole_can_be_read_by_anyone_and_asks_nobody_else(visit, target, width):
    page = visit(target, width=width)
    assert PAGES[target] in page.locator("h1").inner_text()
    assert not scrolls_sideways(page)
    assert violations(page) == []
    # A browser reports the status of an error page itself.
    assert [error for error in page.errors if "the server responded with a status of" not in error] == []
    assert page.elsewhere == []
    page.close()


@pytest.mark.parametrize("target", ["/", "/city/service_requests", f"/city?{SQL}"])
def test_a_page_fits_the_narrowest_phone(visit, target):
    page = visit(target, width=320)
    assert not scrolls_sideways(page)
    page.close()


def test_a_page_that_asked_elsewhere_would_be_noticed(visit):
    """So that the test above can fail."""
    page = visit("/")
    page.evaluate("document.body.append(Object.assign(new Image(), {src: 'http://192.0.2.1/pixel.gif'}))")
    page.wait_for_timeout(200)
    assert page.elsewhere == ["http://192.0.2.1/pixel.gif"]
    page.evaluate(
        "document.body.append(Object.assign(document.createElement('div'), {style: 'width: 3000px; height: 1px'}))"
    )
    assert scrolls_sideways(page)
    page.evaluate("document.documentElement.removeAttribute('lang')")
    assert [found for found in violations(page) if found.startswith("html-has-lang")]
    page.close()


# page: what must be on it before any script has run
WITHOUT_SCRIPT = {
    "/": (r"[\d.,]+ days", r"n = [\d,]+", "95 % interval", "read ="),
    "/search?q=library": ("Stories", r"\d+ found"),
    "/stories/lh-001": ("You did not need a clock", "Cite as"),
    "/city": ("Ready questions", "Service requests", "58,"),
    "/city/service_requests": (r"[\d,]+ rows", "service_group", "Next page"),
    f"/city/closing_curve?{STREETS}": ("with chosen as", r"\d+ rows", r"0\.\d+"),
    "/city?" + SQL: ("select service_group", "Streets and Sidewalks", r"\d,\d{3}"),
    "/downloads": (r"[0-9a-f]{64}", "Parquet"),
    "/about/privacy": ("at least 11 that look the same",),
}


@pytest.mark.parametrize("target", WITHOUT_SCRIPT)
def test_a_page_is_complete_without_script(visit, target):
    page = visit(target, width=PHONE, script=False)
    said = re.sub(r"<[^>]+>", "", page.content())
    for words in WITHOUT_SCRIPT[target]:
        assert re.search(words, said), words
    page.close()


OUTLINE = "(s => [s.outlineStyle, parseFloat(s.outlineWidth)])(getComputedStyle(document.activeElement))"


@pytest.mark.parametrize("target", ["/", "/city/stories", "/city/slowest_groups", "/stories/lh-001"])
def test_the_keyboard_meets_the_way_past_the_menu_first_and_sees_where_it_is(visit, target):
    page = visit(target)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    assert page.locator("a.skip").bounding_box()["x"] >= 0
    for _ in range(12):
        style, width = page.evaluate(OUTLINE)
        assert style != "none" and width >= 2, page.evaluate("document.activeElement.outerHTML")
        page.keyboard.press("Tab")
    page.locator("a.skip").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.close()


def test_a_resident_finds_a_story_by_searching(visit):
    page = visit("/", width=PHONE)
    page.get_by_label("Search requests, budget, projects and stories").fill("whistle mill")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="The whistle at ten to seven").click()
    assert page.locator("h1").inner_text() == "The whistle at ten to seven"
    page.close()


def test_a_journalist_chooses_from_what_there_is_and_takes_the_answer_home(visit):
    page = visit("/city/time_to_close")
    offered = page.locator("#of1 option").evaluate_all("all => all.map(one => one.value)")
    assert "Trees and Parks" in offered
    page.get_by_label("service group").fill("Trees and Parks")
    page.get_by_label("compare by").fill("district")
    page.get_by_role("button", name="Answer").click()
    page.wait_for_url("**service_group=Trees**by=district**")
    assert page.locator("table.answer tbody tr").count() > 5
    assert page.locator("table.answer th").first.inner_text() == "label"
    page.get_by_text("The query that gives this answer").click()
    assert page.get_by_label("SQL of this query").is_visible()
    with page.expect_response("**.csv**") as answer:
        page.evaluate("url => fetch(url)", page.get_by_role("link", name="CSV").get_attribute("href"))
    assert answer.value.status == 200
    page.close()


def test_a_table_shows_all_its_columns_or_says_that_there_are_more(visit):
    """What is hidden to the right is not noticed by itself."""
    hidden = "box => box.scrollWidth - box.clientWidth"
    page = visit("/city/time_to_close")
    assert page.eval_on_selector(".table-wrapper", hidden) <= 1
    assert not page.locator("p.sideways").is_visible()
    page = visit("/city/time_to_close", width=PHONE)
    assert page.eval_on_selector(".table-wrapper", hidden) > 1
    assert page.locator("p.sideways").is_visible()


def test_a_wide_answer_is_scrolled_by_keyboard_and_its_first_column_stays(visit):
    page = visit("/city/time_to_close", width=PHONE)
    region = page.get_by_role("region", name="Rows")
    region.focus()
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    page.wait_for_timeout(400)
    assert region.evaluate("region => region.scrollLeft") > 0
    assert region.locator("tbody td").first.bounding_box()["x"] >= 0
    page.close()


def test_a_table_on_a_phone_names_each_value_and_leaves_out_what_is_not_told(visit):
    page = visit("/city/service_requests?tier__exact=C", width=PHONE)
    cell = page.locator("td.col-service_group").first
    assert cell.evaluate("cell => getComputedStyle(cell, '::before').content") == '"service_group"'
    assert not page.locator("td.col-service_name").first.is_visible()
    page.close()


def test_the_sql_editor_has_a_name_and_runs_what_is_written(visit):
    page = visit(f"/city?{SQL}")
    page.locator(".CodeMirror textarea[aria-label=SQL]").wait_for(state="attached")
    page.get_by_role("button", name="Run SQL").click()
    page.wait_for_load_state()
    assert page.locator("table.answer tbody tr").count() == 11
    page.close()
