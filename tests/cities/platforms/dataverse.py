"""Microsoft Dataverse: OAuth client credentials and the Web API over one table, incidents, with change tracking."""

import base64
import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import ClassVar
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

import orjson

from tests.cities import little_sql
from tests.cities.little_sql import ALWAYS, Moment, Refused
from tests.cities.model import DAY, SERVICES, Case, Gone, Model
from tests.cities.scene import flat
from tests.cities.table import Column, Table, column, written
from tests.cities.times import http_date, moment, utc
from tests.cities.wire import Answer, Asked

API = "/api/data/v9.2/"
JSON = "application/json; odata.metadata=minimal"
MOST = 5000
DISPLAY = "OData.Community.Display.V1.FormattedValue"
LOOKUP = "Microsoft.Dynamics.CRM.lookuplogicalname"
STATES = {0: "Active", 1: "Resolved"}
STATUSES = {1: "In Progress", 2: "On Hold", 5: "Problem Solved", 1000: "Information Provided"}
GROUPS = dict(enumerate(sorted({service.group for service in SERVICES}), 100_000_000))
OPTION_SETS = {"statecode": STATES, "statuscode": STATUSES, "cgl_servicegroup": GROUPS}
ATTRIBUTE = re.compile(
    r"EntityDefinitions\(LogicalName='incident'\)/Attributes\(LogicalName='(\w+)'\)/Microsoft\.Dynamics\.CRM\.\w+Metadata"
)
BY_ID = (("incidentid", False),)
TRACKED_WITHOUT = ("$filter", "$orderby", "$top")
UNSUPPORTED = ("$skip", "$apply", "$expand", "$search")
CODES = {"column": "0x80060888", "type": "0x80060888", "syntax": "0x80060888", "table": "0x8006088a"}


@lru_cache(maxsize=1 << 20)
def guid(*parts: object) -> str:
    return str(uuid5(NAMESPACE_URL, "/".join(map(str, parts))))


def incident(case: Case) -> str:
    """A request that is deleted and entered anew has another guid."""
    return guid("incident", case.id, case.born)


def group(case: Case) -> int:
    return next(value for value, name in GROUPS.items() if name == case.service_group)


@dataclass
class Dataverse:
    """The token comes from POST /{tenant}/oauth2/v2.0/token, incidents from /api/data/v9.2/incidents.

    token_seconds   how long a token is good
    delta_days      how long a delta link is good
    expired_delta   "410", or "full": the whole set comes again
    """

    model: Model
    tenant: str = "made-up-tenant"
    client_id: str = "made-up-client"
    client_secret: str = "made-up-secret"
    token_seconds: int = 3599
    delta_days: int = 30
    expired_delta: str = "410"
    tokens: dict[str, int] = field(init=False, default_factory=dict)  # token → good until
    given: int = field(init=False, default=0)
    table: Table = field(init=False)

    fields: ClassVar = flat(
        id="ticketnumber",
        status="statecode",
        code="cgl_servicecode",
        name="cgl_servicename",
        group="cgl_servicegroup",
        agency="_owningbusinessunit_value",
        requested="createdon",
        updated="modifiedon",
        closed="cgl_closedon",
        expected="cgl_dueon",
        address="cgl_address",
        lat="cgl_latitude",
        long="cgl_longitude",
        description="description",
    )

    def __post_init__(self) -> None:
        self.table = Table(lambda: self.model, lambda: self.model.version, self.columns(), dates=(Moment,))

    def columns(self) -> dict[str, Column]:
        def dated(where: str) -> Column:
            return column("instant", where, utc)

        return {
            "incidentid": column("text", incident),
            "ticketnumber": column("text", "id"),
            "title": column("text", "service_name"),
            "description": column("text", "description"),
            "statecode": column("number", lambda case: int(case.status == "closed")),
            "statuscode": column("number", lambda case: 5 if case.status == "closed" else 1 + case.number % 2),
            "createdon": dated("requested"),
            "modifiedon": dated("updated"),
            "cgl_servicecode": column("text", "service_code"),
            "cgl_servicename": column("text", "service_name"),
            "cgl_servicegroup": column("number", group),
            "cgl_closedon": dated("closed"),
            "cgl_dueon": dated("expected"),
            "cgl_closurenote": column("text", "closure_note"),
            "cgl_address": column("text", "address"),
            "cgl_zipcode": column("text", "zipcode"),
            "cgl_latitude": column("number", "lat"),
            "cgl_longitude": column("number", "long"),
            "_owningbusinessunit_value": column("text", lambda case: guid("unit", case.agency)),
            "_customerid_value": column("text", lambda case: guid("contact", case.reporter_name)),
            "emailaddress": column("text", "reporter_email"),
            "cgl_telephone": column("text", "reporter_phone"),
        }

    def answer(self, asked: Asked) -> Answer:
        if asked.path == f"/{self.tenant}/oauth2/v2.0/token" and asked.method == "POST":
            return self.sign_in(asked)
        token = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if self.tokens.get(token, 0) <= self.model.now:
            return self.error(401, "The token is missing, wrong or expired")
        if not asked.path.startswith(API) or asked.method != "GET":
            return self.error(404, f"Resource not found for the segment {asked.path!r}")
        try:
            return self.api(asked, asked.path.removeprefix(API))
        except Refused as refused:
            return self.error(400, f"Could not find or use {refused}", CODES[refused.reason])

    def error(self, status: int, message: str, code: str = "0x80040265") -> Answer:
        answer = Answer({"error": {"code": code, "message": message}}, status=status, kind=JSON)
        if status == 401:
            answer.headers["WWW-Authenticate"] = f"Bearer authorization_uri=/{self.tenant}/oauth2/authorize"
        return answer

    def sign_in(self, asked: Asked) -> Answer:
        said = asked.form
        if said.get("grant_type") != "client_credentials" or not said.get("scope", "").endswith("/.default"):
            return Answer({"error": "invalid_request", "error_description": "AADSTS900144: scope"}, status=400)
        if (said.get("client_id"), said.get("client_secret")) != (self.client_id, self.client_secret):
            return Answer({"error": "invalid_client", "error_description": "AADSTS7000215: secret"}, status=401)
        self.given += 1
        token = guid("token", self.given)
        self.tokens[token] = self.model.now + self.token_seconds
        return Answer({"token_type": "Bearer", "expires_in": self.token_seconds, "access_token": token})

    def api(self, asked: Asked, what: str) -> Answer:
        if attribute := ATTRIBUTE.fullmatch(what):
            return self.option_set(attribute[1])
        if what == "incidents/$count":
            return Answer(kind="text/plain", body=str(min(self.table.page(asked).total, MOST)).encode())
        if what != "incidents":
            raise Refused("table", what)
        unsupported = [name for name in UNSUPPORTED if name in asked.query]
        if unsupported:
            raise Refused("syntax", f"{unsupported[0]} is not supported")
        if "$deltatoken" in asked.query:
            return self.since(asked, asked.query["$deltatoken"])
        if "$skiptoken" in asked.query:
            return self.onwards(asked, unpacked(asked.query["$skiptoken"]))
        tracked = "odata.track-changes" in asked.headers.get("prefer", "")
        if tracked and any(name in asked.query for name in TRACKED_WITHOUT):
            raise Refused("syntax", "$filter/$orderby/$top with change tracking")
        start = {"filter": asked.query.get("$filter"), "order": asked.query.get("$orderby")}
        return self.listed(asked, start | {"at": 0, "version": self.model.version if tracked else None})

    def onwards(self, asked: Asked, state: dict) -> Answer:
        return self.changes(asked, state) if "after" in state else self.listed(asked, state)

    def listed(self, asked: Asked, state: dict) -> Answer:
        """A page of the whole set."""
        where = little_sql.where(state["filter"]) if state["filter"] else ALWAYS
        order = (*(little_sql.order(state["order"]) if state["order"] else ()), *BY_ID)
        top = asked.query.get("$top", "")
        size = int(top) if top.isdigit() else page_size(asked)
        part = self.table.page(asked, where, order, self.place(state, where, order), size)
        more = part.more and not top
        last = {"at": state["at"] + len(part.rows), "last": incident(part.rows[-1])} if part.rows else {}
        asked_for = (asked.query.get("$select"), asked.headers.get("prefer"))
        rows = self.table.shown(asked, part.rows, lambda case: self.shown(asked, case), *asked_for)
        doc = self.told(asked, "incidents", rows)
        if asked.query.get("$count") == "true":
            doc["@odata.count"] = min(part.total, MOST)
        if more:
            doc["@odata.nextLink"] = self.link(asked, "$skiptoken", packed(state | last))
        elif state["version"] is not None:
            doc["@odata.deltaLink"] = self.link(asked, "$deltatoken", self.delta_token(state["version"]))
        return self.page(asked, doc)

    def place(self, state: dict, where: tuple, order: tuple) -> int:
        """Where the next page begins: after the row that ended the last one, wherever that stands now."""
        if not state["at"]:
            return 0
        rows, low, high = self.table.find(where, order)
        at = low + state["at"]
        if at <= high and incident(rows[at - 1]) == state["last"]:
            return state["at"]
        found = next((n for n in range(low, high) if incident(rows[n]) == state["last"]), None)
        return state["at"] if found is None else found + 1 - low

    def since(self, asked: Asked, token: str) -> Answer:
        """What has changed since a delta link was given."""
        version, _, when = token.partition("!")
        if not version.isdigit() or not when:
            return self.error(400, "the delta token is malformed")
        expired = moment(when) < self.model.now - self.delta_days * DAY
        if expired and self.expired_delta == "410":
            return self.error(410, "the delta token has expired", "0x80060891")
        if expired:
            return self.listed(asked, {"filter": None, "order": None, "at": 0, "version": self.model.version})
        return self.changes(asked, {"after": [0, int(version)], "since": int(version), "version": self.model.version})

    def changes(self, asked: Asked, state: dict) -> Answer:
        """First what is new or other, then what is gone; both in the order in which it happened."""
        since, until = state["since"], state["version"]
        new = [((0, case.version), case) for case in self.model if since < case.version <= until]
        gone = [((1, gone.version), gone) for gone in self.model.gone if since < gone.version <= until]
        left = [one for one in sorted(new + gone, key=lambda one: one[0]) if one[0] > tuple(state["after"])]
        size = page_size(asked)
        doc = self.told(asked, "incidents/$delta", [self.shown(asked, one) for _, one in left[:size]])
        if len(left) > size:
            state = state | {"after": left[size - 1][0]}
            doc["@odata.nextLink"] = self.link(asked, "$skiptoken", packed(state))
        else:
            doc["@odata.deltaLink"] = self.link(asked, "$deltatoken", self.delta_token(until))
        return self.page(asked, doc)

    def delta_token(self, version: int) -> str:
        return f"{version}!{utc(self.model.now)}"

    def link(self, asked: Asked, name: str, token: str) -> str:
        select = f"$select={quote(asked.query['$select'], safe=',')}&" if "$select" in asked.query else ""
        return f"{asked.base}{API}incidents?{select}{name}={quote(token)}"

    def told(self, asked: Asked, what: str, rows: list[dict]) -> dict:
        return {"@odata.context": f"{asked.base}{API}$metadata#{what}", "value": rows}

    def page(self, asked: Asked, doc: dict) -> Answer:
        answer = Answer(doc, doc["value"], kind=JSON, more=(doc, "@odata.nextLink"))
        answer.headers["OData-Version"] = "4.0"
        if "prefer" in asked.headers:
            answer.headers["Preference-Applied"] = asked.headers["prefer"]
        if "@odata.count" in doc:
            answer.count = (doc, "@odata.count")
        return answer

    def shown(self, asked: Asked, one: Case | Gone) -> dict:
        if isinstance(one, Gone):
            context = f"{asked.base}{API}$metadata#incidents/$deletedEntity"
            return {"@odata.context": context, "id": incident(one.case), "reason": one.reason}
        chosen = asked.query.get("$select")
        names = dict.fromkeys([*(chosen.split(",") if chosen else self.table.columns), "incidentid"])
        row = {"@odata.etag": f'W/"{one.version}"'} | written(one, self.table.writers(names))
        if DISPLAY in (prefer := asked.headers.get("prefer", "")) or '"*"' in prefer:
            row |= annotations(one, names)
        return row

    def option_set(self, name: str) -> Answer:
        if name not in OPTION_SETS:
            raise Refused("column", name)
        options = [
            {"Value": value, "Label": {"UserLocalizedLabel": {"Label": label, "LanguageCode": 1033}}}
            for value, label in OPTION_SETS[name].items()
        ]
        return Answer({"LogicalName": name, "OptionSet": {"Name": f"incident_{name}", "Options": options}}, kind=JSON)


def annotations(case: Case, names: dict) -> dict:
    """The labels of options and the names behind lookups, for the columns that were asked for."""
    state = int(case.status == "closed")
    labels = {
        "statecode": STATES[state],
        "statuscode": STATUSES[5 if state else 1 + case.number % 2],
        "cgl_servicegroup": case.service_group,
        "_owningbusinessunit_value": case.agency,
        "_customerid_value": case.reporter_name,
        "createdon": http_date(case.requested),
    }
    lookups = {"_owningbusinessunit_value": "businessunit", "_customerid_value": "contact"}
    told = {f"{name}@{DISPLAY}": label for name, label in labels.items() if name in names}
    return told | {f"{name}@{LOOKUP}": kind for name, kind in lookups.items() if name in names}


def page_size(asked: Asked) -> int:
    wanted = re.search(r"odata\.maxpagesize=(\d+)", asked.headers.get("prefer", ""))
    return min(int(wanted[1]), MOST) if wanted else MOST


def packed(state: dict) -> str:
    return base64.urlsafe_b64encode(orjson.dumps(state)).decode()


def unpacked(token: str) -> dict:
    try:
        return orjson.loads(base64.urlsafe_b64decode(token))
    except ValueError:
        raise Refused("syntax", "$skiptoken") from None
