"""How easily a released row could be singled out, what was checked, and what is in no row."""

import pandas as pd
import streamlit as st

from dashboards import charts, data, sentences, show, theme
from dashboards.words import TIERS
from hub.risks import RISKS
from hub.writing import grouped

COUNTED = TIERS | {"X": "X, withheld kinds"}


def render() -> None:
    look = show.look()
    show.title("Privacy", "What this release tells of people, measured: the same figures as on the hub's privacy page.")
    _risk(look)
    _received()
    _checks()


def _risk(look: theme.Theme) -> None:
    show.heading("How easily could somebody be singled out?")
    tier = show.choose_one("Tier", "tier", [*TIERS], words=TIERS)
    frame = data.ask("privacy_risk", tier=tier)
    if frame.empty:
        st.info("Nothing of this tier is in this release.")
        return
    rungs = frame[frame["measure"].str.startswith("rung ")]
    show.chart(
        charts.rungs(rungs, look),
        "privacy_risk",
        frame,
        {"tier": tier},
        alt=f"Bars: how coarsely rows of tier {tier} are shown",
        sentence=sentences.singled_out(frame, tier),
        n=int(frame["n"].max()),
        of="rows",
        rows=("_privacy_risk", {"tier": tier}),
        columns=("term", "risk", "unit", "meaning"),
        twin=_written(frame),
    )


def _written(frame: pd.DataFrame) -> pd.DataFrame:
    """The figures as they are read: shares in percent, the rest as numbers."""
    shares = frame["unit"] == "share"
    words = [
        theme.share(value, 1) if share else theme.number(value, 0 if pd.isna(value) or value == round(value) else 2)
        for value, share in zip(frame["value"].astype(float), shares, strict=True)
    ]
    named = frame["measure"].map(lambda name: RISKS[name].term if name in RISKS else name.replace("_", " "))
    return frame.assign(risk=words, term=named)


def _received() -> None:
    show.heading("Everything received")
    columns = st.columns(3)
    with columns[0]:
        tier = show.choose_one("Tier counted", "counted", [*COUNTED], words=COUNTED)
    with columns[1]:
        group = show.choose("Service group", "service_group", data.options("service_group"))
    with columns[2]:
        district = show.choose("District", "district", data.options("received_district"))
    chosen = {"tier": tier, "service_group": group, "district": district}
    frame = data.ask("received_by_period", **chosen)
    if frame.empty:
        st.info("No period of this choice has been counted yet.")
        return
    show.listed(
        "received_by_period",
        frame,
        chosen,
        alt="Everything received, by period",
        n=int(frame["released"].sum()),
        of="released requests",
        rows=("agg_received", {"tier": tier}),
        columns=("period", "grain", "released", "not_released", "received", "note"),
    )


def _checks() -> None:
    show.heading("What was checked")
    frame = data.ask("privacy_checks")
    frame = frame.assign(check_name=frame["meaning"].where(frame["meaning"] != "", frame["check_name"]))
    frame = frame.assign(found=frame["found"].map(grouped), bound=frame["bound"].map(grouped))
    show.listed(
        "privacy_checks",
        frame,
        {},
        alt="Checks of this release",
        n=len(frame),
        of="checks",
        rows=("_privacy_audit", {}),
        columns=("check_name", "found", "bound", "attack"),
    )
