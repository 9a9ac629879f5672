"""Microsoft Dataverse (Dynamics 365, Power Apps, Resco): the rows of one table, and afterwards only what changed.

location: the address of the table, in either form:
  https://org.crm.dynamics.com/api/data/v9.2/incidents                    in the Web API: its last word is the table
  https://org.crm.dynamics.com/main.aspx?pagetype=entitylist&etn=incident    the list in the browser: `etn` is the table
credentials: lines of `name: value`. `tenant` and `client_id` stand on the page of the app registration in Microsoft
Entra, `client_secret` under its certificates and secrets; `login` only for a cloud with a login address of its own.
The app must be an application user of the environment, with the right to read this table and no more. The token is got
from another host: name that of a `login` of its own under `hosts`.

Columns are called as in the Web API (`statuscode`, `_owningbusinessunit_value`); `statuscode@label` is the label of an
option or the name behind a lookup. Dataverse tells deletions by its own id (`incidentid`): where the city's id is
another column, all is read again when something was deleted.
"""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlencode, urlsplit

from etl.http import Retry
from etl.sources import odata
from etl.sources.days import moment
from etl.sources.page import Pages, Part, Request, Resume, chosen, plain
from hub.errors import ConfigurationError, SourceError

LOGIN = "https://login.microsoftonline.com"
API = "/api/data/v9.2"
COUNTED = 5000  # the server counts no further
HEADERS = {"Accept": "application/json", "OData-MaxVersion": "4.0", "OData-Version": "4.0"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
PREFER = f'odata.maxpagesize={odata.PAGE_ROWS},odata.include-annotations="{odata.LABEL[1:]}"'
TRACKED = f"{PREFER},odata.track-changes"
LOOKUPS = ("Lookup", "Customer", "Owner")
LABELLED = (*LOOKUPS, "Picklist", "State", "Status", "Boolean", "Virtual")
UNREADABLE = ("PartyList", "CalendarRules", "ManagedProperty")
EXPIRED = (410,)


def recognises(url: str) -> bool:
    there = urlsplit(url)
    return there.netloc.endswith(".dynamics.com") or "/api/data/v" in there.path


@dataclass(slots=True)
class Session:
    """Signed in as the city's application. A token that ends in the middle of a walk is got anew."""

    request: Request
    token: str = ""

    def ask(self, url: str, prefer: str = PREFER, allowed: tuple[int, ...] = ()) -> dict | None:
        """The answer; None for a status in `allowed`."""
        answer = self._once(url, prefer, (401, *allowed)) if self.token else None
        if answer is None:
            self.token = sign_in(self.request)
            answer = self._once(url, prefer, allowed)
        return answer

    def _once(self, url: str, prefer: str, allowed: tuple[int, ...]) -> dict | None:
        headers = HEADERS | {"Authorization": f"Bearer {self.token}", "Prefer": prefer}
        return self.request.http.json(url, headers=headers, wrong=_wrong, allowed=allowed)


def sign_in(request: Request) -> str:
    """A token for the application, by its client credentials."""
    if request.secret is None:
        raise ConfigurationError(
            f"sources.{request.name}: Dataverse lets nobody in without credentials.",
            f"set sources.{request.name}.credentials to a file or variable with tenant, client_id and client_secret",
        )
    given = request.secret.values()
    if missing := [name for name in ("tenant", "client_id", "client_secret") if name not in given]:
        raise ConfigurationError(
            f"{request.secret.setting} has no {', '.join(missing)}.", "add it on a line of its own, as `name: value`"
        )
    there = urlsplit(request.url)
    form = {
        "grant_type": "client_credentials",
        "client_id": given["client_id"],
        "client_secret": given["client_secret"],
        "scope": f"{there.scheme}://{there.netloc}/.default",
    }
    url = f"{given.get('login', LOGIN).rstrip('/')}/{given['tenant']}/oauth2/v2.0/token"
    return request.http.json(url, body=urlencode(form), headers=FORM, wrong=_no_token)["access_token"]


def _wrong(said: object) -> str | None:
    """An error object under 200, or something else than rows: ask again."""
    if isinstance(said, dict) and isinstance(said.get("value"), list):
        return None
    error = said.get("error") if isinstance(said, dict) else None
    return Retry(error.get("message", "an error") if isinstance(error, dict) else "the answer has no rows")


def _no_token(said: object) -> str | None:
    return None if isinstance(said, dict) and said.get("access_token") else Retry("the answer has no token")


# The table


def probe(request: Request) -> dict:
    """How the table and its id are called, whether its changes are tracked, and its columns, from the schema."""
    root, table = _place(request)
    session = Session(request)
    about = "LogicalName,EntitySetName,PrimaryIdAttribute,ChangeTrackingEnabled"
    found = session.ask(_url(f"{root}/EntityDefinitions", select=about, filter=table))["value"]
    if len(found) != 1:
        raise SourceError(
            f"{request.url}: the environment has no table with {table}.",
            "copy the address of the table again, and look whether the application user may read it",
        )
    name, about = found[0]["LogicalName"], "LogicalName,AttributeType,AttributeOf,IsValidForRead"
    attributes = session.ask(_url(f"{root}/EntityDefinitions(LogicalName='{name}')/Attributes", select=about))["value"]
    return {
        "table": f"{root}/{found[0]['EntitySetName']}",
        "id": found[0]["PrimaryIdAttribute"],
        "tracked": bool(found[0].get("ChangeTrackingEnabled")),
        "columns": [name for one in attributes for name in _columns(one)],
    }


def _place(request: Request) -> tuple[str, str]:
    """The root of the Web API, and a filter that finds the table."""
    there = urlsplit(request.url)
    logical, inside = parse_qs(there.query).get("etn", [""])[0], there.path.strip("/").split("/")
    if logical.isidentifier():
        return f"{there.scheme}://{there.netloc}{API}", f"LogicalName eq '{logical}'"
    if inside[:2] == ["api", "data"] and len(inside) == 4 and inside[3].isidentifier():
        return f"{there.scheme}://{there.netloc}/{'/'.join(inside[:3])}", f"EntitySetName eq '{inside[3]}'"
    raise ConfigurationError(
        f"sources.{request.name}.location is {request.url}, which names no table of Dataverse.",
        f"write https://ORG.crm.dynamics.com{API}/TABLE, or copy the address of the table's list from the browser",
    )


def _columns(attribute: dict) -> list[str]:
    """The names under which the Web API gives an attribute; none for a part or a shadow of another one."""
    kind, name = attribute.get("AttributeType"), attribute["LogicalName"]
    if attribute.get("AttributeOf") or kind in UNREADABLE or attribute.get("IsValidForRead") is False:
        return []
    name = f"_{name}_value" if kind in LOOKUPS else name
    return [name, f"{name}@label"] if kind in LABELLED else [name]


def _url(place: str, **options: str) -> str:
    return f"{place}?{urlencode({f'${name}': value for name, value in options.items()}, safe='$,')}"


def _known(request: Request) -> dict:
    return request.known if "table" in request.known else probe(request)


def _select(request: Request, known: dict) -> str:
    """The only columns that are asked for: those of the allow-list, and the table's id."""
    kept = chosen(request, known["table"], known["columns"])
    return ",".join(dict.fromkeys([*(name.removesuffix("@label") for name in kept), known["id"]]))


# What there is to read


def parts(request: Request) -> list[Part]:
    known = _known(request)
    return [Part("all", ask=_asking(request, known))]


def _asking(request: Request, known: dict, **options: str) -> dict:
    """What a walk from the first page on needs to know."""
    table, is_tracked = known["table"], known["tracked"] and not options
    link = _url(table, select=_select(request, known), **options)
    counted = _url(table, select=known["id"], top="1", count="true", **options)
    return {"link": link, "count": counted, "tracked": is_tracked, "id": known["id"]}


def changes(request: Request) -> list[Part] | None:
    """What changed since the delta link of the last walk; by `modifiedon` where the table is not tracked."""
    known, since = _known(request), moment(request.since)
    name, link = f"changes since {since}", request.known.get("changes_cursor")
    if known["tracked"]:
        has_keys = plain(known["id"]) in map(plain, request.key)
        ask = {"link": link, "tracked": True, "id": known["id"], "has_keys": has_keys}
        return [Part(name, ask=ask)] if link and _suffices(request, _select(request, known), link, has_keys) else None
    if "modifiedon" not in known["columns"]:
        return None
    return [Part(name, ask=_asking(request, known, filter=f"modifiedon ge {since}"))]


def _suffices(request: Request, select: str, link: str, has_keys: bool) -> bool:
    """False if only a reading of all tells what changed: the link has expired, it is of another list of columns, the
    whole table comes again, or rows are gone that the city calls by another id than Dataverse does."""
    if parse_qs(urlsplit(link).query).get("$select", [select]) != [select]:
        return False
    session, met = Session(request), set()
    while link and link not in met:
        met.add(link)
        answer = session.ask(link, TRACKED, EXPIRED)
        if answer is None or "$delta" not in answer.get(odata.CONTEXT, ""):
            return False
        if has_keys:
            return True
        if any(map(odata.is_gone, answer["value"])):
            return False
        link = odata.following(link, answer)
    return True


# Reading


def pages(request: Request, part: Part, resume: Resume) -> Pages:
    """Read from the first page on, tracked if the table is, or what a delta link gives."""
    session, ask = Session(request), part.ask

    def fetch(link: str) -> dict | None:
        return session.ask(link, TRACKED if ask["tracked"] else PREFER, EXPIRED)

    def count() -> int | None:
        told = session.ask(ask["count"]).get("@odata.count", COUNTED)
        return told if told < COUNTED else None

    if "count" in ask:
        chain = odata.Chain(ask["link"], fetch, count, has_delta=ask["tracked"], id=ask["id"])
    else:
        chain = odata.Chain(ask["link"], fetch, has_delta=True, is_even=False, has_keys=ask["has_keys"], id=ask["id"])
    return (yield from odata.walk(request, resume, chain))
