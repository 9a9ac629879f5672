"""SeeClickFix, version 2: issues by page, the closed ones hidden from those who do not ask for them."""

from dataclasses import dataclass, field
from typing import ClassVar
from urllib.parse import urlencode

from tests.cities.little_sql import Refused
from tests.cities.model import Case, Model
from tests.cities.scene import flat
from tests.cities.table import Column, Table, column, written
from tests.cities.times import with_zone
from tests.cities.wire import Answer, Asked

SHOWN = "open,acknowledged"
SORTS = ("created_at", "updated_at")
BOUNDS = [(name, f"{name}_{word}", sign) for name in SORTS for word, sign in (("after", ">"), ("before", "<"))]


def word(case: Case) -> str:
    """Some of the open are acknowledged, some of the closed are in the archive."""
    if case.status == "closed":
        return "Archived" if case.number % 7 == 0 else "Closed"
    return "Acknowledged" if case.number % 5 == 0 else "Open"


@dataclass
class SeeClickFix:
    """GET /api/v2/issues?place_url={place}; an issue's id is the running number of the model."""

    model: Model
    place: str = "larkhaven"
    table: Table = field(init=False)

    fields: ClassVar = {
        **flat(
            id="id",
            status="status",
            requested="created_at",
            updated="updated_at",
            closed="closed_at",
            address="address",
            lat="lat",
            long="lng",
            description="description",
        ),
        "name": (("request_type", "title"),),
        "code": (("request_type", "id"),),
        "group": (("request_type", "organization"),),
    }

    def __post_init__(self) -> None:
        self.table = Table(lambda: self.model, lambda: self.model.version, self.columns(), self.model.zone)

    def columns(self) -> dict[str, Column]:
        def dated(where: str) -> Column:
            return column("local", where, lambda instant: with_zone(instant, self.model.zone))

        return {
            "id": column("number", "number"),
            "status": column("text", word),
            "summary": column("text", "service_name"),
            "description": column("text", "description"),
            "lat": column("number", "lat"),
            "lng": column("number", "long"),
            "address": column("text", "address"),
            "created_at": dated("requested"),
            "acknowledged_at": column("local", lambda case: None),
            "closed_at": dated("closed"),
            "reopened_at": column("local", lambda case: None),
            "updated_at": dated("updated"),
            "url": column("text", lambda case: f"http://issues.example/api/v2/issues/{case.number}"),
            "media": column("other", lambda case: {"image_full": None, "representative_image_url": None}),
            "request_type": column("other", kind),
            "reporter": column("other", reporter),
        }

    def answer(self, asked: Asked) -> Answer:
        if asked.path != "/api/v2/issues" or asked.method != "GET":
            return self.error(404, "Not Found")
        if asked.query.get("place_url", self.place) != self.place:
            return self.error(404, f"the place {asked.query['place_url']!r} was not found")
        try:
            return self.issues(asked)
        except (Refused, ValueError) as refused:
            return self.error(422, str(refused))

    def error(self, status: int, message: str) -> Answer:
        return Answer({"errors": {"base": [message]}}, status=status)

    def issues(self, asked: Asked) -> Answer:
        given = asked.query
        most = 20 if given.get("details") == "true" else 100
        size, page = asked.size(min(int(given.get("per_page") or 20), most)), max(int(given.get("page") or 1), 1)
        order = ((sort(given), given.get("sort_direction", "DESC").upper() == "DESC"),)
        part = self.table.page(asked, where(given), order, (page - 1) * size, size)
        writers = self.table.writers(self.table.columns)
        rows = self.table.shown(asked, part.rows, lambda case: written(case, writers))
        pages = -(-part.total // size)
        pagination = {
            "entries": part.total,
            "page": page,
            "per_page": size,
            "pages": pages,
            "next_page": page + 1 if page < pages else None,
            "next_page_url": link(asked, page + 1) if page < pages else "null",
            "previous_page": page - 1 if page > 1 else None,
            "previous_page_url": link(asked, page - 1) if page > 1 else "null",
        }
        doc = {"issues": rows, "metadata": {"pagination": pagination}, "errors": {}}
        return Answer(doc, rows, more=(pagination, "next_page_url"), count=(pagination, "entries"))


def where(given: dict) -> tuple:
    words = tuple(one.strip().capitalize() for one in given.get("status", SHOWN).split(","))
    bounds = [(name, sign, given[key]) for name, key, sign in BOUNDS if given.get(key)]
    return ("and", ("status", "in", words), *bounds)


def sort(given: dict) -> str:
    if given.get("sort", "created_at") not in SORTS:
        raise ValueError(f"sort {given['sort']!r}")
    return given.get("sort", "created_at")


def link(asked: Asked, page: int) -> str:
    """As the real ones are: with api/ twice."""
    return f"{asked.base}/api/api/v2/issues?{urlencode(asked.query | {'page': page})}"


def kind(case: Case) -> dict:
    return {"id": case.service_code, "title": case.service_name, "organization": case.agency}


def reporter(case: Case) -> dict:
    avatar = {"full": f"http://avatars.example/{case.reporter_phone}.png"}
    return {"id": case.number, "name": case.reporter_name, "email": case.reporter_email, "avatar": avatar}
