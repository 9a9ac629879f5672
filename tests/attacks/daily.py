"""Release after release by the real code: the vault, `gather` and `freeze`, without the files that nobody attacks here.

town = founded(folder, world)       # pulled once, with all that will ever be reported
release(town, date(2024, 6, 3)).rows    # what is told on that day of what is known by then
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pyarrow as pa

from etl import contents
from etl.engine import keyed_id
from etl.privacy import time
from etl.vault import Vault, open_vault
from hub.releases import Release
from tests.attacks.made import POLICY, Report, World
from tests.town import Town, cityglass, instant

K = {"B": 5, "C": 11}
SHOWN = ("completeness", "quality_reasons", "places", "area_counts", "month_counts", "durations", "on_time", "backlog")
SHOWN += ("agg_received",)
COLUMNS = "id integer primary key, status text, duration_hours integer, duration_days integer"


@dataclass(frozen=True)
class Told:
    """What one release tells: the day of its data, its requests, and the rows of its other tables."""

    day: date
    rows: list[dict]
    tables: dict[str, list[dict]]

    def classes(self) -> dict[tuple, list[dict]]:
        """The classes of B and C: (tier, group, place, bucket, grain) -> rows."""
        found: dict[tuple, list[dict]] = {}
        for row in self.rows:
            if row["tier"] != "A":
                found.setdefault(class_of(row), []).append(row)
        return found


def class_of(row: dict) -> tuple:
    return tuple(row[name] for name in ("tier", "service_group", "place_id", "requested_bucket", "requested_grain"))


def founded(folder, world: World, **policy) -> Town:
    """A town whose vault has read the whole world, and keeps it in a table beside the records."""
    town = Town.found(folder, POLICY | policy).on("2026-07-01")
    town.receive(*(report.row for report in world.reports))
    town.pull()
    with open_vault(town.data) as vault:
        vault.con.register("given", _stays(world.reports))
        vault.con.execute("create table stays as select * from given")
        vault.con.execute("create table world as select * from records_service_requests")
        vault.con.unregister("given")
    return town


def real(folder, city: Path, *reads: str) -> Town:
    """A ready city whose vault has read real files; each report arrives on the day on which it was opened."""
    town = Town(folder)
    town.yml.write_bytes(city.read_bytes())
    assert cityglass("pull", "--city", town.yml, "--data", town.data, *reads).code == 0
    with open_vault(town.data) as vault:
        vault.con.execute(
            """create table stays as select key, strftime(date '1970-01-01' + requested_day::integer, '%Y-%m-%d') as arrives,
            '9999' as leaves, null::bigint as first, null::bigint as first_day, null::bigint as again
            from records_service_requests"""
        )
        vault.con.execute("create table world as select * from records_service_requests")
    return town


def _stays(reports: Iterable[Report]) -> pa.Table:
    lines = [
        {
            "key": r.id,
            "arrives": r.arrives.isoformat(),
            "leaves": r.leaves.isoformat(),
            "first": instant(f"{r.first}") if r.first else None,
            "first_day": time.number(r.first.date()) if r.first else None,
            "again": instant(f"{r.again}") if r.again else None,
        }
        for r in reports
    ]
    return pa.Table.from_pylist(lines)


def release(town: Town, day: date, is_kept: bool = True) -> Told:
    """Release what is known on the morning of `day`; if it is not kept, the next one knows nothing of it."""
    with open_vault(town.data) as vault:
        _turn_to(vault, day)
        made = contents.gather(vault, town.city, town.policy, town.data, _before(town))
        rows = made.requests(lambda batch: None).read_all().to_pylist()
        told = Told(time.day_of(made.today), rows, {name: made.small[name].to_pylist() for name in SHOWN})
        if is_kept:
            made.freeze(vault, day.isoformat())
            _keep(town, made, rows)
    return told


def releases(town: Town, days: Iterable[date]) -> Iterator[Told]:
    for day in days:
        yield release(town, day)


def _turn_to(vault: Vault, day: date) -> None:
    """Let the vault know what the city's system says on the morning of `day`."""
    as_of = instant(f"{day} 00:00:00")
    ended, paused = f"closed_datetime < {as_of}", f"(stays.first < {as_of} and stays.again >= {as_of})"
    kept = ", ".join(
        f"case when {paused} then {first} when {ended} then {name} end as {name}"
        for name, first in (("closed_datetime", "first"), ("closed_day", "first_day"), ("disposition", "disposition"))
    )
    vault.con.execute("delete from records_service_requests")
    vault.con.execute(
        f"""insert into records_service_requests select world.* replace (
        case when {paused} then 'closed' when {ended} then status else 'open' end as status, leaves < ? as deleted_upstream, {kept})
        from world join stays using (key) where arrives < ?""",
        [day.isoformat(), day.isoformat()],
    )
    vault.con.execute(
        """insert into closings select source, key, 1, stays.first, stays.first_day, disposition, true
        from world join stays using (key) where arrives < ? and again < ? and key not in (select key from closings)""",
        [day.isoformat(), as_of],
    )
    vault.set("as_of:requests", str(as_of))


def _before(town: Town) -> Release | None:
    found = Release(town.folder / "before")
    return found if found.db.is_file() else None


def _keep(town: Town, made: contents.Contents, rows: list[dict]) -> None:
    """As much of the release as the next one looks at."""
    path = town.folder / "before"
    path.mkdir(exist_ok=True)
    (path / "manifest.json").write_text(json.dumps({"day": made.today, "grid_day": made.grid}), "utf-8")
    with closing(sqlite3.connect(path / "city.db")) as con, con:
        con.execute("drop table if exists service_requests")
        con.execute(f"create table service_requests({COLUMNS})")
        names = ("id", "status", "duration_hours", "duration_days")
        con.executemany("insert into service_requests values (?, ?, ?, ?)", [[row[n] for n in names] for row in rows])


def truth(town: Town, world: World) -> dict[int, Report]:
    """Row id -> the report behind it, which only the test knows: the key never leaves the city."""
    key = (town.data / "private" / "keys" / "release.key").read_bytes()
    return {keyed_id(key, "requests", report.id)[0]: report for report in world.reports}
