"""A hub of its own for one city system: what its vault holds can be held against the truth."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb
import yaml

from etl import run
from etl.pull import Clock, Pulled
from etl.vault import open_vault
from hub.city import City, load_city
from tests.cities.model import EAST, NORTH, SOUTH, WEST, Case, Model
from tests.cities.server import City as System

SECRET = "made-up-secret"
TRUTH = ("status", "requested_datetime", "closed_datetime", "service_name", "agency_responsible")


@dataclass(frozen=True)
class Platform:
    """How a city names what a platform sends. `options`: of the fault server; `runs`: the ids are running numbers."""

    adapter: str
    path: str
    fields: dict[str, str]
    layout: dict | None = None
    options: dict | None = None
    credentials: str = ""
    runs: bool = False
    of_server: str = ""


OPEN311 = {
    name: name for name in ("service_request_id", "service_code", "service_name", "status", "address", "lat", "long")
}
OPEN311 |= {name: name for name in ("requested_datetime", "updated_datetime", "expected_datetime")}
OPEN311 |= {
    "status_raw": "status",
    "closed_datetime": "updated_datetime",
    "agency_responsible": "agency_responsible",
    "service_group": "group",
}
SOCRATA = {
    "service_request_id": "sr_number",
    "service_name": "sr_type",
    "status_raw": "status",
    "service_group": "sr_group",
    "agency_responsible": "owner_department",
    "requested_datetime": "created_date",
    "updated_datetime": "last_modified_date",
    "closed_datetime": "closed_date",
    "expected_datetime": "due_date",
    "address": "street_address",
    "lat": "latitude",
    "long": "longitude",
    "closure_note": "resolution_description",
}
ARCGIS = {
    "service_request_id": "SERVICEREQUESTID",
    "service_name": "SERVICECODEDESCRIPTION",
    "service_group": "SERVICETYPECODEDESCRIPTION",
    "agency_responsible": "ORGANIZATIONACRONYM",
    "status_raw": "SERVICEORDERSTATUS",
    "requested_datetime": "ADDDATE",
    "closed_datetime": "RESOLUTIONDATE",
    "expected_datetime": "SERVICEDUEDATE",
    "updated_datetime": "LASTEDITED",
    "address": "STREETADDRESS",
    "lat": "geometry.lat",
    "long": "geometry.long",
}
CKAN = {
    "service_request_id": "case_enquiry_id",
    "service_name": "type",
    "service_group": "reason",
    "agency_responsible": "department",
    "status_raw": "case_status",
    "requested_datetime": "open_dt",
    "closed_datetime": "closed_dt",
    "expected_datetime": "sla_target_dt",
    "updated_datetime": "updated_dt",
    "address": "location",
    "lat": "latitude",
    "long": "longitude",
}
CARTO = {name: name for name in OPEN311} | {"status_raw": "status", "closed_datetime": "closed_datetime", "long": "lon"}
CARTO.pop("service_group")
DATAVERSE = {
    "service_request_id": "ticketnumber",
    "service_name": "cgl_servicename",
    "status_raw": "statecode",
    "requested_datetime": "createdon",
    "updated_datetime": "modifiedon",
    "closed_datetime": "cgl_closedon",
    "expected_datetime": "cgl_dueon",
    "address": "cgl_address",
    "lat": "cgl_latitude",
    "long": "cgl_longitude",
}
SEECLICKFIX = {
    "service_request_id": "id",
    "service_name": "summary",
    "status_raw": "status",
    "requested_datetime": "created_at",
    "updated_datetime": "updated_at",
    "closed_datetime": "closed_at",
    "address": "address",
    "lat": "lat",
    "long": "lng",
}
FILES = {
    "service_request_id": "id",
    "service_name": "kind",
    "service_group": "group",
    "agency_responsible": "agency",
    "status_raw": "status",
    "requested_datetime": "opened",
    "updated_datetime": "updated",
    "closed_datetime": "closed",
    "expected_datetime": "due",
    "address": "address",
    "lat": "lat",
    "long": "long",
}
PLATFORMS = {
    "open311": Platform("open311", "/open311/v2", OPEN311, {"start": "2024-04-01"}),
    "open311_xml": Platform(
        "open311", "/open311/v2", OPEN311, {"start": "2024-04-01"}, {"formats": ("xml",)}, of_server="open311"
    ),
    "socrata": Platform("socrata", "/resource/abcd-1234.json", SOCRATA),
    "soda3": Platform(
        "socrata",
        "/resource/abcd-1234.json",
        SOCRATA,
        {"api": "soda3"},
        {"token": SECRET},
        "TINY_KEY",
        of_server="socrata",
    ),
    "arcgis": Platform(
        "arcgis",
        "/arcgis/rest/services/ServiceRequests/FeatureServer/0",
        ARCGIS,
        {"epoch": "milliseconds", "changed_field": "LASTEDITED"},
    ),
    "ckan": Platform("ckan", "/dataset/311-service-requests", CKAN),
    "ckan_offset": Platform("ckan", "/dataset/311-service-requests", CKAN, None, {"sql": False}, of_server="ckan"),
    "carto": Platform("carto", "/api/v2/sql?q=SELECT * FROM public_cases_fc", CARTO),
    "dataverse": Platform(
        "dataverse", "/api/data/v9.2/incidents", DATAVERSE, {"statuses": {"0": "open", "1": "closed"}}, {}, "TINY_KEY"
    ),
    "seeclickfix": Platform("seeclickfix", "/api/v2/issues?place_url=larkhaven", SEECLICKFIX, runs=True),
    "files": Platform("files", "/files/requests.csv", FILES),
}


def secret_for(platform: str, system: System) -> str:
    """What the credentials of a platform's city hold."""
    if platform != "dataverse":
        return SECRET
    named = {"tenant": "made-up-tenant", "client_id": "made-up-client", "client_secret": SECRET, "login": system.url}
    return "\n".join(f"{name}: {value}" for name, value in named.items())


class Killed(BaseException):
    """What kill -9 is to a process is this to a test: nothing may catch it."""


@dataclass
class TinyHub:
    """A folder with a city.yml whose one source is a fault server."""

    folder: Path
    system: System
    platform: Platform

    @classmethod
    def of(cls, folder: Path, system: System, platform: str, **changes) -> "TinyHub":
        hub = cls(folder, system, PLATFORMS[platform])
        hub.describe(**changes)
        return hub

    @property
    def model(self) -> Model:
        return self.system.model

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def city(self) -> City:
        return load_city(self.folder / "city.yml")

    def describe(self, **changes) -> None:
        source = {
            "adapter": self.platform.adapter,
            "location": self.system.url + self.platform.path,
            "fields": self.platform.fields,
            "layout": {"statuses": {"Open": "open", "Closed": "closed", "Acknowledged": "open", "Archived": "closed"}}
            | (self.platform.layout or {}),
        }
        if self.platform.credentials:
            source["credentials"] = self.platform.credentials
        about = {
            "name": "Tinytown",
            "slug": "tinytown",
            "time_zone": self.model.zone,
            "bbox": [WEST, SOUTH, EAST, NORTH],
        }
        said = {"city": about, "sources": {"requests": source | changes}}
        (self.folder / "city.yml").write_text(yaml.safe_dump(said, sort_keys=False), "utf-8")

    def clock(self) -> Clock:
        return Clock(lambda: self.model.now, self.model.pass_time)

    def pull(self, **given) -> Pulled:
        """One run of the pull, at the model's time; its error is in the answer."""
        with open_vault(self.data) as vault:
            [pulled] = run.pull(vault, self.city, clock=self.clock(), **given)
        return pulled

    def held(self) -> dict[str, dict]:
        """What the vault says is in the system now."""
        names = ("service_request_id", *TRUTH, "lat", "long")
        sql = f"select {', '.join(names)} from records_service_requests where not deleted_upstream"
        return {row[0]: dict(zip(names[1:], row[1:], strict=True)) for row in self.ask(sql)}

    def ask(self, sql: str, *values) -> list[tuple]:
        with closing(duckdb.connect(str(self.data / "private" / "vault.duckdb"))) as con:
            return con.execute(sql, list(values)).fetchall()

    def told(self) -> str:
        """Every byte that the hub keeps, as one text."""
        files = [path for path in self.data.rglob("*") if path.is_file()]
        return "".join(path.read_bytes().decode("latin-1") for path in files)

    def truth(self) -> dict[str, dict]:
        """The model in the words of the vault, as far as the platform tells."""
        return {str(case.number) if self.platform.runs else case.id: self._as_told(case) for case in self.model}

    def _as_told(self, case: Case) -> dict:
        closed = case.closed if case.status == "closed" else None
        fields = self.platform.fields
        if self.platform.adapter == "open311" and closed is not None:
            closed = case.updated
        told = {
            "status": case.status,
            "requested_datetime": case.requested,
            "closed_datetime": closed,
            "service_name": case.service_name,
            "agency_responsible": case.agency if "agency_responsible" in fields else None,
        }
        return told

    def differences(self) -> dict:
        """id -> (held, true), where they differ."""
        held = {key: {name: row[name] for name in TRUTH} for key, row in self.held().items()}
        true = self.truth()
        return {
            key: (held.get(key), true.get(key)) for key in held.keys() | true.keys() if held.get(key) != true.get(key)
        }

    def proofs(self) -> dict[str, str]:
        return dict(self.ask("select part, proven_by from readings"))
