"""Fixed on time: of all that were due, not of the closed."""

import pytest

from hub.questions import measures
from tests.measured import answer

COUNTS = ("met_fixed", "met_other", "missed", "pending", "no_target")


def row(*, countable=1, **given) -> dict:
    place = {"district": "Ward 1", "service_group": "Trees", "service_name": "Pruning", "tier": "A", "year": "2025"}
    counts = {name: given.pop(name, 0) for name in COUNTS}
    return place | given | counts | {"n": sum(counts.values()), "is_countable": countable}


def one(*rows, **chosen) -> dict:
    (line,) = answer("on_time_share", {"on_time": rows}, by="city", **chosen)
    return line


def test_the_share_is_of_all_that_were_due():
    line = one(row(met_fixed=40, met_other=20, missed=40, pending=7, no_target=3))
    assert (line["n"], line["due"], line["share"]) == (110, 100, 0.4)


def test_the_interval_is_wilsons():
    """40 of 100: 0.3094 to 0.4980 (Wilson 1927, as in textbooks)."""
    line = one(row(met_fixed=40, missed=60))
    assert (line["low"], line["high"]) == pytest.approx((0.3094, 0.4980), abs=5e-5)


def test_none_and_all_kept_have_intervals_that_stay_between_nought_and_one():
    assert one(row(missed=30))["low"] == pytest.approx(0, abs=1e-12)
    assert one(row(met_fixed=30))["high"] == pytest.approx(1, abs=1e-12)


def test_a_share_of_those_done_by_the_day_alone_would_not_pass():
    """The error E4 of peers: leaving out what is late, most of which is still open."""
    rows = [row(met_fixed=50, met_other=10, missed=50)]
    naive = measures()["on_time_share"].sql.replace("met_fixed + met_other + missed", "met_fixed + met_other")
    (peers,) = answer("on_time_share", {"on_time": rows}, sql=naive, by="city")
    assert one(*rows)["share"] == pytest.approx(50 / 110)
    assert peers["share"] == pytest.approx(50 / 60)


def test_no_target_is_said_in_words():
    line = one(row(no_target=50))
    assert (line["share"], line["note"]) == (None, "no target")


def test_where_late_ones_cannot_be_told_there_is_no_share():
    line = one(row(met_fixed=30, pending=20, countable=0))
    assert (line["share"], line["due"], line["not_countable"]) == (None, 0, 50)
    assert line["note"] == "late ones cannot be told"


def test_a_mixed_line_states_the_share_of_what_can_be_counted():
    line = one(row(met_fixed=20, missed=20), row(met_fixed=30, pending=20, countable=0))
    assert (line["share"], line["due"], line["not_countable"]) == (0.5, 40, 50)


def test_nothing_is_stated_from_fewer_than_eleven_due():
    assert one(row(met_fixed=10, pending=90))["share"] is None
    assert one(row(met_fixed=11))["share"] == 1
    assert one(row(pending=30))["note"] == "none is due yet"


def test_few_cases_are_flagged():
    assert one(row(met_fixed=19, missed=40))["note"] == "few cases"
    assert one(row(met_fixed=20, missed=40))["note"] == ""


def test_all_requests_are_accounted_for_and_lines_add_up_to_the_city():
    rows = [
        row(met_fixed=5, met_other=6, missed=7, pending=8, no_target=9, district="Ward 1"),
        row(met_fixed=1, met_other=2, missed=3, pending=4, no_target=5, district="Unlocated"),
        row(met_fixed=4, missed=4, pending=4, no_target=4, countable=0, district="Ward 2", service_name=None),
    ]
    whole = one(*rows)
    parts = answer("on_time_share", {"on_time": rows}, by="district")
    for line in (whole, *parts):
        assert line["n"] == line["due"] + line["pending"] + line["no_target"] + line["not_countable"]
        assert line["due"] == line["met_fixed"] + line["met_other"] + line["missed"]
    for name in ("n", "due", *COUNTS, "not_countable"):
        assert whole[name] == sum(line[name] for line in parts)
