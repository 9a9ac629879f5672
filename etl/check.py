"""Look before reading: the first page of every source, and what would become of each of its columns."""

from dataclasses import dataclass, replace

import numpy as np

from etl import areas, canonical, remarks, texts
from etl.box import NOWHERE, Box, box_of, inside, places_of
from etl.pull import asking
from etl.sources import SOURCES
from etl.sources.over_http import unasked
from etl.sources.page import Adapter, Page, Request, Resume, plain
from hub.city import City
from hub.datasets import DATASETS
from hub.errors import SourceError
from hub.schema import Column, Dataset, Privacy
from hub.source import AREAS, Source

HEAD = ("column of the source", "received", "stored as", "released as")
HIDDEN = (Privacy.WITHHELD, Privacy.TEXT)
SHOWN_AS = {
    Privacy.PSEUDONYM: "a keyed number",
    Privacy.TIME: "a period",
    Privacy.PLACE: "an area",
    Privacy.KIND: "its kind or group",
    Privacy.OUTCOME: "its outcome",
    Privacy.TEXT: "redacted text, in tier A",
}


@dataclass(frozen=True, slots=True)
class Checked:
    """Per source, and per fallback of one, its columns by fate; the same as lines to read.

    `boxes`: in which box most places of the first page lie, as far as it tells. `misplaced`: readers most of whose places
    lie elsewhere than in the city's."""

    sources: dict[str, list[dict]]
    lines: tuple[str, ...]
    boxes: dict[str, Box]
    misplaced: tuple[str, ...]


def check_sources(city: City) -> Checked:
    """Open every source that has a location, and its fallback. Raises what reading it would raise."""
    read = [one for source in city.sources.values() if source.location for one in (source, source.fallback) if one]
    found, lines, boxes, misplaced = {}, [], {}, []
    for source in read:
        rows, places, missing = _looked_at(city, source)
        found[source.reader] = rows
        lines += [*_table(source.reader, rows), *(f"NOTICE {source.reader}: {words}" for words in missing)]
        if notice := _misplaced(city, source, places):
            lines.append(notice)
            misplaced.append(source.reader)
        if box := box_of(places):
            boxes[source.reader] = box
    lines += [
        f"{s.name}: no location; read it with --from {s.name}=PATH" for s in city.sources.values() if not s.location
    ]
    return Checked(found, tuple(lines), boxes, tuple(misplaced))


def _misplaced(city: City, source: Source, places: np.ndarray) -> str:
    """A sentence if most places of the first page lie outside the city's box: they would not be used."""
    held = inside(places, city.bbox)
    if 2 * held >= len(places):
        return ""
    box = box_of(places)
    known = f"; most lie in {list(box)}" if box else ""
    return (
        f"NOTICE {source.reader}: {held:,} of {len(places):,} places of the first page lie in city.bbox "
        f"{list(city.bbox)}{known}: correct city.bbox, or the columns of lat and long"
    )


def first_page(adapter: Adapter, asked: Request) -> Page | None:
    """The first page of a source, of its last part if the first is empty."""
    parts = adapter.parts(asked)
    if not parts:
        raise SourceError(f"{asked.name}: {unasked(asked.location[0])} holds nothing to read.", "look at its location")
    looks = (next(adapter.pages(asked, part, Resume()), None) for part in (parts[0], parts[-1]))
    return next((page for page in looks if page), None)


def _looked_at(city: City, source: Source) -> tuple[list[dict], np.ndarray, tuple[str, ...]]:
    """Its columns by fate, the places of its first page, and which columns it lacks, in words."""
    if source.name in AREAS:
        return [{"features": count, "in": place} for place, count in areas.count(source).items()], NOWHERE, ()
    return _columns(city, source)


def _columns(city: City, source: Source) -> tuple[list[dict], np.ndarray, tuple[str, ...]]:
    """One line per column that the source sends or could send, in its order: received, stored, released or left."""
    dataset, adapter = DATASETS[source.dataset], SOURCES[source.adapter]
    with_text = texts.are_used(city, dataset)
    with asking(city, source, with_text=with_text) as asked:
        asked = replace(asked, known=adapter.probe(asked))
        page = first_page(adapter, asked)
    received = page.rows.column_names if page else []
    named, others = _named(source, dataset), asked.known.get("columns") or ()
    seen = dict.fromkeys([*received, *(page.dropped if page else ()), *others])
    fates = [_fate(name, name in received, source, dataset, named, with_text) for name in seen]
    missing = remarks.of_columns(source, asked, received) if received else ()
    return fates, places_of(page.rows, source) if page else NOWHERE, missing


def _named(source: Source, dataset: Dataset) -> dict[str, list[str]]:
    """record column -> the columns of the source that it is made from."""
    composed = {
        name: given.get("key_of", given.get("sum_of", []))
        for name, given in source.fields.items()
        if isinstance(given, dict)
    }
    amounts = [entry["column"] for entry in source.layout.get("rows_from_columns", [])]
    return canonical.aliases(source, dataset) | composed | ({"amount_cents": amounts} if amounts else {})


def _fate(
    name: str, is_received: bool, source: Source, dataset: Dataset, named: dict[str, list[str]], with_text: bool
) -> dict:
    fed = [c for c in dataset.record if plain(name) in map(plain, named.get(c.name, [])) and is_received]
    kept = {c.name for c in canonical.stored(dataset)} | set(texts.COLUMNS if with_text else ())
    return {
        "column": name,
        "received": is_received,
        "stored": [c.name if c.name in kept else f"({c.name}, not stored)" for c in fed],
        "released": [_shown(c) for c in fed if _is_released(c, source, with_text)],
    }


def _is_released(column: Column, source: Source, with_text: bool) -> bool:
    is_hidden = column.privacy in HIDDEN and not (with_text and column.privacy is Privacy.TEXT)
    return not is_hidden and (source.publish is None or column.required or column.name in source.publish)


def _shown(column: Column) -> str:
    return f"{column.name} as {SHOWN_AS[column.privacy]}" if column.privacy in SHOWN_AS else column.name


def _table(name: str, rows: list[dict]) -> list[str]:
    """The matrix of one source, in columns."""
    if rows and "features" in rows[0]:
        return [f"{name}: {row['features']} features in {row['in']}" for row in rows]
    cells = [HEAD] + [
        (
            row["column"],
            "yes" if row["received"] else "-",
            ", ".join(row["stored"]) or "-",
            ", ".join(row["released"]) or "-",
        )
        for row in rows
    ]
    widths = [max(len(row[i]) for row in cells) for i in range(len(HEAD))]
    return [f"{name}:"] + [
        "  " + "  ".join(f"{c:<{w}}" for c, w in zip(row, widths, strict=True)).rstrip() for row in cells
    ]
