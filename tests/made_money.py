"""A made-up city's budget, capital projects and stories, as a release holds them."""

from datetime import date, timedelta
from random import Random

from tests.made_requests import WARDS, dicts

PROGRAMS = {"Public Works": ("Roads", "Waste"), "Public Good": ("Parks", "Health"), "Public Safety": ("Fire", "Ports")}
PHASES = ("planned", "design", "construction", "complete", "ongoing")
RIGHTS = "You may share and adapt this story if you credit its teller."
LICENCE = "https://creativecommons.org/licenses/by/4.0/"
# title, byline, text, precision of the place, first and last year
STORIES = (
    (
        "The bakery on Mill Street",
        "Rosa Alvarez",
        "We opened at four, and the street smelled of bread.",
        "exact",
        1968,
        1979,
    ),
    ("The flood came up the steps", "A neighbour", "The river stood in the kitchen.", "block", 1987, 1987),
    ("Dancing at the union hall", "Teo Park", "Every Saturday the floor was swept.", "neighbourhood", 1954, 1961),
    ("How the garden began", "Miller Street Garden", "Nine families, one hose.", "neighbourhood", 1996, 2004),
    ("My first bus driver", None, "He waited for us when we were late.", "city", 1972, 1980),
    ("La tienda de mi abuela", "Luz Ortega", "Vendía de todo, y fiaba a medio barrio.", "none", 1975, 1990),
)


def budget(random: Random) -> list[dict]:
    spending = [
        ("expense", year, stage, "Operations", department, program, category, random.randrange(20_000_000, 900_000_000))
        for department, names in PROGRAMS.items()
        for program in names
        for category in ("Personnel", "Contracts", "Equipment")
        for year in (2024, 2025)
        for stage in ("adopted", "actual")
    ]
    income = [
        (
            "revenue",
            year,
            "adopted",
            "General Fund",
            "Treasury",
            tax,
            "Taxes",
            random.randrange(900_000_000, 9_000_000_000),
        )
        for tax in ("Property Tax", "Excise")
        for year in (2024, 2025)
    ]
    columns = "line_id direction fiscal_year stage cabinet department program category amount_cents"
    return dicts(columns, (("-".join(map(str, line[:-1])).lower(), *line) for line in spending + income))


def budget_totals(lines: list[dict]) -> list[dict]:
    sums: dict[tuple, list[int]] = {}
    for line in lines:
        sums.setdefault((line["direction"], line["fiscal_year"], line["stage"]), []).append(line["amount_cents"])
    return dicts(
        "direction fiscal_year stage lines amount_cents stated_cents difference_cents is_reconciled stated_in",
        ((*key, len(cents), sum(cents), sum(cents), 0, 1, "the summary table") for key, cents in sums.items()),
    )


def projects(random: Random) -> list[dict]:
    found = []
    for number in range(40):
        ward, (lat, long) = random.choice([*WARDS.items()])
        planned = random.randrange(5_000_000, 500_000_000)
        start = date(2022, 1, 1) + timedelta(days=random.randrange(900))
        end = start + timedelta(days=random.randrange(200, 1500))
        name = f"{random.choice(('Bridge', 'Library', 'Playground', 'Sewer', 'School roof'))} {number}"
        about = (
            name,
            random.choice(("Public Works", "Public Good")),
            "Public Works",
            "Design and build.",
            "In progress",
        )
        money = (planned, int(planned * random.uniform(0, 1.3)))
        place = (lat, long, ward, "neighbourhood")
        found.append((f"CP-{number:03d}", *about, PHASES[number % 5], ward, *money, str(start), str(end), *place))
    return dicts(
        "project_id name department manager scope status phase neighbourhood budget_cents spent_cents start_date"
        " end_date lat long district place_precision",
        found,
    )


def capital_total(projects: list[dict], measure: str) -> dict:
    return {
        "measure": measure,
        "projects": len(projects),
        "amount_cents": sum(project[f"{measure}_cents"] for project in projects),
    }


def stories() -> list[dict]:
    found = []
    for number, (title, byline, text, precision, start, end) in enumerate(STORIES):
        told = (
            f"{text}\n\nTold at the library.",
            "es" if "tienda" in title else "en",
            byline,
            f"2025-0{number + 1}-11",
        )
        point = (None, None) if precision == "none" else (43.66, -70.9)
        district = "Ward 1" if precision in ("exact", "block", "neighbourhood") else None
        terms = (RIGHTS, LICENCE, "Larkhaven Story Archive", None)
        time = (f"{start} to {end}", start, end, "neighbours; work", "Mill Street")
        found.append((f"st-2025-{number:05d}", title, *told, *time, *point, precision, district, *terms))
    return dicts(
        "story_id title body lang byline told_date era era_start era_end subjects place_label lat long place_precision"
        " district rights rights_uri credit_line media_url",
        found,
    )
