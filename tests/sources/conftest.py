"""Each platform's own fault server with a hub that reads it."""

import pytest

from tests.cities.model import Model
from tests.cities.server import City
from tests.sources.tiny_hub import PLATFORMS, TinyHub, secret_for


@pytest.fixture
def hub_of(tmp_path, monkeypatch):
    """hub_of("socrata", rows=300, **options of the server) -> TinyHub, with its system running."""
    systems = []

    def make(platform: str, rows: int = 300, **options) -> TinyHub:
        kind = PLATFORMS[platform]
        system = City(Model(rows=rows), kind.of_server or platform, **(kind.options or {}) | options)
        systems.append(system)
        folder = tmp_path / f"{platform}{len(systems)}"
        folder.mkdir()
        system.__enter__()
        monkeypatch.setenv("TINY_KEY", secret_for(platform, system))
        return TinyHub.of(folder, system, platform)

    yield make
    for system in systems:
        system.__exit__(None, None, None)
