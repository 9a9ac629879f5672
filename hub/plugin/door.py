"""The door: what a request must look like to come in, and what every answer carries."""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import Any

from hub.plugin.rate import Buckets, cost

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

# A backslash or a leading double slash turns a redirect into a way out of the site.
CROOKED = re.compile(r"^//|[\x00-\x20\\\x7f]|%5c|%0[0-9a-f]", re.IGNORECASE)
HIDDEN = re.compile(
    r"^/-/(databases|threads|plugins|actor|allow-debug|auth-token|permissions|messages|logout|patterns|versions)(\.json)?/?$"
    r"|^/dashboards/_stcore/(metrics|script-health-check)/?$"
)
METHODS = ("GET", "HEAD", "OPTIONS")
ASKED = {("POST", "/r")}  # a question that must not stand in an address
STRIPPED = re.compile(r"^(_ttl|_timelimit|_trace|_context)(=|$)")  # a visitor sets neither cache life nor debugging
UNREADABLE = re.compile(r"(^|&)_through(=|&|$)")  # which Datasette answers with an error of its own making
SIZED = re.compile(r"^(_size|_facet_size)=(max|\d+)$")
ROWS = 500  # of a table, or values of a facet, on a page: each is written by the thread that serves everybody
DATA = re.compile(r"\.(json|csv|jsono)$")
LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})
OURS = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
# Datasette's own pages hold inline script and style.
DATASETTE = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
UNKNOWN_HOST = "This hub does not answer under that name. Its operator sets the names in CITYGLASS_HOSTS."
TOO_MUCH = "Too many requests. Whole tables are under /downloads."
PREFLIGHT = {
    "allow": ", ".join(METHODS),
    "access-control-allow-origin": "*",
    "access-control-allow-methods": ", ".join(METHODS),
    "access-control-allow-headers": "*",
}
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cross-origin-opener-policy": "same-origin",
}


@dataclass(frozen=True)
class Door:
    """ASGI middleware. `csp` gives the content policy of a path; `extra` gives headers of the moment."""

    app: App
    hosts: Callable[[], frozenset[str]]
    csp: Callable[[str], str]
    buckets: Buckets | None = None
    extra: Callable[[], dict[str, str]] = field(default=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path = raw_path(scope)
        dressed = self._dressed(send, path)
        refusal = self._refusal(scope, path)
        if refusal:
            await _answer(dressed, *refusal)
            return
        asked = _mended(scope.get("query_string", b""), is_page=not DATA.search(path))
        await self.app(dict(scope, query_string=asked), receive, dressed)

    def _refusal(self, scope: Scope, path: str) -> tuple[int, str, dict[str, str]] | None:
        host, method = host_of(scope), scope["method"]
        query = scope.get("query_string", b"").decode("latin-1")
        for holds, *answer in (
            (
                method not in METHODS and (method, path) not in ASKED,
                405,
                "This hub is only read: ask with GET.",
                {"allow": ", ".join(METHODS)},
            ),
            (CROOKED.search(path) or UNREADABLE.search(_decoded(query)), 400, "There is no such address.", {}),
            (host not in LOCAL and host not in self.hosts(), 400, UNKNOWN_HOST, {}),
            (HIDDEN.search(path) or HIDDEN.search(scope["path"]), 404, "There is no such page.", {}),
            (method == "OPTIONS", 200, "", PREFLIGHT),
        ):
            if holds:
                return tuple(answer)
        wait = self._wait(scope, path)
        return (429, TOO_MUCH, {"retry-after": str(int(wait) + 1)}) if wait else None

    def _wait(self, scope: Scope, path: str) -> float:
        if self.buckets is None or not scope.get("client"):
            return 0
        return self.buckets.wait(scope["client"][0], cost(path, scope.get("query_string", b"").decode("latin-1")))

    def _dressed(self, send: Send, path: str) -> Send:
        always, begun = HEADERS | {"content-security-policy": self.csp(path)}, self.extra()

        async def dressed(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                # an answer that was begun before a swap and ends after it may be of either release: it names none
                added = always | dict(begun.items() & self.extra().items())
                said = {name.decode("latin-1").lower() for name, _ in message.get("headers", [])}
                ours = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in added.items() if n not in said]
                message = dict(message, headers=[*message.get("headers", []), *ours])
            await send(message)

        return dressed


def raw_path(scope: Scope) -> str:
    """The path as it was sent, without the query."""
    raw = scope.get("raw_path") or scope["path"].encode("utf-8")
    return raw.decode("latin-1").partition("?")[0]


def host_of(scope: Scope) -> str:
    """The name a request was sent to, without the port; empty if there is none, or more than one."""
    found = [value.decode("latin-1") for name, value in scope.get("headers", []) if name.lower() == b"host"]
    named = re.fullmatch(r"\[?([0-9A-Za-z.:-]+?)\]?(:\d{1,5})?", found[0]) if len(found) == 1 else None
    return named[1].lower().rstrip(".") if named else ""


def policy(path: str) -> str:
    """Content policy of a page of the hub."""
    return DATASETTE if path.startswith(("/city", "/-/")) else OURS


def _mended(query: bytes, is_page: bool) -> bytes:
    """The query without NUL and what a visitor does not set, and with no more rows than a page can show."""
    parts = query.decode("latin-1").replace("%00", "").split("&")
    kept = [_fitted(part, is_page) for part in parts if not STRIPPED.match(_decoded(part))]
    return "&".join(kept).encode("latin-1")


def _fitted(part: str, is_page: bool) -> str:
    sized = SIZED.match(_decoded(part))
    if not sized or (sized[1] == "_size" and not is_page):
        return part
    return f"{sized[1]}={ROWS}" if sized[2] == "max" or len(sized[2]) > 3 or int(sized[2]) > ROWS else part


def _decoded(part: str) -> str:
    return re.sub(r"%([0-9A-Fa-f]{2})", lambda found: chr(int(found[1], 16)), part)


async def _answer(send: Send, status: int, text: str, headers: dict[str, str]) -> None:
    pairs = {"content-type": "text/plain; charset=utf-8", "cache-control": "no-store", **headers}
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in pairs.items()]
    raw.append((b"content-length", str(len(text.encode())).encode()))
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": text.encode()})
