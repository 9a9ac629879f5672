"""For machines: is the hub well, and where may a crawler go."""

from datasette import Request, Response

from hub import datasette_compat as compat
from hub.datasette_compat import Datasette
from hub.plugin import served

# Facet and filter links are endless; the pages and the tables themselves are welcome.
ROBOTS = """User-agent: *
Disallow: /*?
Disallow: /search
Disallow: /*.csv
Disallow: /*.db
Disallow: /-/
Allow: /
"""


async def healthz(request: Request, datasette: Datasette) -> Response:
    """200 if a question to the database is answered by the release that should be served, else 503."""
    now = served.now(datasette)
    found = await compat.rows(datasette, "select id from releases")
    ok = [row["id"] for row in found] == [now.release.id]
    body = {"ok": ok, "release": now.release.id, "read_on" if now.is_read else "as_of": now.as_of}
    return Response.json(body, status=200 if ok else 503, headers={"cache-control": "no-store"})


async def robots(request: Request) -> Response:
    return Response.text(ROBOTS, headers={"cache-control": "max-age=86400"})
