"""Where requests come from: areas that hide who asked, on the city's own map."""

from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from dashboards import data, show, theme
from dashboards.words import LEVELS

STATUSES = {"open": "Open", "closed": "Closed"}
# choice: the filter that finds its rows
COLUMNS = {"service_group": "service_group", "status": "status", "year": "requested_bucket__startswith", "level": "place_level"}


def render() -> None:
    show.title("Map of requests", "How many requests were made in each area. An area is as small as it may be without telling who asked.")
    if data.map_file("areas.geojson") is None:
        st.info("This city gives no boundaries, so the map shows cells only.")
    columns = st.columns(4)
    with columns[0]:
        group = show.choose("Service group", "service_group", data.options("service_group"))
    with columns[1]:
        status = show.choose("Status", "status", STATUSES, words=STATUSES)
    with columns[2]:
        year = show.choose("Opened in", "year", data.options("year"))
    chosen = {"service_group": group, "status": status, "year": year}
    precision = data.ask("requests_by_precision", **chosen)
    levels = on_map(precision)
    if not levels:
        show.stop("No request of this choice is placed in an area smaller than the city.")
    with columns[3]:
        level = show.choose("Size of area", "level", levels, words=LEVELS, every=False)
    _map(chosen | {"level": level}, precision)


def on_map(precision: pd.DataFrame) -> list[str]:
    """Kinds of area that can be drawn, the one with most requests first."""
    drawn = precision[precision["level"] != "city"]
    return [*drawn.sort_values("requests", ascending=False)["level"]]


def _map(chosen: dict[str, str], precision: pd.DataFrame) -> None:
    frame = data.ask("requests_by_area", **chosen)
    drawn = frame[frame["requests"] >= frame["threshold"]]
    n = int(frame["requests"].sum())
    show.embed(
        "/dashboards/maps/requests?" + urlencode({name: value for name, value in chosen.items() if value}),
        "requests_by_area",
        frame,
        chosen,
        alt="Map: number of requests in each area",
        sentence=_most(drawn, n),
        n=n,
        of=f"requests in {theme.number(len(frame))} {LEVELS[chosen['level']]}",
        rows=("service_requests", {COLUMNS[name]: value for name, value in chosen.items() if value}),
        columns=("label", "district", "requests", "open", "closed"),
        twin=drawn,
    )
    if hidden := len(frame) - len(drawn):
        few = int(frame["requests"].sum() - drawn["requests"].sum())
        st.caption(f"Not drawn: {theme.number(hidden)} areas whose count is below the smallest that is shown, {theme.number(few)} requests.")
    show.heading("What is not on this map")
    st.markdown(_elsewhere(precision, chosen["level"]))
    params = {name: value for name, value in chosen.items() if name != "level"}
    show.table(precision, ("level", "requests", "areas", "share_of_all"), "How exactly requests are placed")
    st.caption(show.plain(f"As of {theme.day(precision['as_of'].iloc[0])}. {data.question('requests_by_precision').caution}"))
    st.markdown(show.links("requests_by_precision", params))


def _most(drawn: pd.DataFrame, n: int) -> str:
    if drawn.empty:
        return "No area holds enough of these requests to be drawn."
    top = drawn.loc[drawn["requests"].idxmax()]
    where = "" if top["district"] == "Unlocated" else f", in {top['district']},"
    return f"{theme.number(n)} requests are placed in areas of this size. The area with most of them{where} has {theme.number(top['requests'])}."


def _elsewhere(precision: pd.DataFrame, level: str) -> str:
    rest = precision[precision["level"] != level]
    whole = int(precision["requests"].sum())
    unlocated = int(precision["requests"][precision["level"] == "city"].sum())
    words = f"{theme.number(unlocated)} of {theme.number(whole)} requests are placed in no area smaller than the city."
    others = int(rest["requests"].sum()) - unlocated
    return show.plain(words + (f" {theme.number(others)} are released for areas of another size: choose it above." if others else ""))
