"""How the numbers are made and what is kept from them: two short pages, as honest as the data."""

import json

from datasette import NotFound, Request, Response

from hub import datasette_compat as compat
from hub.checks import ATTACKS
from hub.datasette_compat import Datasette
from hub.plugin import holdings, served
from hub.plugin.frame import CACHE, number
from hub.risks import RISKS

PAGES = ("methods", "privacy")
TIERS = """select tier, min(k) as smallest_k, max(k) as k, count(distinct service_group) as groups,
       group_concat(distinct service_group) as named from categories group by tier order by tier"""
CHECKS = """select check_name, attack, meaning, bound, value, is_passed, n from "_privacy_audit"
       order by attack is null, attack, check_name"""
RISK_LINES = 'select tier, measure, value, numerator, denominator, unit, meaning from "_privacy_risk" order by rowid'
RECEIVED = """select tier, sum(received) as received, sum(released) as released, sum(not_released) as not_released,
       sum(is_suppressed) as hidden, count(*) as periods, min(period) as first, max(period) as last
       from agg_received where service_group is null and district is null group by tier order by tier"""
HIDDEN = "select count(*) as cells, coalesce(sum(is_suppressed), 0) as hidden from agg_received"
ACCOUNT = "select * from completeness where dataset = 'service_requests'"
SHOWN = ("A", "B", "C")
EXPLAINED = {
    1: "Someone who knows when and where you asked looks for the one row that fits.",
    2: "Numbers that grow with time would tell when a row was made.",
    3: "All possible tracking numbers are tried, until one gives the number of the row.",
    4: "What one release has and the next has not tells of a single request.",
    5: "The same request, told a little differently each time, narrows down to the truth.",
    6: "The day on which a row first shows as closed tells what its period hides.",
    7: "A hidden count is worked out from the sums beside it.",
    8: "All rows that look alike ended alike, so nobody needs to know which one is yours.",
    9: "Who knows the rules can tell from a coarse row what it must have been before.",
    10: "Many rows that look alike come from one address, and hide nobody.",
    11: "Reports without a place all fall on one point, and seem to be a crowd.",
    12: "What is left between two tables or areas that nearly agree is one request.",
    13: "A name, a number or an hour stands in the text.",
    14: "What was deleted can still be read in the file.",
    15: "Someone with time, and with all that is public elsewhere, tries to find a person.",
    16: "A face, or the place kept inside a picture.",
}
KEPT_BACK = {  # what is said of one, and of more
    "waiting": ("waits until its period has ended", "wait until their period has ended"),
    "withheld": ("is withheld to protect people", "are withheld to protect people"),
    "quarantined": ("could not be used", "could not be used"),
    "erased": ("was erased", "were erased"),
    "deleted_upstream": ("is gone from the city's system", "are gone from the city's system"),
}


async def page(request: Request, datasette: Datasette) -> Response:
    name = request.url_vars["name"]
    if name not in PAGES:
        raise NotFound("There is no such page.")
    context = await _privacy(datasette) if name == "privacy" else {}
    return Response.html(await datasette.render_template(f"{name}.html", context, request), headers=CACHE)


async def _privacy(datasette: Datasette) -> dict:
    chosen = compat.settings(datasette)
    context = {"city": chosen.get("city", {}).get("name", ""), "audit": _audit(datasette)}
    context["attacks"] = ATTACKS
    context["checks"] = await compat.rows(datasette, CHECKS)
    answered = sorted({check["attack"] for check in context["checks"] if check["attack"] and check["meaning"]})
    context["explained"] = {ATTACKS[number]: EXPLAINED[number] for number in answered}
    context["layers"] = [check for check in context["checks"] if check["check_name"] == "text_layers"]
    if "service_requests" not in holdings.datasets(datasette):
        return context
    risks = await compat.rows(datasette, RISK_LINES)
    by_place = {(risk["measure"], risk["tier"]): risk for risk in risks}
    account = await compat.rows(datasette, ACCOUNT)
    return context | {
        "tiers": await compat.rows(datasette, TIERS),
        "risks": [
            _measured(measure, by_place) for measure in RISKS if any((measure, tier) in by_place for tier in SHOWN)
        ],
        "worst": {tier: chance(by_place.get(("prosecutor_risk_max", tier))) for tier in SHOWN},
        "received": await compat.rows(datasette, RECEIVED),
        "cells": (await compat.rows(datasette, HIDDEN))[0],
        "account": account[0] if account else None,
        "rest": kept_back(account[0]) if account else "",
    }


def kept_back(account: dict) -> str:
    """'9 wait until their period has ended and 4 are withheld to protect people': what is nothing is left out."""
    told = [(account[name], words) for name, words in KEPT_BACK.items() if account[name]]
    return holdings.together([f"{number(count)} {words[count != 1]}" for count, words in told])


def _audit(datasette: Datasette) -> dict:
    """What the release's audit.json says of itself; nothing where it says nothing."""
    path = served.now(datasette).release.path / "audit.json"
    return json.loads(path.read_text("utf-8")) if path.is_file() else {}


def _measured(measure: str, by_place: dict[tuple[str, str], dict]) -> dict:
    found = [by_place.get((measure, tier)) for tier in SHOWN]
    meaning = next(risk["meaning"] for risk in found if risk)
    return {"term": RISKS[measure].term, "meaning": meaning, "values": [told(risk) for risk in found]}


def told(risk: dict | None) -> str:
    """One figure in words: '1 in 5', '0.3 %', '7 rows'; a dash where there is none."""
    if risk is None or risk["value"] is None:
        return "–"
    if risk["unit"] == "share":
        return chance(risk) if risk["measure"].endswith("_risk_max") else percent(risk["value"])
    return number(int(risk["value"])) if risk["value"] == int(risk["value"]) else f"{risk['value']:.2f}"


def chance(risk: dict | None) -> str:
    """'1 in 5' of one fifth."""
    if risk is None or not risk["numerator"]:
        return "–"
    return f"{number(risk['numerator'])} in {number(risk['denominator'])}"


def percent(value: float) -> str:
    """0.1312 as '13.1 %'; what is more than nothing is never written as nothing, nor less than all as all."""
    if 0 < value < 0.0005:
        return "under 0.1 %"
    return "over 99.9 %" if 0.9995 < value < 1 else f"{100 * value:.1f} %"
