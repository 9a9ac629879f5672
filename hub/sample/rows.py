"""Reports as the city's systems keep them: numbered, with status words, target dates and what people wrote."""

from dataclasses import dataclass, replace

from hub.sample import scenario
from hub.sample.clock import AS_OF, DAY, american, day_start, same_time_after, wall
from hub.sample.dice import Dice
from hub.sample.incidents import Report
from hub.sample.people import People
from hub.sample.phrases import CLOSING, COMMENTS, GARBLED, STAFF_TELLING, TELLING
from hub.sample.streets import Address

COMMENTED, TELLS, STAFF_TELLS, GARBLES = 0.24, 0.35, 0.04, 0.02
NAMED = 0.13  # share of requests with the reporter's contact in the export
STAMPED = 0.03  # share of closing notes that repeat the time of closing
CHANNELS = (*["Phone"] * 5, *["Mobile App"] * 3, "Web", "Walk-in")
PLATE_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
PHONES = ("{0}-{1}-{2}", "({0}) {1}-{2}", "{0}.{1}.{2}", "{0}{1}{2}")
MIGRATED = day_start(scenario.LAST_DAY.replace(month=1, day=14)) + 2 * 3600  # the night many old rows were touched

When = int | str | None  # an instant, something that is no date, or nothing


@dataclass(frozen=True, slots=True)
class Row:
    """One row of an export before it is written in its system's own form. `due` is a wall clock reading.

    `report` and what follows it is the truth and in no export.
    """

    request_id: str
    status: str  # open, progress, closed, cancelled, dup_open, dup_closed, or a word of the system's own
    opened: When
    due: When
    closed: When
    modified: When
    address: str
    zip_code: str
    ward: str
    lat: float | None
    long: float | None
    channel: str
    comments: str
    resolution: str
    contact: tuple[str, str, str]  # name, e-mail, phone
    report: Report
    planted: tuple[str, ...] = ()
    oddities: tuple[str, ...] = ()

    def odd(self, name: str, **changes) -> "Row":
        return replace(self, oddities=(*self.oddities, name), **changes)


class Clerk:
    """Turns reports into rows."""

    def __init__(self, addresses: tuple[Address, ...], people: People, seed: int):
        self.addresses, self.people, self.dice = addresses, people, Dice(seed, "rows")

    def rows(self, reports: list[Report]) -> list[Row]:
        """Rows in order of opening, numbered within each year with small gaps."""
        number, year, rows = 0, 0, []
        for report in sorted(reports, key=lambda report: (report.opened, report.incident)):
            if year_of(report.opened) != year:
                number, year = 0, year_of(report.opened)
            number += 2 if self.dice.chance(0.08) else 1
            rows.append(self.row(report, request_id(year, number)))
        return rows

    def row(self, report: Report, name: str) -> Row:
        place, target, person = self.addresses[report.at], report.kind.target_days, report.reporter
        closed = report.closed if report.closed is not None and report.closed <= AS_OF else None
        comments, planted = self._comments(report)
        resolution, told = self._resolution(report, closed)
        named = self.dice.chance(NAMED) and person.name
        return Row(
            request_id=name,
            status=self._status(report, closed),
            opened=report.opened,
            due=None if target is None else same_time_after(report.opened, target),
            closed=report.reopened if closed is None and (report.reopened or AS_OF) < AS_OF else closed,
            modified=self._modified(report.opened, closed),
            address=place.text,
            zip_code=place.zip_code,
            ward=place.ward,
            lat=place.lat,
            long=place.long,
            channel=self.dice.pick(CHANNELS) if person.name else "Employee",
            comments=comments,
            resolution=resolution,
            contact=(person.name, person.email, person.phone) if named else ("", "", ""),
            report=report,
            planted=(*planted, *told),
            oddities=_of_the_report(report, closed, comments),
        )

    def _status(self, report: Report, closed: int | None) -> str:
        if report.end == "duplicate" and (closed is None or self.dice.chance(0.6)):
            return "dup_open" if closed is None else "dup_closed"
        if closed is None:
            return "progress" if self.dice.chance(0.4) else "open"
        return "cancelled" if report.end == "cancelled" else "closed"

    def _modified(self, opened: int, closed: int | None) -> int:
        """The last touch: mostly the closing, sometimes a later edit in bulk that means nothing."""
        touched = closed if closed is not None else min(AS_OF, opened + int(self.dice.waiting(0.2) * DAY))
        if touched < MIGRATED and opened < MIGRATED and self.dice.chance(0.04):
            return MIGRATED + self.dice.whole(0, 1800)
        return touched

    def _comments(self, report: Report) -> tuple[str, list[str]]:
        if report.end == "crew_log" or not self.dice.chance(COMMENTED):
            return "", []
        text = self.dice.pick(COMMENTS[report.kind.code])
        if self.dice.chance(GARBLES):
            return text + self.dice.pick(GARBLED), []
        if not self.dice.chance(TELLS):
            return text, []
        telling, planted = self._fill(self.dice.pick(TELLING), report)
        return f"{text} {telling}", planted

    def _resolution(self, report: Report, closed: int | None) -> tuple[str, list[str]]:
        """Closing words; now and then words that say nothing, a time stamp, or somebody's name."""
        if closed is None:
            return ("Inspection scheduled." if self.dice.chance(0.05) else ""), []
        unclear = report.end in ("done", "nothing_found") and self.dice.chance(scenario.UNCLEAR)
        text = self.dice.pick(CLOSING["unclear" if unclear else report.end])
        if report.reopened and not unclear:
            text = f"Reopened after the resident called. {text}"
        if unclear or report.end in ("paper", "crew_log", "cancelled"):
            return text, []
        if self.dice.chance(STAMPED):
            shown = american(wall(closed))
            return f"{text} {shown}", [shown]
        if not self.dice.chance(STAFF_TELLS):
            return text, []
        before, after = self.dice.pick(STAFF_TELLING)
        (before, named), (after, told) = self._fill(before, report), self._fill(after, report)
        return before + text + after, [*named, *told]

    def _fill(self, telling: str, report: Report) -> tuple[str, list[str]]:
        """Put real personal data into a sentence; also says which strings were planted."""
        person, dice = report.reporter, self.dice
        if "{" not in telling:
            return telling, []
        if not person.name:
            person = self.people.near(report.at, 12)
        values = {
            "name": person.name,
            "phone": dice.pick(PHONES).format(*person.phone.split("-")),
            "email": person.email,
            "address": self.addresses[person.home].text,
            "other": self.people.near(report.at, 5).name,
            "plate": "".join(dice.pick(PLATE_LETTERS) for _ in "abc") + f" {dice.whole(100, 999)}",
            "time": f"{dice.whole(1, 12)}:{dice.whole(10, 59)} {dice.pick(('AM', 'PM'))}",
        }
        return telling.format(**values), [value for slot, value in values.items() if f"{{{slot}}}" in telling]


def _of_the_report(report: Report, closed: int | None, comments: str) -> tuple[str, ...]:
    """Oddities that come of what happened, not of a broken system."""
    found = {
        "paper_closure": report.end == "paper" and closed is not None,
        "crew_log": report.end == "crew_log",
        "abandoned": report.end == "abandoned",
        "reopened": report.reopened is not None and report.reopened <= AS_OF,
        "same_problem_again": report.again_of is not None,
        "garbled_text": comments.endswith(GARBLED),
    }
    return tuple(name for name, holds in found.items() if holds)


def year_of(opened: int) -> int:
    return int(american(wall(opened))[6:10])


def request_id(year: int, number: int) -> str:
    """The old system and the new one number their requests differently."""
    return f"LH{year % 100}-{number:06d}" if year >= scenario.NEW_SYSTEM else f"SR{year % 100}-{number:08d}"
