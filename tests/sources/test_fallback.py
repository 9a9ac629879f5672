"""A second system for the same rows: read while the first one is down, it adds and changes, and the first has the last
word."""

from contextlib import contextmanager

import pytest

from etl.check import check_sources
from tests.cities.model import Model
from tests.cities.server import City
from tests.sources.tiny_hub import OPEN311, PLATFORMS, TinyHub

HOUR, DAY = 3600, 86_400
SECOND = {
    "open311": {"fields": OPEN311, "layout": {"start": "2024-04-01"}},
    "files": {"fields": PLATFORMS["files"].fields},
}
WORDS = {"Open": "open", "Closed": "closed", "Acknowledged": "open", "Archived": "closed"}


@pytest.fixture
def failing_over(hub_of):
    """ArcGIS, and if that fails another system over the same truth, or over another one."""

    @contextmanager
    def build(adapter: str = "open311", model=None):
        hub = hub_of("arcgis", rows=60)
        with City(model or hub.model, adapter) as second:
            other = {"adapter": adapter, "location": second.url + PLATFORMS[adapter].path, **SECOND[adapter]}
            other["layout"] = {"statuses": WORDS} | other.get("layout", {})
            hub.describe(fallback=other)
            hub.second = second
            yield hub

    return build


def down(hub: TinyHub) -> None:
    hub.system.faults("status", 500)


def up(hub: TinyHub) -> None:
    hub.system.faults.clear()


def test_where_the_first_system_fails_the_second_is_read_and_it_is_said(failing_over):
    with failing_over() as hub:
        assert hub.pull().notice == ""
        hub.model.pass_time(HOUR)
        new = hub.model.insert()
        hub.model.pass_time(HOUR)
        down(hub)
        pulled = hub.pull()
        assert pulled.error is None and "arcgis failed" in pulled.notice and "open311 was read" in pulled.notice
        assert new.id in hub.held() and len(hub.held()) == 61


@pytest.mark.parametrize("adapter", ["open311", "files"])
def test_the_second_says_of_nothing_that_it_is_gone_and_the_first_has_the_last_word(failing_over, adapter):
    with failing_over(adapter) as hub:
        hub.pull()
        keys = list(hub.model.rows)
        hub.model.pass_time(8 * DAY)
        hub.model.delete(keys[3])
        down(hub)
        pulled = hub.pull()
        assert pulled.error is None and pulled.notice
        assert keys[3] in hub.held()
        up(hub)
        hub.model.pass_time(HOUR)
        assert hub.pull().error is None
        assert hub.differences() == {}


def test_after_a_long_outage_the_first_tells_what_the_second_never_knew(failing_over):
    """The second is told nothing for days; the first goes on from the day on which it was read itself."""
    stale = Model(rows=60)
    with failing_over("open311", stale) as hub:
        assert hub.pull().error is None
        down(hub)
        hub.model.pass_time(HOUR)
        missed = hub.model.insert()
        for _ in range(3):
            hub.model.pass_time(DAY)
            stale.pass_time(DAY)
            assert hub.pull().notice
            assert missed.id not in hub.held()
        up(hub)
        hub.model.pass_time(HOUR)
        pulled = hub.pull()
        assert pulled.notice == "" and missed.id in hub.held()
        assert hub.differences() == {}


def test_the_second_is_asked_only_for_what_changed(failing_over):
    with failing_over() as hub:
        hub.pull()
        hub.model.pass_time(HOUR)
        down(hub)
        hub.pull()
        walked = [asked.everything for asked in hub.second.log if "page_size" in asked.everything]
        assert walked and not [line for line in walked if "1970-" in line or "2024-04-" in line]


def test_a_city_can_begin_while_its_first_system_is_down(failing_over):
    with failing_over() as hub:
        down(hub)
        pulled = hub.pull()
        assert pulled.error is None and pulled.notice
        assert len(hub.held()) == 60
        gone = next(iter(hub.model.rows))
        hub.model.delete(gone)
        up(hub)
        hub.model.pass_time(HOUR)
        assert hub.pull().error is None
        assert gone not in hub.held() and hub.differences() == {}


def test_rows_of_the_second_that_cannot_be_used_take_nothing_away(failing_over):
    with failing_over("files") as hub:
        hub.pull()
        hub.describe(fallback=_without_statuses(hub))
        hub.model.pass_time(HOUR)
        down(hub)
        assert hub.pull().notice
        assert len(hub.held()) == 60


def _without_statuses(hub: TinyHub) -> dict:
    """The second system as nobody has yet told the hub what its statuses mean."""
    place = hub.second.url + PLATFORMS["files"].path
    fields = PLATFORMS["files"].fields | {"requested_datetime": "due"}
    return {"adapter": "files", "location": place, "fields": fields, "layout": {"statuses": WORDS}}


def test_check_says_of_the_columns_of_the_second_system_too_what_becomes_of_them(failing_over):
    with failing_over() as hub:
        checked = check_sources(hub.city)
    assert list(checked.sources) == ["requests", "requests fallback"]
    first, second = ({row["column"]: row["stored"] for row in rows} for rows in checked.sources.values())
    assert first["SERVICECODEDESCRIPTION"] == second["service_name"] == ["service_name"]
    assert "service_name" not in first and "requests fallback:" in checked.lines


def test_what_the_second_never_had_is_not_gone_and_what_it_told_of_old_is_mended_at_once(failing_over):
    """It knows nothing of some open requests, and has not yet heard that others are closed."""
    stale = Model(rows=60)
    with failing_over("open311", stale) as hub:
        for case in [case for case in hub.model if case.status == "open"][:5]:
            stale.delete(case.id)
        for case in [case for case in hub.model if case.status == "open"][5:]:
            hub.model.close(case.id)
        hub.second.platform.updated_after = False
        assert hub.pull().error is None and hub.differences() == {}
        down(hub)
        hub.model.pass_time(2 * HOUR)
        stale.pass_time(2 * HOUR)
        assert hub.pull().notice and len(hub.held()) == 60
        up(hub)
        hub.model.pass_time(HOUR)
        assert hub.pull().error is None and hub.differences() == {}
