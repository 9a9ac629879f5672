"""A city's system on a real socket of this machine: it speaks one platform's dialect and misbehaves on demand.

with City(Model(rows=200), "socrata", token="secret") as city:
    city.faults("cut", 700, page=3)
    httpx.get(f"{city.url}/resource/abcd-1234.json")
    city.log[0].headers["x-app-token"]
"""

import math
import socket
import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread

from tests.cities.dialects import PLATFORMS
from tests.cities.faults import Faults
from tests.cities.model import Model
from tests.cities.scene import Scene
from tests.cities.wire import Answer, Asked

ABRUPTLY = struct.pack("ii", 1, 0)  # SO_LINGER: the socket is reset when it is closed
PIECE = 1 << 18
BODILESS = {204, 304}


class City:
    """A running server. What went wrong inside it (not on demand) is raised when it ends."""

    def __init__(self, model: Model, platform: str, **options):
        self.model = model
        self.platform = PLATFORMS[platform](model, **options)
        self.faults = Faults()
        self.log: list[Asked] = []
        self.pages: dict[str, dict[tuple[str, bytes], int]] = {}  # path → question → its number
        self.last: dict[str, list[tuple[int, list[dict]]]] = {}  # path → the last two pages
        self.broken: list[Exception] = []
        self.patience: float = math.inf  # so many questions, and it is certain that they never end
        self.ending = Event()
        self.callers: set[socket.socket] = set()

    def __enter__(self) -> "City":
        self.server = Server(("127.0.0.1", 0), type("Asking", (Handler,), {"city": self}))
        self.thread = Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *problem) -> None:
        self.ending.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()
        for caller in tuple(self.callers):
            with suppress(OSError):
                caller.shutdown(socket.SHUT_RDWR)
        if self.broken and problem[0] is None:
            raise self.broken[0]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def asked_again(self) -> Counter:
        """How often each question for rows was asked beyond the first time."""
        asked = Counter(f"{one.target} {one.body.decode(errors='replace')}".strip() for one in self.log if one.page)
        return asked - Counter(dict.fromkeys(asked, 1))

    def answer(self, asked: Asked) -> Answer:
        with self.model.lock:
            self.log.append(asked)
            if len(self.log) > self.patience:
                raise RuntimeError(f"there is no end of questions; the last one is {asked.everything[:500]}")
            asked.number = len(self.log)
            asked.quick = not self.faults.script
            answer = self.platform.answer(asked)
            asked.page = None if answer.rows is None else self._page(asked)
            if self.faults.script:
                answer = self.faults.play(Scene(asked, answer, self.platform, *self._before(asked, answer)))
            asked.status, asked.rows = answer.status, len(answer.rows or ())
        return answer.finish()

    def _page(self, asked: Asked) -> int:
        questions = self.pages.setdefault(asked.path, {})
        return questions.setdefault((asked.target, asked.body), len(questions) + 1)

    def _before(self, asked: Asked, answer: Answer) -> tuple[list[dict], list[dict]]:
        """The rows of the page before this one, and of the first. Kept only while a script is there: they are many."""
        if answer.rows is None:
            return [], []
        pages = self.last.setdefault(asked.path, [])
        if not pages or pages[-1][0] != asked.page:
            pages.append((asked.page, list(answer.rows)))
            del pages[1:-2]
        return pages[-2:][0][1], pages[0][1]


class Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def handle_error(self, request, client_address) -> None:
        """A client that goes away is no problem of ours; everything else was noted by the handler."""


class Handler(BaseHTTPRequestHandler):
    city: City
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args) -> None:
        """The log is the city's, not the terminal's."""

    def setup(self) -> None:
        super().setup()
        self.city.callers.add(self.connection)

    def finish(self) -> None:
        self.city.callers.discard(self.connection)
        super().finish()

    def respond(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        headers = {name.lower(): value for name, value in self.headers.items()}
        asked = Asked(self.command, self.path, headers, self.rfile.read(size))
        try:
            answer = self.city.answer(asked)
        except Exception as error:
            self.city.broken.append(error)
            raise
        self.send(answer)

    do_GET = do_POST = do_HEAD = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = respond

    def send(self, answer: Answer) -> None:
        wire = answer.wire
        if wire.pause:
            self.city.ending.wait(wire.pause)
        if wire.reset:
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABRUPTLY)
        if wire.reset or wire.cut == -1:
            return self.hang_up()
        pieces = [answer.body] if isinstance(answer.body, bytes) else answer.body
        head = self.head(answer)
        if self.command == "HEAD" or answer.status in BODILESS:
            self.wfile.write(head)
        elif wire.cut is None and not wire.pace and not wire.chunked and isinstance(answer.body, bytes):
            self.wfile.write(head + answer.body)
        else:
            self.wfile.write(head)
            self.trickle(shortened(pieces, wire.cut), answer)
        if wire.cut is not None:
            self.hang_up()

    def head(self, answer: Answer) -> bytes:
        """The status line and the headers."""
        lines = {"Date": formatdate(self.city.model.now, usegmt=True), "Content-Type": answer.kind, **answer.headers}
        if answer.wire.chunked:
            lines["Transfer-Encoding"] = "chunked"
        elif answer.wire.length == -1:
            lines["Connection"] = "close"
        elif answer.status not in BODILESS:
            lines["Content-Length"] = str(len(answer.body) if answer.wire.length is None else answer.wire.length)
        status = f"HTTP/1.1 {answer.status} {reason(answer.status)}"
        return "\r\n".join((status, *(f"{name}: {value}" for name, value in lines.items()), "\r\n")).encode("latin-1")

    def trickle(self, pieces: Iterable[bytes], answer: Answer) -> None:
        """The body in pieces: as chunks, byte by byte, or as they come."""
        wire = answer.wire
        for piece in single_bytes(pieces) if wire.pace else pieces:
            if self.city.ending.is_set():
                return self.hang_up()
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if wire.chunked else piece)
            if wire.pace:
                self.city.ending.wait(wire.pace)
        if wire.chunked and wire.cut is None:
            self.wfile.write(b"0\r\n\r\n")

    def hang_up(self) -> None:
        self.close_connection = True


def reason(status: int) -> str:
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else "Unknown"


def single_bytes(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        yield from (piece[n : n + 1] for n in range(len(piece)))


def shortened(pieces: Iterable[bytes], size: int | None) -> Iterator[bytes]:
    """Pieces of a sendable length, up to `size` bytes in all."""
    left = size
    for whole in pieces:
        for start in range(0, len(whole), PIECE):
            piece = whole[start : start + PIECE] if left is None else whole[start : start + min(PIECE, left)]
            left = None if left is None else left - len(piece)
            if piece:
                yield piece
