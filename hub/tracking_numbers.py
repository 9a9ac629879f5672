"""How a tracking number is written and hashed for 'track my report': as the city's systems and people write it."""

import hashlib
import hmac
import re

LONGEST = 64  # characters of a tracking number
SPARE = r"[\s#]"  # what people add to it


def normal(text: str) -> str:
    """`# 101 000 123a` -> `101000123A`."""
    return re.sub(SPARE, "", text).upper()


def number_of(text: str, key: bytes) -> int:
    """The first 63 bits of its keyed hash, by which its status is found."""
    mac = hmac.new(key, normal(text).encode(), hashlib.sha256).digest()
    return int.from_bytes(mac[:8], "big") >> 1
