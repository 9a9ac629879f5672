"""What every page shares: the city's name and links, the release, and how numbers and days are written."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode

from jinja2 import Environment
from markupsafe import Markup

from hub import datasette_compat as compat
from hub.datasets import DATASETS, tables, views
from hub.datasette_compat import Datasette
from hub.plugin import holdings, served, tracking
from hub.questions import measures
from hub.writing import grouped

TEMPLATES = Path(__file__).parents[1] / "templates"
TITLES = {shown.name: shown.title for shown in (*tables(), *views())}
# table: what its rows have as a page of their own, where, and by which column
PAGES = {
    "service_requests": ("This request in words", "/requests/", "public_id"),
    "requests": ("This request in words", "/requests/", "public_id"),
    "stories": ("The story as a page", "/stories/", "story_id"),
    "measures": ("Its answer", "/city/", "name"),
}
CACHE = {"cache-control": "max-age=300"}
# Datasette's pages skip a heading level and leave controls without a name; mended in the HTML, so without script too.
# start of a tag: what is added to it
ADDED = {
    '<select name="_filter_column': 'aria-label="Column to filter by"',
    '<select name="_filter_op': 'aria-label="How to compare"',
    '<select name="_sort"': 'aria-label="Sort by"',
    '<input type="text" name="_filter_value': 'aria-label="Value"',
    '<textarea id="sql-editor"': 'aria-label="SQL"',
    '<pre id="sql-query"': 'tabindex="0" role="region" aria-label="SQL of this query"',
    '<pre class="wrapped-sql"': 'tabindex="0" role="region" aria-label="How it is made"',
    '<div class="table-wrapper"': 'tabindex="0" role="region" aria-label="Rows"',
}
REPLACED = (
    (re.compile(r"<h3\b([^>]*)>"), r'<h2 class="minor"\1>'),
    (re.compile(r"</h3>"), "</h2>"),
    (
        re.compile(r'(<dl class="column-descriptions">.*?</dl>)', re.DOTALL),
        r'<details class="columns"><summary>What the columns mean</summary>\1</details>',
    ),
    (re.compile(r'class="cross">&#x2716;<'), 'class="cross" aria-label="Remove">&#x2716;<'),
    (
        re.compile(r'(<pre [^>]*class="wrapped-sql".*?</pre>)', re.DOTALL),
        r'<details class="columns"><summary>How this table is made, in SQL</summary>\1</details>',
    ),
    (re.compile(r">json</a>"), ">JSON of this page</a>"),
    (
        re.compile(r'>CSV</a> \(<a href="#export">advanced</a>\)'),
        '>CSV of all rows</a>, <a href="#export">other ways</a>',
    ),
    (re.compile(r'<label><input type="checkbox" name="_stream"> stream all rows</label>'), ""),
    (re.compile(r">0 records<"), '>No row fits these filters. <a href="?">All rows</a><'),
)


@dataclass(frozen=True, slots=True)
class Frame:
    """What base.html shows around a page."""

    name: str
    has_logo: bool
    city: str
    contact: str
    links: tuple[tuple[str, str], ...]
    release: str
    as_of: str
    is_read: bool
    is_tracking: bool
    subjects: str
    silence: str


def prepare(env: Environment, datasette: Datasette) -> None:
    compat.templates_first(env, TEMPLATES)
    env.globals |= {
        "hub": lambda: frame(datasette),
        "hub_hidden": lambda: holdings.hidden(datasette),
        "hub_kind": kind,
        "hub_page": page_of,
    }
    env.filters |= {
        "number": number,
        "day": day,
        "dated": dated,
        "breakable": breakable,
        "whole": whole,
        "whole_url": whole_url,
        "grouped": grouped,
        "bytes": in_bytes,
        "instant": instant,
        "accessible": accessible,
        "tilde": compat.tilde_encode,
        "crumb": crumb,
        "field": field,
        "table_title": lambda name: TITLES.get(name, name),
        "in_order": in_order,
    }


def frame(datasette: Datasette) -> Frame:
    chosen, now = compat.settings(datasette), served.now(datasette)
    links = [("Data", "/city")]
    if "stories" in holdings.datasets(datasette):
        links.append(("Stories", "/stories"))
    if chosen.get("dashboards_url"):
        links.append(("Dashboards", chosen["dashboards_url"]))
    links += [("Methods", "/about/methods"), ("Privacy", "/about/privacy")]
    about = chosen.get("city", {})
    return Frame(
        name=chosen.get("brand", {}).get("name", "Open data"),
        has_logo="logo" in chosen.get("brand", {}),
        city=about.get("name", ""),
        contact=about.get("contact", ""),
        links=tuple(links),
        release=now.release.id,
        as_of=now.as_of,
        is_read=now.is_read,
        is_tracking=tracking.is_open(datasette),
        subjects=holdings.subjects(datasette),
        silence=holdings.silence(datasette),
    )


def kind(name: str) -> str:
    """What a named query is for: a headline of the home page, a measure, or a ready question."""
    if name.startswith("headline_"):
        return "headline"
    return "measure" if name in measures() else "query"


def crumb(label: str) -> str:
    """What a step on the way to a page is called."""
    return {"home": "Home", compat.CITY: "Data"}.get(label) or TITLES.get(label, label)


def field(parameter: str) -> str:
    """What the field of a ready question is called."""
    return "compare by" if parameter == "by" else parameter.replace("_", " ")


def page_of(table: str, cells: list[dict]) -> dict | None:
    """The page of our own for a row of Datasette's, if there is one."""
    words, start, column = PAGES.get(table, ("", "", ""))
    found = next((cell["raw"] for cell in cells if cell["column"] == column), None)
    return {"words": words, "url": f"{start}{quote(str(found))}"} if found else None


def in_order(shown: list[dict]) -> list[dict]:
    """Tables in the order of their datasets, each dataset's own table before those that count it."""
    order = [*(about.table.name for about in DATASETS.values()), *TITLES]
    return sorted(shown, key=lambda table: order.index(table["name"]) if table["name"] in order else len(order))


def number(value: float | None) -> str:
    """1234567 -> 1,234,567; 43.14 -> 43.1; null -> a dash."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"


def counted(value: float, noun: str) -> str:
    """'1 day', '2 days'."""
    return f"{number(value)} {noun}{'' if value == 1 else 's'}"


def day(value: str | None) -> str:
    """2025-06-30 -> 30 June 2025."""
    if not value:
        return "unknown"
    found = date.fromisoformat(value[:10])
    return f"{found.day} {found:%B %Y}"


def dated(row: dict) -> str:
    """'as of 30 June 2025', or when it was read, where the source states no day."""
    if not row["as_of"] and row.get("read_on"):
        return f"read on {day(row['read_on'])}; the source states no day"
    return f"as of {day(row['as_of'])}"


def instant(value: int | None) -> str:
    """UTC seconds as '30 June 2025, 23:59 UTC'."""
    if value is None:
        return "never"
    moment = datetime.fromtimestamp(value, UTC)
    return f"{day(str(moment.date()))}, {moment:%H:%M} UTC"


def in_bytes(value: int) -> str:
    """1234567 -> 1.2 MB."""
    for unit in ("bytes", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "bytes" or value >= 10 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def breakable(name: str) -> Markup:
    """A column's name that may be broken after each underscore."""
    return Markup("_<wbr>").join(name.split("_"))


def whole(pairs: list[tuple[str, str]], is_long: bool) -> list[tuple[str, str]]:
    """What asks for a table as CSV with all of its rows, from whatever page of it."""
    kept = [pair for pair in pairs if pair[0] not in ("_size", "_next", "_stream")]
    return [*kept, ("_stream", "on") if is_long else ("_size", "max")]


def whole_url(url: str, is_long: bool) -> str:
    path, _, query = url.partition("?")
    return f"{path}?{urlencode(whole(parse_qsl(query, True), is_long))}"


def accessible(html: str) -> Markup:
    """One of Datasette's pages with ADDED and REPLACED."""
    mended = str(html)
    for start, attributes in ADDED.items():
        mended = mended.replace(start, start.replace(" ", f" {attributes} ", 1))
    for broken, whole in REPLACED:
        mended = broken.sub(whole, mended)
    return Markup(mended)
