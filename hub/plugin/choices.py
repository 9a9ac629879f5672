"""What may be written into the fields of a ready question: the values that this release has."""

import re
from weakref import WeakKeyDictionary

from hub import datasette_compat as compat
from hub.datasette_compat import Datasette
from hub.plugin import served

MOST = 300  # values that a field offers
# parameter, the table that its question reads (any, if empty), the column that holds its values; the first that fits
COLUMNS = (
    ("service_group", "", "categories.service_group"),
    ("service_name", "", "categories.service_name"),
    ("tier", "", "categories.tier"),
    ("year", "", "durations.year"),
    ("level", "", "places.level"),
    ("district", "capital_projects", "capital_projects.district"),
    ("district", "stories", "stories.district"),
    ("district", "", "durations.district"),
    ("department", "budget_lines", "budget_lines.department"),
    ("department", "capital_projects", "capital_projects.department"),
    ("phase", "", "capital_projects.phase"),
    *((name, "", "budget_lines.fiscal_year") for name in ("fiscal_year", "before_year", "from_year", "to_year")),
    *((name, "", "budget_lines.stage") for name in ("stage", "before_stage")),
    ("direction", "", "budget_lines.direction"),
    ("subject", "", "story_subjects.subject"),
    ("story_id", "", "stories.story_id"),
    ("dataset", "", "quality_reasons.dataset"),
    ("kind", "", "quality_reasons.kind"),
)
# Offered where the query names the word.
WORDS = {
    "by": ("service_group", "service_name", "district", "department", "phase", "city"),
    "status": ("open", "closed"),
}

_REMEMBERED: WeakKeyDictionary[Datasette, tuple[str, dict[str, list[str]]]] = WeakKeyDictionary()


async def choices(datasette: Datasette, sql: str, names: list[str]) -> dict[str, list[str]]:
    """For each parameter of a query that has them, the values it may take."""
    found = {name: [word for word in WORDS[name] if f"'{word}'" in sql] for name in names if name in WORDS}
    for name in names:
        column = _column(sql, name)
        if column:
            found[name] = await _values(datasette, column)
    return found


def _column(sql: str, name: str) -> str:
    fits = (where for given, table, where in COLUMNS if given == name and re.search(rf"\b{table}\b", sql))
    return next(fits, "")


async def _values(datasette: Datasette, where: str) -> list[str]:
    """The values of a column of this release, asked once; none where the city has no such table."""
    release = served.release_id(datasette)
    known = _REMEMBERED.get(datasette)
    if known is None or known[0] != release:
        known = _REMEMBERED[datasette] = (release, {})
    table, column = where.split(".")
    if table not in served.now(datasette).manifest["tables"]:
        return []
    if where not in known[1]:
        sql = f"select distinct {column} as value from {table} where {column} is not null order by 1 limit {MOST}"
        known[1][where] = [str(row["value"]) for row in await compat.rows(datasette, sql)]
    return known[1][where]
