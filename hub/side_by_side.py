"""Two ASGI applications behind one port: Streamlit under /dashboards, Datasette everywhere else."""

import asyncio
import re
from dataclasses import dataclass
from typing import Any

from hub.plugin.door import App, Receive, Scope, Send, raw_path

PREFIX = "/dashboards"
COOKIE_PATH = re.compile(rb"(;\s*path=)/(?=;|$)", re.IGNORECASE)
ALSO_FIRST = (PREFIX, f"{PREFIX}/overview")  # the first view, by its own name


@dataclass(frozen=True)
class SideBySide:
    """Dispatches on the unstripped path: a stripping mount breaks Streamlit's links and its websocket."""

    root: App
    dashboards: App

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await fan_out((self.root, self.dashboards), scope, receive, send)
            return
        under = scope["path"] == PREFIX or scope["path"].startswith(f"{PREFIX}/")
        if scope["type"] == "websocket" and not under:
            await receive()
            await send({"type": "websocket.close", "code": 1000})
        elif under and scope["path"] in ALSO_FIRST:
            await _redirect(send, scope)
        elif under:
            await self.dashboards(scope, receive, cookies_kept_under(send))
        else:
            await self.root(scope, receive, send)


def cookies_kept_under(send: Send) -> Send:
    """Streamlit's cookies would otherwise reach every page and defeat any shared cache there."""

    async def rewritten(message: Any) -> None:
        if message["type"] in ("http.response.start", "websocket.accept"):
            headers = [
                (
                    name,
                    COOKIE_PATH.sub(rb"\g<1>" + PREFIX.encode() + b"/", value)
                    if name.lower() == b"set-cookie"
                    else value,
                )
                for name, value in message.get("headers", [])
            ]
            message = dict(message, headers=headers)
        await send(message)

    return rewritten


async def fan_out(apps: tuple[App, ...], scope: Scope, receive: Receive, send: Send) -> None:
    """Give each application its own start-up and shutdown; all must start, or none serves."""
    inboxes = [asyncio.Queue() for _ in apps]
    outboxes = [asyncio.Queue() for _ in apps]
    running = [
        asyncio.create_task(app(dict(scope, state={}), inbox.get, outbox.put))
        for app, inbox, outbox in zip(apps, inboxes, outboxes, strict=True)
    ]
    for phase in ("startup", "shutdown"):
        message = await receive()
        for inbox in inboxes:
            await inbox.put(message)
        answers = await asyncio.gather(*map(_answer, outboxes, running))
        failures = [answer.get("message", "") for answer in answers if answer["type"].endswith(".failed")]
        if failures:
            await send({"type": f"lifespan.{phase}.failed", "message": "; ".join(failures)})
            break
        await send({"type": f"lifespan.{phase}.complete"})
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def _answer(outbox: asyncio.Queue, running: asyncio.Task) -> dict:
    """What an application says to its lifespan; one that ends by an error has failed."""
    said = asyncio.ensure_future(outbox.get())
    await asyncio.wait({said, running}, return_when=asyncio.FIRST_COMPLETED)
    if said.done():
        return said.result()
    said.cancel()
    error = running.exception()
    return {"type": "lifespan.failed" if error else "lifespan.complete", "message": str(error or "")}


async def _redirect(send: Send, scope: Scope) -> None:
    query, own = scope.get("query_string", b""), raw_path(scope).rpartition(PREFIX)[0]
    to = f"{own}{PREFIX}/".encode() + (b"?" + query if query else b"")
    await send(
        {"type": "http.response.start", "status": 308, "headers": [(b"location", to), (b"content-length", b"0")]}
    )
    await send({"type": "http.response.body", "body": b""})
