"""Writes service requests the way two real platforms export them, and the truth about them beside."""

import csv
import gzip
import io
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from hub.sample.clock import american, instant, wall
from hub.sample.incidents import City
from hub.sample.oddities import SENTINEL, spoil
from hub.sample.rows import Clerk, Row
from hub.sample.scenario import NEW_SYSTEM
from hub.sample.streets import Address, addresses

# The old system: a table per year, dates as its wall clock showed them.
COLUMNS = """sr_number sr_type sr_short_code sr_group status created_date due_date closed_date last_modified_date
street_address zip_code ward latitude longitude owner_department origin comments resolution
reporter_name reporter_email reporter_phone""".split()
OLD_STATUS = {"open": "Open", "progress": "In Progress", "closed": "Completed", "cancelled": "Canceled",
              "dup_open": "Open - Dup", "dup_closed": "Completed - Dup"}  # fmt: skip
OLD_SENTINEL = "01/01/1900 12:00:00 AM"
# The new system: one layer of points, dates as milliseconds of UTC.
NEW_STATUS = {"open": "OPEN", "progress": "IN-PROGRESS", "closed": "CLOSED", "cancelled": "VOIDED",
              "dup_open": "DUPLICATE (OPENED)", "dup_closed": "DUPLICATE (CLOSED)"}  # fmt: skip
NEW_SENTINEL = 0


def make(requests: int, seed: int) -> dict[int, list[Row]]:
    """The rows of each yearly file, by kind and ward, which also packs better than by time."""
    city = City(addresses(), seed)
    files = spoil(Clerk(addresses(), city.people, seed).rows(city.reports(requests)), seed)
    return {year: sorted(rows, key=lambda row: (row.report.kind.code, row.ward)) for year, rows in files.items()}


def write_requests(folder: Path, requests: int, seed: int, truth: Path | None) -> None:
    files = make(requests, seed)
    names = {year: f"requests_{year}.{'csv' if year < NEW_SYSTEM else 'geojson'}.gz" for year in files}
    for year, rows in files.items():
        with packed(folder / names[year]) as file:
            (write_csv if year < NEW_SYSTEM else write_geojson)(file, rows)
    if truth:
        write_truth(truth, {names[year]: rows for year, rows in files.items()})


@contextmanager
def packed(path: Path) -> Iterator[TextIO]:
    """A gzip file without name and time in its head, so that the same text gives the same bytes."""
    with path.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as zipped:
        with io.TextIOWrapper(zipped, "utf-8", newline="") as text:
            yield text


def write_csv(file: TextIO, rows: Iterable[Row]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(map(old_cells, rows))


def old_cells(row: Row) -> list:
    kind = row.report.kind
    return [
        row.request_id, kind.name, kind.code, kind.group, OLD_STATUS.get(row.status, row.status),
        _shown(row.opened), OLD_SENTINEL if row.due == SENTINEL else "" if row.due is None else american(row.due),
        _shown(row.closed), _shown(row.modified), row.address, row.zip_code, row.ward,
        _number(row.lat), _number(row.long), kind.agency, row.channel, row.comments, row.resolution, *row.contact,
    ]  # fmt: skip


def _shown(when: int | str | None) -> str:
    if isinstance(when, int):
        return american(wall(when))
    return OLD_SENTINEL if when == SENTINEL else when or ""


def _number(value: float | None) -> str:
    return "" if value is None else str(value)


def write_geojson(file: TextIO, rows: Iterable[Row]) -> None:
    """One feature per line, so that a reader need not hold the whole."""
    file.write('{"type":"FeatureCollection","name":"ServiceRequests_2025","features":[\n')
    for number, row in enumerate(rows, 1):
        feature = json.dumps(new_feature(row, number), ensure_ascii=False, separators=(",", ":"))
        file.write(feature if number == 1 else f",\n{feature}")
    file.write("\n]}\n")


def new_feature(row: Row, number: int) -> dict:
    kind = row.report.kind
    properties = {
        "OBJECTID": number,
        "SERVICEREQUESTID": row.request_id or None,
        "SERVICECODE": kind.code,
        "SERVICECODEDESCRIPTION": kind.name,
        "SERVICETYPECODEDESCRIPTION": kind.group,
        "ORGANIZATIONACRONYM": kind.agency,
        "SERVICEORDERSTATUS": NEW_STATUS.get(row.status, row.status.upper()),
        "ADDDATE": _epoch(row.opened),
        "SERVICEDUEDATE": _epoch(instant(row.due) if isinstance(row.due, int) else row.due),
        "RESOLUTIONDATE": _epoch(row.closed),
        "STREETADDRESS": row.address or None,
        "LATITUDE": row.lat,
        "LONGITUDE": row.long,
        "WARD": row.ward,
        "DETAILS": row.comments or None,
        "RESOLUTION": row.resolution or None,
        "REPORTERNAME": row.contact[0] or None,
        "REPORTEREMAIL": row.contact[1] or None,
    }
    geometry = None if row.lat is None else {"type": "Point", "coordinates": [row.long, row.lat]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def _epoch(when: int | str | None) -> int | str | None:
    if isinstance(when, int):
        return when * 1000
    return NEW_SENTINEL if when == SENTINEL else when


def write_truth(path: Path, files: dict[str, list[Row]]) -> None:
    """JSON lines: one per row of the files, in their order. Only tests and measurements ask for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="\n") as file:
        for name, rows in files.items():
            for number, row in enumerate(rows, 1):
                file.write(
                    json.dumps({"file": name, "row": number, **true_story(row, addresses())}, ensure_ascii=False) + "\n"
                )


def true_story(row: Row, places: tuple[Address, ...]) -> dict:
    """What really happened. Hours count from this report; instants are UTC seconds.

    `planted` are strings that stand letter for letter in this row's text; the reporter's contact may stand in it too.
    """
    report, place = row.report, places[row.report.at]
    home = places[report.reporter.home].text if report.reporter.home >= 0 else ""
    return {
        "service_request_id": row.request_id,
        "incident": report.incident,
        "is_first": report.is_first,
        "again_of": report.again_of,
        "service_group": report.kind.group,
        "service_name": report.kind.name,
        "agency": report.kind.agency,
        "ward": place.ward,
        "address": place.text,
        "lat": place.lat,
        "long": place.long,
        "occurred": report.occurred,
        "opened": report.opened,
        "fix_hours": None if report.fixed is None else round((report.fixed - report.opened) / 3600, 3),
        "closed": report.closed,
        "end": report.end,
        "reporter_id": report.reporter.id,
        "reporter_name": report.reporter.name,
        "reporter_email": report.reporter.email,
        "reporter_phone": report.reporter.phone,
        "reporter_home": home,
        "contact_in_file": bool(row.contact[0]),
        "planted": list(row.planted),
        "oddities": list(row.oddities),
    }
