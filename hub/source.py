"""One source of city.yml: which city system feeds a dataset, by which adapter, and what of it is received and released."""

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from zoneinfo import ZoneInfo

from hub.datasets import DATASETS
from hub.errors import ConfigurationError
from hub.layout import LAYOUT, check_layout, is_date
from hub.strict_yaml import Each

# A source is named for the dataset it feeds; requests is the field's short word for service requests.
DATASET_OF_SOURCE = {"requests": "service_requests", **{name: name for name in DATASETS if name != "service_requests"}}
AREAS = ("boundaries", "streets")

ADAPTERS = frozenset(
    "arcgis carto ckan dataverse files ical legistar open311 seeclickfix socrata".split()
)  # in etl/sources

SOURCE = {
    "adapter": ADAPTERS,
    "location": (str, [str]),
    "layout": LAYOUT,
    "as_of": (str, date),
    "archive": bool,
    "time_zone": str,
    "credentials": str,  # name of an environment variable, or a file beside city.yml
    "hosts": [str],  # further hosts that the source may lead to
    "per_second": float,  # requests per second, at most
    "receive": [str],  # the only columns of the source that may be read
    "publish": [str],  # the only columns of the record that may be released
    "fields": Each((str, [str], {"is": (str, int)}, {"key_of": [str]}, {"sum_of": [str]})),
}


@dataclass(frozen=True, slots=True)
class Source:
    """One city system as city.yml (`path`) describes it; paths in `location` are resolved against its folder.

    `publish`: the columns of the record that may be released; None for all that their privacy allows."""

    path: Path
    name: str
    dataset: str
    adapter: str
    location: tuple[str, ...]
    time_zone: str
    fields: dict[str, Any]
    layout: dict[str, Any]
    as_of: str = ""
    archive: bool = False
    credentials: str = ""
    hosts: tuple[str, ...] = ()
    per_second: float | None = None
    receive: tuple[str, ...] | None = None
    publish: tuple[str, ...] | None = None
    fallback: "Source | None" = None
    is_fallback: bool = False

    @property
    def reader(self) -> str:
        """Whose reading it is: a source and its fallback feed the same rows, but each has read them up to its own day."""
        return f"{self.name} fallback" if self.is_fallback else self.name


def source_of(
    name: str, spec: dict, zone: str, path: Path, replaced: list[str] | None, withheld: tuple[str, ...] = ()
) -> Source:
    """The source as city.yml says it; `replaced` are the locations given with --from. Raises ConfigurationError."""
    if name not in DATASET_OF_SOURCE and name not in AREAS:
        raise ConfigurationError(
            f"{path}: sources.{name} feeds no dataset.",
            f"name it one of: {', '.join((*DATASET_OF_SOURCE, *AREAS))}",
        )
    where, dataset = f"{path}: sources.{name}", DATASET_OF_SOURCE.get(name, name)
    zone_of(spec.get("time_zone", zone), f"{where}.time_zone")
    fields = spec.get("fields", {})
    known = [column.name for column in DATASETS[dataset].record] if dataset in DATASETS else []
    for key, columns in (("fields", fields), ("publish", spec.get("publish", ()))):
        for column in columns if known else ():
            if column not in known:
                raise ConfigurationError(
                    f"{where}.{key}.{column} is not a column of {dataset}.", f"its columns are: {', '.join(known)}"
                )
    for column in DATASETS[dataset].record if known else ():
        if column.required and fields.get(column.name) == []:
            raise ConfigurationError(
                f"{where}.fields.{column.name} names no column.",
                "name the column of the source that holds it; `init --from` lists those it met behind `# not read`",
            )
    if spec.get("as_of") and not is_date(str(spec["as_of"])):
        raise ConfigurationError(
            f"{where}.as_of is {spec['as_of']!r}.", "write a day or a time such as 2026-01-31T06:00:00"
        )
    given = spec.get("location", [])
    source = Source(
        path=path,
        name=name,
        dataset=dataset,
        adapter=spec.get("adapter", "files"),
        location=_located([given] if isinstance(given, str) else given, path),
        time_zone=spec.get("time_zone", zone),
        fields=fields | {column: [] for column in withheld},  # a column without a name is never asked for
        layout=check_layout(spec.get("layout", {}), f"{where}.layout", DATASETS.get(dataset)),
        as_of=str(spec.get("as_of", "")),
        archive=spec.get("archive", False),
        credentials=spec.get("credentials", ""),
        hosts=tuple(spec.get("hosts", ())),
        per_second=spec.get("per_second"),
        receive=tuple(spec["receive"]) if "receive" in spec else None,
        publish=tuple(spec["publish"]) if "publish" in spec else None,
        fallback=_fallback(name, spec, zone, path, withheld),
    )
    return source if replaced is None else _replaced(source, replaced)


def _located(given: list[str], path: Path) -> tuple[str, ...]:
    return tuple(place if "://" in place else str(path.parent / place) for place in given)


def _fallback(name: str, spec: dict, zone: str, path: Path, withheld: tuple[str, ...]) -> Source | None:
    """A second adapter for the same rows: what it does not say itself it has from the first."""
    if "fallback" not in spec:
        return None
    inherited = {key: spec[key] for key in ("time_zone", "receive", "publish", "as_of") if key in spec}
    return replace(source_of(name, inherited | spec["fallback"], zone, path, None, withheld), is_fallback=True)


def _replaced(source: Source, places: list[str]) -> Source:
    """The source read from elsewhere for once: from files, or by its adapter from another server.

    An address without a path stands for the server alone: the paths of the source's own locations are kept."""
    if not any("://" in place for place in places):
        return replace(source, adapter="files", location=tuple(places), fallback=None)
    moved = []
    for place in places:
        server = urlsplit(place)
        if server.path.strip("/") or not source.location:
            moved.append(place)
            continue
        for own in source.location:
            moved.append(urlunsplit((server.scheme, server.netloc, *urlsplit(own)[2:])))
    return replace(source, location=tuple(moved), fallback=None)


def zone_of(name: str, where: str) -> ZoneInfo:
    """The time zone of that name. Raises ConfigurationError."""
    try:
        return ZoneInfo(name)
    except Exception:
        raise ConfigurationError(
            f"{where} is {name!r}, which is no time zone.", "use a name such as America/New_York"
        ) from None
