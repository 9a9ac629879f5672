"""One made release and the site over it, shared by the tests of the hub."""

import pytest

from hub.app import build
from tests.made_release import CITY, make


@pytest.fixture(scope="session")
def data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    make(folder)
    return folder


@pytest.fixture(scope="session")
def site(data):
    return build(data, CITY)
