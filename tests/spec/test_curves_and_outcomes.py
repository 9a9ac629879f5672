"""The curve of what is still open, and how requests ended, day by day."""

import random
from fractions import Fraction

import pytest

from hub.outcomes import OUTCOMES
from tests.measured import answer, watched

SHARES = (*OUTCOMES, "still_open")
MIXED = "0 1 1/no_action 2/duplicate 2+ 3/referred 5 5/administrative 8/unknown 9+ 12 15+ 20/no_action 30+"


def curve(rows, **chosen) -> list[dict]:
    return answer("closing_curve", {"durations": rows}, **chosen)


def outcomes(rows, **chosen) -> list[dict]:
    return answer("outcomes_by_day", {"durations": rows}, **chosen)


def test_the_curve_falls_by_the_share_of_those_still_watched():
    rows = curve(watched("1 2 2 3+ 4 5+ 5+ 5+ 5+ 5+ 5+ 5+"))
    assert [(row["day"], row["at_risk"], row["closed"]) for row in rows] == [
        (1, 12, 1),
        (2, 11, 2),
        (3, 9, 0),
        (4, 8, 1),
        (5, 7, 0),
    ]
    expected = [11 / 12, 9 / 12, 9 / 12, 9 / 12 * 7 / 8, 9 / 12 * 7 / 8]
    assert [row["still_open"] for row in rows] == pytest.approx(expected)


def test_the_band_is_the_log_log_one():
    """Worked by hand for 12 of which 1 is closed on day 1: S = 11/12, Greenwood 1/(12*11)."""
    (first, *_) = curve(watched("1 " + "5+ " * 11))
    assert (first["low"], first["high"]) == pytest.approx((0.5390, 0.9878), abs=5e-5)


def test_once_nobody_is_left_the_curve_is_nought_and_its_band_has_no_upper_end():
    last = curve(watched("1 " * 11))[-1]
    assert (last["still_open"], last["low"], last["high"]) == (0, 0, None)


def test_after_the_first_year_the_last_day_of_each_week_is_kept():
    rows = curve(watched(" ".join(str(day) for day in range(0, 800))))
    days = [row["day"] for row in rows]
    assert days[:366] == [*range(366)]
    assert len(days) == 366 + 63
    assert days[-1] == 799
    assert all(row["still_open"] == pytest.approx(1 - (row["day"] + 1) / 800) for row in rows)


def test_fewer_than_eleven_give_no_row():
    assert curve(watched("1 2 3 4 5 6 7 8 9 10")) == []
    assert outcomes(watched("1 2 3 4 5 6 7 8 9 10")) == []


@pytest.mark.parametrize("seed", range(10))
def test_shares_add_up_to_one_on_every_day_and_in_every_selection(seed):
    dice = random.Random(seed)
    words = [
        f"{int(dice.expovariate(0.05))}{'+' if dice.random() < 0.2 else '/' + dice.choice(OUTCOMES)}"
        for _ in range(400)
    ]
    rows = watched(" ".join(words[:200]), district="Ward 1") + watched(" ".join(words[200:]), district="Ward 2")
    for chosen in ({}, {"district": "Ward 1"}, {"district": "Ward 2"}):
        assert all(sum(row[name] for name in SHARES) == pytest.approx(1, abs=1e-12) for row in outcomes(rows, **chosen))


def test_outcomes_are_those_of_a_calculation_one_day_at_a_time():
    rows = outcomes(watched(MIXED))
    left, share, ended = 14, Fraction(1), dict.fromkeys(OUTCOMES, Fraction(0))
    for row, today in zip(rows, _by_day(MIXED), strict=True):
        for outcome in today:
            if outcome:
                ended[outcome] += share / left
        share *= 1 - Fraction(sum(1 for outcome in today if outcome), left)
        left -= len(today)
        assert {name: row[name] for name in OUTCOMES} == pytest.approx({name: float(ended[name]) for name in OUTCOMES})
        assert row["still_open"] == pytest.approx(float(share))


def test_what_is_still_open_is_the_same_in_both():
    rows = watched(MIXED)
    assert [row["still_open"] for row in outcomes(rows)] == pytest.approx([row["still_open"] for row in curve(rows)])


def test_shares_of_the_closed_alone_would_not_pass():
    rows = watched("2 2 2 2 2/no_action 2/no_action " + "30+ " * 6)
    last = outcomes(rows)[-1]
    assert last["fixed"] == pytest.approx(4 / 12)  # not 4 of 6
    assert last["still_open"] == pytest.approx(6 / 12)


def _by_day(words: str) -> list[list[str]]:
    """Each day's endings; '' for a request that is watched no longer."""
    found = {}
    for word in words.split():
        day, _, outcome = word.rstrip("+").partition("/")
        found.setdefault(int(day), []).append("" if word.endswith("+") else outcome or "fixed")
    return [found[day] for day in sorted(found)]
