"""What a source's `layout` in city.yml may say, and that its words mean something."""

import re
from collections.abc import Callable
from datetime import date, datetime

from hub.errors import ConfigurationError
from hub.outcomes import DISPOSITIONS
from hub.schema import Dataset
from hub.strict_yaml import Each

LAYOUT = {
    "format": str,  # one of FORMATS; else told by the file's name
    "encoding": str,
    "delimiter": str,
    "header": [str],  # names of the columns for those CSV files of a series that have no header line
    "header_row": int,  # number of the row with the names in a sheet; else it is looked for
    "sheet": (str, [str]),  # the sheets of a workbook to be read; else all visible ones
    "daily": bool,  # the files are a daily series: a day without its file is reported
    "dates": [str],  # strptime forms, tried in order
    "epoch": str,  # seconds or milliseconds: numbers are UTC epochs
    "nulls": [str],
    "sentinels": [str],  # dates that mean 'none'
    "default_points": [[float]],  # lat, long of a geocoder's fallback
    "statuses": Each(str),  # the city's word -> open or closed
    "point": str,  # the column that holds latitude and longitude together, where they have no columns of their own
    "dispositions": [
        {"contains": str, "kind": str, "is": str}
    ],  # by closing words or kind of request; first match wins
    "status_dispositions": Each(str),  # the city's status word -> disposition
    "rows_from_columns": [{"column": str, "beside": str, "set": Each((str, int))}],  # amount columns of wide tables
    "only": Each([str]),  # keep rows whose column holds one of these; the others are counted as set aside
    "phases": Each(str),  # a project's status word -> phase
    "changed_field": str,  # arcgis: the date field that is set whenever a row is edited
    "totals": [{"of": Each((str, int)), "cents": int, "stated_in": str}],
    "start": (str, date),  # the day from which on a system is read
    "api": str,  # socrata: soda2, or soda3, which needs credentials
    "resources": str,  # ckan: which tables of a dataset, by a pattern of their names
    "jurisdiction_id": str,  # what the city calls itself in Open311, where that must be said
}
FORMATS = ("csv", "geojson", "json", "ndjson", "parquet", "xlsx")
STATUSES = ("open", "closed")
PHASES = ("planned", "design", "construction", "complete", "ongoing", "unknown")
TOTAL_OF = {"budget": {"direction", "fiscal_year", "stage"}, "capital_projects": {"measure"}}
FORM = re.compile(r"(%-?[aAwdbBmyYHIpMSfgnzZjUWcxXGVu%]|[^%])+")  # the specifiers that the engine knows


def is_date(text: str) -> bool:
    """True for an ISO 8601 date or time."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _one_of(words: tuple[str, ...]) -> tuple[Callable[[object], bool], str]:
    return (lambda value: value in words), f"one of: {', '.join(words)}"


# key of the layout: the values in it that must mean something, what they must be, how to say so
MEANS: dict[str, tuple[Callable, Callable[[object], bool], str]] = {
    "format": (lambda said: [said], *_one_of(FORMATS)),
    "header": (lambda said: [said], lambda names: len(set(names)) == len(names) > 0, "each column once"),
    "header_row": (lambda said: [said], lambda number: number > 0, "1 or more"),
    "epoch": (lambda said: [said], *_one_of(("seconds", "milliseconds"))),
    "api": (lambda said: [said], *_one_of(("soda2", "soda3"))),
    "delimiter": (lambda said: [said], lambda mark: len(mark) == 1, "one character"),
    "dates": (list, FORM.fullmatch, "a form such as '%m/%d/%Y %H:%M'"),
    "sentinels": (list, is_date, "a day such as 1900-01-01"),
    "default_points": (list, lambda point: len(point) == 2, "a latitude and a longitude"),
    "statuses": (lambda said: said.values(), *_one_of(STATUSES)),
    "dispositions": (lambda said: [rule.get("is") for rule in said], *_one_of(tuple(DISPOSITIONS))),
    "status_dispositions": (lambda said: said.values(), *_one_of(tuple(DISPOSITIONS))),
    "phases": (lambda said: said.values(), *_one_of(PHASES)),
    "start": (lambda said: [str(said)], is_date, "a day such as 2020-01-01"),
}


def check_layout(layout: dict, where: str, dataset: Dataset | None) -> dict:
    """The layout, if its words mean something. Raises ConfigurationError naming the key, the value and the cure."""
    for key, (values, means, wanted) in MEANS.items():
        for value in values(layout[key]) if key in layout else ():
            if not means(value):
                raise ConfigurationError(f"{where}.{key} has {value!r}.", f"write {wanted}")
    columns = {column.name for column in dataset.record} if dataset else set()
    for entry in layout.get("rows_from_columns", []):
        _complete(entry, {"column", "set"}, f"{where}.rows_from_columns")
        if unknown := set(entry["set"]) - columns:
            raise ConfigurationError(
                f"{where}.rows_from_columns sets {', '.join(sorted(unknown))}.", f"set some of: {', '.join(columns)}"
            )
    for rule in layout.get("dispositions", []):
        _complete(rule, {"kind" if "kind" in rule else "contains", "is"}, f"{where}.dispositions")
        if "kind" in rule and "contains" in rule:
            raise ConfigurationError(
                f"{where}.dispositions: an entry has contains {rule['contains']!r} and kind {rule['kind']!r}.",
                "make two entries of it: each asks for closing words or for a kind of request",
            )
    for total in layout.get("totals", []):
        _complete(total, {"of", "cents"}, f"{where}.totals")
        _complete(total["of"], TOTAL_OF.get(dataset.name if dataset else "", set()), f"{where}.totals.of")
    return layout


def _complete(entry: dict, keys: set[str], where: str) -> None:
    if missing := keys - set(entry):
        raise ConfigurationError(f"{where}: an entry has no {', '.join(sorted(missing))}.", "add it to the entry")
