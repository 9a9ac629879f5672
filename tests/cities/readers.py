"""The simplest correct client of each platform: what it reads is id → (status, opening), to be held against the truth.

Not to be imitated: a reader knows beforehand how its city behaves, believes everything and repairs nothing.
"""

import csv
import gzip
import io
import re
import zipfile
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta
from xml.etree import ElementTree

import httpx

from tests.cities.model import DAY, Model
from tests.cities.platforms.arcgis import SERVICE
from tests.cities.platforms.carto import NAME
from tests.cities.platforms.ckan import PACKAGE
from tests.cities.server import City
from tests.cities.times import moment, utc

Read = dict[str, tuple[str, int]]
ZONE = "America/New_York"
LAYER = f"{SERVICE}/0"
WEB = httpx.Client(timeout=30, trust_env=False)
CLIENT = {"grant_type": "client_credentials", "client_id": "made-up-client", "client_secret": "made-up-secret"}


def truth(model: Model) -> Read:
    return {case.id: (case.status, case.requested) for case in model}


def numbered(model: Model) -> Read:
    """The same by the platform's running numbers."""
    return {str(case.number): (case.status, case.requested) for case in model}


def ask(city: City, path: str, headers: dict | None = None, **query) -> httpx.Response:
    return WEB.get(city.url + path, params=query, headers=headers or {})


def sure(answer: httpx.Response) -> httpx.Response:
    return answer.raise_for_status()


def requests(city: City, form: str = "json", **query) -> list[dict]:
    """One page of Open311, out of whatever it is wrapped in."""
    said = ask(city, f"/open311/v2/requests.{form}", **query)
    if said.status_code == 404 and "page" in query:
        return []
    if form == "xml":
        return [{field.tag: field.text for field in row} for row in ElementTree.fromstring(sure(said).content)]
    rows = sure(said).json()
    while isinstance(rows, dict) and len(rows) == 1:
        rows = next(iter(rows.values()))
    return [rows] if isinstance(rows, dict) else rows


def open311(city: City, form: str = "json", first: int = 1, size: int = 50, days: int = 90, **query) -> Read:
    """Page after page until one is empty, window after window of `days` in the last 180."""
    read, end = {}, city.model.now
    for start in range(end - 180 * DAY, end, days * DAY):
        window = {"start_date": utc(start), "end_date": utc(start + days * DAY), "page_size": size} | query
        page = first
        while rows := requests(city, form, page=page, **window):
            read |= {row["service_request_id"]: (row["status"], moment(row["requested_datetime"])) for row in rows}
            page += 1
    return read


def without_pages(city: City) -> Read:
    """A city that ignores paging is read in windows so small that none of them is full."""
    read = {}
    for start in range(city.model.now - 90 * DAY, city.model.now, 2 * DAY):
        for row in requests(city, start_date=utc(start), end_date=utc(start + 2 * DAY), page=7):
            read[row["service_request_id"]] = (row["status"], moment(row["requested_datetime"]))
    return read


def socrata(city: City, size: int = 40, where: str = "", **headers) -> Read:
    """By keyset."""
    read, last = {}, ""
    query = {"$select": ":*,*", "$order": ":id", "$limit": size}
    while True:
        after = f":id > '{last}'" + (f" AND {where}" if where else "")
        rows = sure(ask(city, "/resource/abcd-1234.json", headers, **query, **{"$where": after})).json()
        if not rows:
            return read
        last = rows[-1][":id"]
        read |= {row["sr_number"]: (row["status"].lower(), moment(row["created_date"], ZONE)) for row in rows}


def soda3(city: City, size: int = 40) -> Read:
    """Page after page, with the token."""
    read, page = {}, 1
    while True:
        said = {"query": "SELECT * ORDER BY :id", "page": {"pageNumber": page, "pageSize": size}}
        url = f"{city.url}/api/v3/views/abcd-1234/query.json"
        rows = sure(WEB.post(url, json=said, headers={"X-App-Token": "app-token"})).json()
        if not rows:
            return read
        read |= {row["sr_number"]: (row["status"].lower(), moment(row["created_date"], ZONE)) for row in rows}
        page += 1


def rows_csv(city: City) -> Read:
    text = sure(ask(city, "/api/views/abcd-1234/rows.csv", accessType="DOWNLOAD")).text
    form = "%m/%d/%Y %I:%M:%S %p"
    return {
        row["Sr Number"]: (
            row["Status"].lower(),
            moment(datetime.strptime(row["Created Date"], form).isoformat(), ZONE),
        )
        for row in csv.DictReader(io.StringIO(text))
    }


def arcgis(city: City, size: int = 40, post: bool = False, where: str = "") -> Read:
    """By keyset on OBJECTID, for as long as more is announced."""
    read, last, more = {}, 0, True
    while more:
        after = f"OBJECTID > {last}" + (f" AND {where}" if where else "")
        query = {"where": after, "outFields": "*", "outSR": 4326, "orderByFields": "OBJECTID", "f": "json"}
        query |= {"resultRecordCount": size}
        url = f"{city.url}{LAYER}/query"
        doc = sure(WEB.post(url, data=query) if post else WEB.get(url, params=query)).json()
        for row in [feature["attributes"] for feature in doc["features"]]:
            last = row["OBJECTID"]
            read[row["SERVICEREQUESTID"]] = (row["SERVICEORDERSTATUS"].lower(), row["ADDDATE"] // 1000)
        more = doc.get("exceededTransferLimit", False)
    return read


def boston(rows: Iterable[dict]) -> Read:
    return {row["case_enquiry_id"]: (row["case_status"].lower(), moment(row["open_dt"], ZONE)) for row in rows}


def resources(city: City) -> list[str]:
    package = sure(ask(city, "/api/3/action/package_show", id=PACKAGE)).json()
    return [resource["id"] for resource in package["result"]["resources"]]


def ckan(city: City, size: int = 40) -> Read:
    """By offset, until a page is empty."""
    read = {}
    for resource in resources(city):
        offset = 0
        while True:
            query = {"resource_id": resource, "sort": "_id asc", "limit": size, "offset": offset}
            rows = sure(ask(city, "/api/3/action/datastore_search", **query)).json()["result"]["records"]
            if not rows:
                break
            read |= boston(rows)
            offset += len(rows)
    return read


def ckan_sql(city: City, size: int = 40) -> Read:
    """By keyset on _id."""
    read, last = {}, 0
    (resource,) = resources(city)
    while True:
        sql = f'SELECT * FROM "{resource}" WHERE _id > {last} ORDER BY _id LIMIT {size}'
        rows = sure(ask(city, "/api/3/action/datastore_search_sql", sql=sql)).json()["result"]["records"]
        if not rows:
            return read
        last = rows[-1]["_id"]
        read |= boston(rows)


def ckan_dump(city: City) -> Read:
    (resource,) = resources(city)
    text = sure(ask(city, f"/datastore/dump/{resource}", bom="true")).content.decode("utf-8-sig")
    return boston(csv.DictReader(io.StringIO(text)))


def carto(city: City, size: int = 40) -> Read:
    """By keyset on cartodb_id, the SQL posted."""
    read, last = {}, 0
    columns = "cartodb_id, service_request_id, status, requested_datetime, ST_Y(the_geom) AS lat"
    while True:
        q = f"SELECT {columns} FROM {NAME} WHERE cartodb_id > {last} ORDER BY cartodb_id LIMIT {size}"
        rows = sure(WEB.post(f"{city.url}/api/v2/sql", data={"q": q, "format": "json"})).json()["rows"]
        if not rows:
            return read
        last = rows[-1]["cartodb_id"]
        for row in rows:
            read[row["service_request_id"]] = (row["status"].lower(), moment(row["requested_datetime"]))


def signed_in(city: City) -> dict[str, str]:
    scope = {"scope": f"{city.url}/.default"}
    said = sure(WEB.post(f"{city.url}/made-up-tenant/oauth2/v2.0/token", data=CLIENT | scope)).json()
    return {"Authorization": f"Bearer {said['access_token']}", "OData-Version": "4.0"}


def incidents(city: City, link: str, headers: dict) -> tuple[list[dict], dict]:
    """The rows from a link to the end of its chain, and the last answer."""
    rows, doc = [], {"@odata.nextLink": link}
    while "@odata.nextLink" in doc:
        doc = sure(WEB.get(doc["@odata.nextLink"], headers=headers)).json()
        rows += doc["value"]
    return rows, doc


def dataverse(city: City, size: int = 40, prefer: str = "", query: str = "$orderby=modifiedon") -> Read:
    headers = signed_in(city) | {"Prefer": f"odata.maxpagesize={size}{prefer}"}
    select = "$select=ticketnumber,statecode,createdon"
    rows, _ = incidents(city, f"{city.url}/api/data/v9.2/incidents?{select}&{query}", headers)
    return {row["ticketnumber"]: (("open", "closed")[row["statecode"]], moment(row["createdon"])) for row in rows}


def legistar(city: City, size: int = 40) -> dict[int, tuple[str, str]]:
    """Matters by $top and $skip."""
    read, skip = {}, 0
    while True:
        query = {"$top": size, "$skip": skip, "$orderby": "MatterId"}
        rows = sure(ask(city, "/v1/larkhaven/matters", {"Accept": "application/json"}, **query)).json()
        if not rows:
            return read
        read |= {row["MatterId"]: (row["MatterFile"], row["MatterStatusName"]) for row in rows}
        skip += len(rows)


def seeclickfix(city: City, size: int = 40, status: str = "open,acknowledged,closed,archived") -> Read:
    read, page, pages = {}, 1, 1
    while page <= pages:
        query = {"place_url": "larkhaven", "status": status, "per_page": size, "page": page, "sort": "created_at"}
        doc = sure(ask(city, "/api/v2/issues", **query)).json()
        for row in doc["issues"]:
            status_now = "closed" if row["status"] in {"Closed", "Archived"} else "open"
            read[str(row["id"])] = (status_now, moment(row["created_at"]))
        page, pages = page + 1, doc["metadata"]["pagination"]["pages"]
    return read


def table(text: str) -> Read:
    rows = csv.DictReader(io.StringIO(text))
    return {row["id"]: (row["status"], moment(row["opened"], ZONE)) for row in rows}


def zipped(content: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        return packed.read("requests.csv").decode()


UNPACK: dict[str, Callable[[bytes], str]] = {
    "csv": bytes.decode,
    "csv.gz": lambda content: gzip.decompress(content).decode(),
    "zip": zipped,
}


def files(city: City, form: str = "csv") -> Read:
    return table(UNPACK[form](sure(ask(city, f"/files/requests.{form}")).content))


def geojson(city: City) -> Read:
    features = sure(ask(city, "/files/requests.geojson")).json()["features"]
    rows = [feature["properties"] for feature in features]
    return {row["id"]: (row["status"], moment(row["opened"], ZONE)) for row in rows}


def collection_days(text: str) -> list[date]:
    """The days of a calendar: its weekly rules less the days left out, and the single days."""
    days = []
    for event in text.replace("\r\n ", "").split("BEGIN:VEVENT")[1:]:
        first = datetime.strptime(re.search(r"DTSTART;VALUE=DATE:(\d{8})", event)[1], "%Y%m%d").date()
        rule = re.search(r"RRULE:FREQ=WEEKLY;INTERVAL=(\d+);BYDAY=\w+;COUNT=(\d+)", event)
        every, times = (int(rule[1]), int(rule[2])) if rule else (1, 1)
        left_out = re.findall(r"EXDATE;VALUE=DATE:(\d{8})", event)
        days += [
            day for day in (first + timedelta(weeks=n * every) for n in range(times)) if f"{day:%Y%m%d}" not in left_out
        ]
    return sorted(days)
