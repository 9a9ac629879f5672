"""Answers of measures as maps: a table in, a whole HTML document out that asks nobody but this hub for anything.

Areas are drawn at the precision that is published, never a pin; what a map cannot say is in the table under it.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from math import cos, radians

import h3
import pandas as pd

from dashboards.theme import Theme, at_night, day, dollars
from dashboards.words import LEVELS, PHASES, PRECISION
from hub.brand import mix

HERE = "/dashboards/maps/"
VENDOR = HERE + "vendor/"
DRAW = (
    "{% macro script(this, kwargs) %}"
    "cityglass({{ this._parent.get_name() }}, JSON.parse(document.getElementById('cityglass').textContent));"
    "{% endmacro %}"
)
SCALE = 100_000  # whole numbers of 0.00001 degree, about a metre
DEGREE = 111_320  # metres of a degree of latitude
CLASSES = 5
CLOSEST = 14  # zoom on which a map of one or two areas opens
GREY = "#9aa1a9"
WATER = "#78b2c9"
WORLD = [[-60, -170], [75, 170]]
METRES = {"exact": 60, "site": 60, "block": 150, "neighbourhood": 500}  # radius that stands for each precision
# The colour of each phase, as a place in the ramp followed by the accent and a grey.
PHASE_SHADES = {"planned": 0, "design": 2, "construction": 3, "complete": 4, "ongoing": 5, "unknown": 6}

Point = tuple[float, float]  # lat, long
Polygons = tuple[tuple[tuple[Point, ...], ...], ...]  # of rings: outline first, then holes


@dataclass(frozen=True, slots=True)
class Shape:
    """One thing on a map: polygons or a circle, its colour, and the lines it says. Links are (words, address)."""

    colour: int
    says: tuple[str, ...]
    polygons: Polygons = ()
    circle: tuple[float, float, int] | None = None  # lat, long, metres
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Map:
    """What is drawn: shapes, their colours (of a theme, by day or by night) and what these mean, and a note."""

    title: str
    shapes: list[Shape]
    colours: Callable[[Theme], list[str]]
    heading: str  # of the legend
    legend: list[tuple[int, str]]
    note: str


def requests(frame: pd.DataFrame, areas: dict[str, Polygons]) -> Map:
    """requests_by_area → areas coloured by how many requests they hold; counts below their threshold are not drawn."""
    drawn = frame[(frame["requests"] >= frame["threshold"]) & (frame["level"] != "city")]
    if drawn["level"].nunique() > 1:  # areas of one size only, or a large one would seem to hold more for its size
        drawn = drawn[drawn["level"] == drawn.groupby("level")["requests"].sum().idxmax()]
    breaks = _breaks(drawn["requests"])
    shapes = [
        Shape(_class(row.requests, breaks), (_title(row), _counts(row)), polygons)
        for row in drawn.itertuples()
        if (polygons := _outline(row, areas))
    ]
    note = "No area holds enough of these requests to be drawn."
    if shapes:
        note = f"Requests, in {LEVELS[drawn['level'].iloc[0]]}; never addresses. As of {day(drawn['as_of'].iloc[0])}."
    return Map("Requests by area", shapes, lambda theme: theme.ramp, "Requests in an area", _spans(breaks), note)


def stories(frame: pd.DataFrame, areas: dict[str, Polygons]) -> Map:
    """story_places → a circle as large as the precision that the teller chose, with the titles told there."""
    shapes = []
    for (lat, long, precision), told in frame[frame["is_on_map"] == 1].groupby(["lat", "long", "place_precision"]):
        links = tuple((row.title, f"/dashboards/stories?id={row.story_id}") for row in told.itertuples())
        says = (
            f"{len(told)} {'story' if len(told) == 1 else 'stories'}, place shown: {PRECISION[precision]}",
            *told["title"].head(5),
        )
        shapes.append(Shape(0, says, circle=(lat, long, METRES[precision]), links=links))
    note = "A circle is as large as the precision its teller chose."
    legend = [(0, "one or more stories")]
    return Map("Where stories happen", shapes, lambda theme: [theme["accent"]], "", legend, note)


def capital(frame: pd.DataFrame, areas: dict[str, Polygons]) -> Map:
    """capital_projects_table → a circle for each place, darker the further most of its projects are."""
    placed = frame[frame["lat"].notna() & frame["long"].notna() & frame["place_precision"].isin(METRES)]
    shapes = [_projects(those, *at) for at, those in placed.groupby(["lat", "long", "place_precision"], sort=False)]
    legend = [(shade, PHASES[phase]) for phase, shade in PHASE_SHADES.items() if phase in set(placed["phase"])]
    shapes.sort(key=lambda shape: -shape.circle[2])  # the small ones on top
    note = "A large circle stands for a neighbourhood, in the colour of the phase that most of its projects are in."
    return Map(
        "Capital projects",
        shapes,
        lambda theme: [*theme.ramp, theme["accent"], GREY],
        "Projects by phase",
        legend,
        note,
    )


def _projects(those: pd.DataFrame, lat: float, long: float, precision: str) -> Shape:
    """All projects that are placed at one point: of several, how many in which phase, and the largest by name."""
    phases = those["phase"].fillna("unknown").value_counts()
    counted = ", ".join(f"{count} {PHASES.get(phase, phase)}" for phase, count in phases.items())
    names = those.sort_values("budget_cents", ascending=False)["name"]
    title = (names.iloc[0], PHASES.get(phases.index[0], phases.index[0]))
    if len(those) > 1:
        title = (f"{len(those)} projects: {counted}", f"the largest: {'; '.join(names.head(3))}")
    money = f"{dollars(those['budget_cents'].sum())} planned, {dollars(those['spent_cents'].sum(min_count=1))} spent"
    shade = PHASE_SHADES.get(phases.index[0], PHASE_SHADES["unknown"])
    says = (*title, money, f"place: {PRECISION[precision]}")
    return Shape(shade, says, circle=(lat, long, METRES[precision]))


def document(drawn: Map, theme: Theme, areas: dict[str, Polygons], basemap: str) -> str:
    """A folium map that loads only our own files, repaired for readers: language, title, zoom, landmark.

    `basemap` is the address of the city's tiles, or ''. The map opens on what is drawn, else on the city's outlines."""
    import folium  # slow to import, and only these documents need it
    from branca.element import MacroElement, Template

    # Steps of a quarter, so that the city fills its frame on a telephone too.
    canvas = folium.Map(tiles=None, prefer_canvas=True, scrollWheelZoom=False, zoom_snap=0.25)
    canvas.default_js = [
        ("leaflet", VENDOR + "leaflet.js"),
        ("protomaps", VENDOR + "protomaps-leaflet.js"),
        ("ours", HERE + "map.js"),
    ]
    canvas.default_css = [("leaflet_css", VENDOR + "leaflet.css"), ("ours_css", HERE + "map.css")]
    bounds = _corners([shape.polygons for shape in drawn.shapes], drawn.shapes) or _corners([*areas.values()]) or WORLD
    canvas.fit_bounds(bounds, max_zoom=CLOSEST)
    layer = MacroElement()
    layer._template = Template(DRAW)
    canvas.add_child(layer)
    page = canvas.get_root().render()
    told = _payload(drawn, theme, basemap) | {"bounds": bounds, "closest": CLOSEST}
    return _repaired(page, canvas.get_name(), drawn.title, _json(told))


def _payload(drawn: Map, theme: Theme, basemap: str) -> dict:
    """What map.js draws. Corners are whole numbers, each the step from the one before: a third of the size."""
    areas, circles, last = [], [], (0, 0)
    for shape in drawn.shapes:
        if shape.circle:
            lat, long, metres = shape.circle
            circles.append([shape.colour, shape.says, round(lat, 5), round(long, 5), metres, shape.links])
            continue
        polygons = []
        for polygon in shape.polygons:
            polygons.append([])
            for ring in polygon:
                steps, last = _steps(ring, last)
                polygons[-1].append(steps)
        areas.append([shape.colour, shape.says, polygons])
    return {
        "areas": areas,
        "circles": circles,
        "heading": drawn.heading,
        "legend": drawn.legend,
        "note": drawn.note,
        "basemap": basemap,
        "looks": {"day": _look(drawn, theme), "night": _look(drawn, at_night(theme))},
    }


def _look(drawn: Map, theme: Theme) -> dict:
    """The colours of the ground and of what is drawn on it."""
    ground = {name: theme[name] for name in ("text", "background", "surface", "muted")}
    mixed = {"water": mix(WATER, theme["background"], 0.36), "street": mix(theme["text"], theme["background"], 0.28)}
    return ground | mixed | {"colours": drawn.colours(theme)}


def _steps(ring: Iterable[tuple[float, float]], last: tuple[int, int]) -> tuple[list[int], tuple[int, int]]:
    steps = []
    for lat, long in ring:
        here = (round(lat * SCALE), round(long * SCALE))
        steps += [here[0] - last[0], here[1] - last[1]]
        last = here
    return steps, last


def _outline(row, areas: dict[str, Polygons]) -> Polygons:
    """The outline of an area: a cell's from its id, a neighbourhood's from the city's own boundaries."""
    if row.level.startswith("h3_"):
        return ((h3.cell_to_boundary(row.place_id),),)
    return areas.get(row.label, ())


def outlines(collection: dict) -> dict[str, Polygons]:
    """A release's areas.geojson by name."""
    found = {}
    for feature in collection["features"]:
        geometry = feature["geometry"]
        polygons = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        found[feature["properties"]["name"]] = tuple(
            tuple(tuple((lat, long) for long, lat, *_ in ring[:-1]) for ring in polygon) for polygon in polygons
        )
    return found


def _title(row) -> str:
    if row.level == "neighbourhood":
        return row.label
    return "An area of the city" if row.district == "Unlocated" else f"An area in {row.district}"


def _counts(row) -> str:
    asked = f"{row.requests:,} requests"
    return f"{asked}, {row.open:,} of them open" if row.requests == row.n else asked


def _breaks(values: pd.Series) -> list[int]:
    """Upper ends of the colour classes, each holding about as many areas; fewer where values repeat."""
    if values.empty:
        return []
    found = {int(values.quantile((i + 1) / CLASSES, interpolation="higher")) for i in range(CLASSES)}
    return sorted(found)


def _class(value: int, breaks: list[int]) -> int:
    """The colour class of a value: the last colour for the last class, however many there are."""
    place = next(i for i, top in enumerate(breaks) if value <= top)
    return place + CLASSES - len(breaks)


def _spans(breaks: list[int]) -> list[tuple[int, str]]:
    """Each class's colour and the values it holds, in words."""
    lows = [None, *(top + 1 for top in breaks[:-1])][: len(breaks)]
    words = [
        f"{low:,}–{top:,}" if low and low < top else f"{top:,}" if low else f"up to {top:,}"
        for low, top in zip(lows, breaks, strict=True)
    ]
    return [(i + CLASSES - len(breaks), text) for i, text in enumerate(words)]


def _corners(polygons: Iterable[Polygons], shapes: Iterable[Shape] = ()) -> list[list[float]]:
    """South-west and north-east corner of outlines and circles."""
    points = [point for many in polygons for polygon in many for ring in polygon for point in ring]
    for lat, long, metres in (shape.circle for shape in shapes if shape.circle):
        up, along = metres / DEGREE, metres / DEGREE / cos(radians(lat))
        points += [(lat - up, long - along), (lat + up, long + along)]
    if not points:
        return []
    lats, longs = zip(*points, strict=True)
    return [[min(lats), min(longs)], [max(lats), max(longs)]]


def _json(value) -> str:
    """JSON that cannot end the script it stands in."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _repaired(page: str, name: str, title: str, data: str) -> str:
    """What folium leaves out, for those who zoom, listen or use another language, and the data.

    The data is put in last: folium's templates would run what a person wrote between double braces."""
    repairs = (
        ("<html>", '<html lang="en">'),
        ("</head>", f"<title>{escape(title)}</title></head>"),
        ("initial-scale=1.0, maximum-scale=1.0, user-scalable=no", "initial-scale=1.0"),
        (f'id="{name}" ></div>', f'id="{name}" role="main" aria-label="{escape(title)}"></div>'),
        ("</body>\n<script>", f'<script type="application/json" id="cityglass">{data}</script>\n<script>'),
        ("</script>\n</html>", "</script>\n</body></html>"),
    )
    for old, new in repairs:
        if page.count(old) != 1:
            raise ValueError(f"folium's document has {page.count(old)} times {old!r}, not once")
        page = page.replace(old, new)
    return page
