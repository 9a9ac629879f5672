"""`run --every`: the vault is kept current, the public gets one release a day, and failures wait longer each time."""

import pytest
import yaml

from etl import status
from etl.every import every
from hub import releases
from hub.errors import ConfigurationError
from hub.policy import digest_of
from tests.sources.tiny_hub import TinyHub
from tests.town import POLICY

HOUR, DAY = 3600, 86_400


def decide(hub: TinyHub, **changes) -> None:
    """Write the policy with changes."""
    path = hub.folder / "policies" / "service_requests.yml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(yaml.safe_dump(POLICY | changes, sort_keys=False), "utf-8")


def turns(hub: TinyHub):
    decide(hub, signed=POLICY["signed"] | {"of": digest_of(POLICY)})
    return every(hub.city, hub.data, 600, clock=hub.clock())


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


def test_it_signs_once_and_not_again_what_is_edited_later(hub_of, monkeypatch):
    hub = hub_of("arcgis", rows=60)
    monkeypatch.setattr("etl.release.time", lambda: hub.model.now)
    decide(hub, signed={})
    life = every(hub.city, hub.data, 600, sign_off="Vera Quill, officer", clock=hub.clock())
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
    decide(hub, shade="dark")
    assert "shade" in next(life).error.message
    decide(hub, signed=POLICY["signed"] | {"of": digest_of(POLICY)})
    assert next(life).published.release
    hub.model.pass_time(DAY)
    decide(hub, shade="dark")
    with pytest.raises(ConfigurationError, match="shade"):
        next(every(hub.city, hub.data, 600, clock=hub.clock()))


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
