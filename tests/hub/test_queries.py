"""Every ready question runs, answers, and says nothing from too few."""

import math
import sqlite3
import statistics

import pytest

from hub.questions import measures, queries
from hub.releases import current
from hub.sql_functions import _or_null
from tests.made_release import make
from tests.made_requests import AS_OF, GROUPS


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    data = tmp_path_factory.mktemp("questions")
    make(data, requests=1500)
    conn = sqlite3.connect(f"file:{current(data).db}?immutable=1", uri=True)
    conn.row_factory = sqlite3.Row
    yield conn
    conn.close()


def answer(conn, name, **chosen):
    question = (measures() | queries())[name]
    assert set(chosen) <= set(question.params)
    params = dict.fromkeys(question.params, "") | chosen
    return [dict(row) for row in conn.execute(question.sql, params)]


@pytest.mark.parametrize("name", queries())
def test_a_ready_question_answers_with_its_own_example_and_with_nothing_chosen(release, name):
    question = queries()[name]
    assert set(question.example) <= set(question.params)
    assert answer(release, name, **question.example)
    assert answer(release, name)
    assert question.question.endswith("?")


def test_there_are_enough_ready_questions():
    assert len(queries()) >= 12


def test_choosing_narrows_an_answer(release):
    for name, chosen in {
        "open_longest": {"service_group": "Trees"},
        "unlocated_share": {"tier": "A"},
        "withheld_and_why": {"kind": "waiting"},
        "projects_in_district": {"district": "Ward 1", "phase": "construction"},
        "projects_over_budget": {"department": "Public Works"},
        "stories_near_a_decade": {"decade": "1990"},
        "budgets_that_changed": {"stage": "adopted", "department": "Public Works"},
        "largest_groups_by_year": {"district": "Ward 2"},
    }.items():
        narrowed, whole = answer(release, name, **chosen), answer(release, name)
        assert len(narrowed) > 0
        assert narrowed != whole


def test_nine_in_ten_are_closed_by_the_day_that_is_told(release):
    """Against a plain Kaplan-Meier in Python over the same rows."""
    found = {row["service_group"]: row["nine_in_ten_closed_by_day"] for row in answer(release, "slowest_groups")}
    assert set(found) == set(GROUPS)
    for group, day in found.items():
        assert day == kaplan_meier_day(release, "service_group = ?", [group], 0.1)


def test_the_headline_time_to_close_is_the_median_of_all_not_of_the_closed(release):
    fact = answer(release, "headline_time_to_close")[0]
    assert fact["value"] == kaplan_meier_day(release, "year = ?", [str(AS_OF.year - 1)], 0.5)
    assert fact["low"] <= fact["value"] <= fact["high"]
    closed = [
        row["day"]
        for row in release.execute("select * from durations where year = ?", [str(AS_OF.year - 1)])
        for _ in range(row["n"])
        if row["fixed"] + row["no_action"] + row["duplicate"] + row["referred"] + row["administrative"] + row["unknown"]
    ]
    assert statistics.median(closed) < fact["value"]


def kaplan_meier_day(conn, where, params, share):
    """First day on which at most `share` are still open; None if there is none."""
    rows = conn.execute(
        f"select day, sum(n) as n, sum(fixed + no_action + duplicate + referred + administrative + unknown) as closed"
        f" from durations where {where} group by day order by day",
        params,
    ).fetchall()
    still_open, risk = 1.0, sum(row["n"] for row in rows)
    for row in rows:
        still_open *= 1 - row["closed"] / risk
        risk -= row["n"]
        if still_open <= share + 1e-9:
            return row["day"]
    return None


def test_fixed_on_time_counts_open_and_late_requests_among_the_due(release):
    fact = answer(release, "headline_on_time")[0]
    met, due = release.execute(
        "select sum(met_fixed), sum(met_fixed + met_other + missed) from on_time where is_countable and year = '2024'"
    ).fetchone()
    assert (fact["n"], fact["value"]) == (due, round(100 * met / due, 1))
    assert fact["low"] < fact["value"] < fact["high"]


def test_open_now_is_bounded_by_what_is_kept_back(release):
    fact = answer(release, "headline_backlog")[0]
    (still_open,) = release.execute("select count(*) from service_requests where status = 'open'").fetchone()
    (hidden,) = release.execute(
        "select waiting + withheld from completeness where dataset = 'service_requests'"
    ).fetchone()
    (by_the_day,) = release.execute(
        "select count(*) from service_requests where status = 'open' and tier = 'A'"
    ).fetchone()
    assert (fact["value"], fact["low"], fact["high"]) == (still_open, by_the_day, still_open + hidden)


def test_the_released_share_is_of_all_records_read(release):
    fact = answer(release, "headline_released")[0]
    read, released = release.execute("select sum(read), sum(released) from completeness").fetchone()
    assert (fact["n"], fact["value"]) == (read, round(100 * released / read, 1))


def test_a_headline_that_is_not_reached_is_a_sentence_and_no_number(release):
    copy = sqlite3.connect(":memory:")
    release.backup(copy)
    copy.row_factory = sqlite3.Row
    for closed, words in ((1, "More than half were still open after "), (0, "None of them is known to be closed yet.")):
        copy.execute(
            "update durations set fixed = ?, no_action = 0, duplicate = 0, referred = 0, administrative = 0, unknown = 0,"
            " n = 50",
            [closed],
        )
        fact = answer(copy, "headline_time_to_close")[0]
        assert (fact["value"], fact["low"], fact["high"]) == (None, None, None)
        assert fact["note"].startswith(words)
    copy.execute("delete from durations")
    assert answer(copy, "headline_time_to_close")[0]["note"] == "No year has ended yet."
    copy.execute("update on_time set met_fixed = 0, met_other = 0, missed = 0")
    few = answer(copy, "headline_on_time")[0]
    assert few["value"] is None and few["note"]


RATES = {
    "administrative_closures": "closed_requests",
    "slowest_groups": "requests",
    "unlocated_share": "requests",
    "late_into_the_hub": "requests",
}


@pytest.mark.parametrize("name", RATES)
def test_no_rate_is_told_from_fewer_than_eleven(tmp_path, name):
    """In a release so small that some groups are below, they are left out."""
    make(tmp_path, requests=40)
    conn = sqlite3.connect(current(tmp_path).db)
    conn.row_factory = sqlite3.Row
    rows = answer(conn, name)
    assert all(row[RATES[name]] >= 11 for row in rows)
    assert 0 < len(rows) < len(GROUPS)


def test_every_record_that_was_read_is_accounted_for(release):
    assert {row["unaccounted_for"] for row in answer(release, "where_records_went")} == {0}


def test_the_measures_and_the_questions_do_not_share_a_name():
    assert not measures().keys() & queries().keys()


def test_mathematics_that_sqlite_may_lack_is_null_where_it_has_no_answer():
    assert _or_null(math.log)(0) is None
    assert _or_null(math.log)(None) is None
    assert _or_null(math.exp)(1) == math.e
