"""How long requests take, whether promises are kept, and what is waiting: open requests always counted."""

import pandas as pd
import streamlit as st

from dashboards import charts, data, show, theme
from dashboards.views.overview import ended
from dashboards.words import AGES, BY

SECTIONS = ("Time to close", "Fixed on time", "Backlog")
TIMES = ("n", "events", "median_days", "median_low", "median_high", "p90_days", "p90_low", "p90_high", "open_30", "open_90", "open_365", "note")
PROMISES = ("n", "due", "met_fixed", "share", "low", "high", "met_other", "missed", "pending", "no_target", "not_countable", "note")
SHARES = ("day", "fixed", "no_action", "duplicate", "referred", "administrative", "unknown", "still_open")


def render() -> None:
    look = data.colours()
    show.title("Resolution times", "How long requests take to close, how many promises are kept, and what is still waiting.")
    section = st.segmented_control("Show", SECTIONS, default=SECTIONS[0], required=True, key="show", bind="query-params")
    {"Time to close": _time_to_close, "Fixed on time": _on_time, "Backlog": _backlog}[section](look)


def _choices(*, by: bool, year: bool) -> dict[str, str]:
    """The reader's choices, as parameters of the measures."""
    columns = st.columns(2 + by + year)
    chosen = {}
    if by:
        with columns.pop(0):
            chosen["by"] = show.choose("Compare by", "by", ("service_group", "district", "service_name"), words=BY, every=False)
    with columns.pop(0):
        chosen["service_group"] = show.choose("Service group", "service_group", data.options("service_group"))
    with columns.pop(0):
        chosen["district"] = show.choose("District", "district", data.options("district"))
    if year:
        with columns.pop(0):
            chosen["year"] = show.choose("Opened in", "year", data.options("year"))
    return chosen


def _time_to_close(look: theme.Theme) -> None:
    chosen = _choices(by=True, year=True)
    frame = data.ask("time_to_close", **chosen)
    if frame.empty:
        show.stop(f"No released request fits this choice{_only_named(chosen)}.")
    show.heading(f"Time to close, by {BY[chosen['by']]}")
    show.chart(
        charts.times(frame, look),
        "time_to_close",
        frame,
        chosen,
        alt=f"Dots with intervals: days until half and nine in ten requests were closed, by {BY[chosen['by']]}",
        sentence=_span(frame, BY[chosen["by"]]),
        n=int(frame["n"].sum()),
        of="requests",
        interval="lines are 95 % intervals",
        rows=("durations", _filters(chosen)),
        columns=(chosen["by"], *TIMES),
        twin=frame.rename(columns={"label": chosen["by"]}),
    )
    one = {name: value for name, value in chosen.items() if name != "by"}
    _curve(look, one)
    _outcomes(look, one)


def _curve(look: theme.Theme, chosen: dict[str, str]) -> None:
    show.heading(f"Still open, day by day: {_selection(chosen)}")
    frame = data.ask("closing_curve", **chosen)
    if frame.empty:
        st.info("Fewer than 11 requests: nothing is stated.")
        return
    whole = data.ask("time_to_close", by="city", **chosen).iloc[0]
    show.chart(
        charts.curve(frame, look),
        "closing_curve",
        frame,
        chosen,
        alt="Falling curve: share of requests still open, by day after the request was made",
        sentence=_half(whole),
        n=int(frame["n"].iloc[0]),
        of=f"requests, {theme.number(frame['events'].iloc[0])} of them closed",
        interval="the band is the 95 % interval",
        rows=("durations", _filters(chosen)),
        columns=("day", "still_open", "low", "high", "at_risk", "closed"),
    )


def _outcomes(look: theme.Theme, chosen: dict[str, str]) -> None:
    frame = data.ask("outcomes_by_day", **chosen)
    if frame.empty:
        return
    show.heading("How they ended")
    show.chart(
        charts.outcomes(frame, look),
        "outcomes_by_day",
        frame,
        chosen,
        alt="Stacked area chart: shares of requests fixed, closed otherwise and still open, by day after the request was made",
        sentence=ended(frame, 30),
        n=int(frame["n"].iloc[0]),
        of="requests",
        rows=("durations", _filters(chosen)),
        columns=SHARES,
    )


def _on_time(look: theme.Theme) -> None:
    chosen = _choices(by=True, year=True)
    frame = data.ask("on_time_share", **chosen)
    if frame.empty:
        show.stop(f"No released request fits this choice{_only_named(chosen)}.")
    show.heading(f"Fixed on time, by {BY[chosen['by']]}")
    show.chart(
        charts.shares(frame, look),
        "on_time_share",
        frame,
        chosen,
        alt=f"Dots with intervals: share of the due requests that were fixed by the promised day, by {BY[chosen['by']]}",
        sentence=_kept(data.ask("on_time_share", **{**chosen, "by": "city"}).iloc[0]),
        n=int(frame["due"].sum()),
        of=f"requests due, of {theme.number(frame['n'].sum())}",
        interval="lines are 95 % intervals",
        rows=("on_time", _filters(chosen)),
        columns=(chosen["by"], *PROMISES),
        twin=frame.rename(columns={"label": chosen["by"]}),
    )


def _backlog(look: theme.Theme) -> None:
    chosen = _choices(by=False, year=False)
    frame = data.ask("backlog_by_month", **chosen)
    if frame.empty:
        show.stop("No released request fits this choice.")
    told = {"rows": ("backlog", _filters(chosen)), "columns": ("month_end", "opened", "closed", "open")}
    last, opened = frame.iloc[-1], int(frame["opened"].sum())
    over = frame[frame["month_end"] <= frame["as_of"]]
    show.heading(f"Open at the end of each month: {_selection(chosen)}")
    show.chart(
        charts.open_by_month(frame, look),
        "backlog_by_month",
        frame,
        chosen,
        alt="Area chart: requests open at the end of each month",
        sentence=f"At the end of {theme.day(min(last['month_end'], last['as_of']))}, {theme.number(last['open'])} requests were open.",
        n=opened,
        of="requests opened",
        **told,
    )
    if not over.empty:
        show.heading("Opened and closed in each month")
        show.chart(
            charts.flow_by_month(frame, look),
            "backlog_by_month",
            frame,
            chosen,
            alt="Line chart: requests opened and closed in each month",
            sentence=_flow(over.iloc[-1]),
            n=opened,
            of="requests opened",
            **told,
        )
    _ages(look, chosen)


def _ages(look: theme.Theme, chosen: dict[str, str]) -> None:
    frame = data.ask("backlog_now", by="service_group", **chosen)
    show.heading("Open now, by age")
    if frame.empty:
        st.info("Nothing of this choice is open.")
        return
    total = int(frame["open"].sum())
    old = int(frame["age_over_365"].sum() + frame["age_91_365"].sum())
    show.chart(
        charts.ages(frame, look),
        "backlog_now",
        frame,
        {"by": "service_group", **chosen},
        alt="Stacked bars: open requests by age, for each service group",
        sentence=f"Of {theme.number(total)} open requests, {theme.number(old)} have been open for more than 90 days.",
        n=total,
        of="open requests",
        rows=("requests" if chosen["district"] else "service_requests", _filters(chosen) | {"status": "open"}),
        columns=("service_group", "open", *AGES),
        twin=frame.rename(columns={"label": "service_group"}),
    )


def _span(frame: pd.DataFrame, by: str) -> str:
    told = frame[frame["median_days"].notna()]
    if told.empty:
        return "None of these has seen half of its requests closed while they were watched."
    low, high = int(told["median_days"].min()), int(told["median_days"].max())
    silent = len(frame) - len(told)
    words = f"Depending on the {by}, half of the requests were closed within {theme.days(low)} to {theme.days(high)}."
    if low == high:
        words = f"Half of the requests were closed within {theme.days(low)}."
    return words + (f" For {silent} of {len(frame)} there is no such day to state." if silent else "")


def _half(row: pd.Series) -> str:
    if pd.isna(row["median_days"]):
        return f"{str(row['note']).capitalize()}."
    high = "an end not reached" if pd.isna(row["median_high"]) else theme.days(row["median_high"])
    tail = f"nine in ten within {theme.days(row['p90_days'])}" if not pd.isna(row["p90_days"]) else row["note"]
    return f"Half were closed within {theme.days(row['median_days'])} (95 % interval {theme.number(row['median_low'])} to {high}); {tail}."


def _kept(row: pd.Series) -> str:
    if pd.isna(row["share"]):
        return f"For this choice as a whole: {row['note']}."
    return (
        f"Of {theme.number(row['due'])} requests whose promised day has passed, {theme.share(row['share'], 1)} were fixed by that day "
        f"(95 % interval {theme.share(row['low'], 1)} to {theme.share(row['high'], 1)})."
    )


def _flow(row: pd.Series) -> str:
    more = int(row["opened"] - row["closed"])
    change = "as many as were closed" if more == 0 else f"{theme.number(abs(more))} {'more' if more > 0 else 'fewer'} than were closed"
    return f"In the month that ended on {theme.day(row['month_end'])}, {theme.number(row['opened'])} requests were opened, {change}."


def _selection(chosen: dict[str, str]) -> str:
    parts = [value for name, value in chosen.items() if value and name != "by"]
    return show.a_list(parts) if parts else "all requests"


def _filters(chosen: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in chosen.items() if value and name != "by"}


def _only_named(chosen: dict[str, str]) -> str:
    """Kinds of request are released for the public realm only."""
    return "; kinds of request are named only where they tell nothing about a home" if chosen["by"] == "service_name" else ""
