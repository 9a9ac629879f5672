"""The city's colours as the dashboards use them, and how a date, a number and an amount are written."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from hub.brand import contrast, mix, palette
from hub.city import COLOURS
from hub.outcomes import OUTCOMES

NOTHING = "–"
SIZES = ((1e9, " billion", 2), (1e6, " million", 1), (1, "", 0))
RAMP = (0.22, 0.40, 0.58, 0.78, 1.0)  # shares of the primary colour, few to many
# Safe for the colour-blind, and apart from each other in lightness where they meet in a stack.
OUTCOME_COLOURS = dict(zip(OUTCOMES, ("", "#7fb8c4", "#e0a458", "#9a7aa0", "#c76b5c", "#8a8f98"), strict=True))
STILL_OPEN = "#dfe3e8"
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, slots=True)
class Theme:
    """What a page needs to look like the city it is about."""

    name: str
    city: str
    contact: str
    colours: dict[str, str]

    def __getitem__(self, colour: str) -> str:
        return self.colours[colour]

    @property
    def ramp(self) -> list[str]:
        """Five steps of one hue, few to many."""
        return [mix(self["primary"], self["background"], share) for share in RAMP]

    @property
    def outcomes(self) -> dict[str, str]:
        """A colour for each outcome class and for 'still open'."""
        return OUTCOME_COLOURS | {"fixed": self["primary"], "still_open": STILL_OPEN}


def read(metadata: Path) -> Theme:
    """The theme of a release, from its metadata.yml; the colours of the hub where it names none."""
    found = yaml.safe_load(metadata.read_text("utf-8")) if metadata.is_file() else {}
    plugin = ((found or {}).get("plugins") or {}).get("cityglass") or {}
    brand, city = plugin.get("brand") or {}, plugin.get("city") or {}
    name = brand.get("name") or city.get("name") or "Open data"
    contact = brand.get("contact") or city.get("contact") or ""
    return Theme(name, city.get("name") or name, contact, palette(COLOURS | (brand.get("colours") or {})))


def streamlit_options(theme: Theme) -> dict[str, Any]:
    """What Streamlit must be told before it starts; names as in its config.toml."""
    return {
        "server.baseUrlPath": "dashboards",
        "server.maxUploadSize": 1,
        "server.fileWatcherType": "none",
        "server.enableAgentApi": False,
        "browser.gatherUsageStats": False,
        "client.toolbarMode": "minimal",
        "client.showErrorDetails": "none",
        "client.showErrorLinks": "false",
        "theme.base": "light",
        "theme.primaryColor": theme["primary"],
        "theme.backgroundColor": theme["background"],
        "theme.secondaryBackgroundColor": theme["surface"],
        "theme.textColor": theme["text"],
        "theme.linkColor": theme["primary"],
        "theme.linkUnderline": True,
        "theme.borderColor": mix(theme["text"], theme["background"], 0.45),
        "theme.showWidgetBorder": True,
        "theme.baseRadius": "small",
        "theme.headingFontSizes": ["2rem", "1.35rem", "1.05rem"],
        "theme.metricValueFontSize": "1.8rem",
    }


def style(theme: Theme) -> str:
    """What Streamlit's theme cannot say: readable captions, labels that wrap, figures in columns."""
    return f"""<style>
[data-testid=stCaptionContainer]{{opacity:1!important}}
[data-testid=stCaptionContainer] p,[data-testid=stMetricLabel] p{{color:{theme["muted"]}!important}}
[data-testid=stMetricLabel] p{{white-space:normal}}
[data-testid=stMainBlockContainer]{{max-width:72rem;padding-top:4.5rem}}
.cg-table{{overflow:auto;max-height:26rem;font-size:.875rem;font-variant-numeric:tabular-nums}}
.cg-table:focus-visible{{outline:2px solid {theme["primary"]}}}
.cg-table table{{border-collapse:collapse;width:100%}}
.cg-table th,.cg-table td{{text-align:left;font-weight:400;padding:.35rem .75rem .35rem 0;border-bottom:1px solid {theme["line"]};vertical-align:top;min-width:4.5rem}}
.cg-table thead th{{position:sticky;top:0;background:{theme["background"]};color:{theme["muted"]};vertical-align:bottom}}
.cg-table .n{{text-align:right;white-space:nowrap}} .cg-table thead .n{{white-space:normal}} .cg-table .w{{min-width:13rem}}
.cg-title{{font-size:2rem;line-height:1.2;font-weight:700;padding:0;margin:0 0 .25rem}}
.cg-told{{max-width:42rem;line-height:1.6}}
.cg-entries{{list-style:none!important;padding:0!important;margin:0!important}} .cg-entries li{{margin:0 0 .75rem!important;padding:0!important}}
.cg-entries a{{font-weight:600;color:{theme["primary"]}}}
</style>"""


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
    """Cents as '$1,234,567', to the dollar."""
    if _missing(cents):
        return NOTHING
    return f"{'−' if cents < 0 else ''}${abs(cents) / 100:,.0f}"


def days(value: float | None) -> str:
    return NOTHING if _missing(value) else f"{value:,.0f} day{'' if value == 1 else 's'}"


def ink_on(colour: str, theme: Theme) -> str:
    """The text colour that reads better on a filled shape."""
    return max((theme["text"], "#ffffff"), key=lambda ink: contrast(ink, colour))


def _missing(value: float | None) -> bool:
    return value is None or value != value
