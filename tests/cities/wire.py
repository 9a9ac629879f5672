"""What comes in over the wire and what goes out: a request as logged, an answer before it is bytes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlsplit

import orjson

HTML = "text/html; charset=utf-8"
XML = "text/xml; charset=utf-8"
CSV = "text/csv; charset=utf-8"


@dataclass
class Asked:
    """One request. `page`, `status` and `rows` tell afterwards what the answer was."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""
    number: int = 0  # the how-many-th request of this server
    page: int | None = None  # the how-many-th page of this path; the same question again is the same page
    status: int = 0
    rows: int = 0
    tweaks: dict[str, Any] = field(default_factory=dict)  # what a fault makes the platform do
    quick: bool = False  # nothing will be changed in the rows: they may come as they were encoded before

    @cached_property
    def path(self) -> str:
        return unquote_plus(urlsplit(self.target).path)

    @cached_property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @cached_property
    def form(self) -> dict[str, str]:
        """The fields of a posted form over those of the URL."""
        if "form" not in self.headers.get("content-type", ""):
            return self.query
        return self.query | dict(parse_qsl(self.body.decode(), keep_blank_values=True))

    @cached_property
    def everything(self) -> str:
        """The whole question in readable form: what `has` of a fault looks at."""
        return f"{self.method} {unquote_plus(self.target)} {unquote_plus(self.body.decode(errors='replace'))}"

    def size(self, wanted: int) -> int:
        """How long a page is: as long as was asked for, unless a fault caps it."""
        return min(wanted, self.tweaks.get("capped", wanted))

    @property
    def base(self) -> str:
        return f"http://{self.headers.get('host', '127.0.0.1')}"


@dataclass
class Wire:
    """How the bytes travel."""

    length: int | None = None  # what Content-Length says; None: the truth
    chunked: bool = False
    cut: int | None = None  # the connection ends after so many bytes of the body
    pace: float = 0.0  # seconds between two bytes
    pause: float = 0.0  # seconds before the first byte
    reset: bool = False


@dataclass
class Answer:
    """An answer. `rows` is the very list that stands inside `doc`, so that a fault can change it there."""

    doc: Any = None
    rows: list[dict] | None = None
    status: int = 200
    kind: str = "application/json; charset=utf-8"
    encode: Callable[[Any], bytes] = orjson.dumps
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | Iterable[bytes] | None = None  # the bytes once they are made
    more: tuple[dict, str] | None = None  # where the next link or the flag for more rows stands
    count: tuple[dict, str] | None = None  # where the number of rows stands
    wire: Wire = field(default_factory=Wire)

    def finish(self) -> "Answer":
        if self.body is None:
            self.body = b"" if self.doc is None else self.encode(self.doc)
        return self

    def replaced(self, body: bytes | Iterable[bytes], kind: str | None = None, status: int = 200) -> None:
        """Something else altogether is said."""
        self.doc, self.rows, self.body, self.kind, self.status = None, None, body, kind or self.kind, status


def page_of_html(title: str, status: int = 200) -> Answer:
    body = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>"
    return Answer(status=status, kind=HTML, body=body.encode())
