"""Files over HTTP: the requests as CSV, gzipped, zipped and GeoJSON, with length, ETag and conditional GET."""

import gzip
import io
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import ClassVar

import orjson

from tests.cities.delimited import delimited
from tests.cities.model import Model
from tests.cities.scene import flat
from tests.cities.table import column, written
from tests.cities.times import http_date, wall
from tests.cities.wire import Answer, Asked, page_of_html

LONG_AGO = (1980, 1, 1, 0, 0, 0)  # so that the same rows are the same zip


@dataclass
class Files:
    """GET or HEAD /files/requests.csv, .csv.gz, .zip (with requests.csv inside) and .geojson.

    encoding, delimiter, header   of the CSV; header=False leaves it out
    """

    model: Model
    encoding: str = "utf-8"
    delimiter: str = ","
    header: bool = True
    columns: dict = field(init=False)
    kept: dict[tuple, Answer] = field(init=False, default_factory=dict)  # path, version → the file

    fields: ClassVar = {
        word: (*places, ("properties", *places[0]))
        for word, places in flat(
            id="id",
            status="status",
            code="code",
            name="kind",
            group="group",
            agency="agency",
            requested="opened",
            updated="updated",
            closed="closed",
            expected="due",
            address="address",
            description="words",
        ).items()
    } | {
        "lat": (("lat",), ("geometry", "coordinates", 1)),
        "long": (("long",), ("geometry", "coordinates", 0)),
    }

    def __post_init__(self) -> None:
        def dated(where: str):
            return column("text", where, lambda instant: wall(instant, self.model.zone))

        names = {"id": "id", "code": "service_code", "kind": "service_name", "group": "service_group"}
        names |= {"agency": "agency", "status": "status", "address": "address", "zip": "zipcode"}
        names |= {"lat": "lat", "long": "long", "note": "closure_note", "words": "description"}
        names |= {"name": "reporter_name", "email": "reporter_email", "phone": "reporter_phone"}
        dates = {"opened": "requested", "updated": "updated", "closed": "closed", "due": "expected"}
        self.columns = {name: column("text", where) for name, where in names.items()}
        self.columns |= {name: dated(where) for name, where in dates.items()}

    def answer(self, asked: Asked) -> Answer:
        act = FILES.get(asked.path)
        if act is None or asked.method not in {"GET", "HEAD"}:
            return self.error(404, "Not Found")
        tag = f'"{self.model.version:x}"'
        stamps = {"ETag": tag, "Last-Modified": http_date(max((case.touched for case in self.model), default=0))}
        if asked.headers.get("if-none-match") == tag:
            return Answer(status=304, headers=stamps, body=b"")
        answer = act(self) if not asked.quick else self.again(asked, act)
        answer.headers |= stamps
        return answer

    def again(self, asked: Asked, act: Callable) -> Answer:
        """The same file is not made twice."""
        key = (asked.path, self.model.version)
        if key not in self.kept:
            self.kept = {key: act(self).finish()}
        return replace(self.kept[key], headers={})

    def error(self, status: int, message: str) -> Answer:
        return page_of_html(message, status)

    def flat_rows(self) -> list[dict]:
        writers = [(name, one.get, one.write) for name, one in self.columns.items()]
        return [written(case, writers) for case in self.model]

    def csv(self) -> Answer:
        rows = self.flat_rows()
        encode = delimited(self.columns, self.delimiter, self.encoding, self.header)
        return Answer(rows, rows, kind="text/csv", encode=encode)

    def packed(self, pack: Callable[[bytes], bytes], kind: str) -> Answer:
        answer = self.csv()
        encode = answer.encode
        answer.encode, answer.kind = lambda rows: pack(encode(rows)), kind
        return answer

    def gz(self) -> Answer:
        return self.packed(lambda text: gzip.compress(text, 1, mtime=0), "application/gzip")

    def zip(self) -> Answer:
        return self.packed(zipped, "application/zip")

    def geojson(self) -> Answer:
        rows = [feature(row) for row in self.flat_rows()]
        kind = "application/geo+json"
        return Answer({"type": "FeatureCollection", "features": rows}, rows, kind=kind, encode=orjson.dumps)


def feature(row: dict) -> dict:
    lat, long = row.pop("lat"), row.pop("long")
    geometry = None if lat is None else {"type": "Point", "coordinates": [long, lat]}
    return {"type": "Feature", "geometry": geometry, "properties": row}


def zipped(text: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as packed:
        packed.writestr(zipfile.ZipInfo("requests.csv", LONG_AGO), text)
    return file.getvalue()


FILES = {
    "/files/requests.csv": Files.csv,
    "/files/requests.csv.gz": Files.gz,
    "/files/requests.zip": Files.zip,
    "/files/requests.geojson": Files.geojson,
}
