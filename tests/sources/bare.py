"""A system that is read by its adapter alone, as the runner does it; what comes stays in memory, not in a vault.

with running("socrata") as system:
    subject = Subject.of("socrata", system)
    found = subject.read()
    found.error, found.unproved, subject.held(found) == subject.truth()
"""

import os
import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace

from etl.http import Http
from etl.secrets import Secret
from etl.sources import SOURCES, dataverse, ical
from etl.sources.days import first_day, midnight
from etl.sources.page import Adapter, Page, Part, Proof, Request, Resume, key_of
from hub.errors import CityglassError
from tests.cities.model import DAY, Model
from tests.cities.platforms.ical import note
from tests.cities.server import City
from tests.sources.reading import asked
from tests.sources.tiny_hub import PLATFORMS, Killed, secret_for

LONG = os.environ.get("CITYGLASS_LONG") == "1"  # the long form of what takes chances, and of what is nearly the same
ROWS, PAGE = 120, 25
Row = tuple[str | None, ...]
WORDS = {"Acknowledged": "open", "Archived": "closed", "0": "open", "1": "closed"}


def _resized(prefer: str, rows: int) -> str:
    return re.sub(r"maxpagesize=\d+", f"maxpagesize={rows}", prefer)


# Where each adapter says how many rows it asks for at once, and what it says for so many.
SIZES: dict[str, Callable[[int], object]] = {
    **{
        f"etl.sources.{place}": lambda rows: rows
        for place in (
            *("arcgis.MOST_ROWS", "ckan.PAGE_ROWS", "legistar.TOP", "numbered.PAGE_ROWS", "odata.PAGE_ROWS"),
            *("open311_probe.FULL", "paged.FULL", "seeclickfix.PER_PAGE", "socrata.PAGE_ROWS"),
        )
    },
    "etl.gathering.ROWS": lambda rows: 1,  # each page is stored by itself
    "etl.sources.dataverse.PREFER": lambda rows: _resized(dataverse.PREFER, rows),
    "etl.sources.dataverse.TRACKED": lambda rows: _resized(dataverse.TRACKED, rows),
    "etl.sources.delimited.BLOCK_BYTES": lambda rows: rows * 300,
    "etl.sources.open311_probe.SIZES": lambda rows: (rows,),
}


def ask_for_small_pages(monkeypatch, rows: int = PAGE) -> None:
    """From now on every adapter asks for pages so small that a hundred rows are several, and each is stored by itself."""
    for place, size in SIZES.items():
        monkeypatch.setattr(place, size(rows))


@dataclass(repr=False)
class Found:
    """What came out, and what a runner that is killed would still know of it."""

    known: dict
    probed: int = 0  # questions after which the probe knew enough
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


@dataclass(repr=False)
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
        """Read all of it, or go on where an earlier reading stopped. Behind so many pages the reader is killed."""
        found = found or Found(dict(self.request.known))
        found.error = None
        try:
            with closing(self._http()) as http:
                request = replace(self.request, http=http)
                found.known = found.known or self.adapter.probe(request) | {"began": request.until}
                found.probed = found.probed or len(self.system.log)
                self._read_parts(replace(request, known=found.known), found, at_most)
        except CityglassError as error:
            found.error = error
        except Killed:
            pass
        return found

    def since(self, before: Found) -> "Subject":
        """The same system, asked for what has changed since an earlier reading."""
        cursor = next((proof.cursor for proof in before.proofs.values() if proof.cursor), "")
        open_ids = tuple(sorted(key for key, row in self.held(before).items() if row[0] == "open"))
        times = {"since": self.request.until - DAY, "until": self.system.model.now}
        known = before.known | {"changes_cursor": cursor}
        return replace(self, request=replace(self.request, known=known, open_ids=open_ids, **times))

    def _read_parts(self, request: Request, found: Found, at_most: int) -> None:
        parts = self.adapter.changes(request) if request.since else self.adapter.parts(request)
        if parts is None:
            request = replace(request, since=0, open_ids=())
            parts = self.adapter.parts(request)
        for part in parts:
            walk = () if part.name in found.proofs else self.adapter.pages(request, part, self._resume(found, part))
            while part.name not in found.proofs:
                try:
                    found.pages[part.name].append(next(walk))
                except StopIteration as end:
                    found.proofs[part.name] = end.value
                    continue
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

    def held(self, *readings: Found) -> dict[str, Row]:
        """What a vault would hold after these readings."""
        held: dict[str, Row] = {}
        for page in (page for found in readings for page in found.every):
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
        first = midnight(request, first_day(request)) if kind.adapter == "open311" else 0
        shown = [case for case in system.model if case.requested >= first]
        return {str(case.number) if kind.runs else case.id: (case.status, case.address) for case in shown}

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
        told = [
            (route, f"{day:%Y%m%d}" if day in route.moved else "regular", day)
            for route in routes
            for day in route.regular()
        ]
        return {
            f"{route.name.replace(' ', '')}-{which}@larkhaven.example/{route.moved.get(day, day)}": (
                route.kind,
                note(route),
            )
            for route, which, day in told
        }

    return Subject(
        system,
        SOURCES["ical"],
        replace(request, location=places),
        lambda row: (row.get("summary"), row.get("description")),
        truth,
    )


OTHERS = {"legistar": _legistar, "ical": _ical}
ALL = (*PLATFORMS, *OTHERS)
ALIKE = ("open311_xml", "soda3")  # they walk as open311 and socrata do, only the letters on the wire are others
WALKS = ALL if LONG else tuple(name for name in ALL if name not in ALIKE)


def model_of(platform: str) -> Model:
    model = Model(rows=ROWS if platform in PLATFORMS else 0)
    if platform == "legistar":
        model.council.fill(matters=ROWS)
    if platform == "open311_xml":  # by such a one the probe sees that the server tells changes; the other does without
        model.insert(id="long ago", requested=model.now - 100 * DAY, status="closed", closed=model.now - 99 * DAY)
    return model


def running(platform: str, **options) -> City:
    """The system, to be used in a `with`."""
    kind = PLATFORMS.get(platform)
    own = {"dialect": kind.of_server or platform, **(kind.options or {})} if kind else {"dialect": platform}
    return City(model_of(platform), own.pop("dialect"), **own | options)
