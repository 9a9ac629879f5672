"""Legistar's Web API: matters, events and what hangs on them; a thousand rows at most and no next link."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

from tests.cities import little_sql
from tests.cities.council import BODIES, PERSONS, Item, Vote
from tests.cities.little_sql import ALWAYS, Moment, Refused
from tests.cities.markup import HEAD, element, xml
from tests.cities.model import Model
from tests.cities.scene import flat
from tests.cities.table import Column, Table, column, written
from tests.cities.times import local, utc
from tests.cities.wire import XML, Answer, Asked

MOST = 1000
KNOWN = {"$top", "$skip", "$orderby", "$filter", "token", "AgendaNote", "MinutesNote", "Attachments"}


def bare(instant: int | None) -> str | None:
    """2024-05-01T14:00:00.000: UTC by name only."""
    return None if instant is None else utc(instant).replace("Z", ".000")


@dataclass
class Legistar:
    """Everything stands under /v1/{client}/; `token` is what ?token= must say, where one is needed.

    A permanent failure of one child is a fault: `city.faults("status", 500, has="/eventitems/3012/votes")`.
    """

    model: Model
    client: str = "larkhaven"
    token: str | None = None
    matters: Table = field(init=False)
    events: Table = field(init=False)

    fields: ClassVar = flat(
        id="MatterId",
        status="MatterStatusName",
        name="MatterTitle",
        group="MatterTypeName",
        agency="MatterBodyName",
        requested="MatterIntroDate",
        updated="MatterLastModifiedUtc",
        description="MatterTitle",
    )

    def __post_init__(self) -> None:
        council, zone = self.model.council, self.model.zone
        common = {"version": lambda: self.model.version, "zone": zone, "dates": (Moment,), "tie": "id"}
        self.matters = Table(council.matters.values, columns=self.matter_columns(), **common)
        self.events = Table(council.meetings.values, columns=self.event_columns(), **common)

    def day(self, instant: int) -> str:
        """Local midnight, without a zone."""
        return f"{local(instant, self.model.zone):%Y-%m-%d}T00:00:00"

    def matter_columns(self) -> dict[str, Column]:
        return {
            "MatterId": column("number", "id"),
            "MatterGuid": column("text", lambda matter: f"{matter.id:08X}-0000-4000-8000-000000000000"),
            "MatterLastModifiedUtc": column("instant", "modified", bare),
            "MatterFile": column("text", "file"),
            "MatterName": column("text", lambda matter: None),
            "MatterTitle": column("text", "title"),
            "MatterTypeName": column("text", "type"),
            "MatterStatusName": column("text", "status"),
            "MatterBodyId": column("number", "body"),
            "MatterBodyName": column("text", lambda matter: BODIES[matter.body]),
            "MatterIntroDate": column("local", "introduced", self.day),
            "MatterRestrictViewViaWeb": column("flag", "private"),
        }

    def event_columns(self) -> dict[str, Column]:
        return {
            "EventId": column("number", "id"),
            "EventGuid": column("text", lambda meeting: f"{meeting.id:08X}-0000-4000-8000-000000000001"),
            "EventLastModifiedUtc": column("instant", "modified", bare),
            "EventBodyId": column("number", "body"),
            "EventBodyName": column("text", lambda meeting: BODIES[meeting.body]),
            "EventDate": column("local", "day", self.day),
            "EventTime": column("text", "hour"),
            "EventLocation": column("text", "location"),
            "EventAgendaStatusName": column("text", lambda meeting: "Final"),
            "EventInSiteURL": column("text", lambda meeting: f"http://council.example/meeting/{meeting.id}"),
        }

    def answer(self, asked: Asked) -> Answer:
        root = f"/v1/{self.client}/"
        if self.token and asked.query.get("token") != self.token:
            return self.error(403, "Token is required")
        if not asked.path.startswith(root) or asked.method != "GET":
            return self.error(404, f"No HTTP resource was found that matches {asked.path}")
        unknown = set(asked.query) - KNOWN
        try:
            if unknown:
                raise Refused("syntax", f"{unknown}")
            for pattern, name, act in ROUTES:
                if found := re.fullmatch(pattern, asked.path.removeprefix(root)):
                    return self.told(asked, name, act(self, asked, *map(int, found.groups())))
        except Refused as refused:
            return self.error(400, f"The query specified in the URI is not valid. {refused}")
        except KeyError as missing:
            return self.error(404, f"Not found: {missing}")
        return self.error(404, f"No HTTP resource was found that matches {asked.path}")

    def error(self, status: int, message: str) -> Answer:
        return Answer({"Message": message}, status=status)

    def told(self, asked: Asked, name: str, rows: list[dict] | dict) -> Answer:
        """JSON for those who accept it, XML for all others."""
        if "application/json" in asked.headers.get("accept", ""):
            return Answer(rows, rows if isinstance(rows, list) else None)
        if isinstance(rows, dict):
            inner = "".join(element(key, value) for key, value in rows.items())
            return Answer(kind=XML, body=f"{HEAD}<{name}>{inner}</{name}>".encode())
        return Answer(rows, rows, kind=XML, encode=xml(f"ArrayOf{name}", name))

    def listed(self, asked: Asked, table: Table) -> list[dict]:
        """Whoever names no order gets one that nobody would guess."""
        given = asked.query
        where = little_sql.where(given["$filter"]) if given.get("$filter") else ALWAYS
        order = little_sql.order(given["$orderby"]) if given.get("$orderby") else ()
        size = min(whole(given, "$top", MOST), MOST)
        rows = table.page(asked, where, order, whole(given, "$skip", 0), size).rows
        writers = table.writers(table.columns)
        return [written(row, writers) for row in (rows if order else rows[::-1])]

    def matter(self, asked: Asked, id: int) -> dict:
        return written(self.model.council.matters[id], self.matters.writers(self.matters.columns))

    def event(self, asked: Asked, id: int) -> dict:
        return written(self.model.council.meetings[id], self.events.writers(self.events.columns))

    def persons(self, asked: Asked) -> list[dict]:
        return [{"PersonId": id, "PersonFullName": name, "PersonActiveFlag": 1} for id, name in PERSONS.items()]

    def bodies(self, asked: Asked) -> list[dict]:
        return [{"BodyId": id, "BodyName": name, "BodyActiveFlag": 1} for id, name in BODIES.items()]

    def sponsors(self, asked: Asked, id: int) -> list[dict]:
        sponsors = self.model.council.matters[id].sponsors
        return [
            {
                "MatterSponsorId": id * 10 + n,
                "MatterSponsorMatterId": id,
                "MatterSponsorNameId": n,
                "MatterSponsorName": PERSONS[n],
            }
            for n in sponsors
        ]

    def histories(self, asked: Asked, id: int) -> list[dict]:
        """What happened to a matter in the meetings."""
        self.model.council.matters[id]
        return [
            {
                "MatterHistoryId": item.id,
                "MatterHistoryEventId": meeting.id,
                "MatterHistoryActionDate": self.day(meeting.day),
                "MatterHistoryActionBodyName": BODIES[meeting.body],
                "MatterHistoryPassedFlagName": passed(item),
            }
            for meeting in self.model.council.meetings.values()
            for item in meeting.items
            if item.matter == id
        ]

    def attachments(self, asked: Asked, id: int) -> list[dict]:
        matter = self.model.council.matters[id]
        link = f"http://council.example/{matter.file}.pdf"
        return [{"MatterAttachmentId": id, "MatterAttachmentName": matter.file, "MatterAttachmentHyperlink": link}]

    def items(self, asked: Asked, id: int) -> list[dict]:
        return [
            {
                "EventItemId": item.id,
                "EventItemEventId": id,
                "EventItemAgendaSequence": n,
                "EventItemMatterId": item.matter,
                "EventItemTitle": item.title,
                "EventItemPassedFlag": None if item.passed is None else int(item.passed),
                "EventItemPassedFlagName": passed(item),
                "EventItemRollCallFlag": int(not item.votes),
            }
            for n, item in enumerate(self.model.council.meetings[id].items, 1)
        ]

    def item(self, id: int) -> Item:
        items = {item.id: item for meeting in self.model.council.meetings.values() for item in meeting.items}
        return items[id]

    def votes(self, asked: Asked, id: int) -> list[dict]:
        return [self.vote("Vote", vote, id) for vote in self.item(id).votes]

    def rollcalls(self, asked: Asked, id: int) -> list[dict]:
        """Who was there: nobody is called up for an item on which there is a vote."""
        present = [] if self.item(id).votes else [Vote(id * 10 + person, person, "Present") for person in PERSONS]
        return [self.vote("RollCall", vote, id) for vote in present]

    def vote(self, kind: str, vote: Vote, item: int) -> dict:
        return {
            f"{kind}Id": vote.id,
            f"{kind}PersonId": vote.person,
            f"{kind}PersonName": PERSONS[vote.person],
            f"{kind}ValueName": vote.value,
            f"{kind}EventItemId": item,
        }


def passed(item: Item) -> str | None:
    return None if item.passed is None else "Pass" if item.passed else "Fail"


def whole(given: dict, name: str, default: int) -> int:
    value = given.get(name, str(default))
    if not value.isdigit():
        raise Refused("type", f"{name}={value}")
    return int(value)


ROUTES: tuple[tuple[str, str, Callable], ...] = (
    (r"matters", "GranicusMatter", lambda self, asked: self.listed(asked, self.matters)),
    (r"events", "GranicusEvent", lambda self, asked: self.listed(asked, self.events)),
    (
        r"matters/(\d+)",
        "GranicusMatter",
        Legistar.matter,
    ),
    (r"events/(\d+)", "GranicusEvent", Legistar.event),
    (r"persons", "GranicusPerson", Legistar.persons),
    (r"bodies", "GranicusBody", Legistar.bodies),
    (r"matters/(\d+)/sponsors", "GranicusMatterSponsor", Legistar.sponsors),
    (r"matters/(\d+)/histories", "GranicusMatterHistory", Legistar.histories),
    (r"matters/(\d+)/attachments", "GranicusMatterAttachment", Legistar.attachments),
    (r"events/(\d+)/eventitems", "GranicusEventItem", Legistar.items),
    (r"eventitems/(\d+)/votes", "GranicusVote", Legistar.votes),
    (r"eventitems/(\d+)/rollcalls", "GranicusRollCall", Legistar.rollcalls),
)
