"""How to walk a server that numbers its pages until it is proved that nothing was lost: by windows of time that are cut
in two where they are too full, or by the count that the server gives.

Nothing is believed: not the size of a page, not its order, not that a short or empty one is the last, not that paging
is heeded at all. What could not be proved ends as an unproven Proof.
"""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field

import orjson

from etl.sources.page import Page, Pages, Proof, Request, Resume, page_of
from etl.sources.walkers import PASSES, TURNS, Known, Rows, mark_of

FULL = 50  # a page that holds so many rows may have been cut: the smallest cap that servers were seen to have
SMALLEST = 60  # seconds; a window is not cut finer
BARREN = 10  # smallest windows one after another, each too full and with nothing new: times are not heeded
PROOFS = ("empty_page", "double_read")
DOUBTS = {
    "full": "a minute holds more rows than the server sends at once, and it does not heed pages",
    "unlike": f"no two of {PASSES} readings met the same rows",
    "endless": f"there was no end after {TURNS:,} pages",
}

Window = tuple[int, int]  # from, to; UTC seconds
Fetch = Callable[[Window, int, int], Rows]  # window, a page's number, rows to a page -> its rows
Told = tuple[Rows, int, int | None]  # the rows of a page, how many pages there are, how many rows if that is told


@dataclass(frozen=True, slots=True)
class Paging:
    """How a server numbers its pages: the `first` one, how many rows to ask for, whether it heeds the number at all.
    `belongs`: whether a row can be one of a window, as far as it tells; others are the answer to another question."""

    fetch: Fetch
    first: int
    size: int
    is_heeded: bool = True
    belongs: Callable[[Window, object], bool] = lambda window, row: True
    wanted: Callable[[object], bool] = lambda row: True


@dataclass(slots=True)
class Met:
    """The rows that a part has yielded: how many, and which were met."""

    request: Request
    known: Known
    read: int
    wanted: Callable[[object], bool] = lambda row: True

    def news(self, rows: Rows, cursor: str) -> Generator[Page, None, None]:
        """The rows that are new to the part, if there are any."""
        if news := list(filter(self.wanted, self.known.news(rows))):
            first, self.read = self.read + 2, self.read + len(news)
            yield page_of(self.request, news, first, cursor=cursor)


def marks_of(request: Request, rows: Rows) -> set[str]:
    """What tells rows apart: their keys, or what is in them where they have none."""
    return {mark_of(request, row) for row in rows}


# Windows


@dataclass(slots=True)
class Walk:
    """A walk through one part: `todo` are the windows not read to their end, the next one last."""

    met: Met
    paging: Paging
    todo: list[Window]
    page: int
    size: int
    doubts: list[str]
    resumed: set[str] = field(default_factory=set)  # what the window had met before the walk was interrupted

    def marks(self, rows: Rows) -> set[str]:
        return marks_of(self.met.request, rows)

    def ask(self, page: int, size: int) -> Rows:
        return self.paging.fetch(self.todo[-1], page, size)

    def asked_for(self, rows: Rows) -> bool:
        return all(self.paging.belongs(self.todo[-1], row) for row in rows)

    def news(self, rows: Rows, page: int, size: int) -> Generator[Page, None, None]:
        """The new rows. Who dies behind them goes on with `page`."""
        yield from self.met.news(rows, orjson.dumps([self.todo, page, size, self.doubts]).decode())


def by_windows(request: Request, resume: Resume, paging: Paging, window: Window, twice: bool = False) -> Pages:
    """The rows of a window, page after page. Where paging is not heeded and pages are full, the window is cut in two,
    down to a minute. With `twice`, two readings must agree even where the first one went well."""
    walk, proofs, barren = _resumed(request, resume, paging, window), set(), 0
    while walk.todo:
        (start, end), before = walk.todo[-1], walk.met.read
        outcome = yield from _window(walk, twice)
        walk.todo.pop()
        walk.page, walk.resumed = paging.first, set()
        if outcome == "full" and end - start >= 2 * SMALLEST:
            middle = start + (end - start) // (2 * SMALLEST) * SMALLEST
            walk.todo += [(start, middle), (middle, end)]
            continue
        barren = barren + 1 if outcome == "full" and walk.met.read == before else 0
        if barren == BARREN:
            return Proof(why=f"the server heeds neither pages nor times; {walk.met.read:,} rows were met")
        proofs.add(outcome)
        walk.doubts = walk.doubts or [DOUBTS[word] for word in (outcome,) if word in DOUBTS]
    if walk.doubts:
        return Proof(why=walk.doubts[0])
    return Proof("empty_page" if "empty_page" in proofs else "double_read")


def _resumed(request: Request, resume: Resume, paging: Paging, window: Window) -> Walk:
    """Only a window that was not cut goes on at the page where it stopped; a cut one is small and is begun again."""
    stored = [[window], paging.first, paging.size, []]
    todo, page, size, doubts = orjson.loads(resume.cursor) if resume.cursor else stored
    todo, met = [tuple(one) for one in todo], Known(request, resume.keys)
    is_whole = todo == [window] and page > paging.first
    place, resumed = (page, set(resume.keys)) if is_whole else (paging.first, set())
    return Walk(Met(request, met, resume.rows, paging.wanted), paging, todo, place, size, doubts, resumed)


def _window(walk: Walk, twice: bool) -> Generator[Page, None, str]:
    """Read the next window until it is proved or there is no hope. Returns one of PROOFS or DOUBTS."""
    alike, size, is_resized = [], walk.size, False  # the last readings that met the same rows
    for _ in range(PASSES + 1):
        read = yield from _reading(walk, size, is_resized)
        walk.page, walk.resumed = walk.paging.first, set()
        if read.end in ("full", "endless", "double_read"):
            return read.end
        if read.end == "capped":
            size, is_resized = read.lengths[-1], True
            continue
        alike = [one for one in alike if one.marks == read.marks] + [read]
        is_clean = any(one.is_clean for one in alike)
        if is_clean and not twice and read is alike[0]:
            return "empty_page"
        if len(alike) >= (2 if is_clean else 3):
            return "double_read"
        size = max(size - 1, 1)  # moves the ends of the pages: what was lost between two of them is now within one
    return "unlike"


@dataclass(slots=True)
class Reading:
    """One reading of a window: the rows it met, whether its pages fit together, and how it came to its `end`.

    end: it was reached; double_read: every page holds the same few rows; full: it holds too many of them; capped: pages
    are never longer than the last one, though more was asked for."""

    walk: Walk
    size: int
    is_resized: bool  # the size is what pages were seen to have
    marks: set[str]
    end: str = "end"
    is_clean: bool = True
    lengths: list[int] = field(default_factory=list)
    last: set[str] = field(default_factory=set)

    def take(self, rows: Rows, page: int) -> Generator[Page, None, None]:
        """The rows of the page before `page`. None of them may have been met (pages that overlap were moved), stand twice
        (perhaps in the place of another) or be of another window."""
        self.last = self.walk.marks(rows)
        fits = (
            len(self.last) == len(rows) <= self.size and self.last.isdisjoint(self.marks) and self.walk.asked_for(rows)
        )
        self.is_clean = self.is_clean and fits
        self.marks |= self.last
        self.lengths.append(len(rows))
        yield from self.walk.news(rows, page, self.size)

    def take_again(self, page: int) -> Generator[Page, None, None]:
        """Ask once more for the page before `page`: it may not have been whole."""
        rows = self.walk.ask(page - 1, self.size)
        self.marks |= (found := self.walk.marks(rows))
        self.is_clean = self.is_clean and found >= self.last
        self.lengths[-1] = max(self.lengths[-1], len(rows))
        yield from self.walk.news(rows, page, self.size)

    def look_behind(self, page: int) -> Generator[Page, None, None]:
        """Ask for what stands on `page`, and for some rows before it, in pages of another size."""
        first, other = self.walk.paging.first, max(self.size - 1, 1)
        rows = self.walk.ask(first + (page - first) * self.size // other, other) if self.walk.paging.is_heeded else []
        self.is_clean = self.is_clean and self.walk.marks(rows) <= self.marks
        self.marks |= self.walk.marks(rows)
        yield from self.walk.news(rows, page, self.size)

    def is_short(self, following: int) -> bool:
        """True if the last page taken is short, and yet another one with so many rows follows it."""
        return bool(self.lengths) and self.lengths[-1] < max(self.size, following, *self.lengths)

    def is_capped(self) -> bool:
        """True if pages are of one length, smaller than what was asked for, and were not known to be."""
        return len(set(self.lengths)) == 1 and self.lengths[0] < self.size and not self.is_resized


def _reading(walk: Walk, size: int, is_resized: bool) -> Generator[Page, None, Reading]:
    """Read the next window once, from `walk.page` on."""
    reading, page, repeated = Reading(walk, size, is_resized, set()), walk.page, False
    if walk.resumed and (rows := walk.ask(page - 1, size)):  # it tells whether pages are cut
        yield from reading.take(rows, page)
    reading.marks |= walk.resumed
    for _ in range(TURNS):
        rows = walk.ask(page, size) or walk.ask(page, size)
        if not rows and not walk.ask(page + 1, size):
            yield from _check_end(reading, page)
            return reading
        found = walk.marks(rows)
        if rows and walk.paging.is_heeded and found <= reading.marks:
            rows = walk.ask(page, size)
            found = walk.marks(rows)
        if found <= reading.marks:  # a hole, or no paging, or the last page comes for ever
            reading.is_clean = False
            reading.end = "full" if len(rows) >= FULL else "double_read" if rows and found == reading.marks else "end"
            if reading.end != "end" or (repeated and rows):
                return reading
            page, repeated = page + 1, bool(rows)
            continue
        if reading.is_short(len(rows)):
            yield from reading.take_again(page)
        if reading.is_short(len(rows)):
            reading.is_clean = False
            if reading.is_capped():
                reading.end = "capped"
                return reading
        page, repeated = page + 1, False
        yield from reading.take(rows, page)
    reading.end = "endless"
    return reading


def _check_end(reading: Reading, page: int) -> Generator[Page, None, None]:
    """Nothing stands on `page`. Was the one before it whole, and if it is the only one, is it short because it is cut?
    And where the end comes just behind a full page, or at once: is there nothing either in other pages?"""
    if reading.lengths:
        met = set(reading.marks)
        yield from reading.take_again(page)
        reading.is_clean = reading.is_clean and reading.marks == met
        if page - 1 == reading.walk.paging.first and reading.is_capped():
            behind = reading.walk.ask(page, reading.lengths[0])
            reading.end = "end" if reading.walk.marks(behind) <= reading.marks else "capped"
    if not reading.lengths or reading.lengths[-1] == reading.size:
        yield from reading.look_behind(page)


# Counts


def by_count(request: Request, resume: Resume, fetch: Callable[[int], Told]) -> Pages:
    """All pages from 1 on, as many as the server says there are. Proved where it counts the same from the first page to
    the last and so many rows were met; where it tells no count, two readings must agree."""
    met, page, before, said = (
        Met(request, Known(request, resume.keys), resume.rows),
        int(resume.cursor or 1),
        None,
        None,
    )
    marks = set(resume.keys) if page > 1 else set()
    for _ in range(PASSES):
        counts, barren = set(), 0
        while barren < BARREN:
            rows, pages, said = fetch(page)
            if not rows and page <= pages:
                rows, pages, said = fetch(page)
            counts.add(said)
            if not rows and page > pages:
                break
            found, page = marks_of(request, rows), page + 1
            barren = barren + 1 if found <= marks else 0
            marks |= found
            yield from met.news(rows, str(page))
        if counts == {len(marks)}:
            return Proof("count", expected=said)
        if counts == {None} and before == marks:
            return Proof("double_read")
        before, marks, page = marks, set(), 1
    return Proof(why=f"{len(before):,} rows were met, the server counted {said}", expected=said)
