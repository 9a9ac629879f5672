"""What an adapter raises, fit to be told: an answer of another form than its platform promises is an error of the source,
not a crash of ours, and no message repeats the query of an address, which may hold a key."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from traceback import extract_tb
from typing import Any

from etl.sources.over_http import blotted, unasked
from etl.sources.page import Adapter, Pages, Part, Request, Resume
from hub.errors import CityglassError, SourceError

HOW_IT_SHOWS = (AttributeError, IndexError, KeyError, TypeError, ValueError)


def told(adapter: Adapter) -> Adapter:
    """The same adapter; what it cannot take apart it raises as a SourceError that names the source and the place."""

    def pages(request: Request, part: Part, resume: Resume) -> Pages:
        with _telling(request):
            return (yield from adapter.pages(request, part, resume))

    changes = adapter.changes and _told(adapter.changes)
    return replace(adapter, parts=_told(adapter.parts), probe=_told(adapter.probe), changes=changes, pages=pages)


def _told(ask: Callable[[Request], Any]) -> Callable[[Request], Any]:
    def asked(request: Request) -> Any:
        with _telling(request):
            return ask(request)

    return asked


@contextmanager
def _telling(request: Request) -> Iterator[None]:
    try:
        yield
    except CityglassError as error:
        error.message, error.cure = (_without_keys(request, text) for text in (error.message, error.cure))
        error.args = (error.message,)
        raise
    except HOW_IT_SHOWS as error:
        raise _error(request, error) from error


def _error(request: Request, error: Exception) -> SourceError:
    where, said = extract_tb(error.__traceback__)[-1], _without_keys(request, str(error))
    said = request.secret.redacted(said) if request.secret else said
    return SourceError(
        f"{unasked(request.location[0])} (source {request.name!r}): an answer has another form than its platform promises "
        f"({type(error).__name__}: {said}; {Path(where.filename).name}, {where.name}).",
        "open the address in a browser: is it this platform? If it is, run again, then report this line",
    )


def _without_keys(request: Request, text: str) -> str:
    for place in request.location:
        text = blotted(text, place)
    return text
