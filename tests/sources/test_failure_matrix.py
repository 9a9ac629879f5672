"""Every fault of the failure matrix on every platform: it passes, it is told, or there is a reason why it cannot be."""

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from etl.http import Paused, Unreachable
from hub.errors import IncompleteError, SourceError
from tests.cities.model import DAY
from tests.sources.bare import ALL, PAGE, WALKS, Found, Subject, ask_for_small_pages, running
from tests.sources.matrix import (
    ALWAYS,
    FIRST,
    LAST,
    LAST_STUCK,
    LIES,
    MIDDLE,
    MIDDLE_STUCK,
    ONCE,
    PASSES,
    ROWS_OF_MATRIX,
    STAYS,
)
from tests.sources.reasons import AS_IF_UNCHANGED, CANNOT, HELD, NOT_ASKED_AGAIN, cases

ENDLESS = 400  # questions
CHANGING = (*(name for name in WALKS if name not in ("ckan", "ckan_offset", "files", "ical")), "open311_xml")
TESTS = Path(__file__).parents[1]


@pytest.fixture(autouse=True)
def small_pages(monkeypatch):
    ask_for_small_pages(monkeypatch)


@pytest.fixture
def system(platform):
    with running(platform) as system:
        system.patience = ENDLESS
        yield system


@pytest.fixture
def subject(platform, system):
    return Subject.of(platform, system)


def each(faults, platforms=ALL):
    return [pytest.param(*case, id=" - ".join(case)) for case in cases(faults, platforms)]


def changed(subject: Subject) -> tuple[Found, Subject]:
    """All was read, much has changed since: what is asked then."""
    before, model = subject.read(), subject.system.model
    model.pass_time(DAY)
    young = model.now - 28 * DAY
    for case in [case for case in model if case.status == "open" or case.requested > young][::2]:
        model.update(case.id, address="9 New Street")
    for id in list(model.council.matters)[::3]:
        model.council.amend(id, status="Withdrawn")
    return before, subject.since(before)


@cache
def asked_for(platform: str, is_changed: bool = False) -> tuple[tuple[int, str], ...]:
    """The pages of rows that an undisturbed walk asks for: their numbers, and how the questions for them begin."""
    with running(platform) as system:
        subject = Subject.of(platform, system)
        subject = changed(subject)[1] if is_changed else subject
        start, found = len(system.log), subject.read()
        start = max(start, found.probed)
        known = {(one.path, one.page) for one in system.log[:start]}
        pages = [one for one in system.log[start:] if one.rows > 5 and one.method != "HEAD"]
        starts = ((one, one.everything[: len(f"{one.method} {one.path}?")]) for one in pages)
        return tuple(dict.fromkeys((one.page, start) for one, start in starts if (one.path, one.page) not in known))


def at(platform: str, place: str, is_changed: bool = False) -> dict:
    """Where a fault happens, in the words of the city's script."""
    if place == ONCE:
        return {"times": 1}
    if place == ALWAYS:
        return {"has": "GET"} if platform == "files" else {}
    if platform == "ical":
        return {"request": 2}  # the first is the probe's
    pages = asked_for(platform, is_changed)
    number, start = pages[{FIRST: 0, MIDDLE: len(pages) // 2, LAST: -1}[place.partition(",")[0]]]
    return {"page": number, "has": start, "times": 99 if place in (MIDDLE_STUCK, LAST_STUCK) else 1}


def is_true(subject: Subject, before: dict, *readings: Found) -> bool:
    """All that was there before and still is, as it is now, and nothing that never was."""
    held, now = subject.held(*readings), subject.truth()
    stayed = before.keys() & now.keys()
    return all(held.get(key) == now[key] for key in stayed) and held.keys() <= before.keys() | now.keys()


# Faults


@pytest.mark.parametrize(("platform", "name", "place"), each(PASSES))
def test_what_passes_costs_nothing(platform, subject, name, place):
    system, began = subject.system, subject.system.model.now
    system.faults(*PASSES[name].words, **at(platform, place))
    found = subject.read()
    assert system.faults.happened
    if name in NOT_ASKED_AGAIN.get(platform, ()):
        assert not found.is_whole and subject.held(found).items() <= subject.truth().items()
        found = subject.read()
    assert (found.error, found.unproved) == (None, {})
    assert subject.held(found) == subject.truth()
    assert all("OKAPI" not in str(page.rows.to_pylist()) for page in found.every)
    assert system.model.now - began >= {"429 for thirty seconds": 30, "429 until a time": 90}.get(name, 0)


@pytest.mark.parametrize(("platform", "name", "place"), each(STAYS))
def test_what_stays_is_told_and_nothing_untrue_is_kept(platform, subject, name, place):
    subject.system.faults(*STAYS[name].words, **at(platform, ALWAYS))
    found = subject.read()
    assert subject.system.faults.happened
    assert isinstance(found.error, SourceError | IncompleteError) or found.unproved
    assert subject.held(found).items() <= subject.truth().items()
    assert len(subject.system.log) < 30


@pytest.mark.parametrize(("platform", "name", "place"), each(LIES, WALKS))
def test_what_looks_like_the_truth_loses_nothing_in_silence(platform, subject, name, place):
    before = subject.truth()
    subject.system.faults(*LIES[name].words, **at(platform, place))
    found = subject.read()
    assert subject.system.faults.happened
    assert not found.is_whole or is_true(subject, before, found)


OF_CHANGES = {name: replace(lie, places=(MIDDLE, ALWAYS)) for name, lie in LIES.items() if lie.row == "F6"}
SEEN = [case for case in each(OF_CHANGES, CHANGING) if case.values not in AS_IF_UNCHANGED]


@pytest.mark.parametrize(("platform", "name", "place"), SEEN)
def test_what_has_changed_is_told_wholly_or_not_believed(platform, subject, name, place):
    before, later = changed(subject)
    subject.system.faults(*LIES[name].words, **at(platform, place, is_changed=True))
    found = later.read()
    assert not found.is_whole or is_true(subject, subject.truth(), before, found)


@pytest.mark.parametrize("depth", range(1, 6))
@pytest.mark.parametrize("platform", [name for name in WALKS if name != "ical"])
def test_an_answer_of_another_form_is_told_and_nothing_untrue_is_kept(platform, subject, depth):
    """In the probe's questions too: an exception that is no CityglassError would end the reading of other sources."""
    for value in ("text", {}, [7], None):
        subject.system.faults.clear()
        subject.system.faults("misshapen", depth, value)
        found = subject.read()
        assert found.error or found.unproved or len(subject.held(found)) <= len(subject.truth())


# What concerns all of a reading


@pytest.mark.parametrize("platform", ALL)
def test_killed_behind_any_page_it_goes_on_and_reads_at_most_one_page_again(platform, subject):
    whole = subject.read()
    assert len(whole.every) > 2 and subject.held(whole) == subject.truth()
    for pages in range(1, len(whole.every) + 1):
        found = subject.read(at_most=pages)
        assert len(found.every) == pages
        subject.read(found)
        assert found.is_whole and subject.held(found) == subject.truth()
        assert found.read <= whole.read + PAGE


@pytest.mark.parametrize("platform", ALL)
def test_a_server_that_wants_a_long_rest_pauses_the_run_and_keeps_what_was_read(platform, subject):
    subject.system.faults("too_many", 1e9, **at(platform, LAST))
    found = subject.read()
    assert isinstance(found.error, Paused) and "left alone until" in found.error.message
    subject.read(found)
    assert found.is_whole and subject.held(found) == subject.truth()
    assert found.read <= subject.read().read + PAGE


@pytest.mark.parametrize("platform", ALL)
def test_where_nobody_listens_it_is_told(platform):
    with running(platform) as system:
        subject = Subject.of(platform, system)
    found = subject.read()
    assert isinstance(found.error, Unreachable) and found.every == []


@pytest.mark.parametrize("code", [401, 403])
@pytest.mark.parametrize("platform", ALL)
def test_a_refusal_is_not_tried_again_and_names_the_setting(platform, subject, code):
    subject.system.faults("status", code)
    error = subject.read().error
    assert isinstance(error, SourceError)
    assert any(name in f"{error.message} {error.cure}" for name in ("sources.requests.credentials", "TINY_KEY"))
    assert len(subject.system.log) <= 2  # the second in another form, or for the file that HEAD did not tell of


# The matrix itself


@pytest.mark.parametrize("platform", ALL)
def test_every_row_of_the_matrix_is_held_or_has_a_reason(platform):
    told = {
        **dict.fromkeys((platform,), (PASSES, STAYS)),
        **dict.fromkeys({platform} & {*WALKS}, (PASSES, STAYS, LIES)),
    }
    here = {faults[name].row for faults in told[platform] for _, name, _ in cases(faults, (platform,))}
    elsewhere = {row for row, held in HELD.items() if any(platform in one.platforms for one in held)}
    assert here | elsewhere == set(ROWS_OF_MATRIX)


def test_the_tests_that_the_matrix_names_are_there():
    named = [name for held in HELD.values() for one in held for name in one.tests]
    gone = [name for name in named if f"def {name.partition('::')[2]}(" not in text_of(name.partition("::")[0])]
    assert gone == [] and all(one.tests or one.why for held in HELD.values() for one in held)


@cache
def text_of(name: str) -> str:
    return (TESTS / name).read_text("utf-8")


def test_every_reason_keeps_a_fault_from_a_platform():
    """A reason for what could not happen anyway would hide a fault that one day can."""
    faults = PASSES | STAYS | LIES
    for one in CANNOT:
        assert set(one.faults) <= faults.keys() and set(one.platforms) <= set(ALL), one.why
