"""Everything received is counted; a small count is hidden, and nothing that is shown gives it away."""

import sqlite3
from contextlib import closing
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from etl import gate, received
from etl.checks import received as checked
from etl.checks.finding import Case
from etl.generalise import Context
from etl.privacy import suppression, time
from etl.privacy.place import Areas
from etl.privacy.suppression import exposed, hide
from hub import releases
from hub.datasets.about_release import FEW, FEW_IN_ALL
from hub.errors import GateError
from tests.town import CELL, FAR, SISTERS, Town, request, requests

K = {"A": 0, "B": 5, "C": 11, "X": 11}


def whole(cells) -> np.ndarray:
    """The table with its sums last."""
    rows = np.column_stack([cells, np.sum(cells, axis=1)])
    return np.vstack([rows, rows.sum(axis=0)])


def bounds(table: np.ndarray, hidden: np.ndarray, cell: tuple[int, int]) -> tuple[float, float]:
    """The least and the most that a hidden cell can be: every cell a variable, every sum and every shown cell an equation."""
    rows, columns = table.shape
    place = np.arange(table.size).reshape(table.shape)
    equations = [(place[row, :-1], place[row, -1]) for row in range(rows)]
    equations += [(place[:-1, column], place[-1, column]) for column in range(columns)]
    left = np.zeros((len(equations), table.size))
    for line, (parts, total) in enumerate(equations):
        left[line, parts], left[line, total] = 1, -1
    known = [
        (1, None) if is_hidden else (value, value) for is_hidden, value in zip(hidden.flat, table.flat, strict=True)
    ]
    wanted = (place == place[cell]).ravel().astype(float)
    least, most = (
        linprog(sign * wanted, A_eq=left, b_eq=np.zeros(len(equations)), bounds=known).fun * sign for sign in (1, -1)
    )
    return least, most


def small(table: np.ndarray, k: int) -> np.ndarray:
    return (table > 0) & (table < k)


# Small tables


def test_one_small_cell_alone_would_be_the_sum_less_the_others():
    table = whole([[3, 20, 9], [8, 7, 30]])
    assert bounds(table, small(table, 5), (0, 0)) == pytest.approx((3, 3))
    hidden = hide(table, small(table, 5), 5)
    assert hidden[0, 0] and hidden.sum() > 1
    least, most = bounds(table, hidden, (0, 0))
    assert most - least >= 5


def test_nothing_is_hidden_where_nothing_is_small():
    table = whole([[5, 20], [0, 7]])
    assert not hide(table, small(table, 5), 5).any()


def test_zeros_are_shown():
    table = whole([[3, 0, 9, 6], [0, 0, 8, 4], [7, 0, 9, 12]])
    assert not hide(table, small(table, 5), 5)[table == 0].any()


def test_where_all_together_are_few_nothing_is_told_but_that():
    table = whole([[1, 0], [2, 1]])
    assert hide(table, small(table, 5), 5) is None


def test_many_requests_of_one_house_are_hidden_like_few():
    table = whole([[30, 20, 9], [8, 7, 30]])
    one_house = np.zeros(table.shape, bool)
    one_house[0, 0] = True
    assert hide(table, one_house, 5)[0, 0]


@settings(max_examples=25, deadline=None)
@given(
    cells=st.integers(1, 6).flatmap(
        lambda wide: st.lists(st.lists(st.integers(0, 12), min_size=wide, max_size=wide), min_size=1, max_size=6)
    ),
    k=st.sampled_from([5, 11]),
)
def test_whatever_the_table_no_hidden_cell_is_known_to_less_than_k(cells, k):
    table = whole(cells)
    hidden = hide(table, small(table, k), k)
    if hidden is None:
        return
    assert hidden[small(table, k)].all() and not hidden[table == 0].any()
    for cell in zip(*np.nonzero(hidden), strict=True):
        least, most = bounds(table, hidden, cell)
        assert most - least >= k - 1e-6


@settings(max_examples=25, deadline=None)
@given(
    cells=st.lists(st.lists(st.integers(0, 9), min_size=3, max_size=3), min_size=2, max_size=4),
    dice=st.randoms(use_true_random=False),
)
def test_the_audit_finds_the_same_cells_as_plain_linear_programming(cells, dice):
    """Whatever is hidden, well or badly: the audit is not the solver's own opinion."""
    table = whole(cells)
    hidden = np.array([[value > 0 and dice.random() < 0.5 for value in row] for row in table.tolist()])
    hidden[-1, -1] = False
    plain = [
        cell
        for cell in zip(*map(np.ndarray.tolist, np.nonzero(hidden)), strict=True)
        if np.subtract(*bounds(table, hidden, cell)[::-1]) < 5 - 1e-6
    ]
    assert exposed(np.where(hidden, 0, table), hidden, 5) == plain


def test_of_a_table_as_large_as_a_city_hardly_more_is_hidden_than_what_is_small():
    """35 groups by 24 districts: what is hidden alone gives 46 of its cells away."""
    dice = np.random.default_rng(3)
    table = whole(dice.negative_binomial(0.6, 0.6 / 25.6, (35, 24)))
    primary = small(table, 5)
    hidden = hide(table, primary, 5)
    assert len(exposed(table, primary, 5)) == 46
    assert exposed(np.where(hidden, 0, table), hidden, 5) == []
    assert hidden.sum() <= 1.1 * primary.sum()


# A town with requests that are in no row


def cases() -> list[dict]:
    """In the quarter of spring 2024: groups of tier B of which some requests cannot be released."""
    numbers = iter(range(10_000))

    def rows(count: int, group: str, cell: str = CELL, **given_: str) -> list[dict]:
        given_ = {"opened": "2024-04-09 09:00:00", "group": group, "cell": cell} | given_
        return [request(next(numbers), f"{group}!", **given_) for _ in range(count)]

    return [
        *rows(9, "Rats"),
        *rows(3, "Dogs"),
        *rows(2, "Dogs", FAR, opened="2024-05-14 09:00:00"),
        *rows(12, "Bins", address="1 Elm Street"),
        *rows(8, "Bins", FAR, address="2 Elm Street"),
        *rows(2, "Cars", SISTERS[0]),
        *rows(4, "Cats", FAR),
        *rows(15, "Unheard"),
        *rows(9, "Unheard", opened="2024-01-09 09:00:00"),
        *rows(9, "Unheard", opened="2023-10-10 09:00:00"),
        *rows(4, "Holes", FAR),
    ]


TIERS = {"Rats": "B", "Dogs": "B", "Bins": "B", "Cars": "B", "Cats": "B", "Holes": "A", "Unheard": None}


def founded(folder, day: str = "2024-09-02") -> Town:
    town = Town.found(folder, {"tiers": TIERS}).on(day)
    town.receive(*cases())
    return town


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Town:
    town = founded(tmp_path_factory.mktemp("received"))
    town.run()
    return town


def lines(town: Town, tier: str, period: str = "2024-04-01") -> dict:
    found = town.released("select * from agg_received where tier = ? and period = ?", tier, period)
    return {(line["service_group"], line["district"]): line for line in found}


def test_everything_received_is_counted_once_its_quarter_is_over(town):
    b = lines(town, "B")
    assert b[None, None]["received"] == 9 + 5 + 20 + 2 + 4
    assert b[None, None]["released"] + b[None, None]["not_released"] == 40
    assert lines(town, "A")[None, None]["received"] == 4
    assert lines(town, "X")[None, None]["received"] == 15


def test_a_small_count_is_hidden_and_says_why(town):
    """Four about cats, two about cars; twelve about bins, but all from one house."""
    b = lines(town, "B")
    for group, district in (("Cats", "East Ward"), ("Cars", "West Ward"), ("Bins", "West Ward")):
        line = b[group, district]
        assert (line["not_released"], line["received"], line["is_suppressed"], line["reason"]) == (None, None, 1, FEW)
    assert b["Cats", "West Ward"]["not_released"] == 0


def test_a_kind_that_is_withheld_has_neither_group_nor_district(town):
    found = town.released("select * from agg_received where tier = 'X'")
    assert {(line["service_group"], line["district"]) for line in found} == {(None, None)}
    first = next(line for line in found if line["period"] == "2024-01-01")
    assert (first["received"], first["reason"]) == (None, FEW_IN_ALL)
    assert "Unheard" not in str(town.released("select * from agg_received"))


def test_rows_less_counts_leave_nothing_or_at_least_k(town):
    """Counted by whoever has the release: what is in a line beyond the rows of its place and period."""
    rows = town.released(
        """select r.tier, r.service_group, coalesce(p.district, 'Unlocated') as district, count(*) as n
        from service_requests r join places p on p.id = r.place_id
        where requested_bucket >= '2024-04-01' and requested_bucket < '2024-07-01' group by 1, 2, 3"""
    )
    shown = {(row["tier"], row["service_group"], row["district"]): row["n"] for row in rows}
    left = [
        line["received"] - shown.get((line["tier"], line["service_group"], line["district"]), 0)
        for line in town.released("select * from agg_received where tier in ('B', 'C') and period = '2024-04-01'")
        if line["received"] is not None and line["service_group"] and line["district"]
    ]
    assert left and all(rest == 0 or rest >= 5 for rest in left)


def test_no_hidden_count_of_the_town_can_be_told_from_the_others(town):
    found = checked.judged(town.released("select * from agg_received"), K)
    assert (found["small"], found["exposed"], found["wrong"]) == (0, 0, 0) and found["hidden"] >= 6


def few_of_two_years(folder) -> Town:
    """One request about heat in each of two years, and of nothing else that is not shown but twelve of one kind."""
    town = Town.found(folder).on("2024-09-02")
    alone = [request(500 + n, "No Heat", f"{2022 + n}-02-01 10:00:00", cell=FAR) for n in range(2)]
    hidden = requests(range(300, 312), "Secret", opened="2024-04-14 10:00:00")
    town.receive(*requests(range(100, 130), "No Heat", opened="2024-01-10 10:00:00"), *hidden, *alone)
    return town


def test_two_hidden_years_that_all_that_is_in_no_row_would_solve_wait_for_more(tmp_path):
    """Fourteen are in no row, and twelve of them are counted: two hidden sums would be one each."""
    town = few_of_two_years(tmp_path)
    town.run()
    assert {(line["tier"], line["not_released"]) for line in town.released("select * from agg_received")} == {("X", 12)}
    withheld = town.released("select reason, rows from quality_reasons where reason like '%withheld%' order by rows")
    assert [line["rows"] for line in withheld] == [2, 12]


def test_without_that_the_gate_refuses(tmp_path, monkeypatch):
    monkeypatch.setattr(received, "_unless_solved", lambda new, *_: new)
    with pytest.raises(GateError, match="counts_not_exposed is 2"):
        few_of_two_years(tmp_path).run()


def test_a_quarter_that_is_not_over_is_not_counted(tmp_path):
    town = founded(tmp_path, "2024-06-24")
    town.run()
    assert {line["period"] for line in town.released("select * from agg_received")} == {"2023-10-01", "2024-01-01"}


def test_a_week_that_began_in_the_quarter_is_waited_for(town):
    """Monday 30 September 2024 is in the third quarter, the end of its week in the fourth; C is told by the year."""
    quarter, year = time.number(date(2024, 7, 1)), time.number(date(2024, 1, 1))
    for day, tier, period, is_over in (
        (date(2024, 10, 6), "B", quarter, False),
        (date(2024, 10, 7), "B", quarter, True),
        (date(2024, 10, 7), "C", year, False),
        (date(2025, 2, 3), "C", year, False),
        (date(2025, 2, 10), "C", year, True),
    ):
        at = Context(None, town.city, town.policy, Areas.of([]), b"", time.number(day))
        assert received.is_over(period, tier, at) == is_over, (day, tier)


# From release to release

IN_ORDER = "order by tier, period, service_group, district"


def later(town: Town, *more: dict) -> Town:
    town.on("2024-10-14").receive(*cases(), *more)
    town.run(accept_fewer=True)
    return town


def test_what_was_counted_is_never_counted_again_whatever_comes_late_and_after_a_rollback(tmp_path):
    town = founded(tmp_path, "2024-06-24")
    first = town.run()[1].release
    town.on("2024-09-02").run()
    before = town.released(f"select * from agg_received {IN_ORDER}")
    releases.rollback(town.data, first.id, town.policy.hash)
    later(town, *(request(n, "Cats!", group="Cats", cell=FAR, opened="2024-04-09 09:00:00") for n in range(5000, 5003)))
    after = town.released(f"select * from agg_received {IN_ORDER}")
    kept, told = (
        [{k: v for k, v in line.items() if k not in ("released", "received")} for line in lines]
        for lines in (before, after)
    )
    assert [line for line in told if line in kept] == kept
    assert {line["period"] for line in kept} == {"2023-10-01", "2024-01-01", "2024-04-01"}
    assert {line["period"] for line in told if line not in kept and line["not_released"] != 0} <= {"2024-07-01"}


def test_a_row_that_is_gone_leaves_the_counts_too_so_that_no_difference_names_it(tmp_path):
    town = founded(tmp_path, "2024-09-02")
    town.run()
    kinds = "tier, service_group, coalesce(district, 'Unlocated') as district"
    rows = (
        f"select r.id, public_id, {kinds} from service_requests r join places p on p.id = r.place_id where tier = 'A'"
    )
    gone = town.released(rows)[0]
    where = "tier = ? and service_group = ? and district = ? and period = '2024-04-01'"
    cell = (gone["tier"], gone["service_group"], gone["district"])
    [before] = town.released(f"select released, not_released from agg_received where {where}", *cell)
    assert town.command("erase", "--public-id", gone["public_id"], "--publish").code == 0
    [after] = town.released(f"select released, not_released from agg_received where {where}", *cell)
    assert after == before | {"released": before["released"] - 1}


def test_a_group_that_came_late_and_went_again_stops_no_release(tmp_path):
    """Its lines come with its rows, count none besides them, and go with them."""
    others = [*requests(range(20)), *requests(range(100, 130), "Rats")]
    late = requests(range(200, 220), "Litter", group="Parks")
    town, lines = Town.found(tmp_path, {"tiers": {"Parks": "B"}}), []
    for day, rows in {"2024-07-01": (), "2024-07-08": late, "2024-07-15": ()}.items():
        town.on(day).receive(*others, *rows)
        town.run(accept_fewer=True)
        lines.append(
            town.released("select * from agg_received where tier = 'B' order by period, service_group, district")
        )
    assert len(lines[1]) > len(lines[0]) and lines[2] == lines[0]


def test_counts_that_do_not_follow_the_rows_are_refused(tmp_path, monkeypatch):
    town = founded(tmp_path, "2024-09-02")
    town.run()
    monkeypatch.setattr(received, "_again", lambda before, released, at: before)
    gone = town.released("select public_id from service_requests where tier = 'A'")[0]["public_id"]
    refused = town.command("erase", "--public-id", gone, "--publish")
    assert (refused.code, "counts_add_up" in refused.err) == (6, True)


# Each protection switched off: the gate refuses


def test_without_complementary_suppression_the_gate_refuses(tmp_path, monkeypatch):
    monkeypatch.setattr(received, "hide", lambda table, small, k: small.copy())
    with pytest.raises(GateError, match=r"counts_not_exposed is \d+, must be 0"):
        founded(tmp_path).run()


def test_without_any_suppression_the_gate_refuses(tmp_path, monkeypatch):
    monkeypatch.setattr(received, "hide", lambda table, small, k: np.zeros(table.shape, bool))
    with pytest.raises(GateError, match=r"counts_not_small is \d+, must be 0"):
        founded(tmp_path).run()


def test_counts_that_are_made_anew_each_time_are_refused(tmp_path, monkeypatch):
    town = founded(tmp_path)
    town.run()
    monkeypatch.setattr(received, "LEDGER", "(select * from received_ledger where false)")
    monkeypatch.setattr(received, "keep", lambda vault, new: None)
    late = [request(n, "Rats!", group="Rats", opened="2024-04-09 09:00:00") for n in range(5000, 5009)]
    with pytest.raises(GateError, match=r"counts_stay is \d+, must be 0"):
        later(town, *late)


def test_a_count_that_is_not_what_the_rows_say_is_refused(tmp_path, monkeypatch):
    real = received._released
    monkeypatch.setattr(received, "_released", lambda done, at: real(done, at).head(3))
    with pytest.raises(GateError, match=r"counts_add_up is \d+, must be 0"):
        founded(tmp_path).run()


def test_an_audit_of_the_release_alone_finds_what_was_shown_afterwards(town, tmp_path):
    worse = tmp_path / "worse.db"
    worse.write_bytes(town.release.db.read_bytes())
    with closing(sqlite3.connect(worse)) as con:
        con.execute(
            "update agg_received set not_released = 4, received = 4, is_suppressed = 0, reason = null "
            "where service_group = 'Cats' and district = 'East Ward' and tier = 'B'"
        )
        con.commit()
    found = {finding.check_name: finding for finding in gate.judge(worse, Case(town.policy))}
    assert not found["counts_not_small"].is_passed


def test_the_solver_switched_off_would_be_noticed(monkeypatch):
    """With flows that see no limit, complementary cells are missing, and the property above fails."""
    monkeypatch.setattr(suppression, "_narrow", lambda table, hidden, k: [])
    monkeypatch.setattr(suppression, "_lacking", lambda table, hidden, line, k: 0)
    table = whole([[3, 20, 9], [8, 7, 30]])
    hidden = hide(table, small(table, 5), 5)
    assert np.subtract(*bounds(table, hidden, (0, 0))[::-1]) < 5
