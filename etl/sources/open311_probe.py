"""How an Open311 endpoint behaves, found out by asking it: implementations differ in all that is optional."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from urllib.parse import parse_qsl, quote, urljoin, urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from etl.http import Refused
from etl.sources.days import first_day, moment
from etl.sources.georeport import NONE_THERE, Server, groups_of, tidied, windows
from etl.sources.page import Request, flattened, key_of, plain
from etl.sources.paged import FULL, Window, marks_of
from etl.sources.walkers import Rows
from hub.errors import ConfigurationError, SourceError

FORMS = ("json", "xml")
BATCH = 50  # ids in one question: no server was seen to send fewer rows at once
SIZES = (1000, 250, FULL)  # rows to a page; the first that is not refused
DAY = 86_400
SPAN = 90 * DAY  # what a server tells where nothing is said
LISTS = re.compile(r"(/(requests|services)(/[^/]*)?|/discovery)(\.(json|xml))?$")
REFUSED = (400, 404, 422)
LOOKED_AT = 3  # pages that are searched for one request
MOST_FIELDS = 200  # rows that are looked at for the names of their fields


def probe(request: Request) -> dict:
    """What is known of the server from now on: its address and form, how it pages, and what else it understands."""
    if request.secret:
        raise ConfigurationError(
            f"sources.{request.name}.credentials is set; the adapter 'open311' takes no key.",
            "leave it out: reading works without, and an Open311 key would stand in every address that is logged",
        )
    request = replace(request, key=request.key or ("service_request_id",))
    server, window, size, sample = _met(request)
    first, is_heeded = _paging(request, server, window, len(sample))
    groups = groups_of(server.rows("services", NONE_THERE) or [])
    return {
        "url": server.url,
        "form": server.form,
        "given": dict(server.given),
        "first_page": first,
        "page_size": max(min(len(sample), size), FULL),
        "pages": is_heeded,
        "none_is_404": _answered_404(server),
        "changes": _tells_changes(request, server, first),
        "batch": _batch(request, server, sample),
        "single": _tells_one(request, server, sample),
        "columns": _columns(server, window, sample, groups),
    }


# Where it is


def _met(request: Request) -> tuple[Server, Window, int, Rows]:
    """The server in the form that it speaks, the youngest window in which there is a request, and rows of that."""
    servers = {server.form: server for server in _servers(request)}
    errors: dict[str, SourceError] = {}
    for window in reversed(windows(request, first_day(request))):
        for form, server in list(servers.items()):
            try:
                size, rows = _sample(server, window)
            except SourceError as error:
                errors[form] = servers.pop(form) and error
                continue
            if rows:
                return server, window, size, rows
            if rows is not None:
                servers, errors = {form: server}, {}
                break
        if not servers:
            break
    if errors:
        raise next(iter(errors.values()))
    raise SourceError(
        f"{request.url} tells of no service request since {first_day(request)}.",
        "open the address with /requests.json or /requests.xml behind it in a browser; set layout.jurisdiction_id if it "
        f"asks for one, and sources.{request.name}.layout.start to a day before the last request",
    )


def _servers(request: Request) -> Iterable[Server]:
    """The ways in which the server may speak, the likelier first."""
    parts = urlsplit(request.url)
    path = LISTS.sub("", parts.path)
    said = dict(parse_qsl(parts.query)).get("jurisdiction_id", "")
    jurisdiction = request.layout.get("jurisdiction_id", said)
    given = {"jurisdiction_id": jurisdiction} if jurisdiction else {}
    url, forms = urlunsplit((parts.scheme, parts.netloc, path, "", "")), FORMS
    if parts.path.endswith(("/discovery.json", "/discovery.xml")):
        url, forms = _discovered(request, Server(request.http, url, parts.path.rpartition(".")[2]))
    return [Server(request.http, url, form, given, request.key) for form in forms]


def _discovered(request: Request, server: Server) -> tuple[str, tuple[str, ...]]:
    """The address of the endpoint that discovery names, a productive one of version 2 if there are several."""
    found = [row for row in server.rows("discovery") or [] if row.get("url")]
    if not found:
        raise SourceError(f"{request.url} names no endpoint.", "give the address of the endpoint itself as location")

    def likelier(row: dict) -> tuple[bool, bool]:
        said = f"{row.get('specification')} {row['url']}".casefold()
        return "v2" in said, str(row.get("type")).casefold() == "production"

    best = max(found, key=likelier)
    told = str(best.get("formats") or "").casefold()
    forms = tuple(form for form in FORMS if form in told) or FORMS
    return urljoin(request.url, best["url"].strip()).rstrip("/"), forms


def _sample(server: Server, window: Window) -> tuple[int, Rows | None]:
    for size in SIZES[:-1]:
        try:
            return size, server.rows("requests", NONE_THERE, page_size=size, **_bounds(window))
        except Refused:
            continue
    return SIZES[-1], server.rows("requests", NONE_THERE, page_size=SIZES[-1], **_bounds(window))


def _bounds(window: Window) -> dict[str, str]:
    return {"start_date": moment(window[0]), "end_date": moment(window[1])}


# What it understands


def _paging(request: Request, server: Server, window: Window, count: int) -> tuple[int, bool]:
    """The number of the first page, and whether the number is heeded."""
    size = min(max(count // 3, 1), 10)

    def page(number: int) -> set[str]:
        asked = {"page": number, "page_size": size} | _bounds(window)
        return marks_of(request, _perhaps(server, "requests", **asked) or [])

    before, one = page(0), page(1)
    first, here, behind = (0, before, one) if before and _differ(before, one) else (1, one, page(2))
    return first, not behind or _differ(here, behind)


def _answered_404(server: Server) -> bool:
    """True if the server has that status for a window without requests."""
    try:
        return server.rows("requests", NONE_THERE, **_bounds((0, DAY))) is None
    except SourceError:
        return False


def _perhaps(server: Server, list_name: str, **asked: object) -> Rows | None:
    """Rows, if the server understands the question."""
    try:
        return server.rows(list_name, REFUSED, **asked)
    except SourceError:
        return None


def _differ(some: set[str], others: set[str]) -> bool:
    """A request that comes in between two questions moves the others by one; that is no other page."""
    return 2 * len(some & others) < len(some)


def heeds_updated(request: Request, server: Server) -> bool:
    """False if the server answers with rows, or an error, when it is asked what will be updated tomorrow."""
    return _perhaps(server, "requests", updated_after=moment(request.until + DAY)) == []


def _tells_changes(request: Request, server: Server, first: int) -> bool:
    """True if `updated_after` leaves out what is older, and reaches requests that were opened long before."""
    if not heeds_updated(request, server):
        return False
    window = (request.until - 2 * SPAN, request.until - SPAN - DAY)
    old = _perhaps(server, "requests", **_bounds(window)) or []
    told = ((instant(request, row, "updated_datetime"), key_of(request, row)) for row in old)
    touched = max((one for one in told if one[0] <= request.until + DAY), default=(0, ""))
    if not all(touched):
        return False
    around = {"updated_after": moment(touched[0] - 1), "updated_before": moment(touched[0] + 1)}
    found = (_perhaps(server, "requests", page=first + n, **around) or [] for n in range(LOOKED_AT))
    return any(touched[1] in marks_of(request, rows) for rows in found)


def instant(request: Request, row: object, name: str) -> int:
    """An instant that a row tells, 0 if that cannot be read."""
    named = row if isinstance(row, dict) else {}
    said = named.get(name) or next((value for one, value in named.items() if plain(one) == plain(name)), None)
    try:
        read = datetime.fromisoformat(said.strip())
    except (AttributeError, ValueError):
        return 0
    return int((read if read.tzinfo else read.replace(tzinfo=ZoneInfo(request.time_zone))).timestamp())


def _batch(request: Request, server: Server, sample: Rows) -> int:
    """How many ids may stand in one question: many, one, or none where the server does not heed them."""
    ids = _ids(request, sample)
    for wanted in (ids[:2], ids[:1]):
        found = _perhaps(server, "requests", service_request_id=",".join(wanted)) if wanted else None
        if found and marks_of(request, found) == set(wanted):
            return BATCH if len(wanted) > 1 else 1
    return 0


def _tells_one(request: Request, server: Server, sample: Rows) -> bool:
    """True if a request has an address of its own, so that the lack of one says that it is gone."""
    ids = _ids(request, sample)[:1]
    found = _perhaps(server, f"requests/{quote(ids[0], safe='')}") if ids else None
    return marks_of(request, found or []) == set(ids)


def _ids(request: Request, sample: Rows) -> list[str]:
    return sorted({key for row in sample if (key := key_of(request, row))})


def _columns(server: Server, window: Window, sample: Rows, groups: dict[str, str]) -> list[str]:
    """The names of all fields, those that only who asks for extensions is sent among them."""
    asked = {"extensions": "true", "page_size": FULL} | _bounds(window)
    rows = (_perhaps(server, "requests", **asked) or []) + sample
    named = (flattened(row) for row in tidied(rows[:MOST_FIELDS], groups) if isinstance(row, dict))
    return list(dict.fromkeys(name for row in named for name in row))
