"""A town that has published once, shared by the tests of a file."""

import pytest

from tests.town import Town, requests


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    town = Town.found(tmp_path_factory.mktemp("command"))
    town.receive(*requests(range(20)))
    assert town.command("run").code == 0
    return town
