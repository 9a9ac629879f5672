"""The made-up city, published once by the real pipeline, for every test that wants to see the whole of it."""

import shutil
from pathlib import Path

import pytest

from etl import run
from hub import sample
from hub.city import load_city
from tests.time_budget import pytest_runtest_logreport, pytest_sessionfinish, pytest_terminal_summary

__all__ = ["larkhaven", "pytest_runtest_logreport", "pytest_sessionfinish", "pytest_terminal_summary"]

ROOT = Path(__file__).parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Browser tests come last: their driver keeps an event loop running, beside which no asynchronous test can run."""
    items.sort(key=lambda item: "browser" in item.path.parts)


@pytest.fixture(scope="session")
def larkhaven(tmp_path_factory) -> Path:
    """The data folder of Larkhaven with a published release; its city.yml stands beside it. Only to be read."""
    folder = tmp_path_factory.mktemp("larkhaven")
    shutil.copyfile(ROOT / "city.yml", folder / "city.yml")
    sample.write(folder / "data" / "sample")
    run.run(load_city(folder / "city.yml"), folder / "data")
    return folder / "data"
