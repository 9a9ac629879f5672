"""Whatever happens to a city's system and to us, in any order: in the end the vault equals the system, and until then
no run says that it is whole when it is not."""

import os
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test

from etl import completeness, intake
from etl.pull import Pulled
from etl.vault import open_vault
from tests.cities.model import Model
from tests.cities.server import City
from tests.ready import policy
from tests.sources.bare import ALIKE, LONG, ask_for_small_pages
from tests.sources.matrix import LIES, PASSES, STAYS
from tests.sources.reasons import cases
from tests.sources.tiny_hub import PLATFORMS, Killed, TinyHub, secret_for

EXAMPLES, STEPS = (40, 25) if LONG else (2, 8)  # per platform; `make soak` runs the long form
HOUR, DAY = 3600, 86_400
ROWS, PAGE, ENDLESS = 60, 25, 4_000
EVERY = STAYS | PASSES | LIES
FAULTS = {platform: sorted({name for _, name, _ in cases(EVERY, (platform,))}) for platform in PLATFORMS}
OPEN311 = ("open311", "open311_xml")
for name in OPEN311:  # a closed request counts as closed when it was touched last; that is seen within a week
    FAULTS[name].remove("a storm of writing")
LYING = {fault.words[0] for fault in LIES.values()}
KILLS = ("add", "_meet")  # behind a page, and in the middle of its transaction


class Life(RuleBasedStateMachine):
    """One system and one hub. `platform` is set by the test; `met` are the faults that have happened."""

    platform = ""
    met: set[str]

    def __init__(self) -> None:
        super().__init__()
        kind = PLATFORMS[self.platform]
        self.folder = TemporaryDirectory()
        self.system = City(Model(rows=ROWS), kind.of_server or self.platform, **(kind.options or {})).__enter__()
        self.system.patience = ENDLESS
        os.environ["TINY_KEY"] = secret_for(self.platform, self.system)
        self.hub = TinyHub.of(Path(self.folder.name), self.system, self.platform)
        self.model, self.kill, self.is_begun, self.is_deceived = self.system.model, None, False, False
        self.before, self.once_there, self.whole = {}, set(), []

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """The first reading of all is disturbed, too."""
        first, others = data.draw(st.integers(1, 2)), data.draw(st.lists(st.integers(3, 12), max_size=3, unique=True))
        for number in (first, *others):
            self.system.faults(*EVERY[data.draw(st.sampled_from(FAULTS[self.platform]))].words, request=number)
        self.pull()

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
        key = self.any_id(place)
        if self.platform not in OPEN311 or self.model.rows[key].status == "open":
            self.model.update(key, address=f"{house} New Street")

    @precondition(lambda self: len(self.model.rows) > 50)
    @rule(place=st.integers(0, 10_000))
    def delete(self, place: int) -> None:
        self.model.delete(self.any_id(place))

    @precondition(lambda self: len(self.model.rows) > 50)
    @rule()
    def lose_many(self) -> None:
        """More than are believed to be gone at once; others come."""
        for key in list(self.model.rows)[:16]:
            self.model.delete(key)
        for _ in range(16):
            self.model.insert()

    @rule(hours=st.integers(1, 60))
    def time_passes(self, hours: int) -> None:
        self.model.pass_time(hours * HOUR)

    @rule(data=st.data(), number=st.integers(1, 12), of_page=st.booleans())
    def go_wrong(self, data: st.DataObject, number: int, of_page: bool) -> None:
        where = {"page": number} if of_page else {"request": len(self.system.log) + number}
        self.system.faults(*EVERY[data.draw(st.sampled_from(FAULTS[self.platform]))].words, **where)

    @rule(where=st.sampled_from(KILLS), calls=st.integers(1, 3))
    def be_killed(self, where: str, calls: int) -> None:
        self.kill = where, calls

    @rule()
    def pull_in_doubt(self) -> None:
        """A reading that is not believed leaves the vault as the last whole one left it."""
        self.what_is_held_is_true(accept_fewer=False)

    @rule()
    def pull(self) -> None:
        self.what_is_held_is_true(accept_fewer=True)

    def what_is_held_is_true(self, *, accept_fewer: bool) -> None:
        """What stayed as it was since the walk began is known now. Two lies that confirm each other nobody can see
        through; the next reading of all does."""
        now = self.hub.truth()
        self.once_there |= now.keys()
        if not self.is_begun:
            self.before = now
        happened = len(self.system.faults.happened)
        pulled = self._pulled(accept_fewer)
        lies = [word for word, _ in self.system.faults.happened[happened:] if word in LYING]
        self.is_deceived = self.is_deceived or len(lies) > 1
        self.is_begun = bool(self.hub.ask("select 1 from walks"))
        if pulled and pulled.error and "gone from the source" in pulled.error.message and self.whole:
            assert self._held() == self.whole and not self.is_begun
            self.every_row_is_accounted_for()
        if pulled and not pulled.error:
            self.whole = self._held()
        if pulled is None or pulled.error or self.is_deceived:
            return
        for key, (held, true) in self.hub.differences().items():
            is_gone = true is None and key in self.once_there  # which is told within a week
            assert is_gone or self.before.get(key) != true, (key, held, true, lies)
        self.every_row_is_accounted_for()

    def every_row_is_accounted_for(self) -> None:
        """Every row of the readings that stand is one of the records, or a copy of one."""
        with open_vault(self.hub.data) as vault:
            line, _ = completeness.of_dataset(vault, policy("boston"), "service_requests", [])
        assert line["rows_read"] - line["duplicates"] == line["read"] - line["deleted_upstream"], line

    def _held(self) -> list[tuple]:
        return self.hub.ask("select * from records_service_requests order by source, key")

    def _pulled(self, accept_fewer: bool = True) -> Pulled | None:
        """One run; None if it is killed."""
        (name, calls), self.kill, met = self.kill or ("add", 0), None, count(1)
        real = getattr(intake, name)

        def dies(*given):
            done = real(*given)
            if next(met) == calls:
                raise Killed
            return done

        setattr(intake, name, dies)
        try:
            return self.hub.pull(accept_fewer=accept_fewer)
        except Killed:
            return None
        finally:
            setattr(intake, name, real)

    def teardown(self) -> None:
        try:
            self.met.update(word for word, _ in self.system.faults.happened)
            self.system.faults.clear()
            self.kill = None
            for _ in range(2):  # a walk that was begun goes on and ends; the next one tells all that is there
                self.model.pass_time(8 * DAY)
                pulled = self._pulled()
            assert pulled.error is None, pulled.error
            assert self.hub.differences() == {}
            self.every_row_is_accounted_for()
        finally:
            self.system.__exit__(None, None, None)
            self.folder.cleanup()


@pytest.mark.parametrize("platform", [name for name in PLATFORMS if LONG or name not in ALIKE])
def test_in_the_end_the_vault_equals_the_system(platform, monkeypatch):
    monkeypatch.setenv("TINY_KEY", "")  # set for each system, and gone with the test
    ask_for_small_pages(monkeypatch, PAGE)
    machine = type("Life", (Life,), {"platform": platform, "met": set()})
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=STEPS,
            deadline=None,
            derandomize=not LONG,
            suppress_health_check=checks,
        ),
    )
    assert machine.met
