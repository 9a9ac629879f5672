"""How to walk a server page by page until it is proved that nothing was lost: by a growing key, or by position.

An end is never believed because a page is short or empty once: servers cap pages in silence, and an empty page in the
middle looks like the end. What a walk could not prove it returns as an unproven Proof, never as success.
"""

from array import array
from collections.abc import Callable, Iterable
from hashlib import sha256

import numpy as np
import orjson

from etl.sources.page import Pages, Proof, Request, Resume, key_of, page_of, text

TURNS = 1_000_000  # pages beyond which a walk is a loop
STUCK = 3  # pages in a row without news, beyond the end seen before: the position is not heeded
PASSES = 4  # readings of a window until two of them must agree
Rows = list[dict]


def keyset(
    request: Request,
    resume: Resume,
    fetch: Callable[[str], Rows],
    order: Callable[[dict], str],
    is_after: Callable[[str, str], bool],
    count: Callable[[], int],
    passes: int = 1,
) -> Pages:
    """Rows behind the last one met, again and again: `fetch(last)` gives the next ones ("" at the start), `order(row)`
    is what they are sorted by; a row that is not behind the one before it is none. Proved by a count that is the same
    before and after. Rows that come in meanwhile stand at the end: as long as there are any, and `passes` times, it goes
    on behind the last one until the count stands still."""
    before, last, read, ends = count(), resume.cursor, resume.rows, set()
    start = read
    for _ in range(TURNS):
        ends.add(last)
        rows = fetch(last) or fetch(last)
        if not rows:
            proof, passes = counted(read, before, count()), passes - 1
            if proof.proven_by or not passes or read == start:
                return proof
            before, start = proof.expected, read
            continue
        news = []
        for row in rows:
            place = order(row)
            if not last or is_after(place, last):
                news.append(row)
                last = place
        if not news or last in ends:
            return Proof(why=f"the server sends the same rows again after {read:,}", expected=before)
        page, read = page_of(request, news, read + 2, cursor=last), read + len(news)
        del rows, news  # they need more memory than all that is made of them
        yield page
    return Proof(why=f"no end was seen after {read:,} rows", expected=before)


class Repeats:
    """The ids of rows, in eight bytes each: where one comes twice in the place of another, the count does not tell."""

    def __init__(self) -> None:
        self.hashes = array("q")

    def add(self, ids: Iterable[object]) -> None:
        self.hashes.extend(map(hash, ids))

    @property
    def count(self) -> int:
        """How many rows came again."""
        return len(self.hashes) - len(np.unique(np.frombuffer(self.hashes, np.int64)))


def counted(read: int, before: int | None, after: int | None) -> Proof:
    """Proved if the server counted the same before and after, and so many rows were read."""
    if before == after == read:
        return Proof("count", expected=after)
    return Proof(why=f"{read:,} rows were read, the server counted {before} before and {after} after", expected=after)


def offset(
    request: Request,
    resume: Resume,
    fetch: Callable[[int], Rows],
    count: Callable[[], int | None] = lambda: None,
) -> Pages:
    """Rows from a position on: `fetch(position)`. Pages may shift while they are read, so rows are told apart by their
    ids; proved by the server's count, else by a second reading in which every row comes once and none is new. That one
    asks from other positions: an answer that is wrong every time would only be repeated."""
    met, before = Known(request, resume.keys), count()
    keys = met.marks
    at, read, end = int(resume.cursor or 0), resume.rows, 0
    for again in range(PASSES):
        known, without_news, has_holes, overlap, every = len(keys), 0, False, 0, Repeats()
        for _ in range(TURNS):
            rows = fetch(at) or fetch(at)
            if not rows:  # the end, unless something stands behind it
                at += 1
                rows = fetch(at)
                has_holes = has_holes or bool(rows)
            if not rows:
                break
            every.add(map(orjson.dumps, rows[overlap:]))
            overlap = int(again > 0 and len(rows) > 1)
            at += len(rows) - overlap
            news = met.news(rows)
            without_news = 0 if news else without_news + 1
            if news:
                yield page_of(request, news, read + 2, cursor=str(at))
                read += len(news)
            elif without_news > STUCK and at > end + STUCK * len(rows):
                return Proof(why="the server does not heed the position that it is asked for", expected=before)
        if before is not None and (proof := counted(len(keys), before, count())).proven_by:
            return proof
        if before is None and len(keys) == known and not has_holes and not every.count:
            return Proof("double_read")
        before, at, end = count() if before is not None else None, 0, max(end, at)
    return Proof(why=f"no two readings agreed; {len(keys):,} rows were met", expected=before)


class Known:
    """Which rows a part has met: their marks, and of those met since its last start what was in them."""

    def __init__(self, request: Request, before: Iterable[str] = ()) -> None:
        self.request, self.before = request, frozenset(before)
        self.marks, self.contents = set(self.before), set()

    def news(self, rows: Rows) -> Rows:
        """The rows that were not met: those without a key, too, which are for quarantine, and those that say something
        else under a key that was: which of them is the newest is judged later."""
        news = []
        for row in rows:
            mark, content = mark_of(self.request, row), hash(orjson.dumps(row))
            if content not in self.contents and mark not in self.before:
                news.append(row)
            self.marks.add(mark)
            self.contents.add(content)
        return news


def mark_of(request: Request, row: object) -> str:
    """What tells a row apart: its key, or what is in it where it has none."""
    for name in request.key if isinstance(row, dict) else ():  # quicker than by alias
        if found := text(row.get(name)):
            return found
    return key_of(request, row) or sha256(orjson.dumps(row)).hexdigest()
