"""The public id of a record: the first 80 bits of its keyed hash in base32. Its `id` are the first 63 of them.

Inside, a record carries `id` and the 17 bits behind it (`id_tail`); the letters are made when it is released."""

import numpy as np
import pyarrow as pa

LETTERS = np.frombuffer(b"abcdefghijklmnopqrstuvwxyz234567", np.uint8)  # RFC 4648, in lower case
LENGTH, BITS = 16, 5
TAIL_BITS = 17


def public_ids(ids: pa.Array, tails: pa.Array) -> pa.Array:
    """The 16 letters of each record."""
    first, tail = (column.to_numpy(zero_copy_only=False).astype(np.int64) for column in (ids, tails))
    last = ((first & 7) << TAIL_BITS) | tail
    text = np.empty((len(first), LENGTH), np.uint8)
    for place in range(LENGTH):
        number, after = (first >> 3, 11 - place) if place < 12 else (last, 15 - place)
        text[:, place] = LETTERS[(number >> (after * BITS)) & 31]
    starts = np.arange(len(first) + 1, dtype=np.int32) * LENGTH
    return pa.StringArray.from_buffers(len(first), pa.py_buffer(starts), pa.py_buffer(text))
