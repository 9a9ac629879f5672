"""A town with a story and a budget line of its own, and what its officer does with those that wait."""

from tests.town import Town, requests, write_csv

RIGHTS = {"rights": "You may share it.", "approved": "yes", "consent": "yes"}
QUIET = "The river came up the steps in 1978 and stayed for eleven days. My mother moved the piano to the attic."
NAMED = "The river came up the steps in 1978. John Kowalski from next door stole our boat and never gave it back."
SPENT = {"direction": "expense", "fiscal_year": "2025", "stage": "adopted", "cabinet": "Works", "department": "Streets"}


def story(number: int, body: str = QUIET, **given: str) -> dict[str, str]:
    return {"story_id": f"st-{number}", "title": "The flood", "body": body, "byline": "Rosa Lindqvist"} | RIGHTS | given


def line(number: int, program: str = "Snow removal", **given: str) -> dict[str, str]:
    return SPENT | {"line_id": f"b-{number}", "program": program, "category": "Staff", "amount_cents": "100"} | given


def found(folder) -> Town:
    town = Town.found(folder)
    town.receive(*requests(range(12)))
    tell(town, story(1))
    spend(town, line(1))
    town.describe({"sources": {"stories": {"location": "stories.csv"}, "budget": {"location": "budget.csv"}}})
    return town


def tell(town: Town, *stories: dict) -> None:
    write_csv(town.folder / "stories.csv", stories)


def spend(town: Town, *lines: dict) -> None:
    write_csv(town.folder / "budget.csv", lines)


def told(town: Town) -> set[str]:
    return {row["story_id"] for row in town.released("select story_id from stories")}


def spent(town: Town) -> set[str]:
    return {row["line_id"] for row in town.released("select line_id from budget_lines")}


def queue(town: Town, kind: str, state: str = "pending") -> list[dict]:
    return town.review("--json", "--kind", kind, "--state", state).json["data"]["entries"]
