"""The city's colours as CSS variables; a palette that people cannot read is refused, with the shortfall."""

from functools import cache
from pathlib import Path

from hub.errors import ConfigurationError

ENOUGH = 4.5  # WCAG 2.1 AA, normal text
STYLE = Path(__file__).parent / "static" / "cityglass.css"
# text colour, what it stands on
PAIRS = (
    ("text", "background"),
    ("text", "surface"),
    ("muted", "background"),
    ("muted", "surface"),
    ("primary", "background"),
    ("primary", "surface"),
    ("accent", "background"),
    ("accent", "surface"),
    ("on_primary", "primary"),
)


def palette(colours: dict[str, str]) -> dict[str, str]:
    """The city's colours with the ones that follow from them. Raises ConfigurationError if a pair is too faint."""
    white_or_text = max(("#ffffff", colours["text"]), key=lambda colour: contrast(colour, colours["primary"]))
    full = colours | {
        "on_primary": white_or_text,
        "muted": mix(colours["text"], colours["background"], 0.72),
        "line": mix(colours["text"], colours["background"], 0.16),
    }
    for ink, paper in PAIRS:
        found = contrast(full[ink], full[paper])
        if found < ENOUGH:
            raise ConfigurationError(
                f"brand.colours: {ink} {full[ink]} on {paper} {full[paper]} has contrast {found:.2f}, "
                f"{ENOUGH - found:.2f} short.",
                f"choose a darker or lighter colour: {ENOUGH} is the least that can be read",
            )
    return full


def css(colours: dict[str, str], font: str = "") -> str:
    """The whole style sheet of the hub: the city's variables, then our rules."""
    variables = "".join(f"--{name.replace('_', '-')}:{value};" for name, value in palette(colours).items())
    family = f'"{font}",' if font else ""
    return f':root{{{variables}--font:{family}system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}}\n{_style()}'


def icon(colours: dict[str, str], name: str) -> str:
    """A square with the city's first letter, as SVG."""
    full = palette(colours)
    letter = next((character for character in name if character.isalnum()), "C").upper()
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" '
        f'fill="{full["primary"]}"/><text x="16" y="23" font-family="sans-serif" font-size="20" font-weight="700" '
        f'text-anchor="middle" fill="{full["on_primary"]}">{letter}</text></svg>'
    )


def contrast(one: str, other: str) -> float:
    """WCAG contrast ratio of two '#rrggbb' colours, 1 to 21."""
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def mix(ink: str, paper: str, share: float) -> str:
    """`share` of ink on paper, as '#rrggbb'."""
    return "#" + "".join(
        f"{round(a * share + b * (1 - share)):02x}" for a, b in zip(_channels(ink), _channels(paper), strict=True)
    )


@cache
def _style() -> str:
    return STYLE.read_text("utf-8")


def _channels(colour: str) -> tuple[int, int, int]:
    return tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))


def _luminance(colour: str) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in (v / 255 for v in _channels(colour))]
    return sum(weight * value for weight, value in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
