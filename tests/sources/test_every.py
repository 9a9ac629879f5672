"""`run --every`: the vault is kept current, the public gets one release a day, and failures wait longer each time."""

from dataclasses import replace

import pytest
import yaml

from etl import status
from etl.asking import Paused
from etl.every import every
from etl.pull import Clock
from hub import releases
from hub.errors import ConfigurationError, DiskError, SourceError
from hub.policy import digest_of
from tests.cities.wire import Answer
from tests.sources.tiny_hub import TinyHub
from tests.town import POLICY

HOUR, DAY = 3600, 86_400
PROJECTS = {
    "location": "projects.csv",
    "fields": {"project_id": "Id", "name": "Project", "status": "Status", "budget_cents": "Budget"},
    "layout": {"phases": {"Planned": "planned"}},
}


def decide(hub: TinyHub, **changes) -> None:
    """Write the policy with changes."""
    path = hub.folder / "policies" / "service_requests.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(POLICY | changes, sort_keys=False), "utf-8")


def turns(hub: TinyHub):
    decide(hub, signed=POLICY["signed"] | {"of": digest_of(POLICY)})
    return every(lambda: hub.city, hub.data, 600, clock=hub.clock())


def test_one_release_a_day_however_often_it_pulls(hub_of, monkeypatch):
    hub = hub_of("arcgis", rows=60)
    monkeypatch.setattr("etl.release.time", lambda: hub.model.now)
    made, life = [], turns(hub)
    for _ in range(4):
        turn = next(life)
        assert (turn.error, turn.wait) == (None, 600)
        made.append(bool(turn.published and turn.published.release))
        hub.model.insert()
        hub.model.pass_time(600)
    hub.model.pass_time(DAY)
    made.append(bool(next(life).published.release))
    assert made == [True, False, False, False, True]
    assert len(releases.kept(hub.data)) == 2


def test_a_city_that_says_so_has_one_release_a_week(hub_of, monkeypatch):
    hub = hub_of("arcgis", rows=60)
    monkeypatch.setattr("etl.release.time", lambda: hub.model.now)
    decide(hub, signed=POLICY["signed"] | {"of": digest_of(POLICY)})
    life = every(lambda: replace(hub.city, publishes="week"), hub.data, 600, clock=hub.clock())
    made = []
    for _ in range(8):
        made.append(bool((turn := next(life)).published and turn.published.release))
        hub.model.insert()
        hub.model.pass_time(DAY)
    assert made[0] and made[1:].count(True) == 1


def test_it_signs_once_and_not_again_what_is_edited_later(hub_of, monkeypatch):
    hub = hub_of("arcgis", rows=60)
    monkeypatch.setattr("etl.release.time", lambda: hub.model.now)
    decide(hub, signed={})
    life = every(lambda: hub.city, hub.data, 600, sign_off="Vera Quill, officer", clock=hub.clock())
    assert next(life).published.release
    decide(hub, signed={}, harm="another")
    hub.model.pass_time(DAY)
    assert "is not signed" in next(life).error.message


def test_a_configuration_that_goes_wrong_later_is_told_and_does_not_end_it(hub_of, monkeypatch):
    hub = hub_of("arcgis", rows=60)
    monkeypatch.setattr("etl.release.time", lambda: hub.model.now)
    life = turns(hub)
    assert next(life).published.release
    hub.model.pass_time(DAY)
    hub.model.insert()
    decide(hub, shade="dark")
    assert "shade" in next(life).error.message
    decide(hub, signed=POLICY["signed"] | {"of": digest_of(POLICY)})
    assert next(life).published.release
    hub.model.pass_time(DAY)
    decide(hub, shade="dark")
    with pytest.raises(ConfigurationError, match="shade"):
        next(every(lambda: hub.city, hub.data, 600, clock=hub.clock()))


def test_after_failures_it_waits_longer_and_says_so_and_goes_on(hub_of):
    hub = hub_of("arcgis", rows=60)
    hub.system.faults("status", 500)
    life = turns(hub)
    waits = [next(life).wait for _ in range(8)]
    assert waits == [1200, 2400, 4800, 9600, 19_200, 21_600, 21_600, 21_600]
    told = status.read(hub.data)
    assert told["failures"] == 8 and "500" in told["error"] and told["next_run"] > hub.model.now
    hub.system.faults.clear()
    turn = next(life)
    assert (turn.error, turn.wait, turn.published.release is not None) == (None, 600, True)
    assert status.read(hub.data)["failures"] == 0


def test_what_is_edited_in_the_citys_file_counts_from_the_next_turn(hub_of):
    hub = hub_of("arcgis", rows=60)
    life = turns(hub)
    assert next(life).error is None
    hub.describe(location=f"{hub.system.url}/nowhere/FeatureServer/0")
    assert "nowhere" in next(life).error.message
    hub.describe(adapter="carrier pigeon")
    assert "carrier pigeon" in next(life).error.message
    (hub.folder / "city.yml").unlink()
    assert "does not exist" in next(life).error.message
    hub.describe()
    turn = next(life)
    assert (turn.error, turn.wait) == (None, 600)


def test_however_often_it_failed_the_wait_stays_a_number(tmp_path):
    def load():
        raise SourceError("down")

    life = every(load, tmp_path, 600.0, clock=Clock(now=lambda: 0.0))
    assert {next(life).wait for _ in range(1100)} == {1200, 2400, 4800, 9600, 19_200, 21_600}


def test_without_room_for_a_file_the_others_are_read_and_it_goes_on(hub_of, monkeypatch):
    hub = hub_of("files", rows=60)
    raw = yaml.safe_load((hub.folder / "city.yml").read_text("utf-8"))
    raw["sources"]["capital_projects"] = PROJECTS
    (hub.folder / "city.yml").write_text(yaml.safe_dump(raw), "utf-8")
    (hub.folder / "projects.csv").write_text("Id,Project,Status,Budget\n1,Bridge,Planned,3\n", "utf-8")
    life = turns(hub)
    with monkeypatch.context() as without:
        without.setattr("tempfile.tempdir", str(hub.folder / "no such folder"))
        turn = next(life)
    assert isinstance(turn.error, DiskError) and turn.wait == 1200
    assert "requests" in turn.error.message and "TMPDIR" in turn.error.cure and "no such folder" in turn.error.cure
    assert hub.ask("select count(*) from records_capital_projects") == [(1,)]
    assert next(life).error is None


def test_a_state_that_cannot_be_written_is_told_and_does_not_end_it(hub_of):
    hub = hub_of("arcgis", rows=60)
    life = turns(hub)
    status.path(hub.data).mkdir(parents=True)
    assert isinstance(next(life).error, DiskError)
    status.path(hub.data).rmdir()
    assert next(life).error is None


def test_a_mistake_of_ours_ends_it(tmp_path):
    def load():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        next(every(load, tmp_path, 600))


@pytest.mark.parametrize("seconds", ["99999999999", "9" * 20, "9" * 400])
def test_a_rest_that_no_calendar_knows_pauses_one_source_only(hub_of, seconds):
    hub = hub_of("arcgis", rows=60)
    too_many = {"error": {"code": 429, "message": f"Too many requests, retry after {seconds} sec"}}
    hub.system.platform.answer = lambda asked: Answer(too_many)
    life = turns(hub)
    turn = next(life)
    assert isinstance(turn.error, Paused) and "or later" in turn.error.message
    assert next(life).wait == 2400
