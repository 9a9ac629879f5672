"""Ask an ASGI application for an address exactly as it is written, the way a rude client would."""

import asyncio
import json
from dataclasses import dataclass
from urllib.parse import unquote

NEIGHBOUR = ("127.0.0.1", 4711)  # exempt from the rate limit
VISITOR = ("203.0.113.7", 4711)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode("utf-8")

    @property
    def json(self):
        return json.loads(self.body)


async def ask(
    app, target: str, *, method: str = "GET", headers: dict | None = None, client=NEIGHBOUR, body: bytes = b""
) -> Answer:
    """`target` is the path and query as sent: nothing is normalised."""
    path, _, query = target.partition("?")
    given = {"host": "localhost:8001", **(headers or {})}
    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("latin-1"),
        "query_string": query.encode("latin-1"),
        "root_path": "",
        "headers": [
            (name.lower().encode(), value.encode("latin-1")) for name, value in given.items() if value is not None
        ],
        "client": client,
        "server": ("localhost", 8001),
    }
    sent: list[dict] = []
    asked = asyncio.Queue()
    asked.put_nowait({"type": "http.request", "body": body, "more_body": False})

    async def send(message: dict) -> None:
        sent.append(message)

    await app(scope, asked.get, send)
    start = next(message for message in sent if message["type"] == "http.response.start")
    found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]}
    said = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    return Answer(start["status"], found, said)


@dataclass
class Living:
    """`async with Living(app):` starts an application through its lifespan and stops it again."""

    app: object
    failure: str = ""

    async def __aenter__(self) -> "Living":
        self._inbox, self._outbox = asyncio.Queue(), asyncio.Queue()
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
        self._task = asyncio.create_task(self.app(scope, self._inbox.get, self._outbox.put))
        await self._inbox.put({"type": "lifespan.startup"})
        said = await self._outbox.get()
        self.failure = said.get("message", "") if said["type"].endswith("failed") else ""
        return self

    async def __aexit__(self, *error) -> None:
        if not self.failure:
            await self._inbox.put({"type": "lifespan.shutdown"})
            await self._outbox.get()
        await self._task
