"""What every view says in the same way: titles, choices, numbers, and charts with their proof and their table twin."""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import urlencode
from zlib import crc32

import pandas as pd
import streamlit as st

from dashboards import data, markup, plot, sentences, theme
from dashboards.words import ALL, HEADINGS, LEVELS, ONE, OUTCOME_NAMES, PHASES, PRECISION, STAGES
from hub.checks import ATTACKS

TABLE_ROWS = 500  # a longer table is sent only as far as it is scrolled
PLAIN_NUMBERS = {"fiscal_year", "project_id"}
MAP_HEIGHT = 520
SHARES = {
    *("share", "share_of_all", "low", "high", "still_open", "open_30", "open_90", "open_365"),
    *("spent_share", "change_share", *OUTCOME_NAMES),
}
CODES = {"source", "proven_by", "check_name"}
DATES = {"period", "as_of", "read_on", "month_end", "start_date", "end_date", "told_date"}
WORDS = {
    "phase": PHASES,
    "place_precision": PRECISION,
    "level": LEVELS,
    "stage": STAGES,
    "attack": ATTACKS,
    "measure": {"budget": "planned", "spent": "spent"},
}
# which columns, how they are written; other numbers are counts
WAYS = (
    (SHARES.__contains__, lambda value: theme.share(value, 1)),
    (DATES.__contains__, theme.day),
    (PLAIN_NUMBERS.__contains__, str),
    (lambda column: column.endswith("_cents"), theme.whole_dollars),
)


def look() -> theme.Theme:
    """The city's colours, light or dark as the reader's screen is."""
    colours = data.colours()
    return theme.at_night(colours) if st.context.theme.type == "dark" else colours


def title(words: str, lead: str) -> None:
    """The one first-level heading of a view, and what it is for."""
    st.title(plain(words), anchor=False)
    st.markdown(plain(lead))


def heading(words: str) -> None:
    st.header(plain(words), anchor=False)


def choose(label: str, key: str, offered: Iterable[str], *, words: Mapping[str, str] | None = None) -> str:
    """A choice that lives in the URL under `key`; '' means all."""
    return choose_one(label, key, ["", *offered], words={"": ALL} | dict(words or {}))


def choose_one(label: str, key: str, offered: Iterable[str], *, words: Mapping[str, str] | None = None) -> str:
    """The same where one must be chosen; the first is offered at the start."""
    names = words or {}
    return st.selectbox(
        label, [*offered], format_func=lambda value: names.get(value, value), key=key, bind="query-params"
    )


def stop(words: str) -> None:
    """A friendly end of a view that has nothing to show."""
    st.info(plain(words))
    st.stop()


def chart(figure, measure: str, frame: pd.DataFrame, params: Mapping[str, str], **told) -> None:
    """A figure with everything that must stand under it, see `proof`."""
    with st.container(key=_key("chart", measure, told)):
        st.plotly_chart(figure, alt=told["alt"], theme=None, config=plot.CONFIG, key=_key("figure", measure, told))
        proof(measure, frame, params, **told)


def embed(source: str, measure: str, frame: pd.DataFrame, params: Mapping[str, str], **told) -> None:
    """A map document with the same proof as a chart."""
    with st.container(key=_key("map", measure, told)):
        st.iframe(source, height=MAP_HEIGHT, alt=told["alt"])
        proof(measure, frame, params, **told)


def listed(measure: str, frame: pd.DataFrame, params: Mapping[str, str], **told) -> None:
    """A table that stands for itself, with the same proof; it needs no sentence and no twin."""
    with st.container(key=_key("table", measure, told)):
        table(frame, told["columns"], told["alt"])
        facts(measure, frame, told["n"], told["of"])
        st.markdown(links(measure, params, told["rows"]))


def proof(
    measure: str,
    frame: pd.DataFrame,
    params: Mapping[str, str],
    *,
    alt: str,
    sentence: str,
    n: int,
    of: str,
    rows: tuple[str, Mapping[str, str]],
    columns: Iterable[str],
    interval: str = "",
    twin: pd.DataFrame | None = None,
) -> None:
    """What stands under every chart: a sentence, n, interval, as-of, caution, the query, the rows and a table.

    `n` counts `of` (requests, projects, ...); `rows` is the table behind it and the filter that finds its rows;
    `columns` are those of the table; `interval` says what bars or bands mean; `alt` names the chart for those who
    cannot see it; `twin` is the frame to list where it is not the one that was asked for."""
    st.markdown(plain(sentence))
    facts(measure, frame, n, of, interval)
    st.markdown(links(measure, params, rows))
    with st.expander(f"{data.question(measure).title}: the same as a table"):
        table(frame if twin is None else twin, columns, f"Table: {alt}")


def facts(measure: str, frame: pd.DataFrame, n: int, of: str, interval: str = "") -> None:
    """How many, how sure, as of when, and what to beware of."""
    of = re.sub("|".join(ONE), lambda many: ONE[many[0]], of, count=1) if n == 1 else of
    parts = (f"n = {theme.number(n)} {of}", interval, dated(frame))
    st.caption(plain(" · ".join(part for part in parts if part) + f". {data.question(measure).caution}"))


def dated(frame: pd.DataFrame) -> str:
    """The day of the data; where the source states none, the day on which it was read, and that it is no more."""
    told = frame["as_of"].dropna()
    if told.empty and "read_on" in frame and frame["read_on"].notna().any():
        return f"read on {theme.day(frame['read_on'].dropna().max())}; the source states no day"
    return f"as of {theme.day(told.max() if len(told) else None)}"


def links(measure: str, params: Mapping[str, str], rows: tuple[str, Mapping[str, str]] | None = None) -> str:
    """Where a number comes from, as links into the hub."""
    found = [f"[Show the query]({_url(measure, params)})"]
    if rows:
        found.append(f"[Rows behind this]({_url(*rows)})")
    return " · ".join([*found, f"[CSV]({_url(measure + '.csv', params)})"])


def headline(measure: str, interval: str) -> None:
    """A number of the hub's front page, with everything that must stand beside it; `interval` says {low} and {high}."""
    asked, row = data.question(measure), data.ask(measure).iloc[0]
    with st.container(border=True, height="stretch", key=_key("number", measure, {})):
        unit = str(row["unit"])
        is_told = not pd.isna(row["value"])
        st.metric(plain(asked.title), _with_unit(row["value"], unit) if is_told else "–")
        span = "counted in full" if is_told else str(row["note"])
        if interval and is_told:
            high = "not reached" if pd.isna(row["high"]) else _with_unit(row["high"], unit)
            span = interval.format(low=theme.number(row["low"], _digits(row["low"], unit)), high=high)
        st.caption(plain(asked.question))
        facts = (span, f"n = {sentences.of_all(row)}", row["period"], dated(data.ask(measure)))
        st.caption(plain(" · ".join(fact for fact in facts if fact)))
        st.markdown(links(measure, {}))


def table(frame: pd.DataFrame, columns: Iterable[str], name: str) -> None:
    """Rows as people read them: units written out, words for codes; a column that is empty throughout is left out. No
    two tables of a page have one `name`."""
    shown = [column for column in columns if column in frame and not _is_empty(frame[column])]
    headings = [HEADINGS.get(column, column) for column in shown]
    written = [[*row] for row in zip(*(_column(column, frame[column]) for column in shown), strict=True)]
    if len(written) <= TABLE_ROWS:
        numeric = [_is_numeric(frame[column]) and column not in PLAIN_NUMBERS | WORDS.keys() for column in shown]
        st.html(markup.table(name, headings, written, numeric))
    else:
        st.dataframe(pd.DataFrame(written, columns=headings), hide_index=True, alt=name, height=420)


def plain(text: str) -> str:
    """Text that Markdown shows as it is: no emphasis, link, formula, colour or picture can start in it."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", str(text))


def a_list(parts: list[str]) -> str:
    """'a, b and c'."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def _is_empty(values: pd.Series) -> bool:
    return bool(len(values)) and bool((values.isna() | (values == "")).all())


def _is_numeric(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values) or bool(values.isna().all())


def _column(column: str, values: pd.Series) -> list[str]:
    nothing, write = "" if column == "note" else theme.NOTHING, _writer(column)
    return [
        nothing if empty else write(value) for value, empty in zip(values, values.isna() | (values == ""), strict=True)
    ]


def _writer(column: str) -> Callable[[Any], str]:
    """How a value of this column is written."""
    if column in WORDS:
        return lambda value: WORDS[column].get(value, str(value))
    if column in CODES:
        return lambda value: str(value).replace("_", " ")
    write = next((write for columns, write in WAYS if columns(column)), theme.number)
    return write if column in DATES else lambda value: write(value) if isinstance(value, int | float) else str(value)


def _with_unit(value: float, unit: str) -> str:
    days = " day" if value == 1 else " days"
    return theme.number(value, _digits(value, unit)) + (
        " %" if unit.startswith("%") else days if unit == "days" else ""
    )


def _digits(value: float, unit: str) -> int:
    return 0 if float(value).is_integer() and not unit.startswith("%") else 1


def _url(page: str, params: Mapping[str, str]) -> str:
    query = urlencode({name: value for name, value in params.items() if value != ""})
    return f"/city/{page}" + (f"?{query}" if query else "")


def _key(kind: str, measure: str, told: Mapping) -> str:
    """Different for each chart of a page, the same at each rerun."""
    return f"{kind}-{measure}-{crc32(told.get('alt', '').encode()):x}"
