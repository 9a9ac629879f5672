"""An ArcGIS feature service: one layer of points, whose errors come under 200."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from tests.cities import little_sql
from tests.cities.little_sql import Moment, Refused
from tests.cities.model import EAST, NORTH, SOUTH, WEST, Case, Model
from tests.cities.table import Column, Table, column, written
from tests.cities.times import millis
from tests.cities.wire import Answer, Asked, page_of_html
from tests.cities.wrong_rows import mercator

SERVICE = "/arcgis/rest/services/ServiceRequests/FeatureServer"
CODES = {401: 499, 403: 498}
DOMAIN_SIZE = 4000


@dataclass
class ArcGIS:
    """GET or POST {SERVICE}/0?f=json and {SERVICE}/0/query.

    cap             maxRecordCount: longer pages are cut to it, and exceededTransferLimit is true
    ignores_offset  resultOffset without resultRecordCount is ignored, and everything comes
    token           what `token=` or X-Esri-Authorization must say
    """

    model: Model
    cap: int = 1000
    ignores_offset: bool = False
    token: str | None = None
    table: Table = field(init=False)

    fields: ClassVar = {
        word: (("attributes", name),)
        for word, name in {
            "id": "SERVICEREQUESTID",
            "status": "SERVICEORDERSTATUS",
            "code": "SERVICECODE",
            "name": "SERVICECODEDESCRIPTION",
            "group": "SERVICETYPECODEDESCRIPTION",
            "agency": "ORGANIZATIONACRONYM",
            "requested": "ADDDATE",
            "updated": "LASTEDITED",
            "closed": "RESOLUTIONDATE",
            "expected": "SERVICEDUEDATE",
            "address": "STREETADDRESS",
            "description": "DETAILS",
        }.items()
    } | {"lat": (("geometry", "y"),), "long": (("geometry", "x"),)}

    def __post_init__(self) -> None:
        self.table = Table(lambda: self.model, lambda: self.model.version, self.columns(), dates=(Moment,))

    def columns(self) -> dict[str, Column]:
        def dated(where: str) -> Column:
            return column("instant", where, millis)

        return {
            "OBJECTID": column("number", "number"),
            "SERVICEREQUESTID": column("text", "id"),
            "SERVICECODE": column("text", "service_code"),
            "SERVICECODEDESCRIPTION": column("text", "service_name"),
            "SERVICETYPECODEDESCRIPTION": column("text", "service_group"),
            "ORGANIZATIONACRONYM": column("text", "agency"),
            "SERVICEORDERSTATUS": column("text", lambda case: case.status.capitalize()),
            "ADDDATE": dated("requested"),
            "RESOLUTIONDATE": dated("closed"),
            "SERVICEDUEDATE": dated("expected"),
            "LASTEDITED": dated("updated"),
            "STREETADDRESS": column("text", "address"),
            "ZIPCODE": column("text", "zipcode"),
            "DETAILS": column("text", "description"),
            "INSPECTORNAME": column("text", lambda case: f"Inspector {case.number % 5}"),
            "REPORTERNAME": column("text", "reporter_name"),
            "REPORTEREMAIL": column("text", "reporter_email"),
            "REPORTERPHONE": column("text", "reporter_phone"),
        }

    def answer(self, asked: Asked) -> Answer:
        given = asked.form
        if asked.path not in ACTS or asked.method not in {"GET", "POST"}:
            return self.error(400, "Invalid URL")
        if self.token and self.token not in (given.get("token"), bearer(asked)):
            return self.error(401, "Token Required")
        if given.get("f", "html") not in {"json", "pjson"}:
            return page_of_html("ServiceRequests (FeatureServer)") if "f" not in given else self.error(400, "f")
        try:
            return ACTS[asked.path](self, asked, given)
        except (Refused, ValueError) as refused:
            return self.error(400, f"Cannot perform query. Invalid query parameters: {refused}")

    def error(self, status: int, message: str) -> Answer:
        """Under 200, as it is."""
        return Answer({"error": {"code": CODES.get(status, status), "message": message, "details": []}})

    def service(self, asked: Asked, given: dict) -> Answer:
        layers = [{"id": 0, "name": "Service Requests", "type": "Feature Layer"}]
        return Answer({"currentVersion": 11.1, "capabilities": "Query", "layers": layers, "tables": []})

    def layer(self, asked: Asked, given: dict) -> Answer:
        edited = max((case.touched for case in self.model), default=self.model.now)
        return Answer(
            {
                "currentVersion": 11.1,
                "id": 0,
                "name": "Service Requests",
                "type": "Feature Layer",
                "geometryType": "esriGeometryPoint",
                "objectIdField": "OBJECTID",
                "maxRecordCount": self.cap,
                "capabilities": "Query",
                "supportedQueryFormats": "JSON",
                "advancedQueryCapabilities": {"supportsPagination": True, "supportsOrderBy": True},
                "dateFieldsTimeReference": {"timeZone": "UTC", "respectsDaylightSaving": False},
                "editingInfo": {"lastEditDate": millis(edited)},
                "extent": {"xmin": WEST, "ymin": SOUTH, "xmax": EAST, "ymax": NORTH, "spatialReference": WGS84},
                "fields": [self.described(name, one) for name, one in self.table.columns.items()],
            }
        )

    def described(self, name: str, one: Column) -> dict:
        kind = {"text": "esriFieldTypeString", "instant": "esriFieldTypeDate"}.get(one.kind, "esriFieldTypeOID")
        length = {"length": DOMAIN_SIZE} if one.kind == "text" else {}
        return {"name": name, "type": kind, "alias": name.title(), "nullable": name != "OBJECTID", **length}

    def query(self, asked: Asked, given: dict) -> Answer:
        where = self.where(given)
        order = little_sql.order(given["orderByFields"]) if given.get("orderByFields") else (("OBJECTID", False),)
        if given.get("returnCountOnly") == "true":
            doc = {"count": self.table.page(asked, where).total}
            return Answer(doc, count=(doc, "count"))
        if given.get("returnIdsOnly") == "true":
            ids = [case.number for case in self.table.page(asked, where, order).rows]
            return Answer({"objectIdFieldName": "OBJECTID", "objectIds": ids or None})
        part = self.table.page(asked, where, order, *self.slice(given), cursor="OBJECTID")
        writers = self.table.writers(self.chosen(given.get("outFields")))
        shape = self.shape(given)
        like = (given.get("outFields"), given.get("outSR"), given.get("returnGeometry"))
        rows = self.table.shown(
            asked, part.rows, lambda case: {"attributes": written(case, writers)} | shape(case), *like
        )
        doc = {
            "objectIdFieldName": "OBJECTID",
            "geometryType": "esriGeometryPoint",
            "spatialReference": WGS84 if given.get("outSR") == "4326" else MERCATOR,
            "fields": [self.described(name, self.table.columns[name]) for name, *_ in writers],
            "features": rows,
        }
        if part.more:
            doc["exceededTransferLimit"] = True
        return Answer(doc, rows, more=(doc, "exceededTransferLimit"))

    def where(self, given: dict) -> tuple:
        """One of where and objectIds must be there; both together must both be true."""
        ids = [int(id) for id in given.get("objectIds", "").split(",") if id]
        if not ids and not given.get("where"):
            raise Refused("syntax", "'where' clause is required")
        parts = [("OBJECTID", "in", tuple(ids))] if ids else []
        return ("and", *parts, *([little_sql.where(given["where"])] if given.get("where") else []))

    def slice(self, given: dict) -> tuple[int, int]:
        offset, wanted = int(given.get("resultOffset") or 0), int(given.get("resultRecordCount") or 0)
        if self.ignores_offset and not wanted:
            return 0, 10**9
        return offset, min(wanted or self.cap, self.cap)

    def chosen(self, fields: str | None) -> list[str]:
        """Without outFields only the id comes."""
        names = list(self.table.columns)
        return names if fields == "*" else (fields or "OBJECTID").split(",")

    def shape(self, given: dict) -> Callable[[Case], dict]:
        """Where nobody asks for another system, places come in web mercator."""
        if given.get("returnGeometry", "true") == "false":
            return lambda case: {}
        if given.get("outSR") not in (None, "", "4326", "102100", "3857"):
            raise Refused("type", f"outSR {given['outSR']}")
        degrees = given.get("outSR") == "4326"

        def point(case: Case) -> dict:
            if case.lat is None:
                return {"geometry": None}
            y, x = (case.lat, case.long) if degrees else mercator(case.lat, case.long)
            return {"geometry": {"x": x, "y": y}}

        return point


def bearer(asked: Asked) -> str:
    return asked.headers.get("x-esri-authorization", "").removeprefix("Bearer ")


WGS84 = {"wkid": 4326, "latestWkid": 4326}
MERCATOR = {"wkid": 102100, "latestWkid": 3857}
ACTS = {SERVICE: ArcGIS.service, f"{SERVICE}/0": ArcGIS.layer, f"{SERVICE}/0/query": ArcGIS.query}
