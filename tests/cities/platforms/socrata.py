"""Socrata: SODA 2.1 and 3, the view's description, and the CSV of everything."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import ClassVar

import orjson

from tests.cities import little_sql
from tests.cities.delimited import delimited
from tests.cities.limits import Limit
from tests.cities.little_sql import ALWAYS, Query, Refused
from tests.cities.model import Case, Model, noise
from tests.cities.table import Column, Table, column, written, written_less_nulls
from tests.cities.times import american, floating, utc
from tests.cities.wire import CSV, Answer, Asked

KNOWN = {"$select", "$where", "$order", "$limit", "$offset", "$query", "$$app_token"}
CODES = {
    "syntax": ("query.compiler.malformed", "Could not parse SoQL query"),
    "column": ("query.soql.no-such-column", "No such column"),
    "type": ("query.soql.type-mismatch", "Type mismatch"),
    "table": ("dataset.missing", "Not found"),
}
STATUS_CODES = {403: "permission_denied", 404: "not_found", 429: "too_many_requests"}
UNSTABLE = 7  # rows by which an order that nobody asked for moves from one question to the next
SYSTEM = (":id", ":created_at", ":updated_at", ":version")
TYPES = {"text": "text", "number": "number", "local": "calendar_date", "instant": "calendar_date", "point": "point"}


def row_id(case: Case) -> str:
    """row-abcd_ef12.gh34, in no order that tells anything."""
    hex = f"{noise(case.number):032x}"
    return f"row-{hex[:4]}_{hex[4:8]}.{hex[8:12]}"


def display(name: str) -> str:
    return name.replace("_", " ").title()


def wkt(value: dict | None) -> str | None:
    return value and "POINT ({} {})".format(*value["coordinates"])


def point(case: Case) -> dict | None:
    return None if case.lat is None else {"type": "Point", "coordinates": [case.long, case.lat]}


@dataclass
class Socrata:
    """GET /resource/{view}.json, POST /api/v3/views/{view}/query.json, /api/views/{view}.json and …/rows.csv.

    token       the X-App-Token that SODA 3 needs; a wrong one is refused everywhere
    per_minute  requests in a minute for those without a token
    region      a `:@computed_region` column is there
    """

    model: Model
    view: str = "abcd-1234"
    token: str = "app-token"
    per_minute: int | None = None
    region: bool = True
    limit: Limit = field(init=False)
    table: Table = field(init=False)

    fields: ClassVar = {
        word: ((name,), (display(name),))
        for word, name in {
            "id": "sr_number",
            "status": "status",
            "code": "sr_short_code",
            "name": "sr_type",
            "group": "sr_group",
            "agency": "owner_department",
            "requested": "created_date",
            "updated": "last_modified_date",
            "closed": "closed_date",
            "expected": "due_date",
            "address": "street_address",
            "description": "description",
        }.items()
    } | {
        "lat": (("latitude",), ("location", "coordinates", 1), ("Latitude",)),
        "long": (("longitude",), ("location", "coordinates", 0), ("Longitude",)),
    }

    def __post_init__(self) -> None:
        self.limit = Limit(self.model, self.per_minute)
        columns = self.columns()
        self.table = Table(lambda: self.model, lambda: self.model.version, columns, self.model.zone, dates=(str,))

    def columns(self) -> dict[str, Column]:
        def dated(where: str) -> Column:
            return column("local", where, lambda instant: floating(instant, self.model.zone))

        def stamped(where) -> Column:
            return column("instant", where, lambda instant: utc(instant).replace("Z", ".000Z"))

        def text(where) -> Column:
            return column("text", where, lambda value: value or None)

        def number(where) -> Column:
            return column("number", where, lambda value: None if value is None else str(value))

        columns = {
            ":id": column("text", row_id),
            ":created_at": stamped(lambda case: min(case.touched, case.requested)),
            ":updated_at": stamped("touched"),
            ":version": column("text", lambda case: f"rv-{case.version:x}"),
            "sr_number": text("id"),
            "sr_type": text("service_name"),
            "sr_short_code": text("service_code"),
            "sr_group": text("service_group"),
            "owner_department": text("agency"),
            "status": text(lambda case: case.status.capitalize()),
            "created_date": dated("requested"),
            "last_modified_date": dated("updated"),
            "closed_date": dated("closed"),
            "due_date": dated("expected"),
            "street_address": text("address"),
            "zip_code": text("zipcode"),
            "latitude": number("lat"),
            "longitude": number("long"),
            "location": column("point", point),
            "description": text("description"),
            "resolution_description": text("closure_note"),
            "reporter_name": text("reporter_name"),
            "reporter_email": text("reporter_email"),
            "reporter_phone": text("reporter_phone"),
        }
        return columns | ({":@computed_region_xyz1_2345": number(lambda case: case.number % 9)} if self.region else {})

    def answer(self, asked: Asked) -> Answer:
        token = asked.headers.get("x-app-token") or asked.query.get("$$app_token")
        if token not in (None, self.token):
            return self.error(403, "Invalid app_token specified")
        if token is None and (wait := self.limit.wait(asked)):
            answer = self.error(429, "Too many requests: add an app token")
            answer.headers["Retry-After"] = str(wait)
            return answer
        try:
            for pattern, method, act in ROUTES:
                found = re.fullmatch(pattern, asked.path)
                if found and asked.method == method:
                    return act(self, asked) if found["view"] == self.view else self.refused(Refused("table", "view"))
            return self.error(404, f"Cannot find {asked.path}")
        except Refused as refused:
            return self.refused(refused)

    def error(self, status: int, message: str, code: str | None = None) -> Answer:
        code = code or STATUS_CODES.get(status, "internal_error" if status >= 500 else "invalid_request")
        return Answer({"code": code, "error": True, "message": message, "data": {}}, status=status)

    def refused(self, refused: Refused) -> Answer:
        code, message = CODES[refused.reason]
        return self.error(404 if refused.reason == "table" else 400, f"{message}: {refused.what}", code)

    def resource(self, asked: Asked) -> Answer:
        """SODA 2.1. Whoever names no order gets the rows in another order every time."""
        unknown = [name for name in asked.query if name.startswith("$") and name not in KNOWN]
        if unknown:
            raise Refused("syntax", f"Unrecognized arguments {unknown}")
        query = self.read(asked.query)
        if asked.path.endswith(".json"):
            return self.rows(asked, query, 1000)
        asked.quick = False  # what is written as CSV is not kept
        answer = self.rows(asked, query, 1000, write=written)
        for row in answer.rows:
            row |= {"location": wkt(row["location"])} if "location" in row else {}
        return as_csv(answer, self.chosen(query, hidden=True))

    def read(self, given: dict[str, str]) -> Query:
        if "$query" in given:
            return little_sql.query(given["$query"])
        equals = [(name, "=", value) for name, value in given.items() if not name.startswith("$")]
        where = little_sql.where(given["$where"]) if "$where" in given else ALWAYS
        return Query(
            columns=little_sql.columns(given["$select"]) if "$select" in given else Query.columns,
            where=("and", where, *equals),
            order=little_sql.order(given["$order"]) if "$order" in given else (),
            limit=whole(given, "$limit"),
            offset=whole(given, "$offset") or 0,
        )

    def query(self, asked: Asked) -> Answer:
        """SODA 3: a token is needed, the page is counted from 1."""
        if asked.headers.get("x-app-token") != self.token:
            return self.error(403, "An app token or a login is required")
        try:
            said = orjson.loads(asked.body)
            page = said.get("page", {})
            number, size = int(page.get("pageNumber", 1)), asked.size(int(page.get("pageSize", 1000)))
            query = little_sql.query(said["query"])
        except (ValueError, KeyError, AttributeError) as wrong:
            return self.error(400, f"the body is no query: {wrong}")
        first = (number - 1) * size
        left = size if query.limit is None else max(min(size, query.limit - first), 0)
        query = Query(query.columns, None, query.where, query.order, left, query.offset + first)
        return self.rows(asked, query, size, hidden=not said.get("includeSynthetic"))

    def rows(
        self, asked: Asked, query: Query, limit: int, hidden: bool = True, write: Callable = written_less_nulls
    ) -> Answer:
        if query.columns[0][0] == "count(*)":
            name = query.columns[0][1]
            doc = [{name: str(self.table.page(asked, query.where).total)}]
            return Answer(doc, count=(doc[0], name))
        limit = limit if query.limit is None else query.limit
        if query.order:
            found = self.table.page(asked, query.where, query.order, query.offset, limit, cursor=":id").rows
        else:
            every = rotated(self.table.page(asked, query.where).rows, UNSTABLE * asked.number)
            found = every[query.offset : query.offset + asked.size(limit)]
        names = tuple(self.chosen(query, hidden))
        writers = self.table.writers(names)
        rows = self.table.shown(asked, found, lambda case: write(case, writers), names)
        return Answer(rows, rows)

    def chosen(self, query: Query, hidden: bool) -> list[str]:
        """The columns of a select; * leaves the system's own out, :* is those."""
        names: list[str] = []
        for what, _ in query.columns:
            every = [name for name in self.table.columns if not name.startswith(":") or name.startswith(":@")]
            stars = {"*": every if hidden else [*SYSTEM, *every], ":*": list(SYSTEM)}
            names += stars.get(what, [what])
        return names

    def describe(self, asked: Asked) -> Answer:
        newest = max((case.touched for case in self.model), default=self.model.now)
        columns = [
            {
                "id": 100 + n,
                "name": display(name),
                "fieldName": name,
                "dataTypeName": TYPES[one.kind],
                "position": n,
            }
            for n, (name, one) in enumerate(self.table.columns.items())
            if name not in SYSTEM
        ]
        return Answer(
            {
                "id": self.view,
                "name": "311 Service Requests",
                "rowsUpdatedAt": newest,
                "viewLastModified": newest,
                "columns": columns,
            }
        )

    def download(self, asked: Asked) -> Answer:
        """All rows as CSV under their display names, with dates as people write them."""
        if asked.query.get("accessType") != "DOWNLOAD":
            return self.error(400, "accessType=DOWNLOAD expected")
        names = [name for name in self.table.columns if not name.startswith(":")]
        rows = [self.displayed(case, names) for case in self.table.ordered(((":id", False),))[0]]
        return as_csv(Answer(rows, rows), [display(name) for name in names])

    def displayed(self, case: Case, names: Iterable[str]) -> dict:
        row = {}
        for name in names:
            one = self.table.columns[name]
            value = one.get(case)
            if one.kind == "local":
                value = american(value, self.model.zone)
            row[display(name)] = wkt(value) if one.kind == "point" else value
        return row


def whole(given: dict[str, str], name: str) -> int | None:
    if name in given and not given[name].isdigit():
        raise Refused("syntax", f"{name} {given[name]!r} is no whole number")
    return int(given[name]) if name in given else None


def rotated(rows: list, by: int) -> list:
    by %= len(rows) or 1
    return rows[by:] + rows[:by]


def as_csv(answer: Answer, names: list[str]) -> Answer:
    answer.kind, answer.encode = CSV, delimited(names)
    return answer


ROUTES = (
    (r"/resource/(?P<view>[^/.]+)\.(json|csv)", "GET", Socrata.resource),
    (r"/api/v3/views/(?P<view>[^/.]+)/query\.json", "POST", Socrata.query),
    (r"/api/views/(?P<view>[^/.]+)\.json", "GET", Socrata.describe),
    (r"/api/views/(?P<view>[^/.]+)/rows\.csv", "GET", Socrata.download),
)
