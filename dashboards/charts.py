"""Answers of measures as figures: a table in, a plotly figure out. Nothing here asks for data or draws a page."""

import pandas as pd
import plotly.graph_objects as go

from dashboards import plot
from dashboards.theme import Theme, dollars, ink_on, number, share
from dashboards.words import AGES, AREA_NAMES, OUTCOME_NAMES
from hub.brand import mix

TREE_SHADES = (0.04, 1.0, 0.16, 0.1)  # of the whole, its branches, their parts, the parts of these
FIRST_DAYS = 365  # a curve is drawn for the first year; its table goes on
MONTH = pd.Timedelta(days=30)
BAR = 0.8 * 28 * 86_400_000  # milliseconds: how wide the bar of a month is
MOST = 15  # changes that are drawn one by one, the largest


def months(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """month, n → a bar for each month; pale where it may still grow."""
    told = frame.dropna(subset=["month"])
    pale, full = mix(theme["primary"], theme["background"], 0.4), theme["primary"]
    figure = plot.figure(theme, 300)
    figure.update_yaxes(title_text="requests", tickformat=",")
    figure.add_bar(
        x=told["month"] + "-01",
        y=told["n"],
        width=BAR,
        marker_color=[pale if note else full for note in told["note"]],
        hovertemplate="%{x|%B %Y}: %{y:,}<extra></extra>",
    )
    first = pd.to_datetime(told["month"] + "-01")
    plot.by_month(figure, told["month"] + "-01")
    if 0 < first.nunique() < plot.FEW:
        beside = (plot.FEW * MONTH - (first.max() - first.min())) / 2
        figure.update_xaxes(range=[first.min() - beside, first.max() + beside])
    return figure


def rungs(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """measure ('rung level/grain'), value → a bar for each rung of the ladder, finest first."""
    named = frame["measure"].str.removeprefix("rung ").str.partition("/")
    lines = frame.assign(
        label=[f"{AREA_NAMES[level]}, {grain}" for level, grain in zip(named[0], named[2], strict=True)]
    )
    figure = plot.rows(lines, theme)
    figure.add_bar(
        x=lines["value"],
        y=plot.names(lines["label"]),
        orientation="h",
        marker_color=theme["primary"],
        hovertemplate="%{y}: %{x:.1%}<extra></extra>",
    )
    ticks = [0, 25, 50, 75, 100]
    figure.update_xaxes(tickvals=[tick / 100 for tick in ticks], ticktext=[f"{tick} %" for tick in ticks])
    figure.update_xaxes(range=[0, 1.04], title_text="share of the rows")
    return figure


def open_by_month(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """month_end, open → a line above zero; a month that is not over is drawn at the day of the data."""
    figure = plot.figure(theme, 300)
    figure.add_scatter(
        x=frame[["month_end", "as_of"]].min(axis=1),
        y=frame["open"],
        mode="lines",
        fill="tozeroy",
        line={"color": theme["primary"], "width": 2.5},
        fillcolor=plot.pale(theme["primary"], 0.14),
        hovertemplate="%{x|%d %b %Y}: %{y:,} open<extra></extra>",
    )
    plot.by_month(figure, frame[["month_end", "as_of"]].min(axis=1))
    figure.update_yaxes(title_text="open requests", rangemode="tozero", tickformat=",")
    return figure


def flow_by_month(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """month_end, opened, closed → two lines over the months that are over."""
    frame = frame[frame["month_end"] <= frame["as_of"]]
    figure = plot.figure(theme, 280, legend=True)
    lines = (("opened", "Opened", theme["accent"], "solid"), ("closed", "Closed", theme["primary"], "dot"))
    for column, name, colour, dash in lines:
        figure.add_scatter(
            x=frame["month_end"],
            y=frame[column],
            mode="lines",
            name=name,
            line={"color": colour, "width": 2.5, "dash": dash},
            hovertemplate=f"%{{x|%B %Y}}: %{{y:,}} {name.lower()}<extra></extra>",
        )
    plot.by_month(figure, frame["month_end"])
    figure.update_yaxes(title_text="requests", rangemode="tozero", tickformat=",")
    return figure


def times(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """label, median and p90 with their bounds → a dot and a diamond on each line, or why there is none."""
    frame = plot.fold(frame, frame["median_days"].notna() | frame["p90_days"].notna())
    silent = frame["median_days"].isna() & frame["p90_days"].isna()
    figure = plot.rows(frame, theme, legend=True, silent=silent)
    kinds = (
        ("median", "half closed", "circle", theme["primary"]),
        ("p90", "nine in ten closed", "diamond", theme["accent"]),
    )
    for name, words, symbol, colour in kinds:
        middle, low, high = (frame[f"{name}_{part}"] for part in ("days", "low", "high"))
        told = middle.notna()
        figure.add_scatter(
            x=plot.along(middle[told]),
            y=plot.names(frame["label"][told]),
            mode="markers",
            name=words,
            marker={"symbol": symbol, "size": 11, "color": colour},
            error_x=plot.bars(*(plot.along(part[told]) for part in (middle, low, high)), colour),
            customdata=[
                f"{number(day)} (95 % interval {number(a)}–{'not reached' if pd.isna(b) else number(b)})"
                for day, a, b in zip(middle[told], low[told], high[told], strict=True)
            ],
            hovertemplate=f"%{{y}}: {words} by day %{{customdata}}<extra></extra>",
        )
    plot.say(figure, frame, silent, theme)
    ends = frame[["median_days", "median_high", "p90_days", "p90_high"]].max().max()
    plot.times(figure, 1 if pd.isna(ends) else ends)
    return figure


def shares(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """label, share, low, high, note → a dot with its interval on each line, or the note."""
    frame = plot.fold(frame, frame["share"].notna())
    told = frame["share"].notna()
    figure = plot.rows(frame, theme, silent=~told)
    some = frame[told]
    figure.add_scatter(
        x=100 * some["share"],
        y=plot.names(some["label"]),
        mode="markers",
        marker={"size": 11, "color": theme["primary"]},
        error_x=plot.bars(100 * some["share"], 100 * some["low"], 100 * some["high"], theme["primary"]),
        customdata=[f"{share(row.low, 1)}–{share(row.high, 1)} of {row.due:,} due" for row in some.itertuples()],
        hovertemplate="%{y}: %{x:.1f} % (95 % interval %{customdata})<extra></extra>",
    )
    plot.say(figure, frame, ~told, theme)
    ticks = [0, 25, 50, 75, 100]
    figure.update_xaxes(range=[0, 104], tickvals=ticks, ticktext=[f"{tick} %" for tick in ticks])
    figure.update_xaxes(title_text="of the requests due")
    return figure


def curve(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """day, still_open, low, high → the share still open as steps, in its 95 % band."""
    seen = frame[frame["day"] <= FIRST_DAYS]
    first = pd.DataFrame({"day": [0], "still_open": [1.0], "low": [1.0], "high": [1.0]})
    steps = first if seen.empty else seen if seen["day"].iloc[0] == 0 else pd.concat([first, seen])
    band = steps.dropna(subset=["low", "high"])
    figure = plot.figure(theme, 320)
    step = {"mode": "lines", "line": {"width": 0, "shape": "hv"}, "hoverinfo": "skip"}
    figure.add_scatter(x=band["day"], y=100 * band["high"], **step)
    fill = {"fill": "tonexty", "fillcolor": plot.pale(theme["primary"], 0.2)}
    figure.add_scatter(x=band["day"], y=100 * band["low"], **fill, **step)
    figure.add_scatter(
        x=steps["day"],
        y=100 * steps["still_open"],
        mode="lines",
        line={"color": theme["primary"], "width": 2.5, "shape": "hv"},
        hovertemplate="day %{x}: %{y:.1f} % still open<extra></extra>",
    )
    return plot.by_day(figure)


def outcomes(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """day and the seven shares → stacked steps that fill 100 %."""
    seen = frame[frame["day"] <= FIRST_DAYS]
    figure = plot.figure(theme, 360, legend=True)
    for name, colour in theme.outcomes.items():
        figure.add_scatter(
            x=seen["day"],
            y=100 * seen[name],
            mode="lines",
            stackgroup="all",
            name=OUTCOME_NAMES[name],
            line={"width": 1, "color": theme["background"], "shape": "hv"},
            fillcolor=colour,
            hovertemplate=f"day %{{x}}: %{{y:.1f}} % {OUTCOME_NAMES[name]}<extra></extra>",
        )
    figure.update_layout(legend_traceorder="normal")
    return plot.by_day(figure)


def ages(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """label and open requests by age → stacked lines, old ones dark."""
    figure = plot.rows(frame, theme, legend=True)
    for (column, words), colour in zip(AGES.items(), theme.ramp, strict=True):
        figure.add_bar(
            x=frame[column],
            y=plot.names(frame["label"]),
            orientation="h",
            name=words,
            marker={"color": colour, "line": {"color": theme["background"], "width": 1}},
            hovertemplate=f"%{{y}}: %{{x:,}} open for {words}<extra></extra>",
        )
    figure.update_layout(barmode="stack", legend_traceorder="normal")
    figure.update_xaxes(title_text="open requests", tickformat=",")
    return figure


def tree(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """cabinet, department, program, amount_cents → nested areas; amounts below zero cannot be drawn."""
    positive = frame[frame["amount_cents"] > 0]
    nodes = _nodes(positive, ("cabinet", "department", "program"))
    fills = [mix(theme["primary"], theme["background"], TREE_SHADES[node["depth"]]) for node in nodes]
    figure = plot.figure(theme, 520)
    figure.add_treemap(
        ids=[node["id"] for node in nodes],
        parents=[node["parent"] for node in nodes],
        labels=[plot.safe(node["label"]) for node in nodes],
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
    figure.update_layout(margin={"l": 0, "r": 0, "t": 24, "b": 0}, uniformtext={"minsize": 11, "mode": "hide"})
    return figure


def changes(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """department, change_cents → a bar to the right for more, to the left for less; the largest, the rest as one."""
    frame = _largest(frame)
    figure = plot.rows(frame, theme, label="department")
    figure.add_bar(
        x=frame["change_cents"] / 100,
        y=plot.names(frame["department"]),
        orientation="h",
        marker_color=[theme["primary"] if change >= 0 else theme["accent"] for change in frame["change_cents"]],
        customdata=[f"{dollars(row.before_cents)} → {dollars(row.amount_cents)}" for row in frame.itertuples()],
        hovertemplate="%{y}: %{x:$,.0f} (%{customdata})<extra></extra>",
    )
    figure.update_xaxes(zeroline=True, zerolinecolor=theme["text"])
    plot.money(figure, frame["change_cents"])
    return figure


def plan_and_spent(frame: pd.DataFrame, theme: Theme) -> go.Figure:
    """label, budget_cents, spent_cents → what is spent inside what is planned."""
    figure = plot.rows(frame, theme, legend=True)
    for column, words, colour, width in (
        ("budget_cents", "planned", mix(theme["primary"], theme["background"], 0.3), 0.74),
        ("spent_cents", "spent", theme["primary"], 0.36),
    ):
        figure.add_bar(
            x=frame[column] / 100,
            y=plot.names(frame["label"]),
            orientation="h",
            name=words,
            width=width,
            marker_color=colour,
            customdata=[dollars(cents) for cents in frame[column]],
            hovertemplate=f"%{{y}}: %{{customdata}} {words}<extra></extra>",
        )
    figure.update_layout(barmode="overlay")
    plot.money(figure, frame["budget_cents"], frame["spent_cents"].fillna(0))
    return figure


def _largest(frame: pd.DataFrame) -> pd.DataFrame:
    """The MOST largest changes, from the most added to the most taken away, and one line for all others."""
    frame = frame.sort_values("change_cents", ascending=False)
    if len(frame) <= MOST + 1:
        return frame
    is_large = frame.index.isin(frame["change_cents"].abs().nlargest(MOST).index)
    rest = frame[~is_large]
    sums = rest[["before_cents", "amount_cents", "change_cents"]].sum()
    others = pd.DataFrame([{"department": f"{len(rest)} others together", **sums}])
    return pd.concat([frame[is_large][others.columns], others], ignore_index=True)


def _nodes(frame: pd.DataFrame, levels: tuple[str, ...]) -> list[dict]:
    """Every node of the tree with its sum, root first; children's sums are their parent's, to the cent."""
    nodes = [{"id": "all", "parent": "", "label": "All", "amount": int(frame["amount_cents"].sum()), "depth": 0}]
    for depth in range(1, len(levels) + 1):
        for path, amount in frame.groupby([*levels[:depth]], sort=True)["amount_cents"].sum().items():
            path = path if isinstance(path, tuple) else (path,)
            above = "/".join(("all", *path[:-1]))
            node = {"id": f"{above}/{path[-1]}", "parent": above, "label": path[-1]}
            nodes.append(node | {"amount": int(amount), "depth": depth})
    return nodes
