"""The address of a release, as it is cited: whether it is served, kept, or was taken back, why and what to read now."""

from pathlib import Path

from datasette import NotFound, Request, Response

from hub import releases
from hub.datasette_compat import Datasette
from hub.plugin import served
from hub.plugin.frame import CACHE

SERVED, KEPT, WITHDRAWN = "served", "kept", "withdrawn"
STATUS = {SERVED: 200, KEPT: 200, WITHDRAWN: 410}


async def page(request: Request, datasette: Datasette) -> Response:
    """A withdrawn release answers 410 to whatever is asked of it, with the class of the reason and nothing else."""
    release_id, now = request.url_vars["release_id"], served.now(datasette)
    data = now.link.parent.parent if now.link else None
    state, about = _state(release_id, now.release.id, data)
    if state is None or (state is not WITHDRAWN and (request.url_vars["rest"] or "").startswith("/")):
        raise NotFound("There is no such release, or it is no longer kept.")
    context = {
        "release": release_id,
        "state": state,
        "reason": releases.REASONS.get(about.get("reason", ""), ""),
        "now": about.get("now") or now.release.id,
    }
    if request.path.endswith(".json"):
        answer = {key: context[key] for key in ("release", "state", "reason", "now")}
        return Response.json(answer, status=STATUS[state], headers=CACHE)
    page = await datasette.render_template("release.html", context, request)
    return Response.html(page, status=STATUS[state], headers=CACHE)


def _state(release_id: str, serving: str, data: Path | None) -> tuple[str | None, dict[str, str]]:
    if release_id == serving:
        return SERVED, {}
    if data is None:
        return None, {}
    taken = releases.withdrawn(data)
    if release_id in taken:
        return WITHDRAWN, taken[release_id]
    is_kept = release_id in {release.id for release in releases.kept(data)}
    return (KEPT, {}) if is_kept else (None, {})
