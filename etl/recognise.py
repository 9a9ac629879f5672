"""Which platform an address belongs to, and a commented city.yml for it: what `cityglass init --from URL` writes."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

import yaml

from etl import canonical
from etl.box import Box, box_of, places_of
from etl.check import first_page
from etl.pull import REAL, Clock, asking
from etl.sources import SOURCES
from etl.sources.over_http import blotted, unasked
from etl.sources.page import plain
from hub.city import COLOURS, Brand, City
from hub.datasets import DATASETS
from hub.errors import CityglassError, SourceError
from hub.policy import HERE as POLICIES
from hub.schema import Dataset, Privacy
from hub.source import Source
from hub.strict_yaml import Loader

CITIES = Path(__file__).parent / "cities"
START = POLICIES / "start.yml"
REQUESTS = DATASETS["service_requests"]
UNASKED = (Privacy.TEXT,)
WORLD = (-180.0, -90.0, 180.0, 90.0)
DEGREES = "west, south, east, north in degrees"
GUESSED = f"correct this: {DEGREES}; most places of the first page lie in it"
UNKNOWN = f"correct this before anything is read: {DEGREES}; the source did not tell where its places lie"
LAYOUTS = {"arcgis": "    layout: {epoch: milliseconds}\n"}  # what every system of a platform does
TEXT = """\
# {name}: written from {about}, which is {article} {adapter} source.
# 1. Correct what is marked here and in policies/service_requests.yml, which withholds every kind of request so far.
# 2. cityglass check: what would become of each column. cityglass pull: reads the source, publishes nothing.
# 3. cityglass policy draft: proposes a tier for every kind that was read; correct each line, move it into the policy.
# 4. cityglass run --sign-off "NAME, ROLE": signs the policy and publishes.
city:
  name: {name} # correct this
  slug: {slug} # correct this: a short name in small letters; do not change it later
  time_zone: America/New_York # correct this: the zone of dates without one
  bbox: {bbox} # {why}
sources:
  requests:
    adapter: {adapter}
    location: {url}
{credentials}{fields}{layout}{others}"""


def city_from(url: str, path: Path, credentials: str = "", clock: Clock = REAL) -> tuple[str, str]:
    """(adapter, text of the city.yml that will stand at `path`) for an address; `credentials` as they stand in it. Raises
    SourceError if no platform is recognised, or naming what each one said that seemed to fit."""
    problems = []
    for name in sorted(SOURCES, key=lambda name: name == "files"):  # a table of a platform is no mere file
        if not SOURCES[name].recognises(url):
            continue
        try:
            columns, box = _seen(
                Source(path, "requests", REQUESTS.name, name, (url,), "UTC", {}, {}, credentials=credentials), clock
            )
            return name, _written(url, name, columns, box, credentials)
        except CityglassError as error:
            problems.append(f"as {name}: {blotted(error.message, url)}")
    known = ", ".join(sorted(SOURCES))
    told = "; ".join(problems) or "its form is that of no platform we know"
    cure = f"give the address of a table, and --credentials NAME if it lets nobody in without; platforms: {known}"
    raise SourceError(f"{unasked(url)} is not recognised ({told}).", cure)


def _seen(source: Source, clock: Clock) -> tuple[list[str], Box | None]:
    """The names of the columns that the system tells, and the box in which most places of its first page lie."""
    adapter, city = (
        source.adapter,
        City(source.path, "", "city", "UTC", Brand("", COLOURS), WORLD, {"requests": source}),
    )
    with asking(city, source, clock) as asked:
        columns = list(SOURCES[adapter].probe(replace(asked, columns=frozenset())).get("columns", ()))
    fields = fields_for(columns)
    if not {"lat", "long"} <= fields.keys():
        return columns, None
    source = replace(source, fields=fields)
    try:
        with asking(city, source, clock) as asked:
            page = first_page(SOURCES[adapter], replace(asked, known=SOURCES[adapter].probe(asked)))
    except CityglassError:  # what is wrong with its rows `check` tells
        page = None
    return columns, box_of(places_of(page.rows, source)) if page else None


@cache
def _known_names() -> dict[str, list[str]]:
    """record column -> every name that a ready city's system has for it, the standard's own first."""
    names: dict[str, list[str]] = {c.name: [c.name] for c in REQUESTS.record}
    for path in sorted(CITIES.glob("*.yml")):
        spec = yaml.load(path.read_text("utf-8"), Loader)["sources"]["requests"]
        for column, given in [*spec.get("fields", {}).items(), *spec.get("fallback", {}).get("fields", {}).items()]:
            if not isinstance(given, dict):
                names[column] += [given] if isinstance(given, str) else given
    return names


def fields_for(columns: list[str], dataset: Dataset = REQUESTS) -> dict[str, str]:
    """A field map for columns by their names, as far as they are known from other cities."""
    here = {plain(name): name for name in columns}
    read = [c.name for c in dataset.record if c.privacy not in UNASKED or c.name in canonical.READ_ONLY]
    found = {name: [alias for alias in _known_names()[name] if plain(alias) in here] for name in read}
    return {name: here[plain(aliases[0])] for name, aliases in found.items() if aliases}


def _written(url: str, adapter: str, columns: list[str], box: Box | None, credentials: str) -> str:
    host = urlsplit(url).hostname or "city"
    slug = re.sub(r"[^a-z]+", "_", host.removeprefix("data.").removeprefix("www.").split(".")[0].lower()).strip("_")
    fields = fields_for(columns)
    missing = [c.name for c in REQUESTS.record if c.required and c.name not in fields]
    lines = [f"      {name}: {_quoted(column)}\n" for name, column in fields.items() if name != column or missing]
    lines += [f"      {name}: [] # name the column that holds it\n" for name in missing]
    left = [name for name in columns if name not in fields.values()]
    others = "".join(f"    # not read: {', '.join(left[at : at + 8])}\n" for at in range(0, len(left), 8))
    return TEXT.format(
        name=(slug or "city").replace("_", " ").title(),
        slug=slug or "city",
        url=url,
        about=unasked(url),
        adapter=adapter,
        article="an" if adapter[0] in "aeio" else "a",
        bbox=list(box or WORLD),
        why=GUESSED if box else UNKNOWN,
        fields="    fields:\n" + "".join(lines) if lines else "",
        credentials=f"    credentials: {_quoted(credentials)}\n" if credentials else "",
        layout=LAYOUTS.get(adapter, ""),
        others=others,
    )


def policy_for(slug: str, clock: Clock = REAL) -> str:
    """The text of a policy that withholds every kind of request, to be looked at again in a year."""
    today = datetime.fromtimestamp(clock.now(), UTC).date()
    return Template(START.read_text("utf-8")).substitute(slug=slug, review=today + timedelta(days=365))


def _quoted(column: str) -> str:
    return column if re.fullmatch(r"[A-Za-z_][\w.]*", column) else repr(column)
