"""The made-up city of Larkhaven: files as a city's own systems would export them, so that everything runs offline."""

from pathlib import Path

from hub.sample.money import write_budget
from hub.sample.projects import write_projects
from hub.sample.requests import write_requests
from hub.sample.resample import resample
from hub.sample.stories import write_stories
from hub.sample.streets import write_streets
from hub.sample.town import write_boundaries

__all__ = ["CITY", "resample", "write"]

CITY = Path(__file__).with_name("city.yml")  # beside the checkout's README it is a link to this file


def write(folder: Path = Path("data/sample"), requests: int = 60_000, seed: int = 7, truth: Path | None = None) -> None:
    """Write every file of the sample city. The same seed gives the same bytes.

    `truth`, if given, is a file outside `folder` for what really happened; it names reporters, so keep it private.
    """
    folder.mkdir(parents=True, exist_ok=True)
    write_requests(folder, requests, seed, truth)
    write_boundaries(folder / "boundaries.geojson")
    write_streets(folder / "streets.geojson")
    write_budget(folder / "budget.csv")
    write_projects(folder / "capital_projects.csv")
    write_stories(folder / "stories.csv")
