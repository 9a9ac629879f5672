"""What a city decides in city.yml alone: which columns come in and go out, and what is read when its system is down."""

import time

import pytest
import yaml
from click.testing import CliRunner

from etl.check import check_sources
from etl.recognise import city_from
from hub.city import load_city
from hub.cli import main
from hub.errors import SourceError
from tests.cities.model import Model
from tests.cities.server import City
from tests.sources.tiny_hub import ARCGIS, OPEN311, PLATFORMS, TinyHub

LAYER = PLATFORMS["arcgis"].path


def test_only_the_columns_that_are_received_are_asked_for_and_kept(hub_of):
    hub = hub_of("arcgis", rows=40)
    received = [name for name in ARCGIS.values() if name != "STREETADDRESS"]
    hub.describe(receive=received)
    assert hub.pull().error is None
    assert hub.ask("select distinct address from records_service_requests") == [(None,)]
    assert not [asked for asked in hub.system.log if asked.rows and "STREETADDRESS" in asked.everything]


def test_the_matrix_says_of_every_column_what_becomes_of_it(hub_of):
    hub = hub_of("arcgis", rows=40)
    hub.describe(publish=["service_name", "requested_datetime"])
    fates = {row["column"]: row for row in check_sources(hub.city).sources["requests"]}
    assert fates["SERVICECODEDESCRIPTION"]["released"] and fates["SERVICECODEDESCRIPTION"]["received"]
    assert (fates["SERVICEORDERSTATUS"]["stored"], fates["SERVICEORDERSTATUS"]["released"]) == (["status_raw"], [])
    assert [fates[name]["received"] for name in ("REPORTERNAME", "INSPECTORNAME")] == [False, False]


@pytest.fixture
def failing_over(hub_of):
    """ArcGIS, and if that fails Open311, over one truth."""
    hub = hub_of("arcgis", rows=60)
    with City(hub.model, "open311") as second:
        other = {
            "adapter": "open311",
            "location": f"{second.url}/open311/v2",
            "fields": OPEN311,
            "layout": {"start": "2024-04-01"},
        }
        hub.describe(fallback=other)
        yield hub


def test_where_the_first_system_fails_the_second_is_read_and_it_is_said(failing_over: TinyHub):
    hub = failing_over
    assert hub.pull().notice == ""
    hub.model.pass_time(3600)
    new = hub.model.insert()
    hub.model.pass_time(3600)
    hub.system.faults("status", 500)
    pulled = hub.pull()
    assert pulled.error is None and "arcgis failed" in pulled.notice and "open311 was read" in pulled.notice
    assert new.id in hub.held() and len(hub.held()) == 61


def test_a_second_system_says_of_nothing_that_it_is_gone_and_the_first_has_the_last_word(failing_over: TinyHub):
    hub = failing_over
    hub.pull()
    keys = list(hub.model.rows)
    hub.model.pass_time(8 * 86_400)
    hub.model.delete(keys[3])
    hub.system.faults("status", 500)
    assert hub.pull().error is None
    assert keys[3] in hub.held()
    hub.system.faults.clear()
    hub.model.pass_time(3600)
    assert hub.pull().error is None
    assert hub.differences() == {}


RECOGNISED = ("arcgis", "socrata", "ckan", "carto", "open311", "files")


@pytest.mark.parametrize("platform", RECOGNISED)
def test_an_address_is_enough_to_begin_with(tmp_path, platform):
    kind = PLATFORMS[platform]
    with City(Model(rows=50, now=int(time.time())), kind.of_server or platform) as system:
        said = CliRunner().invoke(
            main, ["init", "--from", system.url + kind.path, "--city", str(tmp_path / "city.yml")]
        )
        assert said.exit_code == 0, said.output
        raw = yaml.safe_load((tmp_path / "city.yml").read_text("utf-8"))
        assert raw["sources"]["requests"]["adapter"] == kind.adapter
        city = load_city(tmp_path / "city.yml")
        rows = check_sources(city).sources["requests"]
    stored = {name for row in rows for name in row["stored"]}
    if platform != "files":  # its columns are named as no other city names them
        assert {"service_request_id", "requested_datetime"} <= stored


def test_an_address_of_nothing_is_refused_with_what_was_tried():
    with pytest.raises(SourceError, match="not recognised"):
        city_from("https://example.org/about")


def test_what_was_read_once_is_not_gone_because_it_is_old(hub_of):
    """Without a start, two years are read: counted from the first reading, or the oldest would seem to be deleted."""
    hub = hub_of("open311", rows=30)
    hub.describe(layout={"statuses": {"Open": "open", "Closed": "closed"}})
    assert hub.pull().error is None
    oldest = min(hub.model, key=lambda case: case.requested)
    hub.model.pass_time(725 * 86_400)
    assert hub.pull().error is None
    assert oldest.id in hub.held()
