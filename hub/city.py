"""city.yml -> City: what this city is and what it chose. Loaded strictly; errors name the line and the cure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hub.brand import palette
from hub.datasets import DATASETS
from hub.drawing import drawing
from hub.errors import ConfigurationError
from hub.source import SOURCE, Source, source_of, zone_of
from hub.strict_yaml import Each, line_of, load

SHAPE = {
    "city": {
        "name": str,
        "slug": str,
        "time_zone": str,
        "languages": [str],
        "contact": str,
        "bbox": [float],
        "population": int,
    },
    "brand": {"name": str, "font": str, "colours": Each(str), "logo": str, "icon": str},
    "sources": Each(SOURCE | {"fallback": SOURCE}),
    "departments": Each([str]),
    "privacy": {"k": Each(int), "delay_days": int, "columns": Each(str)},
    "publish": {"keep": int, "every": str},
    "pages": {"datasets": [str], "views": [str], "tracking": bool},
}
# The dashboards, in the order of their menu.
VIEWS = ("overview", "resolution_times", "map", "stories", "budget", "capital_projects", "privacy")
PERIODS = ("day", "week")  # `run --every` makes at most one release in each
WIDEST = 5  # degrees: a box beyond that is no city, and its map would have millions of tiles
LANGUAGES = ("en", "es")  # whose words are known here; the first of a city's is told to browsers
COLOURS = {"primary": "#0b5394", "text": "#1b1f24", "background": "#ffffff", "surface": "#f3f6f9", "accent": "#b45309"}


@dataclass(frozen=True, slots=True)
class Brand:
    """`logo` and `icon`: the text of an SVG drawing, or nothing."""

    name: str
    colours: dict[str, str]
    font: str = ""
    logo: str = ""
    icon: str = ""


@dataclass(frozen=True, slots=True)
class City:
    """This city. `bbox` is west, south, east, north in degrees."""

    path: Path
    name: str
    slug: str
    time_zone: str
    brand: Brand
    bbox: tuple[float, float, float, float]
    sources: dict[str, Source]
    languages: tuple[str, ...] = ("en",)
    contact: str = ""
    population: int | None = None
    departments: dict[str, list[str]] = field(default_factory=dict)
    k: dict[str, int] = field(default_factory=dict)
    delay_days: int = 0
    withheld: tuple[str, ...] = ()
    keep: int = 5
    publishes: str = "day"
    datasets: tuple[str, ...] = tuple(DATASETS)
    views: tuple[str, ...] = VIEWS
    tracking: bool = True

    def department_of(self, *names: str | None) -> str | None:
        """The department that a service or agency is routed to, or None."""
        for department, members in self.departments.items():
            if any(name in members for name in names if name):
                return department
        return None


def load_city(path: Path, reads: dict[str, list[str]] | None = None, is_draft: bool = False) -> City:
    """Read city.yml. `reads` replaces the locations of named sources for once (--from). `is_draft`: its box may still
    be as wide as the world."""
    raw = load(path, SHAPE)
    try:
        return _city(path, raw, dict(reads or {}), is_draft)
    except ConfigurationError as error:
        key = error.message.removeprefix(f"{path}: ").split(" ")[0].rstrip(":")
        line = line_of(path, key) if error.message.startswith(f"{path}: ") else 0
        raise ConfigurationError(
            error.message.replace(f"{path}:", f"{path}:{line}:", 1) if line else error.message, error.cure
        ) from None


def _city(path: Path, raw: dict, reads: dict[str, list[str]], is_draft: bool) -> City:
    about = raw.get("city") or {}
    for key in ("name", "slug", "time_zone", "bbox"):
        if key not in about:
            raise ConfigurationError(f"{path}: city.{key} is missing.", f"add `{key}:` under `city:`")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", about["slug"]):
        raise ConfigurationError(f"{path}: city.slug is {about['slug']!r}.", "use small letters, digits and _")
    zone_of(about["time_zone"], f"{path}: city.time_zone")
    _box(about["bbox"], path, is_draft)
    _people(about, path)
    privacy, publish, pages = (raw.get(key) or {} for key in ("privacy", "publish", "pages"))
    _stricter(privacy, publish, path)
    withheld = tuple(privacy.get("columns", {}))
    sources = {
        name: source_of(name, spec, about["time_zone"], path, reads.pop(name, None), withheld)
        for name, spec in (raw.get("sources") or {}).items()
    }
    if reads:
        raise ConfigurationError(
            f"--from names {', '.join(map(repr, reads))}, which {path} does not have.",
            f"its sources are: {', '.join(sources) or 'none'}",
        )
    brand = raw.get("brand") or {}
    return City(
        path=path,
        name=about["name"],
        slug=about["slug"],
        time_zone=about["time_zone"],
        bbox=tuple(map(float, about["bbox"])),
        brand=Brand(
            brand.get("name", about["name"]),
            _colours(brand.get("colours", {}), path),
            brand.get("font", ""),
            **{
                key: drawing(path.parent / brand[key], f"{path}: brand.{key}")
                for key in ("logo", "icon")
                if key in brand
            },
        ),
        sources=sources,
        languages=tuple(about.get("languages", ("en",))),
        contact=about.get("contact", ""),
        population=about.get("population"),
        departments=raw.get("departments") or {},
        k=privacy.get("k", {}),
        delay_days=privacy.get("delay_days", 0),
        withheld=withheld,
        keep=publish.get("keep", 5),
        publishes=publish.get("every", "day"),
        datasets=_shown("datasets", pages, tuple(DATASETS), path),
        views=_shown("views", pages, VIEWS, path),
        tracking=pages.get("tracking", True),
    )


def is_wide(bbox: Sequence[float]) -> bool:
    """True for a box that is no city's."""
    return max(bbox[2] - bbox[0], bbox[3] - bbox[1]) > WIDEST


def _box(bbox: list[float], path: Path, is_draft: bool) -> None:
    if len(bbox) != 4 or not (-180 <= bbox[0] < bbox[2] <= 180 and -90 <= bbox[1] < bbox[3] <= 90):
        raise ConfigurationError(f"{path}: city.bbox is {bbox}.", "give west, south, east, north in degrees")
    if not is_draft and is_wide(bbox):
        raise ConfigurationError(
            f"{path}: city.bbox is {bbox}, which is more than {WIDEST} degrees wide or high: no city is.",
            "give west, south, east, north of the city in degrees; `cityglass check` tells where its places lie",
        )


def _people(about: dict, path: Path) -> None:
    """How many live here, and which languages they read."""
    languages, population = about.get("languages", LANGUAGES), about.get("population", 1)
    if not languages or set(languages) - set(LANGUAGES):
        raise ConfigurationError(
            f"{path}: city.languages is {languages}.",
            f"name one or more of: {', '.join(LANGUAGES)}; the first is that of the pages",
        )
    if population < 1:
        raise ConfigurationError(
            f"{path}: city.population is {population}.", "write how many people live there, or leave it out"
        )


def _stricter(privacy: dict, publish: dict, path: Path) -> None:
    """city.yml may be stricter than the policy and the declaration of a dataset, never looser."""
    columns = {c.name: c.required for dataset in DATASETS.values() for c in dataset.record}
    for column, word in privacy.get("columns", {}).items():
        if column not in columns:
            raise ConfigurationError(
                f"{path}: privacy.columns has {column!r}.", f"columns are: {', '.join(sorted(columns))}"
            )
        if word != "withheld" or columns[column]:
            raise ConfigurationError(
                f"{path}: privacy.columns.{column} is {word!r}.",
                "only `withheld` is stricter, and only for columns that a record can do without",
            )
    if publish.get("every", "day") not in PERIODS:
        raise ConfigurationError(
            f"{path}: publish.every is {publish['every']!r}.",
            "write `day` or `week`; oftener would tell when each request was opened",
        )
    for key, value, least in (
        ("privacy.delay_days", privacy.get("delay_days", 0), 0),
        ("publish.keep", publish.get("keep", 1), 1),
    ):
        if value < least:
            raise ConfigurationError(f"{path}: {key} is {value}.", f"set it to {least} or more")


def _colours(colours: dict[str, str], path: Path) -> dict[str, str]:
    """All colours, those of the city first. Raises ConfigurationError if one is none, or two cannot be told apart."""
    for name, value in colours.items():
        if name not in COLOURS:
            raise ConfigurationError(
                f"{path}: brand.colours.{name} is unknown.", f"known colours: {', '.join(COLOURS)}"
            )
        if not re.fullmatch(r"#[0-9a-fA-F]{6}", value):
            raise ConfigurationError(f"{path}: brand.colours.{name} is {value!r}.", "write it as '#rrggbb'")
    try:
        palette(COLOURS | colours)
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error.message}", error.cure) from None
    return COLOURS | colours


def _shown(what: str, pages: dict, known: tuple[str, ...], path: Path) -> tuple[str, ...]:
    """Which datasets or views the pages have, in their order: all, unless city.yml names some."""
    chosen = pages.get(what, known)
    if not chosen:
        raise ConfigurationError(f"{path}: pages.{what} is empty.", f"name one or more of: {', '.join(known)}")
    if unknown := [name for name in chosen if name not in known]:
        raise ConfigurationError(f"{path}: pages.{what} has {unknown[0]!r}.", f"known {what}: {', '.join(known)}")
    return tuple(dict.fromkeys(chosen))
