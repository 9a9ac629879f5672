"""Open311 GeoReport v2: the service requests of one endpoint, window by window of time.

The location is the address of the endpoint up to its version, such as `https://311.example.gov/open311/v2`. Where to
find it: it stands before `/requests.json` or `/services.xml` in the address of a list (which may be given just so, and
its `jurisdiction_id` is taken along), as `url` in `discovery.xml` (which may be given, too), or in the catalogue of
endpoints of the Open311 community. `layout.jurisdiction_id` is what the city calls itself there, if it must be said;
`layout.start` is the day from which on requests are read, two years back where it is left out. Endpoints of the Spot
software (Boston, San Francisco, Austin, Baltimore) allow ten questions a minute: `per_second: 0.16`.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any
from urllib.parse import quote, urlsplit

from etl.sources.days import day_of, first_day, midnight, moment
from etl.sources.georeport import NONE_THERE, Server, groups_of, tidied, windows
from etl.sources.open311_probe import heeds_updated, instant, probe
from etl.sources.page import Pages, Part, Proof, Request, Resume, key_of, page_of, plain
from etl.sources.paged import Fetch, Paging, Window, by_windows, marks_of
from etl.sources.walkers import Rows

__all__ = ["changes", "pages", "parts", "probe", "recognises"]

DAY = 86_400
OVERLAP = 28 * DAY  # requests are entered as late as that: such windows are read twice, and again for changes
OPEN = "open requests"
MOST_LOST = 4  # of the open requests, where none is left: with more, the server answers wrongly
EXTENDED = ("extendedattributes", "attributes", "notes")  # sent only to those who ask for extensions
BOUNDS = {"requested": ("start_date", "end_date"), "updated": ("updated_after", "updated_before")}


def recognises(url: str) -> bool:
    """True for the address of an endpoint, of one of its lists, or of a discovery document."""
    path = urlsplit(url).path.casefold()
    words = ("open311", "georeport", "/discovery.xml", "/discovery.json", "/requests.json", "/requests.xml")
    return url.startswith(("http://", "https://")) and any(word in path for word in words)


def parts(request: Request) -> list[Part]:
    """Windows of time from the first day to the pull. Their borders stay where they are when they are read again."""
    groups = _groups(request)
    return [_windowed(request, window, groups) for window in windows(request, first_day(request))]


def changes(request: Request) -> list[Part]:
    """What the server tells to have changed; else the youngest windows, and all that is open by its ids."""
    groups = _groups(request)
    if request.known["changes"] and heeds_updated(request, server_of(request)):  # it may not do so any more
        ask = {"window": (request.since, request.until), "by": "updated", "twice": True, "groups": groups}
        return [Part(f"changes since {moment(request.since)}", ask=ask)]
    since = day_of(request, min(request.since, request.until - OVERLAP))
    recent = [_windowed(request, window, groups) for window in windows(request, since)]
    by_id = [Part(OPEN, ask={"groups": groups})] if request.open_ids and request.known["batch"] else []
    return recent + by_id


def pages(request: Request, part: Part, resume: Resume) -> Pages:
    """Read one part to its end."""
    if part.name == OPEN:
        return (yield from _by_id(request, part, resume))
    known, belongs = request.known, partial(_belongs, request, f"{part.ask['by']}_datetime")
    wanted = partial(_since_start, request, midnight(request, first_day(request)))
    paging = Paging(_fetch(request, part), known["first_page"], known["page_size"], known["pages"], belongs, wanted)
    return (yield from by_windows(request, resume, paging, part.ask["window"], part.ask["twice"]))


def server_of(request: Request) -> Server:
    """The server as the probe found it."""
    known = request.known
    wanted = any(name.startswith(EXTENDED) for name in request.columns)
    given = known["given"] | ({"extensions": "true"} if wanted else {})
    return Server(request.http, known["url"], known["form"], given, request.key)


def _windowed(request: Request, window: Window, groups: Mapping[str, str]) -> Part:
    start, end = window
    ask = {"window": window, "by": "requested", "twice": end > request.until - OVERLAP, "groups": groups}
    return Part(f"{day_of(request, start)}..{day_of(request, end - 1)}", ask=ask)


def _groups(request: Request) -> dict[str, str]:
    """The groups of the services, which stand only in their list. Nothing if nobody wants them."""
    if plain("group") not in request.columns:
        return {}
    return groups_of(server_of(request).rows("services", NONE_THERE) or [])


def _fetch(request: Request, part: Part) -> Fetch:
    server, known, ask = server_of(request), request.known, part.ask
    since, before = BOUNDS[ask["by"]]

    def fetch(window: Window, page: int, size: int) -> Rows:
        # from a second earlier: to some servers both ends are outside, and what lies on an edge would be in no window
        bounds: dict[str, Any] = {since: moment(window[0] - 1), before: moment(window[1])}
        if ask["by"] == "updated" and window[1] == request.until:
            del bounds[before]  # what is touched while we read must not leave the pages and shift the others
        empty = NONE_THERE if page > known["first_page"] or known["none_is_404"] else ()
        return tidied(server.rows("requests", empty, page=page, page_size=size, **bounds) or [], ask["groups"])

    return fetch


def _belongs(request: Request, name: str, window: Window, row: object) -> bool:
    """False if a row tells a time that was not asked for; a day is allowed for clocks without a zone."""
    when = instant(request, row, name)
    return not when or window[0] - DAY <= when < window[1] + DAY


def _since_start(request: Request, start: int, row: object) -> bool:
    """False if a row was requested before the first day: changes tell of such ones, a reading of all does not."""
    when = instant(request, row, "requested_datetime")
    return not when or when >= start


def _by_id(request: Request, part: Part, resume: Resume) -> Pages:
    """Requests that were open, by their ids: closings of old ones, which no window of openings tells."""
    server, size = server_of(request), request.known["batch"]
    ids = [id for id in sorted(request.open_ids) if id > resume.cursor]
    read, lost = resume.rows, 0
    for batch in (ids[at : at + size] for at in range(0, len(ids), size)):
        rows, missing = _answered(request, server, batch)
        gone = tuple(id for id in missing if request.known["single"] and _is_gone(server, id))
        page = page_of(request, tidied(rows, part.ask["groups"]), read + 2, cursor=batch[-1], deletes=gone)
        read, lost = read + len(rows), lost + len(gone)
        yield page
    if lost > MOST_LOST and not read:
        return Proof(why=f"the server says that it has none of {lost:,} requests that were open")
    return Proof("double_read")


def _answered(request: Request, server: Server, ids: list[str]) -> tuple[Rows, list[str]]:
    """The rows with these ids, and the ids that have none. What is missing is asked for until nothing more comes."""
    rows, missing, silent = [], set(ids), 0
    while missing and silent < 2:
        asked = ",".join(sorted(missing))
        found = [row for row in server.rows("requests", NONE_THERE, service_request_id=asked) or []]
        news = [row for row in found if key_of(request, row) in missing]
        silent = 0 if news else silent + 1
        rows, missing = rows + news, missing - marks_of(request, news)
    return rows, sorted(missing)


def _is_gone(server: Server, id: str) -> bool:
    """True if the server says by its own word that it has no such request."""
    return server.rows(f"requests/{quote(id, safe='')}", (404, 410)) is None
