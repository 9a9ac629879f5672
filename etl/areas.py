"""Boundaries and streets: outlines that everybody may know, kept in the vault so that a publish needs no file again."""

import json
from pathlib import Path

from shapely import make_valid, union_all
from shapely.errors import ShapelyError
from shapely.geometry import mapping, shape

from etl.sources.files import refuse_address
from etl.sources.page import plain
from etl.vault import Vault
from hub.errors import SourceError
from hub.source import Source


def read(vault: Vault, source: Source) -> tuple[int, bool]:
    """Replace a layer (boundaries or streets) by its GeoJSON files. Returns the features kept, and whether any changed;
    features without a name are drawn but name nothing, `kind: water` features are water."""
    rows = sorted(row for place in source.location for row in _features(source, place))
    if rows == vault.rows("select layer, name, kind, geometry from areas where layer = ? order by all", source.name):
        return len(rows), False
    with vault.transaction():
        vault.con.execute("delete from areas where layer = ?", [source.name])
        vault.con.executemany("insert into areas values (?, ?, ?, ?)", rows)
        vault.count_changes(1)
    return len(rows), True


def _names(source: Source) -> list[str]:
    given = source.fields.get("name", "name")
    return [given] if isinstance(given, str) else given


def _row(source: Source, path: Path, wanted: set[str], number: int, feature: dict) -> list[tuple[str, str, str, str]]:
    """The feature as a row; none if it has no name or no outline."""
    try:
        properties, geometry = feature.get("properties") or {}, feature.get("geometry")
        name = next((str(value) for key, value in properties.items() if plain(key) in wanted and value is not None), "")
        kind = "water" if properties.get("kind") == "water" else ""
        if not geometry or not (name or kind):
            return []
        geometry = _drawable(geometry, is_area=source.name == "boundaries")
    except (AttributeError, TypeError, ValueError, KeyError, IndexError, ShapelyError):
        raise SourceError(
            f"{path} (source {source.name!r}): feature {number} has no outline that can be drawn.",
            "mend the feature or take it out",
        ) from None
    return [(source.name, name, kind, json.dumps(geometry, sort_keys=True))] if geometry else []


def _drawable(geometry: dict, is_area: bool) -> dict | None:
    """The outline, repaired where it crosses itself; None if nothing is left, or no area where one is needed."""
    outline = shape(geometry)
    if is_area and not outline.is_valid:
        parts = getattr(valid := make_valid(outline), "geoms", [valid])
        outline = union_all([part for part in parts if part.area])
        geometry = mapping(outline)
    return None if outline.is_empty or (is_area and not outline.area) else geometry


def count(source: Source) -> dict[str, int]:
    """How many usable features each file of the layer holds."""
    return {place: len(_features(source, place)) for place in source.location}


def _features(source: Source, place: str) -> list[tuple[str, str, str, str]]:
    refuse_address(place, source.name)
    path = Path(place)
    wanted = {plain(alias) for alias in _names(source)}
    try:
        features = json.loads(path.read_text("utf-8-sig"))["features"]
    except FileNotFoundError:
        cure = (
            "write the sample city's files with `cityglass init sample`"
            if "data/sample" in path.as_posix()
            else "correct its location in city.yml"
        )
        raise SourceError(f"{path} (source {source.name!r}) does not exist.", cure) from None
    except OSError as error:
        raise SourceError(f"{path} (source {source.name!r}) cannot be read: {error.strerror}.", "name a file") from None
    except (ValueError, KeyError, TypeError):
        raise SourceError(
            f"{path} (source {source.name!r}) is no GeoJSON FeatureCollection.", "export it again as GeoJSON"
        ) from None
    rows = [row for number, feature in enumerate(features, 1) for row in _row(source, path, wanted, number, feature)]
    if not rows:
        raise SourceError(
            f"{path} (source {source.name!r}) has no feature with {', '.join(_names(source))}.",
            f"set sources.{source.name}.fields.name",
        )
    return rows
