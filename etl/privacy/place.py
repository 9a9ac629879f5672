"""Place becomes an area that holds enough addresses: an H3 cell, a neighbourhood, or the city.

A cell belongs to one district by its centre, so the district is a function of the released place. Cells are computed
once per distinct coordinate (5 decimals, about a metre) and joined. No jitter: averaging undoes it. Inside, a place is
a number: the H3 index of a cell, 0 for the city, a negative hash of its name for a neighbourhood.
"""

import hashlib
import json
import re
from dataclasses import dataclass

import h3
import narwhals as nw
import pyarrow as pa
from narwhals import col, lit
from shapely import STRtree, points
from shapely.geometry import shape

from hub.city import City
from hub.errors import ConfigurationError
from hub.policy import LEVELS

RESOLUTIONS = {"h3_9": 9, "h3_8": 8, "h3_7": 7}
FALLBACK_ADDRESSES = 20  # a point under so many different addresses is where a geocoder gives up
GRID = 100_000  # coordinates are compared as whole 1e-5 degrees
CITY = 0
NEAR = 0.03  # degrees: a cell on the shore may have its centre in the water


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
        """The district that holds each point, else the nearest within NEAR; on a shared edge the first by name."""
        found: list[str | None] = [None] * len(lats)
        if self.shapes and lats:
            where = points(longs, lats)
            near = self.tree.query_nearest(where, max_distance=NEAR, all_matches=True).tolist()
            for point, area in sorted(zip(*near, strict=True), reverse=True):
                found[point] = self.names[area]
        return found


def area_id(name: str) -> str:
    return "n-" + re.sub(r"[^a-z0-9]+", "-", name.casefold()).strip("-")


def place_number(place_id: str) -> int:
    """The number that a released place id goes by inside."""
    if place_id == "city":
        return CITY
    return -name_number(place_id) if place_id.startswith("n-") else h3.str_to_int(place_id)


def name_number(name: str) -> int:
    """A stable positive number for a name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:6], "big") + 1


def add_spots(frame: nw.LazyFrame, engine) -> nw.LazyFrame:
    """Add `location` (what k counts: the address, else the coordinate) and the coordinate as `lat5`, `long5`."""
    frame = frame.with_columns(
        lat5=(col("lat") * GRID).round().cast(nw.Int64), long5=(col("long") * GRID).round().cast(nw.Int64)
    )
    point = nw.concat_str(col("lat5").cast(nw.String), col("long5").cast(nw.String), separator=",")
    return engine.hashed(frame.with_columns(location=nw.coalesce(col("address"), point)), "location")


def cells_of(frame: nw.LazyFrame, engine, areas: Areas) -> nw.LazyFrame:
    """For each coordinate in the frame: one candidate place per level; a fallback point has only the city."""
    spots = frame.filter(~col("lat5").is_null(), ~col("long5").is_null())
    counted = engine.arrow(spots.group_by("lat5", "long5").agg(addresses=col("location").n_unique()))
    return engine.given(_cells(counted, areas))


def _cells(spots: pa.Table, areas: Areas) -> pa.Table:
    lat5, long5, addresses = (spots[name].to_pylist() for name in ("lat5", "long5", "addresses"))
    finest = [h3.latlng_to_cell(lat / GRID, long / GRID, 9) for lat, long in zip(lat5, long5, strict=True)]
    known = sorted(set(finest))
    centres = [h3.cell_to_latlng(cell) for cell in known]
    district = dict(zip(known, areas.of_points([c[0] for c in centres], [c[1] for c in centres]), strict=True))
    usable = [count < FALLBACK_ADDRESSES for count in addresses]
    columns: dict[str, list] = {"lat5": lat5, "long5": long5}
    for level, resolution in RESOLUTIONS.items():
        number = {cell: h3.str_to_int(h3.cell_to_parent(cell, resolution)) for cell in known}
        columns[f"place_{level}"] = [number[cell] if use else None for cell, use in zip(finest, usable, strict=True)]
    area = {cell: place_number(area_id(name)) if name else None for cell, name in district.items()}
    columns["place_neighbourhood"] = [area[cell] if use else None for cell, use in zip(finest, usable, strict=True)]
    return pa.table(columns, schema=pa.schema([(name, pa.int64()) for name in columns]))


def add_places(frame: nw.LazyFrame, cells: nw.LazyFrame) -> nw.LazyFrame:
    """Join the candidate places to rows that have a coordinate; the city is a candidate for all."""
    return frame.join(cells, on=["lat5", "long5"], how="left").with_columns(place_city=lit(CITY, dtype=nw.Int64))


def catchments(frame: nw.LazyFrame, cells: nw.LazyFrame, engine) -> dict[str, nw.LazyFrame]:
    """level -> place_<level> and its distinct locations ever reported (`catchment`)."""
    located = frame.filter(~col("location").is_null()).select("lat5", "long5", "location").unique()
    places = engine.keep(add_places(located, cells))
    return {level: _counted(places, engine, f"place_{level}") for level in LEVELS}


def _counted(places: nw.LazyFrame, engine, place: str) -> nw.LazyFrame:
    known = places.filter(~col(place).is_null())
    return engine.keep(known.group_by(place).agg(catchment=col("location").n_unique()))


def fallback_rows(frame: nw.LazyFrame, cells: nw.LazyFrame, engine) -> int:
    """How many rows lie on a detected fallback point."""
    lost = cells.filter(col("place_h3_9").is_null()).select("lat5", "long5")
    return engine.arrow(frame.join(lost, on=["lat5", "long5"], how="inner").select(nw.len()))[0][0].as_py()


def place_ids(numbers: list[int], areas: Areas) -> dict[int, str]:
    """The released id of each place number."""
    named = {place_number(area_id(name)): area_id(name) for name in areas.names}
    if any(n < 0 and n not in named for n in numbers):
        raise ConfigurationError(
            "Released rows point to a neighbourhood that the boundaries no longer have.",
            "restore the boundaries they were released with; other boundaries begin with a new version of the policy",
        )
    return {n: "city" if n == CITY else named[n] if n < 0 else h3.int_to_str(n) for n in numbers}


def describe(pairs: list[tuple[str, str]], city: City, areas: Areas) -> list[dict]:
    """Rows of `places` for released (id, level) pairs."""
    by_id = {area_id(name): (name, area) for name, area in zip(areas.names, areas.shapes, strict=True)}
    rows = []
    for place_id, level in sorted(pairs):
        if level == "city":
            west, south, east, north = city.bbox
            rows.append(
                _row(place_id, level, f"{city.name} (place not told)", None, (south + north) / 2, (west + east) / 2)
            )
        elif level == "neighbourhood":
            name, area = by_id[place_id]
            centre = area.representative_point()
            rows.append(_row(place_id, level, name, name, centre.y, centre.x))
        else:
            lat, long = h3.cell_to_latlng(place_id)
            district = areas.of_points([lat], [long])[0]
            label = cell_label(district or city.name, place_id)
            rows.append(_row(place_id, level, label, district, lat, long))
    return rows


def cell_label(within: str, cell: str) -> str:
    return f"{within}, cell {cell.rstrip('f')[-5:]}"


def _row(place_id: str, level: str, label: str, district: str | None, lat: float, long: float) -> dict:
    where = {"lat": round(lat, 5), "long": round(long, 5)}
    return {"id": place_id, "level": level, "label": label, "district": district, **where}
