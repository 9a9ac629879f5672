"""Pages that come quickly are stored together, and not one row, word or order of things is lost by it."""

import pyarrow as pa
import pytest

from etl import gathering
from etl.gathering import gathered
from etl.sources.page import Page, Proof

END = Proof("count", expected=3)


def page(number: int, rows: int = 1, **about) -> Page:
    ids = pa.table({"id": [f"{number}-{n}" for n in range(rows)]})
    return Page(ids, 2 + number, cursor=f"after {number}", **about)


def sent(*pages: Page, error: Exception | None = None):
    yield from pages
    if error:
        raise error
    return END


def stored(pages) -> tuple[list[Page], Proof]:
    """What the vault is given, and the end."""
    found = []
    while True:
        try:
            found.append(next(pages))
        except StopIteration as end:
            return found, end.value


def ids(page: Page) -> list[str]:
    return page.rows["id"].to_pylist()


def test_small_pages_become_one_that_goes_on_behind_the_last():
    [one], end = stored(gathered(sent(page(0), page(1), page(2))))
    assert ids(one) == ["0-0", "1-0", "2-0"]
    assert (one.first, one.cursor, end) == (2, "after 2", END)


def test_columns_that_not_every_page_has_are_kept():
    wide = Page(pa.table({"id": ["1-0"], "ward": ["North"]}), 3, cursor="after 1")
    [one], _ = stored(gathered(sent(page(0), wide)))
    assert one.rows.to_pylist() == [{"id": "0-0", "ward": None}, {"id": "1-0", "ward": "North"}]


def test_what_was_rejected_or_dropped_is_told_of_all():
    first = page(0, rejected=((2, "a list"),), dropped=("email", "phone"))
    [one], _ = stored(gathered(sent(first, page(1, rejected=((3, "text"),), dropped=("phone", "name")))))
    assert one.rejected == ((2, "a list"), (3, "text"))
    assert one.dropped == ("email", "phone", "name")


def test_no_more_than_so_many_rows_wait(monkeypatch):
    monkeypatch.setattr(gathering, "ROWS", 4)
    found, _ = stored(gathered(sent(*(page(n, rows=3) for n in range(5)))))
    assert [one.rows.num_rows for one in found] == [6, 6, 3]


def test_a_page_of_a_slow_server_is_stored_at_once(monkeypatch):
    monkeypatch.setattr(gathering, "SECONDS", 0)
    found, end = stored(gathered(sent(page(0), page(1))))
    assert [ids(one) for one in found] == [["0-0"], ["1-0"]]
    assert end == END


def test_what_is_deleted_is_deleted_before_it_comes_again():
    found, _ = stored(gathered(sent(page(0), page(1, deletes=("gone",)), page(2))))
    assert [(ids(one), one.deletes) for one in found] == [(["0-0", "1-0"], ("gone",)), (["2-0"], ())]


def test_what_came_before_an_error_is_stored_before_it_is_raised():
    pages = gathered(sent(page(0), page(1), error=ValueError("paused")))
    assert ids(next(pages)) == ["0-0", "1-0"]
    with pytest.raises(ValueError, match="paused"):
        next(pages)


def test_an_end_without_rows_is_an_end():
    assert stored(gathered(sent())) == ([], END)
