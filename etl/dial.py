"""The way out: connects only to addresses that were checked, and lets no socket outlast the deadline.

A name is resolved once for each connection, and the address that was checked is the one that is dialled: a name that
changes its mind in between (DNS rebinding) changes nothing. Certificates are checked against the name.
"""

import ipaddress
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

import httpcore

from etl.wire import Excess

NAT64 = ipaddress.ip_network("64:ff9b::/96")
BROKEN = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.RemoteProtocolError)
# What went wrong, most telling first; looked for in the exception and in what caused it.
REASONS = {
    ssl.SSLCertVerificationError: "has a certificate that is not valid",
    socket.gaierror: "has a name that cannot be looked up (DNS)",
    ConnectionRefusedError: "refuses connections",
    httpcore.ConnectTimeout: "cannot be reached in time",
    httpcore.ConnectError: "cannot be reached",
    httpcore.ReadTimeout: "fell silent",
    httpcore.WriteTimeout: "does not take the question",
    httpcore.RemoteProtocolError: "broke off in the middle of its answer",
    Exception: "broke the connection",
}


def reason(error: BaseException | None) -> str:
    """Why there was no answer, in words that quote nothing of it."""
    chain = []
    while error is not None:
        chain.append(error)
        error = error.__cause__ or error.__context__
    return next(words for kind, words in REASONS.items() if any(isinstance(one, kind) for one in chain))


def is_public(address: str) -> bool:
    """False for private, loopback, link-local, reserved addresses, however they are wrapped."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if ip.version == 6:
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo or (None, None))[1]
        if ip in NAT64:
            inner = ipaddress.ip_address(int(ip) & 0xFFFFFFFF)
        ip = inner or ip
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)


def is_literal(host: str) -> bool:
    """True for an address as it is, and for localhost: who writes these means them."""
    if host == "localhost":
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_here(host: str) -> bool:
    """True for this machine itself."""
    return is_literal(host) and (host == "localhost" or ipaddress.ip_address(host).is_loopback)


def addresses(host: str, port: int) -> list[str]:
    """Where to connect to. Raises Excess if the name leads into a private network."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(str(error)) from error
    known = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not is_literal(host) and not all(map(is_public, known)):
        raise Excess(
            f"has a name ({host}) that leads to an address inside a private network",
            "if that is meant, write the address itself into its location",
        )
    return known


@dataclass
class Dialer:
    """A network backend of httpcore. `left` tells the seconds until the deadline, or raises if it has passed."""

    left: Callable[[], float]
    backend: httpcore.SyncBackend = field(default_factory=httpcore.SyncBackend)

    def connect_tcp(self, host: str, port: int, timeout: float, local_address=None, socket_options=None):
        problem = httpcore.ConnectError("no address")
        for address in addresses(host, port):
            try:
                seconds = min(timeout, self.left())
                stream = self.backend.connect_tcp(address, port, seconds, local_address, socket_options)
                return Watched(stream, self.left)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                problem = error
        raise problem


@dataclass
class Watched:
    """A stream each of whose waits ends with the deadline: byte by byte, or header by header, gains no time."""

    stream: httpcore.NetworkStream
    left: Callable[[], float]

    def read(self, max_bytes: int, timeout: float) -> bytes:
        return self.stream.read(max_bytes, min(timeout, self.left()))

    def write(self, buffer: bytes, timeout: float) -> None:
        self.stream.write(buffer, min(timeout, self.left()))

    def close(self) -> None:
        self.stream.close()

    def start_tls(self, ssl_context, server_hostname=None, timeout: float = 0) -> "Watched":
        return Watched(self.stream.start_tls(ssl_context, server_hostname, min(timeout, self.left())), self.left)

    def get_extra_info(self, info: str):
        return self.stream.get_extra_info(info)
