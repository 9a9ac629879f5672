"""What the city decided to spend and collect: nested areas, change from year to year, and whether it adds up."""

import streamlit as st

from dashboards import charts, data, sentences, show, theme
from dashboards.words import STAGES

RECONCILED = tuple("fiscal_year stage note difference_cents amount_cents stated_cents lines stated_in".split())
DIRECTIONS = {"expense": "Spending", "revenue": "Income"}


def render() -> None:
    look = show.look()
    show.title(
        "Budget",
        "What the city plans to spend and collect, down to the program, and whether its parts add up to its totals.",
    )
    columns = st.columns(3)
    with columns[0]:
        year = show.choose_one("Fiscal year", "fiscal_year", data.options("fiscal_year"))
    with columns[1]:
        direction = show.choose_one("Spending or income", "direction", DIRECTIONS, words=DIRECTIONS)
    offered = data.stages(year, direction)
    if not offered:
        show.stop(f"There is no {DIRECTIONS[direction].lower()} in the budget of {year}.")
    with columns[2]:
        stage = show.choose_one("Stage", "stage", offered, words=STAGES)
    chosen = {"fiscal_year": year, "stage": stage, "direction": direction}
    _tree(look, chosen)
    _change(look, chosen)
    _reconciled(chosen)


def _tree(look: theme.Theme, chosen: dict[str, str]) -> None:
    frame = data.ask("budget_tree", **chosen)
    show.heading(f"{DIRECTIONS[chosen['direction']]} {chosen['fiscal_year']}, {sentences.stage(chosen['stage'])}")
    show.chart(
        charts.tree(frame, look),
        "budget_tree",
        frame,
        chosen,
        alt="Nested areas: amounts by cabinet, department and program",
        sentence=sentences.budget(frame),
        n=int(frame["lines"].sum()),
        of="budget lines",
        interval="choose an area to look inside it",
        rows=("budget_lines", chosen),
        columns=("cabinet", "department", "program", "amount_cents"),
    )


def _change(look: theme.Theme, chosen: dict[str, str]) -> None:
    earlier = [year for year in data.options("fiscal_year") if int(year) < int(chosen["fiscal_year"])]
    offered = [(year, stage) for year in earlier for stage in data.stages(year, chosen["direction"])]
    offered = [pair for pair in offered if pair[1] == chosen["stage"]] or offered
    if not offered:
        return
    year, stage = offered[0]
    params = chosen | {"before_year": year, "before_stage": stage}
    frame = data.ask("budget_change", **params)
    before = f"{sentences.stage(stage)} budget of {year}"
    show.heading(f"Change from the {before}")
    show.chart(
        charts.changes(frame, look),
        "budget_change",
        frame,
        params,
        alt="Bars: change of each department's amount",
        sentence=sentences.change(frame, before),
        n=len(frame),
        of="departments",
        interval=f"drawn are the {charts.MOST} largest changes" if len(frame) > charts.MOST + 1 else "",
        rows=("budget_lines", chosen),
        columns=("department", "before_cents", "amount_cents", "change_cents", "change_share", "note"),
    )


def _reconciled(chosen: dict[str, str]) -> None:
    show.heading("Does it add up?")
    params = {"fiscal_year": "", "stage": "", "direction": chosen["direction"]}
    frame = data.ask("budget_reconciled", **params)
    show.listed(
        "budget_reconciled",
        frame,
        params,
        alt="Sum of the lines beside the city's own total",
        n=int(frame["lines"].sum()),
        of="budget lines",
        rows=("budget_totals", {"direction": chosen["direction"]}),
        columns=RECONCILED,
    )
