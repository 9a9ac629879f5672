"""Whole tables as files of the release: listed, in ranges, told by their hash, sent again only when they changed."""

from email.utils import parsedate_to_datetime
from pathlib import Path

from datasette import NotFound, Request, Response
from starlette.responses import FileResponse

from hub import datasette_compat as compat
from hub.datasets import tables
from hub.datasette_compat import Datasette
from hub.plugin import holdings, served
from hub.plugin.frame import CACHE
from hub.releases import PHOTOS

TYPES = {
    ".csv.gz": "application/gzip",
    ".geojson.gz": "application/gzip",
    ".parquet": "application/vnd.apache.parquet",
    ".json": "application/json",
    ".jpg": "image/jpeg",
}
KINDS = {".csv.gz": "CSV", ".parquet": "Parquet", ".geojson.gz": "GeoJSON"}


def files_of(table: str, manifest: dict) -> list[dict]:
    """The files that hold this table whole."""
    return [
        {"kind": kind, "url": f"/downloads/{table}{ending}", **manifest["files"][f"downloads/{table}{ending}"]}
        for ending, kind in KINDS.items()
        if f"downloads/{table}{ending}" in manifest["files"]
    ]


async def page(request: Request, datasette: Datasette) -> Response:
    """Every file with its size and hash."""
    now, hidden = served.now(datasette), holdings.hidden(datasette)
    about = compat.metadata(datasette)["databases"][compat.CITY]["tables"]
    listed = [
        {
            "name": table.name,
            "title": about.get(table.name, {}).get("title", table.name),
            "about": about.get(table.name, {}).get("description", ""),
            "rows": now.manifest["tables"][table.name]["rows"],
            "files": files_of(table.name, now.manifest),
        }
        for table in tables()
        if table.name in now.manifest["tables"].keys() - hidden and files_of(table.name, now.manifest)
    ]
    context = {"tables": listed, "release": now.release.id, "whole": now.manifest["files"]["city.db"]}
    return Response.html(await datasette.render_template("downloads.html", context, request), headers=CACHE)


async def about_release(request: Request, datasette: Datasette) -> Response:
    """What the release tells programs about itself: its files, its checks, its tables."""
    path = served.now(datasette).release.path / request.path.strip("/")
    if not path.is_file():
        raise NotFound("There is no such file in the present release.")
    headers = CACHE | {"access-control-allow-origin": "*"}
    return Response(path.read_text("utf-8"), headers=headers, content_type="application/json")


async def file(request: Request, datasette: Datasette, send) -> Response | None:
    """A table as a file, to be kept."""
    name = request.url_vars["name"]
    return await _sent("downloads", {"content-disposition": f'attachment; filename="{name}"'}, request, datasette, send)


async def photo(request: Request, datasette: Datasette, send) -> Response | None:
    """A photo that a person approved."""
    return await _sent(PHOTOS, {}, request, datasette, send)


async def _sent(folder: str, headers: dict, request: Request, datasette: Datasette, send) -> Response | None:
    """Send a file that the manifest names; nothing else can be reached, whatever the name looks like."""
    now, name = served.now(datasette), request.url_vars["name"]
    about = now.manifest["files"].get(f"{folder}/{name}")
    path = now.release.path / folder / name
    if about is None or not path.is_file():
        raise NotFound("There is no such file in the present release.")
    headers = _headers(about) | headers
    answer = FileResponse(path, media_type=_type(name), headers=headers, stat_result=path.stat())
    if _is_known(request.headers, answer.headers):
        return Response(
            "", status=304, headers={key: answer.headers[key] for key in ("etag", "last-modified", "cache-control")}
        )
    await answer(request.scope, request.receive, send)
    return None


def _headers(about: dict) -> dict[str, str]:
    return {
        "etag": f'"{about["sha256"]}"',
        "x-content-sha256": about["sha256"],
        "cache-control": "max-age=300",
        "access-control-allow-origin": "*",
    }


def _is_known(asked: dict, ours: dict) -> bool:
    """Does the visitor hold this very file? An ETag decides before a date."""
    if "if-none-match" in asked:
        tags = {tag.strip().removeprefix("W/") for tag in asked["if-none-match"].split(",")}
        return ours["etag"] in tags or "*" in tags
    try:
        since = parsedate_to_datetime(asked["if-modified-since"])
        return parsedate_to_datetime(ours["last-modified"]) <= since
    except (KeyError, TypeError, ValueError):
        return False


def _type(name: str) -> str:
    return next(
        (kind for ending, kind in TYPES.items() if Path(name).name.endswith(ending)), "application/octet-stream"
    )
