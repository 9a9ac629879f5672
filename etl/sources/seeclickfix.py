"""SeeClickFix, version 2: the issues of one place.

The location is the address of the place's page, such as `https://seeclickfix.com/new-haven`, or of the list itself,
`https://seeclickfix.com/api/v2/issues?place_url=new-haven`. What a place is called: the first part of the path of its
page, `place_url` in the address of a list or a map. Other limits in the address of a list (`request_types`, `min_lat`
and so on) are kept. `layout.start` is the day from which on issues are read; all are where it is left out.
"""

from functools import partial
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from etl.http import Retry
from etl.sources.days import first_day, midnight, moment
from etl.sources.page import Pages, Part, Request, Resume, flattened, text
from etl.sources.paged import Told, by_count
from hub.errors import ConfigurationError

PATH = "/api/v2/issues"
STATUSES = "open,acknowledged,closed,archived"  # those in the archive are hidden from who does not ask for them
PER_PAGE = 100
OURS = {"page", "per_page", "status", "sort", "sort_direction", "details", "after", "updated_at_after"}
NO_PLACES = {"", "api", "embed", "issues", "map", "open311", "users", "web_portal", "widgets"}
AREAS = {"place_url", "lat", "min_lat", "watcher_token", "request_types", "zoom"}  # one of these must limit the list


def recognises(url: str) -> bool:
    parts = urlsplit(url)
    return f".{parts.hostname}".endswith(".seeclickfix.com") and "open311" not in parts.path


def probe(request: Request) -> dict:
    """Its fields. Raises ConfigurationError if the location names no place: the list would be that of the whole world."""
    rows, _, count = _page(request, {}, 1)
    named = (flattened(row) for row in rows if isinstance(row, dict))
    return {"columns": list(dict.fromkeys(name for row in named for name in row)), "count": count}


def parts(request: Request) -> list[Part]:
    since = {"after": moment(midnight(request, first_day(request)))} if "start" in request.layout else {}
    return [Part("all", ask={"sort": "created_at", **since})]


def changes(request: Request) -> list[Part]:
    since = moment(request.since)
    return [Part(f"changes since {since}", ask={"sort": "updated_at", "updated_at_after": since})]


def pages(request: Request, part: Part, resume: Resume) -> Pages:
    """Oldest first: what comes in meanwhile is added at the end and shifts no page."""
    return (yield from by_count(request, resume, partial(_page, request, dict(part.ask))))


def _page(request: Request, asked: dict[str, str], number: int) -> Told:
    url, given = _list(request)
    params = given | {"status": STATUSES, "per_page": PER_PAGE, "page": number, "sort_direction": "ASC"} | asked
    answer = request.http.json(url, params=params, wrong=_wrong)
    told = answer["metadata"]["pagination"]
    for row in answer["issues"]:
        if isinstance(row, dict):
            row.pop("reporter", None)  # who reported is never kept, not even where a field map would ask for it
    return answer["issues"], int(told["pages"]), told.get("entries")


def _wrong(answer: object) -> str | None:
    errors = answer.get("errors") if isinstance(answer, dict) else None
    if errors:
        return Retry(text(errors))
    pagination = (answer.get("metadata") or {}).get("pagination") if isinstance(answer, dict) else None
    is_list = isinstance(pagination, dict) and str(pagination.get("pages")).isdecimal()
    return None if is_list and isinstance(answer.get("issues"), list) else Retry("the answer is no list of issues")


def _list(request: Request) -> tuple[str, dict[str, str]]:
    """The address of the list of issues, and what limits it to the place."""
    parts = urlsplit(request.url)
    given = {name: value for name, value in parse_qsl(parts.query) if name not in OURS}
    place = parts.path.strip("/").partition("/")[0]
    if place not in NO_PLACES:
        given.setdefault("place_url", place)
    if not AREAS & set(given):
        raise ConfigurationError(
            f"sources.{request.name}.location is {request.url}, which names no place.",
            "give the address of the city's own page, such as https://seeclickfix.com/new-haven",
        )
    return urlunsplit((parts.scheme, parts.netloc, PATH, "", "")), given
