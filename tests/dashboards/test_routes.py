"""The addresses that a map needs: documents, tiles in pieces, vendored files."""

import gzip
import hashlib
import re

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dashboards import data
from dashboards.routes import FILES, ROUTES, STATIC
from tests.made_release import make


@pytest.fixture
def client():
    return TestClient(Starlette(routes=ROUTES))


@pytest.mark.parametrize("name", ["requests", "stories", "capital"])
def test_a_map_is_a_document_that_may_be_kept_for_five_minutes_and_embedded_here_only(client, name):
    answer = client.get(f"/dashboards/maps/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "public, max-age=300"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'self' 'unsafe-inline' data: blob:")
    assert "frame-ancestors 'self'" in policy
    assert answer.headers["vary"].lower() == "accept-encoding"


def test_a_map_is_sent_compressed_to_who_can_unpack_it(client):
    packed = client.get("/dashboards/maps/requests", headers={"accept-encoding": "gzip"})
    plain = client.get("/dashboards/maps/requests", headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert packed.text == plain.text


def test_a_map_shows_what_was_chosen(client):
    chosen = {"level": "h3_8", "service_group": "Housing", "status": "open"}
    page = client.get("/dashboards/maps/requests", params=chosen).text
    frame = data.ask("requests_by_area", **chosen)
    assert page.count(' requests"') + page.count(" of them open") == (frame["requests"] >= frame["threshold"]).sum() > 0


@pytest.mark.parametrize("query", ["level=h3_15", "service_group=Nothing", "year=1066", "status=' or 1", "colour=red"])
def test_a_choice_that_is_not_offered_is_refused(client, query):
    assert client.get(f"/dashboards/maps/requests?{query}").status_code == 400


@pytest.mark.parametrize("path", ["nothing", "vendor/nothing.js", "vendor/../../app.py", "city.db"])
def test_nothing_else_is_served(client, path):
    assert client.get(f"/dashboards/maps/{path}").status_code == 404


def test_tiles_are_sent_in_the_pieces_that_are_asked_for(client, served):
    whole = (data.release().path / "maps" / "basemap.pmtiles").read_bytes()
    answer = client.get("/dashboards/maps/basemap.pmtiles", headers={"range": "bytes=0-126"})
    assert answer.status_code == 206
    assert answer.headers["content-range"] == f"bytes 0-126/{len(whole)}"
    assert answer.content == whole[:127]
    assert answer.headers["etag"]


def test_the_address_of_the_tiles_names_the_release(client):
    page = client.get("/dashboards/maps/requests").text
    assert f"/dashboards/maps/basemap.pmtiles?release={data.release().id}" in page


def test_a_new_release_is_a_new_map(client, tmp_path, monkeypatch):
    monkeypatch.setenv("CITYGLASS_DATA", str(tmp_path))
    make(tmp_path, seed=1)
    before = client.get("/dashboards/maps/requests").text
    make(tmp_path, seed=2)
    assert client.get("/dashboards/maps/requests").text != before


def test_a_city_without_boundaries_has_cells_and_no_base_map(client, tmp_path, monkeypatch, view):
    monkeypatch.setenv("CITYGLASS_DATA", str(tmp_path))
    make(tmp_path)
    assert client.get("/dashboards/maps/basemap.pmtiles").status_code == 404
    page = client.get("/dashboards/maps/requests").text
    assert '"basemap":""' in page
    assert " requests, " in page
    assert "shows cells only" in view("map").info[0].value


def test_before_the_first_release_there_is_no_map(client, tmp_path, monkeypatch):
    monkeypatch.setenv("CITYGLASS_DATA", str(tmp_path))
    assert client.get("/dashboards/maps/requests").status_code == 404


@pytest.mark.parametrize("name", FILES)
def test_the_files_of_a_map_have_their_own_type(client, name):
    answer = client.get(f"/dashboards/maps/{name}")
    assert answer.status_code == 200
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


def test_a_map_document_is_made_once_for_a_choice(client):
    one = client.get("/dashboards/maps/stories", headers={"accept-encoding": "identity"}).content
    other = client.get("/dashboards/maps/stories", headers={"accept-encoding": "identity"}).content
    assert one == other
    assert gzip.compress(one, 9, mtime=0)
