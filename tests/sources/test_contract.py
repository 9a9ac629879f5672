"""What every city system may rely on, whatever it speaks: all is read, nothing twice, nothing that was not asked for."""

import logging
from contextlib import contextmanager

import pytest
import yaml

from etl import intake, run
from etl.canonical import flags_of
from etl.sources import SOURCES
from etl.vault import open_vault
from hub.errors import IncompleteError, SourceError
from tests.cities.times import moment
from tests.sources.bare import ask_for_small_pages
from tests.sources.tiny_hub import PLATFORMS, SECRET, Killed, TinyHub

HOUR, DAY, WEEK = 3_600, 86_400, 8 * 86_400
ROWS, PAGE = 120, 40
CONTACTS = ("reporter_name", "reporter_email", "reporter_phone", "description")
CHOOSES = ("socrata", "arcgis", "carto", "dataverse")  # who is asked for some columns only


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    ask_for_small_pages(monkeypatch, PAGE)


@pytest.fixture(params=PLATFORMS)
def hub(request, hub_of):
    return hub_of(request.param, rows=ROWS)


def kept(hub: TinyHub) -> list[tuple]:
    return hub.ask("select key, hash, deleted_upstream from records_service_requests order by key")


def test_every_adapter_that_reads_requests_is_held_to_this():
    assert {kind.adapter for kind in PLATFORMS.values()} == set(SOURCES) - {"ical", "legistar"}


def test_all_is_read_once_and_what_did_not_change_is_not_written_again(hub):
    """Not after a storm of writing either, nor when all rows have other numbers."""
    pulled = hub.pull()
    assert (pulled.error, pulled.rows, pulled.written) == (None, ROWS, ROWS)
    assert hub.differences() == {} and all(hub.proofs().values())
    told, before = hub.told(), kept(hub)
    assert [
        field
        for case in hub.model
        for field in CONTACTS
        if len(getattr(case, field)) > 8 and getattr(case, field) in told
    ] == []
    if hub.platform.adapter in CHOOSES:
        rows = [asked for asked in hub.system.log if asked.rows]
        assert rows and not [asked for asked in rows if "reporter" in asked.everything.lower()]
    for seconds in (HOUR, WEEK):
        hub.model.pass_time(seconds)
        hub.model.touch_all()
        if not hub.platform.runs:
            hub.model.renumber()
        again = hub.pull()
        assert (again.error, again.written) == (None, 0)
        assert kept(hub) == before


def test_what_changed_is_seen_in_the_next_run_and_what_is_gone_within_a_week(hub):
    """A request of long ago that is closed now, too, and an id that is used again for another request."""
    hub.pull()
    hub.model.pass_time(3 * HOUR)
    cases = list(hub.model)
    hub.model.insert(), hub.model.insert()
    for case in [case for case in cases if case.status == "open"][:3]:
        hub.model.close(case.id)
    hub.model.update(cases[-1].id, address="9 New Street")
    hub.model.delete(cases[-3].id)
    if not hub.platform.runs:
        hub.model.insert(id=cases[-3].id, service_name="Another matter")
    hub.model.pass_time(HOUR)
    assert hub.pull().error is None
    gone = {cases[-3].number} if hub.platform.runs else set()
    assert hub.differences().keys() <= set(map(str, gone))
    hub.model.delete(cases[5].id), hub.model.delete(cases[-2].id)
    hub.model.pass_time(WEEK)
    assert hub.pull().error is None
    assert hub.differences() == {}
    assert hub.ask("select count(*) from records_service_requests where deleted_upstream") == [(2 + len(gone),)]


# Kills


@contextmanager
def killed(monkeypatch, name: str, calls: int):
    """kill -9 when a part of storing a page is reached for so many times: before it is done, or behind it for `add`."""
    real, met = getattr(intake, name), []

    def dies(*given):
        met.append(given)
        if name == "add" or len(met) < calls:
            done = real(*given)
        if len(met) == calls:
            raise Killed
        return done

    with monkeypatch.context() as patched, pytest.raises(Killed):
        patched.setattr(intake, name, dies)
        yield


def test_killed_in_a_page_and_behind_one_it_ends_like_a_run_left_in_peace(hub, monkeypatch):
    stored = []
    real = intake.add
    monkeypatch.setattr(intake, "add", lambda *given: stored.append(given[-1].rows.num_rows) or real(*given))
    with killed(monkeypatch, "_meet", 2):
        hub.pull()
    written = hub.ask("select count(*) from records_service_requests")[0][0]
    assert 0 < written < ROWS and hub.ask("select count(*) from pages") == [(1,)]
    with killed(monkeypatch, "add", 1):
        hub.pull()
    pulled = hub.pull()
    assert pulled.error is None and hub.differences() == {} and all(hub.proofs().values())
    if SOURCES[hub.platform.adapter].resumes:
        assert sum(stored) <= ROWS + PAGE and pulled.written < ROWS
    before = kept(hub)
    hub.model.pass_time(WEEK)
    assert hub.pull().written == 0 and kept(hub) == before


# What is not believed


AGAIN = {
    "dataverse": "$skiptoken",
    "open311": "?page=1&page_size",
}  # pages that the next walk asks for by the same words


def somewhere(hub: TinyHub) -> dict:
    """One page of rows, however often it is asked for."""
    words = AGAIN.get(hub.platform.adapter, "")
    pages = [one for one in hub.system.log if one.rows > 10 and one.method != "HEAD" and words in one.target]
    if hub.platform.adapter == "dataverse":  # its links change with every change of the table
        return {"has": words}
    one = pages[0 if words else len(pages) // 2]
    return {"page": one.page, "has": one.everything[: len(f"{one.method} {one.path}?")], "times": 99}


def test_what_is_not_believed_takes_nothing_away(hub):
    """A page that stays empty, a system that is down, a system in which more than a fifth of all is gone."""
    assert hub.pull().error is None
    before = kept(hub)
    hub.model.pass_time(WEEK)
    hub.model.touch_all()
    hub.system.faults("empty", **somewhere(hub))
    pulled = hub.pull()
    assert hub.system.faults.happened and kept(hub) == before
    assert isinstance(pulled.error, IncompleteError | SourceError) or hub.differences() == {}
    hub.system.faults.clear()
    hub.system.faults("status", 500)
    pulled = hub.pull()
    assert isinstance(pulled.error, SourceError) and "500" in pulled.error.message
    assert kept(hub) == before
    hub.system.faults.clear()
    assert hub.pull().error is None and kept(hub) == before
    for case in list(hub.model)[::3]:
        hub.model.delete(case.id)
    hub.model.pass_time(WEEK)
    pulled = hub.pull()
    assert isinstance(pulled.error, IncompleteError) and "are gone from the source" in pulled.error.message
    assert kept(hub) == before
    assert hub.pull(accept_fewer=True).error is None
    assert hub.differences() == {}


def test_what_is_wrong_in_rows_is_set_aside_or_flagged_and_the_rest_is_read(hub):
    """Ids and dates that cannot be, a word nobody knows, places in another ocean, a text that wants to be a command."""
    closed = [case for case in hub.model if case.status == "closed" and case.lat]
    undated, nameless, odd, backwards, far, nowhere, swapped, huge, command, *_ = closed
    key = {case.id: str(case.number) if hub.platform.runs else case.id for case in closed}
    hub.system.faults("spoiled", key[undated.id], requested="last Tuesday")
    hub.system.faults("spoiled", key[odd.id], status="In Review")
    hub.system.faults("spoiled", key[nameless.id], id=None)
    for case, when in ((backwards, backwards.requested - DAY), (far, moment("2999-01-01T00:00:00Z"))):
        hub.model.update(case.id, closed=when, updated=when)
    for case, lat, long in ((nowhere, 0.0, 0.0), (swapped, swapped.long, swapped.lat), (huge, 1e308, -1e308)):
        hub.model.update(case.id, lat=lat, long=long)
    hub.model.update(command.id, service_name="=cmd|' /C calc'!A0 <script>alert(1)</script>")
    assert hub.pull().error is None
    aside = hub.ask("select key, reason from quarantine")
    assert sorted(aside) == [
        ("", "service_request_id is missing"),
        (key[undated.id], "requested_datetime cannot be read"),
    ]
    held = hub.held()
    assert held.keys() == hub.truth().keys() - {key[undated.id], key[nameless.id]}
    flags = {row[0]: set(flags_of(row[1])) for row in hub.ask("select key, flags from records_service_requests")}
    assert "unknown_status" in flags[key[odd.id]]
    assert "closed_before_opened" in flags[key[backwards.id]] and held[key[backwards.id]]["closed_datetime"] is None
    assert "bad_date" in flags[key[far.id]] and held[key[far.id]]["closed_datetime"] is None
    for case in (nowhere, swapped, huge):
        row = held[key[case.id]]
        assert "outside_city" in flags[key[case.id]] and (row["lat"], row["long"]) == (None, None)
    assert held[key[command.id]]["service_name"] == "=cmd|' /C calc'!A0 <script>alert(1)</script>"
    wrong = {key[case.id] for case in (undated, nameless, odd, backwards, far)}
    assert hub.differences().keys() <= wrong


# One city


def test_a_system_that_is_down_does_not_stop_the_others(hub_of):
    hub = hub_of("socrata", rows=PAGE)
    said = yaml.safe_load((hub.folder / "city.yml").read_text("utf-8"))
    said["sources"]["stories"] = {"location": "stories.csv"}
    (hub.folder / "city.yml").write_text(yaml.safe_dump(said, sort_keys=False), "utf-8")
    (hub.folder / "stories.csv").write_text("story_id,title,body,rights\nlh-1,The pond,It is full.,CC0\n", "utf-8")
    hub.system.faults("status", 500)
    with open_vault(hub.data) as vault:
        requests, stories = run.pull(vault, hub.city, clock=hub.clock())
    assert isinstance(requests.error, SourceError)
    assert (stories.error, stories.written) == (None, 1)


def test_no_secret_is_in_a_log_a_message_or_the_vault(hub_of, caplog, capsys):
    hub = hub_of("soda3", rows=PAGE)
    with caplog.at_level(logging.DEBUG):
        hub.pull()
        hub.system.faults("status", 401)
        hub.model.pass_time(WEEK)
        error = hub.pull().error
    assert "TINY_KEY" in f"{error}" or "credentials" in f"{error}"
    written = "".join((caplog.text, *capsys.readouterr(), str(error), hub.told()))
    assert SECRET not in written
    assert not [asked for asked in hub.system.log if SECRET in asked.target]
