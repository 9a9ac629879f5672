"""Answers of the release being served, remembered whole: it never changes, so the same question has the same answer.

What a visitor writes (SQL, words to search for) is nobody's business, and is not kept.
"""

import re
import time
from collections import OrderedDict
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from hub.plugin.door import App, Receive, Scope, Send, raw_path

KEPT = re.compile(r"/city(/[^/]+)?(\.json)?")  # tables and ready questions; a row is quick
WRITTEN = re.compile(r"(^|&)(sql|q|_where|_search\w*|_stream|_dl|[^=&]*__(?!exact|isnull|notnull)\w+)=")
LONGEST = 300  # characters of a query
LARGEST = 500_000  # bytes of one answer
MOST = 24_000_000  # bytes of all answers
SLOW = 3.0  # seconds: an answer that took longer may have given up on a count
GAVE_UP = re.compile(rb'class="facets-timed-out"|"facets_timed_out": \[[^]]')

Key = tuple[str, str, bytes, str, bytes]


@dataclass
class Remembered:
    """ASGI middleware. `release` names the release of the moment; nothing is kept where it changed meanwhile."""

    app: App
    release: Callable[[], str]
    _answers: OrderedDict[Key, list[MutableMapping[str, Any]]] = field(default_factory=OrderedDict, repr=False)
    _bytes: int = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = self._key(scope)
        if key is None:
            await self.app(scope, receive, send)
            return
        if key in self._answers:
            self._answers.move_to_end(key)
        else:
            said: list[MutableMapping[str, Any]] = []
            begun = time.monotonic()
            await self.app(scope, receive, _listening(send, said))
            if time.monotonic() - begun < SLOW:
                self._keep(key, said)
            return
        for message in self._answers[key]:
            await send(message)

    def _key(self, scope: Scope) -> Key | None:
        if scope["type"] != "http" or scope["method"] != "GET" or not KEPT.fullmatch(raw_path(scope)):
            return None
        query, given = scope.get("query_string", b""), dict(scope["headers"])
        if len(query) > LONGEST or WRITTEN.search(query.decode("latin-1")) or b"cookie" in given:
            return None
        return self.release(), scope["scheme"], given.get(b"host", b""), raw_path(scope), query

    def _keep(self, key: Key, said: list[MutableMapping[str, Any]]) -> None:
        size = _size(said)
        if not _is_for_all(said) or size > LARGEST or key in self._answers or self.release() != key[0]:
            return
        self._bytes += size
        self._answers[key] = said
        while self._bytes > MOST:
            _, forgotten = self._answers.popitem(last=False)
            self._bytes -= _size(forgotten)


def _listening(send: Send, said: list[MutableMapping[str, Any]]) -> Send:
    """A `send` that notes what is said, unless that is too long to be kept."""

    async def noting(message: MutableMapping[str, Any]) -> None:
        if _size(said) <= LARGEST:
            said.append(message)
        await send(message)

    return noting


def _is_for_all(said: list[MutableMapping[str, Any]]) -> bool:
    """A good and whole answer that nothing in it ties to one visitor."""
    if not said or said[0]["status"] != 200 or any(name == b"set-cookie" for name, _ in said[0]["headers"]):
        return False
    return not any(GAVE_UP.search(message.get("body", b"")) for message in said)


def _size(said: list[MutableMapping[str, Any]]) -> int:
    return sum(len(message.get("body", b"")) for message in said)
