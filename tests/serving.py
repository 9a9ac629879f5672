"""A real `cityglass` process, for tests that come in by the front door.

with running("serve", folder=folder) as server:
    server.get("/healthz").json()
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

BIN = Path(sys.executable).parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass(frozen=True)
class Server:
    """A process that serves at `url`; what it prints goes into the file `log`."""

    url: str
    process: subprocess.Popen
    log: Path
    client: httpx.Client

    def get(self, target: str, **given) -> httpx.Response:
        return self.client.get(target, **given)

    @property
    def said(self) -> str:
        return self.log.read_text("utf-8")

    def interrupt(self) -> int:
        """What Ctrl-C does. The exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)

    def until(self, answers, seconds: float):
        """Ask again until `answers()` is true; how many seconds that took."""
        start = time.monotonic()
        while not answers():
            assert self.process.poll() is None, self.said
            assert time.monotonic() - start < seconds, self.said
            time.sleep(0.1)
        return time.monotonic() - start


@contextmanager
def running(*arguments: str, folder: Path, program: str = "cityglass", wait: float = 60) -> Iterator[Server]:
    """Start `program arguments --port FREE` in `folder` and wait until it answers; end it by its own id."""
    port, log = free_port(), folder / f"{program}-{time.monotonic_ns()}.log"
    command = [str(BIN / program), *arguments, "--port", str(port)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("CITYGLASS_")}
    with log.open("wb") as out, httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        process = subprocess.Popen(command, cwd=folder, stdout=out, stderr=subprocess.STDOUT, env=environment)
        server = Server(f"http://127.0.0.1:{port}", process, log, client)
        try:
            server.until(lambda: _answers(client), wait)
            yield server
        finally:
            if process.poll() is None:
                process.terminate()
                process.wait(30)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/healthz").status_code == 200
    except httpx.TransportError:
        return False


def run(*arguments: str, folder: Path) -> subprocess.CompletedProcess:
    """Run `cityglass arguments` in `folder` to its end."""
    command = [str(BIN / "cityglass"), *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=180, check=False)
