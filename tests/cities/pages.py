"""One page of every platform, as a client first asks for it."""

from collections.abc import Callable

import httpx

from tests.cities.readers import LAYER, ask, resources, signed_in
from tests.cities.server import City

OPEN311 = "/open311/v2/requests"
SODA = "/resource/abcd-1234.json"
V3 = "/api/v3/views/abcd-1234/query.json"
API = "/api/data/v9.2/"
SQL = "/api/v2/sql"
MATTERS = "/v1/larkhaven/matters"
JSON = {"Accept": "application/json"}
EVERY = "open,acknowledged,closed,archived"


def page(city: City, page: int = 1, size: int = 10, form: str = "json", **headers) -> httpx.Response:
    return ask(city, f"{OPEN311}.{form}", headers, page=page, page_size=size)


def ids(answer: httpx.Response) -> list[str]:
    return [row["service_request_id"] for row in answer.json()]


PAGES: dict[str, Callable[[City], httpx.Response]] = {
    "open311": page,
    "socrata": lambda city: ask(city, SODA, **{"$order": ":id"}),
    "arcgis": lambda city: ask(city, f"{LAYER}/query", f="json", where="1=1", outFields="*", outSR="4326"),
    "ckan": lambda city: ask(city, "/api/3/action/datastore_search", resource_id=resources(city)[0]),
    "carto": lambda city: ask(city, SQL, q="SELECT * FROM public_cases_fc"),
    "dataverse": lambda city: ask(city, f"{API}incidents", signed_in(city)),
    "legistar": lambda city: ask(city, MATTERS, JSON),
    "seeclickfix": lambda city: ask(city, "/api/v2/issues", status=EVERY),
    "files": lambda city: ask(city, "/files/requests.geojson"),
}
