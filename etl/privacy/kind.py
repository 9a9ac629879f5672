"""The kind of request decides its tier; its name is shown in tier A only, its group in all."""

import narwhals as nw
import pyarrow as pa
from narwhals import col, lit, when

from etl.privacy.place import name_number
from etl.privacy.text.others import has_number
from hub.policy import Policy


def add_tier(frame: nw.LazyFrame, engine, policy: Policy) -> nw.LazyFrame:
    """Add `tier` and the settled group as `group_no`. A kind that the policy does not name is withheld (X)."""
    frame = frame.with_columns(group_=col("service_group").fill_null(""), name_=col("service_name").fill_null(""))
    pairs = engine.arrow(frame.select("group_", "name_").unique()).to_pylist()
    rows = [{**pair, **_settled(pair["group_"], pair["name_"], policy)} for pair in sorted(pairs, key=str)]
    schema = pa.schema(
        [("group_", pa.string()), ("name_", pa.string()), ("tier", pa.string()), ("group_no", pa.int64())]
    )
    return frame.join(engine.given(pa.Table.from_pylist(rows, schema)), on=["group_", "name_"], how="left")


def _settled(group: str, name: str, policy: Policy) -> dict:
    return {"group_no": name_number(settled_group(group, name, policy)), "tier": tier_of(group, name, policy)}


def tier_of(group: str, name: str, policy: Policy) -> str:
    """What the policy says of the kind, else of its group. Tier A tells the name of a kind: one that is new since the
    policy was signed, or holds a telephone number or the like, and that it does not name, is withheld."""
    if name in policy.services:
        return policy.services[name]
    tier = policy.tiers.get(settled_group(group, name, policy), "X")
    is_new = policy.known is not None and name not in policy.known
    return "X" if tier == "A" and (is_new or has_number(name)) else tier


def settled_group(group: str, name: str, policy: Policy) -> str:
    """The group a kind is released under: by the policy, else the source's own, else the kind itself."""
    return policy.groups.get(name) or group or name or "Unnamed"


def hide_contacts(frame: nw.LazyFrame, engine) -> nw.LazyFrame:
    """An agency is told by its name, and not by what somebody wrote there about whom to call."""
    agencies = engine.arrow(frame.select("agency_responsible").unique())["agency_responsible"].drop_null().to_pylist()
    hidden = [agency for agency in agencies if has_number(agency)]
    shown = when(~col("agency_responsible").is_in(hidden or [""])).then(col("agency_responsible"))
    return frame.with_columns(agency_responsible=shown)


def hide_names(frame: nw.LazyFrame, hidden_before: frozenset[str]) -> nw.LazyFrame:
    """Service code and name in tier A only; the agency in B and C only where the group decides it, and never again
    for a group that was once released without (`hidden_before`): its rows would become finer."""
    others = frame.filter(col("tier") != "A")
    agencies = others.group_by("group_no").agg(agencies=col("agency_responsible").n_unique())
    frame = frame.join(agencies, on="group_no", how="left")
    again = col("service_group").is_in(sorted(hidden_before) or [""])
    shown, decided = col("tier") == "A", (col("agencies") == lit(1)) & ~again
    return frame.with_columns(
        service_code=when(shown).then(col("service_code")),
        service_name=when(shown).then(col("service_name")),
        agency_responsible=when(shown | decided).then(col("agency_responsible")),
    )


def without_agency(rows: nw.LazyFrame) -> nw.LazyFrame:
    """The groups of B and C that are released without their agency, as `service_group`."""
    return rows.filter(col("tier") != "A", col("agency_responsible").is_null()).select("service_group").unique()
