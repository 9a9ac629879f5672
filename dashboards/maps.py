"""Answers of measures as maps: a table in, a whole HTML document out that asks nobody but this hub for anything.

Areas are drawn at the precision that is published, never a pin; what a map cannot say is in the table under it.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from html import escape

import h3
import pandas as pd

from dashboards.theme import Theme, day, dollars, number
from dashboards.words import LEVELS, PHASES, PRECISION

HERE = "/dashboards/maps/"
VENDOR = HERE + "vendor/"
SCALE = 100_000  # whole numbers of 0.00001 degree, about a metre
CLASSES = 5
METRES = {"exact": 60, "site": 60, "block": 150, "neighbourhood": 500}  # radius that stands for each precision
PHASE_SHADES = {"planned": 0, "design": 1, "construction": 2, "complete": 4, "ongoing": 3, "unknown": 0}
REPAIRS = (
    ("<html>", '<html lang="en">'),
    ("maximum-scale=1.0, user-scalable=no", ""),
)


@dataclass(frozen=True, slots=True)
class Shape:
    """One thing on a map: rings of (lat, long) or a circle, the colour class it has and the lines it says."""

    colour: int
    says: tuple[str, ...]
    rings: tuple[tuple[tuple[float, float], ...], ...] = ()
    circle: tuple[float, float, int] | None = None  # lat, long, metres
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Map:
    """What a document needs: its name, shapes, colours with their meaning, and a note."""

    title: str
    shapes: list[Shape]
    colours: list[str]
    legend: list[tuple[str, str]]
    note: str
    bounds: list[list[float]]
    basemap: str = ""
    theme: Theme | None = field(default=None, repr=False)


def requests(frame: pd.DataFrame, areas: dict, theme: Theme, basemap: str) -> str:
    """requests_by_area → areas coloured by how many requests they hold; counts below their threshold are not drawn."""
    drawn = frame[frame["requests"] >= frame["threshold"]]
    breaks = _breaks(drawn["requests"])
    shapes = [
        Shape(_class(row.requests, breaks), (_title(row), f"{row.requests:,} requests, {row.open:,} open"), rings)
        for row in drawn.itertuples()
        if (rings := _rings(row, areas))
    ]
    levels = [LEVELS.get(level, level) for level in drawn["level"].unique()]
    note = f"Requests by area, in {', '.join(levels)}; never addresses. As of {day(_as_of(frame))}." if shapes else "Nothing to draw."
    legend = [(theme.ramp[i], words) for i, words in enumerate(_spans(breaks))]
    return document(Map("Requests by area", shapes, theme.ramp, legend, note, _bounds(shapes), basemap, theme))


def stories(frame: pd.DataFrame, theme: Theme, basemap: str) -> str:
    """story_places → a circle as large as the precision that the teller chose, with the titles told there."""
    shapes = []
    for (lat, long, precision), told in frame[frame["is_on_map"] == 1].groupby(["lat", "long", "place_precision"]):
        links = tuple((row.title, f"/dashboards/stories?story={row.story_id}") for row in told.itertuples())
        says = (f"{len(told)} {'story' if len(told) == 1 else 'stories'}, place shown: {PRECISION[precision]}", *told["title"].head(5))
        shapes.append(Shape(0, says, circle=(lat, long, METRES[precision]), links=links))
    note = "A circle is as large as the precision its teller chose."
    legend = [(theme["accent"], "one or more stories")]
    return document(Map("Where stories happen", shapes, [theme["accent"]], legend, note, _bounds(shapes), basemap, theme))


def capital(frame: pd.DataFrame, theme: Theme, basemap: str) -> str:
    """capital_projects_table → a circle for each placed project, darker the further it is."""
    placed = frame[frame["lat"].notna() & frame["long"].notna() & frame["place_precision"].isin(METRES)]
    shapes = [
        Shape(
            PHASE_SHADES.get(row.phase, 0),
            (
                row.name,
                f"{PHASES.get(row.phase, row.phase)}; {dollars(row.budget_cents)} planned, {dollars(row.spent_cents)} spent",
                f"place: {PRECISION[row.place_precision]}",
            ),
            circle=(row.lat, row.long, METRES[row.place_precision]),
        )
        for row in placed.itertuples(index=False)
    ]
    phases = sorted({row for row in placed["phase"]}, key=lambda phase: PHASE_SHADES.get(phase, 0))
    legend = [(theme.ramp[PHASE_SHADES.get(phase, 0)], PHASES.get(phase, phase)) for phase in phases]
    return document(Map("Capital projects", shapes, theme.ramp, legend, "A large circle stands for a neighbourhood.", _bounds(shapes), basemap, theme))


def document(drawn: Map) -> str:
    """A folium map that loads only our own files, repaired for readers: language, title, zoom, landmark."""
    import folium
    from branca.element import Element, MacroElement, Template

    canvas = folium.Map(tiles=None, prefer_canvas=True, zoom_control=True, attribution_control=True)
    canvas.default_js = [("leaflet", VENDOR + "leaflet.js"), ("protomaps", VENDOR + "protomaps-leaflet.js")]
    canvas.default_css = [("leaflet_css", VENDOR + "leaflet.css")]
    canvas.fit_bounds(drawn.bounds)
    layer = MacroElement()
    layer._name = "cityglass"
    layer._template = Template("{% macro script(this, kwargs) %}var map = {{ this._parent.get_name() }};\n" + _script(drawn) + "{% endmacro %}")
    canvas.add_child(layer)
    root = canvas.get_root()
    root.header.add_child(Element(f"<title>{escape(drawn.title)}</title><style>{_style(drawn.theme)}</style>"), name="look")
    return _repaired(root.render(), canvas.get_name(), drawn.title)
