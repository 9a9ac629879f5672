"""The systems of the ready cities: each platform's dialect at the paths and with the columns that a city's own file names.

with running("chicago") as system:
    cityglass("run", "--city", "etl/cities/chicago.yml", "--from", f"requests={system.url}")
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from urllib.parse import urlsplit

from hub.source import Source
from tests.cities.dialects import PLATFORMS
from tests.cities.model import DAY, Case, Gone, Model
from tests.cities.platforms.arcgis import SERVICE
from tests.cities.platforms.dataverse import DISPLAY
from tests.cities.platforms.dataverse_schema import Described
from tests.cities.scene import Platform
from tests.cities.server import City
from tests.cities.table import Column, column
from tests.cities.times import moment
from tests.cities.wire import Answer, Asked
from tests.ready import both, city, policy

FIRST, NOW = moment("2026-01-05T09:00:00Z"), moment("2026-03-06T12:00:00Z")  # no clock is changed in between
SPOTS = 12  # places of a city where something is reported
LABEL = "@label"  # how a city's file calls the word beside an option of Dataverse
STRANGE = "A kind that no policy names"
# column of our record -> what the dialects call its counterpart
WORDS = {
    "service_request_id": "id",
    "service_code": "code",
    "service_name": "name",
    "service_group": "group",
    "status_raw": "status",
    "requested_datetime": "requested",
    "expected_datetime": "expected",
    "closed_datetime": "closed",
    "updated_datetime": "updated",
    "lat": "lat",
    "long": "long",
    "address": "address",
    "agency_responsible": "agency",
    "description": "description",
}
OPTIONS: dict[str, Callable[[str, Source], dict]] = {  # by the path of the address
    "ckan": lambda path, source: {"yearly": True},
    "socrata": lambda path, source: {"view": path.rpartition("/")[2]},
    "seeclickfix": lambda path, source: {"place": path.strip("/")},
    "open311": lambda path, source: {"jurisdiction": source.layout.get("jurisdiction_id")},
}
# A city's path -> what tells it in a question, and what the dialect expects in its place.
ROUTES: dict[str, Callable[[str], tuple[str, str]]] = {
    "open311": lambda path: (path, "/open311/v2"),
    "arcgis": lambda path: (path, f"{SERVICE}/0"),
    "dataverse": lambda path: (path.rpartition("/")[2].removesuffix("s"), "incident"),
    "socrata": lambda path: (path.rpartition("/")[2], path.rpartition("/")[2]),
}
XML_ONLY = {"washington_dc": {"formats": ("xml",)}}  # of the second systems


@dataclass
class Own:
    """A city's system: for each of its addresses what tells it in a question, what it is there, and who answers."""

    model: Model
    places: list[tuple[str, str, Platform]]

    def answer(self, asked: Asked) -> Answer:
        own, known, dialect = next((one for one in self.places if one[0] in asked.target), self.places[0])
        return dialect.answer(replace(asked, target=asked.target.replace(own, known)))


def running(slug: str, second: bool = False, rows: int = 240) -> City:
    """The first system of a ready city, or its second one, with a model of that city; to be used as a context."""
    source, model = both(slug)[second], model_of(slug, rows)
    system, extra = City(model, source.adapter), XML_ONLY.get(slug, {}) if second else {}
    paths = [urlsplit(place).path for place in source.location]
    dialects = [speaking(source)(model, **_options(source, path), **extra) for path in paths]
    if len(dialects) > 1:
        for n, dialect in enumerate(dialects):
            dialect.table.rows = partial(_share, model, n, len(dialects))
    route = ROUTES.get(source.adapter, lambda path: ("", ""))
    system.platform = Own(model, [(*route(path), dialect) for path, dialect in zip(paths, dialects, strict=True)])
    return system


def _options(source: Source, path: str) -> dict:
    return OPTIONS[source.adapter](path, source) if source.adapter in OPTIONS else {}


def _share(model: Model, n: int, of: int) -> list[Case]:
    """The rows of one address where a city has several."""
    return [case for case in model if case.number % of == n]


def model_of(slug: str, rows: int) -> Model:
    """Requests of kinds, groups, agencies and places that the city has; every tenth is of a kind that nobody names."""
    about, kinds = city(slug), kinds_of(slug)
    agencies = [names[0] for names in about.departments.values()]
    west, south, east, north = about.bbox
    model = Model(now=NOW, zone=about.sources["requests"].time_zone)
    for n in range(rows):
        kind, group = kinds[n % len(kinds)] if n % 10 else (STRANGE, None)
        spot = n % SPOTS
        model.insert(
            requested=FIRST + n * 50 * DAY // rows,
            service_code=f"K{n % len(kinds)}",
            service_name=kind,
            service_group=group,
            agency=agencies[n % len(agencies)],
            address=f"{spot + 1} Elm Street",
            lat=round((south + north) / 2 + spot * 0.0007, 6),
            long=round((west + east) / 2, 6),
        )
    return model


def kinds_of(slug: str) -> list[tuple[str, str]]:
    """Three kinds of the public realm with their groups."""
    told = policy(slug)
    named = [(kind, group) for kind, group in told.groups.items() if told.tiers[group] == "A"]
    return (named or [(f"A kind of {group}", group) for group, tier in told.tiers.items() if tier == "A"])[:3]


def speaking(source: Source) -> type:
    """The dialect of a source's platform, with the city's columns. What an app for all cities sends, no city names."""
    kind = Labelled if source.adapter == "dataverse" else PLATFORMS[source.adapter]
    if source.adapter == "seeclickfix":
        return kind

    class Dressed(kind):
        of_city = source

        def columns(self) -> dict[str, Column]:
            return dressed(kind.columns(self), kind.fields, source)

    return Dressed


def dressed(columns: dict[str, Column], fields: dict, source: Source) -> dict[str, Column]:
    """A dialect's columns under the names that come first in the city's file; those it does not name stay."""
    known = {name: columns.get(str(fields[word][0][-1])) for name, word in WORDS.items() if word in fields}
    own = {name: _first(given) for name, given in source.fields.items() if _first(given)}
    renamed = {id(known.get(name)) for name in own}
    made = {name: one for name, one in columns.items() if id(one) not in renamed}
    inside: dict[str, dict[str, Column]] = {}
    for name, alias in own.items():
        if not (one := _column(name, alias, known.get(name), source)):
            continue  # what the adapter makes of other columns
        outer, _, inner = alias.removesuffix(LABEL).partition(".")
        if inner:
            inside.setdefault(outer, {})[inner] = one
        else:
            made[outer] = one
    return made | {outer: column("other", _object(parts)) for outer, parts in inside.items()}


def _first(given: object) -> str:
    return given if isinstance(given, str) else next(iter(given), "") if isinstance(given, list) else ""


def _object(parts: dict[str, Column]) -> Callable[[Case], dict]:
    return lambda case: {name: one.get(case) for name, one in parts.items()}


def _column(name: str, alias: str, known: Column | None, source: Source) -> Column | None:
    """What a city sends in a column of this meaning: its own words for the status and for how it ended."""
    if name in ("lat", "long"):
        return known or column("number", name)
    if name in TOLD:
        get = TOLD[name](source)
        return replace(known, get=get) if known and known.kind == "text" else column("text", get)
    return column("text", "agency" if name == "agency_responsible" else name) if alias.endswith(LABEL) else known


def _status(source: Source) -> Callable[[Case], str]:
    words = source.layout.get("statuses", {})
    told = {means: next((word for word in words if words[word] == means), means) for means in ("open", "closed")}
    return lambda case: told[case.status]


def _ending(source: Source) -> Callable[[Case], str | None]:
    rules = source.layout.get("dispositions", [])
    done = next((rule["contains"] for rule in rules if rule["is"] == "done" and "contains" in rule), "done")
    return lambda case: done if case.status == "closed" else None


TOLD: dict[str, Callable[[Source], Callable[[Case], str | None]]] = {
    "status_raw": _status,
    "disposition": _ending,
    "closure_note": _ending,
    "channel": lambda source: lambda case: "Phone",
}


class Labelled(Described):
    """A table that a city made in its own environment: options and lookups are numbers, their words come beside them."""

    of_city: Source

    @property
    def own(self) -> str:
        return ROUTES["dataverse"](urlsplit(self.of_city.location[0]).path)[0]

    @property
    def labels(self) -> dict[str, Callable[[Case], str | None]]:
        named = {_first(given): name for name, given in self.of_city.fields.items()}
        labelled = {alias.removesuffix(LABEL): name for alias, name in named.items() if alias.endswith(LABEL)}
        return {alias: self.table.columns[alias].get for alias in labelled}

    def api(self, asked: Asked, what: str) -> Answer:
        answer = super().api(asked, what)
        if what == "EntityDefinitions":
            for row in answer.doc["value"]:
                row |= {"LogicalName": self.own, "EntitySetName": f"{self.own}s"}
        return answer

    def link(self, asked: Asked, name: str, token: str) -> str:
        return super().link(asked, name, token).replace("/incidents?", f"/{self.own}s?")

    def attribute(self, name: str) -> dict:
        is_option = name in self.labels and not name.startswith("_")
        return super().attribute(name) | ({"AttributeType": "Picklist"} if is_option else {})

    def shown(self, asked: Asked, one: Case | Gone) -> dict:
        row = super().shown(asked, one)
        for name in self.labels.keys() & row.keys():
            row |= {f"{name}@{DISPLAY}": row[name], name: 100_000_000 + len(str(row[name]))}
        return row
