"""Rows of totals at the end of a table: they are sums over rows, not rows, and are counted apart."""

import re

import pyarrow as pa

from etl.sources.page import Request, plain

LAST_ROWS = 5  # of a page; there they stand
WORD = re.compile(r"\W*((grand|sub|over-?all|report)[ -]?)?totals?\b", re.IGNORECASE)
TOTALS = "a row of totals, not a row of the table"


def without_totals(request: Request, rows: pa.Table) -> tuple[pa.Table, list[int]]:
    """The rows, and which of the last were taken out: they say 'total' and lack what each row must have."""
    needed = [{plain(alias) for alias in aliases} for aliases in request.required]
    start = max(rows.num_rows - LAST_ROWS, 0)
    last = rows.slice(start).to_pylist()
    found = [start + at for at, row in enumerate(last) if _is_total(row, needed)]
    if not found:
        return rows, []
    return rows.filter(pa.array(at not in found for at in range(rows.num_rows))), found


def _is_total(row: dict[str, str | None], needed: list[set[str]]) -> bool:
    given = {plain(name) for name, value in row.items() if value}
    return not all(given & names for names in needed) and any(WORD.match(value) for value in row.values() if value)
