"""The style sheet and icon of this city, made in memory, and the few static files."""

import hashlib
from functools import cache
from pathlib import Path

from datasette import NotFound, Request, Response

from hub import brand
from hub import datasette_compat as compat
from hub.city import COLOURS
from hub.datasette_compat import Datasette

STATIC = Path(__file__).parents[1] / "static"
TYPES = {".js": "text/javascript; charset=utf-8"}


async def brand_css(request: Request, datasette: Datasette) -> Response:
    chosen = compat.settings(datasette).get("brand", {})
    return _known_or(
        request, brand.css(COLOURS | chosen.get("colours", {}), chosen.get("font", "")), "text/css; charset=utf-8"
    )


async def brand_icon(request: Request, datasette: Datasette) -> Response:
    chosen = compat.settings(datasette).get("brand", {})
    drawn = chosen.get("icon") or brand.icon(COLOURS | chosen.get("colours", {}), chosen.get("name", ""))
    return _known_or(request, drawn, "image/svg+xml")


async def brand_logo(request: Request, datasette: Datasette) -> Response:
    drawn = compat.settings(datasette).get("brand", {}).get("logo")
    if not drawn:
        raise NotFound("This city has no logo.")
    return _known_or(request, drawn, "image/svg+xml")


async def asset(request: Request) -> Response:
    name = request.url_vars["name"]
    if name not in static_files():
        raise NotFound("There is no such file.")
    return _known_or(request, static_files()[name], TYPES[Path(name).suffix])


@cache
def static_files() -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in STATIC.iterdir() if path.suffix in TYPES}


def _known_or(request: Request, body: str, content_type: str) -> Response:
    etag = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    headers = {"etag": etag, "cache-control": "max-age=300"}
    if request.headers.get("if-none-match") == etag:
        return Response("", status=304, headers=headers)
    return Response(body, headers=headers, content_type=content_type)
