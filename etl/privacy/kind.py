"""The kind of request decides its tier; its name is shown in tier A only, its group in all."""

import narwhals as nw
import pyarrow as pa
from narwhals import col, lit, when

from hub.policy import Policy


def add_tier(frame: nw.LazyFrame, engine, policy: Policy) -> nw.LazyFrame:
    """Add `tier` and settle `service_group`. A kind that the policy does not name is withheld (X)."""
    frame = frame.with_columns(group_=col("service_group").fill_null(""), name_=col("service_name").fill_null(""))
    pairs = engine.arrow(frame.select("group_", "name_").unique()).to_pylist()
    rows = [{**pair, **_settled(pair["group_"], pair["name_"], policy)} for pair in sorted(pairs, key=str)]
    schema = pa.schema([(name, pa.string()) for name in ("group_", "name_", "settled_group", "tier")])
    frame = frame.join(engine.given(pa.Table.from_pylist(rows, schema)), on=["group_", "name_"], how="left")
    return frame.with_columns(service_group=col("settled_group"))


def _settled(group: str, name: str, policy: Policy) -> dict:
    settled = policy.groups.get(name) or group or name or "Unnamed"
    return {"settled_group": settled, "tier": policy.services.get(name) or policy.tiers.get(settled, "X")}


def hide_names(frame: nw.LazyFrame) -> nw.LazyFrame:
    """Service code and name in tier A only; the agency in B and C only where the group decides it."""
    agencies = frame.filter(col("tier") != "A").group_by("service_group").agg(agencies=col("agency_responsible").n_unique())
    frame = frame.join(agencies, on="service_group", how="left")
    shown, decided = col("tier") == "A", col("agencies") == lit(1)
    return frame.with_columns(
        service_code=when(shown).then(col("service_code")),
        service_name=when(shown).then(col("service_name")),
        agency_responsible=when(shown | decided).then(col("agency_responsible")),
    )
