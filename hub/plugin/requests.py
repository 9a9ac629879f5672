"""One released service request in plain words, at the precision of its tier and no finer."""

from datetime import date, timedelta
from urllib.parse import urlencode

from datasette import NotFound, Request, Response

from hub import datasette_compat as compat
from hub.datasette_compat import Datasette
from hub.outcomes import DISPOSITIONS
from hub.plugin import served
from hub.plugin.frame import CACHE, counted, day
from hub.public_ids import id_of

ONE = "select * from requests where id = :id and public_id = :public_id"
TIERS = {
    "A": "Tier A, public realm: streets, lights, trees and the like. Kind, day and a small area are told.",
    "B": "Tier B, tied to a property: only the group, a longer period and a wider area are told.",
    "C": "Tier C, sensitive: only the group, a long period and a wide area are told, and not how it ended.",
}
LEVELS = {
    "h3_9": "an area of about a tenth of a square kilometre",
    "h3_8": "an area of less than a square kilometre",
    "h3_7": "an area of about five square kilometres",
    "neighbourhood": "a neighbourhood",
    "city": "the city as a whole",
}
KEPT = {
    "met": "The promised day was kept.",
    "missed": "The promised day was missed.",
    "pending": "Not due yet, or due on a day that may not be told.",
    "none": "The city promises no day for this kind of request.",
}


async def page(request: Request, datasette: Datasette) -> Response:
    public_id = request.url_vars["public_id"]
    found = await compat.rows(datasette, ONE, {"id": id_of(public_id), "public_id": public_id})
    if not found:
        raise NotFound("There is no released request with this number.")
    row, now = found[0], served.now(datasette)
    alike = {"service_group": row["service_group"], "service_name": row["service_name"] or "", "by": "service_group"}
    context = {
        "row": row,
        "title": row["service_name"] or row["service_group"],
        "facts": facts(row, now.as_of),
        "tier": TIERS.get(row["tier"], ""),
        "alike": f"/{compat.CITY}/time_to_close?{urlencode(alike)}",
        "release": now.release.id,
    }
    return Response.html(await datasette.render_template("request.html", context, request), headers=CACHE)


def facts(row: dict, as_of: str) -> list[tuple[str, str]]:
    """What is told of a request, each with its precision."""
    kind = (
        f"{row['service_name']} ({row['service_group']})"
        if row["service_name"]
        else f"{row['service_group']}; its kind is not told"
    )
    where = LEVELS.get(row["place_level"], "an area")
    told = [
        ("Asked for", kind),
        ("Opened", period(row["requested_bucket"], row["requested_grain"])),
        ("Where", where.capitalize() if row["place_level"] == "city" else f"{row['place']}: {where}"),
        ("Status", status(row, as_of)),
        ("On time", KEPT.get(row["on_time"], "Not told.")),
    ]
    if row["status"] == "closed":
        told.append(
            (
                "How it ended",
                DISPOSITIONS[row["disposition"]][1] if row["disposition"] in DISPOSITIONS else "Not told in this tier.",
            )
        )
    if row["text"]:
        told.append(("In words, without names and numbers", row["text"]))
    if row["agency_responsible"]:
        told.append(("Answers for it", row["agency_responsible"]))
    if row["late"]:
        told.append(("Late", "It reached the hub after its period had been released."))
    return told


def period(first: str, grain: str) -> str:
    """The period a request was opened in, in words: 'In March 2025'."""
    start = date.fromisoformat(first)
    words = {
        "day": f"On {day(first)}",
        "week": f"In the week from {day(first)} to {day(str(start + timedelta(days=6)))}",
        "month": f"In {start:%B %Y}",
        "quarter": f"In the quarter that began on {day(first)}",
        "year": f"In {start.year}",
    }
    return words.get(grain, f"In the period that began on {day(first)}") + (
        "; the day is not told" if grain != "day" else ""
    )


def status(row: dict, as_of: str) -> str:
    """Open or closed, and after how long."""
    if row["status"] != "closed":
        return f"Open, as far as it may be told on {day(as_of)}"
    if row["duration_hours"] is not None:
        hours = row["duration_hours"]
        return f"Closed after {counted(hours, 'hour')}" if hours < 48 else f"Closed after {counted(hours // 24, 'day')}"
    if row["duration_days"] == 0:
        return "Closed on the day it was opened"
    return f"Closed after {counted(row['duration_days'], 'day')}" if row["duration_days"] is not None else "Closed"
