"""Open311 GeoReport v2 on the wire: the lists of one server, in JSON or XML, out of whatever they are wrapped in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from itertools import pairwise

from lxml import etree

from etl.http import Http, Retry
from etl.sources.days import day_of, midnight
from etl.sources.page import Request, plain, text
from etl.sources.paged import Window
from etl.sources.walkers import Rows

# What lists are called by the servers met, the specification's names first.
WRAPPINGS = ("service_requests", "requests", "service_request", "request", "services", "service", "endpoints")
# One of these is in everything that is a row; the ids that the city named are, too.
TELLTALES = {"servicerequestid", "servicecode", "servicename", "requesteddatetime", "specification"}
# Who reported: never kept, not even where a field map would ask for it.
REPORTER = {"requestorname", "firstname", "lastname", "email", "phone", "deviceid", "accountid"}
NONE_THERE = (404,)
WINDOW_DAYS = 84  # 90 are allowed, whatever the clocks do meanwhile
_plain = lru_cache(1 << 12)(plain)  # the same few names in every row


@dataclass(frozen=True, slots=True)
class Server:
    """One endpoint: its address up to the version, the form it speaks, what every question to it must say."""

    http: Http
    url: str
    form: str  # json or xml
    given: Mapping[str, str] = field(default_factory=dict)
    ids: tuple[str, ...] = ("service_request_id",)

    def rows(self, list_name: str, allowed: tuple[int, ...] = (), **asked: object) -> Rows | None:
        """The rows of one of its lists; None where it answers with a status that is allowed."""
        telltales, found = TELLTALES | {_plain(name) for name in self.ids}, None

        def wrong(answer: object) -> str | None:
            nonlocal found
            doc = tree(answer) if self.form == "xml" else answer
            if said := complaint(doc):
                return said
            found = rows_of(doc, telltales)
            return Retry(f"the answer is no list of {list_name.partition('/')[0]}") if found is None else None

        ask = self.http.xml if self.form == "xml" else self.http.json
        params = {**self.given, **{name: str(value) for name, value in asked.items()}}
        answer = ask(f"{self.url}/{list_name}.{self.form}", params=params, wrong=wrong, allowed=allowed)
        return None if answer is None else found


def rows_of(doc: object, telltales: Iterable[str] = frozenset(TELLTALES)) -> Rows | None:
    """The rows out of what they are wrapped in, a lone one as a list of one. None if these are no rows."""
    if isinstance(doc, list):
        return doc if not doc or any(_is_row(row, telltales) for row in doc) else None
    if not isinstance(doc, dict):
        return None
    if _is_row(doc, telltales):
        return [doc]
    inner = [doc[name] for name in WRAPPINGS if name in doc] or list(doc.values())[: len(doc) == 1]
    if not inner:
        return None
    return rows_of(inner[0], telltales) if inner[0] or not set(WRAPPINGS) & set(doc) else []


def _is_row(row: object, telltales: Iterable[str]) -> bool:
    return isinstance(row, dict) and any(_plain(name) in telltales for name in row)


def complaint(doc: object) -> str | None:
    """What the server complains of: a list of code and description, wrapped or not. Its own fault may pass."""
    if isinstance(doc, dict):
        doc = next((doc[name] for name in ("errors", "error") if name in doc), doc)
    first = doc[0] if isinstance(doc, list) and doc else doc
    if not isinstance(first, dict) or "code" not in first or _is_row(first, TELLTALES):
        return None
    said = next((first[name] for name in ("description", "detail", "message") if first.get(name)), "")
    told = f"{text(first['code'])} {said}".strip()
    return told if told.startswith("4") and not told.startswith("429") else Retry(told)


def tree(root: etree._Element) -> dict:
    """XML as JSON would say it."""
    return {_local(root.tag): _value(root)}


@lru_cache(1 << 12)
def _local(tag: str) -> str:
    """An element's name without its namespace."""
    return etree.QName(tag).localname


def _value(element: etree._Element) -> object:
    """Text, or None where there is none; a list where all children are one of what their parent is many of."""
    tags, values = [], []
    for child in element.iterchildren(etree.Element):  # each touch of an element costs: what is plain is read here
        said = _value(child) if len(child) else child.text
        tags.append(child.tag)
        values.append(None if not said or (type(said) is str and said.isspace()) else said)
    if not tags:
        return _said(element)
    names, kinds = _names(tuple(tags))
    if kinds == 1 and _local(element.tag).endswith(f"{names[0]}s"):
        return values
    if kinds == len(names):
        return dict(zip(names, values, strict=True))
    named: dict[str, list] = {}
    for name, value in zip(names, values, strict=True):
        named.setdefault(name, []).append(value)
    return {name: values if len(values) > 1 else values[0] for name, values in named.items()}


@lru_cache(1 << 8)
def _names(tags: tuple[str, ...]) -> tuple[tuple[str, ...], int]:
    """The names of elements without their namespaces, and how many different ones there are."""
    names = tuple(map(_local, tags))
    return names, len(set(names))


def _said(element: etree._Element) -> str | None:
    said = element.text if len(element) == 0 else element.xpath("string()")
    return None if not said or said.isspace() else said


def tidied(rows: Iterable[object], groups: Mapping[str, str]) -> Rows:
    """Rows without their reporters, agencies as text, with what the specification says elsewhere: the group of their
    service, and as `closed_datetime` when they were closed (which is when a closed one was updated)."""
    return [_tidy(row, groups) if isinstance(row, dict) else row for row in rows]


def _tidy(row: dict, groups: Mapping[str, str]) -> dict:
    at, reporters = _called(tuple(row))
    kept = {name: value for name, value in row.items() if name not in reporters} if reporters else dict(row)
    if isinstance(agency := row.get(at.get("agencyresponsible")), dict):  # FixMyStreet: {"recipient": ["Roads"]}
        recipients = agency.get("recipient")
        told = "; ".join(map(str, recipients)) if isinstance(recipients, list) else recipients
        kept[at["agencyresponsible"]] = told
    if "closeddatetime" not in at and str(row.get(at.get("status"))).casefold() == "closed":
        kept["closed_datetime"] = row.get(at.get("updateddatetime"))
    if groups and not row.get(at.get("group")):
        code, name = (text(row.get(at.get(column))) or "" for column in ("servicecode", "servicename"))
        kept["group"] = groups.get(code) or groups.get(name)
    return kept


@lru_cache(1 << 8)
def _called(names: tuple[str, ...]) -> tuple[dict[str, str], frozenset[str]]:
    """Plain name -> how it is written, and what tells who reported; most rows have the same names."""
    return {_plain(name): name for name in names}, frozenset(name for name in names if _plain(name) in REPORTER)


def groups_of(services: Iterable[object]) -> dict[str, str]:
    """Code or name of a service -> its group."""
    rows = [{_plain(name): text(value) for name, value in row.items()} for row in services if isinstance(row, dict)]
    named = {row["servicename"]: row["group"] for row in rows if row.get("servicename") and row.get("group")}
    return named | {row["servicecode"]: row["group"] for row in rows if row.get("servicecode") and row.get("group")}


def windows(request: Request, start: date) -> list[Window]:
    """From a day to the pull, cut at days that depend on neither: the same windows come again another time."""
    first, last = (day.toordinal() // WINDOW_DAYS for day in (start, day_of(request, request.until)))
    cuts = [start, *(date.fromordinal(n * WINDOW_DAYS) for n in range(first + 1, last + 1))]
    edges = [*(midnight(request, day) for day in cuts), request.until]
    return [(a, b) for a, b in pairwise(edges) if a < b]
