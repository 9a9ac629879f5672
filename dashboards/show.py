"""What every view says in the same way: titles, choices, numbers, and charts with their proof and their table twin."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlencode
from zlib import crc32

import pandas as pd
import streamlit as st

from dashboards import charts, data, markup, theme
from dashboards.words import ALL, HEADINGS, LEVELS, OUTCOME_NAMES, PHASES, PRECISION, STAGES

TABLE_ROWS = 500  # a longer table is sent only as far as it is scrolled
PLAIN_NUMBERS = {"fiscal_year", "project_id"}
MAP_HEIGHT = 520
SHARES = {"share", "share_of_all", "low", "high", "still_open", "open_30", "open_90", "open_365", "spent_share", "change_share", *OUTCOME_NAMES}
DATES = {"as_of", "month_end", "start_date", "end_date", "told_date"}
WORDS = {"phase": PHASES, "place_precision": PRECISION, "level": LEVELS, "measure": {"budget": "planned", "spent": "spent"}, "stage": STAGES}


def title(words: str, lead: str) -> None:
    """The one first-level heading of a view, and what it is for."""
    st.title(words, anchor=False)
    st.markdown(plain(lead))


def heading(words: str) -> None:
    st.header(words, anchor=False)


def choose(label: str, key: str, offered: Iterable[str], *, words: Mapping[str, str] | None = None, every: bool = True) -> str:
    """A choice that lives in the URL under `key`; '' means all."""
    names = words or {}
    return st.selectbox(
        label,
        ["", *offered] if every else [*offered],
        format_func=lambda value: names.get(value, value) or ALL,
        key=key,
        bind="query-params",
    )


def stop(words: str) -> None:
    """A friendly end of a view that has nothing to show."""
    st.info(plain(words))
    st.stop()


def chart(figure, measure: str, frame: pd.DataFrame, params: Mapping[str, str], **told) -> None:
    """A figure with n, interval, as-of, caution, its query, the rows behind it, one sentence and a table. See `proof`."""
    with st.container(key=_key("chart", measure, told)):
        st.plotly_chart(figure, alt=told["alt"], theme=None, config=charts.CONFIG, key=_key("figure", measure, told))
        proof(measure, frame, params, **told)


def embed(source: str, measure: str, frame: pd.DataFrame, params: Mapping[str, str], **told) -> None:
    """A map document with the same proof as a chart."""
    with st.container(key=_key("map", measure, told)):
        st.iframe(source, height=MAP_HEIGHT, alt=told["alt"])
        proof(measure, frame, params, **told)


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
    """What stands under every chart.

    `n` counts `of` (requests, projects, ...); `rows` is the table behind it and the filter that finds its rows; `columns`
    are those of the table twin; `interval` says what bars or bands mean; `alt` names the chart for who cannot see it."""
    asked = data.question(measure)
    st.markdown(plain(sentence))
    facts = [f"n = {theme.number(n)} {of}", interval, f"as of {theme.day(frame['as_of'].iloc[0])}"]
    st.caption(plain(" · ".join(fact for fact in facts if fact) + f". {asked.caution}"))
    st.markdown(links(measure, params, rows))
    with st.expander(f"{asked.title}: the same as a table"):
        table(frame if twin is None else twin, columns, f"Table: {alt}")


def links(measure: str, params: Mapping[str, str], rows: tuple[str, Mapping[str, str]] | None = None) -> str:
    """Where a number comes from, as links into the hub."""
    found = [f"[Show the query]({_url(measure, params)})"]
    if rows:
        found.append(f"[Rows behind this]({_url(*rows)})")
    return " · ".join([*found, f"[CSV]({_url(measure + '.csv', params)})"])


def headline(measure: str, interval: str) -> None:
    """A number of the hub's front page, with everything that must stand beside a number."""
    asked, row = data.question(measure), data.ask(measure).iloc[0]
    with st.container(border=True, height="stretch", key=_key("number", measure, {})):
        unit = str(row["unit"])
        value = row["note"] if pd.isna(row["value"]) else _with_unit(row["value"], unit)
        st.metric(plain(asked.title), value)
        span = "counted in full"
        if interval and not pd.isna(row["value"]):
            high = "not reached" if pd.isna(row["high"]) else _with_unit(row["high"], unit)
            span = f"{interval} {_with_unit(row['low'], '')} to {high}"
        st.caption(plain(asked.question))
        facts = (span, f"n = {theme.number(row['n'])}", row["period"], f"as of {theme.day(row['as_of'])}")
        st.caption(plain(" · ".join(fact for fact in facts if fact)))
        st.markdown(links(measure, {}))


def table(frame: pd.DataFrame, columns: Iterable[str], name: str) -> None:
    """Rows as people read them: units written out, words for codes. `name` is unlike that of any other table of the page."""
    shown = [column for column in columns if column in frame]
    headings = [HEADINGS.get(column, column) for column in shown]
    written = [[_written(column, value) for column, value in zip(shown, row, strict=True)] for row in frame[shown].itertuples(index=False)]
    if len(written) <= TABLE_ROWS:
        numeric = [_is_numeric(frame[column]) and column not in PLAIN_NUMBERS for column in shown]
        st.html(markup.table(name, headings, written, numeric))
    else:
        st.dataframe(pd.DataFrame(written, columns=headings), hide_index=True, alt=name, height=420)


def plain(text: str) -> str:
    """Text that Markdown shows as it is: no emphasis, link, formula, colour or picture can start in it."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", str(text))


def a_list(parts: list[str]) -> str:
    """'a, b and c'."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)


def _is_numeric(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values) or bool(values.isna().all())


def _written(column: str, value) -> str:
    if value is None or value != value or value == "":
        return theme.NOTHING if column != "note" else ""
    if column in WORDS:
        return WORDS[column].get(value, str(value))
    if column in SHARES and isinstance(value, float):
        return theme.share(value, 1)
    if column.endswith("_cents"):
        return theme.whole_dollars(value)
    if column in DATES:
        return theme.day(value)
    if column in PLAIN_NUMBERS or not isinstance(value, int | float):
        return str(value)
    return theme.number(value)


def _with_unit(value: float, unit: str) -> str:
    digits = 0 if float(value).is_integer() else 1
    return theme.number(value, digits) + (" %" if unit.startswith("%") else " days" if unit == "days" else "")


def _url(page: str, params: Mapping[str, str]) -> str:
    query = urlencode({name: value for name, value in params.items() if value != ""})
    return f"/city/{page}" + (f"?{query}" if query else "")


def _key(kind: str, measure: str, told: Mapping) -> str:
    """Different for each chart of a page, the same at each rerun."""
    return f"{kind}-{measure}-{crc32(told.get('alt', '').encode()):x}"
