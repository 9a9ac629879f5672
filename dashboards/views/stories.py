"""The community story archive: search it, see where it happened, read one."""

from html import escape
from urllib.parse import urlencode, urlparse

import pandas as pd
import streamlit as st

from dashboards import data, show, theme
from dashboards.words import PRECISION

ON_PAGE = 30


def render() -> None:
    show.title("Stories", "Told by residents, shared with their consent, and placed only as exactly as they chose.")
    left, right = st.columns((2, 1))
    with left:
        words = st.text_input("Search in stories", key="q", bind="query-params", max_chars=100, placeholder="A word or two")
    with right:
        subject = show.choose("Subject", "subject", data.options("subject"))
    story = _one()
    if story:
        _story(story)
    _list(words, subject)
    _map(subject)


def _one() -> str:
    """The story that the URL names, or the one chosen."""
    found = data.ask("stories_found")
    titles = dict(zip(found["story_id"], found["title"], strict=True))
    return st.selectbox(
        "Read a story",
        ["", *sorted(titles, key=titles.get)],
        format_func=lambda story: f"{titles[story]} ({story})" if story else "Choose a title",
        key="story",
        bind="query-params",
    )


def _story(story_id: str) -> None:
    row = data.ask("story", story_id=story_id).iloc[0].fillna("")
    with st.container(border=True, key="one-story"):
        st.html(f'<h2 lang="{escape(row["lang"] or "und")}">{escape(row["title"])}</h2>')
        about = (row["byline"] and f"told by {row['byline']}", row["told_date"] and theme.day(row["told_date"]), row["era"], row["place_label"])
        st.caption(show.plain(" · ".join(part for part in about if part)))
        told(row["body"], row["lang"])
        if web(row["media_url"]):
            st.link_button("Recording or picture, at its holder", row["media_url"])
        place = PRECISION.get(row["place_precision"], "place not told")
        st.caption(show.plain(f"Shown place: {place}. {row['rights']} {row['credit_line']}".strip()))
        if web(row["rights_uri"]):
            st.markdown(f"[Rights]({row['rights_uri']})")
        st.markdown(show.links("story", {"story_id": story_id}, ("stories", {"story_id": story_id})))


def told(text: str, lang: str) -> None:
    """Somebody's own words: text and nothing else, in the language they were told in."""
    paragraphs = (" ".join(part.split()) for part in text.strip().split("\n\n"))
    body = "".join(f"<p>{escape(part)}</p>" for part in paragraphs if part)
    st.html(f'<div lang="{escape(lang or "und")}" style="max-width:42rem;line-height:1.6">{body}</div>')


def web(address: str) -> bool:
    """Whether this is a link that may be offered."""
    return urlparse(str(address)).scheme in ("http", "https") and not set(str(address)) & set(" <>()[]\"'\\`")


def _list(words: str, subject: str) -> None:
    frame = data.ask("stories_found", q=words or "", subject=subject)
    params = {"q": words or "", "subject": subject}
    show.heading(f"{theme.number(len(frame))} {'story' if len(frame) == 1 else 'stories'}")
    if frame.empty:
        show.stop("No story has all these words. Try fewer words, or another subject.")
    for _, row in frame.head(ON_PAGE).fillna("").iterrows():
        about = " · ".join(show.plain(part) for part in (row["byline"], row["era"], row["place_label"], row["subjects"]) if part)
        target = "/dashboards/stories?" + urlencode({"story": f"{row['title']} ({row['story_id']})"})
        st.markdown(f"**[{show.plain(row['title'])}]({target})**  \n{about}")
    if len(frame) > ON_PAGE:
        st.caption(f"The first {ON_PAGE} are listed; search to narrow them down, or open the query for all.")
    st.caption(f"n = {theme.number(len(frame))} stories · as of {theme.day(frame['as_of'].iloc[0])}")
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
        sentence=_placed(frame, drawn),
        n=len(frame),
        of="stories",
        rows=("stories", {}),
        columns=("title", "place_label", "district", "place_precision"),
    )


def _placed(frame: pd.DataFrame, drawn: pd.DataFrame) -> str:
    rest = len(frame) - len(drawn)
    words = f"{theme.number(len(drawn))} of {theme.number(len(frame))} stories are on the map."
    return words + (f" {theme.number(rest)} are placed in the whole city or not at all." if rest else "")
