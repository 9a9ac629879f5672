"""Faults inside the answer: rows missing, repeated or misshapen, dates and places that cannot be, links that lead astray.

Fields are named by platform-independent words (id, status, requested, updated, closed, expected, name, code, group,
agency, address, lat, long, description); a column's own name works as well. `row` is the only row to be changed.
"""

import math
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import urlsplit

from tests.cities.scene import Place, Scene, changed, found

INDIA = timezone(timedelta(hours=5, minutes=30))
YEAR = timedelta(days=365)

# Dates: what a date becomes; a text is sent as it is, a date in the form that the platform uses.
FORMS: dict[str, Callable[[datetime], datetime | str]] = {
    "no_zone": lambda when: when.replace(tzinfo=None).isoformat(),
    "plus_0530": lambda when: f"{when.astimezone(INDIA):%Y-%m-%dT%H:%M:%S%z}",
    "fractions": lambda when: when.replace(microsecond=123456).isoformat(),
    "slashes": lambda when: f"{when:%m/%d/%Y %I:%M:%S %p}",
    "blank": lambda when: " ",
    "words": lambda when: "last Tuesday",
    "1900": lambda when: when.replace(year=1900, month=1, day=1, hour=0, minute=0, second=0),
    "1970": lambda when: when.replace(year=1970, month=1, day=1, hour=0, minute=0, second=0),
    "9999": lambda when: when.replace(year=9999, month=12, day=31, hour=0, minute=0, second=0),
    "later": lambda when: when + YEAR,
    "earlier": lambda when: when - YEAR,
    "hour_ahead": lambda when: when + timedelta(hours=1),
    "hour_behind": lambda when: when - timedelta(hours=1),
}

EARTH = 20037508.342789244  # half the equator in metres of web mercator


def mercator(lat: float, long: float) -> tuple[float, float]:
    y = math.log(math.tan((90 + lat) * math.pi / 360)) / math.pi * EARTH
    return y, long / 180 * EARTH


# Places: what (lat, long) become.
POINTS: dict[str, Callable[[float, float], tuple]] = {
    "swapped": lambda lat, long: (long, lat),
    "zero": lambda lat, long: (0.0, 0.0),
    "mercator": mercator,
    "outside": lambda lat, long: (lat - 30, long + 60),
    "huge": lambda lat, long: (1e308, -1e308),
    "null": lambda lat, long: (None, None),
    "text": lambda lat, long: (str(lat), str(long)),
    "words": lambda lat, long: ("north", "west"),
}


def places(scene: Scene, field: str) -> tuple[Place, ...]:
    return scene.platform.fields.get(field, ((field,),))


def chosen(scene: Scene, row: int | None) -> list[dict]:
    rows = scene.answer.rows or []
    return rows if row is None else rows[row : row + 1]


def empty(scene: Scene) -> None:
    """No rows, and nothing else about the answer has changed."""
    scene.answer.rows[:] = []


def short(scene: Scene, length: int) -> None:
    """Only the first rows of the page."""
    del scene.answer.rows[length:]


def duplicates(scene: Scene) -> None:
    """The rows of the page before come once more."""
    scene.answer.rows[:] = deepcopy(scene.previous)


def first_again(scene: Scene) -> None:
    """The rows of the first page come once more, as many as are due."""
    scene.answer.rows[:] = deepcopy(scene.first[: len(scene.answer.rows)])


def doubled(scene: Scene) -> None:
    """A row stands twice, in place of the one behind it."""
    scene.answer.rows[1:2] = deepcopy(scene.answer.rows[: len(scene.answer.rows[1:2])])


def change(scene: Scene, field: str, how: Callable, row: int | None = None) -> None:
    for one in chosen(scene, row):
        changed(one, places(scene, field), how)


def put(scene: Scene, field: str, value: object, row: int | None = None) -> None:
    change(scene, field, lambda _: value, row)


def null(scene: Scene, field: str, row: int | None = None) -> None:
    put(scene, field, None, row)


def missing(scene: Scene, field: str, row: int | None = None) -> None:
    """The key is not there."""
    for one in chosen(scene, row):
        for place in places(scene, field):
            inside, last = found(one, place)
            if isinstance(inside, dict):
                del inside[last]


def renamed(scene: Scene, field: str, name: str, row: int | None = None) -> None:
    for one in chosen(scene, row):
        for place in places(scene, field):
            inside, last = found(one, place)
            if isinstance(inside, dict):
                inside[name] = inside.pop(last)


def new_column(scene: Scene, name: str, value: object) -> None:
    """A column that nobody knew of, beside the id."""
    for one in chosen(scene, None):
        inside, _ = found(one, places(scene, "id")[0])
        if inside is None:  # the question did not ask for the id
            inside = one
        inside[name] = value


def spoiled(scene: Scene, id: str, /, **values: object) -> None:
    """The row with this id, wherever it stands, has these values: `spoiled("001", status="In Review")`."""
    for one in chosen(scene, None):
        inside, last = found(one, places(scene, "id")[0])
        if inside is not None and str(inside[last]) == id:
            for field, value in values.items():
                changed(one, places(scene, field), lambda _, value=value: value)


def number_id(scene: Scene) -> None:
    """Ids that are whole numbers come as numbers, those with leading zeros or letters as before."""
    change(scene, "id", lambda id: int(id) if str(id).isdigit() and str(int(id)) == id else id)


def dates(scene: Scene, field: str, form: str, row: int | None = None) -> None:
    """One of FORMS."""
    change(scene, field, lambda value: misdated(value, FORMS[form]), row)


def misdated(value: object, form: Callable) -> object:
    if not value:
        return value
    if isinstance(value, int):  # ArcGIS: milliseconds
        made = form(datetime.fromtimestamp(value / 1000, UTC))
        return made if isinstance(made, str) else int(made.timestamp() * 1000)
    made = form(datetime.fromisoformat(value))
    text = made if isinstance(made, str) else made.isoformat()
    return text.replace("+00:00", "Z") if value.endswith("Z") else text.replace("T", " ") if " " in value else text


def points(scene: Scene, form: str, row: int | None = None) -> None:
    """One of POINTS."""
    for one in chosen(scene, row):
        for at_lat, at_long in zip(places(scene, "lat"), places(scene, "long"), strict=True):
            (inside, y), (also, x) = found(one, at_lat), found(one, at_long)
            if inside is None or also is None or inside[y] is None:
                continue
            kind = str if isinstance(inside[y], str) else lambda value: value
            lat, long = POINTS[form](float(inside[y]), float(also[x]))
            inside[y], also[x] = kind(lat), kind(long)


def next_link(scene: Scene, where: str) -> None:
    """`loop` leads here again, `relative` has no host; anything else is the host it leads to, `http://localhost:9`."""
    inside, key = scene.answer.more
    link, here = urlsplit(inside[key]), scene.asked.base + scene.asked.target
    told = f"{link.path}?{link.query}"
    inside[key] = {"loop": here, "relative": told}.get(where, where + told)


def last_page(scene: Scene) -> None:
    """The answer says that nothing follows."""
    inside, key = scene.answer.more
    inside.pop(key, None)


def counted(scene: Scene, too_many: int) -> None:
    """The number of rows is told wrongly."""
    inside, key = scene.answer.count
    inside[key] = type(inside[key])(int(inside[key]) + too_many)


def misshapen(scene: Scene, depth: int, value: object) -> None:
    """Whatever stands so deep in the answer is this value instead; 0 is the whole answer."""
    scene.answer.doc = replaced(scene.answer.doc, depth, value)


def replaced(said: object, depth: int, value: object) -> object:
    if depth == 0:
        return value
    if isinstance(said, dict):
        return {name: replaced(one, depth - 1, value) for name, one in said.items()}
    return [replaced(one, depth - 1, value) for one in said] if isinstance(said, list) else said


def wrapped(scene: Scene, name: str) -> None:
    """The whole answer is inside an object."""
    scene.answer.doc = {name: scene.answer.doc}


def one_object(scene: Scene) -> None:
    """A single row comes as an object where an array of one belongs."""
    answer = scene.answer
    if len(answer.rows) == 1 and answer.doc is answer.rows:
        answer.doc = answer.rows[0]
    elif len(answer.rows) == 1:
        answer.doc |= {key: answer.rows[0] for key, value in answer.doc.items() if value is answer.rows}


WORDS = {
    word.__name__: word
    for word in (
        *(
            empty,
            short,
            duplicates,
            first_again,
            doubled,
            change,
            put,
            null,
            missing,
            renamed,
            new_column,
            spoiled,
            number_id,
        ),
        *(dates, points, next_link, last_page, counted, misshapen, wrapped, one_object),
    )
}
