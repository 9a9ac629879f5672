"""Attack 7: a count that is hidden in a table is what the sums leave of it. Asked of an own linear program."""

from collections import defaultdict

import numpy as np
import pytest
from scipy.optimize import linprog

from etl.privacy import suppression
from tests.attacks.daily import K

GROUPS, DISTRICTS = 34, 23  # and their sums
K_OF = {"A": 0, "X": K["C"]} | K


@pytest.fixture(scope="module")
def table() -> np.ndarray:
    """A quarter of a city: some kinds and districts are large, and about one cell in six is 1 to 4."""
    dice = np.random.default_rng(7)
    means = np.outer(dice.pareto(1.0, GROUPS) + 0.5, dice.pareto(1.6, DISTRICTS) + 0.5) * 5
    cells = dice.poisson(means)
    cells = np.vstack([cells, cells.sum(axis=0)])
    return np.hstack([cells, cells.sum(axis=1, keepdims=True)])


def bounds(table: np.ndarray, hidden: np.ndarray) -> list[tuple[float, float]]:
    """Attack 7. A journalist knows every cell that is shown, that a hidden one is at least 1, and the sums: the least
    and the most that each hidden cell can be."""
    at = {tuple(cell): number for number, cell in enumerate(np.argwhere(hidden))}
    sums, totals = [], []
    for line in [*_lines(table.shape), *([(i, j) for i, j in one] for one in _columns(table.shape))]:
        weights = np.zeros(len(at))
        rest = 0.0
        for sign, cell in zip([1] * (len(line) - 1) + [-1], line, strict=True):
            if cell in at:
                weights[at[cell]] = sign
            else:
                rest -= sign * table[cell]
        if weights.any():
            sums.append(weights)
            totals.append(rest)
    found = []
    for number in range(len(at)):
        wanted = np.zeros(len(at))
        wanted[number] = 1
        ends = [_extreme(sign * wanted, np.array(sums), totals) for sign in (1, -1)]
        found.append((ends[0], -ends[1]))
    return found


def _lines(shape: tuple[int, int]) -> list[list[tuple[int, int]]]:
    return [[(row, column) for column in range(shape[1])] for row in range(shape[0])]


def _columns(shape: tuple[int, int]) -> list[list[tuple[int, int]]]:
    return [[(row, column) for row in range(shape[0])] for column in range(shape[1])]


def _extreme(wanted: np.ndarray, sums: np.ndarray, totals: list[float]) -> float:
    answer = linprog(wanted, A_eq=sums, b_eq=totals, bounds=(1, None), method="highs")
    assert answer.status in (0, 3), answer.message  # 3: there is no end to it
    return answer.fun if answer.status == 0 else -np.inf


def exact(found: list[tuple[float, float]]) -> list:
    return [ends for ends in found if ends[1] - ends[0] < 0.5]


def narrow(found: list[tuple[float, float]], k: int) -> list:
    return [ends for ends in found if ends[1] - ends[0] < k - 1e-6]


def small_of(table: np.ndarray, k: int) -> np.ndarray:
    return (table > 0) & (table < k)


def test_hiding_the_small_cells_alone_hides_little(table):
    small = small_of(table, K["B"])
    assert 80 < small.sum() < 250
    found = bounds(table, small)
    assert len(exact(found)) >= 3 and len(narrow(found, K["B"])) >= 5


@pytest.mark.parametrize("k", K.values())
def test_of_ours_no_hidden_cell_is_known_to_less_than_k(table, k):
    hidden = suppression.hide(table, small_of(table, k), k)
    assert hidden is not None and hidden[small_of(table, k)].all()
    found = bounds(table, hidden)
    assert exact(found) == narrow(found, k) == []


def test_without_the_further_cells_it_would_be(table, monkeypatch):
    monkeypatch.setattr(suppression, "_bare", lambda *given: [])
    found = bounds(table, suppression.hide(table, small_of(table, 5), 5))
    assert exact(found)


def received(told) -> dict[tuple, list[dict]]:
    """(tier, period) -> the lines of what was received in it."""
    found = defaultdict(list)
    for line in told.tables["agg_received"]:
        found[line["tier"], line["period"]].append(line)
    return dict(found)


def test_what_is_in_no_row_cannot_be_computed_from_what_is_published(told):
    periods = received(told)
    assert {tier for tier, _ in periods} >= {"A", "B"}
    for (tier, _), lines in periods.items():
        k = K_OF[tier]
        groups, districts = (sorted({line[n] for line in lines}, key=_last) for n in ("service_group", "district"))
        rest = np.zeros((len(groups), len(districts)))
        for line in lines:
            rest[groups.index(line["service_group"]), districts.index(line["district"])] = (
                np.nan if line["not_released"] is None else line["not_released"]
            )
        shown = rest[~np.isnan(rest)]
        assert not ((shown > 0) & (shown < k)).any()
        if len(lines) > 1 and np.isnan(rest).any():
            assert narrow(bounds(np.nan_to_num(rest), np.isnan(rest)), k) == []


def _last(name: str | None) -> tuple[bool, str]:
    """Sums stand last."""
    return name is None, name or ""
