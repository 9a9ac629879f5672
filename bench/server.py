"""A city's system in a process of its own, so that its work is not counted: the sample's requests in one dialect.

python -m bench.server PLATFORM CSV      prints its address, then answers until its input is closed
"""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qsl, urlsplit

import orjson

from bench.dialects import Asked, Table, table_of
from bench.platforms import PLATFORMS


class Handler(BaseHTTPRequestHandler):
    """(A base class, for http.server asks for it.)"""

    platform: str
    table: Table
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        there = urlsplit(self.path)
        given = dict(parse_qsl(there.query))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        given |= orjson.loads(body) if body.startswith(b"{") else dict(parse_qsl(body.decode()))
        asked = Asked(there.path, given, f"http://{self.headers['Host']}")
        told = PLATFORMS[self.platform].answer(self.table, asked)
        kind = "application/xml" if told.startswith(b"<") else "application/json"
        status = "200 OK" if told else "404 Not Found"
        head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Length: {len(told)}\r\n\r\n"
        self.wfile.write(head.encode() + told)

    do_POST = do_GET

    def log_message(self, format: str, *args) -> None:
        """What is printed is the address, and nothing else."""


def main(platform: str, csv: str) -> None:
    about = {"platform": platform, "table": table_of(PLATFORMS[platform], Path(csv))}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Answering", (Handler,), about))
    server.daemon_threads = True
    Thread(target=server.serve_forever, daemon=True).start()
    print(f"http://127.0.0.1:{server.server_address[1]}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(*sys.argv[1:])
