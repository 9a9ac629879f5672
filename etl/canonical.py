"""Row -> record by the city's field map: what is asked of a source, and what its values mean, as Narwhals expressions.

The types are given by `typed.py`; everything that judges a value is in FINISH.
A record that cannot be used carries a `reason`; a value that had to be set aside leaves a `flags` word.
"""

from collections.abc import Iterable
from datetime import UTC, datetime

import narwhals as nw
from narwhals import col, lit, when

from etl.sources.page import Request, plain
from etl.typed import COORDINATES
from hub.city import City
from hub.schema import Column, Dataset, Privacy, Type
from hub.source import Source

SENTINELS = ("1900-01-01", "1970-01-01", "9999-12-31")  # dates with which systems say 'none'
PLAUSIBLE = (datetime(1900, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC))  # no city tells of other times
AHEAD = 24 * 3600  # a date may be so far ahead of the time of reading: clocks and zones differ
MARGIN_DEGREES = 0.02  # how far outside the city's box a place may lie

# flag: what the public is told of it. The vault keeps them as bits in this order: new ones are added at the end.
FLAGS = {
    "sentinel_date": "A date that means 'none' (such as 1900-01-01) was set aside",
    "bad_date": "A date could not be read and was set aside",
    "closed_before_opened": "Closed before it was opened: the closing date was set aside",
    "open_with_closing_date": "Open, yet with a closing date: the date was set aside",
    "closed_without_date": "Closed, but no usable closing date is given",
    "closed_at_opening": "Opened and closed in the same second: counted as administrative",
    "unknown_status": "A status word that the city's table does not know",
    "unknown_disposition": "Closing words that the city's table does not know",
    "default_point": "A geocoder's fallback point: the place was set aside",
    "outside_city": "A point outside the city: the place was set aside",
    "bad_number": "A number could not be read and was set aside",
    "closed_ahead": "Closed on a day that had not come when it was read: the closing date was set aside",
    "opened_ahead": "Opened on a day that had not come when it was read: it waits for that day",
}
CLOSING = ["closed_datetime", "closed_day"]
READ_ONLY = ("closure_note",)  # free text that judges a row, whether it is kept or not
# One house is one location however its street is written: STREET and ST, AVENUE, AVE and AV, ...
SHORTER = (
    r"\b(?:(ST)REET|(AV)E(?:NUE)?|(DR)IVE|(PL)ACE|(SQ)UARE|(TER)RACE|(R)(?:OA)?D|(C)(?:OUR)?T|(L)A?NE?)\b",
    "".join(rf"\{group}" for group in range(1, 10)),
)
UNREAD = {"bad_date": (Type.DATE, Type.INSTANT), "bad_number": (Type.NUMBER, Type.INTEGER, Type.CENTS)}


def aliases(source: Source, dataset: Dataset) -> dict[str, list[str]]:
    """record column -> the names it may have in the source; constants and keys name none."""
    named = {column.name: source.fields.get(column.name, [column.name]) for column in dataset.record}
    at_point = [source.layout["point"]] if "point" in source.layout else []
    return {
        name: ([given] if isinstance(given, str) else given) + (at_point if name in COORDINATES else [])
        for name, given in named.items()
        if not isinstance(given, dict)
    }


def absent(source: Source, dataset: Dataset, asked: Request, sent: Iterable[str]) -> dict[str, list[str]]:
    """Record columns that city.yml names and none of whose names is among the columns that were `sent`."""
    there = {plain(name) for name in sent}
    named = {name: aliases(source, dataset).get(name, []) for name in source.fields}
    looked_for = {name: [alias for alias in names if plain(alias) in asked.columns] for name, names in named.items()}
    return {name: names for name, names in looked_for.items() if names and there.isdisjoint(map(plain, names))}


def request(source: Source, dataset: Dataset, with_text: bool = False) -> Request:
    """What to ask of the source: only columns that the field map names; free text `with_text` only."""
    named, unread = aliases(source, dataset), {c.name for c in dataset.record if not (with_text or _is_read(c))}
    composed = [
        c
        for given in source.fields.values()
        if isinstance(given, dict)
        for c in given.get("key_of", given.get("sum_of", []))
    ]
    wide = [entry["column"] for entry in source.layout.get("rows_from_columns", [])]
    kept = [
        *(alias for name in named.keys() - unread for alias in named[name]),
        *composed,
        *wide,
        *source.layout.get("only", {}),
    ]
    made = {"amount_cents"} if wide else set()
    made |= {key for entry in source.layout.get("rows_from_columns", []) for key in entry["set"]}
    required = tuple(
        tuple(named[c.name]) for c in dataset.record if c.required and c.name in named and c.name not in made
    )
    columns = frozenset(map(plain, kept))
    if source.receive is not None:
        columns &= set(map(plain, source.receive))
    key = tuple(alias for name in dataset.key for alias in named.get(name, ()))
    return Request(source.name, source.location, source.layout, columns, required, key)


def _is_read(column: Column) -> bool:
    return column.privacy is not Privacy.TEXT or column.name in READ_ONLY


def stored(dataset: Dataset) -> tuple[Column, ...]:
    """The columns of the vault's records: all but free text, which is kept apart (`etl/texts.py`) and seldom at all."""
    return tuple(column for column in dataset.record if column.privacy is not Privacy.TEXT)


def texts(dataset: Dataset) -> tuple[str, ...]:
    """The columns of free text."""
    return tuple(column.name for column in dataset.record if column.privacy is Privacy.TEXT)


def finish(frame: nw.LazyFrame, city: City, source: Source, dataset: Dataset, with_text: bool = False) -> nw.LazyFrame:
    """Add `flags` and `reason`, normalise and classify: the record as the vault will keep it, with `row_number`."""
    known = set(frame.columns)
    unread = {
        word: [_unread(c) for c in dataset.record if c.type in types and f"given_{c.name}" in known]
        for word, types in UNREAD.items()
    }
    flagged = {word: nw.any_horizontal(*lost, ignore_nulls=True) for word, lost in unread.items() if lost}
    frame = frame.with_columns(**{f"is_{word}": flagged.get(word, lit(False)) for word in FLAGS})
    frame = FINISH[dataset.name](frame, city, source)
    reason = lit(None, dtype=nw.String)
    for column in reversed([c for c in dataset.record if c.required]):
        given = col(f"given_{column.name}") if column.type is not Type.TEXT else lit(False)
        told = when(given).then(lit(f"{column.name} cannot be read")).otherwise(lit(f"{column.name} is missing"))
        reason = when(col(column.name).is_null()).then(told).otherwise(reason)
    flags = nw.sum_horizontal(when(col(f"is_{word}")).then(lit(bit(word))).otherwise(lit(0)) for word in FLAGS)
    kept = [column.name for column in stored(dataset)] + list(texts(dataset) if with_text else ())
    return frame.select("row_number", *kept, reason=reason, flags=flags)


def _unread(column: Column) -> nw.Expr:
    return col(f"given_{column.name}") & col(column.name).is_null()


# Each layer on a frame costs every page: what can be said of a frame at once is said at once.


def _flag(word: str, condition: nw.Expr) -> dict[str, nw.Expr]:
    return {f"is_{word}": col(f"is_{word}") | condition.fill_null(False)}


def bit(word: str) -> int:
    """What a flag counts in `flags`."""
    return 1 << list(FLAGS).index(word)


def flags_of(bits: int) -> list[str]:
    return [word for word in FLAGS if bits & bit(word)]


def _set_aside(word: str, *found: tuple[nw.Expr, list[str]]) -> dict[str, nw.Expr]:
    """Flag the rows where one of the conditions holds, and null its columns."""
    flag = _flag(word, nw.any_horizontal(*(condition for condition, _ in found), ignore_nulls=True))
    kept = {name: when(~condition.fill_null(False)).then(col(name)) for condition, columns in found for name in columns}
    return flag | kept


def service_requests(frame: nw.LazyFrame, city: City, source: Source) -> nw.LazyFrame:
    frame = frame.with_columns(
        category_raw=nw.coalesce(col("category_raw"), col("service_name"), col("service_code")),
        service_name=nw.coalesce(col("service_name"), col("service_code")),
        address=col("address").str.to_uppercase().str.replace_all(r"[^0-9A-Z]+", " ").str.replace_all(*SHORTER),
    )
    frame = _dates(frame, source)
    frame = _places(frame, city, source)
    frame = _status(frame, source)
    return _disposition(frame, source)


def _dates(frame: nw.LazyFrame, source: Source) -> nw.LazyFrame:
    days = [
        datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()
        for day in {*SENTINELS, *source.layout.get("sentinels", [])}
    ]
    first, last = (int(day.timestamp()) for day in PLAUSIBLE)
    none, bad = [], []
    for name in ("requested", "expected", "closed", "updated"):
        instant = f"{name}_datetime"
        with_day = [instant, f"{name}_day"] if name in ("requested", "closed") else [instant]
        near = [col(instant).is_between(int(day) - 86_400, int(day) + 172_800) for day in days]
        none.append((nw.any_horizontal(*near, ignore_nulls=True), with_day))
        bad.append((~col(instant).is_between(first, last), with_day))
    frame = frame.with_columns(**_set_aside("sentinel_date", *none))
    frame = frame.with_columns(**_set_aside("bad_date", *bad))
    to_come = {name: col(f"{name}_datetime") > col("read_at") + AHEAD for name in ("requested", "closed")}
    ahead = _flag("opened_ahead", to_come["requested"]) | _set_aside("closed_ahead", (to_come["closed"], CLOSING))
    frame = frame.with_columns(**ahead)
    backwards = col("closed_datetime") < col("requested_datetime")
    return frame.with_columns(**_set_aside("closed_before_opened", (backwards, CLOSING)))


def _places(frame: nw.LazyFrame, city: City, source: Source) -> nw.LazyFrame:
    lat, long = col("lat"), col("long")
    west, south, east, north = city.bbox
    near = [
        (((lat - point_lat).abs() < 0.00006) & ((long - point_long).abs() < 0.00006))
        for point_lat, point_long in source.layout.get("default_points", [])
    ]
    if near:
        is_default = nw.any_horizontal(*near, ignore_nulls=True)
        frame = frame.with_columns(**_set_aside("default_point", (is_default, ["lat", "long"])))
    inside = lat.is_between(south - MARGIN_DEGREES, north + MARGIN_DEGREES) & long.is_between(
        west - MARGIN_DEGREES, east + MARGIN_DEGREES
    )
    return frame.with_columns(**_set_aside("outside_city", (~inside, ["lat", "long"])))


def _status(frame: nw.LazyFrame, source: Source) -> nw.LazyFrame:
    words = {word.lower(): status for word, status in source.layout.get("statuses", {}).items()}
    known = {"open": "open", "closed": "closed"} | words
    raw = col("status_raw").str.to_lowercase()
    status = lit(None, dtype=nw.String)
    for meaning in ("open", "closed"):
        status = (
            when(raw.is_in([word for word, means in known.items() if means == meaning]))
            .then(lit(meaning))
            .otherwise(status)
        )
    by_date = when(~col("closed_datetime").is_null()).then(lit("closed"))
    frame = frame.with_columns(status=nw.coalesce(status, by_date), **_flag("unknown_status", status.is_null()))
    contradiction = (col("status") == "open") & ~col("closed_datetime").is_null()
    undated = (col("status") == "closed") & col("closed_datetime").is_null()
    return frame.with_columns(
        **_set_aside("open_with_closing_date", (contradiction, CLOSING)), **_flag("closed_without_date", undated)
    )


def _disposition(frame: nw.LazyFrame, source: Source) -> nw.LazyFrame:
    words = nw.concat_str(col("disposition"), col("closure_note"), separator=" ", ignore_nulls=True).str.to_lowercase()
    found = lit("unknown")
    for rule in reversed(source.layout.get("dispositions", [])):
        if "kind" in rule:
            fits = col("service_name").str.to_lowercase() == rule["kind"].lower()
        else:
            fits = words.str.contains(rule["contains"].lower(), literal=True)
        found = when(fits).then(lit(rule["is"])).otherwise(found)
    for word, disposition in source.layout.get("status_dispositions", {}).items():
        found = when(col("status_raw").str.to_lowercase() == word.lower()).then(lit(disposition)).otherwise(found)
    frame = frame.with_columns(disposition=when(col("status") == "closed").then(found))
    instant = (col("closed_datetime") == col("requested_datetime")) & (col("requested_datetime") % 60 != 0)
    paper = instant & col("disposition").is_in(["done", "unknown", "scheduled", "noted"])
    return frame.with_columns(
        **_flag("unknown_disposition", col("disposition") == "unknown"),
        **_flag("closed_at_opening", paper),
        disposition=when(paper).then(lit("administrative")).otherwise(col("disposition")),
    )


def budget(frame: nw.LazyFrame, city: City, source: Source) -> nw.LazyFrame:
    return frame


def capital_projects(frame: nw.LazyFrame, city: City, source: Source) -> nw.LazyFrame:
    phase = lit("unknown")
    for word, means in source.layout.get("phases", {}).items():
        phase = when(col("status").str.to_lowercase() == word.lower()).then(lit(means)).otherwise(phase)
    frame = frame.with_columns(phase=phase, **_flag("unknown_status", phase == "unknown"))
    return _places(frame, city, source)


def stories(frame: nw.LazyFrame, city: City, source: Source) -> nw.LazyFrame:
    precision = col("place_precision").str.to_lowercase()
    known = precision.is_in(["exact", "block", "neighbourhood", "city", "none"])
    return frame.with_columns(place_precision=when(known).then(precision).otherwise(lit("none")))


FINISH = {
    "service_requests": service_requests,
    "budget": budget,
    "capital_projects": capital_projects,
    "stories": stories,
}
