"""Larkhaven's files as a reader sees them: rows, features, places."""

import csv
import gzip
import json
from pathlib import Path

from shapely.geometry import shape

from hub.city import load_city

CITY = load_city(Path(__file__).parents[1] / "city.yml")
OLD, NEW = ("requests_2023.csv.gz", "requests_2024.csv.gz"), "requests_2025.geojson.gz"
FILES = {*OLD, NEW, "boundaries.geojson", "streets.geojson", "budget.csv", "capital_projects.csv", "stories.csv"}


def features(path: Path) -> list[dict]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as file:
        return json.load(file)["features"]


def table(path: Path) -> list[dict]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def point_of(row: dict) -> tuple[float, float] | None:
    lat, long = row.get("latitude", row.get("LATITUDE")), row.get("longitude", row.get("LONGITUDE"))
    assert "geometry" not in row or (row["geometry"] or {}).get("coordinates") == (None if lat is None else [long, lat])
    return None if lat in (None, "") else (float(lat), float(long))


def address_of(row: dict) -> str | None:
    return row.get("street_address") or row.get("STREETADDRESS")


def inside(point: tuple[float, float], box: tuple[float, float, float, float]) -> bool:
    west, south, east, north = box
    return south <= point[0] <= north and west <= point[1] <= east


def wards_and_water(folder):
    found = [(feature["properties"], shape(feature["geometry"])) for feature in features(folder / "boundaries.geojson")]
    wards = {properties["ward"]: area for properties, area in found if "ward" in properties}
    return wards, [area for properties, area in found if properties.get("kind") == "water"]
