"""The community archive: the list with search, and one page for each story."""

from urllib.parse import unquote

from datasette import NotFound, Request, Response

from hub import datasette_compat as compat
from hub.datasette_compat import Datasette
from hub.plugin import served
from hub.plugin.frame import CACHE, day
from hub.plugin.search import LONGEST, match

PAGE = 30
PRECISIONS = {
    "exact": "Its place is shown exactly.",
    "block": "Its place is shown to the block.",
    "neighbourhood": "Its place is shown as a neighbourhood only.",
    "city": "Its place is told as the city only.",
    "none": "Its teller chose to show no place.",
}
LIST = """select story_id, title, byline, era, lang, place_label, substr(body, 1, 221) as opening from stories
where (:asked = '' or rowid in (select rowid from stories_fts where stories_fts match :asked))
  and (:before = '' or story_id < :before)
order by story_id desc limit :most"""
COUNT = """select count(*) as n from stories
where :asked = '' or rowid in (select rowid from stories_fts where stories_fts match :asked)"""
ONE = "select * from stories where story_id = :story_id"
SUBJECTS = "select subject from story_subjects where story_id = :story_id order by subject"


async def list_page(request: Request, datasette: Datasette) -> Response:
    _has_stories(datasette)
    question = (request.args.get("q") or "").strip()[:LONGEST]
    asked = match(question)
    params = {"asked": asked, "before": request.args.get("before") or "", "most": PAGE + 1}
    found = await compat.rows(datasette, LIST, params)
    count = await compat.rows(datasette, COUNT, {"asked": asked})
    context = {
        "question": question,
        "stories": [row | {"opening": opening(row["opening"])} for row in found[:PAGE]],
        "count": count[0]["n"],
        "next": found[PAGE - 1]["story_id"] if len(found) > PAGE else "",
        "dashboards_url": compat.settings(datasette).get("dashboards_url"),
    }
    return Response.html(await datasette.render_template("stories.html", context, request), headers=CACHE)


async def page(request: Request, datasette: Datasette) -> Response:
    _has_stories(datasette)
    story_id = {"story_id": unquote(request.url_vars["story_id"])}
    found = await compat.rows(datasette, ONE, story_id)
    if not found:
        raise NotFound("There is no such story, or its teller withdrew it.")
    story, now = found[0], served.now(datasette)
    context = {
        "story": story,
        "paragraphs": [part.strip() for part in story["body"].split("\n\n") if part.strip()],
        "subjects": [row["subject"] for row in await compat.rows(datasette, SUBJECTS, story_id)],
        "precision": PRECISIONS.get(story["place_precision"], "The precision of its place is not stated."),
        "media": _web_address(story["media_url"]),
        "licence": _web_address(story["rights_uri"]),
        "citation": citation(story, compat.settings(datasette).get("brand", {}).get("name", ""), now),
    }
    return Response.html(await datasette.render_template("story.html", context, request), headers=CACHE)


def opening(text: str, most: int = 220) -> str:
    """The first words of a story, cut between two of them."""
    return text if len(text) <= most else f"{text[:most].rsplit(None, 1)[0]} …"


def citation(story: dict, archive: str, now: served.Served) -> str:
    """How to cite a story so that the very same text can be found again."""
    teller = f"{story['byline']}. " if story["byline"] else ""
    told = f" Told {day(story['told_date'])}." if story["told_date"] else ""
    where = f"{archive}, {story['story_id']}, release {now.release.id}"
    return f"{teller}“{story['title']}.”{told} {where}."


def _web_address(value: str | None) -> str:
    """Only a web address is made a link."""
    return value if value and value.startswith(("https://", "http://")) else ""


def _has_stories(datasette: Datasette) -> None:
    if "stories" not in compat.settings(datasette).get("datasets", ("stories",)):
        raise NotFound("This hub has no stories.")
