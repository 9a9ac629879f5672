"""A table of made-up requests in the form of one platform: every row is encoded once, and a page is their bytes."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

DATES = ("created_date", "due_date", "closed_date", "last_modified_date")
ZONE = 5 * 3600  # dates are written with the offset of the city's winter, whatever the month
FLOATING = "strftime({}, '%Y-%m-%dT%H:%M:%S.000')"
ZONED = "strftime({}, '%Y-%m-%dT%H:%M:%S-05:00')"
MILLISECONDS = "(epoch_ms({}) + 18000000)"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: its path, and what stands in its query and its body. `base`: the server's own address."""

    path: str
    given: Mapping[str, str]
    base: str


@dataclass(frozen=True, slots=True)
class Table:
    """Rows as bytes in the order in which they were opened. `opened`: UTC seconds; `groups`: code of a service -> group."""

    rows: list[bytes]
    opened: list[int]
    names: list[str]
    groups: Mapping[str, str]

    def page(self, start: int, count: int) -> bytes:
        return b",".join(self.rows[start : start + count])


@dataclass(frozen=True, slots=True)
class Dialect:
    """A platform: where its table stands and how it answers, how rows are written, how city.yml reads them.

    `columns`: name -> SQL over the sample's columns and `n`, the row's number; `dates`: how an instant is written.
    An empty answer is sent as a 404."""

    adapter: str
    path: str
    answer: Callable[[Table, Asked], bytes]
    columns: Mapping[str, str]
    fields: Mapping[str, str]
    dates: str = FLOATING
    shape: Callable[[Mapping[str, str]], str] = lambda columns: f"to_json({struct(columns)})"
    layout: Mapping[str, object] = field(default_factory=dict)
    credentials: str = ""


def struct(columns: Mapping[str, str]) -> str:
    """SQL of an object with these columns."""
    return "{" + ", ".join(f"'{name}': {sql}" for name, sql in columns.items()) + "}"


def markup(columns: Mapping[str, str]) -> str:
    """SQL of an Open311 request in XML."""

    def element(name: str, sql: str) -> str:
        escaped = f"replace(replace(({sql})::varchar, '&', '&amp;'), '<', '&lt;')"
        return f"coalesce('<{name}>' || {escaped} || '</{name}>', '<{name}/>')"

    return f"'<request>' || {' || '.join(element(*one) for one in columns.items())} || '</request>'"


def table_of(dialect: Dialect, csv: Path) -> Table:
    """The sample's requests in a dialect."""
    dated = ", ".join(f"strptime({name}, '%m/%d/%Y %I:%M:%S %p') as {name}" for name in DATES)
    written = ", ".join(f"{dialect.dates.format(name)} as {name}" for name in DATES)
    with duckdb.connect() as con:
        con.execute(
            f"""create table given as select row_number() over (order by created_date, sr_number) as n,
            epoch(created_date)::bigint + {ZONE} as opened, *
            from (select * replace ({dated}) from read_csv('{csv}', all_varchar = true))"""
        )
        rows = con.execute(
            f"""select encode(({dialect.shape(dialect.columns)})::varchar), opened
            from (select * replace ({written}) from given) order by n"""
        ).fetchall()
        groups = dict(con.execute("select distinct sr_short_code, sr_group from given").fetchall())
    return Table([row for row, _ in rows], [opened for _, opened in rows], list(dialect.columns), groups)
