"""How the numbers are made and what is kept from them: two short pages, as honest as the data."""

from datasette import NotFound, Request, Response

from hub import datasette_compat as compat
from hub.datasette_compat import Datasette
from hub.plugin.frame import CACHE

PAGES = ("methods", "privacy")
TIERS = """select tier, min(k) as smallest_k, max(k) as k, count(distinct service_group) as groups,
       group_concat(distinct service_group) as named from categories group by tier order by tier"""
CHECKS = 'select count(*) as n, sum(is_passed) as passed from "_privacy_audit"'


async def page(request: Request, datasette: Datasette) -> Response:
    name = request.url_vars["name"]
    if name not in PAGES:
        raise NotFound("There is no such page.")
    chosen = compat.settings(datasette)
    has_requests = "service_requests" in chosen.get("datasets", ("service_requests",))
    context = {
        "city": chosen.get("city", {}).get("name", ""),
        "tiers": await compat.rows(datasette, TIERS) if has_requests else [],
        "checks": (await compat.rows(datasette, CHECKS))[0],
    }
    return Response.html(await datasette.render_template(f"{name}.html", context, request), headers=CACHE)
