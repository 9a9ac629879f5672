"""The community story archive: search it, see where it happened, read one."""

from urllib.parse import quote, urlencode, urlparse

import streamlit as st

from dashboards import data, markup, sentences, show
from dashboards.theme import day, number
from dashboards.words import PRECISION

ON_PAGE = 12
SUBJECTS = 5  # of a story, named in the list


def render() -> None:
    if "id" in st.query_params:
        _story(st.query_params["id"])
        return
    show.title("Stories", "Told by residents, shared with their consent, and placed only as exactly as they chose.")
    left, right = st.columns((2, 1))
    with left:
        words = st.text_input(
            "Search in stories", key="q", bind="query-params", max_chars=100, placeholder="A word or two"
        )
    with right:
        subject = show.choose("Subject", "subject", data.options("subject"))
    _list(words, subject)
    _map(subject)


def _story(story_id: str) -> None:
    found = data.ask("story", story_id=story_id)
    if found.empty:
        show.title("Story", "This story is not, or no longer, shared here.")
        st.markdown("[All stories](/dashboards/stories)")
        return
    row = found.iloc[0].fillna("")
    st.html(markup.title(row["title"], row["lang"]))
    about = (
        row["byline"] and f"told by {row['byline']}",
        row["told_date"] and day(row["told_date"]),
        row["era"],
        row["place_label"],
    )
    st.caption(show.plain(" · ".join(part for part in about if part)))
    st.html(markup.passage(row["body"], row["lang"]))
    if web(row["media_url"]):
        st.link_button("Recording or picture, at its holder", row["media_url"])
    place = PRECISION.get(row["place_precision"], "place not told")
    st.caption(show.plain(f"Shown place: {place}. {row['rights']} {row['credit_line']}".strip()))
    if web(row["rights_uri"]):
        st.markdown(f"[Rights]({row['rights_uri']})")
    st.markdown(show.links("story", {"story_id": story_id}, ("stories", {"story_id": story_id})))
    permanent = f"/stories/{quote(story_id, safe='')}"
    st.markdown(f"[Page to cite]({permanent}) · [All stories](/dashboards/stories)")


def _entry(row) -> tuple[str, str, str, str]:
    about = " · ".join(part for part in (row.byline, row.era, row.place_label, _some(row.subjects)) if part)
    return "/dashboards/stories?" + urlencode({"id": row.story_id}), row.title, row.lang, about


def _some(subjects: str) -> str:
    """The first few subjects of a story, each once."""
    named = [*dict.fromkeys(part.strip() for part in subjects.split(";") if part.strip())]
    more = f" and {len(named) - SUBJECTS} more" if len(named) > SUBJECTS + 1 else ""
    return "; ".join(named[:SUBJECTS] if more else named) + more


def web(address: str) -> bool:
    """Whether this is a link that may be offered."""
    return urlparse(str(address)).scheme in ("http", "https") and not set(str(address)) & set(" <>()[]\"'\\`")


def _list(words: str, subject: str) -> None:
    frame = data.ask("stories_found", q=words or "", subject=subject)
    params = {"q": words or "", "subject": subject}
    show.heading(f"{number(len(frame))} {'story' if len(frame) == 1 else 'stories'}")
    if frame.empty:
        show.stop("No story has all these words. Try fewer words, or another subject.")
    st.html(markup.entries(_entry(row) for row in frame.head(ON_PAGE).fillna("").itertuples()))
    if len(frame) > ON_PAGE:
        order = "by the time they tell of, and those that tell of none by title"
        st.markdown(f"These are the first {ON_PAGE}, {order}. [All stories on one list](/stories)")
    show.facts("stories_found", frame, len(frame), "stories")
    st.markdown(show.links("stories_found", params, ("stories", {})))


def _map(subject: str) -> None:
    frame = data.ask("story_places", subject=subject)
    drawn = frame[frame["is_on_map"] == 1]
    show.heading("Where stories happen")
    if drawn.empty:
        st.info("None of these stories is placed more closely than the whole city.")
        return
    show.embed(
        "/dashboards/maps/stories?" + urlencode({"subject": subject} if subject else {}),
        "story_places",
        frame,
        {"subject": subject},
        alt="Map: where stories happen",
        sentence=sentences.stories(frame, drawn),
        n=len(frame),
        of="stories",
        rows=("stories", {}),
        columns=("title", "place_label", "district", "place_precision"),
    )
