"""A city's logo and icon: drawings in SVG that do nothing but draw, kept in memory and in each release's metadata."""

import re
from pathlib import Path
from xml.etree import ElementTree

from hub.errors import ConfigurationError

LARGEST = 50_000  # bytes
SVG = "{http://www.w3.org/2000/svg}"
SHAPES = frozenset(
    """svg g defs symbol use title desc path rect circle ellipse line polyline polygon text tspan linearGradient
    radialGradient stop clipPath mask pattern style""".split()
)
CURE = "save it as plain SVG: shapes, paths and text only, without scripts, links, pictures and a DOCTYPE"


def drawing(path: Path, named_by: str) -> str:
    """The text of an SVG file. Raises ConfigurationError, which begins with `named_by`, for anything but a drawing."""
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not a text file"
        raise ConfigurationError(
            f"{named_by} is {str(path)!r}, which cannot be read: {why}.", "name an SVG file beside city.yml"
        ) from None
    if len(text) > LARGEST:
        raise ConfigurationError(
            f"{named_by} is {path.name!r}, of {len(text):,} characters.", f"draw it in at most {LARGEST:,}"
        )
    if wrong := _wrong(text):
        raise ConfigurationError(f"{named_by} is {path.name!r}, which {wrong}.", CURE)
    return text


def _wrong(text: str) -> str:
    """What is not a drawing's about it; nothing if all is well."""
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        return "has a DOCTYPE"
    try:
        root = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        return f"is no XML: {error}"
    if root.tag != f"{SVG}svg":
        return "is no SVG"
    for element in root.iter():
        name = element.tag.removeprefix(SVG)
        if name not in SHAPES:
            return f"holds <{name.rpartition('}')[2]}>"
        for key, value in [*element.attrib.items(), ("style", element.text or "" if name == "style" else "")]:
            attribute = key.rpartition("}")[2].lower()
            is_away = attribute == "href" and not value.startswith("#")
            if attribute.startswith("on") or is_away or re.search(r"url\(\s*['\"]?(?!#|['\"]#)|@import|\\", value):
                return f"has {attribute}={value[:40]!r}"
    return ""
