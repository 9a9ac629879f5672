"""What a city decides in city.yml alone: which columns come in and go out."""

import time
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from etl import status
from etl.check import check_sources
from etl.recognise import city_from
from etl.vault import open_vault
from hub.city import load_city
from hub.cli import main
from hub.errors import SourceError
from hub.told import notices, state_lines
from tests.cities.model import Model
from tests.cities.server import City
from tests.sources.tiny_hub import ARCGIS, PLATFORMS

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
        city_from("https://example.org/about", Path("city.yml"))


def test_what_was_read_once_is_not_gone_because_it_is_old(hub_of):
    """Without a start, two years are read: counted from the first reading, or the oldest would seem to be deleted."""
    hub = hub_of("open311", rows=30)
    hub.describe(layout={"statuses": {"Open": "open", "Closed": "closed"}})
    assert hub.pull().error is None
    oldest = min(hub.model, key=lambda case: case.requested)
    hub.model.pass_time(725 * 86_400)
    assert hub.pull().error is None
    assert oldest.id in hub.held()


@pytest.mark.parametrize("platform", ["open311", "files"])
def test_a_column_that_is_new_upstream_is_reported_and_stays_out(hub_of, platform):
    hub = hub_of(platform, rows=40)
    assert hub.pull().new_columns == ()
    hub.model.pass_time(8 * 86_400)
    hub.model.insert()
    hub.system.faults("new_column", "reporter_phone", "555-0100")
    pulled = hub.pull()
    assert pulled.new_columns == ("reporter_phone",)
    [told] = notices([pulled])
    assert "new upstream and left out: reporter_phone" in told
    assert told in state_lines(_status(hub))
    assert "555-0100" not in hub.told()
    hub.model.pass_time(8 * 86_400)
    assert hub.pull().new_columns == ()


def _status(hub) -> dict:
    with open_vault(hub.data) as vault:
        status.write(vault, hub.data)
    return status.read(hub.data)
