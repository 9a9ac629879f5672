"""A small but complete release of a made-up city, written without the etl: for tests of the hub and the dashboards.

    release = make(tmp_path / "data")          # data/public/releases/<id>/ and data/public/current
    make(tmp_path / "data", seed=2)            # a second one beside it, which becomes the current one

Counts in durations, on_time, backlog and completeness follow from the rows of service_requests.
"""

import base64
import csv
import gzip
import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import h3
import pyarrow.parquet
from sqlite_utils import Database

from hub import metadata
from hub.city import City, load_city
from hub.datasets import tables, views
from hub.datasets.service_requests import COUNTS
from hub.outcomes import DISPOSITIONS, OUTCOMES
from hub.public_ids import id_of
from hub.questions import measures, queries
from hub.releases import Release, folder, make_current
from hub.schema import SQLITE

CITY = load_city(Path(__file__).parents[1] / "city.yml")
AS_OF = date(2025, 6, 30)  # a Monday, so the weekly grid ends on it too
FIRST = date(2023, 1, 1)
WARDS = {"Ward 1": (43.66, -70.90), "Ward 2": (43.68, -70.84), "Ward 3": (43.63, -70.88), "Ward 4": (43.70, -70.80)}
# group: (tier, department, target in days or None, middle of the days to close, kinds)
GROUPS = {
    "Street Maintenance": ("A", "Public Works", 14, 9, (("PH", "Pothole"), ("SL", "Street Light Out"))),
    "Trash and Recycling": ("A", "Public Works", 3, 2, (("MP", "Missed Pickup"), ("ID", "Illegal Dumping"))),
    "Trees": ("A", "Public Good", 90, 60, (("TP", "Tree Pruning"),)),
    "Housing": ("B", "Public Good", 30, 25, ((None, None),)),
    "Noise": ("B", "Public Safety", None, 1, ((None, None),)),
    "People in Need": ("C", "Public Good", None, 7, ((None, None),)),
}
GRAINS = {"A": "day", "B": "month", "C": "quarter"}
ENDINGS = ("done",) * 12 + ("enforced", "nothing_found", "duplicate", "referred", "noted", "administrative", "unknown")
KEPT_BACK = {"waiting": 9, "withheld": 4, "quarantined": 3, "erased": 1, "deleted_upstream": 2}
PROGRAMS = {"Public Works": ("Roads", "Waste"), "Public Good": ("Parks", "Health"), "Public Safety": ("Fire", "Ports")}
PHASES = ("planned", "design", "construction", "complete", "ongoing")
RIGHTS = "You may share and adapt this story if you credit its teller."
LICENCE = "https://creativecommons.org/licenses/by/4.0/"
# title, byline, text, precision of the place, first and last year
STORIES = (
    (
        "The bakery on Mill Street",
        "Rosa Alvarez",
        "We opened at four, and the street smelled of bread.",
        "exact",
        1968,
        1979,
    ),
    ("The flood came up the steps", "A neighbour", "The river stood in the kitchen.", "block", 1987, 1987),
    ("Dancing at the union hall", "Teo Park", "Every Saturday the floor was swept.", "neighbourhood", 1954, 1961),
    ("How the garden began", "Miller Street Garden", "Nine families, one hose.", "neighbourhood", 1996, 2004),
    ("My first bus driver", None, "He waited for us when we were late.", "city", 1972, 1980),
    ("La tienda de mi abuela", "Luz Ortega", "Vendía de todo, y fiaba a medio barrio.", "none", 1975, 1990),
)


def make(data: Path, *, seed: int = 1, requests: int = 600, city: City = CITY) -> Release:
    """Write a release under `data` and make it the current one. The same seed gives the same rows."""
    path = folder(data) / f"20250630T2359{seed % 60:02d}Z-{hashlib.sha256(str(seed).encode()).hexdigest()[:8]}"
    path.mkdir(parents=True)
    rows = write_database(path / "city.db", _rows(Random(seed), requests, path.name))
    (path / "maps").mkdir()
    _write_downloads(path / "downloads", rows)
    (path / "metadata.yml").write_text(metadata.dump(city, release=path.name), "utf-8")
    for name, body in {
        "audit.json": {"release": path.name, "checks": rows["_privacy_audit"]},
        "datapackage.json": {"name": city.slug, "resources": [{"name": name} for name in rows]},
    }.items():
        (path / name).write_text(json.dumps(body), "utf-8")
    (path / "manifest.json").write_text(json.dumps(_manifest(path, rows, seed)), "utf-8")
    make_current(data, Release(path))
    return Release(path)


def _dicts(columns: str, rows: Iterable[tuple]) -> list[dict]:
    return [dict(zip(columns.split(), row, strict=True)) for row in rows]


def _rows(random: Random, requests: int, release_id: str) -> dict[str, list[dict]]:
    """Every table's rows that are not counted from other tables, by table name."""
    asked = [_request(random, number) for number in range(requests)]
    told = {
        "service_requests": [{key: value for key, value in row.items() if key[0] != "_"} for row in asked],
        "budget": (lines := _budget(random)),
        "capital_projects": (projects := _projects(random)),
        "stories": (stories := _stories()),
    }
    return {
        "service_requests": told["service_requests"],
        "places": [*{row["_place"]["id"]: row["_place"] for row in asked}.values()],
        "categories": _categories(),
        "dispositions": _dicts("code outcome meaning", ((code, *about) for code, about in DISPOSITIONS.items())),
        "durations": _durations(asked),
        "on_time": _on_time(asked),
        "backlog": _backlog(asked),
        "budget_lines": lines,
        "budget_totals": _budget_totals(lines),
        "capital_projects": projects,
        "capital_totals": [_capital_total(projects, "budget"), _capital_total(projects, "spent")],
        "stories": stories,
        "story_subjects": [
            {"story_id": story["story_id"], "subject": subject}
            for story in stories
            for subject in ("neighbours", "work")
        ],
        "completeness": [_completeness(name, len(rows)) for name, rows in told.items()],
        "quality_reasons": _dicts(
            "dataset kind reason rows",
            (
                ("service_requests", "quarantined", "closed before it was opened", 3),
                ("service_requests", "withheld", "fewer than 11 people could have made it", 4),
                ("service_requests", "waiting", "its period has not closed", 9),
                ("service_requests", "flagged", "geocoder's default point set aside", 5),
            ),
        ),
        "sources": _dicts(
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
        "releases": _dicts(
            "id as_of as_of_date grid_date code_version policy_hash key_version epoch previous",
            [(release_id, _instant(AS_OF), str(AS_OF), str(AS_OF), "0.1.0", "0" * 16, 1, 1, None)],
        ),
        "measures": _dicts(
            "name title question unit caution sql",
            ((q.name, q.title, q.question, q.unit, q.caution, q.sql) for q in (measures() | queries()).values()),
        ),
        "dictionary": _dicts(
            "table_name column_name type unit meaning",
            ((t.name, c.name, str(c.type), c.unit, c.help) for t in tables() for c in t.columns),
        ),
        "_privacy_audit": _dicts(
            "check_name bound value is_passed n", [("smallest class in tier B", ">= 5", "6", 1, requests)]
        ),
    }


def _request(random: Random, number: int) -> dict:
    """One released request, with what the counts need under names that begin with '_'."""
    group = random.choices([*GROUPS], (9, 8, 3, 4, 4, 2))[0]
    tier, department, target, middle, kinds = GROUPS[group]
    code, name = random.choice(kinds)
    opened = FIRST + timedelta(days=random.randrange((AS_OF - FIRST).days - 5))
    bucket, end = _bucket(opened, GRAINS[tier])
    days = int(random.lognormvariate(0, 1.1) * middle) if random.random() > 0.06 else 9999
    is_closed = end + timedelta(days=days) <= AS_OF
    watched = days if is_closed else max(0, (AS_OF - end).days)
    disposition = random.choice(ENDINGS) if is_closed else None
    place, district = _place(random, tier)
    public_id = base64.b32encode(hashlib.sha256(f"{number}-{random.random()}".encode()).digest()[:10]).decode().lower()
    return {
        "id": id_of(public_id),
        "public_id": public_id,
        "tier": tier,
        "service_group": group,
        "service_code": code,
        "service_name": name,
        "agency_responsible": department,
        "status": "closed" if is_closed else "open",
        "place_level": place["level"],
        "place_id": place["id"],
        "requested_bucket": str(bucket),
        "requested_grain": GRAINS[tier],
        "duration_hours": days * 24 + random.randrange(24) if is_closed and tier == "A" else None,
        "duration_days": days if is_closed and tier != "A" else None,
        "on_time": _kept(target, watched, is_closed),
        "disposition": disposition if tier != "C" else None,
        "late": int(random.random() < 0.02),
        "text": None,
        "photo": None,
        "_place": place,
        "_district": district,
        "_year": str(opened.year),
        "_watched": watched,
        "_outcome": DISPOSITIONS[disposition][0] if disposition else None,
        "_end": end,
        "_closed": end + timedelta(days=days) if is_closed else None,
    }


def _bucket(day: date, grain: str) -> tuple[date, date]:
    """First and last day of the period that a day is told in."""
    if grain == "day":
        return day, day
    first = day.replace(day=1) if grain == "month" else day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
    after = (first + timedelta(days=32 if grain == "month" else 93)).replace(day=1)
    return first, after - timedelta(days=1)


def _kept(target: int | None, watched: int, is_closed: bool) -> str:
    if target is None:
        return "none"
    return "missed" if watched > target else "met" if is_closed else "pending"


def _place(random: Random, tier: str) -> tuple[dict, str]:
    columns = "id level label district lat long"
    if tier == "C" or random.random() < 0.05:
        return _dicts(columns, [("city", "city", CITY.name, None, 43.67, -70.86)])[0], "Unlocated"
    ward, middle = random.choice([*WARDS.items()])
    resolution = 9 if tier == "A" else 8
    cell = h3.latlng_to_cell(*(degree + random.uniform(-0.006, 0.006) for degree in middle), resolution)
    lat, long = (round(degree, 5) for degree in h3.cell_to_latlng(cell))
    return _dicts(columns, [(cell, f"h3_{resolution}", f"{ward}, cell {cell[3:8]}", ward, lat, long)])[0], ward


def _categories() -> list[dict]:
    return _dicts(
        "service_group service_name tier k target_days department",
        (
            (group, name, tier, {"A": 1, "B": 5, "C": 11}[tier], target, department)
            for group, (tier, department, target, _, kinds) in GROUPS.items()
            for _, name in kinds
        ),
    )


def _durations(asked: list[dict]) -> list[dict]:
    keys = ("_district", "service_group", "service_name", "tier", "_year", "_watched")
    counted = Counter(tuple(row[key] for key in keys) for row in asked)
    ended = Counter((*(row[key] for key in keys), row["_outcome"]) for row in asked)
    return _dicts(
        f"district service_group service_name tier year day n {' '.join(OUTCOMES)}",
        ((*key, n, *(ended[*key, name] for name in OUTCOMES)) for key, n in sorted(counted.items(), key=str)),
    )


def _on_time(asked: list[dict]) -> list[dict]:
    keys = ("_district", "service_group", "service_name", "tier", "_year")
    columns = ("met_fixed", "met_other", "missed", "pending", "no_target")
    word = {"missed": "missed", "pending": "pending", "none": "no_target"}
    told = Counter(
        (
            *(row[key] for key in keys),
            word.get(row["on_time"]) or ("met_fixed" if row["_outcome"] == "fixed" else "met_other"),
        )
        for row in asked
    )
    cells = {key[:-1]: tuple(told[*key[:-1], column] for column in columns) for key in sorted(told, key=str)}
    return _dicts(
        f"district service_group service_name tier year n {' '.join(columns)} is_countable",
        ((*key, sum(counts), *counts, int(key[3] != "C")) for key, counts in cells.items()),
    )


def _backlog(asked: list[dict]) -> list[dict]:
    opened = Counter((_month_end(row["_end"]), row["_district"], row["service_group"]) for row in asked)
    closed = Counter(
        (_month_end(row["_closed"]), row["_district"], row["service_group"]) for row in asked if row["_closed"]
    )
    found, left = [], Counter()
    for month in sorted({month for month, *_ in (*opened, *closed) if month <= AS_OF}):
        for where in sorted({(row["_district"], row["service_group"]) for row in asked}):
            left[where] += opened[month, *where] - closed[month, *where]
            found.append((str(month), *where, opened[month, *where], closed[month, *where], left[where]))
    return _dicts("month_end district service_group opened closed open", found)


def _month_end(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _budget(random: Random) -> list[dict]:
    spending = [
        ("expense", year, stage, "Operations", department, program, category, random.randrange(20_000_000, 900_000_000))
        for department, names in PROGRAMS.items()
        for program in names
        for category in ("Personnel", "Contracts", "Equipment")
        for year in (2024, 2025)
        for stage in ("adopted", "actual")
    ]
    income = [
        (
            "revenue",
            year,
            "adopted",
            "General Fund",
            "Treasury",
            tax,
            "Taxes",
            random.randrange(900_000_000, 9_000_000_000),
        )
        for tax in ("Property Tax", "Excise")
        for year in (2024, 2025)
    ]
    columns = "line_id direction fiscal_year stage cabinet department program category amount_cents"
    return _dicts(columns, (("-".join(map(str, line[:-1])).lower(), *line) for line in spending + income))


def _budget_totals(lines: list[dict]) -> list[dict]:
    sums: dict[tuple, list[int]] = {}
    for line in lines:
        sums.setdefault((line["direction"], line["fiscal_year"], line["stage"]), []).append(line["amount_cents"])
    return _dicts(
        "direction fiscal_year stage lines amount_cents stated_cents difference_cents is_reconciled stated_in",
        ((*key, len(cents), sum(cents), sum(cents), 0, 1, "the summary table") for key, cents in sums.items()),
    )


def _projects(random: Random) -> list[dict]:
    found = []
    for number in range(40):
        ward, (lat, long) = random.choice([*WARDS.items()])
        planned = random.randrange(5_000_000, 500_000_000)
        start = date(2022, 1, 1) + timedelta(days=random.randrange(900))
        end = start + timedelta(days=random.randrange(200, 1500))
        name = f"{random.choice(('Bridge', 'Library', 'Playground', 'Sewer', 'School roof'))} {number}"
        about = (
            name,
            random.choice(("Public Works", "Public Good")),
            "Public Works",
            "Design and build.",
            "In progress",
        )
        money = (planned, int(planned * random.uniform(0, 1.3)))
        place = (lat, long, ward, "neighbourhood")
        found.append((f"CP-{number:03d}", *about, PHASES[number % 5], ward, *money, str(start), str(end), *place))
    return _dicts(
        "project_id name department manager scope status phase neighbourhood budget_cents spent_cents start_date"
        " end_date lat long district place_precision",
        found,
    )


def _capital_total(projects: list[dict], measure: str) -> dict:
    return {
        "measure": measure,
        "projects": len(projects),
        "amount_cents": sum(project[f"{measure}_cents"] for project in projects),
    }


def _stories() -> list[dict]:
    found = []
    for number, (title, byline, text, precision, start, end) in enumerate(STORIES):
        told = (
            f"{text}\n\nTold at the library.",
            "es" if "tienda" in title else "en",
            byline,
            f"2025-0{number + 1}-11",
        )
        point = (None, None) if precision == "none" else (43.66, -70.9)
        district = "Ward 1" if precision in ("exact", "block", "neighbourhood") else None
        terms = (RIGHTS, LICENCE, f"{byline or 'Anonymous'}, Larkhaven Story Archive", None)
        time = (f"{start} to {end}", start, end, "neighbours; work", "Mill Street")
        found.append((f"st-2025-{number:05d}", title, *told, *time, *point, precision, district, *terms))
    return _dicts(
        "story_id title body lang byline told_date era era_start era_end subjects place_label lat long place_precision"
        " district rights rights_uri credit_line media_url",
        found,
    )


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
        "tables": {name: len(found) for name, found in rows.items()},
        "files": {
            name: {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()} for name, body in files.items()
        },
    }


def _instant(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, 23, 59, tzinfo=ZoneInfo(CITY.time_zone)).timestamp())
