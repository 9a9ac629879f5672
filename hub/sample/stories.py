"""The story archive of Larkhaven as its office keeps it, from the texts in stories.yml; the same for every seed."""

import csv
from collections.abc import Iterator
from pathlib import Path

import yaml

from hub.sample.geometry import Point, lat_long
from hub.sample.streets import streets
from hub.sample.town import wards

RIGHTS = {  # what the teller chose: in words, and the statement that says so in law
    "share": ("You may share and adapt it if you say who told it.", "https://creativecommons.org/licenses/by/4.0/"),
    "noncommercial": (
        "You may share it unchanged and not for money, if you say who told it.",
        "https://creativecommons.org/licenses/by-nc-nd/4.0/",
    ),
    "read": (
        "You may read and quote it. Ask the archive for anything else.",
        "http://rightsstatements.org/vocab/InC/1.0/",
    ),
}


def stories() -> Iterator[dict]:
    """Every story, also those that must not be released. The place is exact: hiding it is the hub's work."""
    told = yaml.safe_load((Path(__file__).parent / "stories.yml").read_text("utf-8"))
    for number, story in enumerate(told, 1):
        lat, long = lat_long(_where(story["at"])) if "at" in story else ("", "")
        words, uri = RIGHTS[story.get("rights", "share")]
        first, last = story["years"]
        yield {
            "story_id": f"lh-{number:03d}",
            "title": story["title"],
            "text": story["text"],
            "language": story.get("lang", "en"),
            "teller": story["teller"],
            "told_on": story["told"],
            "era": story["era"],
            "year_from": first,
            "year_to": last,
            "subjects": story["subjects"],
            "place": story.get("place", ""),
            "latitude": lat,
            "longitude": long,
            "place_precision": story["precision"],
            "rights": words,
            "rights_uri": uri,
            "credit": f"{story['teller']}, Larkhaven Story Archive",
            "approved": _yes(story.get("approved", True)),
            "consent": _yes(story.get("consent", True)),
        }


def _where(name: str) -> Point:
    """The middle of a street or of a ward."""
    if name in wards():
        border = wards()[name]
        return sum(x for x, _ in border) / len(border), sum(y for _, y in border) / len(border)
    line = next(street.line for street in streets() if street.name == name)
    return line[len(line) // 2]


def _yes(told: bool) -> str:
    return "yes" if told else "no"


def write_stories(path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        told = list(stories())
        writer = csv.DictWriter(file, told[0], lineterminator="\n")
        writer.writeheader()
        writer.writerows(told)
