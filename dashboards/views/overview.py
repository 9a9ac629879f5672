"""The city at a glance: four honest numbers, requests by month, what became of them, and how fresh all that is."""

import pandas as pd
import streamlit as st

from dashboards import charts, data, show, theme

# measure, what its bounds are; '' where everything was counted
HEADLINES = (
    ("headline_time_to_close", "95 % interval"),
    ("headline_on_time", "95 % interval"),
    ("headline_backlog", "bounds"),
    ("headline_released", ""),
)


def render() -> None:
    look = data.colours()
    show.title(look.name, f"What residents of {look.city} ask their city to do, and what becomes of it.")
    for column, (measure, interval) in zip(st.columns(len(HEADLINES)), HEADLINES, strict=True):
        with column:
            show.headline(measure, interval)
    _requests(look)
    _outcomes(look)
    show.heading("How fresh the data is")
    fresh = data.ask("freshness")
    show.table(fresh, ("source", "as_of", "rows", "proven_by"), "Sources")
    st.markdown(show.links("freshness", {}, ("sources", {})))


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
        sentence=_most(frame),
        n=int(frame["n"].sum()),
        of="requests",
        rows=("service_requests", {}),
        columns=("month", "n", "open"),
    )


def _most(frame: pd.DataFrame) -> str:
    """One sentence about the months that are over."""
    over = frame[frame["month"].notna() & (frame["month"] != frame["as_of"].iloc[0][:7])]
    if over.empty:
        return "The first month is not over yet."
    last, top = over.iloc[-1], over.loc[over["n"].idxmax()]
    words = (
        f"{theme.number(last['n'])} requests were made in {_month(last['month'])}, the last month that is over; "
        f"most were made in {_month(top['month'])} ({theme.number(top['n'])})."
    )
    rest = int(frame["n"][frame["month"].isna()].sum())
    return words + (f" {theme.number(rest)} more tell only the quarter or year in which they were made." if rest else "")


def _outcomes(look: theme.Theme) -> None:
    show.heading("How requests ended, day by day")
    frame = data.ask("outcomes_by_day")
    if frame.empty:
        st.info("Fewer than 11 requests: nothing is stated.")
        return
    show.chart(
        charts.outcomes(frame, look),
        "outcomes_by_day",
        frame,
        {},
        alt="Stacked area chart: shares of requests fixed, closed otherwise and still open, by day after the request was made",
        sentence=ended(frame, 30),
        n=int(frame["n"].iloc[0]),
        of="requests",
        rows=("durations", {}),
        columns=("day", "fixed", "no_action", "duplicate", "referred", "administrative", "unknown", "still_open"),
    )


def ended(frame: pd.DataFrame, day: int) -> str:
    """What had become of a hundred requests by a day that was watched."""
    seen = frame[frame["day"] <= min(day, frame["day"].max())].iloc[-1:]
    if seen.empty:
        seen = frame.iloc[:1]
    row = seen.iloc[0]
    other = 1 - row["fixed"] - row["still_open"]
    return (
        f"{min(day, int(frame['day'].max()))} days after it was made, {theme.share(row['fixed'])} of requests were fixed, "
        f"{theme.share(other)} were closed without that, and {theme.share(row['still_open'])} were still open."
    )


def _month(value: str) -> str:
    return f"{theme.MONTHS[int(value[5:]) - 1]} {value[:4]}"
