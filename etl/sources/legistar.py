"""Legistar: what a city council has before it and decides, from the Web API of its clerk's system.

location: what to read of a client, in either form:
  https://webapi.legistar.com/v1/CLIENT/matters     the API: one of PATHS
  https://CLIENT.legistar.com/Legislation.aspx      the page for everyone: the matters; Calendar.aspx: the events
credentials: the client's token, where the API wants one. It can travel in the address only; no message shows that.

Columns are called as in the API (`MatterFile`, `EventDate`); a row that hangs on another one has that one's too.
Matters that the clerk keeps from the public are never kept, nor what hangs on them; what was read before a matter
became private goes with the next reading of all at the latest. Why a member was absent is
personal (illness, a child): it is read as `Absent`. The API does not always tell when something that hangs on a matter
or an event was changed: that is met when all is read again.
"""

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from urllib.parse import urlsplit

import orjson

from etl.http import Gone, Retry
from etl.sources.days import moment
from etl.sources.page import Pages, Part, Proof, Request, Resume, chosen, key_of, page_of, plain, text
from etl.sources.walkers import offset
from hub.errors import ConfigurationError, SourceError

API = "https://webapi.legistar.com"
BELOW = {  # what hangs on a row: its address
    "histories": "matters/{MatterId}/histories",
    "sponsors": "matters/{MatterId}/sponsors",
    "attachments": "matters/{MatterId}/attachments",
    "eventitems": "events/{EventId}/eventitems",
    "votes": "eventitems/{EventItemId}/votes",
    "rollcalls": "eventitems/{EventItemId}/rollcalls",
}
PATHS = ("matters", "matters/histories", "matters/sponsors", "matters/attachments")
PATHS += ("events", "events/eventitems", "events/eventitems/votes", "events/eventitems/rollcalls")
FOR_ALL = {"legislation": "matters", "legislationdetail": "matters", "calendar": "events", "meetingdetail": "events"}
KIND = {"matters": "Matter", "events": "Event"}
# Columns of agenda items that come only if they are asked for.
ON_DEMAND = {
    "AgendaNote": "EventItemAgendaNote",
    "MinutesNote": "EventItemMinutesNote",
    "Attachments": "EventItemMatterAttachments",
}
# Set when something happens to a row, though the time of its modification may stay as it is.
DATES = ("MatterIntroDate", "MatterAgendaDate", "MatterPassedDate", "MatterEnactmentDate")
DATES += ("EventAgendaLastPublishedUTC", "EventMinutesLastPublishedUTC")
PRIVATE = "MatterRestrictViewViaWeb"
PERSONAL = r"medical|sick\w*|ill|illness|parental|maternity|paternity|family|bereave\w*|funeral|jury|military|religious"
PERSONAL = re.compile(rf"\b({PERSONAL}|personal|vacation|suspended)\b", re.IGNORECASE)
TOP = 1000  # the server gives no more at once
FIRST_YEAR = 1995  # older rows are in its window
PARENTS = 20  # what hangs on so many rows makes a page
TRIES, OUTAGE = 3, 10  # so many tries until a row has no children; so many such rows one after the other are an outage


@dataclass(frozen=True, slots=True)
class Council:
    """What is read of a client: `path` is such as ("events", "eventitems", "votes")."""

    base: str
    path: tuple[str, ...]

    @property
    def id(self) -> str:
        return f"{KIND[self.path[0]]}Id"

    @property
    def modified(self) -> str:
        return f"{KIND[self.path[0]]}LastModifiedUtc"

    @property
    def list(self) -> str:
        return f"{self.base}/{self.path[0]}"


def recognises(url: str) -> bool:
    return urlsplit(url).netloc.endswith("legistar.com")


def _council(request: Request) -> Council:
    there = urlsplit(request.url)
    words = [word for word in there.path.strip("/").split("/") if not re.fullmatch(r"\d+|\{.*\}", word)]
    if words[:1] == ["v1"] and len(words) > 1:
        base, path = f"{there.scheme}://{there.netloc}/v1/{words[1]}", "/".join(words[2:])
        path = f"events/{path}" if path.startswith("eventitems") else path
    else:
        base = f"{API}/v1/{there.netloc.removesuffix('.legistar.com')}"
        path = FOR_ALL.get("/".join(words).lower().removesuffix(".aspx"), "")
    if path not in PATHS:
        raise ConfigurationError(
            f"sources.{request.name}.location is {request.url}, which is nothing that Legistar lists.",
            f"write {API}/v1/CLIENT/PATH, where PATH is one of: {', '.join(PATHS)}",
        )
    return Council(base, tuple(path.split("/")))


# Asking


def _ask(request: Request, url: str, query: dict, allowed: tuple[int, ...] = ()) -> list[dict] | None:
    """The rows of an answer; None for a status in `allowed`. What is no object becomes an empty one."""
    token = {"token": request.secret.reveal()} if request.secret else {}
    headers = {"Accept": "application/json"}
    said = request.http.json(url, params=query | token, headers=headers, wrong=_wrong, allowed=allowed)
    if isinstance(said, dict):  # a list in a wrapping, or a list's only row without it
        said = next((inner for inner in said.values() if isinstance(inner, list) and len(said) == 1), [said])
    return said if said is None else [row if isinstance(row, dict) else {} for row in said]


def _wrong(said: object) -> Retry | None:
    if isinstance(said, list) or (isinstance(said, dict) and "Message" not in said):
        return None
    return Retry(f"says: {said['Message']}" if isinstance(said, dict) else "sends no rows")


@dataclass(slots=True)
class Listing:
    """A list that is read by position; `rows` met so far, each once."""

    request: Request
    council: Council
    where: str
    rows: dict[object, dict] = field(default_factory=dict)

    def fetch(self, at: int) -> list[dict]:
        query = {"$orderby": self.council.id, "$top": TOP, "$skip": at}
        query |= {"$filter": self.where} if self.where else {}
        page = _ask(self.request, self.council.list, query)
        self.rows |= {_number(row, self.council.id) or orjson.dumps(row): row for row in page}
        return page


def _listed(request: Request, council: Council, where: str) -> tuple[list[dict], Proof]:
    """All rows for which a condition is true, in the order of their ids, and whether two readings of them agreed."""
    listing = Listing(request, council, where)
    walk = offset(replace(request, key=(council.id,), columns=frozenset()), Resume(), listing.fetch)
    proof = None
    while proof is None:
        try:
            next(walk)
        except StopIteration as end:
            proof = end.value
    return sorted(listing.rows.values(), key=lambda row: _number(row, council.id)), proof


def _number(row: dict, name: str) -> int:
    told = text(row.get(name)) or ""
    return int(told) if told.isdigit() else 0


# What there is to read


def probe(request: Request) -> dict:
    """The columns, as far as the newest rows have any, and the year in which the oldest one was modified."""
    council = _council(request)
    newest = _ask(request, council.list, {"$orderby": f"{council.modified} desc", "$top": 5})
    dated = {"$filter": f"{council.modified} ne null", "$orderby": council.modified, "$top": 1}
    oldest = _ask(request, council.list, dated)
    found = Children(request, council).below([row for row in newest if not _is_private(row, council)])
    year = (text(oldest[0].get(council.modified)) or "")[:4] if oldest else ""
    return {"columns": list(dict.fromkeys(name for row in found for name in row)), "oldest": year}


def _known(request: Request) -> dict:
    """What the probe told. Raises SourceError if it met columns, and not all that a record needs."""
    known = request.known if "oldest" in request.known else probe(request)
    if known["columns"]:
        chosen(request, request.url, known["columns"])
    return known


def parts(request: Request) -> list[Part]:
    """A window for each year in which rows were last modified, the newest one open to its end.

    They are read from the oldest on: a row that is modified meanwhile moves ahead and is met again."""
    council, oldest = _council(request), _known(request)["oldest"]
    last = datetime.fromtimestamp(request.until, UTC).year
    first = min(max(int(oldest), FIRST_YEAR), last) if oldest.isdigit() else last
    return [
        Part(f"{'/'.join(council.path)} {year}", ask={"where": _window(council.modified, year, first, last)})
        for year in range(first, last + 1)
    ]


def _window(name: str, year: int, first: int, last: int) -> str:
    """The condition for a year. The first one has the rows without a date too."""
    since = f"{name} ge datetime'{year}-01-01T00:00:00'" if year > first else ""
    until = f"{name} lt datetime'{year + 1}-01-01T00:00:00'" if year < last else ""
    if year == first < last:
        return f"({until} or {name} eq null)"
    return " and ".join(filter(None, (since, until)))


def changes(request: Request) -> list[Part]:
    """What was modified since, or has a date since then."""
    council, columns = _council(request), _known(request)["columns"]
    since = moment(request.since).removesuffix("Z")
    dates = [name for name in DATES if name in columns and name.startswith(KIND[council.path[0]])]
    where = " or ".join(f"{name} ge datetime'{since}'" for name in (council.modified, *dates))
    return [Part(f"{'/'.join(council.path)} since {since}Z", ask={"where": where})]


# Reading


def pages(request: Request, part: Part, resume: Resume) -> Pages:
    """The public rows of a window, or what hangs on them, in the order of their ids."""
    council = _council(request)
    rows, proof = _listed(request, council, part.ask["where"])
    children = Children(request, council)
    if "eventitems" in council.path:
        hidden, hidden_proof = _listed(request, replace(council, path=("matters",)), f"{PRIVATE} eq true")
        if not hidden_proof.proven_by:
            return Proof(why=f"it is not known which matters are private: {hidden_proof.why}")
        children.hidden = frozenset(_number(row, "MatterId") for row in hidden) - {0}
    after, read = int(resume.cursor or -1), resume.rows
    left = [row for row in rows if _number(row, council.id) > after and not _is_private(row, council)]
    size = TOP if len(council.path) == 1 else PARENTS
    for at in range(0, len(left), size):
        found, cursor = children.below(left[at : at + size]), str(_number(left[at : at + size][-1], council.id))
        page = page_of(request, found, read + 2, cursor=cursor)
        page = replace(page, rejected=(*page.rejected, *children.taken()))
        if page.rows.num_rows or page.rejected:
            yield page
        read += page.rows.num_rows + len(page.rejected)
    private = [row for row in rows if _is_private(row, council)]
    if private and len(council.path) == 1:
        gone = tuple(filter(None, (key_of(request, row) for row in private)))
        yield page_of(request, [], read + 2, cursor=str(_number(rows[-1], council.id)), deletes=gone)
    return proof


def _is_private(row: dict, council: Council) -> bool:
    """True for a matter that the clerk keeps from the public; one that does not tell is none for the public."""
    return bool(row) and council.path[0] == "matters" and text(row.get(PRIVATE, True)) not in (None, "false", "0")


@dataclass(slots=True)
class Children:
    """What hangs on rows, level below level. `hidden`: private matters; `failed`: children that cannot be had."""

    request: Request
    council: Council
    hidden: frozenset[int] = frozenset()
    failed: list[tuple[int, str]] = field(default_factory=list)
    in_a_row: int = 0

    def below(self, rows: list[dict]) -> list[dict]:
        for level in self.council.path[1:]:
            rows = [parent | child for parent in rows for child in self.of(parent, level)]
        return [_impersonal(row) for row in rows]

    def of(self, parent: dict, level: str) -> list[dict]:
        """The children of a row. Where the server breaks for good it has none; where it breaks always, it is down."""
        place = BELOW[level].format_map(parent)
        found = self.asked(place, level)
        self.in_a_row = self.in_a_row + 1 if found is None else 0
        if self.in_a_row == OUTAGE:
            raise SourceError(
                f"{self.council.base}/{place} answers with 500, as did the {OUTAGE - 1} before it.",
                "run again later; what was read is kept",
            )
        if found is None:
            self.failed.append((0, f"{place} cannot be had: the server answers with 500"))
        return [child for child in found or () if _number(child, "EventItemMatterId") not in self.hidden]

    def asked(self, place: str, level: str) -> list[dict] | None:
        names = ON_DEMAND if level == "eventitems" else {}
        query = {name: 1 for name, column in names.items() if plain(column) in self.request.columns}
        for _ in range(TRIES):
            try:
                found = _ask(self.request, f"{self.council.base}/{place}", query, allowed=(500,))
            except Gone:
                return []
            if found is not None:
                return found
        return None

    def taken(self) -> tuple[tuple[int, str], ...]:
        """What failed since the last page."""
        failed, self.failed = tuple(self.failed), []
        return failed


def _impersonal(row: dict) -> dict:
    """A vote or a roll call without the reason why a member was absent."""
    for kind in ("Vote", "RollCall"):
        if PERSONAL.search(text(row.get(f"{kind}ValueName")) or ""):
            row = row | {f"{kind}ValueName": "Absent", f"{kind}ValueId": None}
    return row
