"""Walking by position: nothing is lost when rows shift, and a server that heeds no position is not walked for ever."""

import pytest

from etl.sources import walkers
from etl.sources.page import Request, Resume

ASKED = Request("requests", ("https://example.gov",), {}, frozenset({"id"}), key=("id",))


def walked(fetch, count=lambda: None, resume=None):
    """(ids, proof, questions) of a walk."""
    asked, pages = [], []

    def counted(at: int) -> list[dict]:
        asked.append(at)
        return fetch(at)

    walk = walkers.offset(ASKED, resume or Resume(), counted, count)
    while True:
        try:
            pages.append(next(walk))
        except StopIteration as end:
            ids = [value for page in pages for value in page.rows["id"].to_pylist()]
            return ids, end.value, asked


ROWS = [{"id": str(n)} for n in range(25)]


def test_without_a_count_two_readings_must_agree():
    ids, proof, _ = walked(lambda at: ROWS[at : at + 10])
    assert (sorted(ids, key=int), proof.proven_by) == ([str(n) for n in range(25)], "double_read")


def test_with_a_count_it_must_be_met():
    assert walked(lambda at: ROWS[at : at + 10], lambda: 25)[1].proven_by == "count"
    assert walked(lambda at: ROWS[at : at + 10], lambda: 26)[1].proven_by == ""


def test_a_row_that_shifts_away_while_it_is_read_is_found_in_the_next_reading():
    rows, turns = list(ROWS), iter(range(100))

    def fetch(at: int) -> list[dict]:
        if next(turns) == 1:
            del rows[0]
        return rows[at : at + 10]

    ids, proof, _ = walked(fetch)
    assert (len(set(ids)), len(ids), proof.proven_by) == (25, 25, "double_read")


@pytest.mark.parametrize("count", [None, 25])
def test_a_server_that_heeds_no_position_is_found_out(count):
    ids, proof, asked = walked(lambda at: ROWS[:10], lambda: count)
    assert (len(ids), proof.proven_by) == (10, "")
    assert "position" in proof.why and len(asked) < 20


def test_it_goes_on_where_it_was_stopped():
    resume = Resume("10", 10, frozenset(str(n) for n in range(10)))
    ids, proof, asked = walked(lambda at: ROWS[at : at + 10], resume=resume)
    assert (ids[0], len(ids), asked[0], proof.proven_by) == ("10", 15, 10, "double_read")
