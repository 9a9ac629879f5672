"""One search box over everything that has full-text search; the answer is plain HTML, grouped by dataset."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, urlencode

from datasette import Request, Response

from hub import datasette_compat as compat
from hub.datasets import DATASETS
from hub.datasette_compat import Datasette
from hub.plugin import holdings, served
from hub.plugin.frame import CACHE

LONGEST = 200  # characters of a question
WORDS = 12
EACH = 8  # results shown of a group
SHOWN = 160  # characters of what somebody wrote
SHORT = 3  # characters of a word that ends in s and may be no plural

NO_SEARCH = "Words cannot be searched for in {table} with _search, only in {searched}; /search looks in all of these."

COUNT = "select count(*) as n from hits"


@dataclass(frozen=True, slots=True)
class Group:
    """How the hits of one table are told: `sql` goes on after `with hits (rowid)`, and gives title, detail and what a
    link needs."""

    table: str
    title: str
    sql: str
    count: str = COUNT
    has_more: bool = True  # whether the table itself can be searched for all of them


# Kinds of request are searched, not every request: their number is counted already.
KINDS = """, kinds as (
  select distinct service_group, service_name from categories where rowid in hits
), counted as (
  select k.service_group, k.service_name, sum(d.n) as n from kinds k
  join durations d on d.service_group = k.service_group and d.service_name is k.service_name group by 1, 2
)"""
GROUPS = (
    Group(
        "categories",
        "Service requests",
        f"""{KINDS} select coalesce(service_name, service_group) as title, service_group, service_name,
            printf('%,d request%s in ', n, iif(n = 1, '', 's')) || service_group as detail
            from counted order by n desc, title""",
        count=f"{KINDS} select coalesce(sum(n), 0) as n from counted",
        has_more=False,
    ),
    Group(
        "service_requests",
        "What people wrote",
        f"""select coalesce(t.service_name, t.service_group) as title, t.public_id,
            iif(length(t.text) > {SHOWN}, substr(t.text, 1, {SHOWN}) || '…', t.text) as detail
            from service_requests t where t.rowid in hits order by t.requested_bucket desc""",
    ),
    Group(
        "stories",
        "Stories",
        """select t.title, coalesce(t.byline || ', ' || t.era, t.byline, t.era, '') as detail, t.story_id, t.lang
           from stories t where t.rowid in hits order by t.story_id desc""",
    ),
    Group(
        "capital_projects",
        "Capital projects",
        """select t.name as title, t.project_id,
                  t.phase || coalesce(', ' || t.neighbourhood, '') || coalesce(', ' || t.department, '') as detail
           from capital_projects t where t.rowid in hits order by t.budget_cents desc""",
    ),
    Group(
        "budget_lines",
        "Budget lines",
        """select t.program as title, t.department, t.program,
                  t.department || printf(', %,d line%s', count(*), iif(count(*) = 1, '', 's')) as detail
           from budget_lines t where t.rowid in hits group by t.department, t.program order by count(*) desc""",
    ),
)


def link(table: str, row: dict) -> str:
    """Where a result leads: to the story, or to the rows that it counts."""
    if table == "stories":
        return f"/stories/{quote(row['story_id'])}"
    if table == "service_requests":
        return f"/requests/{quote(row['public_id'])}"
    chosen = {key: value for key, value in row.items() if key not in ("title", "detail", "lang")}
    narrowed = {f"{key}__exact" if value is not None else f"{key}__isnull": value or 1 for key, value in chosen.items()}
    return f"/city/{'service_requests' if table == 'categories' else table}?{urlencode(narrowed)}"


def match(question: str) -> str:
    """A visitor's words as an FTS5 query, each quoted, so that none is an operator; empty if there are none."""
    return " ".join('"' + word.replace('"', '""') + '"' for word in _words(question))


def near(question: str) -> str:
    """The same for words that begin like a visitor's: 'potholes' finds pothole, 'park' finds parking."""
    stems = (word.removesuffix("s") if len(word) > SHORT else word for word in _words(question))
    return " ".join('"' + stem.replace('"', '""') + '" *' for stem in stems)


async def page(request: Request, datasette: Datasette) -> Response:
    question = (request.args.get("q") or "").strip()[:LONGEST]
    chosen = compat.settings(datasette).get("datasets", DATASETS)
    tables = {name for dataset in chosen if dataset in DATASETS for name in (t.name for t in DATASETS[dataset].tables)}
    groups, is_near = [], False
    if asked := match(question):
        groups = await _groups(datasette, tables, asked, {"_search": question})
        if not groups:
            asked, is_near = near(question), True
            groups = await _groups(datasette, tables, asked, {"_search": asked, "_searchmode": "raw"})
    context = {"question": question, "groups": groups, "is_near": is_near, "asked": bool(asked)}
    return Response.html(await datasette.render_template("search.html", context, request), headers=CACHE)


def searched(datasette: Datasette) -> frozenset[str]:
    """The tables of the present release that can be searched for words."""
    return _searched(served.now(datasette).release.db)


@lru_cache(maxsize=4)
def _searched(db: Path) -> frozenset[str]:
    with closing(sqlite3.connect(f"file:{db}?mode=ro&immutable=1", uri=True)) as con:
        found = con.execute("select name from sqlite_master where sql like 'create virtual table%using fts5%'")
        return frozenset(name.removesuffix("_fts") for (name,) in found)


def refuse(datasette: Datasette, table: str, asked: Iterable[str]) -> None:
    """Where there is nothing to search in, Datasette would answer a search with every row."""
    is_search = any(name.startswith("_search") and name != "_searchmode" for name in asked)
    if is_search and table.removesuffix("_fts") not in (there := searched(datasette)):
        there = sorted(there - holdings.hidden(datasette))
        raise compat.Refused(NO_SEARCH.format(table=table, searched=holdings.together(there) or "no table"))


def _words(question: str) -> list[str]:
    return question.replace("\0", " ")[:LONGEST].split()[:WORDS]


async def _groups(datasette: Datasette, tables: set[str], asked: str, more: dict[str, str]) -> list[dict]:
    """The groups that hold a hit; `more` finds all the hits in a table itself."""
    there = tables & searched(datasette)
    found = [await _found(datasette, group, asked, more) for group in GROUPS if group.table in there]
    return [group for group in found if group["count"]]


async def _found(datasette: Datasette, group: Group, asked: str, more: dict[str, str]) -> dict:
    """The hits of a group, the first few told; where they cannot be told in time, their number alone."""
    hits = f"with hits as (select rowid from {group.table}_fts where {group.table}_fts match :asked)"
    count = await compat.rows(datasette, f"{hits} {group.count}", {"asked": asked})
    told = f"{hits} {group.sql} limit {EACH}"
    try:
        rows = await compat.rows(datasette, told, {"asked": asked}) if count[0]["n"] else []
    except compat.TooSlow:
        rows = []
    return {
        "title": group.title,
        "count": count[0]["n"],
        "results": [row | {"url": link(group.table, row)} for row in rows],
        "all": f"/city/{group.table}?{urlencode(more)}" if group.has_more else "",
    }
