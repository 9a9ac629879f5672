"""Some rows of the truth as a platform's table: named columns, filtered, ordered and paged without sorting twice."""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from operator import attrgetter, eq, ge, gt, le, lt, ne
from typing import Any

import orjson

from tests.cities.little_sql import ALWAYS, Moment, Refused
from tests.cities.times import moment
from tests.cities.wire import Asked

SIGNS = {"=": eq, "!=": ne, ">": gt, ">=": ge, "<": lt, "<=": le}
FLIPPED = {">": "<", ">=": "<=", "<": ">", "<=": ">="}
NUMBERS = {"number", "instant", "local"}
BOUNDS = {">": (bisect_right, None), ">=": (bisect_left, None), "<": (None, bisect_left), "<=": (None, bisect_right)}
KEPT = 8  # answers to earlier questions

Get = Callable[[Any], Any]


@dataclass(frozen=True, slots=True)
class Column:
    """`kind` is text, number, flag, instant (UTC) or local (the city's wall clock); `get` reads it from a row.

    `get` gives what is compared, instants as UTC seconds; `write` (if any) makes of that what is sent.
    """

    kind: str
    get: Get
    write: Get | None = None


def column(kind: str, where: str | Get, write: Get | None = None) -> Column:
    return Column(kind, attrgetter(where) if isinstance(where, str) else where, write)


@dataclass(frozen=True, slots=True)
class Part:
    """One page of a table: its rows, whether more follow, and how many fit the question in all."""

    rows: list
    more: bool
    total: int


class Table:
    """`rows` gives all rows, `version` changes whenever they do. `dates` are the kinds of literal a date may be."""

    def __init__(
        self,
        rows: Callable[[], Iterable],
        version: Callable[[], int],
        columns: dict[str, Column],
        zone: str = "UTC",
        dates: tuple[type, ...] = (str, Moment),
        tie: str = "number",
    ):
        self.rows, self.version, self.columns, self.zone, self.dates = rows, version, columns, zone, dates
        self.tie = attrgetter(tie)
        self.seen, self.cache, self.encoded = None, {}, {}

    def page(
        self,
        asked: Asked,
        where: tuple = ALWAYS,
        order: tuple = (),
        offset: int = 0,
        limit: int = 10**9,
        cursor: str | None = None,
    ) -> Part:
        """The rows a question is about. What a fault tweaks (page size, place, paging at all) is tweaked here."""
        if asked.tweaks.get("paging_ignored"):
            offset, where = 0, without(where, cursor)
        limit = asked.size(limit)
        rows, low, high = self.find(where, order)
        start = min(max(low + offset + asked.tweaks.get("shifted", 0), low), high)
        return Part(rows[start : min(start + limit, high)], start + limit < high, high - low)

    def find(self, where: tuple, order: tuple) -> tuple[list, int, int]:
        """A list and the part of it that fits: all rows in order, cut by bounds on the first column of the order."""
        rows, keys = self.ordered(order)
        low, high, rest = 0, len(rows), []
        for condition in conjuncts(self.bound(where)):
            if self.bounds(condition, order):
                sign, value = self.turned(condition, order[0][1])
                from_left, from_right = BOUNDS[sign]
                low = max(low, from_left(keys, value)) if from_left else low
                high = min(high, from_right(keys, value) if from_right else len(keys))
            else:
                rest.append(condition)
        if not rest:
            return rows, low, max(low, high)
        found = self.kept(("found", tuple(rest), order, low, high), lambda: self.filtered(rows[low:high], rest))
        return found, 0, len(found)

    def bounds(self, condition: tuple, order: tuple) -> bool:
        """True if the rows that fit stand together in this order."""
        if not order or condition[0] != order[0][0] or condition[1] not in FLIPPED or condition[2] is None:
            return False
        return not order[0][1] or self.column(condition[0]).kind in NUMBERS

    def turned(self, condition: tuple, down: bool) -> tuple:
        """A bound as it is in the keys, which are negative where the order goes down."""
        return (FLIPPED[condition[1]], -condition[2]) if down else condition[1:]

    def filtered(self, rows: list, conditions: list) -> list:
        fits = self.test(("and", *conditions))
        return [row for row in rows if fits(row)]

    def ordered(self, order: tuple) -> tuple[list, list]:
        """All rows in an order (ties by their running number) and the keys of its first column, nulls left out."""
        return self.kept(("ordered", order), lambda: self.sort(order))

    def sort(self, order: tuple) -> tuple[list, list]:
        rows, keys = sorted(self.rows(), key=self.tie), []
        for name, down in reversed(order):
            get, numbers = self.column(name).get, self.columns[name].kind in NUMBERS
            key = negative(get) if down and numbers else get
            rows.sort(key=lambda row, key=key: ((value := key(row)) is None, value), reverse=down and not numbers)
            keys = [value for row in rows if (value := key(row)) is not None]
        return rows, keys

    def kept(self, key: tuple, make: Callable):
        """What was worked out for this version of the rows is not worked out again."""
        if self.seen != (version := self.version()):
            self.seen = version
            self.cache.clear()
        found = self.cache.pop(key) if key in self.cache else make()
        self.cache[key] = found
        while len(self.cache) > KEPT:
            self.cache.pop(next(iter(self.cache)))
        return found

    def column(self, name: str) -> Column:
        if name not in self.columns:
            raise Refused("column", name)
        return self.columns[name]

    def bound(self, where: tuple) -> tuple:
        """The same condition with every literal in the form in which its column is compared."""
        head, *rest = where
        if head in {"and", "or"} and all(isinstance(part, tuple) for part in rest):
            return (head, *(self.bound(part) for part in rest))
        sign, *literal = rest
        kind = self.column(head).kind
        if not literal:
            return where
        if sign == "in":
            return head, sign, tuple(self.literal(kind, one) for one in literal[0])
        return head, sign, self.literal(kind, literal[0])

    def literal(self, kind: str, given):
        if given is None:
            return None
        if kind in {"instant", "local"} and type(given) in self.dates:
            try:
                return moment(given, self.zone if kind == "local" else "UTC")
            except ValueError:
                raise Refused("type", f"{given!r} is no date") from None
        if kind == "number" and not isinstance(given, bool | Moment):
            try:
                return float(given) if isinstance(given, str) else given
            except ValueError:
                raise Refused("type", f"{given!r} is no number") from None
        if (kind == "text" and type(given) is str) or (kind == "flag" and isinstance(given, bool)):
            return given
        raise Refused("type", f"{given!r} cannot be compared with {kind}")

    def test(self, where: tuple) -> Callable[[Any], bool]:
        """A bound condition as a function of a row; a comparison with null is never true."""
        head, *rest = where
        if head in {"and", "or"} and all(isinstance(part, tuple) for part in rest):
            parts, every = [self.test(part) for part in rest], all if head == "and" else any
            return lambda row: every(part(row) for part in parts)
        get, sign = self.column(head).get, rest[0]
        if sign == "null":
            return lambda row: get(row) is None
        if sign == "not null":
            return lambda row: get(row) is not None
        if sign == "in":
            return lambda row: get(row) in rest[1]
        compare, value = SIGNS[sign], rest[1]
        if value is None:  # OData: x eq null, x ne null
            return lambda row: compare(get(row), None)
        return lambda row: (mine := get(row)) is not None and compare(mine, value)

    def shown(self, asked: Asked, rows: list, show: Callable[[Any], dict], *shape: object) -> list:
        """Rows as they are sent, in a shape. Where no fault will want to change them, no row is encoded twice."""
        if not asked.quick:
            return [show(row) for row in rows]
        kept = self.encoded.setdefault(shape, {})
        marks = [(row.number, row.version, row.touched) for row in rows]
        for mark, row in zip(marks, rows, strict=True):
            if mark not in kept:
                kept[mark] = orjson.Fragment(bytes(memoryview(orjson.dumps(show(row)))))  # the original holds 8 kB
        return [kept[mark] for mark in marks]

    def writers(self, names: Iterable[str]) -> list[tuple[str, Get, Get | None]]:
        return [(name, self.column(name).get, self.columns[name].write) for name in names]


def negative(get: Get) -> Get:
    return lambda row: None if (value := get(row)) is None else -value


def conjuncts(where: tuple) -> tuple:
    """All conditions that must be true, those within others too."""
    if where[0] != "and" or not all(isinstance(part, tuple) for part in where[1:]):
        return (where,)
    return tuple(condition for part in where[1:] for condition in conjuncts(part))


def without(where: tuple, cursor: str | None) -> tuple:
    """The condition less what it says about the cursor."""
    return ("and", *(condition for condition in conjuncts(where) if condition[0] != cursor))


def written(row, writers: list[tuple[str, Get, Get | None]]) -> dict:
    return {name: get(row) if write is None else write(get(row)) for name, get, write in writers}


def written_less_nulls(row, writers: list[tuple[str, Get, Get | None]]) -> dict:
    return {name: value for name, value in written(row, writers).items() if value is not None}
