"""What every city system may rely on, whatever it speaks: all is read, nothing twice, nothing that was not asked for."""

import logging

import pytest

from etl import intake
from etl.sources import SOURCES
from hub.errors import IncompleteError, SourceError
from tests.sources.tiny_hub import PLATFORMS, SECRET, Killed

DAY = 86_400
ROWS_OF = {"arcgis": "outFields", "dataverse": "select"}  # what a question for rows has in it, where others are none
CONTACTS = ("reporter_name", "reporter_email", "reporter_phone", "description")
PAGED = [name for name, kind in PLATFORMS.items() if name != "files" and not kind.of_server]  # one dialect of each


@pytest.fixture(params=PLATFORMS)
def hub(request, hub_of):
    return hub_of(request.param)


@pytest.fixture(params=PAGED)
def paged(request, hub_of):
    return hub_of(request.param)


def test_every_adapter_that_reads_requests_is_held_to_this():
    assert {kind.adapter for kind in PLATFORMS.values()} == set(SOURCES) - {"ical", "legistar"}


def test_all_is_read_and_proved(hub):
    pulled = hub.pull()
    assert (pulled.error, pulled.rows, pulled.written) == (None, 300, 300)
    assert hub.differences() == {}
    assert all(hub.proofs().values())


def test_contact_fields_are_not_kept_and_where_one_can_choose_not_asked_for(hub):
    hub.pull()
    told = hub.told()
    for case in hub.model:
        assert [field for field in CONTACTS if len(getattr(case, field)) > 8 and getattr(case, field) in told] == []
    if hub.platform.adapter in ("socrata", "arcgis", "carto", "dataverse"):
        rows = [asked for asked in hub.system.log if asked.rows]
        assert rows and not [asked for asked in rows if "reporter" in asked.everything.lower()]


def test_what_has_not_changed_is_not_written_again(hub):
    hub.pull()
    before = hub.ask("select key, hash from records_service_requests order by key")
    again = hub.pull()
    assert (again.error, again.written) == (None, 0)
    assert hub.ask("select key, hash from records_service_requests order by key") == before


def test_what_changed_is_seen_in_the_next_run_and_what_is_gone_within_a_week(hub):
    hub.pull()
    hub.model.pass_time(3 * 3600)
    cases = list(hub.model)
    hub.model.insert(), hub.model.insert()
    for case in [case for case in cases if case.status == "open"][:3]:
        hub.model.close(case.id)
    hub.model.update(cases[-1].id, address="9 New Street")
    hub.model.pass_time(3600)
    assert hub.pull().error is None
    assert hub.differences() == {}
    hub.model.delete(cases[5].id), hub.model.delete(cases[-2].id)
    hub.model.pass_time(8 * DAY)
    assert hub.pull().error is None
    assert hub.differences() == {}
    assert hub.ask("select count(*) from records_service_requests where deleted_upstream") == [(2,)]


def test_a_request_of_long_ago_that_is_closed_now_is_seen(hub):
    hub.pull()
    oldest = next(case for case in hub.model if case.status == "open")
    hub.model.pass_time(3600)
    hub.model.close(oldest.id)
    hub.model.pass_time(3600)
    assert hub.pull().error is None
    key = str(oldest.number) if hub.platform.runs else oldest.id
    assert hub.held()[key]["status"] == "closed"


@pytest.mark.parametrize("pages", [1, 3])
def test_killed_after_any_page_it_goes_on_and_reads_at_most_one_page_again(paged, monkeypatch, pages):
    whole, stored, real = 300, [], intake.add

    def add(*given):
        written = real(*given)
        stored.append(written)
        if len(stored) == pages:
            raise Killed
        return written

    monkeypatch.setattr(intake, "add", add)
    try:
        paged.pull()
        pytest.skip(f"it has all in {len(stored)} pages")
    except Killed:
        monkeypatch.setattr(intake, "add", real)
    rows_before = sum(stored)
    pulled = paged.pull()
    assert pulled.error is None
    assert paged.differences() == {}
    assert rows_before + pulled.written == whole
    longest = max(stored)
    twice = 300 if any(proof == "double_read" for proof in paged.proofs().values()) else 0
    assert pulled.rows <= whole - rows_before + longest + twice


PASSING = (
    ("status", 503),
    ("too_many", 30),
    ("html", 200),
    ("cut", 200),
    ("cut_chunked", 200),
    ("cut_text", 200),
    ("nothing", 200),
    ("reset",),
    ("broken_deflate",),
    ("status", 502),
)


def test_faults_that_pass_cost_nothing(hub):
    """Every second question meets another one."""
    for place, fault in enumerate(PASSING):
        hub.system.faults(*fault, request=1 + 2 * place)
    pulled = hub.pull()
    assert pulled.error is None, pulled.error
    assert hub.differences() == {}


LYING = {
    "an empty page": ("empty",),
    "a page that is short": ("short", 3),
    "a page that came before": ("duplicates",),
    "rows that shift": ("shifted", 2),
    "rows that come in between": ("inserted", 3),
    "a smaller page than asked for": ("capped", 7),
}


@pytest.mark.parametrize("fault", LYING)
def test_a_page_that_lies_loses_nothing_in_silence(paged, fault):
    """Either all is there, or the run says that it is not; and the next run has all."""
    paged.system.faults(*LYING[fault], page=2)
    pulled = paged.pull()
    assert isinstance(pulled.error, IncompleteError | SourceError) or paged.differences() == {}
    paged.system.faults.clear()
    paged.model.pass_time(8 * DAY)
    assert paged.pull().error is None
    assert paged.differences() == {}


def test_a_server_that_wants_a_long_rest_pauses_the_run_and_keeps_what_was_read(paged):
    paged.system.faults("too_many", 1e9, request=4)
    pulled = paged.pull()
    if not pulled.error:
        pytest.skip("it asks fewer than four questions")
    assert isinstance(pulled.error, IncompleteError) and "left alone until" in pulled.error.message
    assert paged.pull().error is None
    assert paged.differences() == {}


def test_a_server_that_stays_broken_is_an_error_and_takes_nothing_away(hub):
    hub.pull()
    hub.model.insert()
    before = hub.held()
    hub.system.faults("status", 500)
    pulled = hub.pull()
    assert isinstance(pulled.error, SourceError) and "500" in pulled.error.message
    assert hub.held() == before


def test_a_new_column_stays_out(hub):
    hub.system.faults("new_column", "secret_diary", "OKAPI", has=ROWS_OF.get(hub.platform.adapter, ""))
    pulled = hub.pull()
    assert pulled.error is None
    assert "OKAPI" not in hub.told()


def test_a_row_without_an_id_is_kept_aside_and_the_rest_is_read(paged):
    paged.system.faults("null", "id", row=0, has=ROWS_OF.get(paged.platform.adapter, ""))
    pulled = paged.pull()
    if pulled.error:
        assert isinstance(pulled.error, IncompleteError | SourceError)
        return
    met = len(paged.held()) + paged.ask("select count(*) from quarantine")[0][0]
    assert met >= 300 and paged.ask("select count(*) from quarantine")[0][0] >= 1


def test_no_secret_is_in_a_log_a_message_or_the_vault(hub_of, caplog, capsys):
    hub = hub_of("soda3")
    with caplog.at_level(logging.DEBUG):
        hub.pull()
        hub.system.faults("status", 401)
        hub.model.pass_time(8 * DAY)
        error = hub.pull().error
    assert "TINY_KEY" in f"{error}" or "credentials" in f"{error}"
    written = "".join((caplog.text, *capsys.readouterr(), str(error), hub.told()))
    assert SECRET not in written
    assert not [asked for asked in hub.system.log if SECRET in asked.target]
