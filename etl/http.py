"""Asking a city's system over HTTP: polite, stubborn, and never further than city.yml allows.

One Http belongs to one source and one thread. No message or log holds a query, a header, a body or the secret.
"""

import logging
import random
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from typing import Any, BinaryIO, TypeVar

import httpcore
import httpx
import stamina
from lxml import etree

from etl import download, wire
from etl.asking import (
    LOOK,
    Answer,
    Ask,
    Gone,
    Late,
    Paused,
    Query,
    Refused,
    Reply,
    Unreachable,
    Unsafe,
    Wrong,
    host_of,
    seconds_after,
    with_query,
)
from etl.dial import BROKEN, Dialer, is_here, reason
from etl.download import Downloaded
from etl.secrets import Secret
from etl.wire import ANSWER, FILE, BadlyPacked, Excess, Retry
from hub.errors import CityglassError, ConfigurationError, SourceError

TRIES = 5
FIRST_WAIT, LONGEST_WAIT = 1.0, 30.0  # seconds between tries: doubled each time, with jitter
LONGEST_PAUSE = 15 * 60  # of Retry-After, for all tries together
LONGEST_TOLD = 366 * 86_400  # a longer rest is told as this one: calendars end, what servers write does not
REDIRECTS = 3
TIMEOUT = {"connect": 10.0, "read": 60.0, "write": 30.0, "pool": 10.0}
AGAIN = {202, 204, 205, 206, 408, 425, 429}  # and all from 500: the next try may be answered
KEPT_OPEN = 15.0  # seconds that an idle connection is kept
PORTS = {"http": 80, "https": 443}
AGENT = f"Cityglass/{version('cityglass')}"
ACCEPTS = {
    wire.json: "application/json, */*;q=0.1",
    wire.xml: "application/xml, text/xml;q=0.9, */*;q=0.1",
    wire.text: "text/*, */*;q=0.5",
}

# The libraries would log addresses and headers, and each retry without saying of what.
for _name in ("httpcore", "httpx"):
    logging.getLogger(_name).setLevel(logging.WARNING)
stamina.instrumentation.set_on_retry_hooks(())

T = TypeVar("T")
certificates = cache(httpx.create_ssl_context)  # reading them takes longer than most answers


@dataclass
class Http:
    """How one source is asked. `hosts`: those it may talk to, each a name (the usual port) or name:port."""

    source: str
    hosts: frozenset[str]
    contact: str = ""
    secret: Secret | None = None
    per_second: float = 2.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    now: Callable[[], float] = time.time
    requests: int = 0
    bytes: int = 0
    encoding: str = ""  # of this source's texts, whatever their headers say

    def __post_init__(self) -> None:
        self._until = 0.0  # when the request that is being made must be over
        self._turn: dict[str, float] = {}  # host → when it may be asked again
        self._plain: set[str] = set()  # hosts whose compression is broken
        self._pool = httpcore.ConnectionPool(
            certificates(), keepalive_expiry=KEPT_OPEN, network_backend=Dialer(self._left)
        )
        self._known(self.encoding)

    def json(
        self,
        url: str,
        params: Query = None,
        body: dict | str | None = None,
        headers: dict[str, str] | None = None,
        wrong: Wrong | None = None,
        method: str = "",
        allowed: tuple[int, ...] = (),
    ) -> Any:
        """The parsed answer; None for a status in `allowed`. A body of dict is sent as JSON, of str as a form."""
        ask = self._ask(url, params, headers, wire.json, body, method)
        return self._value(replace(ask, wrong=wrong, allowed=allowed))

    def xml(
        self,
        url: str,
        params: Query = None,
        headers: dict[str, str] | None = None,
        wrong: Wrong | None = None,
        allowed: tuple[int, ...] = (),
    ) -> etree._Element | None:
        """The root element; None for a status in `allowed`."""
        return self._value(replace(self._ask(url, params, headers, wire.xml), wrong=wrong, allowed=allowed))

    def text(self, url: str, params: Query = None, headers: dict[str, str] | None = None, encoding: str = "") -> str:
        self._known(encoding)
        return self._value(self._ask(url, params, headers, wire.text), encoding)

    def answer(
        self,
        url: str,
        params: Query = None,
        body: dict | str | None = None,
        headers: dict[str, str] | None = None,
        method: str = "",
        allowed: tuple[int, ...] = (),
    ) -> Answer | None:
        """Status, headers and bytes; None for a status in `allowed`."""
        ask = replace(self._ask(url, params, headers, None, body, method), allowed=allowed)

        def take(reply: Reply) -> Answer:
            if ask.method == "HEAD":  # it tells of a body that it does not bring
                return Answer(reply.status, reply.headers, b"")
            held = bytes(wire.whole(reply.blocks(ANSWER)))
            if not held:
                raise Retry("sends nothing")
            return Answer(reply.status, reply.headers, held)

        return self._fetch(ask, take)

    def download(
        self, url: str, into: BinaryIO, params: Query = None, headers: dict[str, str] | None = None
    ) -> Downloaded:
        """Write a file as it comes; each try begins where `into` stood."""
        ask = replace(self._ask(url, params, headers), limits=FILE)
        start = into.tell()

        def take(reply: Reply) -> Downloaded:
            into.seek(start)
            into.truncate()
            return download.write(reply, ask.url.path, into)

        return self._fetch(ask, take)

    def close(self) -> None:
        self._pool.close()

    # What to ask, and where

    def _ask(
        self,
        url: str,
        params: Query,
        headers: dict[str, str] | None,
        read: Callable | None = None,
        body: dict | str | None = None,
        method: str = "",
    ) -> Ask:
        place = self._place(with_query(url, params))
        return Ask.of(place, {**self._agent(), "Accept": ACCEPTS.get(read, "*/*")}, headers, body, method, read)

    def _agent(self) -> dict[str, str]:
        contact = "".join(letter for letter in self.contact if letter.isascii() and letter.isprintable())
        return {"User-Agent": f"{AGENT} (+{contact})" if contact else AGENT}

    def _place(self, url: str | httpx.URL) -> httpx.URL:
        """The address, if it is one that this source may ask. Raises Unsafe."""
        try:
            place = httpx.URL(url)
            host = host_of(place)
        except (httpx.InvalidURL, ValueError):
            raise self._error(Unsafe, None, "is sent to what is no address", LOOK) from None
        names = {host, f"{host}:{PORTS.get(place.scheme)}"}
        if place.scheme not in PORTS or not names & {known.lower() for known in self.hosts}:
            text = f"is sent to {place.scheme}://{host[:100]}, where city.yml does not send it"
            cure = "if that belongs to the city's system, add it to sources.{source}.hosts"
            raise self._error(Unsafe, None, text, cure)
        if place.userinfo:
            cure = "name it in sources.{source}.credentials instead"
            raise self._error(Unsafe, place, "has a password in its address", cure)
        return place

    # Trying

    def _value(self, ask: Ask, encoding: str = "") -> Any:
        def take(reply: Reply) -> Any:
            value = self._parsed(ask, reply, encoding)
            told = ask.wrong(value) if ask.wrong else None
            if isinstance(told, Retry):
                raise Retry(f"says: {told.text}", told.cure, told.after)
            if told is not None:
                cure = "compare sources.{source} in city.yml with what the platform says"
                raise self._error(SourceError, ask.url, f"says: {told}", cure)
            return value

        return self._fetch(ask, take)

    def _parsed(self, ask: Ask, reply: Reply, encoding: str = "") -> Any:
        return ask.read(wire.whole(reply.blocks(ANSWER)), reply.kind, encoding or self.encoding)

    def _fetch(self, ask: Ask, take: Callable[[Reply], T]) -> T | None:
        """What `take` makes of the reply. All of it, from the connection to `take`, is tried again."""
        self._until = self.clock() + ask.limits.seconds
        waited = pause = 0.0
        try:
            # The library counts the tries; it cannot be told how to sleep, and our pauses move the deadline.
            for attempt in stamina.retry_context(on=Retry, attempts=TRIES, timeout=None, wait_max=0.0):
                with attempt:
                    self._rest(pause)
                    got = self._tried(ask, take)
                    if isinstance(got, Retry):
                        pause = self._pause(ask, got, attempt.num, waited)
                        waited += got.after or 0.0
                    if isinstance(got, Exception):
                        raise got
                    return got
        except Retry as problem:
            text = f"{problem.text} ({TRIES} tries)"
            raise self._error(Unreachable, ask.url, text, problem.cure or LOOK, problem.status) from None
        except Late:
            text = f"did not bring its answer to an end within {ask.limits.seconds:.0f} seconds"
            raise self._error(Unreachable, ask.url, text, "try again later, or ask for less at a time") from None
        except Excess as problem:
            raise self._error(Unsafe, ask.url, problem.text, problem.cure) from None

    def _tried(self, ask: Ask, take: Callable[[Reply], T]) -> T | Exception | None:
        """One try; what went wrong is returned, cut off from the frames that still hold all that was read."""
        try:
            return self._once(ask, take)
        except (Retry, Excess, Late, CityglassError) as problem:
            problem.__context__ = None
            return problem.with_traceback(None)

    def _once(self, ask: Ask, take: Callable[[Reply], T]) -> T | None:
        try:
            for _ in range(REDIRECTS + 1):
                with self._sent(ask) as reply:
                    if reply.status in ask.allowed:
                        return None
                    if not reply.is_moved:
                        self._judge(ask, reply)
                        return take(reply)
                    ask = ask.moved(reply.status, self._place(ask.next_place(reply.headers["location"])))
            raise Excess(f"redirects more than {REDIRECTS} times", LOOK)
        except BadlyPacked:
            self._plain.add(ask.url.host)
            raise
        except BROKEN as error:
            raise Retry(reason(error)) from None
        except httpcore.LocalProtocolError:
            cure = f"look at {self._setting()} for strange characters"
            raise self._error(Refused, ask.url, "cannot be sent a header that is none", cure) from None

    @contextmanager
    def _sent(self, ask: Ask) -> Iterator[Reply]:
        """The question goes out, in its turn."""
        url, host = ask.url, ask.url.host
        if not is_here(host):
            self._rest(self._turn.get(host, 0.0) - self.clock())
            self._turn[host] = self.clock() + 1 / self.per_second
        self.requests += 1
        coding = "identity" if host in self._plain else "gzip, deflate"
        headers = httpx.Headers({"Host": host_of(url), "Accept-Encoding": coding})
        headers.update(ask.headers)
        place = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        options = {"headers": headers.raw, "content": ask.body, "extensions": {"timeout": TIMEOUT}}
        with self._pool.stream(ask.method, place, **options) as response:
            yield Reply(response.status, httpx.Headers(response.headers), self._pieces(response))

    def _pieces(self, response: httpcore.Response) -> Iterator[bytes]:
        for piece in response.iter_stream():
            self.bytes += len(piece)
            yield piece

    def _judge(self, ask: Ask, reply: Reply) -> None:
        """Raise what a status means that is no success."""
        status = reply.status
        if status in AGAIN or status >= 500:
            raise Retry(f"answers with {status}", "", seconds_after(reply.headers, self.now()), status)
        if status >= 300:
            kind = Gone if status in (404, 410) else Refused
            cure = f"check {self._setting()}: the key is missing, wrong or used up" if status in (401, 403) else LOOK
            raise self._error(kind, ask.url, f"answers with {status}{self._told(ask, reply)}", cure, status)

    def _told(self, ask: Ask, reply: Reply) -> str:
        """What the platform itself says when it refuses."""
        try:
            told = ask.wrong(self._parsed(ask, reply)) if ask.wrong else None
        except (Retry, Excess, *BROKEN):
            return ""
        told = told.text if isinstance(told, Retry) else told
        return f": {told}" if told else ""

    # Waiting

    def _left(self) -> float:
        """Seconds until the deadline."""
        left = self._until - self.clock()
        if left <= 0:
            raise Late
        return left

    def _rest(self, seconds: float) -> None:
        """Sleep; the time is not taken from the request."""
        if seconds > 0:
            self.sleep(seconds)
            self._until += seconds

    def _pause(self, ask: Ask, problem: Retry, number: int, waited: float) -> float:
        """The seconds before the next try. Raises Paused if the server wants more of them than a run has."""
        after = min(problem.after or 0.0, LONGEST_TOLD)
        if waited + after > LONGEST_PAUSE:
            until = datetime.fromtimestamp(self.now() + after, UTC)
            more = " or later" if after == LONGEST_TOLD else ""
            text = f"wants to be left alone until {until:%Y-%m-%d %H:%M} UTC{more}"
            raise self._error(Paused, ask.url, text, "run again after that; what was read is kept", problem.status)
        return max(after, min(LONGEST_WAIT, FIRST_WAIT * 2 ** (number - 1)) * random.uniform(0.5, 1.5))

    # Messages

    def _known(self, encoding: str) -> None:
        if encoding and not wire.codec(encoding):
            raise ConfigurationError(
                f"sources.{self.source}.layout.encoding is {encoding!r}, which is not read here.",
                "use a name such as utf-8, utf-16, cp1252 or iso-8859-1",
            )

    def _setting(self) -> str:
        return self.secret.setting if self.secret else f"sources.{self.source}.credentials"

    def _error(
        self, kind: type[CityglassError], url: httpx.URL | None, text: str, cure: str, status: int | None = None
    ) -> CityglassError:
        place = f"{host_of(url)}{url.path[:120]} (source {self.source!r})" if url else f"Source {self.source!r}"
        message = self._clean(f"{place} {text}")[:500]
        return kind(
            f"{message}.", self._clean(cure.replace("{source}", self.source)), source=self.source, status=status
        )

    def _clean(self, text: str) -> str:
        """The text without the secret, in one line."""
        text = self.secret.redacted(text) if self.secret else text
        return re.sub(r"[\s\x00-\x1f\x7f-\x9f]+", " ", text).strip()
