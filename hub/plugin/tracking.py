"""'Track my report': who holds a tracking number asks for its status by POST, so that it stands in no address or log.

What is told is what the release tells, never which row it is. A number that nobody has and one that may not be told
yet get the same answer by the same steps. Only data/lookup is read, which is written by `publish`.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs
from weakref import WeakKeyDictionary

from datasette import NotFound, Request, Response

from hub.datasette_compat import Datasette
from hub.plugin import served
from hub.plugin.rate import Buckets
from hub.tracking_numbers import LONGEST, number_of

PATH = "/r"
MOST = 1_000  # bytes of a form
ONE = "select status, outcome, until from statuses join told using (code) where hash = ?"
ENDINGS = {
    "fixed": "The city says that it was fixed, or that a rule was enforced.",
    "no_action": "It was looked at, and nothing was done.",
    "duplicate": "The same problem had been reported already.",
    "referred": "It was handed to another agency.",
    "administrative": "It was closed by an internal step; no work is claimed.",
    "unknown": "The city gives no reason.",
}
PRIVATE = {"cache-control": "no-store"}


@dataclass(frozen=True)
class Limits:
    """How often a visitor, and all visitors together, may ask in this process: nobody can go through all numbers.

    Nobody is exempt, as loopback may be from the limit of pages: behind a proxy that names no visitors all are one."""

    one: Buckets = field(default_factory=lambda: Buckets(rate=0.1, burst=10, exempt_loopback=False))
    all: Buckets = field(default_factory=lambda: Buckets(rate=5, burst=60, most=1, exempt_loopback=False))

    def wait(self, address: str) -> float:
        return self.one.wait(address, 1) or self.all.wait("all", 1)


_LIMITS: WeakKeyDictionary[Datasette, Limits] = WeakKeyDictionary()


def is_open(datasette: Datasette) -> bool:
    """There is such a page where the last publish wrote what it answers from."""
    folder = _folder(datasette)
    return folder is not None and (folder / "status.db").is_file()


async def page(request: Request, datasette: Datasette) -> Response:
    """The form, and to a POST the answer under it."""
    if not is_open(datasette):
        raise NotFound("This hub does not answer for single reports.")
    if request.method != "POST":
        return await _shown(request, datasette, {})
    wait = _limits(datasette).wait((request.scope.get("client") or ("unknown",))[0])
    if wait:
        return await _shown(request, datasette, {"wait": int(wait) + 1}, 429, {"retry-after": str(int(wait) + 1)})
    number = await _number(request)
    if number is None:
        return await _shown(request, datasette, {"is_empty": True}, 400)
    found = _told(_folder(datasette), number)
    ending = ENDINGS.get(found["outcome"] or "", "") if found else ""
    return await _shown(request, datasette, {"is_answer": True, "found": found, "ending": ending})


async def _shown(
    request: Request, datasette: Datasette, context: dict, status: int = 200, headers: dict | None = None
) -> Response:
    page = await datasette.render_template("track.html", {"longest": LONGEST, **context}, request)
    return Response.html(page, status=status, headers=PRIVATE | (headers or {}))


def _limits(datasette: Datasette) -> Limits:
    return _LIMITS.setdefault(datasette, Limits())


def _folder(datasette: Datasette) -> Path | None:
    """data/lookup, beside the data/public that is served."""
    link = served.now(datasette).link
    return link.parent.parent / "lookup" if link else None


async def _number(request: Request) -> str | None:
    """The tracking number of the form; None if there is none, or far too much."""
    body, more = b"", True
    while more and len(body) <= MOST:
        message = await request.receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    if len(body) > MOST:
        return None
    try:
        given = parse_qs(body.decode("utf-8", "replace"), max_num_fields=5).get("number", [""])[0].strip()
    except ValueError:
        return None
    return given[:LONGEST] or None


def _told(folder: Path, number: str) -> dict | None:
    """What may be told of a number. The same question is asked whatever it is."""
    key = (folder / "lookup.key").read_bytes()
    with closing(sqlite3.connect(f"file:{folder / 'status.db'}?mode=ro&immutable=1", uri=True)) as con:
        con.row_factory = sqlite3.Row
        found = con.execute(ONE, [number_of(number, key)]).fetchone()
    return dict(found) if found else None
