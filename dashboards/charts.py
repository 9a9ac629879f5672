"""Answers of measures as figures: a table in, a plotly figure out. Nothing here asks for data or draws a page."""

from collections.abc import Iterable
from html import escape
from math import ceil, floor, log10
from textwrap import wrap

import pandas as pd
import plotly.graph_objects as go

from dashboards.theme import Theme, dollars, ink_on, number, round_dollars, share
from dashboards.words import AGES, OUTCOME_NAMES
from hub.brand import mix

TREE_SHADES = (0.04, 1.0, 0.16, 0.1)  # of the whole, its branches, their parts, the parts of these
ROW = 34  # pixels of one line of a bar chart
LABEL, NOTE = 20, 28  # characters before a label or a note wraps
FIRST_DAYS = 365  # a curve is drawn for the first year; its table goes on
CONFIG = {
    "displaylogo": False,
    "modeBarButtons": [["toImage"]],
    "toImageButtonOptions": {"format": "png", "scale": 2},
    "responsive": True,
}


def months(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """month, n → a bar for each month; the month that is not over yet is pale."""
    told = frame.dropna(subset=["month"])
    last = told["as_of"].iloc[0][:7]
    pale, full = mix(theme["primary"], theme["background"], 0.4), theme["primary"]
    figure = _figure(theme, 300)
    figure.update_yaxes(tickformat=",")
    figure.add_bar(
        x=told["month"] + "-01",
        y=told["n"],
        marker_color=[pale if month == last else full for month in told["month"]],
        hovertemplate="%{x|%B %Y}: %{y:,}<extra></extra>",
    )
    figure.update_xaxes(type="date", tickformat="%b\n%Y")
    return figure


def open_by_month(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """month_end, open → a line above zero; a month that is not over is drawn at the day of the data."""
    figure = _figure(theme, 300)
    figure.add_scatter(
        x=frame[["month_end", "as_of"]].min(axis=1),
        y=frame["open"],
        mode="lines",
        fill="tozeroy",
        line={"color": theme["primary"], "width": 2.5},
        fillcolor=_pale(theme["primary"], 0.14),
        hovertemplate="%{x|%d %b %Y}: %{y:,} open<extra></extra>",
    )
    figure.update_xaxes(type="date", tickformat="%b\n%Y")
    figure.update_yaxes(rangemode="tozero", tickformat=",")
    return figure


def flow_by_month(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """month_end, opened, closed → two lines over the months that are over."""
    frame = frame[frame["month_end"] <= frame["as_of"]]
    figure = _figure(theme, 280, legend=True)
    for column, name, colour, dash in (("opened", "Opened", theme["accent"], "solid"), ("closed", "Closed", theme["primary"], "dot")):
        figure.add_scatter(
            x=frame["month_end"],
            y=frame[column],
            mode="lines",
            name=name,
            line={"color": colour, "width": 2.5, "dash": dash},
            hovertemplate=f"%{{x|%B %Y}}: %{{y:,}} {name.lower()}<extra></extra>",
        )
    figure.update_xaxes(type="date", tickformat="%b\n%Y")
    figure.update_yaxes(rangemode="tozero", tickformat=",")
    return figure


def times(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """label, median and p90 with their bounds → a dot and a diamond on each line; what is not reached is said in words."""
    figure = _rows(frame, theme, legend=True)
    kinds = (("median", "half closed", "circle", theme["primary"]), ("p90", "nine in ten closed", "diamond", theme["accent"]))
    for name, words, symbol, colour in kinds:
        middle, low, high = (frame[f"{name}_{part}"] for part in ("days", "low", "high"))
        told = middle.notna()
        figure.add_scatter(
            x=middle[told],
            y=_names(frame["label"][told]),
            mode="markers",
            name=words,
            marker={"symbol": symbol, "size": 11, "color": colour},
            error_x=_bars(middle[told], low[told], high[told], colour),
            customdata=[f"{number(a)}–{number(b) if b == b else 'not reached'}" for a, b in zip(low[told], high[told], strict=True)],
            hovertemplate=f"%{{y}}: {words} by day %{{x}} (95 % interval %{{customdata}})<extra></extra>",
        )
    _say(figure, frame, frame["median_days"].isna() & frame["p90_days"].isna(), theme)
    figure.update_xaxes(title_text="days", rangemode="tozero")
    return figure


def shares(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """label, share, low, high, note → a dot with its interval on each line, or the note."""
    figure = _rows(frame, theme)
    told = frame["share"].notna()
    some = frame[told]
    figure.add_scatter(
        x=100 * some["share"],
        y=_names(some["label"]),
        mode="markers",
        marker={"size": 11, "color": theme["primary"]},
        error_x=_bars(100 * some["share"], 100 * some["low"], 100 * some["high"], theme["primary"]),
        customdata=[f"{share(a, 1)}–{share(b, 1)} of {n:,} due" for a, b, n in zip(some["low"], some["high"], some["due"], strict=True)],
        hovertemplate="%{y}: %{x:.1f} % (95 % interval %{customdata})<extra></extra>",
    )
    _say(figure, frame, ~told, theme)
    figure.update_xaxes(range=[0, 100], ticksuffix=" %")
    return figure


def curve(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """day, still_open, low, high → the share still open as steps, in its 95 % band."""
    seen = frame[frame["day"] <= FIRST_DAYS]
    first = pd.DataFrame({"day": [0], "still_open": [1.0], "low": [1.0], "high": [1.0]})
    steps = first if seen.empty else seen if seen["day"].iloc[0] == 0 else pd.concat([first, seen])
    band = steps.dropna(subset=["low", "high"])
    figure = _figure(theme, 320)
    step = {"mode": "lines", "line": {"width": 0, "shape": "hv"}, "hoverinfo": "skip"}
    figure.add_scatter(x=band["day"], y=100 * band["high"], **step)
    figure.add_scatter(x=band["day"], y=100 * band["low"], fill="tonexty", fillcolor=_pale(theme["primary"], 0.2), **step)
    figure.add_scatter(
        x=steps["day"],
        y=100 * steps["still_open"],
        mode="lines",
        line={"color": theme["primary"], "width": 2.5, "shape": "hv"},
        hovertemplate="after %{x} days: %{y:.1f} % still open<extra></extra>",
    )
    return _by_day(figure)


def outcomes(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """day and the seven shares → stacked steps that fill 100 %."""
    seen = frame[frame["day"] <= FIRST_DAYS]
    figure = _figure(theme, 360, legend=True)
    for name, colour in theme.outcomes.items():
        figure.add_scatter(
            x=seen["day"],
            y=100 * seen[name],
            mode="lines",
            stackgroup="all",
            name=OUTCOME_NAMES[name],
            line={"width": 1, "color": theme["background"], "shape": "hv"},
            fillcolor=colour,
            hovertemplate=f"after %{{x}} days: %{{y:.1f}} % {OUTCOME_NAMES[name]}<extra></extra>",
        )
    figure.update_layout(legend_traceorder="normal")
    return _by_day(figure)


def ages(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """label and open requests by age → stacked lines, old ones dark."""
    figure = _rows(frame, theme, legend=True)
    for (column, words), colour in zip(AGES.items(), theme.ramp, strict=True):
        figure.add_bar(
            x=frame[column],
            y=_names(frame["label"]),
            orientation="h",
            name=words,
            marker={"color": colour, "line": {"color": theme["background"], "width": 1}},
            hovertemplate=f"%{{y}}: %{{x:,}} open for {words}<extra></extra>",
        )
    figure.update_layout(barmode="stack", legend_traceorder="normal")
    figure.update_xaxes(tickformat=",")
    return figure


def tree(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """cabinet, department, program, amount_cents → nested areas; amounts below zero cannot be drawn and are left out."""
    positive = frame[frame["amount_cents"] > 0]
    nodes = _nodes(positive, ("cabinet", "department", "program"))
    fills = [mix(theme["primary"], theme["background"], TREE_SHADES[node["depth"]]) for node in nodes]
    figure = _figure(theme, 520)
    figure.add_treemap(
        ids=[node["id"] for node in nodes],
        parents=[node["parent"] for node in nodes],
        labels=[_safe(node["label"]) for node in nodes],
        values=[node["amount"] for node in nodes],
        text=[dollars(node["amount"]) for node in nodes],
        textinfo="label+text",
        branchvalues="total",
        maxdepth=3,
        marker={"colors": fills, "line": {"color": theme["background"], "width": 1.5}},
        textfont={"color": [ink_on(fill, theme) for fill in fills], "size": 13},
        hovertemplate="%{label}: %{text}<br>%{percentRoot:.1%} of all<extra></extra>",
        pathbar={"visible": True, "textfont": {"color": theme["text"]}},
        tiling={"pad": 2},
    )
    figure.update_layout(margin={"l": 0, "r": 0, "t": 24, "b": 0})
    return figure


def changes(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """department, change_cents → a bar to the right for more, to the left for less."""
    figure = _rows(frame, theme, label="department")
    figure.add_bar(
        x=frame["change_cents"] / 100,
        y=_names(frame["department"]),
        orientation="h",
        marker_color=[theme["primary"] if change >= 0 else theme["accent"] for change in frame["change_cents"]],
        customdata=[f"{dollars(a)} → {dollars(b)}" for a, b in zip(frame["before_cents"], frame["amount_cents"], strict=True)],
        hovertemplate="%{y}: %{x:$,.0f} (%{customdata})<extra></extra>",
    )
    figure.update_xaxes(zeroline=True, zerolinecolor=theme["text"])
    _money(figure, frame["change_cents"])
    return figure


def plan_and_spent(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """label, budget_cents, spent_cents → what is spent inside what is planned."""
    figure = _rows(frame, theme, legend=True)
    for column, words, colour, width in (
        ("budget_cents", "planned", mix(theme["primary"], theme["background"], 0.3), 0.74),
        ("spent_cents", "spent", theme["primary"], 0.36),
    ):
        figure.add_bar(
            x=frame[column] / 100,
            y=_names(frame["label"]),
            orientation="h",
            name=words,
            width=width,
            marker_color=colour,
            customdata=[dollars(cents) for cents in frame[column]],
            hovertemplate=f"%{{y}}: %{{customdata}} {words}<extra></extra>",
        )
    figure.update_layout(barmode="overlay")
    _money(figure, frame["budget_cents"], frame["spent_cents"].fillna(0))
    return figure


def _figure(theme: Theme, height: int, legend: bool = False) -> go.Figure:
    axis = {
        "tickfont": {"color": theme["muted"]},
        "title": {"font": {"color": theme["muted"], "size": 13}, "standoff": 8},
        "gridcolor": theme["line"],
        "linecolor": theme["line"],
        "zeroline": False,
        "fixedrange": True,  # a finger on a chart scrolls the page
        "automargin": True,
    }
    return go.Figure(
        layout={
            "template": "none",
            "height": height + (44 if legend else 0),
            "margin": {"l": 8, "r": 16, "t": 44 if legend else 12, "b": 8},
            "font": {"family": "'Source Sans', sans-serif", "size": 14, "color": theme["text"]},
            "paper_bgcolor": theme["background"],
            "plot_bgcolor": theme["background"],
            "xaxis": axis | {"showgrid": False},
            "yaxis": axis,
            "showlegend": legend,
            "legend": {"orientation": "h", "y": 1.01, "yanchor": "bottom", "x": 0, "xanchor": "left", "itemclick": False},
            "hoverlabel": {"bgcolor": theme["text"], "font": {"color": theme["background"]}, "align": "left"},
            "separators": ".,",
        }
    )


def _rows(frame: pd.DataFrame, theme: Theme, *, label: str = "label", legend: bool = False) -> go.Figure:
    """A chart with one line for each label, first label on top."""
    names = _names(frame[label])
    height = 40 + sum(max(ROW, 18 * (name.count("<br>") + 1) + 6) for name in names)
    figure = _figure(theme, height, legend)
    figure.update_xaxes(showgrid=True)
    figure.update_yaxes(showgrid=False, categoryorder="array", categoryarray=names[::-1], range=[-0.6, len(names) - 0.4])
    return figure


def _by_day(figure: go.Figure) -> go.Figure:
    figure.update_xaxes(title_text="days after the request was made", rangemode="tozero")
    figure.update_yaxes(range=[0, 100], ticksuffix=" %")
    return figure


def _money(figure: go.Figure, *cents: pd.Series) -> None:
    """A few round amounts along the axis."""
    low, high = min(0, *(part.min() for part in cents)) / 100, max(0, *(part.max() for part in cents)) / 100
    least = max((high - low) / 4, 1)
    size = 10 ** floor(log10(least))
    step = next(size * times for times in (1, 2, 5, 10) if size * times >= least)
    ticks = [step * i for i in range(floor(low / step), ceil(high / step) + 1)]
    figure.update_xaxes(tickvals=ticks, ticktext=[round_dollars(100 * tick) for tick in ticks], tickangle=0)


def _say(figure: go.Figure, frame: pd.DataFrame, where: pd.Series, theme: Theme) -> None:
    for label, note in zip(frame["label"][where], frame["note"][where], strict=True):
        figure.add_annotation(
            x=0,
            y=_names([label])[0],
            text="<br>".join(_safe(line) for line in wrap(str(note), NOTE)),
            showarrow=False,
            align="left",
            xanchor="left",
            xref="paper",
            xshift=6,
            font={"color": theme["muted"], "size": 13},
        )


def _bars(middle: pd.Series, low: pd.Series, high: pd.Series, colour: str) -> dict:
    """Error bars; where the upper end is not known none is drawn on that side."""
    return {"type": "data", "symmetric": False, "array": (high - middle).fillna(0), "arrayminus": (middle - low).fillna(0), "color": colour}


def _nodes(frame: pd.DataFrame, levels: tuple[str, ...]) -> list[dict]:
    """Every node of the tree with its sum, root first; children's sums are their parent's, to the cent."""
    nodes = [{"id": "all", "parent": "", "label": "All", "amount": int(frame["amount_cents"].sum()), "depth": 0}]
    for depth in range(1, len(levels) + 1):
        for path, amount in frame.groupby([*levels[:depth]], sort=True)["amount_cents"].sum().items():
            path = path if isinstance(path, tuple) else (path,)
            above = "/".join(("all", *path[:-1]))
            nodes.append({"id": f"{above}/{path[-1]}", "parent": above, "label": path[-1], "amount": int(amount), "depth": depth})
    return nodes


def _names(labels: Iterable[str]) -> list[str]:
    return ["<br>".join(_safe(line) for line in wrap(str(label), LABEL)) or "–" for label in labels]


def _safe(text: str) -> str:
    """Plotly reads labels as HTML; a city's own words are text."""
    return escape(str(text), quote=False)


def _pale(colour: str, opacity: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
