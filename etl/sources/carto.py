"""Carto: the SQL API of Philadelphia and others.

A location is the link of a download, `https://phl.carto.com/api/v2/sql?q=SELECT * FROM public_cases_fc`, or the address of
a table's page, `https://phl.carto.com/tables/public_cases_fc/public`. A parameter's name is the name of the column; where
a table has no columns for the place, its geometry is read as `lat` and `long`. `credentials` is an API key, needed for
private tables only.
"""

import re
from base64 import b64encode
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode, urlsplit

from etl.http import Retry
from etl.sources.numbered import by_sql, quoted
from etl.sources.page import Pages, Part, Request, Resume, chosen, plain
from hub.errors import ConfigurationError

NUMBER = "cartodb_id"
GEOMETRY = ("the_geom", "the_geom_webmercator")
POINT = {  # what of the geometry is asked for, under which name, unless the table has a column for it
    "lat": ("ST_Y(the_geom) AS lat", {"lat", "latitude"}),
    "long": ("ST_X(the_geom) AS long", {"lon", "long", "lng", "longitude"}),
}
UPDATED = ("updated_datetime", "updated_at")  # when a row was last changed
PAGE = re.compile(r"(?P<base>/.*?)?/(?:tables|dataset)/(?P<table>[\w.]+)")
API = re.compile(r"(?P<base>/.*?)?/api/v[12]/sql$")
SELECT = re.compile(r'\s*select\s+\*\s+from\s+(?P<table>[\w."]+)\s*;?\s*', re.IGNORECASE)
FINAL = ("does not exist", "syntax error", "permission denied", "must have type")  # a question put wrongly


def recognises(url: str) -> bool:
    """True for what looks like the address of a table."""
    where = urlsplit(url)
    host = (where.hostname or "").rpartition(".")[0]
    return bool(API.fullmatch(where.path) or (host.endswith(("carto", "cartodb")) and PAGE.match(where.path)))


def probe(request: Request) -> dict:
    """The real names of the columns."""
    return {"columns": list(dict.fromkeys(name for place in request.location for name in _header(request, place)))}


def parts(request: Request) -> list[Part]:
    return [Part(_table(request, place)[1], ask={"place": place}) for place in request.location]


def changes(request: Request) -> list[Part] | None:
    """What was updated since; None where a table does not tell."""
    since = datetime.fromtimestamp(request.since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    found = []
    for part in parts(request):
        header = _header(request, part.ask["place"])
        updated = next((name for name in UPDATED if name in header), None)
        if not updated:
            return None
        where = f"{quoted(updated)} >= '{since}'"
        found.append(Part(f"{part.name} since {since}", ask=part.ask | {"where": where}))
    return found


def pages(request: Request, part: Part, resume: Resume) -> Pages:
    place = part.ask["place"]
    header, (url, table) = _header(request, place), _table(request, place)
    names = chosen(request, f"{url}, table {table}", list(header))
    wanted = {name: header[name] for name in names}
    from_table = ".".join(map(quoted, table.split(".")))

    def ask(sql: str) -> list[dict]:
        return _said(request, url, sql)["rows"]

    return (yield from by_sql(request, resume, ask, from_table, NUMBER, wanted, part.ask.get("where", "")))


def _table(request: Request, place: str) -> tuple[str, str]:
    """The address of the SQL API and the name of the table."""
    where = urlsplit(place)
    api, page = API.fullmatch(where.path.rstrip("/")), PAGE.match(where.path)
    asked = SELECT.fullmatch(parse_qs(where.query).get("q", [""])[0])
    found = asked if api else page
    if not where.netloc or not found:
        raise ConfigurationError(
            f"sources.{request.name}.location is {place!r}, which names no whole table of Carto.",
            "write https://ACCOUNT.carto.com/api/v2/sql?q=SELECT * FROM TABLE, without a WHERE: all of it is read",
        )
    base = (api or page)["base"] or ""
    return f"{where.scheme}://{where.netloc}{base}/api/v2/sql", found["table"].replace('"', "")


def _header(request: Request, place: str) -> dict[str, str]:
    """Column -> what is selected for it."""
    url, table = _table(request, place)
    from_table = ".".join(map(quoted, table.split(".")))
    fields = _said(request, url, f"SELECT * FROM {from_table} LIMIT 0")["fields"]
    header = {name: quoted(name) for name in fields if name not in (NUMBER, *GEOMETRY)}
    if GEOMETRY[0] in fields:
        known = set(map(plain, header))
        header |= {name: call for name, (call, others) in POINT.items() if not known & others}
    return header


def _said(request: Request, url: str, sql: str) -> dict:
    """The answer to a question, which is posted: in an address an & or a blank would break it."""
    body = urlencode({"q": sql, "format": "json"})
    return request.http.json(url, body=body, headers=_key(request, url), wrong=_wrong)


def _key(request: Request, url: str) -> dict[str, str]:
    """An API key is a password whose user is the account: the first part of the host, or what stands behind /user/."""
    if not request.secret:
        return {}
    account = re.search(r"/user/([^/]+)/|//([^./]+)", url)
    told = f"{account[1] or account[2]}:{request.secret.reveal()}"
    return {"Authorization": f"Basic {b64encode(told.encode()).decode()}"}


def _wrong(said: object) -> str | Retry | None:
    """What the database says; only what is wrong with the question is not worth asking again."""
    if isinstance(said, dict) and isinstance(said.get("rows"), list) and isinstance(said.get("fields"), dict):
        return None
    error = said.get("error") if isinstance(said, dict) else None
    text = "; ".join(map(str, error)) if isinstance(error, list) else "the answer has no rows"
    return text if any(words in text for words in FINAL) else Retry(text)
