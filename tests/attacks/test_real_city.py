"""The attacks over time on real reports: half a year of Boston, released week after week and twice within one."""

from datetime import date, timedelta

import pytest

from tests.attacks import daily
from tests.attacks.collectors import Differ, Follower, Rememberer, Timer, Watcher
from tests.attacks.made import LONG
from tests.ready import DATA, FOLDER

pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="the cities' real files are not at hand (../shared/data)")
FIRST, DAYS, EVERY = date(2011, 10, 3), 100 if LONG else 17, 4


@pytest.fixture(scope="module")
def collectors(tmp_path_factory) -> dict:
    requests = DATA / "boston311" / "boston_311_2011H2_legacy29col.csv.gz"
    areas = DATA / "boundaries" / "boston_neighborhood_boundaries.geojson"
    folder = tmp_path_factory.mktemp("boston")
    town = daily.real(folder, FOLDER / "boston.yml", "--from", f"requests={requests}", "--from", f"boundaries={areas}")
    all_of_them = (Differ(), Watcher(), Follower(), Rememberer(), Timer())
    for told in daily.releases(town, [FIRST + timedelta(n) for n in range(0, DAYS, EVERY)]):
        for collector in all_of_them:
            collector.see(told)
    return {type(collector).__name__: collector for collector in all_of_them}


def test_no_difference_of_two_releases_is_smaller_than_k(collectors):
    assert collectors["Differ"].seen > 5 * DAYS
    assert collectors["Differ"].found == []


def test_the_release_that_shows_a_row_or_its_closing_follows_from_what_it_shows(collectors):
    assert collectors["Watcher"].seen > 10 * DAYS and collectors["Timer"].seen > 50 * DAYS
    assert collectors["Watcher"].found == collectors["Timer"].found == []


def test_nothing_becomes_finer_or_moves_and_no_class_falls_silent_with_what_it_said(collectors):
    assert len(collectors["Follower"].rows) > 20_000 and collectors["Rememberer"].seen > 10 * DAYS
    assert collectors["Follower"].found == collectors["Rememberer"].found == []
