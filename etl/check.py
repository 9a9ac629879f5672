"""Look before reading: the first page of every source, and what would become of each of its columns."""

from dataclasses import dataclass

from etl import areas, canonical
from etl.sources import adapter_of
from etl.sources.page import plain
from hub.city import AREAS, City, Source
from hub.datasets import DATASETS
from hub.schema import Privacy


@dataclass(frozen=True, slots=True)
class Checked:
    """Per source its columns by fate, and the same as lines to read."""

    sources: dict[str, dict[str, list[str]]]
    lines: tuple[str, ...]


def check_sources(city: City) -> Checked:
    """Open every source that has a location. Raises what reading it would raise."""
    found = {
        source.name: _areas(source) if source.name in AREAS else _columns(source)
        for source in city.sources.values()
        if source.location
    }
    lines = [
        f"{name}: {fate}: {', '.join(columns) or 'none'}"
        for name, fates in found.items()
        for fate, columns in fates.items()
    ]
    lines += [
        f"{s.name}: no location; read it with --from {s.name}=PATH" for s in city.sources.values() if not s.location
    ]
    return Checked(found, tuple(lines))


def _areas(source: Source) -> dict[str, list[str]]:
    return {"features": [f"{count} in {place}" for place, count in areas.count(source).items()]}


def _columns(source: Source) -> dict[str, list[str]]:
    dataset, adapter = DATASETS[source.dataset], adapter_of(source.name, source.adapter)
    asked = canonical.request(source, dataset)
    page = next(iter(adapter.pages(asked, adapter.parts(asked)[0][0])))
    received = page.rows.column_names
    named = canonical.aliases(source, dataset)
    fed = {
        c.name: [name for name in received if plain(name) in {plain(a) for a in named.get(c.name, [])}]
        for c in dataset.record
    }
    kept = {c.name for c in canonical.stored(dataset)}
    withheld = {c.name for c in dataset.record if c.privacy in (Privacy.WITHHELD, Privacy.TEXT)}
    return {
        "received": received,
        "stored": sorted(
            f"{', '.join(names)} as {column}" for column, names in fed.items() if names and column in kept
        ),
        "published in some form": sorted(column for column, names in fed.items() if names and column not in withheld),
        "used and not stored": sorted(
            f"{', '.join(names)} for {column}" for column, names in fed.items() if names and column not in kept
        ),
        "dropped": list(page.dropped),
    }
