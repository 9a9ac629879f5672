"""Which release is being served; a new one is swapped in whole, while visitors read, when the `current` link moves.

The poller starts with the first ASGI call: `datasette serve` runs `startup` in an event loop that it throws away.
"""

import asyncio
import logging
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from weakref import WeakKeyDictionary

import yaml

from hub import datasette_compat as compat
from hub import metadata
from hub.datasette_compat import Datasette
from hub.errors import CityglassError, ConfigurationError
from hub.releases import Release
from hub.strict_yaml import Loader

POLL_SECONDS = 5.0
LOG = logging.getLogger("cityglass")
DAY = """select as_of_date, exists (select 1 from sources s where s.as_of = r.as_of and s.as_of = s.read_at)
from releases r"""


@dataclass(frozen=True, slots=True)
class Served:
    """The release of the moment. `link` is the folder link it was reached by, or None if it was named directly."""

    release: Release
    manifest: dict
    as_of: str  # local day, YYYY-MM-DD
    is_read: bool  # the sources state no day: it is the one on which they were read
    link: Path | None


_SERVED: WeakKeyDictionary[Datasette, Served] = WeakKeyDictionary()
_POLLERS: WeakKeyDictionary[Datasette, asyncio.Task] = WeakKeyDictionary()


def now(datasette: Datasette) -> Served:
    return _SERVED[datasette]


def release_id(datasette: Datasette) -> str:
    """For the X-Release header; empty before start-up."""
    served = _SERVED.get(datasette)
    return served.release.id if served else ""


def begin(datasette: Datasette) -> None:
    """Pin the release that the database's path leads to now, so that no thread follows the link by itself. Once."""
    if datasette in _SERVED:
        return
    path = Path(compat.city_database(datasette).path)
    link = path.parent if path.parent.is_symlink() else None
    release = Release(path.resolve().parent)
    if not (release.path / "manifest.json").is_file():
        raise ConfigurationError(
            f"{path} is not in a release folder.", "serve data/public/current/city.db, or run `cityglass publish`"
        )
    about = compat.metadata(datasette)
    _SERVED[datasette] = _read(release, about, link)
    compat.serve(datasette, release, about)


def keep_up(datasette: Datasette) -> None:
    """Start the poller in the running event loop, unless it runs there already."""
    task, loop = _POLLERS.get(datasette), asyncio.get_running_loop()
    if task is None or task.done() or task.get_loop() is not loop:
        _POLLERS[datasette] = loop.create_task(_poll(datasette))


async def follow(datasette: Datasette) -> bool:
    """Swap if the link leads elsewhere. True if a new release is served. A release that does not fit is not served."""
    served = _SERVED[datasette]
    target = served.link.resolve() if served.link else served.release.path
    if target == served.release.path or not (target / "manifest.json").is_file():
        return False
    release = Release(target)
    about = await asyncio.to_thread(metadata_of, release)
    fresh = await asyncio.to_thread(_read, release, about, served.link)
    compat.serve(datasette, release, about)
    _SERVED[datasette] = fresh
    LOG.info("Now serving release %s", release.id)
    return True


async def _poll(datasette: Datasette) -> None:
    refused = ""
    while True:
        await asyncio.sleep(compat.settings(datasette).get("poll_seconds", POLL_SECONDS))
        try:
            if datasette in _SERVED and await follow(datasette):
                refused = ""
        except (OSError, KeyError, ValueError, sqlite3.Error, yaml.YAMLError, CityglassError) as error:
            if str(error) != refused:
                refused = str(error)
                LOG.error("The new release is not served, the old one stays: %s", error)


def metadata_of(release: Release) -> dict:
    """What the release says Datasette should show."""
    return yaml.load(release.metadata.read_text("utf-8"), Loader)


def _read(release: Release, about: dict, link: Path | None) -> Served:
    """Facts of a release whose metadata fits its database; else ConfigurationError."""
    conn = sqlite3.connect(f"file:{release.db}?immutable=1", uri=True)
    try:
        metadata.check(about, conn)
        day, is_read = conn.execute(DAY).fetchone()
    finally:
        conn.close()
    return Served(release, release.manifest, day, bool(is_read), link)
