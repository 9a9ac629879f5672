"""The home page: search, four honest numbers, newest stories, the data, and where every record went."""

from weakref import WeakKeyDictionary

from datasette import Request, Response

from hub import datasette_compat as compat
from hub import releases
from hub.datasets import DATASETS
from hub.datasette_compat import Datasette
from hub.plugin import holdings, served
from hub.plugin.downloads import files_of
from hub.plugin.frame import CACHE, number
from hub.questions import measures

# measure: how the space between low and high is to be read
HEADLINES = {
    "headline_time_to_close": "95 % interval {low} to {high}",
    "headline_on_time": "95 % interval {low} to {high}",
    "headline_backlog": "at least {low}, at most {high}",
    "headline_released": "counted in full",
}
KEPT_BACK = {
    "waiting": "waiting",
    "withheld": "withheld",
    "quarantined": "unusable",
    "erased": "erased",
    "deleted_upstream": "deleted by the city",
}
NEWEST = "select story_id, title, byline, era, lang from stories order by told_date desc, story_id desc limit 4"
SOURCES = (
    "select source, as_of_date, as_of = read_at as is_read, read_at, rows, is_archive from sources order by source"
)
LEFT_OUT = "{n} of {total} ({left} {have} no usable closing time or status)"

_REMEMBERED: WeakKeyDictionary[Datasette, tuple[str, list[dict]]] = WeakKeyDictionary()


async def page(request: Request, datasette: Datasette) -> Response:
    now, chosen = served.now(datasette), compat.settings(datasette)
    shown, hidden = holdings.datasets(datasette), holdings.hidden(datasette)
    city = compat.metadata(datasette)["databases"][compat.CITY]
    has_stories = "stories" in shown
    context = {
        "city": chosen.get("city", {}).get("name", ""),
        "dashboards_url": chosen.get("dashboards_url"),
        "headlines": [fact for fact in await headlines(datasette) if fact["name"] not in hidden],
        "stories": await compat.rows(datasette, NEWEST) if has_stories else [],
        "story_count": now.manifest["tables"]["stories"]["rows"] if has_stories else 0,
        "datasets": [dataset(name, now.manifest) for name in shown],
        "table_count": len(now.manifest["tables"].keys() - hidden),
        "query_count": len(city["queries"].keys() - hidden),
        "whole": await whole(datasette),
        "sources": await compat.rows(datasette, SOURCES),
    }
    return Response.html(await datasette.render_template("home.html", context, request), headers=CACHE)


async def headlines(datasette: Datasette) -> list[dict]:
    """The headline numbers, asked once for each release."""
    release = served.release_id(datasette)
    known = _REMEMBERED.get(datasette)
    if known is None or known[0] != release:
        known = _REMEMBERED[datasette] = (release, [await headline(datasette, name) for name in HEADLINES])
    return known[1]


async def headline(datasette: Datasette, name: str) -> dict:
    """One headline number as the page says it; the same row that its query gives."""
    question = measures()[name]
    found = (await compat.rows(datasette, question.sql))[0]
    short, _, rest = found["unit"].partition(" ")
    short = short.removesuffix("s") if found["value"] == 1 else short
    low, high = (number(found[key]) if found[key] is not None else "not reached" for key in ("low", "high"))
    return found | {
        "name": name,
        "title": question.title,
        "question": question.question,
        "beware": f"{question.caution.split('. ')[0].rstrip('.')}." if question.caution else "",
        "unit_short": short,
        "unit_rest": rest,
        "counted": counted(found["n"], found.get("total")),
        "interval": HEADLINES[name].format(low=low, high=high),
        "url": f"/{compat.CITY}/{name}",
    }


def counted(n: int, total: int | None) -> str:
    """'19,948', or '19,948 of 20,005' and why some are left out."""
    if not total or total <= n:
        return number(n)
    have = "has" if total - n == 1 else "have"
    return LEFT_OUT.format(n=number(n), total=number(total), left=number(total - n), have=have)


def dataset(name: str, manifest: dict) -> dict:
    """A dataset with its rows and its whole-table files."""
    about = DATASETS[name]
    table = about.table.name
    rows = releases.rows(manifest).get(table, 0)
    return {"name": table, "title": about.title, "about": about.about, "rows": rows, "files": files_of(table, manifest)}


async def whole(datasette: Datasette) -> dict:
    """The completeness identity over all datasets; what is zero is left out."""
    sums = ", ".join(f"coalesce(sum({name}), 0) as {name}" for name in ("read", "released", *KEPT_BACK))
    found = (await compat.rows(datasette, f"select {sums} from completeness"))[0]
    rest = [(words, found[name]) for name, words in KEPT_BACK.items() if found[name]]
    return {"read": found["read"], "released": found["released"], "rest": rest}
