"""Map documents, the city's base map and the files they need: everything a map loads comes from here."""

import gzip
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from dashboards import data, maps
from hub.releases import Release

STATIC = Path(__file__).parent / "static"
FILES = {
    "vendor/leaflet.js": "text/javascript",
    "vendor/leaflet.css": "text/css",
    "vendor/protomaps-leaflet.js": "text/javascript",
    "vendor/LICENSES.txt": "text/plain",
    "map.js": "text/javascript",
    "map.css": "text/css",
}
POLICY = "default-src 'self' 'unsafe-inline' data: blob:; frame-ancestors 'self'; base-uri 'none'; form-action 'none'"
FRESH = "public, max-age=300"
STATUSES = ("open", "closed")
LEVELS = ("h3_9", "h3_8", "h3_7", "neighbourhood")
# map: how it is drawn, the measure it asks, and what each of its parameters may be: a list, or the name of data.OPTIONS
MAPS: dict[str, tuple[Callable, str, dict[str, str | tuple[str, ...]]]] = {
    "requests": (
        maps.requests,
        "requests_by_area",
        {"service_group": "service_group", "year": "year", "status": STATUSES, "level": LEVELS},
    ),
    "stories": (maps.stories, "story_places", {"subject": "subject"}),
    "capital": (
        maps.capital,
        "capital_projects_table",
        {"phase": "phase", "department": "capital_department", "district": "capital_district"},
    ),
}


async def a_map(request: Request) -> Response:
    """One map as a whole document. A parameter that is not offered is 400, so that only real choices are remembered."""
    name = request.path_params["name"]
    if name not in MAPS or data.release() is None:
        return PlainTextResponse("There is no such map.", 404)
    chosen = {key: value for key, value in request.query_params.items() if value}
    for key, value in chosen.items():
        if value not in _offered(MAPS[name][2].get(key)):
            return PlainTextResponse(f"This map does not offer {key}={value}.", 400)
    body = await run_in_threadpool(_document, data.release(), name, tuple(sorted(chosen.items())))
    headers = {
        "Content-Security-Policy": POLICY,
        "Cache-Control": FRESH,
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(body, media_type="text/html", headers=headers | {"Content-Encoding": "gzip"})
    return Response(gzip.decompress(body), media_type="text/html", headers=headers)


async def basemap(request: Request) -> Response:
    """The city's own tiles, in the pieces that a map asks for."""
    path = data.map_file("basemap.pmtiles")
    if path is None:
        return PlainTextResponse("This city has no base map.", 404)
    return FileResponse(path.resolve(), media_type="application/vnd.pmtiles", headers={"Cache-Control": FRESH})


def _file(name: str, media_type: str) -> Callable:
    """The route of one of the files that a map document loads."""

    async def a_file(request: Request) -> Response:
        return FileResponse(
            STATIC / name, media_type=media_type, headers={"Cache-Control": FRESH, "X-Content-Type-Options": "nosniff"}
        )

    return a_file


def _offered(choice: str | tuple[str, ...] | None) -> tuple[str, ...]:
    """The values a parameter may have: a closed list, or what the release offers under that name."""
    return choice if isinstance(choice, tuple) else tuple(data.options(choice)) if choice else ()


@lru_cache(maxsize=64)
def _document(release: Release, name: str, params: tuple[tuple[str, str], ...]) -> bytes:
    """A map's document, compressed once."""
    draw, measure, _ = MAPS[name]
    # The release stands in the address, so that no browser mixes the tiles of two.
    address = f"{maps.HERE}basemap.pmtiles?release={release.id}" if data.map_file("basemap.pmtiles") else ""
    look = data.colours()
    page = maps.document(draw(data.ask(measure, **dict(params)), data.areas()), look, data.areas(), address)
    return gzip.compress(page.encode(), 9, mtime=0)


ROUTES = [
    Route("/dashboards/maps/basemap.pmtiles", basemap),
    *(Route(f"/dashboards/maps/{name}", _file(name, media_type)) for name, media_type in FILES.items()),
    Route("/dashboards/maps/{name}", a_map),
]
