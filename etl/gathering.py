"""Pages that come quickly are stored together: a transaction costs the same for a hundred rows as for ten thousand."""

import time
from collections.abc import Callable
from itertools import chain

import pyarrow as pa

from etl.sources.page import Page, Pages, plain

ROWS = 10_000  # are stored at once, however quickly they came
SECONDS = 1.0  # of reading, which a power cut may cost; a page that takes longer is stored by itself


def gathered(pages: Pages, clock: Callable[[], float] = time.monotonic) -> Pages:
    """The same rows in fewer pages, with the same end. What came before an error is handed on before it is raised."""
    held, count, since = [], 0, clock()
    while True:
        try:
            page = next(pages)
        except StopIteration as end:
            yield from _joined(held)
            return end.value
        except Exception:
            yield from _joined(held)
            raise
        if held and not _fit(held[-1], page):
            yield from _joined(held)
            held, count, since = [], 0, clock()
        held.append(page)
        count += page.rows.num_rows
        if count >= ROWS or page.deletes or clock() - since >= SECONDS:  # what is deleted may come again later
            yield from _joined(held)
            held, count, since = [], 0, clock()


def _fit(page: Page, other: Page) -> bool:
    """Whether both spell their columns one way: of two spellings of one column only one would be read."""
    names = {*page.rows.column_names, *other.rows.column_names}
    return len(set(map(plain, names))) == len(names)


def _joined(pages: list[Page]) -> Pages:
    """The pages as one; only the last of them may have deletions."""
    if len(pages) < 2:
        yield from pages
        return
    yield Page(
        pa.concat_tables([page.rows for page in pages], promote_options="default").combine_chunks(),
        pages[0].first,
        tuple(chain.from_iterable(page.rejected for page in pages)),
        tuple(dict.fromkeys(chain.from_iterable(page.dropped for page in pages))),
        pages[-1].cursor,
        pages[-1].deletes,
    )
