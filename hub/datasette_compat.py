"""The only file that touches Datasette's internals (0.65): moving to another version is a port of this file."""

import re
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from json import JSONDecodeError
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from datasette.database import Database, QueryInterrupted
from datasette.utils import StartupError, ValueAsBooleanError, tilde_decode, tilde_encode
from datasette.utils.asgi import BadRequest, Base400, Forbidden, Request
from jinja2 import ChoiceLoader, Environment, FileSystemLoader

from hub import releases
from hub.datasets import DATASETS
from hub.releases import Release

__all__ = ["Forbidden", "StartupError", "tilde_encode"]  # for the plugin
Datasette = Any  # its class cannot be imported while its plugins are: it imports them
TooSlow = QueryInterrupted  # a query that was stopped at its time limit
Refused = Base400  # what a view raises to answer 400, 403 or 404
CITY = "city"
PLUGIN = "cityglass"
GRACE = 0.5  # seconds a query may run past its limit before it is interrupted from outside
TICK = 0.1
CELLS = 10_000  # of an answer on a page: each is written by the one thread that serves everybody
MARK = re.compile(r"\d{1,15}")  # where a page of a view begins
CUT = "cityglass.cut"  # in the scope of a request: the address of the rest, if there is one
# view: the column that tells its rows apart. Each row of a dataset's view is one of its table.
KEYS = {view.name: about.table.key[0] for about in DATASETS.values() for view in about.views}
# what a visitor wrote wrongly, and what it is told as; None for the error's own words
MISTAKES = {
    TooSlow: "interrupted",
    JSONDecodeError: "no list",
    ValueAsBooleanError: "no switch",
    sqlite3.Warning: None,  # a filter that holds a second statement
    sqlite3.ProgrammingError: None,
}
# Chosen by who runs the hub, not by a release: they outlive a swap.
RUNTIME = ("dashboards_url", "allowed_hosts", "rate_limit", "poll_seconds")

_here = threading.local()


class WatchedPool:
    """SQL threads under a watchdog.

    Datasette's own time limit is looked at every 1,000 opcodes, so a cheap row with an expensive function overshoots
    it by minutes; the watchdog interrupts the connection from outside.
    """

    def __init__(self, threads: int, limit: float):
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="sql")
        self._limit = limit
        self._deadlines: dict[int, float] = {}
        self._connections: dict[int, list[sqlite3.Connection]] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        threading.Thread(target=self._watch, name="sql-watchdog", daemon=True).start()

    def submit(self, job: Any, *args: Any) -> Future:
        return self._pool.submit(self._run, job, *args)

    def shutdown(self, wait: bool = True) -> None:
        self._closing.set()
        self._pool.shutdown(wait=wait)

    def watch(self, conn: sqlite3.Connection) -> None:
        """Interrupt this connection whenever the present thread is overdue."""
        with self._lock:
            self._connections.setdefault(threading.get_ident(), []).append(conn)

    def _run(self, job: Any, *args: Any) -> Any:
        me, _here.pool = threading.get_ident(), self
        with self._lock:
            self._deadlines[me] = time.monotonic() + self._limit
        try:
            return job(*args)
        finally:
            with self._lock:
                del self._deadlines[me]

    def _watch(self) -> None:
        while not self._closing.wait(TICK) or self._deadlines:
            with self._lock:
                now = time.monotonic()
                for thread in [thread for thread, deadline in self._deadlines.items() if deadline < now]:
                    for conn in self._connections.get(thread, ()):
                        conn.interrupt()
            if self._closing.is_set():
                time.sleep(TICK)


def watch(conn: sqlite3.Connection) -> None:
    """Put a connection that is being prepared under the watchdog of its thread."""
    pool = getattr(_here, "pool", None)
    if pool is not None:
        pool.watch(conn)


def renew_threads(datasette: Datasette) -> None:
    """Fresh SQL threads: connections are kept per thread by database name, so old threads go on with the old file."""
    if datasette.executor is None:
        return
    limit = datasette.setting("sql_time_limit_ms") / 1000 + GRACE
    old, datasette.executor = datasette.executor, WatchedPool(datasette.setting("num_sql_threads"), limit)
    old.shutdown(wait=False)


def city_database(datasette: Datasette) -> Database | None:
    return datasette.databases.get(CITY)


def database_names(datasette: Datasette) -> list[str]:
    return [*datasette.databases]


def serve(datasette: Datasette, release: Release, metadata: dict) -> None:
    """Serve this release from now on: database, counts and metadata. Must run on the event loop's thread."""
    old = datasette.databases[CITY]
    fresh = Database(datasette, str(release.db), is_mutable=False)
    datasette.inspect_data = inspected(release)  # or a table's page goes on counting the rows of the first release
    facts = datasette.inspect_data[CITY]
    fresh.execute = _unlogged(fresh.execute)
    fresh.cached_hash, fresh.cached_size = facts["hash"], facts["size"]
    # without the views: the page of the database counts tables
    fresh._cached_table_counts = releases.rows(release.manifest)
    datasette.remove_database(CITY)
    datasette.add_database(fresh, name=CITY)
    # A request that still holds the old object must not open the old file in a new thread, for others to inherit.
    old.path = fresh.path
    datasette._metadata_local = _with_runtime(metadata, datasette)
    renew_threads(datasette)


def _unlogged(execute: Callable) -> Callable:
    """What a visitor asked is nobody's business: a query that fails does not go to the log."""

    async def quiet(*args: Any, **given: Any) -> Any:
        return await execute(*args, **given | {"log_sql_errors": False})

    return quiet


@cache
def mend_answers() -> None:
    """Let a query that fails fail in every format: as CSV, Datasette answers it with 200 and an empty file. Say where an
    answer was cut. Let a stream go by whole pages, not by fifty rows. And print no trace of a visitor's mistake, nor of
    an error with the values in it, as it does wherever the package rich is installed."""
    from datasette import handle_exception
    from datasette.views.base import DataView
    from datasette.views.database import QueryView
    from datasette.views.table import TableView

    QueryView.data = _query_data(QueryView.data)
    TableView.data = _table_data(TableView.data)
    DataView.get = _get(DataView.get)
    handle_exception.rich = None


def _query_data(ask: Callable) -> Callable:
    async def data(view: Any, request: Any, *args: Any, **given: Any) -> Any:
        from datasette.views.base import DatasetteError

        found = await ask(view, request, *args, **given)
        if not isinstance(found, tuple) or len(found) != 4:
            return found
        answer, extras, templates, status = found
        if answer["error"] and request.url_vars["format"] == "csv":
            raise DatasetteError(answer["error"], title="Invalid SQL", status=status)
        if answer.get("truncated"):
            request.scope[CUT].append("")
        if request.url_vars["format"] is None:
            _shorten(answer)
        return answer, extras, templates, None if status == 200 else status  # what the renderer says, if all is well

    return data


def _table_data(ask: Callable) -> Callable:
    async def data(view: Any, request: Any, *args: Any, _next: Any = None, **given: Any) -> Any:
        key = KEYS.get(tilde_decode(request.url_vars["table"]))
        if not key or not _is_stream(request) or {"_sort", "_sort_desc", "_col", "_nocol"} & {*request.args}:
            found = await ask(view, request, *args, _next=_next, **given)
            if isinstance(found, tuple) and found[0].get("next"):
                request.scope[CUT].append(found[0]["next_url"])
            return found
        # Datasette pages through a view by counting off its rows from the first, again for each page.
        after = {} if _next is None else {f"{key}__gt": _next}
        found = await ask(view, _asked(request, {"_sort": key} | after), *args, **given)
        if isinstance(found, tuple) and found[0].get("next"):
            found[0]["next"] = found[0]["rows"][-1][key]
        return found

    return data


def _get(answer_of: Callable) -> Callable:
    async def get(view: Any, request: Any) -> Any:
        request.scope[CUT] = cut = []
        mark = request.args.get("_next")
        if mark and tilde_decode(request.url_vars.get("table") or "") in KEYS and not MARK.fullmatch(mark):
            raise BadRequest("no mark")
        is_stream = _is_stream(request)
        try:
            answer = await answer_of(view, _asked(request, {"_size": "max"}) if is_stream else request)
        except tuple(MISTAKES) as error:
            words = next(words for kind, words in MISTAKES.items() if isinstance(error, kind))
            raise BadRequest(words or str(error)) from None
        if cut and not is_stream and request.url_vars.get("format"):
            answer.headers |= {"x-truncated": "true"}
            answer.headers |= {"link": f'<{cut[0]}>; rel="next"'} if cut[0] else {}
        return answer

    return get


def _is_stream(request: Any) -> bool:
    return request.url_vars.get("format") == "csv" and bool(request.args.get("_stream"))


def _asked(request: Any, more: dict[str, Any]) -> Any:
    """The same request with more in its address."""
    kept = [pair for pair in parse_qsl(request.query_string, True) if pair[0] not in more or "__" in pair[0]]
    query = urlencode([*kept, *more.items()])
    return Request(dict(request.scope, query_string=query.encode("latin-1")), request.receive)


def _shorten(answer: dict) -> None:
    answer["is_cut"] = answer["truncated"]  # in every format, not only on this page
    most = max(CELLS // max(len(answer["columns"]), 1), 1)
    if len(answer["rows"]) > most:
        del answer["rows"][most:]  # the very list that the page is made from
        answer["truncated"] = True


def problem(exception: Exception) -> tuple[int, str]:
    """Status and words of what Datasette could not answer; 500 and no words if it is no visitor's mistake."""
    from datasette.views.base import DatasetteError

    if isinstance(exception, TooSlow) or getattr(exception, "title", "") == "SQL Interrupted":
        return 400, "interrupted"
    if isinstance(exception, Refused):
        return exception.status, str(exception.args[0]) if exception.args else ""
    if isinstance(exception, DatasetteError):  # which says 500 where it means that it was asked wrongly
        return 400 if exception.status == 500 else exception.status, str(exception.message)
    return 500, ""


def inspected(release: Release) -> dict:
    """What `datasette inspect` would find out, from the manifest: nobody has to wait for counts and a hash."""
    manifest = release.manifest
    file = manifest["files"]["city.db"]
    counts = {table: {"count": rows} for table, rows in releases.rows(manifest).items()}
    # Each row of a dataset's view is one of its table: counting them through the joins takes seconds.
    counts |= {
        view.name: counts[about.table.name]
        for about in DATASETS.values()
        for view in about.views
        if about.table.name in counts
    }
    return {CITY: {"hash": file["sha256"], "size": file["bytes"], "file": release.db.name, "tables": counts}}


def open_release(release: Release, metadata: dict, settings: dict, secret: str | None, db: Path) -> Datasette:
    """A Datasette of one release, reached by the path `db` (through the `current` link, to follow it)."""
    from datasette import app  # which loads this plugin: not while it is being loaded itself

    datasette = app.Datasette(
        files=[],
        immutables=[str(db)],
        metadata=metadata,
        settings=settings,
        inspect_data=inspected(release),
        cors=True,
        secret=secret,
    )
    datasette.databases[CITY]._cached_table_counts = releases.rows(release.manifest)
    return datasette


def settings(datasette: Datasette) -> dict:
    """The plugin's part of the metadata."""
    return datasette.plugin_config(PLUGIN) or {}


def metadata(datasette: Datasette) -> dict:
    return datasette.metadata()


async def rows(datasette: Datasette, sql: str, params: dict | None = None) -> list[dict]:
    """The rows of one query on the city's database."""
    found = await datasette.get_database(CITY).execute(sql, params or {})
    return [dict(row) for row in found.rows]


async def refuse_open_doors(datasette: Datasette) -> None:
    """Start-up self-test: what must not be public is not, whatever version runs."""
    if await datasette.permission_allowed(None, "view-database", "_internal", default=True):
        raise StartupError("Anyone may read Datasette's internal database: the hub does not start like this.")


def templates_first(env: Environment, folder: Path) -> None:
    """Let our templates come before Datasette's; `default:base.html` still names Datasette's own."""
    env.loader = ChoiceLoader([FileSystemLoader(folder), env.loader])


def _with_runtime(metadata: dict, datasette: Datasette) -> dict:
    kept = {key: value for key, value in settings(datasette).items() if key in RUNTIME}
    plugins = metadata.get("plugins", {})
    return metadata | {"plugins": plugins | {PLUGIN: plugins.get(PLUGIN, {}) | kept}}
