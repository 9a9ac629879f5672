"""What every figure has in common: its frame, its axes, how it writes names and what it cannot show."""

from collections.abc import Iterable
from html import escape
from itertools import pairwise
from math import ceil, floor, log10
from textwrap import wrap

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from dashboards.theme import Theme, number, round_dollars

ROW, LINE = 34, 17  # pixels of one row of a bar chart at least, and of each line of its label
AXIS = 70  # pixels of a bar chart that are no row: its axis with its title, its margins, and air
MANY = 3  # rows that say the same instead of a mark; more of them make one row
DAYS = (0, 1, 3, 7, 14, 30, 90, 365, 1000, 3000, 10_000)  # of which a scale of times names those that it reaches
FEW = 8  # months that an axis would name more than once if it chose its own ticks
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


def rows(
    frame: pd.DataFrame,
    theme: Theme,
    *,
    label: str = "label",
    legend: bool = False,
    silent: pd.Series | None = None,
) -> go.Figure:
    """A chart with one line for each label, first label on top; `silent` ones have a note instead of a mark."""
    lines = names(frame[label])
    notes = [""] * len(lines) if silent is None else [_note(note) for note in frame["note"].where(silent, "")]
    tall = [1 + max(pair[0].count("<br>"), pair[1].count("<br>")) for pair in zip(lines, notes, strict=True)]
    row = max(ROW, *(LINE * (one + next_) // 2 + 6 for one, next_ in pairwise(tall)), LINE * max(tall, default=1))
    drawn = figure(theme, AXIS + row * len(lines), legend)
    drawn.update_xaxes(showgrid=True)
    order = {
        "type": "category",
        "categoryorder": "array",
        "categoryarray": lines[::-1],
        "range": [-0.6, len(lines) - 0.4],
    }
    drawn.update_yaxes(showgrid=False, **order)
    return drawn


def fold(frame: pd.DataFrame, is_told: pd.Series) -> pd.DataFrame:
    """Rows with a mark first; then the notes of the others, one row for more than MANY that say the same."""
    kept, labels = [*frame.index[is_told]], [*frame["label"][is_told]]
    for _, those in frame[~is_told].groupby("note", sort=False):
        first, *more = those["label"]
        shown = [f"{first} and {len(more)} more"] if len(more) >= MANY else [first, *more]
        kept += [*those.index[: len(shown)]]
        labels += shown
    return frame.loc[kept].assign(label=labels)


def along(days: pd.Series) -> pd.Series:
    """Where days stand on a scale whose steps grow, so that hours and years can be seen side by side."""
    return np.log1p(days.astype(float))


def times(figure: go.Figure, most: float) -> None:
    """The scale of `along`, up to `most` days."""
    ticks = [day for day in DAYS if day <= max(most, 1)]
    end = float(np.log1p(max(most, 1)))
    figure.update_xaxes(tickvals=[float(np.log1p(day)) for day in ticks], ticktext=[number(day) for day in ticks])
    figure.update_xaxes(title_text="days after the request was made", tickangle=0)
    figure.update_xaxes(range=[-0.02 * end, 1.05 * end])


def by_day(figure: go.Figure) -> go.Figure:
    """Days along the bottom, shares up the side."""
    figure.update_xaxes(title_text="days after the request was made", rangemode="tozero")
    figure.update_yaxes(range=[0, 100], ticksuffix=" %")
    return figure


def by_month(figure: go.Figure, days: pd.Series) -> None:
    """Months along the bottom; where there are few, each is named once, and between them nothing."""
    figure.update_xaxes(type="date", tickformat="%b\n%Y")
    if days.nunique() <= FEW:
        figure.update_xaxes(tickvals=sorted(days.unique()))


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
            text=_note(note),
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


def _note(words: str) -> str:
    return "<br>".join(safe(line) for line in wrap(str(words), NOTE))


def safe(text: str) -> str:
    """Plotly reads labels as HTML; a city's own words are text."""
    return escape(str(text), quote=False)


def pale(colour: str, opacity: float) -> str:
    """A colour that lets what is behind it through."""
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"
