"""Changes: a release says what the city's system says now; what is unchanged makes no release, what is gone is gone.

One town lives through five pulls; every test looks at one of them."""

import csv
import gzip
from dataclasses import dataclass

import pyarrow.parquet as pq
import pytest

from etl.completeness import AMONG
from etl.release import Published
from hub.errors import IncompleteError
from hub.releases import kept
from tests.town import Town, request, requests

ROWS = requests(range(30))
CLOSED = ROWS[0] | {"status": "Done", "closed": "2024-03-06 12:00:00", "note": "fixed"}
SUM = ("released", "waiting", "withheld", "quarantined", "erased", "deleted_upstream")


@dataclass(frozen=True)
class Moment:
    """What was served after a pull: the release's id, its rows and its count of what became of every key."""

    published: Published | None
    release: str
    rows: dict[str, dict]
    completeness: dict
    downloads: tuple[set[str], set[str]]
    reasons: dict[tuple[str, str], int]


def moment(town: Town, published: Published | None) -> Moment:
    rows = {row["public_id"]: row for row in town.released()}
    folder = town.release.path / "downloads"
    with gzip.open(folder / "service_requests.csv.gz", "rt", encoding="utf-8") as lines:
        in_csv = {row["public_id"] for row in csv.DictReader(lines)}
    in_parquet = set(pq.read_table(folder / "service_requests.parquet")["public_id"].to_pylist())
    told = town.released("select * from quality_reasons where dataset = 'service_requests'")
    reasons = {(row["kind"], row["reason"]): row["rows"] for row in told}
    return Moment(published, town.release.id, rows, town.completeness(), (in_csv, in_parquet), reasons)


@pytest.fixture(scope="module")
def life(tmp_path_factory) -> dict[str, Moment]:
    town, seen = Town.found(tmp_path_factory.mktemp("changes")), {}

    def day(name: str, *rows: dict, **given) -> None:
        town.receive(*rows)
        seen[name] = moment(town, town.run(**given)[1])

    day("first", *ROWS, *ROWS[:2], request(98, opened="soon"), request(99, kind="Secret"))
    day("unchanged", *ROWS, *ROWS[:2], request(98, opened="soon"), request(99, kind="Secret"))
    day("closed", CLOSED, *ROWS[1:])
    with pytest.raises(IncompleteError, match="of 30 rows that were there before, 10 are gone"):
        day("too few", CLOSED, *ROWS[1:20])
    seen["refused"] = moment(town, None)
    assert town.publish().release is None  # the vault is as the last whole reading left it
    day("gone", CLOSED, *ROWS[1:20], accept_fewer=True)
    seen["kept"] = [release.id for release in kept(town.data)]
    return seen


def test_every_request_is_released_once(life):
    assert len(life["first"].rows) == 30
    assert {row["status"] for row in life["first"].rows.values()} == {"open"}


def test_what_is_unchanged_makes_no_release(life):
    assert life["unchanged"].published.release is None
    assert life["unchanged"].release == life["first"].release


def test_one_changed_row_makes_a_release_in_which_only_that_row_differs(life):
    before, after = life["first"].rows, life["closed"].rows
    changed = [id_ for id_ in before if before[id_] != after[id_]]
    assert life["closed"].release != life["first"].release
    assert set(before) == set(after) and len(changed) == 1
    assert (after[changed[0]]["status"], after[changed[0]]["disposition"]) == ("closed", "done")
    assert after[changed[0]]["duration_hours"] == 27


def test_where_a_fifth_is_gone_the_old_release_stays_until_somebody_says_that_it_is_right(life):
    assert life["refused"].release == life["closed"].release
    assert life["refused"].rows == life["closed"].rows
    assert len(life["gone"].rows) == 20


def test_a_row_gone_upstream_is_gone_from_the_release_and_every_download(life):
    for moment_ in (life["closed"], life["gone"]):
        assert moment_.downloads == (set(moment_.rows), set(moment_.rows))
    before, after = life["closed"].completeness, life["gone"].completeness
    assert after["deleted_upstream"] == before["deleted_upstream"] + 10


def test_every_release_that_was_made_is_kept(life):
    made = [life[name].release for name in ("first", "closed", "gone")]
    assert set(life["kept"]) == set(made) and len(made) == 3


@pytest.mark.parametrize("name", ["first", "closed", "gone"])
def test_every_key_ever_read_has_gone_somewhere(life, name):
    line = life[name].completeness
    assert line["read"] == sum(line[fate] for fate in SUM) == 32
    assert line["released"] == len(life[name].rows)
    assert (line["waiting"] and line["quarantined"]) or name != "first"


def test_rows_read_beyond_the_first_of_each_key_are_duplicates(life):
    assert (life["first"].completeness["rows_read"], life["first"].completeness["duplicates"]) == (34, 2)


def test_rows_read_are_counted_once_a_week(life):
    """How many came on one day, less those that are shown by the day, would tell when the others came."""
    assert (life["closed"].completeness["rows_read"], life["closed"].completeness["duplicates"]) == (34, 2)


def test_the_public_is_told_why_rows_are_missing(life):
    assert life["first"].reasons == {
        ("quarantined", "requested_datetime cannot be read"): 1,
        ("waiting", AMONG.format(k=11)): 1,
    }


def test_what_was_refused_once_is_asked_for_again_and_not_judged_by_the_old_answer(tmp_path):
    town = Town.found(tmp_path)
    town.receive(*ROWS)
    town.run()
    town.receive(*ROWS[:5])
    assert town.command("pull").code == 5
    town.receive(*ROWS)
    assert town.command("run").code == 0
    assert len(town.released()) == 30
