"""A system that is read by its adapter alone, as the runner does it; what comes stays in memory, not in a vault.

system = running("socrata")
found = Subject.of("socrata", system).read()
found.error, found.unproved, found.held
"""

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace

from etl.http import Http
from etl.secrets import Secret
from etl.sources import SOURCES, dataverse, ical, odata
from etl.sources.page import Adapter, Page, Part, Proof, Request, Resume, key_of
from hub.errors import CityglassError
from tests.cities.model import Model
from tests.cities.server import City
from tests.sources.reading import asked
from tests.sources.tiny_hub import PLATFORMS, Killed, secret_for

ROWS, PAGE, PATIENCE = 120, 25, 2_000
Row = tuple[str | None, ...]
WORDS = {"Acknowledged": "open", "Archived": "closed", "0": "open", "1": "closed"}

# Where each adapter says how many rows it asks for at once.
SIZES = {
    "etl.sources.arcgis.MOST_ROWS": PAGE,
    "etl.sources.ckan.PAGE_ROWS": PAGE,
    "etl.sources.dataverse.PREFER": dataverse.PREFER.replace(str(odata.PAGE_ROWS), str(PAGE)),
    "etl.sources.dataverse.TRACKED": dataverse.TRACKED.replace(str(odata.PAGE_ROWS), str(PAGE)),
    "etl.sources.delimited.BLOCK_BYTES": 8_000,
    "etl.sources.legistar.TOP": PAGE,
    "etl.sources.numbered.PAGE_ROWS": PAGE,
    "etl.sources.odata.PAGE_ROWS": PAGE,
    "etl.sources.open311_probe.FULL": PAGE,
    "etl.sources.open311_probe.SIZES": (PAGE,),
    "etl.sources.paged.FULL": PAGE,
    "etl.sources.seeclickfix.PER_PAGE": PAGE,
    "etl.sources.socrata.PAGE_ROWS": PAGE,
}


def ask_for_small_pages(monkeypatch) -> None:
    """From now on every adapter asks for pages so small that a hundred rows are several."""
    for place, size in SIZES.items():
        monkeypatch.setattr(place, size)


@dataclass
class Found:
    """What came out, and what a runner that is killed would still know of it."""

    known: dict = field(default_factory=dict)
    pages: dict[str, list[Page]] = field(default_factory=dict)
    proofs: dict[str, Proof] = field(default_factory=dict)
    error: CityglassError | None = None

    @property
    def unproved(self) -> dict[str, str]:
        return {part: proof.why for part, proof in self.proofs.items() if not proof.proven_by}

    @property
    def is_whole(self) -> bool:
        return self.error is None and not self.unproved

    @property
    def every(self) -> list[Page]:
        return [page for pages in self.pages.values() for page in pages]

    @property
    def read(self) -> int:
        return sum(page.rows.num_rows for page in self.every)


@dataclass
class Subject:
    """A running system, and the question that its adapter gets. `tell` makes of a row what `truth` says of it."""

    system: City
    adapter: Adapter
    request: Request
    tell: Callable[[dict], Row]
    truth: Callable[[], dict[str, Row]]

    @classmethod
    def of(cls, platform: str, system: City) -> "Subject":
        return OTHERS.get(platform, _requests)(platform, system)

    def read(self, found: Found | None = None, at_most: int = 0) -> Found:
        """Read all, or go on where an earlier reading stopped. Behind so many pages the reader is killed."""
        found = found or Found()
        try:
            with closing(self._http()) as http:
                request = replace(self.request, http=http)
                found.known = found.known or self.adapter.probe(request) | {"began": request.until}
                self._read_all(replace(request, known=found.known), found, at_most)
        except CityglassError as error:
            found.error = error
        except Killed:
            pass
        return found

    def _read_all(self, request: Request, found: Found, at_most: int) -> None:
        for part in self.adapter.parts(request):
            walk = self.adapter.pages(request, part, self._resume(found, part)) if part.name not in found.proofs else ()
            while part.name not in found.proofs:
                try:
                    found.pages[part.name].append(next(walk))
                except StopIteration as end:
                    found.proofs[part.name] = end.value
                at_most -= 1
                if at_most == 0:
                    raise Killed

    def _resume(self, found: Found, part: Part) -> Resume:
        pages = found.pages.setdefault(part.name, [])
        if not self.adapter.resumes:
            pages.clear()
        rows = [row for page in pages for row in page.rows.to_pylist()]
        keys = frozenset(key_of(self.request, row) for row in rows)
        return Resume(pages[-1].cursor, len(rows), keys) if pages else Resume()

    def _http(self) -> Http:
        model, host = self.system.model, self.system.url.partition("//")[2]
        waiting = {"sleep": model.pass_time, "now": lambda: model.now}
        return Http("requests", frozenset({host}), secret=self.request.secret, **waiting)

    def held(self, found: Found) -> dict[str, Row]:
        """What a vault would hold of it."""
        held: dict[str, Row] = {}
        for page in found.every:
            held |= {key_of(self.request, row): self.tell(row) for row in page.rows.to_pylist()}
            held = {key: row for key, row in held.items() if key not in page.deletes}
        return held


def _requests(platform: str, system: City) -> Subject:
    kind = PLATFORMS[platform]
    names = sorted({*kind.fields.values()}, key=lambda name: (name != kind.fields["service_request_id"], name))
    secret = Secret("TINY_KEY", secret_for(platform, system)) if kind.credentials else None
    request = asked(system, kind.path, names, layout=kind.layout or {}, secret=secret, time_zone=system.model.zone)
    status, address = kind.fields["status_raw"], kind.fields["address"]

    def truth() -> dict[str, Row]:
        return {str(case.number) if kind.runs else case.id: (case.status, case.address) for case in system.model}

    def tell(row: dict) -> Row:
        word = row.get(status) or ""
        return WORDS.get(word, word.lower()), row.get(address)

    return Subject(system, SOURCES[kind.adapter], request, tell, truth)


def _legistar(platform: str, system: City) -> Subject:
    names = ["MatterId", "MatterStatusName", "MatterTitle"]

    def truth() -> dict[str, Row]:
        matters = system.model.council.matters.values()
        return {str(one.id): (one.status, one.title) for one in matters if not one.private}

    request = asked(system, "/v1/larkhaven/matters", names)
    return Subject(system, SOURCES["legistar"], request, lambda row: (row.get(names[1]), row.get(names[2])), truth)


def _ical(platform: str, system: City) -> Subject:
    request = asked(system, "", ical.COLUMNS, time_zone=system.model.zone)
    routes = system.model.routes
    places = tuple(f"{system.url}/calendars/{route.name.lower().replace(' ', '-')}.ics" for route in routes)

    def truth() -> dict[str, Row]:
        told = [(route, f"{day:%Y%m%d}" if day in route.moved else "regular", day) for route in routes for day in route.regular()]
        return {
            f"{route.name.replace(' ', '')}-{which}@larkhaven.example/{route.moved.get(day, day)}": (route.kind,)
            for route, which, day in told
        }

    return Subject(system, SOURCES["ical"], replace(request, location=places), lambda row: (row.get("summary"),), truth)


OTHERS = {"legistar": _legistar, "ical": _ical}
ALL = (*PLATFORMS, *OTHERS)


def model_of(platform: str) -> Model:
    model = Model(rows=ROWS if platform in PLATFORMS else 0)
    if platform == "legistar":
        model.council.fill(matters=ROWS)
    return model


def running(platform: str, **options) -> City:
    """The system, to be used in a `with`."""
    kind = PLATFORMS.get(platform)
    own = {"dialect": kind.of_server or platform, **(kind.options or {})} if kind else {"dialect": platform}
    return City(model_of(platform), own.pop("dialect"), **own | options)
