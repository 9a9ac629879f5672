"""A service request table of any length, for measuring: the sample city's requests again and again, not quite alike."""

import csv
import io
from pathlib import Path

from hub.sample.clock import AS_OF, DAY, american, day_start, wall
from hub.sample.dice import Dice
from hub.sample.incidents import City
from hub.sample.requests import COLUMNS, OLD_STATUS
from hub.sample.rows import Clerk, Row, year_of
from hub.sample.scenario import FIRST_DAY
from hub.sample.streets import addresses, dense_addresses

PATTERN_ROWS = 40_000  # distinct requests that the table is made of
MOST_SHIFTED = 15 * DAY
CHUNK = 20_000


def resample(rows: int, path: Path, seed: int = 7) -> None:
    """Write `rows` requests as a CSV in the old system's layout: unique numbers, three years, no faults.

    Each row is a request of the sample city, moved by up to fifteen days and to another house of the same ward.
    """
    city = City(addresses(), seed)
    pattern = [
        _Pattern(row) for row in Clerk(addresses(), city.people, seed).rows(city.reports(min(rows, PATTERN_ROWS)))
    ]
    dice, places = Dice(seed, "resample"), _places(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(COLUMNS) + "\n")
        for start in range(0, rows, CHUNK):
            numbers = range(start, min(start + CHUNK, rows))
            file.write("".join([pattern[n * len(pattern) // rows].line(n + 1, dice, places) for n in numbers]))


class _Pattern:
    """A request with its unchanging cells already written."""

    __slots__ = ("closed", "due", "earliest", "head", "latest", "modified", "opened", "tail", "ward")

    def __init__(self, row: Row):
        kind = row.report.kind
        self.head = _cells(kind.name, kind.code, kind.group, OLD_STATUS[row.status])
        self.tail = _cells(kind.agency, row.channel, row.comments, row.resolution, *row.contact)
        self.opened, self.due, self.closed, self.modified, self.ward = (
            row.opened,
            row.due,
            row.closed,
            row.modified,
            row.ward,
        )
        self.earliest = max(-MOST_SHIFTED, day_start(FIRST_DAY) - row.opened)
        self.latest = max(0, min(MOST_SHIFTED, AS_OF - max(row.opened, row.closed or 0, row.modified)))

    def line(self, number: int, dice: Dice, places: dict[str, list[str]]) -> str:
        shift = dice.whole(self.earliest, self.latest)
        opened = self.opened + shift
        due = "" if self.due is None else american(wall(opened) + self.due - wall(self.opened))
        closed = "" if self.closed is None else american(wall(self.closed + shift))
        dates = f"{american(wall(opened))},{due},{closed},{american(wall(self.modified + shift))}"
        return (
            f"SR{year_of(opened) % 100}-{number:08d},{self.head},{dates},{dice.pick(places[self.ward])},{self.tail}\n"
        )


def _cells(*values: str) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="").writerow(values)
    return text.getvalue()


def _places(rows: int) -> dict[str, list[str]]:
    """Address cells by ward; more houses for longer tables, up to about ninety thousand."""
    places: dict[str, list[str]] = {}
    for place in dense_addresses(min(10.0, max(1.0, rows / 100_000))):
        places.setdefault(place.ward, []).append(_cells(place.text, place.zip_code, place.ward, place.lat, place.long))
    return places
