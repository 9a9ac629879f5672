"""Open311 GeoReport v2 with the habits of its implementations as options."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import urlencode

import orjson

from tests.cities.limits import Limit
from tests.cities.little_sql import NEVER, Refused
from tests.cities.markup import xml
from tests.cities.model import DAY, SERVICES, Case, Model
from tests.cities.scene import flat
from tests.cities.table import Table, column, written
from tests.cities.times import with_zone
from tests.cities.wire import XML, Answer, Asked

SPAN = 90 * DAY
NEWEST_FIRST = (("requested_datetime", True),)
KINDS = {"json": "application/json; charset=utf-8", "xml": XML}
FAMILIES = {"requests": "request", "services": "service", "errors": "error", "discovery": "endpoint"}


@dataclass
class Open311:
    """The API stands under /open311/v2/. What is in no option does as the specification says.

    page_base       0 or 1: the number of the first page
    page_size       rows of a page when nobody says how many
    page_cap        a longer page is silently cut to this
    paging          False: whatever page is asked for, the newest `page_cap` rows come
    past_end        "empty", or "404" for any page after the last
    updated_after   False: the parameter is ignored
    status_filter   False: the parameter is ignored
    wrapped         JSON comes inside an object, under this name
    root            the root element of XML
    one_object      a single row comes as an object
    formats         what is spoken; ("xml",) has no JSON
    jurisdiction    the jurisdiction_id that must be given
    totals          X-Result-Count and X-Next-Page-URL are sent
    per_minute      requests in a minute for those without the api_key
    """

    model: Model
    page_base: int = 1
    page_size: int = 50
    page_cap: int = 500
    paging: bool = True
    past_end: str = "empty"
    updated_after: bool = True
    status_filter: bool = True
    wrapped: str | None = None
    root: str = "service_requests"
    one_object: bool = False
    formats: tuple[str, ...] = ("json", "xml")
    jurisdiction: str | None = None
    totals: bool = False
    per_minute: int | None = None
    api_key: str | None = None
    limit: Limit = field(init=False)
    table: Table = field(init=False)

    fields: ClassVar = flat(
        id="service_request_id",
        status="status",
        code="service_code",
        name="service_name",
        agency="agency_responsible",
        requested="requested_datetime",
        updated="updated_datetime",
        expected="expected_datetime",
        address="address",
        lat="lat",
        long="long",
        description="description",
    )

    def __post_init__(self) -> None:
        self.limit = Limit(self.model, self.per_minute)
        self.table = Table(lambda: self.model, lambda: self.model.version, self.columns(), self.model.zone)

    def columns(self) -> dict:
        def dated(where: str) -> tuple:
            return "local", where, lambda instant: with_zone(instant, self.model.zone)

        columns = {
            "service_request_id": ("text", "id"),
            "status": ("text", "status"),
            "status_notes": ("text", "closure_note"),
            "service_name": ("text", "service_name"),
            "service_code": ("text", "service_code"),
            "description": ("text", "description"),
            "agency_responsible": ("text", "agency"),
            "service_notice": ("text", lambda case: None),
            "requested_datetime": dated("requested"),
            "updated_datetime": dated("updated"),
            "expected_datetime": dated("expected"),
            "address": ("text", "address"),
            "address_id": ("text", lambda case: None),
            "zipcode": ("text", "zipcode"),
            "lat": ("number", "lat"),
            "long": ("number", "long"),
            "media_url": ("text", photo),
            "requestor_name": ("text", "reporter_name"),
            "email": ("text", "reporter_email"),
            "phone": ("text", "reporter_phone"),
        }
        return {name: column(*parts) for name, parts in columns.items()}

    def answer(self, asked: Asked) -> Answer:
        family, _, rest = asked.path.removeprefix("/open311/v2/").partition(".")[0].partition("/")
        form = asked.path.rpartition(".")[2]
        if not asked.path.startswith("/open311/v2/") or family not in ROUTES or asked.method != "GET":
            return self.error(404, "no such resource")
        if form not in self.formats:
            return self.error(404, f"{form} is not supported", self.formats[0])
        problem = self.problem(asked) if family != "discovery" else None
        answer = self.error(*problem, form) if problem else ROUTES[family](self, asked, form, rest)
        if answer.status == 429:
            answer.headers["Retry-After"] = str(self.limit.wait(asked))
        return answer

    def problem(self, asked: Asked) -> tuple[int, str] | None:
        given = asked.query.get("jurisdiction_id")
        if self.jurisdiction and given is None:
            return 400, "jurisdiction_id was not provided"
        if self.jurisdiction and given != self.jurisdiction:
            return 404, f"jurisdiction_id {given} was not found"
        key = asked.query.get("api_key")
        if key is not None and key != self.api_key:
            return 403, "api_key is wrong"
        return (429, "too many requests") if key is None and self.limit.wait(asked) else None

    def error(self, status: int, message: str, form: str | None = None) -> Answer:
        answer = self.told([{"code": status, "description": message}], "errors", form or self.formats[0])
        answer.status, answer.rows = status, None
        return answer

    def told(self, rows: list[dict], family: str, form: str, root: str | None = None) -> Answer:
        encode: Callable = orjson.dumps if form == "json" else xml(root or family, FAMILIES[family])
        return Answer(rows, rows, kind=KINDS[form], encode=encode)

    def discovery(self, asked: Asked, form: str, rest: str) -> Answer:
        endpoint = {
            "specification": "http://wiki.open311.org/GeoReport_v2",
            "url": f"{asked.base}/open311/v2",
            "changeset": "2024-01-02T10:00:00-05:00",
            "type": "production",
            "formats": [KINDS[one].partition(";")[0] for one in self.formats],
        }
        said = {"changeset": endpoint["changeset"], "contact": "the town hall", "key_service": "the town hall"}
        if form == "json":
            return Answer(said | {"endpoints": [endpoint]})
        formats = "".join(f"<format>{kind}</format>" for kind in endpoint["formats"])
        inner = xml("endpoints", "endpoint")([{k: v for k, v in endpoint.items() if k != "formats"}]).decode()
        body = inner.replace("</endpoint>", f"<formats>{formats}</formats></endpoint>")
        return Answer(kind=XML, body=body.replace("<endpoints>", "<discovery><endpoints>").encode() + b"</discovery>")

    def services(self, asked: Asked, form: str, rest: str) -> Answer:
        known = [service for service in SERVICES if rest in ("", service.code)]
        if not known:
            return self.error(404, f"service_code {rest} was not found", form)
        rows = [
            {
                "service_code": service.code,
                "service_name": service.name,
                "description": f"Tell us about {service.name}.",
                "metadata": False,
                "type": "realtime",
                "keywords": service.name.lower(),
                "group": service.group,
            }
            for service in known
        ]
        answer = self.told(rows, "services", form)
        answer.rows = None
        return answer

    def requests(self, asked: Asked, form: str, rest: str) -> Answer:
        try:
            where, offset, size = self.read(asked, rest)
            part = self.table.page(asked, where, NEWEST_FIRST, offset, size)
        except (Refused, ValueError) as refused:
            return self.error(400, f"a parameter is wrong: {refused}", form)
        if (rest and not part.rows) or (self.past_end == "404" and offset and not part.rows):
            return self.error(404, "not found", form)
        writers = self.table.writers(self.table.columns)
        asked.quick &= form == "json"
        rows = self.table.shown(asked, part.rows, lambda case: written(case, writers))
        answer = self.told(rows, "requests", form, self.root)
        if self.totals:
            answer.headers["X-Result-Count"] = str(part.total)
            answer.count = (answer.headers, "X-Result-Count")
        if self.totals and part.more:
            following = asked.query | {"page": str(int(asked.query.get("page", self.page_base)) + 1)}
            answer.headers["X-Next-Page-URL"] = f"{asked.base}{asked.path}?{urlencode(following)}"
            answer.more = (answer.headers, "X-Next-Page-URL")
        if form == "json":
            one = self.one_object and len(answer.rows) == 1
            answer.doc = answer.rows[0] if one else answer.rows
            answer.doc = {self.wrapped: answer.doc} if self.wrapped else answer.doc
        return answer

    def read(self, asked: Asked, rest: str) -> tuple[tuple, int, int]:
        """What is asked for, from which row on, how many."""
        given = asked.query
        ids = rest or given.get("service_request_id")
        if ids:
            wanted = tuple(ids.split(","))
            return ("service_request_id", "in", wanted), 0, len(wanted)
        size = asked.size(min(int(given.get("page_size", self.page_size)), self.page_cap))
        page = max(int(given.get("page", self.page_base)) - self.page_base, 0)
        if size < 1:
            raise ValueError("page_size")
        parts = [*self.period(given)]
        parts += [("service_code", "in", tuple(given["service_code"].split(",")))] if "service_code" in given else []
        if "status" in given and self.status_filter:
            parts.append(("status", "in", tuple(given["status"].split(","))) if given["status"] else NEVER)
        return ("and", *parts), page * size if self.paging else 0, size if self.paging else self.page_cap

    def period(self, given: dict) -> list[tuple]:
        """Bounds on the opening: 90 days at most. Those who ask for changes get them from all times."""
        bounds = {"updated_after": ">=", "updated_before": "<="} if self.updated_after else {}
        changes = [("updated_datetime", sign, given[name]) for name, sign in bounds.items() if name in given]
        start, end = (self.table.literal("local", given.get(name)) for name in ("start_date", "end_date"))
        if changes and start is end is None:
            return changes
        end = end if end is not None else self.model.now if start is None else start + SPAN
        start = start if start is not None else end - SPAN
        if end - start > SPAN:
            raise ValueError("start_date and end_date span more than 90 days")
        stamps = (with_zone(start, self.model.zone), with_zone(end, self.model.zone))
        return [*changes, *(("requested_datetime", sign, at) for sign, at in zip((">=", "<="), stamps, strict=True))]


def photo(case: Case) -> str | None:
    return f"http://photos.example/{case.number}.jpg " if case.number % 7 == 0 else None


ROUTES = {"discovery": Open311.discovery, "services": Open311.services, "requests": Open311.requests}
