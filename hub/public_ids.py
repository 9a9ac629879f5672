"""Released ids: `id` is the first 63 bits of the keyed hash, `public_id` its first 80 in base32; one finds the other."""

import base64
import binascii

LETTERS = 16


def id_of(public_id: str) -> int | None:
    """The row's `id`, by which the table is ordered; None for what is no public id."""
    if len(public_id) != LETTERS:
        return None
    try:
        return int.from_bytes(base64.b32decode(public_id.upper().encode())[:8], "big") >> 1
    except (binascii.Error, ValueError):
        return None
