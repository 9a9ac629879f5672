"""Calendars of collection days (iCalendar, .ics): one row for each day on which a route or a zone is served.

A location is the address of a calendar, as the city's page offers it for subscription (`webcal://` is the same as
`https://`); there may be several, one for each route. Never one that belongs to a single address: it would tell where
somebody lives. Days are told from `layout.start` (two years back where it is left out) to a year after the pull.

Columns: id, uid, date, last_date (of what lasts several days), route (the calendar's own name, else that of its file),
summary, description, location, categories, moved_from (the regular day that this one stands for).
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from etl.sources.days import day_of, first_day
from etl.sources.page import Pages, Part, Proof, Request, Resume, page_of
from hub.errors import SourceError

if TYPE_CHECKING:  # it takes as long to load as all other sources, and most cities have no calendar
    from icalendar import Calendar, Event

AHEAD = timedelta(days=366)
COLUMNS = ["id", "uid", "date", "last_date", "route", "summary", "description", "location", "categories", "moved_from"]
WITHIN_A_DAY = {"BYHOUR", "BYMINUTE", "BYSECOND"}
FREQUENCIES = {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}
BROKEN = (ValueError, TypeError, AttributeError)  # what the library itself raises is a ValueError
DONE = "read"
FIRST = 1  # the number of the first day


def recognises(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "webcal" or (parts.scheme in ("http", "https") and parts.path.casefold().endswith(".ics"))


def probe(request: Request) -> dict:
    """Its columns are always the same; the first calendar is read to see that it is one."""
    _calendars(request, request.location[0])
    return {"columns": COLUMNS}


def parts(request: Request) -> list[Part]:
    """One for each calendar, called as its file is where that tells them apart."""
    stems = [_stem(place) for place in request.location]
    return [
        Part(stem if stems.count(stem) == 1 else place, ask={"place": place})
        for stem, place in zip(stems, request.location, strict=True)
    ]


def pages(request: Request, part: Part, resume: Resume) -> Pages:
    """All days of one location, as one page; events that tell no day are set aside."""
    if resume.cursor != DONE:
        rows, aside = [], []
        for calendar in _calendars(request, part.ask["place"]):
            route = str(calendar.get("X-WR-CALNAME") or calendar.get("NAME") or _stem(part.ask["place"]))
            for event in calendar.walk("VEVENT"):
                try:
                    rows += [{"route": route, **row} for row in _rows(request, calendar, event)]
                except BROKEN as error:
                    aside.append((FIRST + len(rows) + len(aside), f"the event tells no days: {str(error)[:100]}"))
        yield replace(page_of(request, rows, FIRST, cursor=DONE), rejected=tuple(aside))
    return Proof("whole_file")


def _stem(place: str) -> str:
    path = unquote(urlsplit(place).path).rstrip("/")
    return path.rpartition("/")[2].removesuffix(".ics") or place


def _calendars(request: Request, place: str) -> "list[Calendar]":
    """The whole calendar, or several in one file. Raises SourceError if it is cut or none at all."""
    from icalendar import Calendar

    scheme, colon, rest = place.partition("://")
    said = request.http.text(("https" if scheme == "webcal" else scheme) + colon + rest).strip()
    where, cure = f"{_stem(place)} (source {request.name!r})", "open the address in a browser; fetch the calendar again"
    if not said.startswith("BEGIN:VCALENDAR"):
        raise SourceError(f"{where} is no calendar.", "give the address that the city's page offers for subscription")
    if not said.endswith("END:VCALENDAR"):
        raise SourceError(f"{where} is cut: it has no end.", cure)
    try:
        calendars = Calendar.from_ical(said, multiple=True)
    except ValueError:
        raise SourceError(f"{where} is broken: it cannot be read as iCalendar.", cure) from None
    if not any(calendar.walk("VEVENT") for calendar in calendars):
        raise SourceError(f"{where} has no events.", cure + "; an empty one does not replace good data")
    return calendars


def _rows(request: Request, calendar: "Calendar", event: "Event") -> Iterator[dict]:
    """The event on each of its days. Raises one of BROKEN if it cannot be told when that is."""
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return
    uid, zone = str(event.get("UID") or event.get("SUMMARY") or ""), ZoneInfo(request.time_zone)
    regular = event.get("RECURRENCE-ID")
    if regular and "RANGE" in regular.params:
        raise ValueError("it changes all later days at once (RANGE)")
    lasts = max(event.duration - timedelta(seconds=1), timedelta(0)).days
    categories = event.get("CATEGORIES", [])
    for day in sorted(_days(request, event, _replaced(calendar, uid, zone) if not regular else set())):
        yield {
            "id": f"{uid}/{day}" if uid else None,
            "uid": uid,
            "date": str(day),
            "last_date": str(day + timedelta(days=lasts)),
            "summary": event.get("SUMMARY"),
            "description": event.get("DESCRIPTION"),
            "location": event.get("LOCATION"),
            "categories": ", ".join(str(word) for one in _list(categories) for word in getattr(one, "cats", [one])),
            "moved_from": str(_day(regular.dt, zone)) if regular and _day(regular.dt, zone) != day else None,
        }


def _days(request: Request, event: "Event", replaced: set[date]) -> set[date]:
    """The event's days within the time that is asked for, less those that are left out or that others replace."""
    zone, start = ZoneInfo(request.time_zone), event.start
    first, last = first_day(request), day_of(request, request.until) + AHEAD
    days = {_day(start, zone)} | {_day(one, zone) for one, _ in event.rdates}
    for rule in event.rrules:
        days |= set(_ruled(rule, start, zone, last))
    left_out = {_day(one, zone) for one in event.exdates} | replaced
    return {day for day in days - left_out if first <= day <= last}


def _ruled(rule: dict, start: date | datetime, zone: ZoneInfo, last: date) -> Iterator[date]:
    """The days of a rule up to the last one wanted, counted on the clock in which its start is told."""
    from dateutil.rrule import rrulestr

    if rule.get("FREQ", [""])[0].upper() not in FREQUENCIES or WITHIN_A_DAY & set(rule):
        raise ValueError("it comes more than once a day")
    clock = start.tzinfo if isinstance(start, datetime) else None
    naive = start.replace(tzinfo=None) if isinstance(start, datetime) else datetime.combine(start, time.min)
    [until] = rule.get("UNTIL", [None])
    end = min(last, _day(until, clock or zone)) if until else last
    unending = type(rule)({name: value for name, value in rule.items() if name != "UNTIL"})
    for found in rrulestr(unending.to_ical().decode(), dtstart=naive):
        day = _day(found.replace(tzinfo=clock), zone) if clock else found.date()
        if found.date() > end:
            return
        yield day


def _replaced(calendar: "Calendar", uid: str, zone: ZoneInfo) -> set[date]:
    """The regular days of an event that have an event of their own instead."""
    found = (one.get("RECURRENCE-ID") for one in calendar.walk("VEVENT") if str(one.get("UID")) == uid)
    return {_day(regular.dt, zone) for regular in found if regular}


def _day(value: date | datetime, zone: ZoneInfo) -> date:
    """The day in the city."""
    if not isinstance(value, datetime):
        return value
    return (value.astimezone(zone) if value.tzinfo else value).date()


def _list(value: object) -> list:
    return value if isinstance(value, list) else [value]
