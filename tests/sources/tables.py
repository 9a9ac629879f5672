"""A small table in all the forms in which cities export, and reading it as the runner does."""

import csv
import io
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from etl.sources import files
from etl.sources.page import Part, Request, Resume, plain
from hub.errors import CityglassError
from tests.sources.reading import Reading

COLUMNS = ("id", "kind", "opened", "closed")
HEADER = ["id", "kind", "opened", "reporter"]
ROWS = [[f"00{n}", "Pothole", f"2024-03-0{n} 09:00:00", f"Ana Reporter{n}"] for n in range(1, 6)]
IDS = [row[0] for row in ROWS]


def request(*places: Path | str, **layout) -> Request:
    columns = frozenset(map(plain, COLUMNS))
    return Request("requests", tuple(map(str, places)), layout, columns, (("id",), ("opened",)), ("id",))


def read_part(asked: Request, part: Part, found: Reading) -> None:
    walk = files.pages(asked, part, Resume())
    while True:
        try:
            found.pages.append(next(walk))
        except StopIteration as end:
            found.proofs.append(end.value)
            return


def read(*places: Path | str, **layout) -> Reading:
    asked, found = request(*places, **layout), Reading()
    for part in files.parts(asked):
        read_part(asked, part, found)
    return found


def refusal(*places: Path | str, **layout) -> str:
    with pytest.raises(CityglassError) as caught:
        read(*places, **layout)
    assert "Reporter" not in str(caught.value) and caught.value.cure
    return str(caught.value)


def ids(found: Reading) -> list[str]:
    return [row["id"] for row in found.rows]


def rejected(found: Reading) -> list[tuple[int, str]]:
    return [one for page in found.pages for one in page.rejected]


def written(rows: list[list], delimiter: str = ",", end: str = "\r\n") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=end).writerows(rows)
    return text.getvalue()


def put(path: Path, content: str | bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def zipped(path: Path, **members: str | bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(name, content)
    return path


TABLE = [HEADER, *ROWS]
OBJECTS = [dict(zip(HEADER, row, strict=True)) for row in ROWS]
FEATURES = {"type": "FeatureCollection", "features": [{"type": "Feature", "properties": one} for one in OBJECTS]}


def parquet() -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table({name: [row[at] for row in ROWS] for at, name in enumerate(HEADER)}), file)
    return file.getvalue()
