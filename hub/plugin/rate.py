"""Fair shares: a token bucket per visitor, kept in memory under a salted hash of the address and never logged."""

import hashlib
import ipaddress
import re
import secrets
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

# what a request asks for, tokens it costs; the dearest counts
COSTS = (
    (re.compile(r"\.db$"), 20),
    (re.compile(r"\?(.*&)?_stream="), 20),
    (re.compile(r"\?(.*&)?sql="), 5),
    (re.compile(r"\?(.*&)?_facet"), 5),
    (re.compile(r"^/(-/static|brand|assets|healthz)"), 0),
)


@dataclass
class Buckets:
    """`rate` tokens a second up to `burst`, for each of the `most` visitors seen last."""

    rate: float = 10
    burst: float = 150
    most: int = 20_000
    exempt_loopback: bool = True
    clock: Callable[[], float] = time.monotonic
    _salt: bytes = field(default_factory=lambda: secrets.token_bytes(16), repr=False)
    _left: OrderedDict[bytes, tuple[float, float]] = field(default_factory=OrderedDict, repr=False)

    def wait(self, address: str, cost: float) -> float:
        """Take `cost` tokens. 0 if there were enough, else the seconds after which there will be."""
        if self.exempt_loopback and _is_loopback(address):
            return 0
        key, now = self._key(address), self.clock()
        tokens, since = self._left.pop(key, (self.burst, now))
        tokens = min(self.burst, tokens + (now - since) * self.rate)
        enough = tokens >= cost
        self._left[key] = (tokens - cost if enough else tokens, now)
        while len(self._left) > self.most:
            self._left.popitem(last=False)
        return 0 if enough else (cost - tokens) / self.rate

    def _key(self, address: str) -> bytes:
        return hashlib.blake2b(_network(address).encode(), key=self._salt, digest_size=16).digest()


def cost(path: str, query: str) -> float:
    """Tokens a request costs."""
    asked = f"{path}?{query}" if query else path
    found = [tokens for pattern, tokens in COSTS if pattern.search(asked)]
    return max(found) if found else 1


def _network(address: str) -> str:
    """An IPv6 visitor owns a /64; any address in it is the same visitor."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((parsed, 64), strict=False)) if parsed.version == 6 else address


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
