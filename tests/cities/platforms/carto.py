"""Carto's SQL API, version 2, over one table."""

from dataclasses import dataclass, field
from typing import ClassVar

from tests.cities import little_sql
from tests.cities.limits import Limit
from tests.cities.little_sql import Refused
from tests.cities.model import Model
from tests.cities.scene import flat
from tests.cities.table import Column, Table, column, written
from tests.cities.times import utc
from tests.cities.wire import Answer, Asked

NAME = "public_cases_fc"
TYPES = {"text": "string", "number": "number", "instant": "date"}
WRONG = {
    "column": 'column "{}" does not exist',
    "table": 'relation "{}" does not exist',
    "type": "invalid input syntax: {}",
    "syntax": "syntax error {}",
}
POINTS = {"st_x(the_geom)": "long", "st_y(the_geom)": "lat"}


@dataclass
class Carto:
    """GET or POST /api/v2/sql with q; per_minute is the size of the leaky bucket."""

    model: Model
    per_minute: int | None = None
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
        closed="closed_datetime",
        expected="expected_datetime",
        address="address",
        lat="lat",
        long="lon",
        description="subject",
    )

    def __post_init__(self) -> None:
        self.limit = Limit(self.model, self.per_minute)
        self.table = Table(lambda: self.model, lambda: self.model.version, self.columns())

    def columns(self) -> dict[str, Column]:
        def dated(where: str) -> Column:
            return column("instant", where, utc)

        columns = {
            "cartodb_id": column("number", "number"),
            "the_geom": column("text", lambda case: None if case.lat is None else f"0101000020E6{case.number:030X}"),
            "service_request_id": column("text", "id"),
            "subject": column("text", "description"),
            "status": column("text", lambda case: case.status.capitalize()),
            "status_notes": column("text", "closure_note"),
            "service_name": column("text", "service_name"),
            "service_code": column("text", "service_code"),
            "agency_responsible": column("text", "agency"),
            "requested_datetime": dated("requested"),
            "updated_datetime": dated("updated"),
            "expected_datetime": dated("expected"),
            "closed_datetime": dated("closed"),
            "address": column("text", "address"),
            "zipcode": column("text", "zipcode"),
            "media_url": column("text", lambda case: None),
            "lat": column("number", "lat"),
            "lon": column("number", "long"),
            "reporter_name": column("text", "reporter_name"),
            "reporter_email": column("text", "reporter_email"),
            "reporter_phone": column("text", "reporter_phone"),
        }
        return columns | {call: column("number", where) for call, where in POINTS.items()}

    def answer(self, asked: Asked) -> Answer:
        if asked.path != "/api/v2/sql" or asked.method not in {"GET", "POST"}:
            return self.error(404, "no such resource")
        if wait := self.limit.wait(asked):
            answer = self.error(429, "You are over platform's limits")
            answer.headers |= {"Retry-After": str(wait), "Carto-Rate-Limit-Remaining": "0"}
            return answer
        if asked.form.get("format", "json") != "json" or not asked.form.get("q"):
            return self.error(400, "You must indicate a sql query in the format json")
        try:
            return self.select(asked, little_sql.query(asked.form["q"]))
        except Refused as refused:
            return self.error(400, WRONG[refused.reason].format(refused.what))

    def error(self, status: int, message: str) -> Answer:
        return Answer({"error": [message]}, status=status)

    def select(self, asked: Asked, query: little_sql.Query) -> Answer:
        if query.table != NAME:
            raise Refused("table", str(query.table))
        if query.columns[0][0] == "count(*)":
            name = query.columns[0][1]
            row = {name: self.table.page(asked, query.where).total}
            return Answer(told([row], {name: {"type": "number"}}), count=(row, name))
        limit = 10**9 if query.limit is None else query.limit
        part = self.table.page(asked, query.where, query.order, query.offset, limit, cursor="cartodb_id")
        chosen = self.chosen(query.columns)
        writers = [(name, one.get, one.write) for name, one in chosen.items()]
        rows = self.table.shown(asked, part.rows, lambda case: written(case, writers), query.columns)
        return Answer(told(rows, {name: {"type": TYPES[one.kind]} for name, one in chosen.items()}), rows)

    def chosen(self, columns: tuple) -> dict[str, Column]:
        """Output name → column."""
        found = {}
        for what, name in columns:
            if what == "*":
                found |= {name: one for name, one in self.table.columns.items() if name not in POINTS}
            else:
                found[name] = self.table.column(what)
        return found


def told(rows: list[dict], fields: dict) -> dict:
    return {"rows": rows, "time": 0.012, "fields": fields, "total_rows": len(rows)}
