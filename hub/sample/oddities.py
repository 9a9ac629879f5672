"""What is wrong with the exports of the made-up city, as with real ones: each fault named, counted and planted."""

import math
from collections.abc import Callable, Iterator
from datetime import date
from itertools import islice

from hub.sample.clock import AS_OF, DAY, HOUR, day_start
from hub.sample.dice import Dice
from hub.sample.geometry import CITY_HALL
from hub.sample.rows import Row, year_of
from hub.sample.scenario import NEW_SYSTEM

NEIGHBOUR_TOWN = (43.4512, -70.5903)
ROUNDED = (44.0, -71.0)
SENTINEL = "sentinel"  # each system writes its own date for 'none'
STRANGE_WORDS = ("Escalated", "Pending Vendor", "Awaiting Parts")
NO_DATES = ("not recorded", "13/45/2024 99:00:00 AM", "TBD", "see paper form")

Rows = list[Row]


def _at(name: str, lat: float | None, long: float | None) -> Callable[[Row, Dice], Row]:
    return lambda row, dice: row.odd(name, lat=lat, long=long)


def _without_address(row: Row, dice: Dice) -> Row:
    return row.odd("default_point_without_address", lat=CITY_HALL[0], long=CITY_HALL[1], address="", zip_code="")


def _outside(row: Row, dice: Dice) -> Row:
    lat, long = dice.pick((NEIGHBOUR_TOWN, ROUNDED, (row.report.opened % 89 / 10, 12.5)))
    return row.odd("outside_city", lat=round(lat, 5), long=long)


def _spelling(row: Row, dice: Dice) -> Row:
    """The same address as another clerk types it."""
    return row.odd(
        "address_spelling", address=dice.pick((row.address.upper(), row.address.replace(" ", "  "), f"{row.address} "))
    )


def _closed_before_opened(row: Row, dice: Dice) -> Row:
    closed = row.opened - int(dice.between(0.5, 70) * HOUR)
    return row.odd("closed_before_opened", closed=closed)


def _no_address(row: Row, dice: Dice) -> Row:
    return row.odd("address_placeholder", address=dice.pick(("N/A", "Unspecified")))


def is_closed(row: Row) -> bool:
    return row.status == "closed" and isinstance(row.closed, int) and row.closed > row.opened


def is_open(row: Row) -> bool:
    return row.status in ("open", "progress") and row.closed is None


def any_row(row: Row) -> bool:
    return True


# name: (share of all rows, which rows it can happen to, what happens)
CHANGES: dict[str, tuple[float, Callable[[Row], bool], Callable[[Row, Dice], Row]]] = {
    "default_point": (0.026, any_row, _at("default_point", *CITY_HALL)),
    "default_point_without_address": (0.024, any_row, _without_address),
    "no_coordinates": (0.012, any_row, _at("no_coordinates", None, None)),
    "zero_point": (0.0015, any_row, _at("zero_point", 0.0, 0.0)),
    "outside_city": (0.0025, any_row, _outside),
    "address_spelling": (0.03, lambda row: bool(row.address), _spelling),
    "address_placeholder": (0.002, lambda row: bool(row.address), _no_address),
    "sentinel_closed": (0.003, is_open, lambda row, dice: row.odd("sentinel_closed", closed=SENTINEL)),
    "sentinel_due": (0.002, lambda row: row.due is None, lambda row, dice: row.odd("sentinel_due", due=SENTINEL)),
    "closed_before_opened": (0.0008, is_closed, _closed_before_opened),
    "closed_without_date": (0.0008, is_closed, lambda row, dice: row.odd("closed_without_date", closed=None)),
    "open_with_closed_date": (0.001, is_closed, lambda row, dice: row.odd("open_with_closed_date", status="progress")),
    "unknown_status": (0.001, is_open, lambda row, dice: row.odd("unknown_status", status=dice.pick(STRANGE_WORDS))),
    "no_id": (0.0001, any_row, lambda row, dice: row.odd("no_id", request_id="")),
    "no_date": (0.0001, any_row, lambda row, dice: row.odd("no_date", opened=None, due=None)),
    "unparsable_date": (
        0.0001,
        any_row,
        lambda row, dice: row.odd("unparsable_date", opened=dice.pick(NO_DATES), due=None),
    ),
}
PLANTED = frozenset(CHANGES)
# Rows that are there twice, in shares of all rows.
OLDER_COPIES, OTHER_REQUESTS, WHOLE_ROWS = 0.0008, 0.0002, 0.0008
LATE_ARRIVALS = 0.003  # requests of the old system's last months that only the new system's file has


def spoil(rows: Rows, seed: int) -> dict[int, Rows]:
    """The rows of each yearly file, with every fault planted; at least two of each."""
    dice, rows = Dice(seed, "oddities"), list(rows)
    for share, suits, change in CHANGES.values():
        for i in _some(rows, how_many(share, rows), suits, dice):
            rows[i] = change(rows[i], dice)
    files = _files(rows, dice)
    return {year: _twice(found, dice, len(rows)) for year, found in files.items()}


def _some(rows: Rows, wanted: int, suits: Callable[[Row], bool], dice: Dice) -> Iterator[int]:
    """Positions of rows that suit and have no planted fault yet; fewer than wanted where hardly any are left."""
    found: set[int] = set()
    for _ in range(50 * len(rows)):
        if len(found) == wanted:
            return
        i = dice.whole(0, len(rows) - 1)
        if i not in found and PLANTED.isdisjoint(rows[i].oddities) and suits(rows[i]):
            found.add(i)
            yield i


def how_many(share: float, rows: Rows) -> int:
    return max(2, math.floor(share * len(rows) + 0.5))


def _files(rows: Rows, dice: Dice) -> dict[int, Rows]:
    """Each row to the file of its year, but some of the old system's last ones only to the new system's file."""
    late_since, new = day_start(date(NEW_SYSTEM - 1, 11, 1)), day_start(date(NEW_SYSTEM, 1, 1))
    late = set(_some(rows, how_many(LATE_ARRIVALS, rows), lambda row: late_since <= row.report.opened < new, dice))
    files: dict[int, Rows] = {NEW_SYSTEM - 2: [], NEW_SYSTEM - 1: [], NEW_SYSTEM: []}
    for i, row in enumerate(rows):
        files[NEW_SYSTEM if i in late else year_of(row.report.opened)].append(
            row.odd("late_arrival") if i in late else row
        )
    return files


def _twice(rows: Rows, dice: Dice, total: int) -> Rows:
    """Add older copies of rows, rows under another's number, and rows that are simply there twice."""
    settled = [i for i, row in enumerate(rows) if not row.oddities and is_closed(row) and row.closed + DAY < AS_OF]
    older, other, whole = (max(2, int(share * total / 3 + 0.5)) for share in (OLDER_COPIES, OTHER_REQUESTS, WHOLE_ROWS))
    drawn = iter(settled[position] for position in dice.sample(older + 2 * other + whole, len(settled)))
    added: dict[int, Row] = {}
    for i in islice(drawn, older):
        row = rows[i]
        rows[i] = row.odd("has_older_copy", modified=max(row.modified, row.closed))
        added[i] = row.odd(
            "older_copy", status="open", closed=None, modified=row.opened + 60, resolution="", planted=()
        )
    for i, j in islice(zip(drawn, drawn, strict=False), other):
        added[i] = rows[i].odd("number_of_another", request_id=rows[j].request_id)
        rows[j] = rows[j].odd("number_given_twice")
    for i in islice(drawn, whole):
        added[i] = rows[i] = rows[i].odd("whole_row_twice")
    return [copy for i, row in enumerate(rows) for copy in _copies(row, added.get(i))]


def _copies(row: Row, added: Row | None) -> Rows:
    """The older copy stands first: the new system tells no date of change."""
    if added and added.oddities[-1] == "number_of_another":
        return [added]
    return [added, row] if added else [row]
