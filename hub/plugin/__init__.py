"""The Datasette plugin: one file for each thing a visitor meets; this one says which hook each of them fills."""

import os
import sqlite3

from datasette import hookimpl
from jinja2 import Environment

from hub import datasette_compat as compat
from hub import sql_functions
from hub.datasette_compat import Datasette
from hub.errors import CityglassError
from hub.plugin import (
    about,
    assets,
    cells,
    choices,
    door,
    downloads,
    errors,
    frame,
    guard,
    health,
    home,
    permalink,
    rate,
    remembered,
    requests,
    search,
    served,
    stories,
    tracking,
)

ROUTES = [
    (r"^/$", home.page),
    (r"^/search$", search.page),
    (r"^/requests/(?P<public_id>[^/]+)$", requests.page),
    (r"^/stories$", stories.list_page),
    (r"^/stories/(?P<story_id>[^/]+)$", stories.page),
    (r"^/about/(?P<name>[a-z]+)$", about.page),
    (r"^/downloads$", downloads.page),
    (r"^/downloads/(?P<name>[^/]+)$", downloads.file),
    (r"^/photos/(?P<name>[^/]+)$", downloads.photo),
    (r"^/r$", tracking.page),
    (r"^/releases/(?P<release_id>[^/]+?)(?P<rest>/.*|\.json)?$", permalink.page),
    (r"^/manifest\.json$", downloads.about_release),
    (r"^/audit\.json$", downloads.about_release),
    (r"^/datapackage\.json$", downloads.about_release),
    (r"^/healthz$", health.healthz),
    (r"^/robots\.txt$", health.robots),
    (r"^/brand\.css$", assets.brand_css),
    (r"^/brand\.svg$", assets.brand_icon),
    (r"^/brand-logo\.svg$", assets.brand_logo),
    (r"^/assets/(?P<name>[^/]+)$", assets.asset),
]
NAMES = frozenset(pattern.strip("^$").split("/")[1].split("\\")[0] for pattern, _ in ROUTES)


def _is_hub(datasette: Datasette) -> bool:
    """The plugin stands aside where Datasette serves something else."""
    return compat.city_database(datasette) is not None


@hookimpl
def register_routes(datasette: Datasette) -> list:
    return ROUTES if _is_hub(datasette) else []


@hookimpl(trylast=True)
def prepare_connection(conn: sqlite3.Connection, database: str) -> None:
    compat.watch(conn)
    if database != "_internal":  # which only Datasette reads, and which it must write
        sql_functions.register(conn)
        guard.prepare(conn)


@hookimpl
def prepare_jinja2_environment(env: Environment, datasette: Datasette) -> None:
    if _is_hub(datasette):
        frame.prepare(env, datasette)
        env.filters |= {name: getattr(cells, name) for name in ("numeric_columns", "shares", "in_percent")}
        env.globals |= {
            "hub_files": lambda table: downloads.files_of(table, served.now(datasette).manifest),
            "hub_choices": lambda sql, names: choices.choices(datasette, sql, names),
        }


@hookimpl(tryfirst=True)
def filters_from_request(request, table: str, database: str, datasette: Datasette) -> None:
    if database == compat.CITY and _is_hub(datasette):
        search.refuse(datasette, table, request.args)


@hookimpl
def render_cell(value, column: str, database: str):
    return cells.render(value, column) if database == compat.CITY else None


@hookimpl
def handle_exception(datasette: Datasette, request, exception: Exception):
    return errors.answer(datasette, request, exception) if _is_hub(datasette) else None


@hookimpl
def forbidden(datasette: Datasette, request, message: str):
    return errors.answer(datasette, request, compat.Forbidden(message)) if _is_hub(datasette) else None


@hookimpl
def skip_csrf(datasette: Datasette, scope: dict) -> bool:
    """Asking for a status changes nothing, and needs no cookie."""
    return _is_hub(datasette) and scope["path"] == tracking.PATH


@hookimpl
def startup(datasette: Datasette):
    async def begin() -> None:
        if not _is_hub(datasette):
            return
        compat.mend_answers()
        if taken := NAMES & set(compat.database_names(datasette)):
            raise compat.StartupError(
                f"A database may not be called {', '.join(sorted(taken))}: the hub has that page."
            )
        try:
            served.begin(datasette)
        except CityglassError as error:
            raise compat.StartupError(str(error)) from error
        await compat.refuse_open_doors(datasette)

    return begin


@hookimpl(trylast=True)
def asgi_wrapper(datasette: Datasette):
    def wrap(app):
        if not _is_hub(datasette):
            return app
        chosen = compat.settings(datasette)
        guarded = door.Door(
            remembered.Remembered(app, release=lambda: served.release_id(datasette)),
            hosts=lambda: allowed_hosts(chosen),
            csp=door.policy,
            buckets=rate.Buckets(**chosen.get("rate_limit", {})),
            extra=lambda: {"x-release": served.release_id(datasette)},
        )

        async def hub(scope, receive, send):
            served.keep_up(datasette)
            await guarded(scope, receive, send)

        return hub

    return wrap


def allowed_hosts(chosen: dict) -> frozenset[str]:
    """Names this hub answers under: the operator's settings and the environment."""
    named = os.environ.get("CITYGLASS_HOSTS", "").split(",")
    return frozenset(name.strip().lower() for name in (*named, *chosen.get("allowed_hosts", ())) if name.strip())
