"""Which platform an address belongs to, and a commented city.yml for it: what `cityglass init --from URL` writes."""

import re
from dataclasses import replace
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from etl import canonical
from etl.pull import REAL, Clock, asking
from etl.sources import SOURCES
from etl.sources.page import plain
from hub.city import COLOURS, Brand, City
from hub.datasets import DATASETS
from hub.errors import CityglassError, SourceError
from hub.schema import Dataset, Privacy
from hub.source import Source

CITIES = Path(__file__).parent / "cities"
REQUESTS = DATASETS["service_requests"]
UNASKED = (Privacy.TEXT,)
TEXT = """\
# {name}: written from {url}, which is {article} {adapter} source.
# Correct what is marked, read the policy that `cityglass policy` proposes, then: cityglass check, cityglass run.
city:
  name: {name} # correct this
  slug: {slug}
  time_zone: America/New_York # correct this: the zone of dates without one
  bbox: {bbox} # correct this: west, south, east, north in degrees
sources:
  requests:
    adapter: {adapter}
    location: {url}
{fields}{others}"""


def city_from(url: str, clock: Clock = REAL) -> tuple[str, str]:
    """(adapter, text of city.yml) for an address. Raises SourceError if no platform is recognised, or naming what each
    one said that seemed to fit."""
    problems = []
    for name in sorted(SOURCES, key=lambda name: name == "files"):  # a table of a platform is no mere file
        if not SOURCES[name].recognises(url):
            continue
        try:
            return name, _written(url, name, _columns(url, name, clock))
        except CityglassError as error:
            problems.append(f"as {name}: {error.message}")
    known = ", ".join(sorted(SOURCES))
    told = "; ".join(problems) or "its form is that of no platform we know"
    raise SourceError(f"{url} is not recognised ({told}).", f"give the address of a table; platforms: {known}")


def _columns(url: str, adapter: str, clock: Clock) -> list[str]:
    """The names of the columns that the system tells; its rows are not read."""
    source = Source(Path("city.yml"), "requests", REQUESTS.name, adapter, (url,), "UTC", {}, {})
    city = City(Path("city.yml"), "", "city", "UTC", Brand("", COLOURS), (-180, -90, 180, 90), {"requests": source})
    with asking(city, source, clock) as asked:
        return list(SOURCES[adapter].probe(replace(asked, columns=frozenset())).get("columns", ()))


@cache
def _known_names() -> dict[str, list[str]]:
    """record column -> every name that a ready city's system has for it, the standard's own first."""
    names: dict[str, list[str]] = {c.name: [c.name] for c in REQUESTS.record}
    for path in sorted(CITIES.glob("*.yml")):
        spec = yaml.safe_load(path.read_text("utf-8"))["sources"]["requests"]
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


def _written(url: str, adapter: str, columns: list[str]) -> str:
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
        adapter=adapter,
        article="an" if adapter[0] in "aeio" else "a",
        bbox="[-180.0, -90.0, 180.0, 90.0]",
        fields="    fields:\n" + "".join(lines) if lines else "",
        others=others,
    )


def _quoted(column: str) -> str:
    return column if re.fullmatch(r"[A-Za-z_][\w.]*", column) else repr(column)
