"""The city's colours as the dashboards use them, and how a date, a number and an amount are written."""

from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from math import isnan
from pathlib import Path

import yaml

from hub.brand import contrast, mix, palette
from hub.city import COLOURS
from hub.outcomes import OUTCOMES
from hub.strict_yaml import Loader

STYLE = Path(__file__).parent / "static" / "page.css"
NOTHING = "–"
NIGHT = {"text": "#eef1f4", "background": "#14181d", "surface": "#1f252c"}
SIZES = ((1e9, " billion", 2), (1e6, " million", 1), (1, "", 0))
RAMP = (0.22, 0.40, 0.58, 0.78, 1.0)  # shares of the primary colour, few to many
# Safe for the colour-blind, and apart from each other in lightness where they meet in a stack.
OUTCOME_COLOURS = dict(zip(OUTCOMES, ("", "#9ccbd4", "#b4781f", "#d9b8dc", "#a8483a", "#a9adb4"), strict=True))
NIGHT_OUTCOMES = {"no_action": "#2b6773"}  # by night the primary colour is as pale as that of the day
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Theme:
    """What a page needs to look like the city it is about."""

    name: str
    city: str
    contact: str
    colours: dict[str, str]
    has_logo: bool = False

    def __getitem__(self, colour: str) -> str:
        return self.colours[colour]

    @property
    def ramp(self) -> list[str]:
        """Five steps of one hue, few to many."""
        return [mix(self["primary"], self["background"], share) for share in RAMP]

    @property
    def outcomes(self) -> dict[str, str]:
        """A colour for each outcome class and for 'still open'."""
        night = NIGHT_OUTCOMES if self.is_night else {}
        return OUTCOME_COLOURS | night | {"fixed": self["primary"], "still_open": self["line"]}

    @property
    def is_night(self) -> bool:
        return self["background"] == NIGHT["background"]


def settings(metadata: Path) -> dict:
    """What the city chose for its pages, as the metadata.yml of a release tells it."""
    found = yaml.load(metadata.read_text("utf-8"), Loader) if metadata.is_file() else {}
    return ((found or {}).get("plugins") or {}).get("cityglass") or {}


def read(metadata: Path) -> Theme:
    """The theme of a release; the colours of the hub where it names none."""
    plugin = settings(metadata)
    brand, city = plugin.get("brand") or {}, plugin.get("city") or {}
    name = brand.get("name") or city.get("name") or "Open data"
    contact = brand.get("contact") or city.get("contact") or ""
    return Theme(
        name, city.get("name") or name, contact, palette(COLOURS | (brand.get("colours") or {})), "logo" in brand
    )


def at_night(theme: Theme) -> Theme:
    """The same city for a reader whose screen is dark; the same colours as Streamlit's own dark theme is given."""
    named = {"primary": mix(theme["primary"], "#ffffff", 0.45), "accent": mix(theme["accent"], "#ffffff", 0.55)}
    follow = {"muted": mix(NIGHT["text"], NIGHT["background"], 0.72), "on_primary": NIGHT["background"]}
    line = {"line": mix(NIGHT["text"], NIGHT["background"], 0.16)}
    return replace(theme, colours=NIGHT | named | follow | line)


def style(theme: Theme) -> str:
    """What Streamlit's own theme cannot say: readable captions, labels that wrap, figures in columns."""
    band = {"band": theme["primary"], "on-band": theme["on_primary"]}
    if theme.is_night:
        band = {"band": theme["surface"], "on-band": theme["text"]}
    named = {name: theme[name] for name in ("primary", "text", "background", "muted", "line")} | band
    variables = "".join(f"--{name}:{colour};" for name, colour in named.items())
    return f"<style>:root{{{variables}}}\n{_page_style()}</style>"


def day(value: str | None) -> str:
    """'2025-11-21' as '21 Nov 2025'."""
    if not value:
        return NOTHING
    told = date.fromisoformat(str(value)[:10])
    return f"{told.day} {MONTHS[told.month - 1]} {told.year}"


def number(value: float | None, digits: int = 0) -> str:
    """1234.5 as '1,234' or, with one digit, '1,234.5'."""
    return NOTHING if _missing(value) else f"{value:,.{digits}f}"


def share(value: float | None, digits: int = 0) -> str:
    """0.536 as '54 %'."""
    return NOTHING if _missing(value) else f"{100 * value:.{digits}f} %"


def dollars(cents: float | None) -> str:
    """Cents as '$1,234', '$12.3 million' or '$1.24 billion'."""
    if _missing(cents):
        return NOTHING
    amount = abs(cents) / 100
    size, word, digits = next(step for step in SIZES if amount >= step[0] or step[0] == 1)
    return f"{'−' if cents < 0 else ''}${amount / size:,.{digits}f}{word}"


def round_dollars(cents: float) -> str:
    """A round amount as briefly as it can be: '$20M', '−$1.5B'."""
    amount = abs(cents) / 100
    size, letter = next((step for step in ((1e9, "B"), (1e6, "M"), (1e3, "k")) if amount >= step[0]), (1, ""))
    return f"{'−' if cents < 0 else ''}${amount / size:,.4g}{letter}"


def whole_dollars(cents: float | None) -> str:
    """Cents as '$1,234,567', to the dollar; less than one is told in cents, so that something is not nothing."""
    if _missing(cents):
        return NOTHING
    if 0 < abs(cents) < 100:
        return f"{'−' if cents < 0 else ''}${abs(cents) / 100:.2f}"
    return f"{'−' if cents < 0 else ''}${abs(cents) / 100:,.0f}"


def counted(value: float, one: str, many: str) -> str:
    """A count with what it counts: '1 request is', '2 requests are'."""
    return f"{number(value)} {one if value == 1 else many}"


def days(value: float | None) -> str:
    return NOTHING if _missing(value) else counted(value, "day", "days")


def ink_on(colour: str, theme: Theme) -> str:
    """The text colour that reads better on a filled shape."""
    return max((theme["text"], theme["background"]), key=lambda ink: contrast(ink, colour))


@cache
def _page_style() -> str:
    return STYLE.read_text("utf-8")


def _missing(value: float | None) -> bool:
    return value is None or isnan(value)
