"""Rows as CSV: the header is what the rows have, or the known names where there are no rows."""

import csv
import io
from collections.abc import Callable, Iterable


def delimited(names: Iterable[str], delimiter: str = ",", encoding: str = "utf-8", header: bool = True) -> Callable:
    """An encoder of rows."""

    def encode(rows: list[dict]) -> bytes:
        text, seen = io.StringIO(), dict.fromkeys(rows[0] if rows else names)
        writer = csv.DictWriter(text, list(seen), delimiter=delimiter, lineterminator="\r\n")
        if header:
            writer.writeheader()
        writer.writerows(rows)
        return text.getvalue().encode(encoding, errors="replace")

    return encode
