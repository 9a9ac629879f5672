"""Complementary suppression: which cells of a table with margins stay hidden, so that no sum gives a small one away.

A table is whole numbers, groups by districts; its last row and last column are the sums. A reader knows every shown
cell, that a hidden one is at least 1 (zeros are shown), and the sum of all: every release counts its records in public.
The least and the most that each hidden cell can then be must lie k apart.

Hiding is greedy. Each sum is a node of a network, each hidden cell an edge between two of them, so how far a cell can
move is a greatest flow; linear programming, which knows nothing of networks, judges again in `exposed`.
"""

from functools import cache

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_flow

NEAR = 1e-6


def hide(table: np.ndarray, small: np.ndarray, k: int) -> np.ndarray | None:
    """True for each cell that must be hidden; None where nothing may be told but what the reader knows anyway.

    `small` marks the cells that may not be shown by themselves; zeros never are."""
    if small[-1, -1]:
        return None
    hidden = small.copy()
    while bare := _bare(table, hidden, k):
        more = {_cheapest(table, hidden, *cell, k) for cell in bare}
        if None in more:
            return None
        for cell in more:
            hidden[cell] = True
    return _shown_again(table, hidden, small, k)


def exposed(table: np.ndarray, hidden: np.ndarray, k: int) -> list[tuple[int, int]]:
    """Hidden cells that the shown ones bound to less than k apart. What stands in a hidden cell is not looked at."""
    if not hidden.any():
        return []
    equations = _equations(table, hidden)
    possible = _best(np.zeros(int(hidden.sum())), *equations)
    filled = table.copy()
    filled[hidden] = np.rint(possible)
    return [cell for cell in _narrow(filled, hidden, k) if _width(hidden, cell, equations) < k - NEAR]


def _bare(table: np.ndarray, hidden: np.ndarray, k: int) -> list[tuple[int, int]]:
    """Hidden cells that are told too exactly: by one sum alone, else by all of them together."""
    lines = [line for line in range(sum(table.shape)) if hidden[_line(table.shape, line)].any()]
    alone = [_first(hidden, line) for line in lines if _lacking(table, hidden, line, k)]
    return sorted(set(alone)) or _narrow(table, hidden, k)


def _line(shape: tuple[int, int], line: int) -> tuple:
    """The cells of one sum, the total last: rows first, then columns."""
    return (line, slice(None)) if line < shape[0] else (slice(None), line - shape[0])


def _first(hidden: np.ndarray, line: int) -> tuple[int, int]:
    place = int(np.argmax(hidden[_line(hidden.shape, line)]))
    return (line, place) if line < hidden.shape[0] else (place, line - hidden.shape[0])


def _lacking(table: np.ndarray, hidden: np.ndarray, line: int, k: int) -> int:
    """How much more must be hidden in one sum before its cells can be k apart; 0 if enough is."""
    at = _line(table.shape, line)
    values, covered = table[at], hidden[at]
    parts = covered[:-1]
    if covered[-1]:
        return 0 if parts.any() else 1
    return max(0, k + int(parts.sum()) - int(values[:-1][parts].sum())) if parts.any() else 0


def _cheapest(table: np.ndarray, hidden: np.ndarray, row: int, column: int, k: int) -> tuple[int, int] | None:
    """The cell to hide beside another in one of its sums: of those that suffice the smallest, else the largest.

    Totals come last, and cells whose other sum hides nothing yet: they would open that one."""
    found = []
    for line, cells in (
        (row, [(row, other) for other in range(table.shape[1])]),
        (table.shape[0] + column, [(other, column) for other in range(table.shape[0])]),
    ):
        need = _lacking(table, hidden, line, k) + 1
        for at, cell in enumerate(cells):
            value = int(table[cell])
            if value and not hidden[cell] and cell != (table.shape[0] - 1, table.shape[1] - 1):
                across = hidden[:, cell[1]] if line < table.shape[0] else hidden[cell[0], :]
                rank = (at == len(cells) - 1, value < need, not across.any(), value if value >= need else -value)
                found.append((rank, cell))
    return min(found)[1] if found else None


def _shown_again(table: np.ndarray, hidden: np.ndarray, small: np.ndarray, k: int) -> np.ndarray:
    """Show what turned out to be hidden in vain, the largest first."""
    extra = sorted(zip(*np.nonzero(hidden & ~small), strict=True), key=lambda cell: -table[cell])
    for cell in extra:
        hidden[cell] = False
        if _bare(table, hidden, k):
            hidden[cell] = True
    return hidden


# How far a cell can move: by flows


def _narrow(table: np.ndarray, hidden: np.ndarray, k: int) -> list[tuple[int, int]]:
    """Hidden cells that cannot be k apart, given one table that is possible.

    To raise a cell is to send a flow through it that must come back through other hidden cells; a total moves against
    its parts."""
    rows, columns = np.nonzero(hidden)
    above, ample = table[hidden] - 1, int(table[-1, -1]) + k
    is_total = (rows == table.shape[0] - 1) | (columns == table.shape[1] - 1)
    rise, fall = np.where(is_total, above, ample), np.where(is_total, ample, above)
    there, back = rows, columns + table.shape[0]
    size = sum(table.shape)
    found = []
    for edge, cell in enumerate(zip(rows.tolist(), columns.tolist(), strict=True)):
        others = np.arange(len(rows)) != edge
        ends = np.concatenate([there[others], back[others]]), np.concatenate([back[others], there[others]])
        room = np.concatenate([rise[others], fall[others]]).astype(np.int32)
        net = csr_array((room, ends), shape=(size, size))
        width = min(rise[edge], maximum_flow(net, int(back[edge]), int(there[edge])).flow_value)
        if width < k:
            width += min(fall[edge], maximum_flow(net, int(there[edge]), int(back[edge])).flow_value)
        found += [cell] if width < k else []
    return found


# and by linear programming


def _equations(table: np.ndarray, hidden: np.ndarray) -> tuple[csr_array, np.ndarray]:
    """What the shown cells say of the hidden ones: a matrix and what it must give."""
    sums = _sums(table.shape)
    shown = np.where(hidden, 0, np.nan_to_num(table.astype(float))).ravel()
    left = sums[:, np.flatnonzero(hidden)].tocsr()
    rows = np.flatnonzero(np.diff(left.indptr))
    return left[rows], -(sums @ shown)[rows]


def _best(wanted: np.ndarray, left: csr_array, right: np.ndarray) -> np.ndarray:
    """The hidden cells of one table that could be, the least by `wanted`. A ValueError if there is none."""
    found = linprog(wanted, A_eq=left, b_eq=right, bounds=(1, None), method="highs")
    if found.status:
        raise ValueError(f"no table could be: {found.message}")
    return found.x


def _width(hidden: np.ndarray, cell: tuple[int, int], equations: tuple[csr_array, np.ndarray]) -> float:
    wanted = np.zeros(hidden.shape)
    wanted[cell] = 1
    least, most = (_best(sign * wanted[hidden], *equations) @ wanted[hidden] for sign in (1, -1))
    return most - least


@cache
def _sums(shape: tuple[int, int]) -> csr_array:
    """One line per sum: 1 for each part and -1 for the total, over the flattened table."""
    whole = np.zeros((sum(shape), *shape))
    for line in range(sum(shape)):
        whole[(line, *_line(shape, line))] = [*[1] * (len(whole[(line, *_line(shape, line))]) - 1), -1]
    return csr_array(whole.reshape(sum(shape), -1))
