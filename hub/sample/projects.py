"""The capital projects of Larkhaven, from the table in projects.txt; the same for every seed."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from hub.sample.dice import Dice
from hub.sample.geometry import Line, lat_long
from hub.sample.money import dollars
from hub.sample.streets import streets
from hub.sample.town import ward_of, wards

COLUMNS = (
    "Project ID", "Project Name", "Department", "Project Manager", "Scope", "Status", "Neighborhood", "Total Budget",
    "Spent to Date", "Start", "End", "Latitude", "Longitude",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Project:
    id: str
    words: tuple[str, ...]  # name, department, manager, scope, status, neighbourhood
    budget_cents: int
    spent_cents: int
    start: str
    end: str
    site: tuple[float, float] | None


@cache
def projects() -> tuple[Project, ...]:
    """Every project; the site is a point of its street, within its neighbourhood."""
    table = (Path(__file__).parent / "projects.txt").read_text("utf-8").splitlines()
    return tuple(_projects(line for line in table if not line.startswith("#")))


def _projects(table: Iterator[str]) -> Iterator[Project]:
    dice, lines = Dice(0, "projects"), {street.name: street.line for street in streets()}
    for number, line in enumerate(table, 1):
        *words, thousands, share, start, end, street = (cell.strip() for cell in line.split("|"))
        budget = int(thousands) * 100_000
        spent = budget if share == "100" else round(budget * int(share) / 100 * dice.between(0.98, 1.02))
        site = lat_long(_middle(lines[street], words[5])) if street else None
        yield Project(f"CP-{number:03d}", tuple(words), budget, min(budget, spent), start, end, site)


def _middle(line: Line, ward: str) -> tuple[float, float]:
    """The middle of the part of a street that lies in a ward."""
    if ward not in wards():
        return line[len(line) // 2]
    there = [point for point in line if ward_of(point) == ward]
    return there[len(there) // 2]


def write_projects(path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for project in projects():
            money = dollars(project.budget_cents), dollars(project.spent_cents)
            writer.writerow(
                [project.id, *project.words, *money, project.start, project.end, *(project.site or ("", ""))]
            )
