"""The words of asking a city's system: a question, the head of an answer, and what can go wrong.

SourceError
├── Refused      it will not answer this question: the question, the key or the address is wrong
├── Gone         404, 410: what was asked for is not there
├── Unreachable  five tries, or the time for them, are used up
└── Unsafe       an answer beyond a limit, or an address that city.yml does not allow
IncompleteError
└── Paused       it wants us to wait longer than a run should: go on later
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, urlencode

import httpx
import orjson

from etl import wire
from etl.wire import ANSWER, Excess, Limits, Retry
from hub.errors import IncompleteError, SourceError

MOVED = {301, 302, 303, 307, 308}
CARRIED = ("User-Agent", "Accept")  # the headers that may follow a redirect to another host
LOOK = "open the address in a browser; if it moved, correct sources.{source}.location"
Query = dict[str, Any] | list[tuple[str, Any]] | None
Wrong = Callable[[Any], str | Retry | None]  # what a parsed body says if it is the platform's error object


class Refused(SourceError):
    pass


class Gone(SourceError):
    pass


class Unreachable(SourceError):
    pass


class Unsafe(SourceError):
    pass


class Paused(IncompleteError):
    pass


class Late(Exception):
    """The deadline of a request has passed."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One question, ready to be asked as often as need be."""

    url: httpx.URL
    method: str
    headers: httpx.Headers
    body: bytes | None = None
    allowed: tuple[int, ...] = ()  # statuses that mean "nothing there"
    read: Callable[[bytearray, str, str], Any] | None = None
    wrong: Wrong | None = None
    limits: Limits = ANSWER

    @classmethod
    def of(
        cls,
        url: httpx.URL,
        usual: dict[str, str],
        headers: dict[str, str] | None = None,
        body: dict | str | None = None,
        method: str = "",
        read: Callable | None = None,
    ) -> "Ask":
        """A question; a body of dict goes as JSON, of str as a form, unless `headers` call it something else."""
        sent = httpx.Headers(usual)
        if body is not None:
            is_form = isinstance(body, str)
            sent["Content-Type"] = "application/x-www-form-urlencoded" if is_form else "application/json"
            body = body.encode() if is_form else orjson.dumps(body)
        sent.update(headers)
        return cls(url, method or ("GET" if body is None else "POST"), sent, body, read=read)

    def next_place(self, location: str) -> httpx.URL:
        """Where a redirect leads. Raises Retry if that is no address."""
        try:
            place = self.url.join(location)
        except (httpx.InvalidURL, ValueError):
            raise Retry("redirects to what is no address") from None
        if self.url.scheme == "https" and place.scheme == "http":
            raise Excess("redirects to an address without encryption", LOOK)
        return place

    def moved(self, status: int, place: httpx.URL) -> "Ask":
        """The same question elsewhere; what we send and the keys in its headers do not go to another host."""
        headers, method, body = self.headers.copy(), self.method, self.body
        if status == 303 or (status in (301, 302) and method == "POST"):
            method, body = "GET", None
            headers.pop("content-type", None)
        if (place.scheme, host_of(place)) != (self.url.scheme, host_of(self.url)):
            if body is not None:
                raise Excess("redirects what we send to another host", LOOK)
            headers = httpx.Headers({name: headers[name] for name in CARRIED if name in headers})
        return replace(self, url=place, headers=headers, method=method, body=body)


@dataclass(frozen=True, slots=True)
class Reply:
    """The head of an answer; its body is still on the wire."""

    status: int
    headers: httpx.Headers
    pieces: Iterator[bytes]

    @property
    def is_moved(self) -> bool:
        return self.status in MOVED and "location" in self.headers

    @property
    def kind(self) -> str:
        return self.headers.get("content-type", "")

    @property
    def coding(self) -> str:
        return self.headers.get("content-encoding", "")

    def blocks(self, limits: Limits, pieces: Iterator[bytes] | None = None) -> Iterator[bytes]:
        """The inflated body. Raises Excess as soon as it is known to be beyond the limits."""
        length = self.headers.get("content-length", "")[:20]
        if length.isdecimal() and int(length) > limits.sent:
            raise Excess(f"announces {int(length) // wire.MIB} MiB")
        return wire.inflated(pieces or self.pieces, self.coding, limits)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, unread; `headers` do not mind case."""

    status: int
    headers: httpx.Headers
    body: bytes


def host_of(url: str | httpx.URL) -> str:
    """The host of an address as `hosts` names it: with its port, unless that is the scheme's own."""
    return httpx.URL(url).netloc.decode().rpartition("@")[2].lower()


def with_query(url: str, params: Query) -> str:
    """The address with more in its query. What it has already stays as it is: next links are not ours to rewrite."""
    pairs = params.items() if isinstance(params, dict) else params or ()
    query = urlencode([(k, v) for k, v in pairs if v is not None], doseq=True, quote_via=quote, safe="$,:")
    address = url.partition("#")[0]
    return f"{address}{'&' if '?' in address else '?'}{query}" if query else address


def seconds_after(headers: httpx.Headers, now: float) -> float | None:
    """What Retry-After says, seconds or a date; None if it says nothing."""
    said = headers.get("retry-after", "").strip()
    if said.isascii() and said.isdecimal():
        return float(said[:10])  # 300 years are enough
    try:
        date = parsedate_to_datetime(said)
        return max(0.0, date.replace(tzinfo=date.tzinfo or UTC).timestamp() - now)
    except (ValueError, TypeError, OverflowError):
        return None
