"""A calendar of collection days for each route, as RFC 5545 has it: RRULE, EXDATE and the day instead."""

from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import ClassVar

from tests.cities.model import Model
from tests.cities.times import utc
from tests.cities.trash import Route
from tests.cities.wire import Answer, Asked, page_of_html

KIND = "text/calendar; charset=utf-8"
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
LINE = 75


@dataclass
class Calendars:
    """GET /calendars/route-1.ics and so on; an ETag tells whether it has changed."""

    model: Model
    fields: ClassVar[dict] = {}

    def answer(self, asked: Asked) -> Answer:
        routes = {f"/calendars/{route.name.lower().replace(' ', '-')}.ics": route for route in self.model.routes}
        if asked.path not in routes or asked.method not in {"GET", "HEAD"}:
            return self.error(404, "Not Found")
        body = self.calendar(routes[asked.path]).encode()
        tag = f'"{sha256(body).hexdigest()[:16]}"'
        if asked.headers.get("if-none-match") == tag:
            return Answer(status=304, headers={"ETag": tag}, body=b"")
        return Answer(kind=KIND, headers={"ETag": tag}, body=body)

    def error(self, status: int, message: str) -> Answer:
        return page_of_html(message, status)

    def calendar(self, route: Route) -> str:
        stamp = utc(self.model.now).replace("-", "").replace(":", "")
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Larkhaven//Collection//EN", "METHOD:PUBLISH"]
        rule = f"RRULE:FREQ=WEEKLY;INTERVAL={route.every};BYDAY={WEEKDAYS[route.first.weekday()]};COUNT={route.times}"
        left_out = [f"EXDATE;VALUE=DATE:{day:%Y%m%d}" for day in route.moved if day in route.regular()]
        lines += event(route, "regular", route.first, stamp, rule, *left_out)
        for day, instead in route.moved.items():
            if day in route.regular():
                lines += event(route, f"{day:%Y%m%d}", instead, stamp)
        return "".join(folded(line) for line in [*lines, "END:VCALENDAR"])


def note(route: Route) -> str:
    return f"{route.kind} is collected on this day, out on the sidewalk before the café opens; thanks."


def event(route: Route, which: str, day: date, stamp: str, *more: str) -> list[str]:
    return [
        "BEGIN:VEVENT",
        f"UID:{route.name.replace(' ', '')}-{which}@larkhaven.example",
        f"DTSTAMP:{stamp}",
        f"DTSTART;VALUE=DATE:{day:%Y%m%d}",
        f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}",
        f"SUMMARY:{route.kind}",
        "DESCRIPTION:" + note(route).replace(",", "\\,").replace(";", "\\;"),
        *more,
        "END:VEVENT",
    ]


def folded(line: str) -> str:
    """No line is longer than 75 bytes; the rest stands on lines that begin with a blank."""
    first, rest = line[:LINE], line[LINE:]
    parts = [rest[at : at + LINE - 1] for at in range(0, len(rest), LINE - 1)]
    return "\r\n ".join([first, *parts]) + "\r\n"
