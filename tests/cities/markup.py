"""XML as the platforms write it: one element a row, one element a field, nothing nested."""

from collections.abc import Callable
from xml.sax.saxutils import escape

HEAD = '<?xml version="1.0" encoding="utf-8"?>\n'


def element(name: str, value: object) -> str:
    if value is None or value == "":
        return f"<{name}/>"
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return f"<{name}>{escape(text)}</{name}>"


def xml(root: str, row: str) -> Callable[[list[dict]], bytes]:
    """An encoder of rows."""

    def encode(rows: list[dict]) -> bytes:
        inner = "".join(
            f"<{row}>{''.join(element(name, value) for name, value in one.items() if not nested(value))}</{row}>"
            for one in rows
        )
        return f"{HEAD}<{root}>{inner}</{root}>".encode()

    return encode


def nested(value: object) -> bool:
    return isinstance(value, dict | list)
