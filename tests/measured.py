"""Ask a measure about a few rows: small tables in, its answer out.

answer("time_to_close", {"durations": rows}, by="city")
"""

from collections.abc import Iterable, Mapping

from hub.datasets import tables, views
from hub.metadata import empty
from hub.outcomes import OUTCOMES
from hub.questions import measures, queries

AS_OF = "2025-06-30"


def answer(measure: str, given: Mapping[str, Iterable[Mapping]], *, sql: str = "", **chosen) -> list[dict]:
    """The rows of a measure over a release that holds only `given`. `sql` replaces its query, to see a test fail."""
    question = (measures() | queries())[measure]
    assert set(chosen) <= set(question.params), f"{measure} has no such parameter"
    with empty(tables(), views()) as db:
        for table, rows in ({"releases": [{"id": "r", "as_of_date": AS_OF}]} | dict(given)).items():
            for row in rows:
                marks = ", ".join(f":{name}" for name in row)
                db.execute(f"insert into {table} ({', '.join(row)}) values ({marks})", row)
        found = db.execute(sql or question.sql, dict.fromkeys(question.params, "") | chosen)
        names = [column[0] for column in found.description]
        return [dict(zip(names, row, strict=True)) for row in found]


def watched(days: str, **where) -> list[dict]:
    """Rows of `durations` from a line such as '6 6 6+ 7': a request closed as fixed on each day, or still open (+).

    Another ending is written behind a slash: '7/no_action'."""
    found = {}
    for word in days.split():
        day, _, outcome = word.rstrip("+").partition("/")
        row = found.setdefault(int(day), _row(int(day), where))
        row["n"] += 1
        if not word.endswith("+"):
            row[outcome or "fixed"] += 1
    return [*found.values()]


def _row(day: int, where: dict) -> dict:
    place = {"district": "Ward 1", "service_group": "Trees", "service_name": "Pruning", "tier": "A", "year": "2025"}
    return place | where | {"day": day, "n": 0, **dict.fromkeys(OUTCOMES, 0)}
