"""Text -> types: one SELECT per page, since local time needs the engine's time-zone tables. It judges no value."""

from collections.abc import Callable

from etl.sources.page import plain
from hub.schema import Column, Dataset, Type
from hub.source import Source

DEGREES = r"(-?\d+(?:\.\d+)?)"
COORDINATES = ("lat", "long")
PAIRS = {  # how systems write a place in one column -> which of its two numbers is which
    rf"(?:^|\()\s*{DEGREES}\s*,\s*{DEGREES}\s*\)?$": {"lat": 1, "long": 2},  # 1 Elm St (42.3, -71.1)
    rf"^POINT\s*\(\s*{DEGREES}\s+{DEGREES}\s*\)$": {"lat": 2, "long": 1},  # POINT (-71.1 42.3)
}
EPOCHS = {"seconds": (11, 1), "milliseconds": (14, 1000)}  # digits of a believable one, and how many make a second


def select_sql(source: Source, dataset: Dataset, header: list[str]) -> str:
    """SELECT from `page` (text columns and `row_number`) to the record's columns in their types; `read_at` is the variable
    of that name in UTC seconds, else now.

    Rows that `layout.only` leaves out and empty cells of a wide table make no record."""
    at = {plain(name): name for name in header}
    parts = []
    for made in wide_columns(source, header) or [None]:
        columns = [sql for c in dataset.record for sql in _column_sql(c, source, dataset, at, made)]
        stated = f"{_name(at[plain(made['column'])])} is not null" if made else "true"
        parts.append(f"select row_number, {', '.join(columns)} from ({_rows_sql(source, at)}) where {stated}")
    outer = [_outer_sql(column, source, dataset) for column in dataset.record]
    outer.append("coalesce(getvariable('read_at'), epoch(now()))::bigint as read_at")
    return f"select row_number, columns('^given_'), {', '.join(outer)} from ({' union all '.join(parts)})"


def wide_columns(source: Source, header: list[str]) -> list[dict]:
    """The entries of `layout.rows_from_columns` that this file has."""
    known = {plain(name) for name in header}
    return [
        made
        for made in source.layout.get("rows_from_columns", [])
        if {plain(made[k]) for k in ("column", "beside") if k in made} <= known
    ]


def _rows_sql(source: Source, at: dict[str, str]) -> str:
    kept = []
    for column, words in source.layout.get("only", {}).items():
        if plain(column) in at:
            kept.append(f"{_name(at[plain(column)])} in ({', '.join(map(_quote, words))})")
    return f"select * from page where {' and '.join(kept) or 'true'}"


def _column_sql(column: Column, source: Source, dataset: Dataset, at: dict[str, str], made: dict | None) -> list[str]:
    """The typed value, and for all but text whether anything was given."""
    if _stem_of_instant(column, dataset):
        return []
    given = source.fields.get(column.name, [column.name])
    if made and column.name in made["set"]:
        value = _quote(str(made["set"][column.name]))
    elif made and column.type is Type.CENTS:
        value = _name(at[plain(made["column"])])
    elif isinstance(given, dict) and "sum_of" not in given:
        value = _composed_sql(given, at, made)
    else:
        found = [
            _name(at[plain(alias)]) for alias in ([given] if isinstance(given, str) else given) if plain(alias) in at
        ]
        if column.name in COORDINATES and (point := plain(source.layout.get("point", ""))) in at:
            found.append(_of_pair_sql(column.name, _name(at[point])))
        value = f"coalesce({', '.join(found)})" if found else "null::varchar"
    if isinstance(given, dict) and "sum_of" in given:
        return _sum_sql(column.name, [_name(at[plain(c)]) for c in given["sum_of"] if plain(c) in at])
    typed = f"{TYPED[column.type](value, source)} as {column.name}"
    return [typed] if column.type is Type.TEXT else [typed, f"({value}) is not null as given_{column.name}"]


def _of_pair_sql(name: str, pair: str) -> str:
    """One of the two numbers in a column that holds both; what is no pair stays as it is, and cannot be read."""
    parts = [f"nullif(regexp_extract({pair}, {_quote(form)}, {which[name]}, 'i'), '')" for form, which in PAIRS.items()]
    return f"coalesce({', '.join([*parts, pair])})"


def _sum_sql(name: str, parts: list[str]) -> list[str]:
    """Nothing is a sum if one of its parts cannot be read."""
    if not parts:
        return [f"null::bigint as {name}"]
    each = " + ".join(f"case when {part} is null then 0 else {_cents(part, None)} end" for part in parts)
    return [f"{each} as {name}", f"coalesce({', '.join(parts)}) is not null as given_{name}"]


def _stem_of_instant(column: Column, dataset: Dataset) -> str:
    """For a local day that belongs to an instant of the record: that instant's name."""
    instant = column.name.removesuffix("_day") + "_datetime"
    known = column.name.endswith("_day") and any(other.name == instant for other in dataset.record)
    return instant if known else ""


def _outer_sql(column: Column, source: Source, dataset: Dataset) -> str:
    if instant := _stem_of_instant(column, dataset):
        local = f"timezone({_quote(source.time_zone)}, {instant})::date - date '1970-01-01'"
        return f"case when isfinite({instant}) then {local} end as {column.name}"
    if column.type is Type.INSTANT:
        return f"epoch({column.name})::bigint as {column.name}"
    return column.name


def _composed_sql(given: dict, at: dict[str, str], made: dict | None) -> str:
    if "is" in given:
        return _quote(str(given["is"]))
    found = [f"coalesce({_name(at[plain(c)])}, '')" for c in given["key_of"] if plain(c) in at]
    constants = [_quote(f"{key}={value}") for key, value in (made or {"set": {}})["set"].items()]
    key = f"concat_ws(chr(31), {', '.join([*found, *constants])})"
    again = f"row_number() over (partition by {key} order by row_number)"
    return f"(left(md5({key}), 16) || case when {again} > 1 then '-' || {again} else '' end)"


def _instant(x: str, source: Source) -> str:
    zone = _quote(source.time_zone)
    forms = ", ".join(_quote(form) for form in source.layout.get("dates", []))
    close = f"replace(replace({x}, ' +', '+'), ' -', '-')"
    aware = (
        rf"case when regexp_matches({x}, ':\d\d.*([Zz]|[+-]\d\d(:?\d\d)?| [A-Za-z_/]{{3,}})$') "
        f"then try_cast(upper({close}) as timestamptz)"
    )
    if source.layout.get("epoch"):
        digits, per = EPOCHS[source.layout["epoch"]]
        seconds = f"try_cast({x} as decimal({digits}, 0)) / {per}"
        aware += rf" when regexp_full_match({x}, '-?\d+') then to_timestamp({seconds})"
    other = f"{aware} else timezone({zone}, try_cast({x} as timestamp)) end"
    return f"coalesce(timezone({zone}, try_strptime({x}, [{forms}])), {other})" if forms else other


def _date(x: str, source: Source) -> str:
    return f"strftime({_naive(x, [_quote(form) for form in source.layout.get('dates', [])])}, '%Y-%m-%d')"


def _naive(x: str, forms: list[str]) -> str:
    """A timestamp without zone: by the declared forms, else as ISO 8601. Declared first: a failed cast is slow."""
    declared = f"try_strptime({x}, [{', '.join(forms)}]), " if forms else ""
    return f"coalesce({declared}try_cast({x} as timestamp))"


def _cents(x: str, source: Source | None) -> str:
    bare = f"replace(replace(replace(replace(replace({x}, '$', ''), ',', ''), ' ', ''), '(', '-'), ')', '')"
    return f"cast(round(try_cast({bare} as decimal(20, 6)) * 100) as bigint)"


TYPED: dict[Type, Callable[[str, Source], str]] = {
    Type.TEXT: lambda x, source: x,
    Type.INTEGER: lambda x, source: f"try_cast({x} as bigint)",
    Type.NUMBER: lambda x, source: f"try_cast({x} as double)",
    Type.BOOLEAN: lambda x, source: f"cast(lower({x}) in ('1', 'true', 'yes', 'y') as integer)",
    Type.CENTS: _cents,
    Type.DATE: _date,
    Type.INSTANT: _instant,
}


def _quote(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _name(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
