"""A small but complete release of a made-up city, written without the etl: for tests of the hub and the dashboards.

    release = make(tmp_path / "data")          # data/public/releases/<id>/ and data/public/current
    make(tmp_path / "data", seed=2)            # a second one beside it, which becomes the current one

Counts in durations, on_time, backlog and completeness follow from the rows of service_requests.
"""

import csv
import gzip
import hashlib
import json
from datetime import date, datetime
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import pyarrow.parquet
from sqlite_utils import Database

from hub import checks, metadata
from hub.city import City
from hub.datasets import tables, views
from hub.datasets.service_requests import COUNTS
from hub.outcomes import DISPOSITIONS
from hub.questions import measures, queries
from hub.releases import Release, folder, make_current
from hub.schema import SQLITE
from tests import made_money as money
from tests.made_requests import AS_OF, CITY, backlog, categories, dicts, durations, on_time, received, request, risks

POLICY = {
    "hash": "0" * 16,
    "version": 1,
    "mode": "P",
    "review": "2026-06-30",
    "signed": "Vera Quill, officer, 2025-01-02",
}
KEPT_BACK = {"waiting": 9, "withheld": 4, "quarantined": 3, "erased": 1, "deleted_upstream": 2}


def make(data: Path, *, seed: int = 1, requests: int = 600, city: City = CITY) -> Release:
    """Write a release under `data` and make it the current one. The same seed gives the same rows."""
    path = folder(data) / f"20250630T2359{seed % 60:02d}Z-{hashlib.sha256(str(seed).encode()).hexdigest()[:8]}"
    path.mkdir(parents=True)
    rows = write_database(path / "city.db", _rows(Random(seed), requests, path.name))
    (path / "maps").mkdir()
    _write_downloads(path / "downloads", rows)
    (path / "metadata.yml").write_text(metadata.dump(city, release=path.name), "utf-8")
    for name, body in {
        "audit.json": {"release": path.name, "policy": POLICY, "findings": rows["_privacy_audit"]},
        "datapackage.json": {"name": city.slug, "resources": [{"name": name} for name in rows]},
    }.items():
        (path / name).write_text(json.dumps(body), "utf-8")
    (path / "manifest.json").write_text(json.dumps(_manifest(path, rows, seed)), "utf-8")
    make_current(data, Release(path))
    return Release(path)


def _rows(random: Random, requests: int, release_id: str) -> dict[str, list[dict]]:
    """Every table's rows that are not counted from other tables, by table name."""
    asked = [request(random, number) for number in range(requests)]
    told = {
        "service_requests": [{key: value for key, value in row.items() if key[0] != "_"} for row in asked],
        "budget": (lines := money.budget(random)),
        "capital_projects": (projects := money.projects(random)),
        "stories": (stories := money.stories()),
    }
    return {
        "service_requests": told["service_requests"],
        "places": [*{row["_place"]["id"]: row["_place"] for row in asked}.values()],
        "categories": categories(),
        "dispositions": dicts("code outcome meaning", ((code, *about) for code, about in DISPOSITIONS.items())),
        "durations": durations(asked),
        "on_time": on_time(asked),
        "backlog": backlog(asked),
        "budget_lines": lines,
        "budget_totals": money.budget_totals(lines),
        "capital_projects": projects,
        "capital_totals": [money.capital_total(projects, "budget"), money.capital_total(projects, "spent")],
        "stories": stories,
        "story_subjects": [
            {"story_id": story["story_id"], "subject": subject}
            for story in stories
            for subject in ("neighbours", "work")
        ],
        **_about(told, release_id),
        "agg_received": received(asked),
        "_privacy_risk": risks(asked),
        "_privacy_audit": _audit(requests),
    }


def _about(told: dict[str, list[dict]], release_id: str) -> dict[str, list[dict]]:
    """What the release tells of itself."""
    return {
        "completeness": [_completeness(name, len(rows)) for name, rows in told.items()],
        "quality_reasons": dicts(
            "dataset kind reason rows",
            (
                ("service_requests", "quarantined", "closed before it was opened", 3),
                ("service_requests", "withheld", "fewer than 11 people could have made it", 4),
                ("service_requests", "waiting", "its period has not closed", 9),
                ("service_requests", "flagged", "geocoder's default point set aside", 5),
            ),
        ),
        "sources": dicts(
            "source dataset adapter as_of as_of_date read_at rows proven_by is_archive",
            (
                (
                    name,
                    name,
                    "files",
                    _instant(AS_OF),
                    str(AS_OF),
                    _instant(AS_OF) + 900,
                    len(rows),
                    "read to the end",
                    0,
                )
                for name, rows in told.items()
            ),
        ),
        "releases": dicts(
            "id as_of as_of_date grid_date code_version policy_hash key_version epoch previous",
            [(release_id, _instant(AS_OF), str(AS_OF), str(AS_OF), "0.1.0", "0" * 16, 1, 1, None)],
        ),
        "measures": dicts(
            "name title question unit caution sql",
            ((q.name, q.title, q.question, q.unit, q.caution, q.sql) for q in (measures() | queries()).values()),
        ),
        "dictionary": dicts(
            "table_name column_name type unit meaning",
            ((t.name, c.name, str(c.type), c.unit, c.help) for t in tables() for c in t.columns),
        ),
    }


def _audit(requests: int) -> list[dict]:
    found = (
        ("rows_per_class_B", "at least 5", "6"),
        ("prosecutor_risk_C", "at most 1/11", "1/12"),
        ("integrity", "ok", "ok"),
    )
    return [
        {
            "check_name": name,
            **checks.told(name)._asdict(),
            "bound": bound,
            "value": value,
            "is_passed": 1,
            "n": requests,
            "policy_hash": "0" * 16,
            "code_version": "0.1.0",
            "key_version": 1,
            "epoch": 1,
            "previous": None,
            "erasures": 1,
            "text_layers": None,
            "canary_recall": None,
        }
        for name, bound, value in found
    ]


def _completeness(dataset: str, released: int) -> dict:
    kept = KEPT_BACK if dataset == "service_requests" else dict.fromkeys(KEPT_BACK, 0)
    read = released + sum(kept.values())
    return {"dataset": dataset, "rows_read": read + 6, "read": read, "released": released, **kept, "duplicates": 6}


def write_database(path: Path, rows: dict[str, list[dict]]) -> dict[str, list[dict]]:
    """The release's database; returns what every table of it holds."""
    db = Database(path)
    python = {"TEXT": str, "INTEGER": int, "REAL": float}
    with db.atomic():
        for table in tables():
            columns = {column.name: python[SQLITE[column.type]] for column in table.columns}
            db[table.name].create(columns, pk=table.key[0] if len(table.key) == 1 else table.key or None)
            db[table.name].insert_all(rows.get(table.name, []))
            for index in table.indexes:
                db[table.name].create_index(index)
            if table.search:
                db[table.name].enable_fts(table.search, tokenize="unicode61 remove_diacritics 2")
        for table in tables():
            for column in table.columns:
                if column.references:
                    db[table.name].add_foreign_key(column.name, *column.references.split("."))
        for name, counted in COUNTS.items():
            db.execute(f"insert into {name} {counted}")
        for view in views():
            db.create_view(view.name, view.sql)
    db.analyze()
    held = {table.name: list(db[table.name].rows) for table in tables()}
    db.close()
    return held


def _write_downloads(to: Path, rows: dict[str, list[dict]]) -> None:
    to.mkdir()
    for table in tables():
        if table.download:
            with gzip.open(to / f"{table.name}.csv.gz", "wt", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, table.names)
                writer.writeheader()
                writer.writerows(rows[table.name])
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows[table.name]), to / f"{table.name}.parquet")


def _manifest(path: Path, rows: dict[str, list[dict]], seed: int) -> dict:
    files = {str(file.relative_to(path)): file.read_bytes() for file in sorted(path.rglob("*")) if file.is_file()}
    return {
        "id": path.name,
        "as_of": _instant(AS_OF),
        "created": _instant(AS_OF) + 3600 + seed,
        "code_version": "0.1.0",
        "policy_hash": "0" * 16,
        "key_version": 1,
        "epoch": 1,
        "previous": None,
        "tables": {name: {"rows": len(found), "sha256": "0" * 64} for name, found in rows.items()},
        "files": {
            name: {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()} for name, body in files.items()
        },
    }


def _instant(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, 23, 59, tzinfo=ZoneInfo(CITY.time_zone)).timestamp())
