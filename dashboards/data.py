"""The one door to the release: questions in, tables out; read-only, remembered by release."""

import json
import os
import sqlite3
from contextlib import closing
from functools import lru_cache
from pathlib import Path

import pandas as pd

from dashboards import maps, theme
from hub.city import VIEWS
from hub.questions import Question, measures
from hub.releases import Release, current
from hub.sql_functions import register

# What a choice offers. Options are not numbers, so they are no measures.
OPTIONS = {
    "service_group": "select distinct service_group from categories where service_group is not null order by 1",
    "district": "select distinct district from durations order by district = 'Unlocated', 1",
    "year": "select distinct year from durations where year is not null order by 1 desc",
    "fiscal_year": "select distinct fiscal_year from budget_lines order by 1 desc",
    "budget_department": "select distinct department from budget_lines where department is not null order by 1",
    "phase": "select distinct coalesce(phase, 'unknown') from capital_projects order by 1",
    "capital_department": "select distinct department from capital_projects where department is not null order by 1",
    "capital_district": "select distinct coalesce(district, 'Citywide or unknown') from capital_projects order by 1",
    "received_district": "select distinct district from agg_received where district is not null order by 1",
    "subject": "select distinct subject from story_subjects order by 1",
}
FREE_TEXT = {"q", "story_id"}  # a visitor may write anything here, so answers are not remembered
STAGES = "select distinct stage from budget_lines where fiscal_year = ? and direction = ?"
STAGE_ORDER = ("adopted", "appropriation", "proposed", "actual")


def folder() -> Path:
    """Where the releases live; the environment says it, as for every process of the hub."""
    return Path(os.environ.get("CITYGLASS_DATA", "data"))


def release() -> Release | None:
    return current(folder())


def ask(measure: str, **params: str | int) -> pd.DataFrame:
    """The answer of a measure. Parameters left out or empty mean 'all'; one that it does not have is a TypeError."""
    if unknown := set(params) - set(question(measure).params):
        raise TypeError(f"{measure} has no parameter {', '.join(sorted(unknown))}")
    given = tuple((name, str(params.get(name, ""))) for name in question(measure).params)
    typed = any(value for name, value in given if name in FREE_TEXT)
    return (_answer.__wrapped__ if typed else _answer)(_current(), measure, given).copy()


def question(measure: str) -> Question:
    return measures()[measure]


def options(name: str) -> list[str]:
    """What may be chosen."""
    return [str(value) for value in _column(_current(), OPTIONS[name], ())]


def stages(fiscal_year: str, direction: str) -> list[str]:
    """The stages of one year's budget, the one that binds the city first."""
    found = _column(_current(), STAGES, (int(fiscal_year), direction))
    return sorted(
        found, key=lambda stage: (STAGE_ORDER.index(stage) if stage in STAGE_ORDER else len(STAGE_ORDER), stage)
    )


def has(table: str) -> bool:
    """Whether this release holds a table with rows."""
    try:
        return bool(_column(_current(), f'select 1 from "{table}" limit 1', ()))
    except sqlite3.OperationalError:
        return False


def views() -> tuple[str, ...]:
    """The dashboards that the city wants, in its order."""
    return _views(_current())


def colours() -> theme.Theme:
    return _theme(_current())


def areas() -> dict[str, maps.Polygons]:
    """The outlines of the city's districts or neighbourhoods by name; empty where it gives none."""
    return _areas(_current())


def map_file(name: str) -> Path | None:
    """A file of the release's maps/, or None where this city has none."""
    found = release()
    path = found.path / "maps" / name if found else None
    return path if path and path.is_file() else None


def _current() -> Release:
    found = release()
    if found is None:
        raise FileNotFoundError(f"no release under {folder() / 'public'}")
    return found


@lru_cache(maxsize=256)
def _answer(of: Release, measure: str, params: tuple[tuple[str, str], ...]) -> pd.DataFrame:
    with _open(of) as db:
        return pd.read_sql_query(question(measure).sql, db, params=dict(params))


@lru_cache(maxsize=128)
def _column(of: Release, sql: str, params: tuple) -> tuple:
    with _open(of) as db:
        return tuple(value for (value,) in db.execute(sql, params))


@lru_cache(maxsize=4)
def _views(of: Release) -> tuple[str, ...]:
    return tuple(theme.settings(of.metadata).get("views") or VIEWS)


@lru_cache(maxsize=4)
def _theme(of: Release) -> theme.Theme:
    return theme.read(of.metadata)


@lru_cache(maxsize=4)
def _areas(of: Release) -> dict[str, maps.Polygons]:
    path = of.path / "maps" / "areas.geojson"
    return maps.outlines(json.loads(path.read_text("utf-8"))) if path.is_file() else {}


def _open(of: Release) -> closing[sqlite3.Connection]:
    db = sqlite3.connect(f"{of.db.resolve().as_uri()}?mode=ro&immutable=1", uri=True, check_same_thread=False)
    register(db)
    return closing(db)
