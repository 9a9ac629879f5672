"""One made release with maps, and the views over it as Streamlit's own test runner sees them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from hub.app import build
from hub.basemap import write_areas, write_basemap
from tests.made_release import CITY, make
from tests.made_requests import WARDS

HALF = 0.02  # degrees: half the side of a made ward


def ward(name: str, lat: float, long: float) -> dict:
    west, south, east, north = long - HALF, lat - HALF, long + HALF, lat + HALF
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Feature", "properties": {"name": name}, "geometry": {"type": "Polygon", "coordinates": [ring]}}


def draw_maps(release: Path) -> None:
    wards = [ward(name, *middle) for name, middle in WARDS.items()]
    road = [[-70.93, 43.62], [-70.78, 43.71]]
    street = {"properties": {"name": "Long Road"}, "geometry": {"type": "LineString", "coordinates": road}}
    write_areas(wards, release / "maps" / "areas.geojson")
    write_basemap(wards, [street], [], CITY.bbox, release / "maps" / "basemap.pmtiles")


@pytest.fixture(scope="session")
def folder(tmp_path_factory) -> Path:
    data = tmp_path_factory.mktemp("data")
    draw_maps(make(data, requests=2500).path)
    return data


@pytest.fixture(autouse=True)
def served(folder, monkeypatch) -> Path:
    """The release that every view of a test reads."""
    monkeypatch.setenv("CITYGLASS_DATA", str(folder))
    return folder


@pytest.fixture(scope="session")
def site(folder):
    return build(folder, CITY)


@pytest.fixture
def view():
    """`view("map", status="Open")` runs a view with these choices in its address."""

    def run(name: str, **chosen: str) -> AppTest:
        page = AppTest.from_function(_page, args=(name,), default_timeout=60)
        for key, value in chosen.items():
            page.query_params[key] = value
        page.run()
        assert not page.exception, [error.value for error in page.exception]
        return page

    return run


def _page(name: str) -> None:
    import importlib

    importlib.import_module(f"dashboards.views.{name}").render()


def leaves(block) -> Iterator[tuple[object, object]]:
    """Every element below a block, with the block that it stands in."""
    for child in block.children.values():
        if hasattr(child, "children"):
            yield from leaves(child)
        else:
            yield child, block


@pytest.fixture
def elements():
    return leaves
