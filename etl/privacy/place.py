"""Place becomes an area that holds enough addresses: an H3 cell, a neighbourhood, or the city.

A cell belongs to one district by its centre, so the district is a function of the released place. Cells are computed
once per distinct coordinate (5 decimals, about a metre) and joined. No jitter: averaging undoes it.
"""

import json
import re
from dataclasses import dataclass

import h3
import narwhals as nw
import pyarrow as pa
from narwhals import col, lit, when
from shapely import STRtree, points
from shapely.geometry import shape

from hub.city import City

RESOLUTIONS = {"h3_9": 9, "h3_8": 8, "h3_7": 7}
FALLBACK_ADDRESSES = 20  # a point under so many different addresses is where a geocoder gives up
GRID = 100_000  # coordinates are compared as whole 1e-5 degrees


@dataclass(frozen=True, slots=True)
class Areas:
    """The city's districts as shapes; empty for a city without boundaries."""

    names: tuple[str, ...]
    shapes: tuple
    tree: STRtree

    @classmethod
    def of(cls, rows: list[tuple[str, str]]) -> "Areas":
        """From (name, GeoJSON geometry) pairs."""
        shapes = tuple(shape(json.loads(geometry)) for _, geometry in rows)
        return cls(tuple(name for name, _ in rows), shapes, STRtree(shapes))

    def of_points(self, lats: list[float], longs: list[float]) -> list[str | None]:
        """The district that holds each point; on a shared edge the first by name order."""
        found: list[str | None] = [None] * len(lats)
        if self.shapes and lats:
            for point, area in sorted(zip(*self.tree.query(points(longs, lats), predicate="intersects").tolist(), strict=True), reverse=True):
                found[point] = self.names[area]
        return found


def area_id(name: str) -> str:
    return "n-" + re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")


def add_places(frame: nw.LazyFrame, engine, areas: Areas) -> nw.LazyFrame:
    """Add `location` (what k counts) and one candidate place per level; a fallback point gives none but the city."""
    frame = frame.with_columns(
        lat5=(col("lat") * GRID).round().cast(nw.Int64), long5=(col("long") * GRID).round().cast(nw.Int64)
    )
    point = nw.concat_str(col("lat5").cast(nw.String), col("long5").cast(nw.String), separator=",")
    frame = engine.keep(frame.with_columns(location=nw.coalesce(col("address"), point)))
    spots = frame.filter(~col("lat5").is_null(), ~col("long5").is_null())
    spots = engine.keep(spots.group_by("lat5", "long5").agg(addresses=col("address").n_unique()))
    usable = engine.arrow(spots.filter(col("addresses") < FALLBACK_ADDRESSES).select("lat5", "long5"))
    cells = engine.given(_cells(usable, areas))
    fallback = spots.filter(col("addresses") >= FALLBACK_ADDRESSES).select("lat5", "long5", is_fallback=lit(True))
    frame = frame.join(cells, on=["lat5", "long5"], how="left").join(fallback, on=["lat5", "long5"], how="left")
    marked = when(col("is_fallback")).then(nw.concat_str(col("flags"), lit("default_point;"))).otherwise(col("flags"))
    return frame.with_columns(place_city=lit("city"), flags=marked)


def _cells(spots: pa.Table, areas: Areas) -> pa.Table:
    lat5, long5 = spots["lat5"].to_pylist(), spots["long5"].to_pylist()
    finest = [h3.latlng_to_cell(lat / GRID, long / GRID, 9) for lat, long in zip(lat5, long5, strict=True)]
    known = sorted(set(finest))
    centres = [h3.cell_to_latlng(cell) for cell in known]
    district = dict(zip(known, areas.of_points([c[0] for c in centres], [c[1] for c in centres]), strict=True))
    parents = {level: {cell: h3.cell_to_parent(cell, res) for cell in known} for level, res in RESOLUTIONS.items()}
    columns = {f"place_{level}": [parents[level][cell] for cell in finest] for level in RESOLUTIONS}
    columns["place_neighbourhood"] = [area_id(district[cell]) if district[cell] else None for cell in finest]
    schema = pa.schema([("lat5", pa.int64()), ("long5", pa.int64()), *((name, pa.string()) for name in columns)])
    return pa.table({"lat5": lat5, "long5": long5, **columns}, schema=schema)


def catchments(frame: nw.LazyFrame, engine, level: str) -> nw.LazyFrame:
    """place_<level> -> distinct locations ever reported in it."""
    place = f"place_{level}"
    located = frame.filter(~col(place).is_null(), ~col("location").is_null())
    return engine.keep(located.group_by(place).agg(catchment=col("location").n_unique()))


def describe(place_ids: list[tuple[str, str]], city: City, areas: Areas) -> list[dict]:
    """Rows of `places` for released (id, level) pairs."""
    by_id = {area_id(name): (name, area) for name, area in zip(areas.names, areas.shapes, strict=True)}
    rows = []
    for place_id, level in sorted(place_ids):
        if level == "city":
            west, south, east, north = city.bbox
            rows.append(_row(place_id, level, f"{city.name} (place not told)", None, (south + north) / 2, (west + east) / 2))
        elif level == "neighbourhood":
            name, area = by_id[place_id]
            centre = area.representative_point()
            rows.append(_row(place_id, level, name, name, centre.y, centre.x))
        else:
            lat, long = h3.cell_to_latlng(place_id)
            district = areas.of_points([lat], [long])[0]
            near = f"{district}, " if district else ""
            rows.append(_row(place_id, level, f"{near}cell {place_id.rstrip('f')[-5:]}", district, lat, long))
    return rows


def _row(place_id: str, level: str, label: str, district: str | None, lat: float, long: float) -> dict:
    return {"id": place_id, "level": level, "label": label, "district": district, "lat": round(lat, 5), "long": round(long, 5)}
