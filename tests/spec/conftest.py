"""One town with a case for every rung of the ladders, told on Monday 17 June 2024."""

import h3
import pytest

from tests.town import CELL, FAR, SISTERS, Town, request

TODAY = "2024-06-17"
BLOCK = h3.cell_to_parent(CELL, 8)
NEXT_BLOCK = next(c for c in sorted(h3.cell_to_children(h3.cell_to_parent(CELL, 7), 8)) if c != BLOCK)
NEAR = h3.cell_to_center_child(NEXT_BLOCK, 9)  # another H3-8 cell of the same H3-7 cell
WEST = h3.latlng_to_cell(43.05, -70.97, 9)  # another H3-7 cell of the same ward
LONELY = h3.latlng_to_cell(43.17, -70.82, 9)  # where nobody else ever asked for anything
WEEK, WEEK_AFTER, MONTH_AFTER = "2024-03-05 09:00:00", "2024-03-12 09:00:00", "2024-02-06 09:00:00"
LAST_WEEK, THIS_WEEK, THIS_MONTH = "2024-06-12 09:00:00", "2024-06-17 00:00:00", "2024-06-05 09:00:00"


def _cases() -> dict[str, list[dict]]:
    """Group -> its rows. A house is used once, unless a case says otherwise."""
    numbers = iter(range(10_000))

    def rows(count: int, opened: str = WEEK, cell: str = CELL, **given: str) -> list[dict]:
        return [request(next(numbers), opened=opened, cell=cell, **given) for _ in range(count)]

    def closed(count: int, day: str, opened: str = WEEK, **given: str) -> list[dict]:
        return rows(count, opened, closed=f"{day} 12:00:00", note="fixed", **given)

    unplaced = {"lat": "", "long": ""}
    crowd = {"lat": "43.120000", "long": "-70.930000"}
    return {
        "B five in a week": rows(5),
        "B six in a block": rows(3, cell=SISTERS[0]) + rows(3, cell=SISTERS[6]),
        "B six in a month": rows(3) + rows(3, WEEK_AFTER),
        "B six in two blocks": rows(3) + rows(3, cell=NEAR),
        "B six in a ward": rows(3) + rows(3, MONTH_AFTER, WEST),
        "B six in two wards": rows(3) + rows(3, MONTH_AFTER, FAR),
        "B four": rows(4),
        "B one house": rows(20, address="7 Elm Street"),
        "B four houses": [row | {"address": f"{n % 4} Ash Street"} for n, row in enumerate(rows(12))],
        "B nowhere": rows(9, address="", **unplaced),
        "B addresses only": rows(5, **unplaced),
        "B guessed point": [row | {"address": f"{n} Oak Street"} for n, row in enumerate(rows(25, **crowd))],
        "B last week": rows(5, LAST_WEEK),
        "B this week": rows(5, THIS_WEEK),
        "B this month": rows(3, THIS_MONTH) + rows(3, LAST_WEEK),
        "B told closed": closed(5, "2024-05-30", "2024-05-28 09:00:00"),
        "B not yet told": closed(5, "2024-06-12", "2024-05-28 09:00:00"),
        "B two agencies": rows(5) + rows(5, agency="PARKS"),
        "C eleven": rows(11),
        "C eleven in two blocks": rows(6) + rows(5, cell=NEAR),
        "C eleven in a ward": rows(6) + rows(5, cell=WEST),
        "C eleven in two wards": rows(6) + rows(5, cell=FAR),
        "C eleven in a year": rows(6, "2023-02-07 09:00:00") + rows(5, "2023-11-07 09:00:00"),
        "C ten": rows(10, "2023-02-07 09:00:00"),
        "C one house": rows(30, "2023-02-07 09:00:00", address="9 Elm Street"),
        "C april": rows(11, "2024-04-30 23:30:00"),
        "C may": rows(11, "2024-05-01 00:30:00"),
        "C all alike": closed(11, "2024-03-08", due="2024-03-15 09:00:00"),
        "C two kinds": closed(6, "2024-03-08", due="2024-03-15 09:00:00")
        + closed(6, "2024-03-20", due="2024-03-15 09:00:00"),
        "A busy": rows(2) + closed(1, "2024-03-08", due="2024-03-07 09:00:00"),
        "A lonely": rows(1, cell=LONELY),
        "A yesterday": rows(1, "2024-06-16 23:30:00"),
        "A today": rows(1, THIS_WEEK),
        "Secret": rows(3),
    }


@pytest.fixture(scope="session")
def cases() -> dict[str, list[dict]]:
    return {name: [row | {"group": name, "kind": f"{name}!"} for row in rows] for name, rows in _cases().items()}


@pytest.fixture(scope="session")
def town(tmp_path_factory, cases) -> Town:
    tiers = {name: name[0] for name in cases if name[1] == " "}
    targets = {"B told closed": 2, "B not yet told": 2, "C two kinds": 10, "C all alike": 10}
    town = Town.found(tmp_path_factory.mktemp("ladder"), {"tiers": tiers, "targets": targets}).on(TODAY)
    town.receive(*(row for rows in cases.values() for row in rows))
    town.run()
    return town
