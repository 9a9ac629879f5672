"""Attacks by one who keeps every release of a city that publishes day after day, and compares (numbers 4, 5, 6, and 8).

The short form follows a month, the long one a year; both begin with half a year that is released at once."""

import random
import shutil
from collections import Counter
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from narwhals import col, lit, when

from etl import contents
from etl.privacy import closing, outcome, place
from tests.attacks import daily, naive
from tests.attacks.collectors import Averager, Differ, Follower, Rememberer, Timer, Watcher
from tests.attacks.made import DAYS, EVERY, FIRST, bucket_days
from tests.town import Town

RELEASED = [FIRST + timedelta(n) for n in range(0, DAYS + 1, EVERY)]


@pytest.fixture(scope="module")
def collectors(town, known, tmp_path_factory):
    """What they found in our releases."""
    told_by = Town(Path(shutil.copytree(town.folder, tmp_path_factory.mktemp("daily") / "town")))
    all_of_them = (Differ(), Averager(known), Watcher(), Follower(), Rememberer(), Timer())
    for told in daily.releases(told_by, RELEASED):
        for collector in all_of_them:
            collector.see(told)
    return {type(collector).__name__: collector for collector in all_of_them}


# 4: differences


@pytest.mark.parametrize(("k", "share"), [(5, 0.05), (11, 0.01)])
def test_counts_of_each_day_tell_the_day_of_small_groups(world, k, share):
    before, revealed = {}, Counter()
    days = [FIRST + timedelta(n) for n in range(28)]
    for day in days:
        now = naive.month_to_date(world.reports, day, k)
        for cell, n in now.items():
            revealed[0 < n - before.get(cell, n) < k] += n - before.get(cell, n)
        before = now
    opened = sum(FIRST <= report.opened.date() < days[-1] for report in world.reports)
    assert revealed[True] > share * opened


def test_in_ours_no_difference_is_smaller_than_k(collectors):
    differ = collectors["Differ"]
    assert differ.seen > 20
    assert differ.found == []


# 5: averages


def test_a_point_that_is_drawn_anew_gives_the_house_away(world):
    homes = [resident.home for resident in world.residents[:200]]
    other = np.array([(resident.home.lat, resident.home.long) for resident in world.residents])
    hit = {}
    for releases in (1, 30, 365):
        dice, found = random.Random(5), 0
        for home in homes:
            guess = np.mean([naive.jittered(home, dice) for _ in range(releases)], axis=0)
            found += (home.lat, home.long) == tuple(other[np.argmin(((other - guess) ** 2).sum(axis=1))])
        hit[releases] = found / len(homes)
    assert hit[1] < 0.05 and hit[30] > 2 * hit[1] and hit[365] > 0.3


def test_in_ours_nothing_is_gained_from_the_first_to_the_last(collectors):
    averager = collectors["Averager"]
    assert len(averager.points) > 1000
    assert averager.miss(len(RELEASED)) == pytest.approx(averager.miss(1), rel=1e-6)


# 6: when a row first shows as closed


def test_the_release_that_first_shows_a_closing_tells_the_day_of_opening(world):
    """Weekly releases of rows by week and whole days: what is left of the week, by the release before and this one."""
    shown, left = {}, []
    for day in (FIRST + timedelta(7 * n) for n in range(1, 5)):
        for row in naive.as_it_happens(world.reports, day):
            if row["status"] == "closed" and shown.get(row["id"]) == "open":
                took = timedelta(row["duration_days"])
                days = [one for one in bucket_days(row) if day - timedelta(7) <= one + took < day]
                left.append(len(days))
            shown[row["id"]] = row["status"]
    assert sum(n < 7 for n in left) > 0.3 * len(left)
    assert sum(n == 1 for n in left) > 0.02 * len(left)


def test_in_ours_it_is_a_function_of_what_is_released(collectors):
    watcher = collectors["Watcher"]
    assert watcher.seen > 100 and watcher.again > 10
    assert watcher.found == []


def test_a_row_and_its_closing_appear_when_all_that_look_like_it_could(collectors):
    assert collectors["Timer"].seen > 300
    assert collectors["Timer"].found == []


# 8 and the monotone rule


def test_nothing_that_was_told_becomes_finer_or_moves(collectors):
    assert len(collectors["Follower"].rows) > 1000
    assert collectors["Follower"].found == []


def test_a_class_that_falls_silent_does_not_tell_what_all_of_it_share(collectors):
    assert collectors["Rememberer"].seen > 50
    assert collectors["Rememberer"].found == []


def test_a_city_that_forgets_what_it_told_shows_what_is_opened_again(another, monkeypatch):
    monkeypatch.setattr(closing, "settle", as_it_stands)
    watcher = Watcher()
    for told in daily.releases(another, RELEASED[:8]):
        watcher.see(told)
    assert watcher.reopened


# With the protections switched off

DICE = random.Random(3)


def forgotten(self, vault, release_id: str, real=contents.Contents.freeze) -> None:
    real(self, vault, release_id)
    vault.con.execute("delete from release_ledger")


def jittered(frame, engine, real=place.add_spots):
    """The place is drawn anew for every release."""
    rows = engine.arrow(real(frame, engine)).to_pandas()
    for name in ("lat5", "long5"):
        rows[name] += [DICE.randrange(-450, 450) for _ in range(len(rows))]
    return engine.given(pa.Table.from_pandas(rows, preserve_index=False))


def at_once(frame, engine, policy, told_until, closings, opens, real=outcome.add_outcome):
    """A closing is told as soon as it is known."""
    frame = frame.with_columns(real_end=col("bucket_end"), bucket_end=col("day_number"))
    rows = real(frame, engine, policy, told_until, closings, opens)
    return rows.with_columns(bucket_end=col("real_end"))


def as_it_stands(frame, opens, real=closing.settle):
    """What was told before is forgotten: a request is open if its system says so today."""
    return real(frame.with_columns(was_is_told=lit(value=False)), opens)


def any_word_counts(frame):
    """Two words in a class are enough, though one of them will change."""
    of_class = ["group_no", "place_no", "bucket", "requested_grain"]
    words = frame.filter(col("tier") == "C").group_by(*of_class).agg(words=col("on_time").n_unique())
    frame = frame.join(words, on=of_class, how="left")
    return frame.with_columns(on_time=when(~(col("words") < 2).fill_null(False)).then(col("on_time")))


def test_without_their_protections_every_one_of_them_finds_something(another, known, monkeypatch):
    monkeypatch.setattr(contents.Contents, "freeze", forgotten)
    monkeypatch.setattr(place, "add_spots", jittered)
    monkeypatch.setattr(outcome, "add_outcome", at_once)
    monkeypatch.setattr(outcome, "_diverse", any_word_counts)
    differ, averager, watcher, follower, rememberer = Differ(), Averager(known), Watcher(), Follower(), Rememberer()
    timer = Timer()
    weeks = [FIRST + timedelta(7 * n) for n in range(4)]
    for told in daily.releases(another, weeks):
        for collector in (differ, averager, watcher, follower, rememberer, timer):
            collector.see(told)
    assert differ.found and watcher.found and follower.found and rememberer.found and timer.found
    assert averager.miss(len(weeks)) < 0.8 * averager.miss(1)
