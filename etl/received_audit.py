"""The counts of everything received, judged by what they show and nothing else: no cell small, none to be worked out."""

from collections.abc import Iterable
from itertools import groupby

import numpy as np

from etl.privacy.suppression import exposed
from hub.datasets.about_release import FEW_IN_ALL
from hub.policy import Policy

WHOLE = None


def thresholds(policy: Policy) -> dict[str, int]:
    """From which number on a count of rows that are not released is shown; kinds that are withheld count as tier C."""
    return {"A": 0, **policy.k, "X": policy.k["C"]}


def judged(lines: Iterable[dict], k: dict[str, int]) -> dict[str, int]:
    """Over all tables (one per tier and period): small counts shown, hidden ones that a reader could tell, wrong sums."""
    found = {"tables": 0, "hidden": 0, "small": 0, "exposed": 0, "wrong": 0}

    def of(line: dict) -> tuple[str, str]:
        return line["tier"], line["period"]

    for (tier, _), table in groupby(sorted(lines, key=of), of):
        found["tables"] += 1
        for name, number in _table([*table], k[tier]).items():
            found[name] += number
    return found


def _table(lines: list[dict], k: int) -> dict[str, int]:
    found = {
        "hidden": sum(line["not_released"] is None for line in lines),
        "small": sum(0 < (line["not_released"] or 0) < k for line in lines),
        "wrong": sum(not _is_consistent(line) for line in lines),
    }
    if lines[0]["reason"] == FEW_IN_ALL:
        return found | {"wrong": found["wrong"] + len(lines) - 1}
    table, hidden = _arrays(lines)
    if table is None:
        return found | {"wrong": found["wrong"] + 1}
    sums = [(table[:, -1], table[:, :-1].sum(axis=1), hidden.any(axis=1))]
    sums += [(table[-1], table[:-1].sum(axis=0), hidden.any(axis=0))]
    if table.size > 1:
        found["wrong"] += sum(int(((total != parts) & ~covered).sum()) for total, parts, covered in sums)
    try:
        return found | {"exposed": len(exposed(table, hidden, k))}
    except ValueError:
        return found | {"wrong": found["wrong"] + 1}


def _is_consistent(line: dict) -> bool:
    rest = line["not_released"]
    whole = None if rest is None else line["released"] + rest
    return line["received"] == whole and line["is_suppressed"] == (rest is None) == (line["reason"] is not None)


def _arrays(lines: list[dict]) -> tuple[np.ndarray | None, np.ndarray | None]:
    """The table with its sums last, and which of its cells are hidden; None if a cell is missing."""
    groups, districts = (_in_order({line[name] for line in lines}) for name in ("service_group", "district"))
    cells = {(line["service_group"], line["district"]): line["not_released"] for line in lines}
    if len(cells) != len(lines) or len(lines) != len(groups) * len(districts) or (WHOLE, WHOLE) not in cells:
        return None, None
    told = [[cells.get((group, district)) for district in districts] for group in groups]
    hidden = np.array([[value is None for value in row] for row in told])
    return np.array([[value or 0 for value in row] for row in told]), hidden


def _in_order(names: set[str | None]) -> list[str | None]:
    return [*sorted(names - {WHOLE}), WHOLE]
