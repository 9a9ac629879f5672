"""CKAN: the tables in the DataStore of a portal such as Boston's.

A location is the address of a dataset's page, `https://data.boston.gov/dataset/311-service-requests`, or of one of its
resources, `…/dataset/NAME/resource/ID`; the addresses of the API, `…/api/3/action/package_show?id=NAME`, and of a
download, `…/datastore/dump/ID`, mean the same. Of a dataset all tables are read whose name fits `layout.resources`, such
as '311 Service Requests - *': a city that begins a new resource each January needs no new city.yml. A parameter's name
is a column's name in the table's preview. `credentials` is an API token, needed for private datasets only.
"""

import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from fnmatch import fnmatch
from urllib.parse import parse_qs

from etl.http import Retry
from etl.sources import numbered
from etl.sources.page import Pages, Part, Request, Resume, chosen
from etl.sources.walkers import Rows, offset
from hub.errors import ConfigurationError, SourceError

NUMBER = "_id"  # given anew whenever a table is loaded: a place, never a key
MOST_ROWS = 32_000  # longer pages are cut in silence
PAGE_ROWS = min(numbered.PAGE_ROWS, MOST_ROWS)
SETTLED_S = 3600  # what changed since this is just being loaded
WEEK_S = 7 * 24 * 3600
LOOKED_INTO = 5  # how many tables the probe looks into, the newest first
FINAL = ("Not Found Error", "Authorization Error", "Validation Error")  # kinds of error: a question put wrongly
REFUSALS = (400, 403, 404, 409)  # how portals say that they take no SQL
WHERE = re.compile(
    r"(?P<base>\w+://[^?#]+?)/(?:dataset/[^/?#]+/resource/(?P<resource>[^/?#]+)(?:/[^?#]*)?|dataset/(?P<package>[^/?#]+)/?"
    r"|datastore/dump/(?P<dump>[^/?#]+)|api/(?:3/)?action/(?P<action>\w+))(?:\?(?P<query>[^#]*))?(?:#.*)?"
)


def recognises(url: str) -> bool:
    """True for what looks like the address of a dataset, a resource or the API."""
    return bool(WHERE.fullmatch(url))


def probe(request: Request) -> dict:
    """The real names of the columns of the newest tables: they drift from year to year."""
    newest = sorted(parts(request), key=lambda part: part.ask["modified"], reverse=True)[:LOOKED_INTO]
    return {"columns": list(dict.fromkeys(name for part in newest for name in _described(request, part.ask)["names"]))}


def parts(request: Request) -> list[Part]:
    """The tables, by their names; which is unchanged tells what the portal knows of its file."""
    found = [(base, resource) for place in request.location for base, resource in _resources(request, place)]
    names = Counter(_name(resource) for _, resource in found)
    return [
        Part(
            _name(resource) if names[_name(resource)] == 1 else f"{_name(resource)} ({resource['id']})",
            _fingerprint(request, base, resource),
            {"base": base, "id": resource["id"], "modified": resource.get("last_modified") or ""},
        )
        for base, resource in found
    ]


def pages(request: Request, part: Part, resume: Resume) -> Pages:
    """Rows by number: by SQL where the portal takes it, else by position. Where it only guesses how many there are, the
    table is read twice."""
    table = _described(request, part.ask)
    names = chosen(request, f"{part.ask['base']}, resource {part.name!r}", table["names"])
    if _sql(request, part, f"SELECT count(*) AS n FROM {numbered.quoted(part.ask['id'])}", REFUSALS) is not None:
        return (yield from _by_sql(request, part, resume, names))
    if table["total"] is None:
        from_start = resume if resume.cursor.isdigit() else Resume()
        asked = replace(request, numbers=frozenset({NUMBER}))
        return (yield from offset(asked, from_start, lambda at: _rows(request, part, names, offset=at)))
    return (yield from _by_position(request, part, resume, names))


def _by_sql(request: Request, part: Part, resume: Resume, names: list[str]) -> Pages:
    header = {name: numbered.quoted(name) for name in names}
    table = numbered.quoted(part.ask["id"])
    return numbered.by_sql(request, resume, lambda sql: _sql(request, part, sql), table, NUMBER, header)


def _by_position(request: Request, part: Part, resume: Resume, names: list[str]) -> Pages:
    """A deletion moves all behind it to other places: there is no going on after one."""
    table = numbered.Numbered(
        place=f"{part.ask['base']}, resource {part.name!r}",
        column=NUMBER,
        key=numbered.key_in(request, names),
        behind=lambda number, read: _rows(request, part, names, offset=read),
        at=lambda numbers: _rows(request, part, names, filters={NUMBER: numbers}),
        count=lambda: _described(request, part.ask)["total"] or 0,
    )
    last = _rows(request, part, names, offset=resume.rows - 1, limit=1) if resume.rows else []
    stands = [table.number(row) for row in last] == [numbered.number_in(resume.cursor)]
    return numbered.by_number(request, resume if stands else Resume(), table, passes=1)


def _resources(request: Request, place: str) -> list[tuple[str, dict]]:
    """The tables that a location means, each with the portal's address."""
    found = WHERE.fullmatch(place)
    asked = {name: values[0] for name, values in parse_qs((found and found["query"]) or "").items()}
    package = found and (found["package"] or (asked.get("id") if found["action"] == "package_show" else None))
    resource = found and (found["resource"] or found["dump"] or asked.get("resource_id") or asked.get("id"))
    if not package and not resource:
        raise ConfigurationError(
            f"sources.{request.name}.location is {place!r}, which is no address of a dataset on a CKAN portal.",
            "copy the address of its page: it looks like https://HOST/dataset/NAME",
        )
    if package:
        told = _said(request, found["base"], "package_show", {"id": package})
        return [(found["base"], one) for one in _tables(request, place, told.get("resources") or [])]
    told = _said(request, found["base"], "resource_show", {"id": resource})
    return [(found["base"], _table(request, place, told))]


def _tables(request: Request, place: str, resources: list[dict]) -> list[dict]:
    """The resources that fit the pattern of city.yml; without one those that are tables, and whatever has their format
    and ought to be one."""
    pattern = request.layout.get("resources")
    formats = {one.get("format") for one in resources if one.get("datastore_active")}
    fits = [
        one
        for one in resources
        if (fnmatch(_name(one).casefold(), pattern.casefold()) if pattern else one.get("format") in formats)
    ]
    if not fits:
        raise SourceError(
            f"{place} (source {request.name!r}) has no table"
            + (f" whose name fits {pattern!r}" if pattern else "")
            + f". It has: {', '.join(map(_name, resources)) or 'nothing'}.",
            f"set sources.{request.name}.layout.resources to a pattern such as '311 Service Requests - *'",
        )
    return [_table(request, place, one) for one in fits]


def _table(request: Request, place: str, resource: dict) -> dict:
    """The resource, if it is a whole table of the DataStore and not a file, a page or an excerpt."""
    whole = str(resource.get("datastore_contains_all_records_of_source_file", True)).casefold() != "false"
    if resource.get("datastore_active") and whole:
        return resource
    what = "holds only the first rows of its file" if not whole else "is a file or a link and no table"
    raise SourceError(
        f"{place} (source {request.name!r}): the resource {_name(resource)!r} {what} "
        f"({resource.get('format') or 'no format'}, {resource.get('url') or 'no address'}).",
        f"leave it out with sources.{request.name}.layout.resources, or download it and read it with adapter: files",
    )


def _name(resource: dict) -> str:
    return resource.get("name") or resource["id"]


def _fingerprint(request: Request, base: str, resource: dict) -> str:
    """When its file changed, and the week: once in a week all is read whatever is told. Of one that changed within the
    week how many rows there are, too: a table is loaded some time after its file, be it days. "" where a change is not
    told: of a table that is written row by row, or that is just being loaded."""
    told = [resource.get("last_modified") or "", resource.get("hash") or ""]
    age = _age(told[0], request.until)
    if not any(told) or resource.get("url_type") == "datastore" or age < SETTLED_S:
        return ""
    rows = [str(_described(request, {"base": base, "id": resource["id"]})["total"])] if age < WEEK_S else []
    return " ".join([resource["id"], *told, *rows, str(request.until // WEEK_S)])


def _age(modified: str, until: int) -> float:
    """Seconds since a time of the portal, which is UTC without saying so; endless where none is told, 0 where nobody can
    read it."""
    if not modified:
        return math.inf
    try:
        then = datetime.fromisoformat(modified)
    except ValueError:
        return 0
    return until - (then if then.tzinfo else then.replace(tzinfo=UTC)).timestamp()


def _described(request: Request, table: Mapping[str, str]) -> dict:
    """The columns of a table, and how many rows it has: None where the portal only guesses."""
    told = _said(request, table["base"], "datastore_search", {"resource_id": table["id"], "limit": 0})
    names = [field["id"] for field in told.get("fields") or [] if field.get("id") not in (NUMBER, "_full_text")]
    is_exact = not told.get("total_was_estimated") and isinstance(told.get("total"), int)
    return {"names": names, "total": told["total"] if is_exact else None}


def _rows(request: Request, part: Part, names: list[str], **which: object) -> Rows:
    asked = {"resource_id": part.ask["id"], "fields": [NUMBER, *names], "sort": f"{NUMBER} asc", "limit": PAGE_ROWS}
    return _records(_said(request, part.ask["base"], "datastore_search", asked | which), part)


def _sql(request: Request, part: Part, sql: str, allowed: tuple[int, ...] = ()) -> Rows | None:
    told = _said(request, part.ask["base"], "datastore_search_sql", {"sql": sql}, allowed)
    return None if told is None else _records(told, part)


def _records(told: dict, part: Part) -> Rows:
    if not isinstance(told.get("records"), list):
        raise SourceError(
            f"{part.ask['base']}, resource {part.name!r}: the answer has no records.",
            "open the resource's preview in a browser: it may be loading; then run again",
        )
    return told["records"]


def _said(request: Request, base: str, action: str, asked: dict, allowed: tuple[int, ...] = ()) -> dict | None:
    headers = {"Authorization": request.secret.reveal()} if request.secret else {}
    url = f"{base}/api/3/action/{action}"
    said = request.http.json(url, body=asked, headers=headers, wrong=_wrong, allowed=allowed)
    return None if said is None else said["result"]


def _wrong(said: object) -> str | Retry | None:
    """An answer counts only if it says `success`; only what is wrong with the question is not worth asking again."""
    if isinstance(said, dict) and said.get("success") is True and isinstance(said.get("result"), dict):
        return None
    error = said.get("error") if isinstance(said, dict) else None
    kind = error.get("__type") if isinstance(error, dict) else None
    text = str((error.get("message") or error) if isinstance(error, dict) else "the answer does not say success")
    return text if kind in FINAL else Retry(text)
