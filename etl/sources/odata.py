"""How an OData service is walked: from link to link, and only a chain without an oddity is proof.

A page that is not full, the last one too, is asked for twice: an answer that was cut or emptied on its way looks like
any other. A link that leads back, a page that comes again and a short page in the middle end a walk unproven.
"""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

import orjson

from etl.sources.page import Page, Pages, Proof, Request, Resume, page_of
from etl.sources.walkers import Repeats
from hub.errors import SourceError

NEXT, DELTA, CONTEXT = "@odata.nextLink", "@odata.deltaLink", "@odata.context"
LABEL = "@OData.Community.Display.V1.FormattedValue"
PAGE_ROWS = 5000  # the most that one page may have


@dataclass(frozen=True, slots=True)
class Chain:
    """Where a chain of links starts, and what is known of it before it is walked.

    `fetch` gives None for a link that has expired, `count` None where the server does not count. `has_delta`: it ends
    in a delta link, which becomes the cursor of changes. `is_even`: its pages are full, but the last one. `has_keys`:
    deleted rows are told by the key that the city uses, else a deletion leaves the walk unproven. `id`: the column that
    tells rows apart."""

    start: str
    fetch: Callable[[str], dict | None]
    count: Callable[[], int | None] = lambda: None
    has_delta: bool = False
    is_even: bool = True
    has_keys: bool = True
    id: str = "id"


def walk(request: Request, resume: Resume, chain: Chain) -> Pages:
    """The rows behind the first link and every one after it. Proved by a count that is the same before and after, else
    by the end of the chain."""
    link, odd, delta = orjson.loads(resume.cursor or "null") or (chain.start, "", "")
    before, read, size, rows, links, repeats = chain.count(), resume.rows, 0, [], set(), Repeats()
    while link and link not in links:
        links.add(link)
        answer = _asked(chain, link, size or PAGE_ROWS, rows)
        if answer is None and link == chain.start:
            return Proof(why="its link has expired")
        if answer is None:  # it was given to a walk that was broken off: all comes again, under the same ids
            return (yield from walk(request, Resume(), chain))
        if rows and rows == answer["value"]:
            return Proof(why=f"the same page comes again after {read:,} rows", expected=before)
        rows, link, delta = answer["value"], following(link, answer), answer.get(DELTA, "")
        repeats.add(row[chain.id] for row in rows if isinstance(row, dict) and chain.id in row)
        odd = odd or _odd(chain, rows, size, is_last=not link)
        size = max(size, len(rows))
        if rows:
            yield _page(request, rows, read, orjson.dumps((link, odd, delta)).decode())
        read += len(rows)
    if link:
        return Proof(why=f"the link after {read:,} rows leads back to one before", expected=before)
    if chain.has_delta and not delta:
        return Proof(why=f"the chain breaks off after {read:,} rows", expected=before)
    if repeats.count:
        odd = f"{repeats.count:,} rows came twice, perhaps in the place of others"
    return _proof(read - repeats.count, odd, before, chain.count(), delta)


def _asked(chain: Chain, link: str, full: int, before: list) -> dict | None:
    """What is behind a link: the better of two answers, unless the first is a full page that nobody saw before."""
    answer = chain.fetch(link)
    if answer is None or (len(answer["value"]) >= full and answer["value"] != before and NEXT in answer):
        return answer
    again = chain.fetch(link)
    return max(answer, again or answer, key=lambda one: (one["value"] != before, NEXT in one, len(one["value"])))


def following(link: str, answer: dict) -> str:
    """The link to the next page, "" at the end. It may be relative; one to another host is refused."""
    if not (told := answer.get(NEXT)):
        return ""
    found = urljoin(link, told)
    if urlsplit(found)[:2] != urlsplit(link)[:2]:
        raise SourceError(
            f"{link.partition('?')[0]}: its next page is on another host, {urlsplit(found).netloc}.",
            "nothing was sent there; ask who runs the system whether it moved, and correct the location in city.yml",
        )
    return found


def _odd(chain: Chain, rows: list, size: int, is_last: bool) -> str:
    """What keeps a page from being proof; `size`: of the largest page before it."""
    if not chain.has_keys and any(map(is_gone, rows)):
        return "rows were deleted that only a reading of all can name"
    if chain.is_even and size and (len(rows) > size or (len(rows) < size and not is_last)):
        return "a page in the middle was short, though it was asked for twice"
    return ""


def _proof(read: int, odd: str, before: int | None, after: int | None, delta: str) -> Proof:
    if before is not None and before == after:
        odd = "" if read == after else f"{read:,} rows were read, the server counts {after:,}"
        return Proof("" if odd else "count", odd, after, "" if odd else delta)
    return Proof(why=odd, expected=after) if odd else Proof("next_link_end", expected=after, cursor=delta)


def _page(request: Request, rows: list, read: int, cursor: str) -> Page:
    there = [labelled(row) for row in rows if not is_gone(row)]
    deletes = tuple(str(row.get("id") or "") for row in rows if is_gone(row))
    return page_of(request, there, read + 2, cursor=cursor, deletes=deletes)


def is_gone(row: object) -> bool:
    """True for the note in a delta that a row was deleted, or may no longer be seen."""
    return isinstance(row, dict) and "$deletedEntity" in str(row.get(CONTEXT, ""))


def labelled(row: object) -> object:
    """Of the notes on a row only the labels of options and the names behind lookups, as columns called `name@label`."""
    if not isinstance(row, dict):
        return row
    return {name.replace(LABEL, "@label"): value for name, value in row.items() if "@" not in name or LABEL in name}
