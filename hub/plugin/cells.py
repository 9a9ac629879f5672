"""How a value is written in a table on a page; JSON, CSV and files have it as it is stored."""

import re
from urllib.parse import quote

from markupsafe import Markup

from hub.datasets import tables
from hub.outcomes import OUTCOMES
from hub.plugin.about import percent
from hub.plugin.frame import instant
from hub.schema import Type

LONG = 20  # characters from which a text is broken into lines
CUT = 500  # and at which it ends; its row's own page has all of it
INSTANTS = frozenset(column.name for table in tables() for column in table.columns if column.type is Type.INSTANT)
# A number that names something has no thousands.
NAMES = re.compile(r"(?:^|\W|_)(?:id|year|decade|era|code|version|epoch)(?:$|\W|_)", re.IGNORECASE)
# Columns of our measures that hold shares of 1; some are counts or days elsewhere, and shares only beside another.
SHARES = frozenset({"share", "spent_share", "change_share", "still_open", "open_30", "open_90", "open_365"})
BESIDE = {"share": {"low", "high"}, "still_open": {"low", "high", *OUTCOMES}}
# column: the page that its value has, and what such a value looks like
PAGES = {
    "public_id": ("/requests/", re.compile(r"[a-z2-7]{16}")),
    "story_id": ("/stories/", re.compile(r"[\w.-]+")),
}


def render(value, column: str) -> Markup | None:
    """The HTML of a cell, or None to leave it to Datasette."""
    if isinstance(value, bool | bytes | dict) or value is None:
        return None
    if isinstance(value, int | float):
        return Markup('<span class="num">{}</span>').format(number(value, column))
    start, looks = PAGES.get(column, ("", None))
    if looks and looks.fullmatch(value):
        return Markup('<a href="{}">{}</a>').format(start + quote(value), value)
    return long(value) if _is_long(value) else None


def number(value: float, column: str) -> str:
    """Money in dollars, instants as dates, counts with thousands, fractions to five places."""
    if isinstance(value, float):
        return fraction(value)
    if column.endswith("_cents"):
        return f"{'−' if value < 0 else ''}${abs(value) // 100:,}.{abs(value) % 100:02}"
    if column in INSTANTS:
        return instant(value)
    return str(value) if NAMES.search(column) else f"{value:,}"


def fraction(value: float) -> str:
    """0.03473480988899023 -> 0.03473; 1e-7 -> 1e-07."""
    if (value and abs(value) < 1e-4) or abs(value) >= 1e15:
        return f"{value:.3g}"
    return f"{value:,.5f}".rstrip("0").rstrip(".")


def long(value: str) -> Markup:
    return Markup('<div class="{}">{}</div>').format(
        "long" if len(value) < 4 * LONG else "long longer", value[:CUT] + "…" if len(value) > CUT else value
    )


def _is_long(value: str) -> bool:
    return len(value) > LONG and not value.startswith(("http://", "https://"))


def numeric_columns(rows: list[list]) -> set[int]:
    """Which columns of an answer on a page hold numbers: they stand to the right."""
    return {place for place, column in enumerate(zip(*rows, strict=True)) if _is_numeric(column)}


def _is_numeric(column: tuple) -> bool:
    said = [str(value) for value in column if str(value) != "&nbsp;"]
    return bool(said) and all(value.startswith('<span class="num">') for value in said)


def shares(columns: list[str]) -> set[int]:
    """Which columns of a measure's answer are shares: on a page they are written in per cent."""
    also = {name for column in columns for name in BESIDE.get(column, ())}
    return {place for place, column in enumerate(columns) if column in SHARES | also}


def in_percent(value: float) -> Markup:
    return Markup('<span class="num">{}</span>').format(f"−{percent(-value)}" if value < 0 else percent(value))
