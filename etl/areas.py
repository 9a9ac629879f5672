"""Boundaries and streets: outlines that everybody may know, kept in the vault so that a publish needs no file again."""

import json
from pathlib import Path

from etl.sources.page import plain
from etl.vault import Vault
from hub.city import Source
from hub.errors import SourceError


def read(vault: Vault, source: Source) -> int:
    """Replace a layer (boundaries or streets) by its GeoJSON files. Returns the features kept; features without a
    name are drawn but name nothing, `kind: water` features are water."""
    rows = sorted(row for place in source.location for row in _features(source, Path(place)))
    if rows == vault.rows("select layer, name, kind, geometry from areas where layer = ? order by all", source.name):
        return len(rows)
    with vault.transaction():
        vault.con.execute("delete from areas where layer = ?", [source.name])
        vault.con.executemany("insert into areas values (?, ?, ?, ?)", rows)
        vault.count_changes(1)
    return len(rows)


def _names(source: Source) -> list[str]:
    given = source.fields.get("name", "name")
    return [given] if isinstance(given, str) else given


def count(source: Source) -> dict[str, int]:
    """How many usable features each file of the layer holds."""
    return {place: len(_features(source, Path(place))) for place in source.location}


def _features(source: Source, path: Path) -> list[tuple[str, str, str, str]]:
    wanted = {plain(alias) for alias in _names(source)}
    try:
        collection = json.loads(path.read_text("utf-8-sig"))
        features = collection["features"]
    except FileNotFoundError:
        cure = (
            "write the sample city's files with `cityglass init sample`"
            if "data/sample" in path.as_posix()
            else "correct its location in city.yml"
        )
        raise SourceError(f"{path} (source {source.name!r}) does not exist.", cure) from None
    except (ValueError, KeyError, TypeError):
        raise SourceError(
            f"{path} (source {source.name!r}) is no GeoJSON FeatureCollection.", "export it again as GeoJSON"
        ) from None
    rows = []
    for feature in features:
        properties = feature.get("properties") or {}
        name = next((str(value) for key, value in properties.items() if plain(key) in wanted and value is not None), "")
        kind = "water" if properties.get("kind") == "water" else ""
        if feature.get("geometry") and (name or kind):
            rows.append((source.name, name, kind, json.dumps(feature["geometry"], sort_keys=True)))
    if not rows:
        raise SourceError(
            f"{path} (source {source.name!r}) has no feature with {', '.join(_names(source))}.",
            f"set sources.{source.name}.fields.name",
        )
    return rows
