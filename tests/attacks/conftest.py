"""One made-up city for all attacks, read by the real code; what the tests release from it is kept apart."""

import shutil
from pathlib import Path

import pytest

from tests.attacks import daily, made
from tests.attacks.daily import Told
from tests.attacks.made import Report, World
from tests.town import Town


@pytest.fixture(scope="session")
def world() -> World:
    return made.world()


@pytest.fixture(scope="session")
def town(world, tmp_path_factory) -> Town:
    """Only to be released from with `is_kept=False`."""
    return daily.founded(tmp_path_factory.mktemp("attacked") / "town", world)


@pytest.fixture(scope="session")
def told(town) -> Told:
    """The first release."""
    return daily.release(town, made.FIRST, is_kept=False)


@pytest.fixture(scope="session")
def known(world, town, told) -> dict[int, Report]:
    """Row id -> the report behind it."""
    return daily.truth(town, world)


@pytest.fixture
def another(town, told, tmp_path) -> Town:
    """The same town with a ledger of its own."""
    return Town(Path(shutil.copytree(town.folder, tmp_path / "town")))
