"""What the city decided to spend and collect: nested areas, change from year to year, and whether it adds up."""

import pandas as pd
import streamlit as st

from dashboards import charts, data, show, theme
from dashboards.words import STAGES

DIRECTIONS = {"expense": "Spending", "revenue": "Income"}


def render() -> None:
    look = data.colours()
    show.title("Budget", "What the city plans to spend and collect, down to the program, and whether its parts add up to its totals.")
    columns = st.columns(3)
    with columns[0]:
        year = show.choose("Fiscal year", "fiscal_year", data.options("fiscal_year"), every=False)
    with columns[1]:
        direction = show.choose("Spending or income", "direction", DIRECTIONS, words=DIRECTIONS, every=False)
    offered = data.stages(year, direction)
    if not offered:
        show.stop(f"There is no {DIRECTIONS[direction].lower()} in the budget of {year}.")
    with columns[2]:
        stage = show.choose("Stage", "stage", offered, words=STAGES, every=False)
    chosen = {"fiscal_year": year, "stage": stage, "direction": direction}
    _tree(look, chosen)
    _change(look, chosen)
    _reconciled(chosen)


def _tree(look: theme.Theme, chosen: dict[str, str]) -> None:
    frame = data.ask("budget_tree", **chosen)
    total, lines = int(frame["amount_cents"].sum()), int(frame["lines"].sum())
    show.heading(f"{DIRECTIONS[chosen['direction']]} {chosen['fiscal_year']}, {STAGES.get(chosen['stage'], chosen['stage']).lower()}")
    show.chart(
        charts.tree(frame, look),
        "budget_tree",
        frame,
        chosen,
        alt="Nested areas: amounts by cabinet, department and program",
        sentence=_total(frame, total),
        n=lines,
        of="budget lines",
        interval="choose an area to look inside it",
        rows=("budget_lines", chosen),
        columns=("cabinet", "department", "program", "amount_cents"),
    )


def _total(frame: pd.DataFrame, total: int) -> str:
    parts = frame.groupby("department")["amount_cents"].sum().sort_values(ascending=False)
    words = f"{theme.dollars(total)} in all; the largest department is {parts.index[0]}, with {theme.dollars(parts.iloc[0])}."
    below = int(frame["amount_cents"][frame["amount_cents"] < 0].sum())
    return words + (f" {theme.dollars(below)} is set against that and cannot be drawn as an area." if below else "")


def _change(look: theme.Theme, chosen: dict[str, str]) -> None:
    earlier = [year for year in data.options("fiscal_year") if int(year) < int(chosen["fiscal_year"])]
    offered = [(year, stage) for year in earlier for stage in data.stages(year, chosen["direction"])]
    offered = [pair for pair in offered if pair[1] == chosen["stage"]] or offered
    if not offered:
        return
    year, stage = offered[0]
    params = chosen | {"before_year": year, "before_stage": stage}
    frame = data.ask("budget_change", **params)
    before = f"{STAGES.get(stage, stage).lower()} budget of {year}"
    show.heading(f"Change from the {before}")
    show.chart(
        charts.changes(frame, look),
        "budget_change",
        frame,
        params,
        alt="Bars: change of each department's amount",
        sentence=_moved(frame, before),
        n=len(frame),
        of="departments",
        rows=("budget_lines", chosen),
        columns=("department", "before_cents", "amount_cents", "change_cents", "change_share", "note"),
    )


def _moved(frame: pd.DataFrame, before: str) -> str:
    now, then = int(frame["amount_cents"].sum()), int(frame["before_cents"].sum())
    word = "more" if now >= then else "less"
    by = f", {theme.share(abs(now - then) / then, 1)}" if then > 0 else ""
    return f"{theme.dollars(now)} is {theme.dollars(abs(now - then))} {word} than the {before}{by}; amounts are not corrected for inflation."


def _reconciled(chosen: dict[str, str]) -> None:
    show.heading("Does it add up?")
    params = {"fiscal_year": "", "stage": "", "direction": chosen["direction"]}
    frame = data.ask("budget_reconciled", **params)
    columns = ("fiscal_year", "stage", "lines", "amount_cents", "stated_cents", "difference_cents", "stated_in", "note")
    show.table(frame, columns, "Sum of the lines beside the city's own total")
    asked = data.question("budget_reconciled")
    st.caption(show.plain(f"n = {theme.number(frame['lines'].sum())} budget lines · as of {theme.day(frame['as_of'].iloc[0])} · {asked.caution}"))
    st.markdown(show.links("budget_reconciled", params, ("budget_totals", {})))
