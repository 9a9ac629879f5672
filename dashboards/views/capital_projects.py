"""What the city builds: plan and spending by phase, where, and every project in a table."""

from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from dashboards import charts, data, sentences, show, theme
from dashboards.words import PHASES

MONEY = ("budget_cents", "spent_cents", "spent_share")
NO_DISTRICT = "Citywide or unknown"
BY = {"phase": "phase", "department": "department", "district": "district"}


def render() -> None:
    look = show.look()
    show.title(
        "Capital projects", "What the city builds, how far it is, what is planned for it and what has been spent."
    )
    columns = st.columns(4)
    with columns[0]:
        by = show.choose_one("Compare by", "by", BY, words=BY)
    with columns[1]:
        phase = show.choose("Phase", "phase", data.options("phase"), words=PHASES)
    with columns[2]:
        department = show.choose("Department", "department", data.options("capital_department"))
    with columns[3]:
        district = show.choose("District", "district", data.options("capital_district"))
    chosen = {"phase": phase, "department": department, "district": district}
    frame = data.ask("capital_projects_table", **chosen)
    if frame.empty:
        show.stop("No project fits this choice. Try another phase, department or district.")
    _spent(look, chosen | {"by": by})
    _map(chosen, frame)
    _table(chosen, frame)
    _reconciled()


def _spent(look: theme.Theme, chosen: dict[str, str]) -> None:
    frame = data.ask("capital_by_phase", **chosen)
    show.heading(f"Planned and spent, by {BY[chosen['by']]}")
    shown = _in_order(frame) if chosen["by"] == "phase" else frame
    show.chart(
        charts.plan_and_spent(shown, look),
        "capital_by_phase",
        frame,
        chosen,
        alt=f"Bars: planned and spent, by {BY[chosen['by']]}",
        sentence=sentences.spent(frame),
        n=int(frame["projects"].sum()),
        of="projects",
        rows=("capital_projects", _filters(chosen)),
        columns=(chosen["by"], "projects", *MONEY, "unstated"),
        twin=shown.rename(columns={"label": chosen["by"]}),
    )


def _in_order(frame: pd.DataFrame) -> pd.DataFrame:
    """Phases as a project goes through them, in words."""
    order = [*PHASES]
    sorted_ = frame.sort_values(
        "label", key=lambda labels: labels.map(lambda label: order.index(label) if label in order else len(order))
    )
    return sorted_.assign(label=sorted_["label"].map(lambda label: PHASES.get(label, label)))


def _map(chosen: dict[str, str], frame: pd.DataFrame) -> None:
    placed = frame[
        frame["lat"].notna() & frame["long"].notna() & frame["place_precision"].isin(("site", "neighbourhood"))
    ]
    show.heading("Where it is built")
    if placed.empty:
        st.info("None of these projects states a place smaller than the city.")
        return
    show.embed(
        "/dashboards/maps/capital?" + urlencode({name: value for name, value in chosen.items() if value}),
        "capital_projects_table",
        frame,
        chosen,
        alt="Map: capital projects by phase",
        sentence=sentences.built(frame, placed),
        n=len(frame),
        of="projects",
        rows=("capital_projects", _filters(chosen)),
        columns=("name", "phase", "district", "neighbourhood", "place_precision"),
    )


def _table(chosen: dict[str, str], frame: pd.DataFrame) -> None:
    show.heading("All projects")
    show.listed(
        "capital_projects_table",
        frame,
        chosen,
        alt="All projects",
        n=len(frame),
        of="projects",
        rows=("capital_projects", _filters(chosen)),
        columns=("name", "department", "phase", "district", *MONEY, "start_date", "end_date"),
    )


def _reconciled() -> None:
    frame = data.ask("capital_reconciled")
    if frame.empty:
        return
    show.heading("Does it add up?")
    show.listed(
        "capital_reconciled",
        frame,
        {},
        alt="Sum of the projects beside the city's own total",
        n=int(frame["projects"].max()),
        of="projects",
        rows=("capital_totals", {}),
        columns=("measure", "note", "difference_cents", "amount_cents", "stated_cents", "projects", "stated_in"),
    )


def _filters(chosen: dict[str, str]) -> dict[str, str]:
    """What finds the rows in the table itself, where a district that is not known is null."""
    found = {name: value for name, value in chosen.items() if value and name != "by"}
    return found if found.get("district") != NO_DISTRICT else found | {"district": "", "district__isnull": "1"}
