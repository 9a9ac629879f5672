"""Service requests (311 reports): the record the vault keeps and what a release shows of it."""

from hub.outcomes import OUTCOMES
from hub.schema import Column, Dataset, Privacy, Table, Type, View

RECORD = (
    Column("service_request_id", Type.TEXT, "Tracking number of the city's system.", Privacy.PSEUDONYM, required=True),
    Column("service_code", Type.TEXT, "Code of the kind of request.", Privacy.KIND),
    Column("service_name", Type.TEXT, "Kind of request.", Privacy.KIND),
    Column(
        "service_group",
        Type.TEXT,
        "Group of kinds; the level at which property-linked and sensitive reports are released.",
    ),
    Column("category_raw", Type.TEXT, "The city's own word for the kind, before any table.", Privacy.WITHHELD),
    Column("status_raw", Type.TEXT, "The city's own word for the status.", Privacy.WITHHELD),
    Column("status", Type.TEXT, "open or closed.", Privacy.OUTCOME),
    Column("disposition", Type.TEXT, "How it ended, from the city's closing words.", Privacy.OUTCOME),
    Column("requested_datetime", Type.INSTANT, "When it was opened.", Privacy.TIME, required=True),
    Column("expected_datetime", Type.INSTANT, "When the city promised to be done.", Privacy.TIME),
    Column("closed_datetime", Type.INSTANT, "When it was closed.", Privacy.TIME),
    Column("updated_datetime", Type.INSTANT, "When it was last touched.", Privacy.WITHHELD),
    Column("requested_day", Type.INTEGER, "Local day of opening, since 1970-01-01.", Privacy.TIME),
    Column("closed_day", Type.INTEGER, "Local day of closing, since 1970-01-01.", Privacy.TIME),
    Column("lat", Type.NUMBER, "Latitude (WGS84) of the incident.", Privacy.PLACE),
    Column("long", Type.NUMBER, "Longitude (WGS84) of the incident.", Privacy.PLACE),
    Column("address", Type.TEXT, "Address of the incident, normalised; counts locations, never shown.", Privacy.PLACE),
    Column("agency_responsible", Type.TEXT, "Agency that answers for it."),
    Column("channel", Type.TEXT, "How it reached the city.", Privacy.WITHHELD),
    Column("description", Type.TEXT, "What the reporter wrote.", Privacy.TEXT),
    Column("closure_note", Type.TEXT, "What staff wrote at closing.", Privacy.TEXT),
)

SERVICE_REQUESTS = Table(
    "service_requests",
    "Service requests",
    "One row per resident's request. Place, time and outcome are as precise as the row's tier allows.",
    (
        Column("id", Type.INTEGER, "Row number derived from the public id; its order tells nothing."),
        Column("public_id", Type.TEXT, "Pseudonymous record number; the same in every release."),
        Column("tier", Type.TEXT, "A public realm, B property-linked, C sensitive."),
        Column("service_group", Type.TEXT, "Group of kinds of request."),
        Column("service_code", Type.TEXT, "Code of the kind; tier A only."),
        Column("service_name", Type.TEXT, "Kind of request; tier A only."),
        Column(
            "agency_responsible",
            Type.TEXT,
            "Agency that answers for it; in tiers B and C only where the group has decided it in every release.",
        ),
        Column("status", Type.TEXT, "open or closed, as far as it may be told in this release."),
        Column("place_level", Type.TEXT, "Kind of area: h3_9, h3_8, h3_7, neighbourhood or city."),
        Column("place_id", Type.TEXT, "The area.", references="places.id"),
        Column("requested_bucket", Type.DATE, "First local day of the period in which it was opened."),
        Column("requested_grain", Type.TEXT, "Length of that period: day, week, month, quarter or year."),
        Column(
            "duration_hours",
            Type.INTEGER,
            "Whole hours from opening to closing; tier A, null while open.",
            unit="hours",
        ),
        Column(
            "duration_days",
            Type.INTEGER,
            "Local calendar days from opening to closing; tiers B and C, null while open.",
            unit="days",
        ),
        Column(
            "on_time",
            Type.TEXT,
            "met, missed, pending, or none where the city gives no target. An open request is missed once its period of "
            "opening has ended and the public target has passed since; where its due date is another it stays pending until "
            "it closes.",
        ),
        Column("disposition", Type.TEXT, "How it ended; tiers A and B.", references="dispositions.code"),
        Column("late", Type.BOOLEAN, "1 if it reached the hub after its period had been released."),
        Column("text", Type.TEXT, "Redacted text, where the policy opted in."),
        Column("photo", Type.TEXT, "Photo, where the policy opted in."),
    ),
    key=("id",),
    indexes=(
        ("status", "service_group", "requested_bucket"),
        ("service_group", "requested_bucket", "tier", "late"),  # what its page counts, and its newest rows
        ("place_id", "service_group"),
        ("requested_bucket",),
        ("service_name",),
    ),
    search_if_any=("text",),
    facets=("service_group", "status"),
    label="public_id",
)

PLACES = Table(
    "places",
    "Places",
    "The areas that released rows point to. An area is drawn whole, never as a pin.",
    (
        Column("id", Type.TEXT, "Area id: an H3 cell, a neighbourhood, or the city."),
        Column("level", Type.TEXT, "h3_9, h3_8, h3_7, neighbourhood or city."),
        Column("label", Type.TEXT, "What to call it."),
        Column("district", Type.TEXT, "District of its centre; null where it is coarser than a district."),
        Column("lat", Type.NUMBER, "Latitude of the area's centre."),
        Column("long", Type.NUMBER, "Longitude of the area's centre."),
    ),
    key=("id",),
    indexes=(("level",), ("district",), ("lat", "long")),
    facets=("level", "district"),
    label="label",
)

CATEGORIES = Table(
    "categories",
    "Service groups",
    "The kinds of request this city takes, with the tier in which each is released and its public target.",
    (
        Column("service_group", Type.TEXT, "Group of kinds of request."),
        Column("service_name", Type.TEXT, "Kind of request; null where its tier hides it."),
        Column("tier", Type.TEXT, "Tier in which it is released."),
        Column("k", Type.INTEGER, "Smallest class in which a row of it is released."),
        Column("target_days", Type.INTEGER, "The city's public target.", unit="days"),
        Column("department", Type.TEXT, "Department it is routed to."),
    ),
    search=("service_group", "service_name", "department"),
    facets=("tier", "department"),
)

DISPOSITIONS = Table(
    "dispositions",
    "Dispositions",
    "How a closed request ended, and the outcome class each ending counts as.",
    (
        Column("code", Type.TEXT, "How it ended."),
        Column("outcome", Type.TEXT, "Outcome class: fixed, no_action, duplicate, referred, administrative, unknown."),
        Column("meaning", Type.TEXT, "In plain words."),
    ),
    key=("code",),
    label="meaning",
)

DURATIONS = Table(
    "durations",
    "Durations",
    "Released requests counted by how long they were watched: the table that resolution times are computed from. Requests "
    "without a usable closing time or status are not in it.",
    (
        Column(
            "district",
            Type.TEXT,
            "District of the released place; 'Unlocated' where the place is coarser than a district.",
        ),
        Column("service_group", Type.TEXT, "Group of kinds of request."),
        Column("service_name", Type.TEXT, "Kind of request; null where the tier hides it."),
        Column("tier", Type.TEXT, "A, B or C."),
        Column("year", Type.TEXT, "Year of opening."),
        Column(
            "day",
            Type.INTEGER,
            "Days from opening to closing (of tier A begun days), or to the last day watched if still open.",
            unit="days",
        ),
        Column("n", Type.INTEGER, "Requests watched for exactly this long, closed or open.", unit="requests"),
        *(Column(name, Type.INTEGER, f"Of those, closed as {name}.", unit="requests") for name in OUTCOMES),
    ),
    # Covering, one for each way a curve can be grouped: three times faster than sorting the table.
    indexes=(
        ("service_group", "day", "district", "service_name", "year", "n", *OUTCOMES),
        ("district", "day", "service_group", "service_name", "year", "n", *OUTCOMES),
        ("service_name", "day", "district", "service_group", "year", "n", *OUTCOMES),
    ),
    facets=("district", "service_group", "year"),
)

ON_TIME = Table(
    "on_time",
    "On time",
    "Released requests by whether the promised day was kept.",
    (
        Column("district", Type.TEXT, "District of the released place, or 'Unlocated'."),
        Column("service_group", Type.TEXT, "Group of kinds of request."),
        Column("service_name", Type.TEXT, "Kind of request; null where the tier hides it."),
        Column("tier", Type.TEXT, "A, B or C."),
        Column("year", Type.TEXT, "Year of opening."),
        Column("n", Type.INTEGER, "Requests.", unit="requests"),
        Column("met_fixed", Type.INTEGER, "Closed as fixed by the promised day, which has come.", unit="requests"),
        Column("met_other", Type.INTEGER, "Closed otherwise by the promised day, which has come.", unit="requests"),
        Column(
            "missed",
            Type.INTEGER,
            "Closed later, or open past the promised day; in tier A also past a due date of its own, while the row itself "
            "says pending.",
            unit="requests",
        ),
        Column(
            "pending",
            Type.INTEGER,
            "Not yet due, closed or not, or due on a day that may not be told.",
            unit="requests",
        ),
        Column("no_target", Type.INTEGER, "The city gave no target.", unit="requests"),
        Column(
            "is_countable",
            Type.BOOLEAN,
            "1 where late open requests and outcomes are known, so that a share of the due can be stated.",
        ),
    ),
    indexes=(("service_group", "district", "year"),),
    facets=("district", "service_group", "year"),
)

BACKLOG = Table(
    "backlog",
    "Backlog",
    "Opened, closed and open at each month's end, from released rows at the precision of their tier.",
    (
        Column("month_end", Type.DATE, "Last local day of the month."),
        Column("district", Type.TEXT, "District of the released place, or 'Unlocated'."),
        Column("service_group", Type.TEXT, "Group of kinds of request."),
        Column(
            "opened",
            Type.INTEGER,
            "Requests opened in this month; one that tells only its period counts on a day of it drawn by its id.",
            unit="requests",
        ),
        Column("closed", Type.INTEGER, "Requests closed in this month, so many days after that day.", unit="requests"),
        Column("open", Type.INTEGER, "Requests open at the end of the month.", unit="requests"),
    ),
    indexes=(("month_end", "service_group", "open"), ("service_group", "month_end"), ("district", "month_end")),
    facets=("service_group", "district"),
)

AREA_COUNTS = Table(
    "area_counts",
    "Counts by area",
    "Released requests by area, group and year of opening: the table that the map is drawn from.",
    (
        Column("place_id", Type.TEXT, "The area.", references="places.id"),
        Column("tier", Type.TEXT, "A, B or C."),
        Column("service_group", Type.TEXT, "Group of kinds of request."),
        Column("year", Type.TEXT, "Year of opening."),
        Column("n", Type.INTEGER, "Requests.", unit="requests"),
        Column("open", Type.INTEGER, "Of those, open.", unit="requests"),
    ),
    indexes=(("place_id",), ("service_group", "place_id", "year", "n", "open")),
    facets=("tier", "service_group", "year"),
)

MONTH_COUNTS = Table(
    "month_counts",
    "Counts by month",
    "Released requests by month of opening, district and group.",
    (
        Column("month", Type.TEXT, "Month of opening, YYYY-MM; null where the row tells only a quarter or a year."),
        Column("district", Type.TEXT, "District of the released place, or 'Unlocated'."),
        Column("tier", Type.TEXT, "A, B or C."),
        Column("service_group", Type.TEXT, "Group of kinds of request."),
        Column("n", Type.INTEGER, "Requests.", unit="requests"),
        Column("open", Type.INTEGER, "Of those, open.", unit="requests"),
    ),
    indexes=(("month", "service_group", "n"), ("service_group", "month", "n"), ("district", "month", "n")),
    facets=("district", "service_group"),
)

# table: the released rows it counts, in the order of its columns
COUNTS = {
    "area_counts": """select place_id, tier, service_group, substr(requested_bucket, 1, 4), count(*), sum(status = 'open')
from service_requests group by 1, 2, 3, 4 order by 1, 2, 3, 4""",
    "month_counts": """select case when r.requested_grain in ('day', 'week', 'month') then substr(r.requested_bucket, 1, 7) end,
       coalesce(p.district, 'Unlocated'), r.tier, r.service_group, count(*), sum(r.status = 'open')
from service_requests r join places p on p.id = r.place_id group by 1, 2, 3, 4 order by 1, 2, 3, 4""",
}

REQUESTS = View(
    "requests",
    "Requests with places and outcomes",
    "Service requests joined with the label and district of their place and with their outcome class.",
    """select r.id, r.public_id, r.tier, r.service_group, r.service_name, r.agency_responsible, r.status,
       r.place_level, p.label as place, coalesce(p.district, 'Unlocated') as district, p.lat, p.long,
       r.requested_bucket, r.requested_grain, r.duration_hours, r.duration_days, r.on_time,
       r.disposition, d.outcome, r.late, r.text, r.photo
from service_requests r join places p on p.id = r.place_id left join dispositions d on d.code = r.disposition""",
    columns={"place": "What to call the area."},
)

DATASET = Dataset(
    "service_requests",
    "Service requests",
    "What residents asked the city to do, and what became of it.",
    key=("service_request_id",),
    record=RECORD,
    table=SERVICE_REQUESTS,
    companions=(PLACES, CATEGORIES, DISPOSITIONS, DURATIONS, ON_TIME, BACKLOG, AREA_COUNTS, MONTH_COUNTS),
    views=(REQUESTS,),
)
