"""A small Open311 city for the tests of the faults."""

import pytest

from tests.cities.model import Model
from tests.cities.server import City


@pytest.fixture
def city():
    with City(Model(rows=100), "open311") as city:
        yield city
