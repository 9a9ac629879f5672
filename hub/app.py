"""One ASGI application on one port: Datasette at the root, the dashboards under /dashboards."""

import asyncio
import errno
import os
import secrets
import socket
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from threading import Event, Thread
from typing import Any

import uvicorn

from hub import datasette_compat as compat
from hub import releases
from hub.city import City, load_city
from hub.errors import ConfigurationError
from hub.plugin import allowed_hosts, served
from hub.plugin.door import LOCAL, App, Door
from hub.side_by_side import PREFIX, SideBySide

PORT = 8001
PATIENCE = 5  # seconds that visitors have to finish when the server stops
ANY = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # every address of the machine: one of them
SETTINGS = {
    "suggest_facets": False,
    "sql_time_limit_ms": 3000,
    "facet_time_limit_ms": 2000,
    "num_sql_threads": 12,
    "default_page_size": 50,
    "max_returned_rows": 5000,
    "allow_download": True,
    "allow_csv_stream": True,
    "max_csv_mb": 100,
    "default_cache_ttl": 300,
    "cache_size_kb": 65536,
    "truncate_cells_html": 500,
}


def build(
    data: Path,
    city: City,
    *,
    script: Path | None = None,
    routes: Sequence[Any] = (),
    hosts: Sequence[str] = (),
    settings: dict | None = None,
    chosen: dict | None = None,
) -> App:
    """The whole site over the current release under `data`, which it follows when a new one is published.

    `script` is the dashboards' main script and `routes` their own Starlette routes; without a script there are no
    dashboards. `hosts` are the names the site answers under beside localhost. `settings` are Datasette's, `chosen` the
    plugin's (rate_limit, poll_seconds), both over the defaults. Raises ConfigurationError before the first release.
    """
    os.environ["CITYGLASS_DATA"] = str(data.resolve())  # where the dashboards look for the release
    datasette = _datasette(data, script is not None, hosts, settings or {}, chosen or {})
    root = datasette.app()
    if script is None:
        return root
    from hub import streamlit_side  # Streamlit takes a second to load, and not every hub has dashboards

    names = allowed_hosts(compat.settings(datasette))
    dashboards = Door(
        streamlit_side.application(script, routes, city, sorted(names | LOCAL)),
        hosts=lambda: names,
        csp=lambda path: streamlit_side.POLICY,
        extra=lambda: {"x-release": served.release_id(datasette)},
    )
    return SideBySide(root, dashboards)


def serve(
    data: Path,
    city: City,
    *,
    host: str = "127.0.0.1",
    port: int = PORT,
    workers: int = 1,
    script: Path | None = None,
    routes: Sequence[Any] = (),
    hosts: Sequence[str] = (),
    ready: Callable[[], object] = lambda: None,
) -> None:
    """Serve until stopped; `ready` is called once, when the first visitor may come. More than one worker serves the
    pages and the API only: dashboards need one process."""
    free_or_refuse(host, port)
    common = {
        "host": host,
        "port": port,
        "log_level": "warning",
        "access_log": False,
        "lifespan": "on",
        "server_header": False,
        "timeout_graceful_shutdown": PATIENCE,
    }
    if workers == 1:
        server = uvicorn.Server(uvicorn.Config(build(data, city, script=script, routes=routes, hosts=hosts), **common))
        with suppress(KeyboardInterrupt):
            asyncio.run(_serving(server, ready))
        if not server.started:
            raise ConfigurationError("The server did not start.", "the lines above say why")
        return
    _datasette(data, False, hosts, {}, {})  # says what is wrong here, not once in every worker
    os.environ |= {"CITYGLASS_DATA": str(data.resolve()), "CITYGLASS_CITY": str(city.path.absolute())}
    os.environ.setdefault("DATASETTE_SECRET", secrets.token_hex(32))
    os.environ["CITYGLASS_HOSTS"] = ",".join((*hosts, os.environ.get("CITYGLASS_HOSTS", "")))
    stopped = Event()
    Thread(target=_when_answered, args=(host, port, stopped, ready), daemon=True).start()
    try:
        uvicorn.run("hub.app:worker", factory=True, workers=workers, **common)
    finally:
        stopped.set()


def _when_answered(host: str, port: int, stopped: Event, ready: Callable[[], object]) -> None:
    """Call `ready` once a worker says that it is well, unless the server has stopped before."""
    while not stopped.wait(0.1):
        if _is_well(ANY.get(host, host), port):
            ready()
            return


def _is_well(host: str, port: int) -> bool:
    with closing(HTTPConnection(host, port, timeout=PATIENCE)) as asked, suppress(OSError, HTTPException):
        asked.request("GET", "/healthz", headers={"host": "localhost"})
        return asked.getresponse().status == HTTPStatus.OK
    return False


async def _serving(server: uvicorn.Server, ready: Callable[[], object]) -> None:
    serving = asyncio.create_task(server.serve())
    while not (server.started or serving.done()):
        await asyncio.sleep(0.02)
    if server.started:
        ready()
    await serving


def worker() -> App:
    """The application of one of many worker processes."""
    return build(Path(os.environ["CITYGLASS_DATA"]), load_city(Path(os.environ["CITYGLASS_CITY"])))


def _datasette(data: Path, has_dashboards: bool, hosts: Sequence[str], settings: dict, chosen: dict) -> Any:
    """A Datasette of the current release, which is pinned and checked."""
    release = releases.current(data)
    if release is None:
        raise ConfigurationError(f"There is no release under {data}.", "run `cityglass run`, or `cityglass demo`")
    about = served.metadata_of(releases.whole(release))
    runtime = {"dashboards_url": f"{PREFIX}/"} if has_dashboards else {}
    about["plugins"][compat.PLUGIN] |= runtime | {"allowed_hosts": [*hosts]} | chosen
    path = releases.link(data) / release.db.name
    secret = os.environ.get("DATASETTE_SECRET")
    datasette = compat.open_release(release, about, SETTINGS | settings, secret, path)
    served.begin(datasette)
    return datasette


def free_or_refuse(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                raise ConfigurationError(
                    f"{host!r} is no address of this machine: {error.strerror}.",
                    "choose another with --host, such as 127.0.0.1, or 0.0.0.0 for every one it has",
                ) from None
            raise ConfigurationError(
                f"Port {port} of {host} cannot be used: {error.strerror}.", "choose another with --port"
            ) from None
