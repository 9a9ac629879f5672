"""The gate judges the whole file: whatever a fault of the publisher put in, took out or moved, it refuses to publish."""

import sqlite3
from contextlib import closing

import pytest

from etl import gate
from hub.errors import GateError
from tests.town import Town, requests

ROWS = [
    *requests(range(20)),
    *requests(range(100, 130), "Rats"),
    *requests(range(200, 230), "No Heat", opened="2024-02-06 09:00:00"),
]
ONE_OF_B = "(select id from service_requests where tier = 'B' limit 1)"
A_CELL = "(select id from places where level like 'h3%' limit 1)"
FAULTS = {
    "a table more": ("closed_list", "create table leftovers(a); insert into leftovers values('1 Elm Street')"),
    "a view more": ("closed_list", "create view every_row as select * from service_requests"),
    "a trigger": ("closed_list", "create trigger t after insert on places begin select 1; end"),
    "a column more": ("closed_list", "alter table places add column address text"),
    "an area that counts one more": ("counts_agree", "update area_counts set n = n + 1 where tier = 'B'"),
    "a month parted": (
        "counts_agree",
        "insert into month_counts select month, district, tier, service_group, 1, 0 from month_counts where tier = 'C' limit 1;"
        "update month_counts set n = n - 1 where rowid = (select rowid from month_counts where tier = 'C' and n > 1 limit 1)",
    ),
    "a backlog of its own": (
        "backlog_agrees",
        "update backlog set open = open + 1 where rowid = (select rowid from backlog limit 1)",
    ),
    "an agency of one row": (
        "agency_of_the_group",
        f"update service_requests set agency_responsible = 'Parks' where id = {ONE_OF_B}",
    ),
    "a kind in a row of B": (
        "columns_per_tier",
        f"update service_requests set service_name = 'Rats' where id = {ONE_OF_B}",
    ),
    "a kind of B in a rollup": ("columns_per_tier", "update durations set service_name = 'Rats' where tier = 'B'"),
    "a kind of C among the groups": (
        "columns_per_tier",
        "update categories set service_name = 'No Heat' where tier = 'C'",
    ),
    "a place on a house": ("places_are_areas", f"update places set lat = lat + 0.0004 where id = {A_CELL}"),
    "a place called by an address": (
        "places_are_areas",
        f"update places set label = '1 Elm Street' where id = {A_CELL}",
    ),
    "a cell finer than any": (
        "places_are_areas",
        "insert into places values ('8a2a1072b59ffff', 'h3_10', 'Elm, cell 72b59', null, 40.7, -74.0)",
    ),
    "a row that looks like no other": (
        "rows_per_class_B",
        f"update service_requests set requested_bucket = '2024-02-26' where id = {ONE_OF_B}",
    ),
    "a row lost": ("released_service_requests", f"delete from service_requests where id = {ONE_OF_B}"),
}


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Town:
    town = Town.found(tmp_path_factory.mktemp("gate") / "town")
    town.receive(*ROWS)
    town.pull()
    return town


@pytest.mark.parametrize("fault", FAULTS)
def test_the_gate_refuses_what_a_fault_put_into_the_file(town, monkeypatch, fault):
    check, sql = FAULTS[fault]
    judge = gate.judge

    def faulty(path, case):
        with closing(sqlite3.connect(path)) as con:
            before = con.total_changes
            con.executescript(sql)
            con.commit()
            assert sql.startswith(("create", "alter")) or con.total_changes > before
        return judge(path, case)

    monkeypatch.setattr(gate, "judge", faulty)
    with pytest.raises(GateError, match=check):
        town.publish()
    assert town.release is None


def test_without_a_fault_it_is_published(town):
    assert town.publish().release
