"""How each platform answers the questions of its adapter: as much of its dialect as they need, and nothing slow."""

import re
from bisect import bisect_left
from collections.abc import Mapping
from datetime import datetime

import orjson

from bench.dialects import MILLISECONDS, ZONED, Asked, Dialect, Table, markup, struct

SAMPLE = {  # column of the record -> column of the sample
    "service_request_id": "sr_number",
    "service_code": "sr_short_code",
    "service_name": "sr_type",
    "service_group": "sr_group",
    "status_raw": "status",
    "requested_datetime": "created_date",
    "expected_datetime": "due_date",
    "closed_datetime": "closed_date",
    "updated_datetime": "last_modified_date",
    "lat": "latitude",
    "long": "longitude",
    "address": "street_address",
    "agency_responsible": "owner_department",
    "closure_note": "resolution",
}
OWN = {name: name for name in SAMPLE.values()}
WORD = "case when closed_date is null then 'open' else 'closed' end"
OPEN311 = {
    "service_request_id": "sr_number",
    "status": WORD,
    "status_notes": "resolution",
    "service_name": "sr_type",
    "service_code": "sr_short_code",
    "description": "comments",
    "agency_responsible": "owner_department",
    "service_notice": "null",
    "requested_datetime": "created_date",
    "updated_datetime": "last_modified_date",
    "expected_datetime": "due_date",
    "address": "street_address",
    "address_id": "null",
    "zipcode": "zip_code",
    "lat": "latitude",
    "long": "longitude",
    "media_url": "null",
}
READ_OPEN311 = {name: name for name in SAMPLE if name in OPEN311} | {
    "status_raw": "status",
    "closure_note": "status_notes",
    "service_group": "group",
    "closed_datetime": "closed_datetime",
}
ISSUE = {
    "id": "n",
    "status": "case when closed_date is null then 'Open' else 'Closed' end",
    "summary": "sr_type",
    "description": "comments",
    "rating": "1",
    "lat": "latitude::double",
    "lng": "longitude::double",
    "address": "street_address",
    "created_at": "created_date",
    "acknowledged_at": "null",
    "closed_at": "closed_date",
    "reopened_at": "null",
    "updated_at": "last_modified_date",
    "url": "'http://issues.example/api/v2/issues/' || n",
    "request_type": struct({"id": "sr_short_code", "title": "sr_type", "organization": "owner_department"}),
    "media": "{'image_full': null, 'representative_image_url': null}",
}
READ_ISSUE = {
    "service_request_id": "id",
    "service_code": "request_type.id",
    "service_name": "summary",
    "agency_responsible": "request_type.organization",
    "status_raw": "status",
    "requested_datetime": "created_at",
    "closed_datetime": "closed_at",
    "updated_datetime": "updated_at",
    "address": "address",
    "lat": "lat",
    "long": "lng",
}
STATUSES = {"Open": "open", "In Progress": "open", "Completed": "closed", "Canceled": "closed", "Closed": "closed"}
MAX_RECORDS = 2000  # what a layer of ArcGIS sends at most, as they are set up
API = "/api/data/v9.2"
LABEL = "@OData.Community.Display.V1.FormattedValue"
LABELLED = {"sr_type", "owner_department"}
SECRETS = "tenant: town\nclient_id: reader\nclient_secret: made-up\nlogin: {base}"


def _after(question: str, pattern: str = r"> '?(?:row-)?(-?\d+)") -> int:
    """The number of the row behind which is asked, 0 at the start."""
    found = re.search(pattern, question)
    return max(int(found[1]), 0) if found else 0


def socrata(table: Table, asked: Asked) -> bytes:
    if asked.path.startswith("/api/views/"):
        return orjson.dumps({"columns": [{"fieldName": name, "dataTypeName": "text"} for name in table.names]})
    if asked.given.get("$select", "").startswith("count"):
        return b'[{"n":"%d"}]' % len(table.rows)
    if ":id in (" in (where := asked.given.get("$where", "")):
        return b"[%b]" % b",".join(table.rows[int(number) - 1] for number in re.findall(r"'row-(\d+)'", where))
    start = _after(where) + int(asked.given.get("$offset", 0))
    return b"[%b]" % table.page(start, int(asked.given["$limit"]))


def _selected(table: Table, sql: str) -> bytes:
    """The rows of a SELECT by the running number."""
    if "count(*)" in sql:
        return b'{"n":%d}' % len(table.rows)
    if listed := re.search(r"IN \(([\d, ]+)\)", sql):
        return b",".join(table.rows[int(number) - 1] for number in listed[1].split(", "))
    return table.page(_after(sql), _after(sql, r"LIMIT (\d+)"))


def ckan(table: Table, asked: Asked) -> bytes:
    action = asked.path.rpartition("/")[2]
    if action == "package_show":
        resource = {"id": "t1", "name": "requests", "format": "CSV", "datastore_active": True, "url_type": "datastore"}
        return orjson.dumps({"success": True, "result": {"resources": [resource]}})
    if action == "datastore_search":
        fields = [{"id": name} for name in table.names]
        return orjson.dumps({"success": True, "result": {"fields": fields, "total": len(table.rows), "records": []}})
    return b'{"success":true,"result":{"records":[%b]}}' % _selected(table, asked.given["sql"])


def carto(table: Table, asked: Asked) -> bytes:
    fields = orjson.dumps({name: {"type": "string"} for name in table.names})
    return b'{"rows":[%b],"time":0.01,"fields":%b}' % (_selected(table, asked.given["q"]), fields)


def arcgis(table: Table, asked: Asked) -> bytes:
    if not asked.path.endswith("/query"):
        dated = {"created_date", "due_date", "closed_date", "last_modified_date"}
        kinds = {"OBJECTID": "esriFieldTypeOID"} | dict.fromkeys(dated, "esriFieldTypeDate")
        fields = [{"name": name, "type": kinds.get(name, "esriFieldTypeString")} for name in table.names]
        about = {"fields": fields, "objectIdField": "OBJECTID", "maxRecordCount": MAX_RECORDS}
        return orjson.dumps(about | {"geometryType": "esriGeometryPoint"})
    where = asked.given["where"]
    if asked.given.get("returnCountOnly") == "true":
        return b'{"count":%d}' % len(table.rows)
    if "DESC" in asked.given["orderByFields"]:
        return b'{"features":[%b]}' % table.page(len(table.rows) - 1 if "1=1" in where else len(table.rows), 1)
    start = _after(where, r"OBJECTID > (\d+)") or _after(where, r"OBJECTID >= (\d+)") - 1
    return b'{"features":[%b]}' % table.page(max(start, 0), int(asked.given["resultRecordCount"]))


def _listed(table: Table, asked: Asked) -> list[bytes]:
    """The requests that are asked for in Open311: by an id, or a page of a window of time."""
    given = asked.given
    if "updated_after" in given or "/requests/" in asked.path:
        return []
    if ids := given.get("service_request_id"):
        return [row for row in table.rows[-1000:] if any(id.encode() in row for id in ids.split(","))]
    start, end = (_instant(given.get(name), table) for name in ("start_date", "end_date"))
    first, behind = bisect_left(table.opened, start), bisect_left(table.opened, end)
    size = min(int(given.get("page_size", 1000)), 1000)
    at = first + (int(given.get("page", 1)) - 1) * size
    return table.rows[at : min(at + size, behind)] if at >= first else []


def _instant(said: str | None, table: Table) -> int:
    return int(datetime.fromisoformat(said).timestamp()) if said else table.opened[-1]


def open311(table: Table, asked: Asked) -> bytes:
    if "/services" in asked.path:
        services = [
            {"service_code": code, "service_name": code, "group": group} for code, group in table.groups.items()
        ]
        return orjson.dumps(services)
    return b"[%b]" % b",".join(_listed(table, asked))


def open311_xml(table: Table, asked: Asked) -> bytes:
    if "/services" in asked.path:
        told = (
            f"<service><service_code>{code}</service_code><service_name>{code}</service_name><group>{group}</group></service>"
            for code, group in table.groups.items()
        )
        return f"<services>{''.join(told)}</services>".encode()
    if asked.path.endswith(".json"):
        return b""
    return b'<?xml version="1.0" encoding="utf-8"?><service_requests>%b</service_requests>' % b"".join(
        _listed(table, asked)
    )


def seeclickfix(table: Table, asked: Asked) -> bytes:
    page, size, count = int(asked.given["page"]), int(asked.given["per_page"]), len(table.rows)
    told = {"entries": count, "page": page, "per_page": size, "pages": -(-count // size)}
    rows = table.page((page - 1) * size, size)
    return b'{"issues":[%b],"metadata":{"pagination":%b}}' % (rows, orjson.dumps(told))


def dataverse(table: Table, asked: Asked) -> bytes:
    if asked.path.endswith("/token"):
        return b'{"access_token":"made-up"}'
    if asked.path.endswith("/EntityDefinitions"):
        about = {"LogicalName": "incident", "EntitySetName": "incidents", "PrimaryIdAttribute": "sr_number"}
        return orjson.dumps({"value": [about | {"ChangeTrackingEnabled": False}]})
    if asked.path.endswith("/Attributes"):
        return orjson.dumps({"value": [{"LogicalName": name, "AttributeType": "String"} for name in table.names]})
    start, size = int(asked.given.get("$skiptoken", 0)), int(asked.given.get("$top", 5000))
    more = start + size < len(table.rows) and "$top" not in asked.given
    link = b',"@odata.nextLink":"%b%b/incidents?$skiptoken=%d"' % (asked.base.encode(), API.encode(), start + size)
    return b'{"value":[%b]%b}' % (table.page(start, size), link if more else b"")


def _less_nulls(columns: Mapping[str, str]) -> str:
    """Socrata says nothing of what is null."""
    return rf"regexp_replace(to_json({struct(columns)})::varchar, ',\"[^\"]+\":null', '', 'g')"


def _feature(columns: Mapping[str, str]) -> str:
    return (
        f"to_json({{'attributes': {struct(columns)}, 'geometry': {{'x': longitude::double, 'y': latitude::double}}}})"
    )


def _incident(columns: Mapping[str, str]) -> str:
    return f"to_json({struct({'@odata.etag': 'n'} | columns | {'sr_type' + LABEL: 'sr_type'})})"


PLATFORMS = {
    "socrata": Dialect(
        "socrata",
        "/resource/abcd-1234.json",
        socrata,
        {":id": "printf('row-%08d', n)"} | OWN,
        SAMPLE,
        shape=_less_nulls,
    ),
    "arcgis": Dialect(
        "arcgis",
        "/arcgis/rest/services/Requests/FeatureServer/0",
        arcgis,
        {"OBJECTID": "n"} | OWN,
        SAMPLE | {"lat": "geometry.lat", "long": "geometry.long"},
        MILLISECONDS,
        _feature,
        {"epoch": "milliseconds"},
    ),
    "ckan": Dialect("ckan", "/dataset/requests", ckan, {"_id": "n"} | OWN, SAMPLE),
    "carto": Dialect("carto", "/api/v2/sql?q=SELECT * FROM requests", carto, {"cartodb_id": "n"} | OWN, SAMPLE, ZONED),
    "open311": Dialect("open311", "/open311/v2", open311, OPEN311, READ_OPEN311, ZONED, layout={"start": "2023-01-01"}),
    "open311_xml": Dialect(
        "open311", "/open311/v2", open311_xml, OPEN311, READ_OPEN311, ZONED, markup, {"start": "2023-01-01"}
    ),
    "seeclickfix": Dialect("seeclickfix", "/api/v2/issues?place_url=town", seeclickfix, ISSUE, READ_ISSUE, ZONED),
    "dataverse": Dialect(
        "dataverse", f"{API}/incidents", dataverse, OWN, SAMPLE, ZONED, _incident, credentials=SECRETS
    ),
}
