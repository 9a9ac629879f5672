"""A city's own logo and icon: drawings from beside city.yml, served from memory, and nothing that does more than draw."""

from pathlib import Path

import pytest

from dashboards import markup, theme
from hub.app import build
from tests.asking import ask
from tests.town import Town, requests

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{}</svg>'
LOGO = SVG.format('<g fill="#fff"><path d="M0 0h9v9z"/></g>')
ICON = SVG.format('<defs><linearGradient id="a"/></defs><circle r="4" fill="url(#a)"/>')


def drawn(folder: Path, **files: str) -> Town:
    town = Town.found(folder)
    for name, text in files.items():
        (folder / f"{name}.svg").write_text(text, "utf-8")
    town.describe({"brand": {name: f"{name}.svg" for name in files}})
    return town


async def test_logo_and_icon_are_shown_as_the_release_has_them(tmp_path):
    town = drawn(tmp_path / "town", logo=LOGO, icon=ICON)
    town.receive(*requests(range(20)))
    town.run()
    site = build(town.data, Town.found(tmp_path / "other").city)  # the release has its own
    assert '<img src="/brand-logo.svg" alt=""' in (await ask(site, "/")).text
    answer = await ask(site, "/brand-logo.svg")
    assert (answer.text, answer.headers["content-type"]) == (LOGO, "image/svg+xml")
    assert (await ask(site, "/brand.svg")).text == ICON
    look = theme.read(town.release.metadata)  # and on the dashboards
    assert '<img src="/brand-logo.svg" alt="">' in markup.band(look.name, [], look.has_logo)


async def test_a_city_without_a_logo_has_its_name(site):
    assert "/brand-logo.svg" not in (await ask(site, "/")).text
    assert (await ask(site, "/brand-logo.svg")).status == 404
    assert "<text" in (await ask(site, "/brand.svg")).text  # its first letter


BAD = {
    "a script": SVG.format("<script>alert(1)</script>"),
    "a listener": SVG.format('<g onclick="alert(1)"/>'),
    "a picture from elsewhere": SVG.format('<image href="https://example.org/a.png"/>'),
    "a link": SVG.format('<use href="https://example.org/a.svg#b"/>'),
    "a style from elsewhere": SVG.format("<style>@import 'https://example.org/a.css'</style>"),
    "a fill from elsewhere": SVG.format('<path fill="url(https://example.org/a)"/>'),
    "foreign content": SVG.format('<foreignObject><p xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>'),
    "an entity": '<!DOCTYPE svg [<!ENTITY a "b">]>' + LOGO,
    "no drawing": "<html></html>",
    "no XML": "GIF89a",
    "too much": SVG.format("<g/>" * 20_000),
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_what_is_more_than_a_drawing_is_refused_with_its_line(tmp_path, text):
    said = drawn(tmp_path, logo=text).command("check")
    assert said.code == 3 and "brand.logo is 'logo.svg'" in said.err and "city.yml:" in said.err


def test_a_drawing_that_is_not_there_is_named(tmp_path):
    town = Town.found(tmp_path)
    town.describe({"brand": {"icon": "nowhere.svg"}})
    said = town.command("check")
    assert said.code == 3 and "nowhere.svg' cannot be read" in said.err.replace(", which cannot", " cannot")
