"""Tables that are read by a running number: CKAN's _id, Carto's cartodb_id.

Such a number tells where a row stands and nothing else: whenever the table is loaded anew, other rows have the numbers.
So a cursor is the number of a row and its key, and a walk is proved only if these still belong together at its end.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from etl.sources.page import Pages, Proof, Request, Resume, plain
from etl.sources.walkers import PASSES, Rows, keyset
from hub.errors import SourceError

PAGE_ROWS = 10_000
BEFORE = -1  # smaller than any running number


@dataclass(frozen=True, slots=True)
class Numbered:
    """How to ask for the rows of a table: `column` holds its running number, `key` is the column with the city's id.

    `behind(number, read)`: the next rows after a number, of which `read` were read before. `at(numbers)`: the rows that
    have these numbers now. `count()`: how many there are."""

    place: str
    column: str
    key: str
    behind: Callable[[int, int], Rows]
    at: Callable[[list[int]], Rows]
    count: Callable[[], int]

    def number(self, row: object) -> int:
        return number_of(row, self.column, self.place)

    def mark(self, row: dict) -> str:
        return f"{row[self.column]} {row.get(self.key)}"

    def is_as_it_was(self, marks: set[str]) -> bool:
        """True if the rows with these numbers still have these keys. A server may send fewer rows than it is asked."""
        left = {number_in(mark): mark for mark in marks}
        while left:
            found = {self.number(row): self.mark(row) for row in self.at(sorted(left))}
            if not found or any(left.pop(number, "") != mark for number, mark in found.items()):
                return False
        return True


def by_number(request: Request, resume: Resume, table: Numbered, passes: int = PASSES) -> Pages:
    """Rows with ever greater numbers. Where a walk that was interrupted would go on in a table that was loaded anew
    since, it begins again."""
    if resume.cursor and not table.is_as_it_was({resume.cursor}):
        resume = Resume()
    read, marks = resume.rows, {resume.cursor} - {""}

    def fetch(last: str) -> Rows:
        nonlocal read
        number = number_in(last)
        rows = [row for row in table.behind(number, read) if table.number(row) > number]
        marks.update(map(table.mark, rows[-1:]))
        read += len(rows)
        return rows

    asked = replace(request, numbers=frozenset({table.column}))
    proof = yield from keyset(asked, resume, fetch, table.mark, _is_after, table.count, passes)
    if proof.proven_by and not table.is_as_it_was(marks):
        return Proof(why="the table was loaded anew while it was read", expected=proof.expected)
    return proof


def by_sql(
    request: Request,
    resume: Resume,
    ask: Callable[[str], Rows],
    table: str,
    column: str,
    header: dict[str, str],
    where: str = "",
) -> Pages:
    """The same where SQL is understood: `header` tells what is selected for each column, `where` which rows are meant."""
    place = f"table {table} (source {request.name!r})"
    select = f"SELECT {', '.join((column, *header.values()))} FROM {table} WHERE"
    fits = f" AND {where}" if where else ""
    numbered = Numbered(
        place=place,
        column=column,
        key=key_in(request, header),
        behind=lambda number, read: ask(f"{select} {column} > {number}{fits} ORDER BY {column} LIMIT {PAGE_ROWS}"),
        at=lambda numbers: ask(f"{select} {column} IN ({', '.join(map(str, numbers))})"),
        count=lambda: counted(ask(f"SELECT count(*) AS n FROM {table} WHERE {column} > {BEFORE}{fits}"), place),
    )
    return (yield from by_number(request, resume, numbered))


def counted(rows: Rows, place: str) -> int:
    """What a server answers to count(*) AS n."""
    return number_of(next(iter(rows), None), "n", place)


def key_in(request: Request, header: Iterable[str]) -> str:
    """The real name of the column that identifies a row; "" if it has none by itself."""
    named = {plain(name): name for name in header}
    return next((named[plain(alias)] for alias in request.key if plain(alias) in named), "")


def quoted(name: str) -> str:
    """A name as SQL wants it, whatever is in it."""
    return '"{}"'.format(name.replace('"', '""'))


def number_of(row: object, column: str, place: str) -> int:
    try:
        return int(row[column])
    except (KeyError, TypeError, ValueError):
        raise SourceError(
            f"{place}: a row has no number in {column!r}.",
            "look at it in a browser: what is no table of rows cannot be read row by row",
        ) from None


def _is_after(one: str, other: str) -> bool:
    return number_in(one) > number_in(other)


def number_in(mark: str) -> int:
    number = mark.partition(" ")[0]
    return int(number) if number else BEFORE
