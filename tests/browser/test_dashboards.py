"""What a visitor's browser meets on the dashboards: whole pages, no foreign server, nothing out of reach."""

import hashlib
import re
from collections import Counter
from io import BytesIO
from pathlib import Path

import pytest

from hub.brand import contrast

VENDOR = Path(__file__).parent / "vendor"
AXE = VENDOR / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# address, charts and maps on it
VIEWS = {
    "": 2,
    "resolution_times": 3,
    "resolution_times?show=Fixed+on+time&by=district": 1,
    "resolution_times?show=Backlog": 3,
    "map": 1,
    "stories": 1,
    "stories?id=st-2025-00001": 0,
    "budget": 2,
    "capital_projects": 2,
}
MAPS = ("maps/requests", "maps/stories", "maps/capital")


def tables_opened(page) -> None:
    for summary in page.query_selector_all("[data-testid=stExpander] summary"):
        summary.click()
    page.wait_for_timeout(500)


def violations(page) -> list[str]:
    """What axe finds, on the page and in the frames on it."""
    for frame in page.frames:
        frame.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("tags => axe.run(document, {runOnly: tags})", RULES)["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:200]}" for one in found]


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", VIEWS)
def test_a_view_is_whole_reachable_and_asks_nobody_else(open_page, path, width):
    page = open_page(path, width=width)
    tables_opened(page)
    assert page.query_selector("[data-testid=stException]") is None
    assert page.locator("h1").count() == 1
    assert page.locator(".js-plotly-plot, iframe").count() == VIEWS[path]
    main = page.evaluate("(m => [m.scrollWidth, m.clientWidth])(document.querySelector('[data-testid=stMain]'))")
    assert main[0] <= main[1], "the page scrolls sideways"
    assert page.errors == []
    assert violations(page) == []
    assert page.asked_elsewhere == []


@pytest.mark.parametrize("path", ["", "map", "budget", "stories?id=st-2025-00001"])
def test_a_view_can_be_read_on_a_dark_screen(open_page, path):
    page = open_page(path, dark=True)
    tables_opened(page)
    assert page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor") == "rgb(20, 24, 29)"
    assert violations(page) == []


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", MAPS)
def test_a_map_is_drawn_without_anybody_elses_server(open_page, path, width):
    page = open_page(path, width=width)
    colours = pixels(page.screenshot())
    assert len([count for count in colours.values() if count > sum(colours.values()) / 1000]) >= 4, "one flat colour"
    assert violations(page) == []
    assert page.errors == []
    assert page.asked_elsewhere == []


def test_a_map_without_its_base_map_is_emptier(open_page):
    """So the test above would see a base map that fails to load."""
    with_tiles = open_page("maps/stories")
    assert with_tiles.evaluate(DRAWN_TILES) > 0
    without = open_page("maps/stories")
    without.route("**/basemap.pmtiles*", lambda route: route.abort())
    without.reload()
    without.wait_for_timeout(1500)
    assert without.evaluate(DRAWN_TILES) == 0


# Tiles on which something other than nothing is painted.
DRAWN_TILES = """() => [...document.querySelectorAll('.leaflet-tile-pane canvas')].filter(canvas =>
    canvas.width && canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(value => value)
).length"""


def test_a_map_inside_a_view_is_drawn_too(open_page):
    page = open_page("map")
    page.locator("iframe").scroll_into_view_if_needed()
    page.wait_for_timeout(1500)
    colours = pixels(page.locator("iframe").screenshot())
    assert len([count for count in colours.values() if count > sum(colours.values()) / 1000]) >= 5


def test_an_area_says_how_many_when_it_is_pointed_at(open_page):
    page = open_page("maps/requests?level=h3_8")
    box = page.viewport_size
    for x in range(box["width"] // 3, box["width"] * 2 // 3, 12):
        page.mouse.move(x, box["height"] // 2)
        if page.locator(".leaflet-tooltip").count():
            break
    assert re.search(r"[\d,]+ requests", page.locator(".leaflet-tooltip").inner_text())


def test_a_choice_goes_into_the_address_and_comes_back_from_it(open_page):
    page = open_page("resolution_times?by=district&service_group=Trees")
    assert page.get_by_role("heading", name="Time to close, by district").count() == 1
    assert page.get_by_role("heading", name="Still open, day by day: Trees").count() == 1
    page.get_by_role("radio", name="Backlog").or_(page.get_by_role("button", name="Backlog")).first.click()
    page.wait_for_url("**show=Backlog**")
    page.get_by_role("heading", name="Open now, by age").wait_for()


def test_a_story_is_opened_from_the_list_and_keeps_its_language(open_page):
    page = open_page("stories?q=abuela")
    link = page.get_by_role("link", name="La tienda de mi abuela")
    assert link.get_attribute("lang") == "es"
    link.click()
    page.get_by_role("heading", name="La tienda de mi abuela", level=1).wait_for()
    assert page.locator(".cg-told").get_attribute("lang") == "es"


def test_on_a_phone_the_menu_is_in_sight_and_the_picture_button_covers_no_legend(open_page):
    page = open_page("resolution_times", width=390)
    for name in ("Larkhaven Open City", "Data", "Overview", "Map", "Budget", "Capital projects"):
        box = page.get_by_role("link", name=name, exact=True).first.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390 and box["y"] < 250, name
    chart = page.locator(".js-plotly-plot").last
    chart.hover()
    button, legend = (chart.locator(part).bounding_box() for part in (".modebar", ".legend"))
    assert button["y"] + button["height"] <= legend["y"]


@pytest.mark.parametrize("dark", [False, True])
def test_the_edge_of_a_field_stands_out_from_its_ground(open_page, dark):
    page = open_page("stories", dark=dark)
    ground = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
    for field in ("[data-testid=stSelectbox] [role=group]", "[data-testid=stTextInputRootElement]"):
        edge = page.locator(field).first.evaluate("field => getComputedStyle(field).borderTopColor")
        assert contrast(hexadecimal(edge), hexadecimal(ground)) >= 3, field


def hexadecimal(colour: str) -> str:
    return "#" + "".join(f"{int(part):02x}" for part in re.findall(r"\d+", colour)[:3])


def test_on_a_phone_the_legend_stands_under_its_map(open_page):
    page = open_page("maps/requests", width=390)
    drawn, legend = (page.locator(part).bounding_box() for part in (".folium-map", ".legend"))
    assert legend["y"] >= drawn["y"] + drawn["height"] - 1
    assert legend["y"] + legend["height"] <= 900


def test_a_table_can_be_scrolled_by_keyboard(open_page):
    page = open_page("budget", width=390)
    table = page.get_by_role("region", name="Sum of the lines beside the city's own total")
    table.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_timeout(400)
    assert table.evaluate("table => document.activeElement === table && table.scrollLeft > 0")


def test_the_checker_is_the_one_that_was_reviewed():
    listed = dict(reversed(line.split()) for line in (VENDOR / "SHA256SUMS").read_text("utf-8").splitlines())
    assert listed == {name: hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() for name in listed}


def pixels(picture: bytes) -> Counter:
    from PIL import Image

    with Image.open(BytesIO(picture)) as image:
        return Counter(zip(*[iter(image.convert("RGB").tobytes())] * 3, strict=True))
