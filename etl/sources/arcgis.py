"""ArcGIS feature and map services: the rows of one layer, or of several (one a year) as one source.

location: the address of each layer, as the REST page of the service shows it:
  https://maps.example.gov/arcgis/rest/services/ServiceRequests/FeatureServer/0     its last number is the layer
  https://maps.example.gov/arcgis/rest/services/Requests2024/MapServer              a service that has one layer only
An item's page (…/home/item.html?id=…) is followed to its service. On an open data page the address stands under
"I want to use this", "View API resources", as GeoService.
credentials: a token, where the service asks for one.
layout.changed_field: the date field that is set whenever a row is edited, where the layer does not name it itself.

Fields are called as in the layer's list of fields; its point comes as `geometry.long` and `geometry.lat`. Dates are
milliseconds (layout.epoch). OBJECTID is only a place to go on from: it changes when a layer is published anew.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from etl.http import Retry
from etl.sources.days import moment
from etl.sources.over_http import unasked
from etl.sources.page import Pages, Part, Proof, Request, Resume, chosen, plain, text
from etl.sources.walkers import keyset
from hub.errors import ConfigurationError, SourceError

SERVICE = re.compile(
    r"(?P<service>.*/rest/services/.+/(?:Feature|Map)Server)(?P<layer>/\d+)?(?:/query)?", re.IGNORECASE
)
POINT = ("geometry.long", "geometry.lat")
MOST_ROWS = 5000  # of one page
LONGEST = 1800  # characters of a question that still fits into an address
DAY = 24 * 3600
SETTLED_S = 3600  # what was edited since may be followed by more under the same time: it is not yet believed
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
NO_TOKEN = (498, 499)
OBJECT_ID, DATE = "esriFieldTypeOID", "esriFieldTypeDate"


def recognises(url: str) -> bool:
    there = urlsplit(url)
    return bool(SERVICE.search(there.path)) or there.path.endswith("/home/item.html")


def probe(request: Request) -> dict:
    """The columns that the layers have between them."""
    names = [name for place in request.location for name in _columns(_about(request, _layer(request, place)))]
    return {"columns": list(dict.fromkeys(names))}


def _layer(request: Request, place: str) -> str:
    """The layer of an address; of a service its only one."""
    there = urlsplit(_service_of_item(request, place))
    found = SERVICE.fullmatch(there.path.rstrip("/"))
    if not found:
        raise ConfigurationError(
            f"sources.{request.name}.location has {unasked(place)}, which is no layer of ArcGIS.",
            "write an address such as https://HOST/arcgis/rest/services/NAME/FeatureServer/0; the open data page shows "
            "it under 'I want to use this', 'View API resources', as GeoService",
        )
    service = f"{there.scheme}://{there.netloc}{found['service']}"
    if found["layer"]:
        return service + found["layer"]
    about = _ask(request, service, {}, "layers")
    listed = [one for one in about["layers"] + about.get("tables", []) if one.get("type") != "Group Layer"]
    if len(listed) != 1:
        told = "; ".join(f"/{one['id']} {one['name']}" for one in listed)
        raise ConfigurationError(
            f"sources.{request.name}.location has {unasked(place)}, a service of {len(listed)} layers.",
            f"add the number of the layer, or list several: {told}",
        )
    return f"{service}/{listed[0]['id']}"


def _service_of_item(request: Request, place: str) -> str:
    """Where an item's page leads to; any other address as it is."""
    there = urlsplit(place)
    item, layer = (parse_qs(there.query).get(name, [""])[0] for name in ("id", "sublayer"))
    if not there.path.endswith("/home/item.html") or not item.isalnum():
        return place
    root = f"{there.scheme}://{there.netloc}{there.path.removesuffix('/home/item.html')}"
    service = _ask(request, f"{root}/sharing/rest/content/items/{item}", {}, "url")["url"] or place
    return f"{service}/{layer}" if layer.isdigit() else service


# Asking


def _ask(request: Request, url: str, query: dict, must_have: str) -> dict:
    """The answer of the server, which has the key `must_have`. Long questions are posted."""
    headers = {"X-Esri-Authorization": f"Bearer {request.secret.reveal()}"} if request.secret else {}
    query = {"f": "json"} | query

    def wrong(said: object) -> str | None:
        return _wrong(request, said, must_have)

    if len(asked := urlencode(query)) <= LONGEST:
        return request.http.json(url, params=query, headers=headers, wrong=wrong)
    return request.http.json(url, body=asked, headers=headers | FORM, wrong=wrong)


def _wrong(request: Request, said: object, must_have: str) -> str | Retry | None:
    """What is wrong with an answer that came under 200: an error object, or "try later" in some form."""
    said = said if isinstance(said, dict) else {}
    error = said.get("error")
    if not isinstance(error, dict):
        rows = said.get("features", [])
        is_whole = isinstance(rows, list) and all(
            isinstance(row, dict) and isinstance(row.get("attributes"), dict) for row in rows
        )
        return None if must_have in said and is_whole else Retry(f"sends an answer without {must_have}")
    details = [one for one in error.get("details") or [] if isinstance(one, str) and one != error.get("message")]
    said_why = ": ".join([error.get("message") or "an error", *details[:1]])
    code, told = error.get("code") or 500, f"{said_why} ({error.get('code')})"
    if code in NO_TOKEN:
        return f"{told}; set sources.{request.name}.credentials to a token that may read the layer"
    if code == 429 or not 400 <= code < 500:
        after = re.search(r"after (\d+) sec", told)
        return Retry(f"says: {told}", after=float(after[1]) if after else None)
    return told


def _about(request: Request, layer: str) -> dict:
    about = _ask(request, layer, {}, "fields")
    if not about["fields"]:
        raise SourceError(
            f"{layer} is {about.get('name') or 'a layer'} without fields: a group or a picture.",
            f"write the address of a layer with rows into sources.{request.name}.location",
        )
    return about


def _columns(about: dict) -> list[str]:
    names = [one["name"] for one in about["fields"]]
    return names + list(POINT) if about.get("geometryType") == "esriGeometryPoint" else names


# What there is to read


def parts(request: Request) -> list[Part]:
    """Every layer, with the time of its last edit where the server tells it."""
    return [
        Part(name, _fingerprint(request, about), _asking(request, layer, about))
        for name, layer, about in _layers(request)
    ]


def _fingerprint(request: Request, about: dict) -> str:
    edited = (about.get("editingInfo") or {}).get("lastEditDate") or 0
    is_settled = type(edited) is int and edited <= (request.until - SETTLED_S) * 1000
    return str(edited) if edited and is_settled else ""


def changes(request: Request) -> list[Part] | None:
    """The rows of every layer that were edited since; None if a layer does not tell when its rows were."""
    layers, since = _layers(request), moment(request.since)
    fields = [_changed_field(request, layer, about) for _, layer, about in layers]
    if not all(fields):
        return None
    return [
        Part(f"{name} since {since}", ask=_asking(request, layer, about) | {"where": _edited(field, request, about)})
        for (name, layer, about), field in zip(layers, fields, strict=True)
    ]


def _layers(request: Request) -> list[tuple[str, str, dict]]:
    """Of each layer its name in the ledger, its address and what the server tells of it."""
    layers = dict.fromkeys(_layer(request, place) for place in request.location)
    names = [re.split("/services/", layer, maxsplit=1, flags=re.IGNORECASE)[1] for layer in layers]
    if len(set(names)) < len(names):
        names = list(layers)
    return [(name, layer, _about(request, layer)) for name, layer in zip(names, layers, strict=True)]


def _asking(request: Request, layer: str, about: dict) -> dict:
    """What is asked of a layer: its allow-listed columns and the field that numbers its rows, page by page."""
    columns, keys = chosen(request, layer, _columns(about)), set(map(plain, request.key))
    return {
        "layer": layer,
        "columns": columns,
        "key": next((name for name in columns if plain(name) in keys), ""),
        "oid": _object_id(layer, about),
        "size": min(about.get("maxRecordCount") or MOST_ROWS, MOST_ROWS),
    }


def _object_id(layer: str, about: dict) -> str:
    """The field that numbers the rows. Raises SourceError if there is none."""
    named = [about.get("objectIdField"), *(one["name"] for one in about["fields"] if one["type"] == OBJECT_ID)]
    if found := next((name for name in named if name), ""):
        return found
    raise SourceError(
        f"{layer} has no object id, so nobody can tell which of its rows were read.",
        "ask who publishes it for a layer with an OBJECTID, or for its file",
    )


def _changed_field(request: Request, layer: str, about: dict) -> str:
    """The date field that tells when a row was edited; "" if there is none."""
    given = request.layout.get("changed_field")
    dates = [one["name"] for one in about["fields"] if one["type"] == DATE]
    wanted = given or (about.get("editFieldsInfo") or {}).get("editDateField") or ""
    found = next((name for name in dates if plain(name) == plain(wanted)), "")
    if given and not found:
        raise ConfigurationError(
            f"sources.{request.name}.layout.changed_field is {given!r}, which is no date field of {layer}.",
            f"its date fields are: {', '.join(dates) or 'none'}",
        )
    return found


def _edited(field: str, request: Request, about: dict) -> str:
    """The condition for what changed. A server that does not reckon in UTC is asked from a day earlier."""
    zone = (about.get("dateFieldsTimeReference") or {}).get("timeZone", "UTC")
    when = datetime.fromtimestamp(max(0, request.since - (zone != "UTC") * DAY), UTC)
    return f"{field} >= TIMESTAMP '{when:%Y-%m-%d %H:%M:%S}'"


# Reading


@dataclass(slots=True)
class Layer:
    """A layer while it is read: only rows up to `highest` belong to this walk."""

    request: Request
    ask: Mapping[str, Any]
    highest: int | None = None
    was_moved: bool = False

    def number(self, row: dict) -> int:
        told = row.get(self.ask["oid"])
        if type(told) is not int and not (text(told) or "").isdigit():
            raise SourceError(
                f"{self.ask['layer']}: a row has no {self.ask['oid']}, by which the rows are numbered.",
                "ask who publishes it; nothing can be read until each row has one",
            )
        return int(told)

    def order(self, row: dict) -> str:
        """The row's OBJECTID and the city's id: a cursor that shows whether the layer was numbered anew."""
        return f"{self.number(row)} {text(row.get(self.ask['key'])) or ''}"

    def query(self, where: str, must_have: str = "features", **options: object) -> dict:
        query = {"where": " AND ".join(filter(None, (where, self.ask.get("where")))) or "1=1"} | options
        return _ask(self.request, f"{self.ask['layer']}/query", query, must_have)

    def find_highest(self) -> None:
        """The highest number of this moment: nothing is above it. Some servers do not sort."""
        oid, where = self.ask["oid"], ""
        options = {"outFields": oid, "orderByFields": f"{oid} DESC", "resultRecordCount": 1, "returnGeometry": "false"}
        while found := self.query(where, **options)["features"] or self.query(where, **options)["features"]:
            highest = max(self.number(one["attributes"]) for one in found)
            if self.highest is not None and highest <= self.highest:
                return
            self.highest, where = highest, f"{oid} > {highest}"

    def count(self) -> int:
        where = f"{self.ask['oid']} <= {self.highest}" if self.highest is not None else ""
        return self.query(where, "count", returnCountOnly="true")["count"]

    def behind(self, last: str) -> list[dict]:
        """The rows behind the last one met. Each page begins with that row, unless it is gone; if it has become
        another one, nothing is known any more."""
        oid, met = self.ask["oid"], int(last.partition(" ")[0]) if last else None
        if self.highest is None or self.was_moved or met == self.highest:
            return []
        upto = f"{oid} <= {self.highest}"
        if met is None:
            return self.rows(upto)
        rows = self.rows(f"{oid} >= {met} AND {upto}")
        self.was_moved = any(self.order(row) != last for row in rows if self.number(row) == met)
        news = [row for row in rows if self.number(row) > met]
        return [] if self.was_moved else news or self.rows(f"{oid} > {met} AND {upto}")

    def rows(self, where: str) -> list[dict]:
        """A page in order; a smaller one where the server says that there are rows and sends none."""
        has_point, size = any(name in POINT for name in self.ask["columns"]), self.ask["size"]
        names = [name for name in self.ask["columns"] if name not in POINT]
        options = {
            "outFields": ",".join(dict.fromkeys([*names, self.ask["oid"]])),
            "orderByFields": self.ask["oid"],
            "returnGeometry": str(has_point).lower(),
            "outSR": 4326,
        }
        while True:
            page = self.query(where, resultRecordCount=size, **options)
            if page["features"] or not page.get("exceededTransferLimit") or size == 1:
                rows = (
                    [_row(one) for one in page["features"]]
                    if has_point
                    else [one["attributes"] for one in page["features"]]
                )
                return sorted(rows, key=self.number)
            size //= 2


def _row(feature: dict) -> dict:
    point = feature.get("geometry") or {}
    return feature["attributes"] | {"geometry.long": point.get("x"), "geometry.lat": point.get("y")}


def pages(request: Request, part: Part, resume: Resume) -> Pages:
    """The rows up to the highest OBJECTID of this moment, proved by the server's count."""
    layer = Layer(request, part.ask)
    layer.find_highest()
    proof = yield from keyset(request, resume, layer.behind, layer.order, _is_after, layer.count)
    if layer.was_moved:
        return Proof(why="the layer was numbered anew while it was read", expected=proof.expected)
    return proof


def _is_after(one: str, other: str) -> bool:
    return int(one.partition(" ")[0]) > int(other.partition(" ")[0])
