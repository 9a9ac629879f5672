"""The city at a glance: four honest numbers, requests by month, what became of them, and how fresh all that is."""

import streamlit as st

from dashboards import charts, data, sentences, show, theme
from dashboards.views import resolution_times

# measure, how the space between its bounds is to be read; '' where everything was counted
HEADLINES = (
    ("headline_time_to_close", "95 % interval {low} to {high}"),
    ("headline_on_time", "95 % interval {low} to {high}"),
    ("headline_backlog", "at least {low}, at most {high}"),
    ("headline_released", ""),
)


def render() -> None:
    look = show.look()
    show.title(
        f"{look.city} at a glance", f"What residents of {look.city} ask their city to do, and what becomes of it."
    )
    told = HEADLINES if data.has("durations") else HEADLINES[-1:]
    for column, (measure, interval) in zip(st.columns(len(HEADLINES))[: len(told)], told, strict=True):
        with column:
            show.headline(measure, interval)
    if told is HEADLINES:
        _requests(look)
        resolution_times.outcomes(look, {}, "How requests ended, day by day")
    show.heading("How fresh the data is")
    fresh = data.ask("freshness")
    show.listed(
        "freshness",
        fresh,
        {},
        alt="Sources",
        n=int(fresh["rows"].sum()),
        of="rows read",
        rows=("sources", {}),
        columns=("source", "as_of", "read_on", "rows", "proven_by", "note"),
    )


def _requests(look: theme.Theme) -> None:
    show.heading("Requests by month")
    frame = data.ask("requests_by_month")
    if frame["month"].notna().sum() == 0:
        st.info("No request of this release tells its month of opening.")
        return
    show.chart(
        charts.months(frame, look),
        "requests_by_month",
        frame,
        {},
        alt="Bar chart: requests made in each month",
        sentence=sentences.months(frame),
        n=int(frame["n"].sum()),
        of="requests",
        interval="pale months may still grow",
        rows=("service_requests", {}),
        columns=("month", "n", "open", "note"),
    )
