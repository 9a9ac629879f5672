"""The rows of each released table, made from what was anonymized, the policy and the city."""

from zoneinfo import ZoneInfo

import pyarrow as pa
from narwhals import col

from etl import rollups, third_parties
from etl.anonymize import Anonymized
from etl.generalise import Context, local_day
from etl.live import tellable
from etl.privacy import time as days
from etl.privacy.place import Areas, area_id
from etl.vault import Vault
from hub.city import City
from hub.datasets import tables as all_tables
from hub.outcomes import DISPOSITIONS
from hub.questions import measures
from hub.schema import Table, Type

ARROW = {
    Type.TEXT: pa.string(),
    Type.INTEGER: pa.int64(),
    Type.NUMBER: pa.float64(),
    Type.CENTS: pa.int64(),
    Type.DATE: pa.string(),
    Type.INSTANT: pa.int64(),
    Type.BOOLEAN: pa.int64(),
}

BUDGET_KEY = ("direction", "fiscal_year", "stage")
DOLLAR = 100


def schema_of(table: Table) -> pa.Schema:
    return pa.schema([(column.name, ARROW[column.type]) for column in table.columns])


def shaped(table: Table, rows: list[dict] | pa.Table) -> pa.Table:
    """The rows with exactly the table's columns, in its order and types; what is absent is null."""
    schema = schema_of(table)
    if isinstance(rows, list):
        return pa.Table.from_pylist(rows, schema)
    arrays = [
        rows[n].cast(schema.field(n).type) if n in rows.column_names else pa.nulls(len(rows), schema.field(n).type)
        for n in schema.names
    ]
    return pa.table(arrays, schema=schema)


def of_requests(done: Anonymized, at: Context) -> dict[str, list[dict] | pa.Table]:
    """places, categories, dispositions and the three rollups."""
    told = {tier: at.closed_until(tier) for tier in at.policy.ladders}
    return {
        "places": done.places,
        "categories": _categories(done, at),
        "dispositions": [
            {"code": code, "outcome": outcome, "meaning": meaning} for code, (outcome, meaning) in DISPOSITIONS.items()
        ],
        **rollups.of_requests(done.rows, at.engine, done.places, told, set(at.policy.targets)),
    }


def _categories(done: Anonymized, at: Context) -> list[dict]:
    kinds = at.engine.arrow(
        done.rows.group_by("service_group", "service_name", "tier").agg(agency=col("agency_responsible").max())
    ).to_pylist()
    rows = []
    for kind in sorted(kinds, key=lambda row: (row["service_group"], row["service_name"] or "", row["tier"])):
        target = at.policy.targets.get(kind["service_name"] or "", at.policy.targets.get(kind["service_group"]))
        department = at.city.department_of(kind["agency"], kind["service_name"], kind["service_group"])
        rows.append({**kind, "k": at.policy.k.get(kind["tier"]), "target_days": target, "department": department})
    return [{key: value for key, value in row.items() if key != "agency"} for row in rows]


def of_dataset(at: Context, name: str) -> dict[str, list[dict] | pa.Table]:
    """The tables of a dataset without small cells; rows whose text may name somebody wait for a person."""
    rows = third_parties.released(at.engine.con, name, tellable(at.engine, at.city, name))
    return OTHERS[name](rows, at)


def _budget(rows: pa.Table, at: Context) -> dict:
    groups: dict[tuple, list[int]] = {}
    for direction, year, stage, cents in zip(
        *(rows[c].to_pylist() for c in (*BUDGET_KEY, "amount_cents")), strict=True
    ):
        groups.setdefault((direction, year, stage), []).append(cents)
    stated = {
        tuple(of.get(key) for key in BUDGET_KEY): (cents, where) for of, cents, where in _stated(at.city, "budget")
    }
    totals = []
    for key in sorted(groups.keys() | stated.keys(), key=str):
        lines = groups.get(key, [])
        totals.append(
            dict(zip(BUDGET_KEY, key, strict=True)) | {"lines": len(lines)} | _compared(sum(lines), stated.get(key))
        )
    return {"budget_lines": rows, "budget_totals": totals}


def _stated(city: City, source: str) -> list[tuple[dict, int, str]]:
    layout = city.sources[source].layout if source in city.sources else {}
    return [(total["of"], total["cents"], total.get("stated_in", "")) for total in layout.get("totals", [])]


def _compared(cents: int, stated: tuple[int, str] | None) -> dict:
    """A sum beside the stated total; they agree if they differ by less than the dollar that totals are stated in."""
    if stated is None:
        return {
            "amount_cents": cents,
            "stated_cents": None,
            "difference_cents": None,
            "is_reconciled": None,
            "stated_in": None,
        }
    difference = cents - stated[0]
    found = {"stated_cents": stated[0], "difference_cents": difference, "stated_in": stated[1]}
    return {"amount_cents": cents, "is_reconciled": int(abs(difference) < DOLLAR), **found}


def _capital_projects(rows: pa.Table, at: Context) -> dict:
    projects = [{**row, **_project_place(row, at.areas)} for row in rows.to_pylist()]
    stated = {of["measure"]: (cents, where) for of, cents, where in _stated(at.city, "capital_projects")}
    totals = [
        {"measure": measure, "projects": len(projects)}
        | _compared(sum(p[f"{measure}_cents"] or 0 for p in projects), stated.get(measure))
        for measure in ("budget", "spent")
        if projects or measure in stated
    ]
    return {"capital_projects": projects, "capital_totals": totals}


def _project_place(row: dict, areas: Areas) -> dict:
    """A project's point is its site, else the middle of the neighbourhood that the city names, else none."""
    if row["lat"] is not None and row["long"] is not None:
        return {"district": areas.of_points([row["lat"]], [row["long"]])[0], "place_precision": "site"}
    named = area_id(row["neighbourhood"] or "")
    for name, area in zip(areas.names, areas.shapes, strict=True):
        if area_id(name) == named:
            point = area.representative_point()
            return {
                "district": name,
                "place_precision": "neighbourhood",
                "lat": round(point.y, 5),
                "long": round(point.x, 5),
            }
    citywide = named in ("n-citywide", "n-city-wide", "n-various", "n-various-neighborhoods")
    return {"district": None, "place_precision": "citywide" if citywide else "unknown"}


def _stories(rows: pa.Table, at: Context) -> dict:
    told = rows.to_pylist()
    districts = at.areas.of_points([row["lat"] or 0.0 for row in told], [row["long"] or 0.0 for row in told])
    for row, district in zip(told, districts, strict=True):
        row["district"] = district if row["place_precision"] in ("exact", "block", "neighbourhood") else None
    subjects = {(row["story_id"], s.strip()) for row in told for s in (row["subjects"] or "").split(";") if s.strip()}
    return {
        "stories": told,
        "story_subjects": [{"story_id": story, "subject": subject} for story, subject in sorted(subjects)],
    }


OTHERS = {"budget": _budget, "capital_projects": _capital_projects, "stories": _stories}


def about() -> dict[str, list[dict]]:
    """measures and the data dictionary."""
    return {
        "measures": [
            {name: getattr(m, name) for name in ("name", "title", "question", "unit", "caution", "sql")}
            for m in measures().values()
        ],
        "dictionary": [
            {"table_name": table.name, "column_name": c.name, "type": c.type.value, "unit": c.unit, "meaning": c.help}
            for table in all_tables()
            for c in table.columns
        ],
    }


def sources(vault: Vault, city: City, known: dict[str, int], counted: dict[str, int]) -> list[dict]:
    """One row per source that was read whole; `known`: up to when each tells. `counted` stands for the rows read of those
    that are counted weekly."""
    read = vault.rows(
        "select source, sum(rows_read + set_aside)::bigint, min(proven_by), max(ended) from readings group by 1 order by 1"
    )
    lines = [_source(city, known.get(line[0], 0), *line) for line in read]
    return [line | {"rows": counted.get(line["source"], line["rows"])} for line in lines]


def _source(city: City, as_of: int, name: str, rows: int, proven_by: str, read_at: int) -> dict:
    source = city.sources.get(name)
    return {
        "source": name,
        "dataset": source.dataset if source else name,
        "adapter": source.adapter if source else None,
        "as_of": as_of,
        "as_of_date": days.day_of(local_day(as_of, ZoneInfo(city.time_zone))).isoformat(),
        "read_at": read_at,
        "rows": rows,
        "proven_by": proven_by,
        "is_archive": int(bool(source and source.archive)),
    }
