"""Attacks on one release: on a naive publisher each succeeds, on ours it fails, and without the protection it succeeds.

Numbers of attacks are those of the threat model; its measured baselines stand here as loose bounds."""

import narwhals as nw
import pytest
from narwhals import col, lit

from etl import contents
from etl.engine import DuckEngine
from etl.privacy import kind, outcome, place, small_cells
from tests.attacks import daily, naive
from tests.attacks.intruders import (
    alike,
    false_crowd,
    few_houses,
    found_by_name,
    left_over,
    linked,
    one_candidate,
    reversed_ids,
    slivers,
    told_by_neighbours,
    told_by_order,
)
from tests.attacks.made import FIRST


@pytest.fixture(scope="session")
def reports(world):
    """What the city knew when it made its first release, by the number of the source."""
    return {int(report.id): report for report in world.until(FIRST)}


@pytest.fixture
def without(town, monkeypatch):
    """`without((module, name, replacement), …)`: the first release, made with protections switched off."""

    def release(*switched_off):
        for where, name, instead in switched_off:
            monkeypatch.setattr(where, name, instead)
        return daily.release(town, FIRST, is_kept=False)

    return release


def share(found, rows) -> float:
    return len(found) / sum(row["tier"] in daily.K for row in rows)


# 1, 10, 12: k rows at k houses, and nothing beside them that tells of the place


def test_most_rows_are_unique_by_house_kind_and_day(reports):
    rows = naive.exact(reports.values())
    assert share(linked(rows, reports), rows) > 0.5


def test_of_ours_none_is(told, known):
    released = {row["id"]: known[row["id"]] for row in told.rows if row["tier"] in daily.K}
    assert len(released) > 1000
    assert linked(told.rows, released) == []


def test_who_knows_a_person_finds_their_report(reports):
    rows = naive.exact(reports.values())
    sure, chances = found_by_name(rows, {row["id"]: reports[row["id"]] for row in rows})
    assert sure > 0.15 and chances["C"] > 2 / daily.K["C"]


def test_in_ours_he_is_hardly_ever_sure_and_right(told, known):
    protected = {row["id"]: known[row["id"]] for row in told.rows if row["tier"] in daily.K}
    sure, chances = found_by_name(told.rows, protected)
    assert sure <= 0.09
    assert chances["C"] <= 1.2 / daily.K["C"] and chances["B"] <= 1.2 / daily.K["B"]


def one_is_enough(entering, held, k, real=small_cells._in_large_classes):
    return real(entering, held, 1)


def test_with_classes_of_one_he_would_be(without, known):
    told = without((small_cells, "_in_large_classes", one_is_enough))
    protected = {row["id"]: known[row["id"]] for row in told.rows if row["tier"] in daily.K}
    assert found_by_name(told.rows, protected)[0] > 0.09


def test_one_who_reports_all_the_time_is_a_crowd_where_rows_are_counted(reports):
    assert few_houses(naive.counted_by_rows(reports.values()), reports)


def test_ours_counts_houses(told, known):
    assert few_houses(told.rows, known) == []


def test_a_second_place_cuts_classes_into_slivers(reports):
    assert slivers(naive.counted_by_rows(reports.values()))


def test_ours_has_one_place_and_counts_nothing_but_its_rows(told):
    assert slivers(told.rows) == [] and left_over(told) == []
    assert len({row["agency_responsible"] for row in told.rows if row["tier"] == "A"}) == 2


def count_rows(frame: nw.LazyFrame, of_class: list[str]) -> nw.LazyFrame:
    return frame.group_by(*of_class).agg(rows=nw.len(), locations=nw.len())


def test_without_these_ours_would_fall_too(without, known):
    told = without(
        (small_cells, "class_sizes", count_rows),
        (kind, "hide_names", lambda frame, hidden: frame),
    )
    assert few_houses(told.rows, known) and slivers(told.rows)


# 2, 3: what an id tells


def test_an_id_tells_the_time(reports):
    numbers = {row["id"]: row["id"] for row in naive.exact(reports.values())}
    assert told_by_order(sorted(numbers), reports) > 0.99
    assert told_by_neighbours(numbers, reports) < 0.03


def test_ours_does_not(told, known):
    ids = [row["id"] for row in told.rows]
    assert abs(told_by_order(ids, known)) < max(0.02, 4 / len(ids) ** 0.5)
    assert told_by_neighbours({id_: id_ for id_ in ids}, known) > 0.9


def test_a_hash_without_a_key_is_reversed_by_trying(reports):
    hashes = [row["public_id"] for row in naive.exact(reports.values())]
    assert reversed_ids(hashes, map(str, reports)) == len(hashes)


GUESSES = [bytes(32), b"tinytown", b"requests", b"secret"]


def test_ours_is_not(told, reports):
    named = [one for row in told.rows for one in (row["id"], row["public_id"])]
    assert reversed_ids(named, map(str, reports), GUESSES) == 0


def in_order(engine, frame: nw.LazyFrame, key: bytes) -> nw.LazyFrame:
    return frame.with_columns(id=col("key").cast(nw.Int64), id_tail=lit(0))


def test_ids_that_count_up_would_tell_it(without, reports):
    told = without((DuckEngine, "keyed", in_order))
    assert told_by_order([row["id"] for row in told.rows], reports) > 0.99


def test_a_key_that_can_be_guessed_is_none(without, reports):
    told = without((contents, "known_key", lambda vault, data: bytes(32)))
    assert reversed_ids([row["public_id"] for row in told.rows], map(str, reports), GUESSES) == len(told.rows)


# 8, 9, 11: what a class tells of its members


def test_classes_of_which_all_are_alike_are_common(reports):
    assert alike(naive.counted_by_rows(reports.values(), level=7))


def test_in_ours_two_values_stand_or_none(told):
    assert alike(told.rows) == []


def test_rows_that_were_coarsened_alone_have_one_finer_place_left(reports, world):
    rows = naive.coarsened_alone(reports.values())
    assert one_candidate(rows, [resident.home for resident in world.residents])


def test_in_ours_two_are_left(told, world):
    assert len({(row["place_level"], row["requested_grain"]) for row in told.rows}) > 5
    assert one_candidate(told.rows, [resident.home for resident in world.residents]) == []


def test_the_geocoders_favourite_point_is_a_false_crowd(reports):
    rows = naive.counted_by_rows(reports.values())
    assert len(false_crowd(rows, reports)) > 0.5 * sum(reports[row["id"]].is_guessed for row in rows)


def test_in_ours_it_is_no_place(told, known):
    assert false_crowd(told.rows, known) == []
    assert any(known[row["id"]].is_guessed for row in told.rows)


def test_without_these_it_would_fall_too(without, known, world):
    told = without(
        (outcome, "_diverse", lambda frame: frame),
        (place, "FALLBACK_ADDRESSES", 10**9),
        (small_cells, "_in_large_classes", leftovers_are_shown),
    )
    assert alike(told.rows) and false_crowd(told.rows, known)
    assert one_candidate(told.rows, [resident.home for resident in world.residents])


REAL = small_cells._in_large_classes


def leftovers_are_shown(entering: nw.LazyFrame, held, k: int) -> nw.LazyFrame:
    """Whoever is left over in a cell of size 7 is released there, however few."""
    is_wide = col("place_no") // 2**52 % 16 == 7
    return nw.concat([REAL(entering.filter(~is_wide), held, k), REAL(entering.filter(is_wide), held, 1)])
