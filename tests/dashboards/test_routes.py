"""The addresses that a map needs: documents, tiles in pieces, vendored files."""

import gzip
import hashlib
import re
from urllib.parse import quote, urlencode

import pytest
from starlette.applications import Starlette

from dashboards import data
from dashboards.routes import FILES, ROUTES, STATIC
from tests.asking import ask
from tests.made_release import make


@pytest.fixture
def get():
    """`await get("requests?level=h3_8")` asks for a map or one of its files."""
    app = Starlette(routes=ROUTES)
    return lambda path, **headers: ask(app, f"/dashboards/maps/{path}", headers=headers)


@pytest.mark.parametrize("name", ["requests", "stories", "capital"])
async def test_a_map_is_a_document_that_may_be_kept_for_five_minutes_and_embedded_here_only(get, name):
    answer = await get(name)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "public, max-age=300"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self' 'unsafe-inline' data: blob:")
    assert "frame-ancestors 'self'" in policy
    assert answer.headers["vary"].lower() == "accept-encoding"


async def test_a_map_is_sent_compressed_to_who_can_unpack_it(get):
    packed = await get("requests", **{"accept-encoding": "gzip"})
    plain = await get("requests")
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(packed.body) == plain.body


async def test_a_map_shows_what_was_chosen(get):
    chosen = {"level": "h3_8", "service_group": "Housing", "status": "open"}
    page = (await get(f"requests?{urlencode(chosen)}")).text
    frame = data.ask("requests_by_area", **chosen)
    assert page.count(' requests"') + page.count(" of them open") == (frame["requests"] >= frame["threshold"]).sum() > 0


@pytest.mark.parametrize("query", ["level=h3_15", "service_group=Nothing", "year=1066", "status=' or 1", "colour=red"])
async def test_a_choice_that_is_not_offered_is_refused(get, query):
    assert (await get(f"requests?{quote(query, safe='=&')}")).status == 400


@pytest.mark.parametrize("path", ["nothing", "vendor/nothing.js", "vendor/../../app.py", "city.db"])
async def test_nothing_else_is_served(get, path):
    assert (await get(path)).status == 404


async def test_tiles_are_sent_in_the_pieces_that_are_asked_for(get, served):
    whole = (data.release().path / "maps" / "basemap.pmtiles").read_bytes()
    answer = await get("basemap.pmtiles", range="bytes=0-126")
    assert answer.status == 206
    assert answer.headers["content-range"] == f"bytes 0-126/{len(whole)}"
    assert answer.body == whole[:127]
    assert answer.headers["etag"]


async def test_the_address_of_the_tiles_names_the_release(get):
    page = (await get("requests")).text
    assert f"/dashboards/maps/basemap.pmtiles?release={data.release().id}" in page


async def test_a_new_release_is_a_new_map(get, tmp_path, monkeypatch):
    monkeypatch.setenv("CITYGLASS_DATA", str(tmp_path))
    make(tmp_path, seed=1)
    before = (await get("requests")).text
    make(tmp_path, seed=2)
    assert (await get("requests")).text != before


async def test_a_city_without_boundaries_has_cells_and_no_base_map(get, tmp_path, monkeypatch, view):
    monkeypatch.setenv("CITYGLASS_DATA", str(tmp_path))
    make(tmp_path)
    assert (await get("basemap.pmtiles")).status == 404
    page = (await get("requests")).text
    assert '"basemap":""' in page
    assert " requests, " in page
    assert "shows cells only" in view("map").info[0].value


async def test_before_the_first_release_there_is_no_map(get, tmp_path, monkeypatch):
    monkeypatch.setenv("CITYGLASS_DATA", str(tmp_path))
    assert (await get("requests")).status == 404


@pytest.mark.parametrize("name", FILES)
async def test_the_files_of_a_map_have_their_own_type(get, name):
    answer = await get(name)
    assert answer.status == 200
    assert answer.headers["content-type"].startswith(FILES[name])


def test_vendored_files_are_the_ones_that_were_reviewed():
    folder = STATIC / "vendor"
    listed = dict(reversed(line.split()) for line in (folder / "SHA256SUMS").read_text("utf-8").splitlines())
    assert set(listed) == {path.name for path in folder.iterdir()} - {"SHA256SUMS"}
    assert listed == {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in listed}


def test_each_vendored_package_comes_with_its_licence():
    licences = (STATIC / "vendor" / "LICENSES.txt").read_text("utf-8")
    for package in ("leaflet 1.9.4", "protomaps-leaflet 5.1.0", "pmtiles", "pbf", "rbush", "color2k", "fflate"):
        assert re.search(rf"^{re.escape(package)}.* \(\S+\)$", licences, re.MULTILINE), package
