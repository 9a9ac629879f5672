"""Reading a made-up city with an adapter as the runner does: part after part, page after page, from a cursor after a kill."""

from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field, replace
from itertools import islice
from types import ModuleType

from etl.http import Http
from etl.sources.page import Page, Part, Proof, Request, Resume, key_of, plain
from tests.cities.server import City


@dataclass
class Reading:
    """What came out of one reading: the rows as objects, the pages, and how each part ended."""

    pages: list[Page] = field(default_factory=list)
    proofs: list[Proof] = field(default_factory=list)

    @property
    def rows(self) -> list[dict]:
        return [row for page in self.pages for row in page.rows.to_pylist()]

    @property
    def columns(self) -> set[str]:
        return {name for page in self.pages for name in page.rows.column_names}

    @property
    def proven_by(self) -> set[str]:
        return {proof.proven_by for proof in self.proofs}


def asked(city: City, place: str, columns: list[str], **more) -> Request:
    """A request for these columns, the first of them the key."""
    return Request(
        "requests",
        (city.url + place,),
        more.pop("layout", {}),
        frozenset(map(plain, columns)),
        required=((columns[0],),),
        key=(columns[0],),
        until=more.pop("until", city.model.now),
        **more,
    )


def talking(city: City, request: Request):
    """A client for the city that waits without waiting, closed at the end of a with block."""
    host = city.url.partition("//")[2]
    return closing(Http("requests", frozenset({host}), secret=request.secret, sleep=lambda seconds: None))


def probed(adapter: ModuleType, city: City, request: Request) -> dict:
    with talking(city, request) as http:
        return adapter.probe(replace(request, http=http))


def parts(adapter: ModuleType, city: City, request: Request, changed: bool = False) -> list[Part] | None:
    with talking(city, request) as http:
        return (adapter.changes if changed else adapter.parts)(replace(request, http=http))


def read(adapter: ModuleType, city: City, request: Request, changed: bool = False) -> Reading:
    """All of it, or what changed."""
    found = Reading()
    for part in parts(adapter, city, request, changed):
        resumed(adapter, city, request, part, Resume(), found)
    return found


def killed(adapter: ModuleType, city: City, request: Request, pages: int, between=lambda: None) -> Reading:
    """The one part of a request, read by a runner that is killed after some pages and goes on later."""
    (part,) = parts(adapter, city, request)
    found, resume = read_until_killed(adapter, city, request, part, pages)
    between()
    return resumed(adapter, city, request, part, resume, found)


def pages_asked_twice(city: City) -> int:
    """How many questions that brought several rows were asked again."""
    asked = Counter(one.everything for one in city.log if one.rows > 1)
    return (asked - Counter(set(asked))).total()


def read_until_killed(
    adapter: ModuleType, city: City, request: Request, part: Part, pages: int
) -> tuple[Reading, Resume]:
    """The first pages of a part, and where the runner would go on after a kill."""
    found = Reading()
    with talking(city, request) as http:
        found.pages = list(islice(adapter.pages(replace(request, http=http), part, Resume()), pages))
    keys = frozenset(key_of(request, row) for row in found.rows)
    return found, Resume(found.pages[-1].cursor, len(found.rows), keys)


def resumed(
    adapter: ModuleType, city: City, request: Request, part: Part, resume: Resume, found: Reading | None = None
) -> Reading:
    """A part from a cursor to its end."""
    found = found or Reading()
    with talking(city, request) as http:
        walk = adapter.pages(replace(request, http=http), part, resume)
        while True:
            try:
                found.pages.append(next(walk))
            except StopIteration as end:
                found.proofs.append(end.value)
                return found
