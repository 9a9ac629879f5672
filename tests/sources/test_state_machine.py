"""Whatever happens to a city's system and to us, in any order: in the end the vault equals the system, and until then
no run says that it is whole when it is not."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from etl import intake
from tests.cities.model import Model
from tests.cities.server import City
from tests.sources.tiny_hub import PLATFORMS, Killed, TinyHub, secret_for

EXAMPLES = int(os.environ.get("CITYGLASS_EXAMPLES", "3"))  # per platform; `make sources` asks for many more
HOUR, DAY = 3600, 86_400
FAULTS = (
    ("status", 503),
    ("too_many", 30),
    ("too_many", 1e9),
    ("html", 200),
    ("cut", 150),
    ("cut_text", 150),
    ("nothing", 200),
    ("reset",),
    ("empty",),
    ("short", 3),
    ("duplicates",),
    ("shifted", 2),
    ("inserted", 2),
    ("capped", 5),
    ("new_column", "more", "OKAPI"),
)


class Life(RuleBasedStateMachine):
    """One system and one hub. `platform` is set by the test."""

    platform = ""

    def __init__(self) -> None:
        super().__init__()
        kind = PLATFORMS[self.platform]
        self.folder = TemporaryDirectory()
        self.system = City(Model(rows=60), kind.of_server or self.platform, **(kind.options or {})).__enter__()
        os.environ["TINY_KEY"] = secret_for(self.platform, self.system)
        self.hub = TinyHub.of(Path(self.folder.name), self.system, self.platform)
        self.model, self.kill_after, self.deleted = self.system.model, 0, False

    def any_id(self, place: int) -> str:
        ids = list(self.model.rows)
        return ids[place % len(ids)]

    @rule()
    def insert(self) -> None:
        self.model.insert()

    @rule(place=st.integers(0, 10_000))
    def close(self, place: int) -> None:
        key = self.any_id(place)
        if self.model.rows[key].status == "open":
            self.model.close(key)

    @rule(place=st.integers(0, 10_000), house=st.integers(1, 99))
    def update(self, place: int, house: int) -> None:
        self.model.update(self.any_id(place), address=f"{house} New Street")

    @precondition(lambda self: len(self.model.rows) > 50)
    @rule(place=st.integers(0, 10_000))
    def delete(self, place: int) -> None:
        self.model.delete(self.any_id(place))
        self.deleted = True

    @rule(hours=st.integers(1, 60))
    def time_passes(self, hours: int) -> None:
        self.model.pass_time(hours * HOUR)

    @rule(fault=st.sampled_from(FAULTS), number=st.integers(1, 6), of_page=st.booleans())
    def go_wrong(self, fault: tuple, number: int, of_page: bool) -> None:
        self.system.faults(*fault, **({"page": number} if of_page else {"request": len(self.system.log) + number}))

    @rule(pages=st.integers(1, 3))
    def be_killed(self, pages: int) -> None:
        self.kill_after = pages

    @rule()
    def pull(self) -> None:
        pulled = self._pulled()
        if pulled and not pulled.error:
            wrong = self.hub.differences()
            gone = {key for key, (held, true) in wrong.items() if true is None and self.deleted}
            assert set(wrong) == gone, {key: wrong[key] for key in list(set(wrong) - gone)[:3]}

    def _pulled(self):
        real, stored, limit = intake.add, [], self.kill_after

        def add(*given):
            written = real(*given)
            stored.append(written)
            if limit and len(stored) >= limit:
                raise Killed
            return written

        self.kill_after, intake.add = 0, add
        try:
            return self.hub.pull(accept_fewer=True)
        except Killed:
            return None
        finally:
            intake.add = real

    def teardown(self) -> None:
        try:
            self.system.faults.clear()
            self.kill_after = 0
            for _ in range(3):
                self.model.pass_time(8 * DAY)
                pulled = self._pulled()
            assert pulled.error is None, pulled.error
            assert self.hub.differences() == {}
        finally:
            self.system.__exit__(None, None, None)
            self.folder.cleanup()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_in_the_end_the_vault_equals_the_system(platform, monkeypatch):
    monkeypatch.setenv("TINY_KEY", "")  # set for each system, and gone with the test
    machine = type("Life", (Life,), {"platform": platform})
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES, stateful_step_count=12, deadline=None, derandomize=True, suppress_health_check=checks
        ),
    )
