"""Read one source into the vault: go on where the last run stopped, prove every part, fail over if the city says how."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass, replace
from importlib.metadata import version
from urllib.parse import urlsplit

import duckdb
import pyarrow as pa

from etl import canonical, copies, intake, readings, remarks, texts, undo, walks
from etl.gathering import gathered
from etl.http import Http
from etl.secrets import read_secret
from etl.sources import SOURCES
from etl.sources.page import Adapter, Page, Part, Request, plain
from etl.vault import Vault
from etl.walks import ALL, CHANGES, Walk
from hub.city import City
from hub.datasets import DATASETS
from hub.errors import CityglassError, SourceError
from hub.source import AREAS, Source

Step = Callable[[str], None]
TOO_LARGE = (MemoryError, duckdb.OutOfMemoryException, pa.ArrowCapacityError)  # ArrowMemoryError is a MemoryError


@dataclass(frozen=True, slots=True)
class Clock:
    """Time as the sources see it: UTC seconds, and how to wait."""

    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep


REAL = Clock()
MOST_OPEN = 50_000  # open requests that are asked for one by one


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull did to one source: `rows` read, records `written`; `notice` if its fallback was read in its place;
    `new_columns` that the source never sent before, and that stay out; `remarks` on rows that
    repeat or cannot be used; `error` if it could not be read."""

    source: str
    rows: int = 0
    written: int = 0
    unchanged: bool = False
    notice: str = ""
    new_columns: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    error: CityglassError | None = None

    @property
    def told(self) -> dict:
        names = ("source", "rows", "written", "unchanged", "notice", "new_columns", "remarks")
        return {name: getattr(self, name) for name in names} | {"error": self.error.message if self.error else ""}


def pull_one(vault: Vault, city: City, source: Source, accept_fewer: bool, step: Step, clock: Clock) -> Pulled:
    """Read a source; its error is returned, not raised, so that the other sources have their turn."""
    step(f"reading {source.name}")
    try:
        if source.name in AREAS:
            from etl import areas  # what draws outlines is needed only here

            rows, is_new = areas.read(vault, source)
            return Pulled(source.name, rows, rows if is_new else 0, unchanged=not is_new)
        return _read(vault, city, source, accept_fewer, step, clock)
    except CityglassError as error:
        if not source.fallback or not isinstance(error, SourceError):
            return Pulled(source.name, error=error)
        return _fail_over(vault, city, source, accept_fewer, step, clock, error)
    except TOO_LARGE as error:
        return Pulled(source.name, error=_too_large(source, error))


def _too_large(source: Source, error: Exception) -> SourceError:
    return SourceError(
        f"Source {source.name!r} does not fit into memory ({type(error).__name__}).",
        "look for a cell or a row of many megabytes, and leave its column out of `fields`, or mend it at the source",
    )


def _fail_over(
    vault: Vault, city: City, source: Source, accept_fewer: bool, step: Step, clock: Clock, error: SourceError
) -> Pulled:
    """Read the fallback in place of the source."""
    notice = f"{source.adapter} failed ({error.message}); {source.fallback.adapter} was read in its place"
    step(f"{source.name}: {notice}")
    try:
        return replace(_read(vault, city, source.fallback, accept_fewer, step, clock), notice=notice)
    except CityglassError as second:
        return Pulled(source.name, error=second, notice=notice)


def _read(vault: Vault, city: City, source: Source, accept_fewer: bool, step: Step, clock: Clock) -> Pulled:
    adapter, mapping = SOURCES[source.adapter], _mapping(city, source, texts.reading(vault, DATASETS[source.dataset]))
    walk = walks.due(vault, source, adapter, mapping, int(clock.now()))
    with _request(vault, city, source, adapter, walk, clock) as asked:
        walk, asked, parts = _parts(adapter, source, asked, walk)
        is_whole = walk.kind == ALL and not walks.is_begun(vault, source.name)
        if is_whole and readings.is_read(vault, source, parts, mapping):
            return Pulled(source.name, unchanged=True)
        rows, written, sent = 0, 0, set()
        for _ in range(3):  # at most once again for rows that stand in several parts, and once to restore
            if walk.is_stored:
                walks.forget_suspects(vault, walk)
            else:
                undo.begin(vault, source.name)
                walks.begin(vault, walk, walks.kept(vault, walk, parts))
            proved = walks.proved(vault, walk)
            try:
                for part in (part for part in parts if part.name not in proved):
                    for page, changed in _walk_part(vault, city, source, adapter, asked, walk, part):
                        rows, written = rows + page.rows.num_rows, written + changed
                        sent.update(page.rows.column_names)
                        step(f"reading {source.name}: {rows:,} rows")
                if not copies.restore(vault, source):
                    break
            except walks.Mixed:
                walks.note_mixed(vault, source.name)
            walk = replace(walk, is_stored=False)
        offered = (name for name in asked.known.get("columns") or () if plain(name) not in asked.columns)
        new_columns = walks.note_columns(vault, source, walk, offered)
        readings.complete(vault, source, walk, parts, accept_fewer)
        told = (*(remarks.of_columns(source, asked, sent) if sent and not proved else ()), *remarks.of(vault, source))
        return Pulled(source.name, rows, written, new_columns=new_columns, remarks=told)


def _walk_part(
    vault: Vault, city: City, source: Source, adapter: Adapter, asked: Request, walk: Walk, part: Part
) -> Iterator[tuple[Page, int]]:
    """Store the pages of one part as they come. Yields each, and how many records it changed."""
    pages = gathered(adapter.pages(asked, part, walks.resume(vault, walk, part)))
    while True:
        try:
            page = next(pages)
        except StopIteration as end:
            walks.end(vault, walk, part, end.value)
            return
        yield page, intake.add(vault, city, source, walk, part, page)


def _parts(adapter: Adapter, source: Source, asked: Request, walk: Walk) -> tuple[Walk, Request, list[Part]]:
    """What the walk consists of. A platform that cannot tell what changed is read whole."""
    if walk.kind == CHANGES:
        parts = adapter.changes(asked) if adapter.changes and walk.since else None
        if parts is not None:
            return walk, asked, parts
        is_stored = walk.is_stored and not walk.since  # what was begun as a walk of changes is not gone on with
        walk = replace(walk, kind=CHANGES if source.is_fallback else ALL, since=0, is_stored=is_stored)
        asked = replace(asked, since=0, open_ids=())
    return walk, asked, adapter.parts(asked)


@contextmanager
def asking(city: City, source: Source, clock: Clock = REAL, with_text: bool = False) -> Iterator[Request]:
    """What an adapter is told, with a client of its own if it talks to a server."""
    asked = canonical.request(source, DATASETS[source.dataset], with_text)
    asked = replace(asked, time_zone=source.time_zone, until=int(clock.now()))
    if not any("://" in place for place in source.location):
        yield asked
        return
    secret = None
    if source.credentials:
        secret = read_secret(f"sources.{source.name}.credentials", source.credentials, source.path.parent)
    hosts = {urlsplit(place).netloc for place in source.location} | {*source.hosts, *SOURCES[source.adapter].hosts}
    about = {"contact": city.contact, "secret": secret, "encoding": source.layout.get("encoding", "")} | _pace(source)
    with closing(Http(source.name, frozenset(hosts), sleep=clock.sleep, now=clock.now, **about)) as http:
        yield replace(asked, http=http, secret=secret)


@contextmanager
def _request(vault: Vault, city: City, source: Source, adapter: Adapter, walk: Walk, clock: Clock) -> Iterator[Request]:
    """The same for a walk: with its times, what the probe told, and what is open. Pages of a server need little memory."""
    with asking(city, source, clock, texts.are_kept(vault, DATASETS[source.dataset])) as asked:
        asked = replace(asked, until=walk.until, since=walk.since)
        if asked.http:
            asked = replace(
                asked, known=_known(vault, source, adapter, asked, walk), open_ids=_open_ids(vault, source, walk)
            )
        with vault.in_little_memory() if asked.http and adapter.resumes else nullcontext():
            yield asked


def _open_ids(vault: Vault, source: Source, walk: Walk) -> tuple[str, ...]:
    """The requests that are open as far as the vault knows; the oldest news of them first."""
    if walk.kind == ALL or source.dataset != "service_requests":
        return ()
    found = vault.rows(
        """select key from records_service_requests where source = ? and status = 'open' and not deleted_upstream
        order by updated_datetime nulls first, key limit ?""",
        source.name,
        MOST_OPEN,
    )
    return tuple(sorted(key for (key,) in found))


def _pace(source: Source) -> dict:
    return {"per_second": source.per_second} if source.per_second else {}


def _known(vault: Vault, source: Source, adapter: Adapter, asked: Request, walk: Walk) -> dict:
    """What the probe of this very server told; asked for once, and again with every new walk of all."""
    name = f"probe:{source.reader}"
    held = json.loads(vault.setting(name, "{}"))
    if held.get("mapping") != walk.mapping or (walk.kind == ALL and not walk.is_stored):
        held = {"mapping": walk.mapping, "known": adapter.probe(asked)}
        vault.set(name, json.dumps(held))
    if not vault.setting(began := f"began:{source.reader}"):
        vault.set(began, str(walk.until))
    cursor = vault.setting(f"changes_cursor:{source.reader}")
    return held["known"] | {"changes_cursor": cursor, "began": int(vault.setting(began))}


def _mapping(city: City, source: Source, with_text: str) -> str:
    """Fingerprint of how rows become records: all is read again when it changes."""
    how = [source.fields, source.layout, source.time_zone, source.as_of, city.bbox, version("cityglass")]
    how += [source.receive, source.adapter, [place for place in source.location if "://" in place]]
    how += [with_text] if with_text else []
    return hashlib.sha256(json.dumps(how, sort_keys=True, default=str).encode()).hexdigest()[:16]
