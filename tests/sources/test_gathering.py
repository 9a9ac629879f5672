"""Pages that come quickly are stored together, and not one row, word or order of things is lost by it."""

from itertools import count

import pyarrow as pa
import pytest

from etl import gathering, intake
from etl.gathering import gathered
from etl.sources.page import Page, Proof
from tests.sources.bare import ask_for_small_pages
from tests.sources.tiny_hub import Killed

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
    wide = Page(pa.table({"ward": ["North"], "id": ["1-0"]}), 3, cursor="after 1")
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


def test_no_more_than_a_second_of_reading_waits():
    tenths = count()
    found, end = stored(gathered(sent(*map(page, range(20))), clock=lambda: next(tenths) / 10))
    assert [one.rows.num_rows for one in found] == [10, 10] and end == END


def test_a_page_of_a_slow_server_is_stored_at_once():
    minutes = count(step=60)
    found, end = stored(gathered(sent(page(0), page(1)), clock=lambda: next(minutes)))
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


@pytest.mark.parametrize("platform", ["seeclickfix", "dataverse", "open311"])
def test_what_is_stored_together_is_what_would_be_stored_apart(hub_of, monkeypatch, platform):
    """Changes, deletions and a kill in between, too."""
    together, told = [], []
    for rows in (1, 10_000):
        ask_for_small_pages(monkeypatch, 20)
        monkeypatch.setattr(gathering, "ROWS", rows)
        hub, steps = hub_of(platform, rows=90), []
        hub.pull(step=steps.append)
        together.append(sum("rows" in step for step in steps))
        cases = list(hub.model)
        hub.model.update(cases[3].id, address="9 New Street")
        hub.model.delete(cases[5].id)
        hub.model.pass_time(8 * 86_400)
        with monkeypatch.context() as patched, pytest.raises(Killed):
            patched.setattr(intake, "_meet", die)
            hub.pull()
        assert hub.pull().error is None and hub.differences() == {}
        told.append(hub.ask("select * from records_service_requests order by key"))
    assert told[0] == told[1] and together[1] < together[0]


def die(*given) -> None:
    raise Killed


def test_pages_that_spell_a_column_in_two_ways_are_not_stored_together():
    first, second = Page(pa.table({"id": ["a"]}), 2), Page(pa.table({"ID": ["b"]}), 3)
    found, _ = stored(gathered(sent(first, second, page(3))))
    assert [page.rows.column_names for page in found] == [["id"], ["ID"], ["id"]]
