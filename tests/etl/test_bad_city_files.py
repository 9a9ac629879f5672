"""A mistake in city.yml is answered with its line, what was meant, and exit code 3; never with a traceback."""

import json

import pytest
import yaml
from shapely.geometry import shape

from tests.town import Said, Town, requests

SOUND = """city:
  name: Tinytown
  slug: tinytown
  time_zone: America/New_York
  bbox: [-71.0, 43.0, -70.8, 43.2]
sources:
  requests:
    adapter: files
    location: requests.csv
    as_of: "2024-07-01"
    fields:
      service_request_id: id
      requested_datetime: opened
    layout:
      statuses: {Todo: open}
      dates: ["%Y-%m-%d"]
  budget:
    location: budget.csv
    layout:
      totals: []
"""


def swap(old: str, new: str) -> str:
    assert old in SOUND
    return SOUND.replace(old, new, 1)


# what is wrong: (the text, what the message must hold)
BAD = {
    "unknown key": (swap("sources:", "soruces:"), ["city.yml:6: unknown key 'soruces'", "did you mean 'sources'?"]),
    "unknown key within": (swap("time_zone", "timezone"), ["city.yml:4: unknown key 'city.timezone'", "'time_zone'"]),
    "far from any key": (swap("adapter", "zzz"), ["city.yml:8: unknown key 'sources.requests.zzz'", "known keys here"]),
    "wrong type": (swap("Tinytown", "[a]"), ["city.yml:2: city.name is ['a']", "must be text"]),
    "number for text": (swap("Tinytown", "17"), ["city.yml:2: city.name is 17", "must be text"]),
    "text for number": (swap("43.2]", "north]"), ["city.yml:5: city.bbox[3] is 'north'", "must be a number"]),
    "text for a list": (swap('["%Y-%m-%d"]', "today"), ["city.yml:16:", "layout.dates must be a list"]),
    "nothing for a mapping": (swap("layout:\n      totals: []", "layout:"), ["city.yml:19:", "must be a mapping"]),
    "key twice": (swap("  name: Tinytown\n", "  name: A\n  name: B\n"), ["city.yml:3: city.name stands twice"]),
    "key missing": (swap("  slug: tinytown\n", ""), ["city.slug is missing", "add `slug:` under `city:`"]),
    "no such zone": (swap("America/New_York", "America/Tiny"), ["city.yml:4: city.time_zone is 'America/Tiny'"]),
    "zone is a path": (swap("America/New_York", "../etc/passwd"), ["which is no time zone"]),
    "box inside out": (swap("[-71.0, 43.0, -70.8, 43.2]", "[-70.8, 43, -71, 43.2]"), ["city.yml:5: city.bbox", "west"]),
    "half a box": (swap(", 43.2]", "]"), ["city.yml:5: city.bbox is [-71.0, 43.0, -70.8]"]),
    "slug with blanks": (swap("slug: tinytown", "slug: Tiny Town"), ["city.yml:3: city.slug", "small letters"]),
    "no language": (
        swap("  slug:", "  languages: []\n  slug:"),
        ["city.yml:3: city.languages is []", "one or more of: en, es"],
    ),
    "no such language": (swap("  slug:", "  languages: [en, xx]\n  slug:"), ["city.yml:3: city.languages", "'xx'"]),
    "fewer than nobody": (
        swap("  slug:", "  population: -5\n  slug:"),
        ["city.yml:3: city.population is -5", "leave it out"],
    ),
    "no such dataset": (swap("budget:", "trees:"), ["city.yml:17: sources.trees", "name it one of: requests, budget"]),
    "no such column": (swap("requested_datetime:", "opened_at:"), ["city.yml:13: sources.requests.fields.opened_at"]),
    "no such adapter": (
        swap("adapter: files", "adapter: carrier pigeon"),
        ["city.yml:8: sources.requests.adapter is 'carrier pigeon'", "known are: arcgis, "],
    ),
    "adapter misspelt": (
        swap("adapter: files", "adapter: cakn"),
        ["city.yml:8: sources.requests.adapter is 'cakn'", "did you mean 'ckan'?"],
    ),
    "time that is none": (swap('"2024-07-01"', '"soon"'), ["city.yml:10: sources.requests.as_of is 'soon'"]),
    "day that is none": (swap('"2024-07-01"', "2024-13-45"), ["city.yml:10: sources.requests.as_of is '2024-13-45'"]),
    "status that is none": (swap("{Todo: open}", "{Todo: pending}"), ["city.yml:15:", "'pending'", "of: open, closed"]),
    "form that is none": (swap("%Y-%m-%d", "%Q"), ["city.yml:16:", "'%Q'", "a form such as"]),
    "epoch of what": (swap("dates:", "epoch: hours\n      dates:"), ["'hours'", "one of: seconds, milliseconds"]),
    "long delimiter": (swap("dates:", "delimiter: ', '\n      dates:"), ["', '", "one character"]),
    "half a point": (swap("dates:", "default_points: [[43]]\n      dates:"), ["[43]", "a latitude and a longitude"]),
    "sentinel that is none": (swap("dates:", "sentinels: [never]\n      dates:"), ["'never'", "a day such as"]),
    "ending that is none": (
        swap("dates:", "dispositions: [{contains: x, is: finished}]\n      dates:"),
        ["'finished'", "one of: done, enforced"],
    ),
    "half a rule": (swap("dates:", "dispositions: [{is: done}]\n      dates:"), ["an entry has no contains"]),
    "a rule for two things": (
        swap("dates:", "dispositions: [{kind: x, contains: y, is: done}]\n      dates:"),
        ["an entry has contains 'y' and kind 'x'", "make two entries of it"],
    ),
    "half a total": (swap("totals: []", "totals: [{of: {stage: actual}, cents: 1}]"), ["no direction, fiscal_year"]),
    "colour by name": (SOUND + "brand: {colours: {primary: red}}\n", ["city.yml:21: brand.colours.primary", "#rrggbb"]),
    "colours that nobody can tell apart": (
        SOUND + "brand:\n  colours: {primary: '#9fb8bd'}\n",
        [
            "city.yml:22: brand.colours: primary #9fb8bd on background #ffffff has contrast 2.0",
            "short",
            "4.5 is the least",
        ],
    ),
    "no page at all": (SOUND + "pages: {views: []}\n", ["city.yml:21: pages.views is empty", "overview"]),
    "no such colour": (SOUND + "brand: {colours: {shoe: '#000000'}}\n", ["brand.colours.shoe is unknown"]),
    "k below the policy": (
        SOUND + "privacy: {k: {B: 3}}\n",
        ["city.yml:21: privacy.k.B is 3, looser than the policy's 5"],
    ),
    "k for no tier": (SOUND + "privacy:\n  k: {Z: 20}\n", ["city.yml:22: privacy.k.Z is for no tier", "k for B and C"]),
    "looser column": (SOUND + "privacy: {columns: {address: public}}\n", ["privacy.columns.address is 'public'"]),
    "no such private column": (SOUND + "privacy: {columns: {adress: withheld}}\n", ["privacy.columns has 'adress'"]),
    "the key withheld": (SOUND + "privacy: {columns: {service_request_id: withheld}}\n", ["can do without"]),
    "sooner than at once": (SOUND + "privacy: {delay_days: -1}\n", ["city.yml:21: privacy.delay_days is -1"]),
    "keep none": (SOUND + "publish: {keep: 0}\n", ["city.yml:21: publish.keep is 0"]),
    "publish hourly": (SOUND + "publish: {every: hour}\n", ["city.yml:21: publish.every is 'hour'", "day"]),
    "no such page": (SOUND + "pages: {datasets: [trees]}\n", ["pages.datasets has 'trees'", "known datasets"]),
    "no such dashboard": (
        SOUND + "pages: {views: [parking]}\n",
        ["pages.views has 'parking'", "known views: overview"],
    ),
    "broken yaml": (swap("slug: tinytown", "slug: [tinytown"), ["city.yml:4:", "mend the YAML on that line"]),
    "tab": (swap("  slug", "\tslug"), ["city.yml:3:", "mend the YAML"]),
    "two documents": (SOUND + "---\na: b\n", ["city.yml:21:", "mend the YAML"]),
    "key that is a list": (SOUND + "? [a, b]\n: c\n", ["city.yml:21: a key must be one word"]),
    "code in a tag": (swap("Tinytown", "!!python/name:os.system"), ["city.yml:2: city.name is", "means nothing"]),
    "empty": ("", ["city.yml is empty", "cityglass init"]),
    "only a comment": ("# nothing\n", ["city.yml is empty"]),
    "a list": ("- a\n", ["city.yml:1: the file must be a mapping"]),
    "a word": ("hello\n", ["city.yml:1: the file must be a mapping"]),
}
GATE = {"k below the policy"}


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    town = Town.found(tmp_path_factory.mktemp("yml"))
    town.receive(*requests(range(3)))
    return town


def check(town: Town, text: str | bytes) -> Said:
    town.yml.write_bytes(text if isinstance(text, bytes) else text.encode())
    return town.command("check")


def test_the_file_from_which_all_of_them_are_made_is_sound(town):
    assert yaml.safe_load(SOUND)["city"]["slug"] == "tinytown"
    said = check(town, SOUND.replace("  budget:\n    location: budget.csv\n    layout:\n      totals: []\n", ""))
    assert said.code == 0, said.err


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_is_answered_with_its_line_and_the_cure(town, name):
    text, words = BAD[name]
    said = check(town, text)
    assert (said.code, said.out) == (6 if name in GATE else 3, "")
    assert [word for word in words if word not in said.err] == []
    assert "To mend it: " in said.err and "Traceback" not in said.err


def test_a_file_that_is_not_utf8_is_named(town):
    said = check(town, swap("Tinytown", "Tínytown").encode("latin-1"))
    assert (said.code, "city.yml is not UTF-8" in said.err) == (3, True)


@pytest.mark.parametrize(
    ("place", "words"), [("none.yml", "does not exist"), (".", "cannot be read"), ("city.yml/x", "cannot be read")]
)
def test_a_file_that_cannot_be_read_is_named(town, place, words):
    said = Town(town.folder).command("check", "--city", town.folder / place)
    assert (said.code, words in said.err) == (3, True)


def test_a_source_that_the_city_does_not_have_cannot_be_read_from_elsewhere(town):
    check(town, SOUND)
    said = town.command("check", "--from", "budgets=x.csv")
    assert (said.code, "--from names 'budgets'" in said.err, "requests, budget" in said.err) == (3, True, True)
    said = town.command("check", "--from", "requests")
    assert (said.code, "is not SOURCE=PATH" in said.err) == (3, True)


def test_a_city_whose_sources_have_no_place_says_how_to_give_one(town):
    check(town, SOUND.replace("    location: requests.csv\n", "").replace("    location: budget.csv\n", ""))
    said = town.command("pull")
    assert (said.code, "has a location" in said.err, "--from requests=PATH" in said.err) == (3, True, True)
    assert "read it with --from requests=PATH" in town.command("check").out


def layer(geometry: dict) -> str:
    return json.dumps({"features": [{"properties": {"name": "a"}, "geometry": geometry}]})


BOUNDARIES = {
    "no outline": (layer({"type": "Polygon"}), "feature 1"),
    "no feature": ('{"features": [7]}', "feature 1 has no outline"),
    "no area": (layer({"type": "Point", "coordinates": [1, 2]}), "no feature with name"),
    "nothing left": (layer({"type": "Polygon", "coordinates": []}), "no feature with name"),
    "no name": ('{"features": [{"properties": {"label": "a"}, "geometry": {}}]}', "sources.boundaries.fields.name"),
    "no layer": ('{"status": "Processing"}', "no GeoJSON FeatureCollection"),
    "no json": ("<html>", "no GeoJSON FeatureCollection"),
}


@pytest.mark.parametrize("name", BOUNDARIES)
def test_boundaries_that_cannot_be_drawn_are_refused(town, name):
    text, words = BOUNDARIES[name]
    (town.folder / "bad.geojson").write_text(text, "utf-8")
    town.yml.write_text(SOUND.replace("  budget:", "  boundaries: {location: bad.geojson}\n  budget:"), "utf-8")
    said = town.command("check")
    assert (said.code, words in said.err, "bad.geojson" in said.err) == (4, True, True)


def test_an_outline_that_crosses_itself_is_mended(tmp_path):
    town = Town.found(tmp_path)
    bow = [[-71.0, 43.0], [-70.8, 43.2], [-71.0, 43.2], [-70.8, 43.0], [-71.0, 43.0]]
    (tmp_path / "wards.geojson").write_text(layer({"type": "Polygon", "coordinates": [bow]}), "utf-8")
    town.receive(*requests(range(3)))
    town.pull()
    [(outline,)] = town.vault("select geometry from areas")
    assert json.loads(outline)["type"] == "MultiPolygon" and shape(json.loads(outline)).is_valid
