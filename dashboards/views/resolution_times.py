"""How long requests take, whether promises are kept, and what is waiting: open requests always counted."""

import streamlit as st

from dashboards import charts, data, sentences, show, theme
from dashboards.theme import number
from dashboards.words import AGES, BY

SECTIONS = ("Time to close", "Fixed on time", "Backlog")
ONLY_NAMED = "; kinds of request are named only where they tell nothing about a home"
TIMES = tuple(
    "n events median_days median_low median_high p90_days p90_low p90_high open_30 open_90 open_365 note".split()
)
PROMISES = tuple("n due met_fixed share low high met_other missed pending no_target not_countable note".split())
SHARES = ("day", "fixed", "no_action", "duplicate", "referred", "administrative", "unknown", "still_open")


def render() -> None:
    look = show.look()
    show.title(
        "Resolution times", "How long requests take to close, how many promises are kept, and what is still waiting."
    )
    section = st.segmented_control(
        "Show", SECTIONS, default=SECTIONS[0], required=True, key="show", bind="query-params"
    )
    {"Time to close": _time_to_close, "Fixed on time": _on_time, "Backlog": _backlog}[section](look)


def _choices(*, by: bool, year: bool) -> dict[str, str]:
    """The reader's choices, as parameters of the measures."""
    columns = st.columns(2 + by + year)
    chosen = {}
    if by:
        with columns.pop(0):
            chosen["by"] = show.choose_one("Compare by", "by", ("service_group", "district", "service_name"), words=BY)
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
        sentence=sentences.spans(frame, BY[chosen["by"]]),
        n=int(frame["n"].sum()),
        of="requests",
        interval="lines are 95 % intervals · the scale's steps grow",
        rows=("durations", _filters(chosen)),
        columns=(chosen["by"], *TIMES),
        twin=frame.rename(columns={"label": chosen["by"]}),
    )
    one = {name: value for name, value in chosen.items() if name != "by"}
    _curve(look, one)
    outcomes(look, one, "How they ended")


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
        sentence=sentences.half(whole),
        n=int(frame["n"].iloc[0]),
        of=f"requests, {number(frame['events'].iloc[0])} of them closed",
        interval="the band is the 95 % interval",
        rows=("durations", _filters(chosen)),
        columns=("day", "still_open", "low", "high", "at_risk", "closed"),
    )


def outcomes(look: theme.Theme, chosen: dict[str, str], heading: str) -> None:
    """How the chosen requests ended, as the overview shows it too."""
    frame = data.ask("outcomes_by_day", **chosen)
    show.heading(heading)
    if frame.empty:
        st.info("Fewer than 11 requests: nothing is stated.")
        return
    show.chart(
        charts.outcomes(frame, look),
        "outcomes_by_day",
        frame,
        chosen,
        alt="Stacked areas: shares fixed, closed otherwise and still open, by day after the request was made",
        sentence=sentences.ended(frame),
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
    whole = sentences.kept(data.ask("on_time_share", **{**chosen, "by": "city"}).iloc[0])
    twin = frame.rename(columns={"label": chosen["by"]})
    told = {
        "n": int(frame["due"].sum()),
        "of": f"requests due, of {number(frame['n'].sum())}",
        "rows": ("on_time", _filters(chosen)),
        "columns": (chosen["by"], *PROMISES),
    }
    if frame["share"].isna().all():
        st.info(show.plain(whole))
        show.listed("on_time_share", twin, chosen, alt=f"Promises, by {BY[chosen['by']]}", **told)
        return
    show.chart(
        charts.shares(frame, look),
        "on_time_share",
        frame,
        chosen,
        alt=f"Dots with intervals: share of due requests that were fixed by the promised day, by {BY[chosen['by']]}",
        sentence=whole,
        interval="lines are 95 % intervals",
        twin=twin,
        **told,
    )


def _backlog(look: theme.Theme) -> None:
    chosen = _choices(by=False, year=False)
    frame = data.ask("backlog_by_month", **chosen)
    if frame.empty:
        show.stop("No released request fits this choice.")
    told = {"rows": ("backlog", _filters(chosen)), "columns": ("month_end", "opened", "closed", "open")}
    opened = int(frame["opened"].sum())
    over = frame[frame["month_end"] <= frame["as_of"]]
    show.heading(f"Open at the end of each month: {_selection(chosen)}")
    show.chart(
        charts.open_by_month(frame, look),
        "backlog_by_month",
        frame,
        chosen,
        alt="Area chart: requests open at the end of each month",
        sentence=sentences.still_open(frame.iloc[-1]),
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
            sentence=sentences.flow(over.iloc[-1]),
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
    show.chart(
        charts.ages(frame, look),
        "backlog_now",
        frame,
        {"by": "service_group", **chosen},
        alt="Stacked bars: open requests by age, for each service group",
        sentence=sentences.old(frame),
        n=int(frame["open"].sum()),
        of="open requests",
        rows=("requests" if chosen["district"] else "service_requests", _filters(chosen) | {"status": "open"}),
        columns=("service_group", "open", *AGES),
        twin=frame.rename(columns={"label": "service_group"}),
    )


def _selection(chosen: dict[str, str]) -> str:
    parts = [
        f"opened in {value}" if name == "year" else value for name, value in chosen.items() if value and name != "by"
    ]
    return show.a_list(parts) if parts else "all requests"


def _filters(chosen: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in chosen.items() if value and name != "by"}


def _only_named(chosen: dict[str, str]) -> str:
    return ONLY_NAMED if chosen["by"] == "service_name" else ""
