"""What is not believed: it takes nothing away, and once it is right nothing of it stays behind."""

import pytest

from hub.errors import IncompleteError
from tests.sources.bare import ask_for_small_pages
from tests.sources.test_contract import DAY, HOUR, WEEK, kept, killed
from tests.sources.tiny_hub import TinyHub

ROWS, PAGE = 120, 40


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    ask_for_small_pages(monkeypatch, PAGE)


def test_rows_that_can_no_longer_be_used_are_not_dropped_in_silence(hub_of):
    """A system that writes its dates in another way, from one day to the next."""
    hub = hub_of("carto", rows=ROWS)
    assert hub.pull().error is None
    before = kept(hub)
    for case in list(hub.model)[::2]:
        hub.system.faults("spoiled", case.id, requested="last Tuesday")
    hub.model.pass_time(WEEK)
    pulled = hub.pull()
    assert isinstance(pulled.error, IncompleteError)
    assert "60 can no longer be used (requested_datetime cannot be read)" in pulled.error.message
    assert kept(hub) == before
    assert hub.pull(accept_fewer=True).error is None
    assert len(kept(hub)) == ROWS / 2


def test_what_was_there_in_a_reading_that_failed_and_is_gone_in_the_next_is_gone(hub_of):
    hub = hub_of("carto", rows=ROWS)
    hub.system.faults("counted", 5)
    assert isinstance(hub.pull().error, IncompleteError)
    hub.system.faults.clear()
    gone = list(hub.model)[7].id
    hub.model.delete(gone)
    assert hub.pull().error is None
    assert hub.ask("select key from records_service_requests where deleted_upstream") == [(gone,)]
    assert hub.differences() == {}


def test_changes_that_were_broken_off_and_can_no_longer_be_had_are_read_as_all(hub_of, monkeypatch):
    hub: TinyHub = hub_of("dataverse", rows=ROWS)
    assert hub.pull().error is None
    hub.model.pass_time(HOUR)
    for case in list(hub.model)[:100]:
        hub.model.update(case.id, address="9 New Street")
    with killed(monkeypatch, "add", 2):
        hub.pull()
    hub.model.pass_time(40 * DAY)
    met = {row[0] for row in hub.ask("select key from seen")}
    gone = next(case.id for case in hub.model if case.id in met)
    hub.model.delete(gone)
    assert hub.pull().error is None and hub.differences() == {}
    assert hub.ask("select kind from walks") == [] and all(hub.proofs().values())
    assert hub.ask("select key from records_service_requests where deleted_upstream") == [(gone,)]
