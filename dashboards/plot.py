"""What every figure has in common: its frame, its axes, how it writes names and what it cannot show."""

from collections.abc import Iterable
from html import escape
from math import ceil, floor, log10
from textwrap import wrap

import pandas as pd
import plotly.graph_objects as go

from dashboards.theme import Theme, round_dollars

ROW = 34  # pixels of one line of a bar chart
LABEL, NOTE = 20, 28  # characters before a label or a note wraps
CONFIG = {
    "displaylogo": False,
    "modeBarButtons": [["toImage"]],
    "toImageButtonOptions": {"format": "png", "scale": 2},
    "responsive": True,
}


def figure(theme: Theme, height: int, legend: bool = False) -> go.Figure:
    """An empty figure in the city's colours; a legend adds to its height."""
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
            "legend": {"orientation": "h", "y": 1.01, "yanchor": "bottom", "x": 0, "itemclick": False},
            "hoverlabel": {"bgcolor": theme["text"], "font": {"color": theme["background"]}, "align": "left"},
            "separators": ".,",
        }
    )


def rows(frame: pd.DataFrame, theme: Theme, *, label: str = "label", legend: bool = False) -> go.Figure:
    """A chart with one line for each label, first label on top."""
    lines = names(frame[label])
    drawn = figure(theme, 40 + sum(max(ROW, 18 * (line.count("<br>") + 1) + 6) for line in lines), legend)
    drawn.update_xaxes(showgrid=True)
    order = {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": lines[::-1],
        "range": [-0.6, len(lines) - 0.4],
    }
    drawn.update_yaxes(showgrid=False, **order)
    return drawn


def by_day(figure: go.Figure) -> go.Figure:
    """Days along the bottom, shares up the side."""
    figure.update_xaxes(title_text="days after the request was made", rangemode="tozero")
    figure.update_yaxes(range=[0, 100], ticksuffix=" %")
    return figure


def money(figure: go.Figure, *cents: pd.Series) -> None:
    """A few round amounts along the axis."""
    low, high = min(0, *(part.min() for part in cents)) / 100, max(0, *(part.max() for part in cents)) / 100
    least = max((high - low) / 4, 1)
    size = 10 ** floor(log10(least))
    step = next(size * times for times in (1, 2, 5, 10) if size * times >= least)
    ticks = [step * i for i in range(floor(low / step), ceil(high / step) + 1)]
    figure.update_xaxes(tickvals=ticks, ticktext=[round_dollars(100 * tick) for tick in ticks], tickangle=0)


def say(figure: go.Figure, frame: pd.DataFrame, where: pd.Series, theme: Theme) -> None:
    """Write the note of each chosen line where its mark would stand."""
    for label, note in zip(frame["label"][where], frame["note"][where], strict=True):
        figure.add_annotation(
            x=0,
            y=names([label])[0],
            text="<br>".join(safe(line) for line in wrap(str(note), NOTE)),
            showarrow=False,
            align="left",
            xanchor="left",
            xref="paper",
            xshift=6,
            font={"color": theme["muted"], "size": 13},
        )


def bars(middle: pd.Series, low: pd.Series, high: pd.Series, colour: str) -> dict:
    """Error bars; where the upper end is not known none is drawn on that side."""
    ends = {"array": (high - middle).fillna(0), "arrayminus": (middle - low).fillna(0)}
    return {"type": "data", "symmetric": False, "color": colour, **ends}


def names(labels: Iterable[str]) -> list[str]:
    """Labels as axes show them: wrapped, and never read as HTML."""
    return ["<br>".join(safe(line) for line in wrap(str(label), LABEL)) or "–" for label in labels]


def safe(text: str) -> str:
    """Plotly reads labels as HTML; a city's own words are text."""
    return escape(str(text), quote=False)


def pale(colour: str, opacity: float) -> str:
    """A colour that lets what is behind it through."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
