"""A server on a real socket that says exactly the bytes it is told, and a clock that only moves when somebody sleeps."""

import socket
import ssl
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from threading import Event, Thread

Answer = bytes | Callable[[], Iterable[bytes]]
HANGS = b"hangs"  # says nothing until the test ends


def says(body: bytes | str, status: int = 200, **headers: str) -> bytes:
    """A whole answer. `content_type` becomes Content-Type."""
    body = body.encode() if isinstance(body, str) else body
    lines = {"Content-Type": "application/json", "Content-Length": str(len(body)), "Connection": "close"}
    lines |= {name.replace("_", "-").title(): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode() + body


def endless(body: Iterable[bytes], **headers: str) -> Callable[[], Iterable[bytes]]:
    """An answer without a length, sent as it is made."""
    head = "".join(f"{name.replace('_', '-').title()}: {value}\r\n" for name, value in headers.items())

    def pieces() -> Iterable[bytes]:
        yield f"HTTP/1.1 200 Said\r\n{head}\r\n".encode()
        yield from body

    return pieces


@dataclass
class Misbehaving:
    """Says one answer after the other, the last one for ever; each connection is closed after its answer."""

    answers: list[Answer] = field(default_factory=list)
    tls: ssl.SSLContext | None = None
    log: list[bytes] = field(default_factory=list)  # every request, head and body

    def __enter__(self) -> "Misbehaving":
        self.ending = Event()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_) -> None:
        self.ending.set()
        self.listening.close()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"http://{self.host}/requests.json"

    def _serve(self) -> None:
        while not self.ending.is_set():
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        try:
            if self.tls:
                connection = self.tls.wrap_socket(connection, server_side=True)
            self.log.append(_request(connection))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if answer is HANGS:
                self.ending.wait()
            for piece in [answer] if isinstance(answer, bytes) else answer():
                connection.sendall(piece)
        except OSError:
            pass  # the client had enough
        finally:
            connection.close()


def _request(connection: socket.socket) -> bytes:
    said = b""
    while b"\r\n\r\n" not in said:
        piece = connection.recv(65536)
        if not piece:
            raise OSError
        said += piece
    head, _, body = said.partition(b"\r\n\r\n")
    lengths = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    while lengths and len(body) < int(lengths[0].split(b":")[1]):
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body


@dataclass
class Time:
    """Now, for an Http that must not wait for real."""

    now: float = 1_800_000_000.0
    each_look: float = 0.0  # how much time passes whenever somebody looks at the clock
    slept: list[float] = field(default_factory=list)

    def clock(self) -> float:
        self.now += self.each_look
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
