"""One search box over everything that has full-text search; the answer is plain HTML, grouped by dataset."""

from dataclasses import dataclass
from urllib.parse import quote, urlencode

from datasette import Request, Response

from hub import datasette_compat as compat
from hub.datasets import DATASETS
from hub.datasette_compat import Datasette
from hub.plugin.frame import CACHE

LONGEST = 200  # characters of a question
WORDS = 12
EACH = 8  # results shown of a group


@dataclass(frozen=True, slots=True)
class Group:
    """How the hits of one table are told: a query over `hits` (rowid, rank) that gives title, detail, url."""

    table: str
    sql: str


GROUPS = (
    Group(
        "service_requests",
        """select coalesce(t.service_name, t.service_group) as title, t.service_name, t.service_group,
                  printf('%,d', count(*)) || iif(count(*) = 1, ' request in ', ' requests in ') || t.service_group as detail
           from service_requests t where t.rowid in hits
           group by t.service_group, t.service_name order by count(*) desc""",
    ),
    Group(
        "stories",
        """select t.title, coalesce(t.byline, 'Anonymous') || coalesce(', ' || t.era, '') as detail, t.story_id, t.lang
           from stories t where t.rowid in hits order by t.story_id desc""",
    ),
    Group(
        "capital_projects",
        """select t.name as title, t.project_id,
                  t.phase || coalesce(', ' || t.neighbourhood, '') || coalesce(', ' || t.department, '') as detail
           from capital_projects t where t.rowid in hits order by t.budget_cents desc""",
    ),
    Group(
        "budget_lines",
        """select t.program as title, t.department, t.program,
                  t.department || ', ' || count(*) || iif(count(*) = 1, ' line', ' lines') as detail
           from budget_lines t where t.rowid in hits group by t.department, t.program order by count(*) desc""",
    ),
)


def link(table: str, row: dict) -> str:
    """Where a result leads."""
    if table == "stories":
        return f"/stories/{quote(row['story_id'])}"
    narrowed = {
        key: value for key, value in row.items() if key not in ("title", "detail", "lang") and value is not None
    }
    return f"/city/{table}?{urlencode({f'{key}__exact': value for key, value in narrowed.items()})}"


def match(question: str) -> str:
    """A visitor's words as an FTS5 query, each quoted, so that none is an operator; empty if there are none."""
    words = question.replace("\0", " ")[:LONGEST].split()[:WORDS]
    return " ".join('"' + word.replace('"', '""') + '"' for word in words)


async def page(request: Request, datasette: Datasette) -> Response:
    question = (request.args.get("q") or "").strip()[:LONGEST]
    chosen = compat.settings(datasette).get("datasets", DATASETS)
    tables = {name for dataset in chosen if dataset in DATASETS for name in (t.name for t in DATASETS[dataset].tables)}
    asked = match(question)
    groups = [await _found(datasette, group, asked) for group in GROUPS if asked and group.table in tables]
    context = {"question": question, "groups": [group for group in groups if group["count"]], "asked": bool(asked)}
    return Response.html(await datasette.render_template("search.html", context, request), headers=CACHE)


async def _found(datasette: Datasette, group: Group, asked: str) -> dict:
    """The hits of a group; where there are too many to group them in time, their number alone."""
    hits = f"with hits as (select rowid from {group.table}_fts where {group.table}_fts match :asked) "
    count = await compat.rows(datasette, f"{hits} select count(*) as n from hits", {"asked": asked})
    try:
        rows = (
            await compat.rows(datasette, f"{hits} {group.sql} limit {EACH}", {"asked": asked}) if count[0]["n"] else []
        )
    except compat.TooSlow:
        rows = []
    title = next(table.title for dataset in DATASETS.values() for table in dataset.tables if table.name == group.table)
    return {
        "title": title,
        "count": count[0]["n"],
        "results": [row | {"url": link(group.table, row)} for row in rows],
        "all": f"/city/{group.table}",
    }
