"""Tinytown: a made-up city of a few rows, for tests that want to see each of them.

    town = Town.found(tmp_path)                       # city.yml, a signed policy, two wards
    town.receive(request(1), request(2, kind="Rats"))  # what the city's system exports
    town.run()                                         # the real pipeline, in this process
    town.released("select * from service_requests")

Streets is tier A, Trash tier B (k 5), Housing tier C (k 11); the kind 'Secret' stands nowhere in the policy.
"""

import csv
import json
import shutil
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import h3
import pyarrow as pa
import yaml
from click.testing import CliRunner

from etl import run as etl_run
from etl.canonical import flags_of
from etl.judging import judged
from etl.release import Published
from etl.run import Pulled
from etl.sources.page import Page
from hub.city import City, load_city
from hub.cli import main
from hub.datasets import DATASETS
from hub.policy import Policy, digest_of, load_policy
from hub.releases import Release, current

BY = ("--by", "Ana Diaz, data officer")
ZONE = "America/New_York"
WEST, SOUTH, EAST, NORTH = BBOX = (-71.0, 43.0, -70.8, 43.2)
GROUPS = {"Pothole": "Streets", "Rats": "Trash", "No Heat": "Housing", "Secret": "Secrets"}
ABOUT = {"name": "Tinytown", "slug": "tinytown", "time_zone": ZONE, "bbox": list(BBOX)}
REQUESTS = {
    "location": "requests.csv",
    "as_of": "2024-07-01T00:00:00",
    "fields": {
        "service_request_id": "id",
        "service_name": "kind",
        "service_group": "group",
        "status_raw": "status",
        "requested_datetime": "opened",
        "closed_datetime": "closed",
        "expected_datetime": "due",
        "updated_datetime": "updated",
        "agency_responsible": "agency",
        "closure_note": "note",
        "description": "words",
    },
    "layout": {
        "statuses": {"Done": "closed", "Todo": "open"},
        "dispositions": [{"contains": "fixed", "is": "done"}, {"contains": "nothing", "is": "nothing_found"}],
    },
}
POLICY = {
    "dataset": "service_requests",
    "city": "tinytown",
    "version": 1,
    "signed": {"by": "Vera Quill, officer", "on": date(2024, 1, 2)},
    "review": date(2124, 1, 2),
    "benefit": "Residents see what their town was asked.",
    "harm": "A neighbour could learn who complained.",
    "k": {"B": 5, "C": 11},
    "ladders": {
        "A": ["h3_9/day", "h3_8/day", "h3_7/day", "neighbourhood/day", "city/day"],
        "B": ["h3_9/week", "h3_8/week", "h3_8/month", "h3_7/month", "neighbourhood/quarter", "city/quarter"],
        "C": ["h3_8/month", "h3_7/month", "neighbourhood/month", "neighbourhood/quarter", "city/quarter", "city/year"],
    },
    "tiers": {"Streets": "A", "Trash": "B", "Housing": "C"},
    "targets": {"Trash": 10, "Pothole": 7},
    "columns": list(DATASETS["service_requests"].table.names),
}
CELL = h3.latlng_to_cell(43.1, -70.95, 9)  # in the west ward
SISTERS = tuple(sorted(h3.cell_to_children(h3.cell_to_parent(CELL, 8), 9)))  # the seven cells of its H3-8 cell
FAR = h3.latlng_to_cell(43.1, -70.85, 9)  # in the east ward


def place(number: int, cell: str = CELL) -> tuple[str, str]:
    """The coordinates of the number-th house of a cell: up to a hundred houses, six metres apart."""
    lat, long = h3.cell_to_latlng(cell)
    return f"{lat + (number % 10 - 5) * 0.00005:.6f}", f"{long + (number // 10 % 10 - 5) * 0.00005:.6f}"


def request(number: int, kind: str = "Pothole", opened: str = "2024-03-05 09:00:00", **given: str) -> dict[str, str]:
    """One row of the city's export: request `number`, from a house of its own."""
    cell = given.pop("cell", CELL)
    lat, long = place(number, cell)
    row = {
        "id": str(number),
        "kind": kind,
        "group": GROUPS.get(kind, kind),
        "status": "Done" if given.get("closed") else "Todo",
        "opened": opened,
        "closed": "",
        "due": "",
        "updated": "",
        "lat": lat,
        "long": long,
        "address": f"{number} Elm Street",
        "agency": "DPW",
        "note": "",
        "words": "",
    }
    return row | given


def requests(numbers: Iterable[int], kind: str = "Pothole", **given: str) -> list[dict[str, str]]:
    return [request(number, kind, **given) for number in numbers]


def write_csv(path: Path, rows: Iterable[dict]) -> Path:
    rows = list(rows)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(name for row in rows for name in row)))
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_wards(path: Path) -> Path:
    middle = (WEST + EAST) / 2
    sides = {"West Ward": (WEST, middle), "East Ward": (middle, EAST)}
    features = [
        {
            "type": "Feature",
            "properties": {"name": name},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[a, SOUTH], [b, SOUTH], [b, NORTH], [a, NORTH], [a, SOUTH]]],
            },
        }
        for name, (a, b) in sides.items()
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


def merged(old: dict, new: dict) -> dict:
    """`new` over `old`, key by key; None takes a key away."""
    both = {
        key: merged(old[key], value) if isinstance(value, dict) and isinstance(old.get(key), dict) else value
        for key, value in new.items()
    }
    return {key: value for key, value in {**old, **both}.items() if value is not None}


@dataclass(frozen=True)
class Town:
    """A folder with a city.yml, a policy and the files of the city's systems; what the hub makes is in data/."""

    folder: Path

    @classmethod
    def found(cls, folder: Path, policy: dict | None = None, **requests_changes) -> "Town":
        town = cls(folder)
        folder.mkdir(parents=True, exist_ok=True)
        write_wards(folder / "wards.geojson")
        town.describe({"sources": {"requests": requests_changes}})
        town.decide(**(policy or {}))
        return town

    @classmethod
    def copy_of(cls, folder: Path, to: Path) -> "Town":
        """A town of one's own that stands where another does."""
        return cls(Path(shutil.copytree(folder, to, symlinks=True)))

    @property
    def yml(self) -> Path:
        return self.folder / "city.yml"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def city(self) -> City:
        return load_city(self.yml)

    @property
    def policy(self) -> Policy:
        return load_policy(self.city)

    @property
    def release(self) -> Release | None:
        return current(self.data)

    def describe(self, changes: dict) -> None:
        """Write city.yml with changes to what it says so far."""
        first = {"city": ABOUT, "sources": {"requests": REQUESTS, "boundaries": {"location": "wards.geojson"}}}
        said = yaml.safe_load(self.yml.read_text("utf-8")) if self.yml.exists() else first
        self.yml.write_text(yaml.safe_dump(merged(said, changes), sort_keys=False), "utf-8")

    def on(self, day: str) -> "Town":
        """Set the time of the data: the first minute of that day."""
        self.describe({"sources": {"requests": {"as_of": f"{day}T00:00:00"}}})
        return self

    def decide(self, **changes) -> None:
        """Write the policy with changes to what it says so far, signed a day later than before."""
        path = self.folder / "policies" / "service_requests.yml"
        path.parent.mkdir(exist_ok=True)
        said = yaml.safe_load(path.read_text("utf-8")) if path.exists() else POLICY
        before = said.get("signed") or {}
        said = merged(said, changes)
        if signed := said.get("signed"):
            again = path.exists() and signed["on"] == before.get("on")
            said["signed"] = signed | {
                "on": signed["on"] + timedelta(1) if again else signed["on"],
                "of": digest_of(said),
            }
        path.write_text(yaml.safe_dump(said, sort_keys=False), "utf-8")

    def command(self, verb: str, *words: str | Path) -> "Said":
        """`cityglass verb …` for this town."""
        return cityglass(verb, "--city", self.yml, "--data", self.data, *words)

    def review(self, *words: str) -> "Said":
        """What waits for a decision, and what is decided."""
        return self.command("privacy", "review", *words)

    def receive(self, *rows: dict, name: str = "requests.csv") -> Path:
        return write_csv(self.folder / name, rows)

    def run(self, **given) -> tuple[list[Pulled], Published]:
        return etl_run.run(self.city, self.data, **given)

    def pull(self, **given) -> list[Pulled]:
        return etl_run.pull_only(self.city, self.data, **given)

    def publish(self, **given) -> Published:
        return etl_run.publish_only(self.city, self.data, **given)

    def released(self, sql: str = "select * from service_requests order by id", *values) -> list[dict]:
        return ask(self.release.db, sql, *values)

    def vault(self, sql: str, *values) -> list[tuple]:
        with closing(duckdb.connect(str(self.data / "private" / "vault.duckdb"))) as con:
            return con.execute(sql, list(values)).fetchall()

    def completeness(self, dataset: str = "service_requests") -> dict:
        return self.released("select * from completeness where dataset = ?", dataset)[0]

    def records(self, *rows: dict, source: str = "requests") -> list[dict]:
        """What rows of a source become, without storing them; in the order of the rows."""
        given, header = self.city.sources[source], list(rows[0])
        page = pa.table({name: pa.array([row.get(name) or None for row in rows], pa.string()) for name in header})
        with closing(duckdb.connect()) as con:
            con.execute("set timezone = 'UTC'")
            made = judged(con, self.city, given, Page(page, 2)).order("row_number")
            rows = [dict(zip(made.columns, row, strict=True)) for row in made.fetchall()]
            return [row | {"flags": "".join(f"{word};" for word in flags_of(row["flags"]))} for row in rows]


def ask(db: Path, sql: str, *values) -> list[dict]:
    with closing(sqlite3.connect(f"file:{db}?mode=ro&immutable=1", uri=True)) as con:
        con.row_factory = sqlite3.Row
        return [dict(row) for row in con.execute(sql, values)]


def instant(local: str, zone: str = ZONE) -> int:
    """UTC seconds of a local time."""
    return int(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).timestamp())


def day(start: str, later: int) -> str:
    return str(date.fromisoformat(start) + timedelta(later))


@dataclass(frozen=True)
class Said:
    """What the command said: its exit code, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict:
        return json.loads(self.out)


def cityglass(*words: str | Path) -> Said:
    """Run the command in this process. An error that it does not explain is raised here."""
    done = CliRunner().invoke(main, [str(word) for word in words])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return Said(done.exit_code, done.stdout, done.stderr)
