"""An answer that has not the form which its platform promises is an error of the source, not a crash of ours."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from traceback import extract_tb
from typing import Any

from etl.sources.page import Adapter, Pages, Part, Request, Resume
from hub.errors import SourceError

HOW_IT_SHOWS = (AttributeError, IndexError, KeyError, TypeError, ValueError)


def told(adapter: Adapter) -> Adapter:
    """The same adapter; what it cannot take apart it raises as a SourceError that names the source and the place."""

    def pages(request: Request, part: Part, resume: Resume) -> Pages:
        try:
            return (yield from adapter.pages(request, part, resume))
        except HOW_IT_SHOWS as error:
            raise _error(request, error) from error

    changes = adapter.changes and _told(adapter.changes)
    return replace(adapter, parts=_told(adapter.parts), probe=_told(adapter.probe), changes=changes, pages=pages)


def _told(ask: Callable[[Request], Any]) -> Callable[[Request], Any]:
    def asked(request: Request) -> Any:
        try:
            return ask(request)
        except HOW_IT_SHOWS as error:
            raise _error(request, error) from error

    return asked


def _error(request: Request, error: Exception) -> SourceError:
    where = extract_tb(error.__traceback__)[-1]
    return SourceError(
        f"{request.location[0]} (source {request.name!r}): an answer has another form than its platform promises "
        f"({type(error).__name__}: {error}; {Path(where.filename).name}, {where.name}).",
        "open the address in a browser: is it this platform? If it is, run again, then report this line",
    )
