"""Where requests come from: areas that hide who asked, on the city's own map."""

from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from dashboards import data, sentences, show
from dashboards.theme import counted
from dashboards.words import AREA_NAMES, LEVELS

STATUSES = {"open": "Open", "closed": "Closed"}
# choice: the filter that finds its rows
COLUMNS = {
    "service_group": "service_group",
    "status": "status",
    "year": "requested_bucket__startswith",
    "level": "place_level",
}


def render() -> None:
    show.title(
        "Map of requests",
        "How many requests were made in each area. An area is as small as it may be without telling who asked.",
    )
    if not data.areas():
        st.info("This city gives no boundaries, so the map shows cells only.")
    columns = st.columns([1, 1, 1, 1.4])
    with columns[0]:
        group = show.choose("Service group", "service_group", data.options("service_group"))
    with columns[1]:
        status = show.choose("Status", "status", STATUSES, words=STATUSES)
    with columns[2]:
        year = show.choose("Opened in", "year", data.options("year"))
    chosen = {"service_group": group, "status": status, "year": year}
    precision = data.ask("requests_by_precision", **chosen)
    levels = on_map(precision, bool(data.areas()))
    if not levels:
        show.stop("No request of this choice is placed in an area smaller than the city.")
    with columns[3]:
        level = show.choose_one("Size of area", "level", levels, words=LEVELS)
    _map(chosen | {"level": level}, precision)


def on_map(precision: pd.DataFrame, has_outlines: bool) -> list[str]:
    """Kinds of area that can be drawn, the one with most requests first."""
    drawn = precision[~precision["level"].isin(("city",) if has_outlines else ("city", "neighbourhood"))]
    return [*drawn.sort_values("requests", ascending=False)["level"]]


def _map(chosen: dict[str, str], precision: pd.DataFrame) -> None:
    frame = data.ask("requests_by_area", **chosen)
    has_outline = (frame["level"] != "neighbourhood") | frame["label"].isin(data.areas())
    drawn = frame[(frame["requests"] >= frame["threshold"]) & has_outline]
    n = int(frame["requests"].sum())
    show.embed(
        "/dashboards/maps/requests?" + urlencode({name: value for name, value in chosen.items() if value}),
        "requests_by_area",
        frame,
        chosen,
        alt="Map: number of requests in each area",
        sentence=sentences.areas(drawn, n),
        n=n,
        of=f"requests in {_areas(len(frame), chosen['level'])}",
        rows=("service_requests", {COLUMNS[name]: value for name, value in chosen.items() if value}),
        columns=("label", "district", "requests", "open", "closed"),
        twin=drawn,
    )
    if hidden := len(frame) - len(drawn):
        few = int(frame["requests"].sum() - drawn["requests"].sum())
        st.caption(
            f"Not drawn: {counted(hidden, 'area', 'areas')}, with {counted(few, 'request', 'requests')}: where fewer lie than "
            "may be shown, or where there is no outline."
        )
    show.heading("What is not on this map")
    st.markdown(show.plain(sentences.elsewhere(precision, chosen["level"])))
    params = {name: value for name, value in chosen.items() if name != "level"}
    show.listed(
        "requests_by_precision",
        precision,
        params,
        alt="How exactly requests are placed",
        n=int(precision["requests"].sum()),
        of="requests",
        rows=("service_requests", {COLUMNS[name]: value for name, value in params.items() if value}),
        columns=("level", "requests", "areas", "share_of_all"),
    )


def _areas(count: int, level: str) -> str:
    return counted(count, AREA_NAMES[level].lower(), LEVELS[level])
