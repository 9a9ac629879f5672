"""CKAN: the action API and the DataStore, whose errors say success: false."""

import re
from dataclasses import dataclass, field
from typing import ClassVar
from uuid import NAMESPACE_DNS, uuid5

import orjson

from tests.cities import little_sql
from tests.cities.delimited import delimited
from tests.cities.little_sql import ALWAYS, Refused
from tests.cities.model import Case, Model
from tests.cities.scene import flat
from tests.cities.table import Column, Part, Table, column, written
from tests.cities.times import local, utc, wall
from tests.cities.wire import CSV, Answer, Asked

PACKAGE = "311-service-requests"
ACTION = "/api/3/action/"
DUMP = re.compile(r"/datastore/dump/([\w-]+)")
KINDS = {404: "Not Found Error", 403: "Authorization Error", 409: "Validation Error"}


def text(value: object) -> str | None:
    return None if value is None else str(value)


@dataclass
class CKAN:
    """Package 311-service-requests; every column but `_id` is text, dates are the city's wall clock.

    cap       limits above it are silently cut to it
    sql       False: datastore_search_sql is not known here
    yearly    one resource for each year in which requests were opened; else one for all
    estimated total may be an estimate: it says so
    """

    model: Model
    cap: int = 32_000
    sql: bool = True
    yearly: bool = False
    estimated: bool = False
    tables: dict[str, Table] = field(init=False)

    fields: ClassVar = flat(
        id="case_enquiry_id",
        status="case_status",
        name="type",
        group="reason",
        agency="department",
        requested="open_dt",
        updated="updated_dt",
        closed="closed_dt",
        expected="sla_target_dt",
        address="location",
        lat="latitude",
        long="longitude",
        description="case_title",
    )

    def __post_init__(self) -> None:
        self.tables = {}

    def columns(self) -> dict[str, Column]:
        def words(where: str) -> Column:
            return column("text", where, text)

        def dated(where: str) -> Column:
            return column("text", lambda case: wall(getattr(case, where), self.model.zone))

        return {
            "_id": column("number", "number"),
            "case_enquiry_id": words("id"),
            "open_dt": dated("requested"),
            "sla_target_dt": dated("expected"),
            "closed_dt": dated("closed"),
            "updated_dt": dated("updated"),
            "case_status": column("text", lambda case: case.status.capitalize()),
            "closure_reason": words("closure_note"),
            "case_title": words("description"),
            "reason": words("service_group"),
            "type": words("service_name"),
            "department": words("agency"),
            "location": words("address"),
            "location_zipcode": words("zipcode"),
            "latitude": column("text", lambda case: text(case.lat)),
            "longitude": column("text", lambda case: text(case.long)),
            "reporter_name": words("reporter_name"),
            "reporter_email": words("reporter_email"),
            "reporter_phone": words("reporter_phone"),
        }

    def names(self) -> list[str]:
        """The resources that are there now."""
        years = sorted({self.year(case) for case in self.model}) if self.yearly else ["all years"]
        return [f"311 Service Requests - {year}" for year in years]

    def year(self, case: Case) -> str:
        return str(local(case.requested, self.model.zone).year)

    def resource(self, id: object) -> Table:
        """The table of a resource; the same one as long as it is there."""
        ids = {resource_id(name): name for name in self.names()}
        if id not in ids:
            raise Refused("table", f"Resource {id!r} was not found")
        return self.tables.setdefault(id, self.table(ids[id].rpartition(" - ")[2]))

    def table(self, year: str) -> Table:
        def rows() -> list[Case]:
            return [case for case in self.model if not self.yearly or self.year(case) == year]

        return Table(rows, lambda: self.model.version, self.columns())

    def answer(self, asked: Asked) -> Answer:
        dump = DUMP.fullmatch(asked.path)
        try:
            if dump:
                return self.dump(asked, dump[1])
            act = ACTS.get(asked.path.removeprefix(ACTION))
            if act is None or (act is CKAN.search_sql and not self.sql):
                return Answer(f"Bad request - Action name not known: {asked.path.removeprefix(ACTION)}", status=400)
            return act(self, asked, self.given(asked))
        except Refused as refused:
            return self.error(404 if refused.reason == "table" else 409, refused.what)

    def given(self, asked: Asked) -> dict:
        if "json" not in asked.headers.get("content-type", ""):
            return asked.form
        try:
            return asked.query | orjson.loads(asked.body)
        except ValueError:
            raise Refused("syntax", "the body is no JSON") from None

    def error(self, status: int, message: str) -> Answer:
        told = {"__type": KINDS.get(status, "Internal Error"), "message": message}
        return Answer({"help": "/api/3/action/help_show", "success": False, "error": told}, status=status)

    def result(self, result: object) -> dict:
        return {"help": "/api/3/action/help_show", "success": True, "result": result}

    def package_show(self, asked: Asked, given: dict) -> Answer:
        if given.get("id") not in {PACKAGE, resource_id(PACKAGE)}:
            raise Refused("table", f"Package {given.get('id')!r} was not found")
        resources = [self.described(asked, name) for name in self.names()]
        package = {"id": resource_id(PACKAGE), "name": PACKAGE, "title": "311", "state": "active"}
        return Answer(self.result(package | {"num_resources": len(resources), "resources": resources}))

    def resource_show(self, asked: Asked, given: dict) -> Answer:
        self.resource(given.get("id"))
        name = next(name for name in self.names() if resource_id(name) == given["id"])
        return Answer(self.result(self.described(asked, name)))

    def described(self, asked: Asked, name: str) -> dict:
        rows = self.resource(resource_id(name)).rows()
        touched = max((case.touched for case in rows), default=self.model.now)
        return {
            "id": resource_id(name),
            "name": name,
            "format": "CSV",
            "datastore_active": True,
            "url": f"{asked.base}/datastore/dump/{resource_id(name)}",
            "last_modified": utc(touched).rstrip("Z"),
            "hash": "",
        }

    def search(self, asked: Asked, given: dict) -> Answer:
        table = self.resource(given.get("resource_id"))
        filters = self.filters(table, given.get("filters") or {})
        order = little_sql.order(str(given["sort"])) if given.get("sort") else (("_id", False),)
        size = min(whole(given, "limit", 100), self.cap)
        part = table.page(asked, filters, order, whole(given, "offset", 0), size, cursor="_id")
        answer = self.records(asked, table, part, self.chosen(table, given.get("fields")))
        answer.doc["result"] |= {"resource_id": given["resource_id"], "limit": size, "total": part.total}
        answer.doc["result"]["total_was_estimated"] = self.estimated
        answer.count = (answer.doc["result"], "total")
        return answer

    def filters(self, table: Table, given: object) -> tuple:
        try:
            filters = orjson.loads(given) if isinstance(given, str) else dict(given)
        except ValueError:
            raise Refused("syntax", "filters: cannot parse JSON") from None
        many = {name: value if isinstance(value, list) else [value] for name, value in filters.items()}
        return ("and", *((name, "in", tuple(values)) for name, values in many.items()))

    def chosen(self, table: Table, fields: object) -> list[str]:
        wanted = fields.split(",") if isinstance(fields, str) else fields
        return [name.strip() for name in wanted] if wanted else list(table.columns)

    def search_sql(self, asked: Asked, given: dict) -> Answer:
        query = little_sql.query(str(given.get("sql", "")))
        table = self.resource(query.table)
        if query.columns[0][0] == "count(*)":
            row = {query.columns[0][1]: str(table.page(asked, query.where).total)}
            return Answer(self.result({"records": [row], "sql": given["sql"]}), count=(row, query.columns[0][1]))
        limit = min(self.cap, query.limit if query.limit is not None else self.cap)
        part = table.page(asked, query.where, query.order, query.offset, limit, cursor="_id")
        stars = query.columns == (("*", "*"),)
        answer = self.records(asked, table, part, list(table.columns) if stars else [one for one, _ in query.columns])
        answer.doc["result"]["sql"] = given["sql"]
        if part.more and limit == self.cap:
            answer.doc["result"]["records_truncated"] = True
        return answer

    def records(self, asked: Asked, table: Table, part: Part, names: list[str]) -> Answer:
        writers = table.writers(names)
        rows = table.shown(asked, part.rows, lambda case: written(case, writers), *names)
        fields = [{"id": name, "type": "int" if name == "_id" else "text"} for name in names]
        return Answer(self.result({"include_total": True, "fields": fields, "records": rows}), rows)

    def dump(self, asked: Asked, id: str) -> Answer:
        table = self.resource(id)
        writers = table.writers(table.columns)
        rows = [written(case, writers) for case in table.page(asked, ALWAYS, (("_id", False),)).rows]
        mark = "utf-8-sig" if asked.query.get("bom", "").lower() == "true" else "utf-8"
        return Answer(rows, rows, kind=CSV, encode=delimited(table.columns, encoding=mark))


def resource_id(name: str) -> str:
    return str(uuid5(NAMESPACE_DNS, name))


def whole(given: dict, name: str, default: int) -> int:
    value = str(given.get(name, default))
    if not value.isdigit():
        raise Refused("type", f"{name}: Invalid integer")
    return int(value)


ACTS = {
    "package_show": CKAN.package_show,
    "resource_show": CKAN.resource_show,
    "datastore_search": CKAN.search,
    "datastore_search_sql": CKAN.search_sql,
}
