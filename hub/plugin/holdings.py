"""What the present release holds something of: what is empty stands on no menu and no list, and is said once."""

from functools import lru_cache

from hub import datasette_compat as compat
from hub import metadata, releases
from hub.datasets import DATASETS
from hub.datasets.about_release import RELEASE_TABLES
from hub.datasette_compat import Datasette
from hub.plugin import served
from hub.questions import measures, queries

# dataset: its word within a sentence
WORDS = {"service_requests": "requests", "budget": "budget", "capital_projects": "projects", "stories": "stories"}


def datasets(datasette: Datasette) -> tuple[str, ...]:
    """The datasets that the city chose and that have rows, in its order."""
    rows = releases.rows(served.now(datasette).manifest)
    return tuple(name for name in _chosen(datasette) if rows.get(DATASETS[name].table.name))


def hidden(datasette: Datasette) -> frozenset[str]:
    """Tables, views and questions that have nothing to show."""
    return _without(frozenset(datasets(datasette)))


def subjects(datasette: Datasette) -> str:
    """'requests, budget, projects and stories', as far as they are there."""
    return together([WORDS[name] for name in datasets(datasette)]) or "the data"


def silence(datasette: Datasette) -> str:
    """'Larkhaven publishes no budget and no stories here.'; '' where all that the city chose is there."""
    there = datasets(datasette)
    words = together([f"no {WORDS[name]}" for name in _chosen(datasette) if name not in there])
    city = compat.settings(datasette).get("city", {}).get("name") or "The city"
    return f"{city} publishes {words} here." if words else ""


def together(words: list[str]) -> str:
    """'a, b and c'."""
    return " and ".join(part for part in (", ".join(words[:-1]), *words[-1:]) if part)


def _chosen(datasette: Datasette) -> list[str]:
    return [name for name in compat.settings(datasette).get("datasets", DATASETS) if name in DATASETS]


@lru_cache(maxsize=16)
def _without(there: frozenset[str]) -> frozenset[str]:
    """Every table, view and question that needs another dataset than these."""
    if there == DATASETS.keys():
        return frozenset()
    kept = {table.name for name in there for table in DATASETS[name].tables} | {table.name for table in RELEASE_TABLES}
    shown = kept | {question.name for question in metadata.questions_about(kept)}
    shown |= {view.name for view in metadata.views_of(kept)}
    every = {shape.name for about in DATASETS.values() for shape in (*about.tables, *about.views)}
    return frozenset(every | measures().keys() | queries().keys()) - shown
