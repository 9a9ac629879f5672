"""Socrata: the data portals of Chicago, New York, Oakland, San Francisco and many more.

A location is the address of a dataset's page, `https://data.city.gov/Category/Name/abcd-1234`, its short form
`https://data.city.gov/d/abcd-1234`, or its API, `https://data.city.gov/resource/abcd-1234.json`: what counts is the host
and the last `xxxx-xxxx` in it. Several locations are read one after the other. A parameter's name is its 'API field name',
on the page under 'Columns'; the two parts of a point are `name.latitude` and `name.longitude`.
`credentials` is an app token; `layout.api: soda3` asks by the newer API, which does not answer without one.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlsplit

from etl.http import Retry
from etl.sources.numbered import counted, key_in
from etl.sources.page import Pages, Part, Proof, Request, Resume, chosen
from etl.sources.walkers import PASSES, Repeats, Rows, keyset
from hub.errors import ConfigurationError, SourceError

PAGE_ROWS = 10_000
MARKS = 50  # ids in one question: it must fit into an address
ID = r"[a-z0-9]{4}-[a-z0-9]{4}"
PLACED = re.compile(rf"/(?:resource|d|api/views|api/v3/views)/{ID}(?=[/.?#]|$)")
LAST = re.compile(
    rf"//[^/]+/[^/]+/[^/]+/(?=[a-z-]*\d){ID}(?:/(?:about_data|data|data_preview|explore)[^?#]*)?/?(?:[?#]|$)"
)
POINTS = ("point", "location")  # the types of columns that hold a place
FINAL = ("query.", "dataset.", "permission", "authentication", "not_found")  # error codes: a question put wrongly


def recognises(url: str) -> bool:
    """True for what looks like the address of a dataset."""
    return bool(PLACED.search(url) or LAST.search(url))


@dataclass(frozen=True, slots=True)
class View:
    """A dataset: `https://data.city.gov` and `abcd-1234`."""

    base: str
    id: str


def probe(request: Request) -> dict:
    """The real names of the columns."""
    return {"columns": list(dict.fromkeys(name for view in _views(request) for name in _header(request, view)))}


def parts(request: Request) -> list[Part]:
    return [Part(view.id, ask={"base": view.base, "id": view.id}) for view in _views(request)]


def changes(request: Request) -> list[Part]:
    """What the platform itself wrote since; a publisher who replaces all rows writes all of them."""
    since = datetime.fromtimestamp(request.since, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return [
        Part(f"{view.id} since {since}", ask={"base": view.base, "id": view.id, "where": f":updated_at >= '{since}'"})
        for view in _views(request)
    ]


def pages(request: Request, part: Part, resume: Resume) -> Pages:
    """Rows in the order of `:id`, which grows with every insertion and is no order of letters: what comes next only the
    server knows. When a publisher replaces all rows, they get other ids: then nothing that was read proves anything, and
    a walk that was interrupted begins again."""
    view, where = View(part.ask["base"], part.ask["id"]), part.ask.get("where")
    names, ask = _names(request, view), _asking(request, view)
    points, key = [name for name, is_point in names.items() if is_point], key_in(request, names)
    if resume.cursor and not _are_as_they_were(ask, key, {resume.cursor}):
        resume = Resume()
    marks, repeats = {resume.cursor} - {""}, Repeats()

    def fetch(last: str) -> Rows:
        last = last.partition(" ")[0]
        rows = ask([":id", *names], _all_of(where, last and f":id > {_literal(last)}"), ":id", PAGE_ROWS)
        ids = [_row_id(row, view) for row in rows]
        behind = ids.index(last) + 1 if last in ids else 0
        repeats.add(ids[behind:])
        rows = [_placed(row, points) for row in rows[behind:]]
        marks.update(mark(row) for row in rows[-1:])
        return rows

    def count() -> int:
        return counted(ask(["count(*) AS n"], where or "", "", 1), f"{view.base}/d/{view.id}")

    def mark(row: dict) -> str:
        return f"{row[':id']} {row.get(key)}"

    proof = yield from keyset(request, resume, fetch, mark, _always, count, PASSES)
    if repeats.count:
        return Proof(why=f"{repeats.count:,} rows came twice, in the place of others", expected=proof.expected)
    if proof.proven_by and not _are_as_they_were(ask, key, marks):
        return Proof(why="all rows were replaced while they were read", expected=proof.expected)
    return proof


def _always(one: str, other: str) -> bool:
    """Which of two rows stands behind the other only the server knows."""
    return True


def _are_as_they_were(ask: Callable[[list[str], str, str, int], Rows], key: str, marks: set[str]) -> bool:
    """True if the rows with these ids still have these keys. A server may send fewer rows than it is asked for."""
    left = dict(mark.split(" ", 1) for mark in marks)
    while left:
        ids = sorted(left)[:MARKS]
        found = ask([":id", *filter(None, [key])], f":id in ({', '.join(map(_literal, ids))})", ":id", len(ids))
        if not found or any(left.pop(row[":id"], None) != str(row.get(key)) for row in found):
            return False
    return True


def _views(request: Request) -> list[View]:
    return [_view(request, place) for place in request.location]


def _view(request: Request, place: str) -> View:
    found, where = re.findall(rf"/({ID})(?=[/.?#]|$)", place), urlsplit(place)
    if not found or not where.netloc or where.netloc == "dev.socrata.com":
        raise ConfigurationError(
            f"sources.{request.name}.location is {place!r}, which is no address of a dataset on a Socrata portal.",
            "copy the address of its page: it ends in an id such as /abcd-1234",
        )
    return View(f"{where.scheme}://{where.netloc}", found[-1])


def _header(request: Request, view: View) -> list[str]:
    """The columns by their field names, a point as its two parts; regions computed by the platform are noise."""
    url = f"{view.base}/api/views/{view.id}.json"
    told = request.http.json(url, headers=_token(request), wrong=_no_view)
    names = []
    for column in told["columns"]:
        name = column.get("fieldName", "")
        if name and not name.startswith(":"):
            is_point = column.get("dataTypeName") in POINTS
            names += [f"{name}.latitude", f"{name}.longitude"] if is_point else [name]
    return names


def _names(request: Request, view: View) -> dict[str, bool]:
    """The columns to be asked for, and whether each is a point: its two parts are one column of the server."""
    kept = chosen(request, f"{view.base}/d/{view.id}", _header(request, view))
    return {name.partition(".")[0]: "." in name for name in kept}


def _asking(request: Request, view: View) -> Callable[[list[str], str, str, int], Rows]:
    """How rows are asked for: ask(columns, where, order, limit)."""
    api = request.layout.get("api", "soda2")
    if api == "soda3" and not request.secret:
        raise ConfigurationError(
            f"sources.{request.name}.layout.api is 'soda3', which does not answer without an app token.",
            f"set sources.{request.name}.credentials to the name of a variable that holds one, or leave out api",
        )
    return partial(APIS[api], request, view)


def _soda2(request: Request, view: View, select: list[str], where: str, order: str, limit: int) -> Rows:
    said = {"$select": ", ".join(select), "$where": where, "$order": order, "$limit": str(limit)}
    params = {name: value for name, value in said.items() if value}
    return request.http.json(
        f"{view.base}/resource/{view.id}.json", params=params, headers=_token(request), wrong=_no_rows
    )


def _soda3(request: Request, view: View, select: list[str], where: str, order: str, limit: int) -> Rows:
    words = {"SELECT": ", ".join(select), "WHERE": where, "ORDER BY": order}
    query = " ".join(f"{word} {value}" for word, value in words.items() if value)
    body = {"query": query, "page": {"pageNumber": 1, "pageSize": limit}, "includeSynthetic": False}
    return request.http.json(
        f"{view.base}/api/v3/views/{view.id}/query.json", body=body, headers=_token(request), wrong=_no_rows
    )


APIS = {"soda2": _soda2, "soda3": _soda3}


def _token(request: Request) -> dict[str, str]:
    return {"X-App-Token": request.secret.reveal()} if request.secret else {}


def _no_rows(said: object) -> str | Retry | None:
    return None if isinstance(said, list) else _error(said, "no list of rows")


def _no_view(said: object) -> str | Retry | None:
    has_columns = isinstance(said, dict) and isinstance(said.get("columns"), list)
    return None if has_columns else _error(said, "no description of a dataset")


def _error(said: object, instead: str) -> str | Retry:
    """What the platform's error object says; only what is wrong with the question is not worth asking again."""
    told = said if isinstance(said, dict) else {}
    code, message = (str(told.get(word) or "") for word in ("code", "message"))
    text = " ".join(word for word in (code, message) if word) or f"the answer is {instead}"
    return text if code.startswith(FINAL) else Retry(text)


def _row_id(row: object, view: View) -> str:
    if not isinstance(row, dict) or not row.get(":id"):
        raise SourceError(
            f"{view.base}/d/{view.id}: a row comes without its :id.",
            "it may be a filtered view or a map: take the id of the dataset that it is made of",
        )
    return str(row[":id"])


def _placed(row: dict, points: list[str]) -> dict:
    """A row whose points are told as the older columns of the platform tell them: latitude and longitude."""
    for name in points:
        value = row.get(name)
        if isinstance(value, dict) and value.get("type") == "Point" and len(value.get("coordinates") or ()) == 2:
            row[name] = dict(zip(("longitude", "latitude"), value["coordinates"], strict=True))
    return row


def _all_of(*conditions: str | None) -> str:
    return " AND ".join(condition for condition in conditions if condition)


def _literal(text: str) -> str:
    return "'{}'".format(text.replace("'", "''"))
