"""A real browser on the real site. Where there is none the tests are skipped and say so; under CI they fail."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from hub.basemap import write_areas, write_basemap
from hub.sample import streets, town
from tests.made_release import CITY, make

ROOT = Path(__file__).parents[2]
NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUIET = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking"
    " --disable-component-update --disable-sync"
)
QUIET_SECONDS = 1  # of nothing asked and nothing answered; a request that stays open does not hold the test up
SERVE = """
import sys
from pathlib import Path
from dashboards.routes import ROUTES
from hub import app
from hub.city import load_city
script = Path("dashboards/app.py").resolve()
app.serve(Path(sys.argv[1]), load_city(Path("city.yml")), port=int(sys.argv[2]), script=script, routes=ROUTES)
"""


def missing(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"a browser test cannot run: {reason}")
    pytest.skip(f"no browser test: {reason}")


def draw_maps(maps: Path, at: Path) -> None:
    """The made-up city's own wards, water and streets."""
    import json

    town.write_boundaries(at / "boundaries.geojson")
    streets.write_streets(at / "streets.geojson")
    shapes = json.loads((at / "boundaries.geojson").read_text("utf-8"))["features"]
    lines = json.loads((at / "streets.geojson").read_text("utf-8"))["features"]
    wards = [named(shape, shape["properties"]["ward"]) for shape in shapes if shape["properties"].get("ward")]
    water = [shape for shape in shapes if shape["properties"].get("kind") == "water"]
    roads = [named(line, line["properties"]["street"]) for line in lines]
    write_areas(wards, maps / "areas.geojson")
    write_basemap(wards, roads, water, CITY.bbox, maps / "basemap.pmtiles")


def named(feature: dict, name: str) -> dict:
    return feature | {"properties": {"name": name}}


@pytest.fixture(scope="session")
def base(tmp_path_factory) -> Iterator[str]:
    """The address of a served release."""
    folder = tmp_path_factory.mktemp("served")
    draw_maps(make(folder, requests=3000).path / "maps", tmp_path_factory.mktemp("shapes"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", SERVE, str(folder), str(port)], cwd=ROOT)
    try:
        yield _answering(f"http://127.0.0.1:{port}", process)
    finally:
        process.terminate()
        process.wait(20)


def _answering(address: str, process: subprocess.Popen) -> str:
    for _ in range(300):
        if process.poll() is not None:
            pytest.fail(f"the server ended with exit code {process.returncode}")
        try:
            if httpx.get(f"{address}/dashboards/_stcore/health").status_code == 200:
                return address
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    pytest.fail("the server did not answer within a minute")


@pytest.fixture(scope="session")
def chromium():
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        missing("playwright is not installed")
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        missing(f"none of {', '.join(NAMES)} is installed")
    with sync_playwright() as driver:
        try:
            browser = driver.chromium.launch(executable_path=path, args=QUIET.split())
        except Error as error:
            missing(str(error).splitlines()[0])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def windows(chromium):
    """A window for each width and for day and night, so that scripts are fetched once."""
    opened = {}

    def window(width: int, dark: bool):
        if (width, dark) not in opened:
            scheme = "dark" if dark else "light"
            size = {"width": width, "height": 900}
            opened[width, dark] = chromium.new_context(viewport=size, bypass_csp=True, color_scheme=scheme)
        return opened[width, dark]

    yield window
    for context in opened.values():
        context.close()


@pytest.fixture
def open_page(windows, base):
    """`open_page("map", width=390)` opens a dashboard and waits until it stands still.

    Whatever it asks for elsewhere is refused and kept in `page.asked_elsewhere`; errors in `page.errors`."""
    pages = []

    def open_it(path: str, *, width: int = 1280, dark: bool = False):
        page = windows(width, dark).new_page()
        pages.append(page)
        page.asked_elsewhere, page.errors = [], []
        page.route("**/*", lambda route: _gate(route, base, page.asked_elsewhere))
        page.on("pageerror", lambda error: page.errors.append(str(error)))
        for event in ("request", "requestfinished", "requestfailed"):
            page.on(event, lambda _: setattr(page, "last_heard", time.monotonic()))
        page.goto(f"{base}/dashboards/{path}")
        if not path.startswith("maps/"):
            page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning] h1", timeout=60_000)
        while time.monotonic() - page.last_heard < QUIET_SECONDS:
            page.wait_for_timeout(100)
        return page

    yield open_it
    for page in pages:
        page.close()


def _gate(route, base: str, elsewhere: list[str]) -> None:
    url = route.request.url
    if url.startswith((f"{base}/", "data:", "blob:")):
        route.continue_()
    else:
        elsewhere.append(url)
        route.abort()
