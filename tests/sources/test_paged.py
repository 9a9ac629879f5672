"""Walks by numbered pages: what they call proved is whole, whatever the server does, and they always come to an end."""

from dataclasses import dataclass, field
from itertools import islice

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from etl.sources.page import Pages, Proof, Request, Resume, key_of
from etl.sources.paged import FULL, Paging, by_count, by_windows

START, END = 1_700_000_000, 1_700_000_000 + 80 * 86_400
ASKED = Request("requests", ("http://city.example",), {}, frozenset({"id", "at"}), key=("id",))
FAULTS = ("empty", "short", "duplicates", "on", "back")


@dataclass
class Town:
    """A server of `count` rows in memory, newest first. `faults`: number of the question -> what goes wrong with it."""

    count: int
    cap: int = 1000
    first: int = 1
    heeds_pages: bool = True
    heeds_times: bool = True
    heeds_size: bool = True
    offset_by_asked: bool = False  # pages begin where they would if none were capped
    last_for_ever: bool = False  # behind the last page it comes again
    at: tuple[int, ...] = ()  # when the rows were opened; evenly spread if nothing is said
    faults: dict[int, str] = field(default_factory=dict)
    questions: int = 0
    before: list = field(default_factory=list)

    def __post_init__(self) -> None:
        step = (END - START) / max(self.count, 1)
        times = self.at or [int(START + n * step) for n in range(self.count)]
        self.rows = [{"id": f"{n:04d}", "at": at} for n, at in enumerate(times)][::-1]

    def fetch(self, window, page: int, size: int) -> list[dict]:
        start, end = window
        rows = [row for row in self.rows if start <= row["at"] <= end or not self.heeds_times]
        sent = min(size, self.cap) if self.heeds_size else self.cap
        offset = max(page - self.first, 0) * (size if self.offset_by_asked else sent)
        if self.last_for_ever:
            offset = min(offset, (max(len(rows), 1) - 1) // sent * sent)
        self.questions += 1
        return self.spoilt(rows, offset if self.heeds_pages else 0, sent)

    def spoilt(self, rows: list, offset: int, size: int) -> list[dict]:
        fault = self.faults.get(self.questions)
        offset += {"on": 3, "back": -3}.get(fault, 0)
        page = rows[max(offset, 0) : max(offset, 0) + size]
        found = {"empty": [], "short": page[: len(page) // 2], "duplicates": self.before}.get(fault, page)
        self.before = page
        return found

    def told(self, page: int) -> tuple[list, int, int]:
        rows = self.fetch((START, END), page, 40)
        return rows, -(-self.count // 40), self.count

    def truth(self) -> set[str]:
        return {row["id"] for row in self.rows}


def walked(walk) -> tuple[list[list[dict]], Proof]:
    """The rows of each page, and how the walk ended."""
    pages = []
    while True:
        try:
            pages.append(next(walk).rows.to_pylist())
        except StopIteration as end:
            return pages, end.value


def ids_of(pages: list[list[dict]]) -> list[str]:
    return [row["id"] for page in pages for row in page]


def walk(town: Town, size: int = FULL, twice: bool = False, resume: Resume | None = None) -> Pages:
    paging = Paging(town.fetch, town.first, size, town.heeds_pages)
    return by_windows(ASKED, resume or Resume(), paging, (START, END), twice)


def read(town: Town, size: int = FULL, twice: bool = False) -> tuple[list[str], Proof]:
    pages, proof = walked(walk(town, size, twice))
    return ids_of(pages), proof


def killed(pages: Pages, after: int) -> tuple[list[list[dict]], Resume]:
    """The first pages of a walk, and where it would go on."""
    found = list(islice(pages, after))
    rows = [page.rows.to_pylist() for page in found]
    keys = frozenset(key_of(ASKED, row) for page in rows for row in page)
    return rows, Resume(found[-1].cursor, sum(map(len, rows)), keys)


towns = st.builds(
    Town,
    count=st.integers(0, 400),
    cap=st.sampled_from([7, 20, 50, 100, 1000]),
    first=st.sampled_from([0, 1]),
    heeds_size=st.booleans(),
    offset_by_asked=st.booleans(),
    last_for_ever=st.booleans(),
    faults=st.dictionaries(st.sampled_from(FAULTS), st.integers(0, 12), max_size=3).map(
        lambda said: {1 + 4 * turn: fault for fault, turn in said.items()}
    ),
)


SLY = [
    (Town(51, cap=50, first=0, heeds_size=False, faults={1: "short"}), 20),
    (Town(102, cap=20, first=0, heeds_size=False, faults={9: "short", 13: "empty"}), 50),
    (Town(51, cap=7, first=0, heeds_size=False, offset_by_asked=True, faults={1: "short"}), 50),
    (Town(127, cap=7, first=0, faults={9: "back", 33: "back"}), 20),
]


@settings(max_examples=80, deadline=None)
@given(towns, st.sampled_from([20, 50, 90]), st.booleans())
@example(*SLY[0], False)
@example(*SLY[1], False)
@example(*SLY[2], False)
@example(*SLY[3], False)
def test_what_is_proved_is_whole_and_no_row_comes_twice(town, size, twice):
    ids, proof = read(town, size, twice)
    assert len(ids) == len(set(ids)) and set(ids) <= town.truth()
    assert proof.proven_by == "" or set(ids) == town.truth()
    assert bool(proof.proven_by) != bool(proof.why)
    assert town.questions < 4000


@settings(max_examples=40, deadline=None)
@given(towns, st.sampled_from([20, 50, 90]), st.booleans())
def test_a_server_with_habits_but_without_faults_is_read_whole_and_proved(town, size, twice):
    town.faults = {}
    ids, proof = read(town, size, twice)
    assert set(ids) == town.truth() and proof.proven_by


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("count", [30, 50, 120, 150])
def test_one_fault_at_any_question_is_overcome(fault, count):
    for question in range(1, 12):
        town = Town(count, faults={question: fault})
        ids, proof = read(town)
        assert set(ids) == town.truth() and proof.proven_by, question


@pytest.mark.parametrize("question", [1, 2])
def test_a_page_that_is_empty_each_time_it_is_asked_for_is_no_end(question):
    town = Town(150, faults={question: "empty", question + 1: "empty"})
    ids, proof = read(town)
    assert set(ids) == town.truth() and proof.proven_by


@pytest.mark.parametrize("fault", ["short", "duplicates"])
def test_a_page_that_is_wrong_once_is_asked_for_again_and_not_all_of_them(fault):
    town, plain = Town(500, faults={3: fault}), Town(500)
    assert set(read(town)[0]) == set(read(plain)[0]) == town.truth()
    assert town.questions <= plain.questions + 2


def test_pages_that_begin_where_uncapped_ones_would_lose_nothing():
    town = Town(300, cap=20, offset_by_asked=True)
    ids, proof = read(town, size=90)
    assert set(ids) == town.truth() and proof.proven_by


def test_a_lone_page_may_be_cut_as_well():
    town = Town(40, cap=25, offset_by_asked=True)
    ids, proof = read(town)
    assert set(ids) == town.truth() and proof.proven_by


def test_where_paging_is_ignored_windows_are_cut_until_they_are_not_full():
    town = Town(2058, cap=50, heeds_pages=False)
    ids, proof = read(town)
    assert sorted(ids) == sorted(town.truth()) and proof.proven_by
    assert town.questions < 300


def test_a_minute_that_is_too_full_is_told_and_all_else_is_read():
    noon = START + 40 * 86_400
    town = Town(300, cap=50, heeds_pages=False, at=tuple([START + n * 9000 for n in range(200)] + [noon] * 100))
    ids, proof = read(town)
    assert not proof.proven_by and "a minute holds more rows" in proof.why
    assert set(ids) >= {f"{n:04d}" for n in range(200)} and len(ids) < 300


@pytest.mark.parametrize("heeds_pages", [True, False])
def test_a_server_that_heeds_neither_times_nor_pages_is_given_up_soon(heeds_pages):
    town = Town(200, cap=50, heeds_pages=False, heeds_times=False)
    paging = Paging(town.fetch, 1, FULL, heeds_pages)
    pages, proof = walked(by_windows(ASKED, Resume(), paging, (START, END)))
    assert len(ids_of(pages)) == 50 and not proof.proven_by
    assert town.questions < 300


def test_rows_without_an_id_are_passed_on_once():
    town = Town(120)
    for row in town.rows[10:20]:
        row["id"] = None
    ids, proof = read(town, twice=True)
    assert len(ids) == 120 and ids.count(None) == 10 and proof.proven_by


def test_a_walk_that_is_killed_behind_a_cut_page_still_sees_that_it_was_cut():
    town = Town(60, cap=20, offset_by_asked=True)
    before, resume = killed(walk(town), 1)
    behind, proof = walked(walk(town, resume=resume))
    assert set(ids_of(before + behind)) == town.truth() and proof.proven_by


@pytest.mark.parametrize("habits", [{}, {"cap": 20}, {"heeds_pages": False, "cap": 50}], ids=["pages", "capped", "cut"])
@pytest.mark.parametrize("twice", [False, True])
def test_a_walk_that_is_killed_goes_on_and_repeats_at_most_one_page(habits, twice):
    uninterrupted = Town(170, **habits)
    pages, proof = walked(walk(uninterrupted, twice=twice))
    for after in range(1, len(pages)):
        town = Town(170, **habits)
        before, resume = killed(walk(town, twice=twice), after)
        behind, end = walked(walk(town, twice=twice, resume=resume))
        assert ids_of(before + behind) == ids_of(pages) and end == proof
        assert town.questions <= uninterrupted.questions + 1


# Counts


def counted(town: Town, fetch=None) -> tuple[list[str], Proof]:
    pages, proof = walked(by_count(ASKED, Resume(), fetch or town.told))
    return ids_of(pages), proof


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 300), st.dictionaries(st.sampled_from(FAULTS), st.integers(1, 12), max_size=3))
def test_what_a_count_proves_is_whole(count, faults):
    town = Town(count, faults={turn: fault for fault, turn in faults.items()})
    ids, proof = counted(town)
    assert len(ids) == len(set(ids))
    assert proof.proven_by == "count" and set(ids) == town.truth() and proof.expected == count


def test_a_count_that_lies_proves_nothing_and_comes_to_an_end():
    town = Town(90)
    ids, proof = counted(town, lambda page: (town.told(page)[0], 10**9, 91))
    assert set(ids) == town.truth() and not proof.proven_by and "counted 91" in proof.why
    assert town.questions < 200


def test_without_a_count_two_readings_must_agree():
    town = Town(90)
    ids, proof = counted(town, lambda page: (*town.told(page)[:2], None))
    assert set(ids) == town.truth() and proof.proven_by == "double_read" and town.questions == 8


def test_a_counted_walk_that_is_killed_goes_on_where_it_was():
    uninterrupted, town = Town(170), Town(170)
    ids, proof = counted(uninterrupted)
    before, resume = killed(by_count(ASKED, Resume(), town.told), 2)
    behind, end = walked(by_count(ASKED, resume, town.told))
    assert ids_of(before + behind) == ids and end == proof
    assert town.questions == uninterrupted.questions
