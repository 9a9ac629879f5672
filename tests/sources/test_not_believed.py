"""What is not believed: it takes nothing away, and once it is right nothing of it stays behind."""

import pytest

from etl.sources.open311 import MOST_LOST
from hub.errors import IncompleteError
from tests.sources.bare import ask_for_small_pages
from tests.sources.test_contract import DAY, HOUR, WEEK, kept, killed
from tests.sources.tiny_hub import PLATFORMS, TinyHub

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


# What is told to be gone


def test_that_a_fifth_is_gone_is_not_believed_of_changes_either(hub_of):
    hub = hub_of("dataverse", rows=ROWS)
    hub.describe(fields=PLATFORMS["dataverse"].fields | {"service_request_id": "incidentid"})
    assert hub.pull().error is None
    hub.model.pass_time(HOUR)
    for id in list(hub.model.rows)[:50]:
        hub.model.delete(id)
    pulled = hub.pull()
    assert isinstance(pulled.error, IncompleteError) and "50 are gone from the source" in pulled.error.message
    assert not hub.ask("select key from records_service_requests where deleted_upstream")
    assert hub.pull(accept_fewer=True).error is None
    assert len(hub.ask("select key from records_service_requests where deleted_upstream")) == 50


def test_a_server_that_knows_no_request_any_more_is_not_believed(hub_of):
    """A proxy that answers every question for ids with 404, on one day."""
    hub = hub_of("open311", rows=ROWS, updated_after=False)
    assert hub.pull().error is None
    before = kept(hub)
    assert len([case for case in hub.model if case.status == "open"]) > MOST_LOST
    hub.model.pass_time(HOUR)
    hub.system.faults("status", 404, has="service_request_id=")
    hub.system.faults("status", 404, has="/requests/")
    pulled = hub.pull()
    assert isinstance(pulled.error, IncompleteError) and "none of" in pulled.error.message
    assert kept(hub) == before
    hub.system.faults.clear()
    assert hub.pull().error is None and hub.differences() == {}


def test_a_server_that_never_answers_for_single_requests_is_read_whole_within_a_week(hub_of):
    hub = hub_of("open311", rows=ROWS, updated_after=False)
    assert hub.pull().error is None
    hub.system.faults("status", 404, has="service_request_id=")
    hub.system.faults("status", 404, has="/requests/")
    hub.model.pass_time(HOUR)
    assert "none of" in hub.pull().error.message
    hub.model.pass_time(7 * DAY)
    assert hub.pull().error is None and hub.differences() == {}


# What servers and clocks stop doing


def test_a_server_that_no_longer_tells_what_was_updated_is_asked_in_another_way(hub_of):
    hub = hub_of("open311", rows=ROWS)
    for days in (95, 100, 101):
        hub.model.insert(id=f"old {days}", requested=hub.model.now - days * DAY, status="open")
    hub.describe(layout=hub.platform.layout | {"start": "2023-01-01"})
    assert hub.pull().error is None
    hub.system.platform.updated_after = False
    hub.model.pass_time(DAY)
    hub.model.close("old 95")
    assert hub.pull().error is None and hub.differences() == {}


def test_after_a_clock_that_was_a_year_ahead_all_is_read_again(hub_of):
    hub = hub_of("carto", rows=ROWS)
    assert hub.pull().error is None
    hub.model.pass_time(365 * DAY)
    assert hub.pull().error is None
    hub.model.pass_time(-364 * DAY)
    hub.model.delete("001")
    assert hub.pull().error is None
    assert hub.ask("select key from records_service_requests where deleted_upstream") == [("001",)]


def test_what_is_older_than_the_first_day_stays_out_however_it_comes(hub_of):
    hub = hub_of("open311", rows=ROWS)
    for days in (130, 131):
        hub.model.insert(id=f"young {days}", requested=hub.model.now - days * DAY, status="open")
    hub.model.insert(id="old", requested=hub.model.now - 400 * DAY, status="open")
    hub.describe(layout=hub.platform.layout | {"start": "2023-10-01"})
    assert hub.pull().error is None
    hub.model.pass_time(DAY)
    hub.model.close("old")
    hub.model.close("young 130")
    assert hub.pull().error is None
    held = hub.held()
    assert "old" not in held and held["young 130"]["status"] == "closed"


# What is odd in the rows


def odd(hub: TinyHub, change) -> None:
    """What the server sends of each list of requests is changed on its way."""
    platform, honest = hub.system.platform, hub.system.platform.told

    def told(rows, family, form, root=None):
        return honest(change(rows) if family == "requests" else rows, family, form, root)

    platform.told = told


def test_of_an_id_that_stands_twice_the_newest_is_kept_and_the_other_is_told(hub_of):
    hub = hub_of("open311", rows=ROWS)
    hub.system.faults("status", 500, request=10**6)  # so that no answer comes from a cache
    id = next(case.id for case in hub.model if case.status == "closed")

    def change(rows):
        older = {"status": "open", "closed_datetime": None}
        return [
            one
            for row in rows
            for one in (
                [row | older | {"updated_datetime": row["requested_datetime"]}]
                if row["service_request_id"] == id
                else []
            )
            + [row]
        ]

    odd(hub, change)
    assert hub.pull().error is None
    assert hub.held()[id]["status"] == "closed"
    assert [key for (key,) in hub.ask("select distinct key from quarantine")] == [id]


def test_an_update_in_the_year_9999_does_not_stop_the_source(hub_of):
    hub = hub_of("open311", rows=ROWS)
    hub.system.faults("status", 500, request=10**6)
    for days in (130, 131, 132):
        hub.model.insert(id=f"old {days}", requested=hub.model.now - days * DAY, status="closed")
    hub.describe(layout=hub.platform.layout | {"start": "2023-10-01"})
    never = {"updated_datetime": "9999-12-31T23:59:59Z"}
    odd(hub, lambda rows: [row | never if row["service_request_id"] == "old 131" else row for row in rows])
    assert hub.pull().error is None and len(hub.held()) == ROWS + 3


def test_what_changes_bring_again_is_no_repeated_row(hub_of):
    hub = hub_of("carto", rows=ROWS)
    assert hub.pull().error is None
    for _ in range(3):
        hub.model.pass_time(HOUR)
        hub.model.touch_all()
        pulled = hub.pull()
        assert pulled.rows > 0 and pulled.remarks == ()
    assert hub.ask("select sum(rows_read)::bigint from readings") == [(ROWS,)]
