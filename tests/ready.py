"""The ready cities as tests read them: their files, and what the pipeline makes of rows in their layouts."""

from functools import cache
from pathlib import Path

import duckdb
import pyarrow as pa

from etl.judging import judged
from etl.privacy.kind import settled_group
from etl.sources.page import Page
from hub.city import City, load_city
from hub.policy import Policy, load_policy
from hub.source import Source

FOLDER = Path(__file__).parents[1] / "etl" / "cities"
DATA = Path(__file__).parents[2] / "shared" / "data"
READY = sorted(path.stem for path in FOLDER.glob("*.yml"))


@cache
def city(slug: str) -> City:
    return load_city(FOLDER / f"{slug}.yml")


@cache
def policy(slug: str) -> Policy:
    return load_policy(city(slug))


def cells(row: str) -> dict[str, str]:
    """A row written as name=value|name=value."""
    return dict(cell.split("=", 1) for cell in row.split("|"))


def records(slug: str, source: str, *rows: dict[str, str]) -> list[dict]:
    """What the pipeline makes of rows in the city's layout."""
    return made_of(city(slug), city(slug).sources[source], *rows)


def made_of(city: City, source: Source, *rows: dict[str, str]) -> list[dict]:
    page = Page(pa.table({name: pa.array([row[name] for row in rows], pa.string()) for name in rows[0]}), 2)
    made = judged(duckdb.connect(), city, source, page).order("row_number")
    return [dict(zip(made.columns, row, strict=True)) for row in made.fetchall()]


def both(slug: str) -> list[Source]:
    """How a city's requests are read: by the first system, and by the second if there is one."""
    source = city(slug).sources["requests"]
    return [source, *([source.fallback] if source.fallback else [])]


def department(slug: str, made: dict) -> str | None:
    """As a release tells it: by agency, kind or settled group."""
    name = made["service_name"]
    return city(slug).department_of(
        made["agency_responsible"], name, settled_group(made["service_group"] or "", name, policy(slug))
    )


def tier(policy: Policy, group: str | None, name: str) -> str:
    """As the privacy rule settles it: the kind's own tier, else that of its group; what is named nowhere is X."""
    return policy.services.get(name) or policy.tiers.get(policy.groups.get(name) or group or name, "X")
