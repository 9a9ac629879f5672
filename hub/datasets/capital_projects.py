"""Capital projects: what is planned, what was spent, how far it is, and where."""

from hub.schema import Column, Dataset, Table, Type

COLUMNS = (
    Column("project_id", Type.TEXT, "The city's project number, or a key made of department and name.", required=True),
    Column("name", Type.TEXT, "Name of the project.", required=True),
    Column("department", Type.TEXT, "Department it is for."),
    Column("manager", Type.TEXT, "Department that runs it."),
    Column("scope", Type.TEXT, "What will be built."),
    Column("status", Type.TEXT, "The city's own word for how far it is."),
    Column("phase", Type.TEXT, "planned, design, construction, complete, ongoing or unknown."),
    Column("neighbourhood", Type.TEXT, "Where, as the city names it."),
    Column("budget_cents", Type.CENTS, "Total planned.", unit="US cents", required=True),
    Column("spent_cents", Type.CENTS, "Spent so far, all sources.", unit="US cents"),
    Column("start_date", Type.DATE, "Planned or actual start."),
    Column("end_date", Type.DATE, "Planned or actual end."),
    Column("lat", Type.NUMBER, "Latitude of the site, or null."),
    Column("long", Type.NUMBER, "Longitude of the site, or null."),
)

CAPITAL_PROJECTS = Table(
    "capital_projects",
    "Capital projects",
    "What the city builds: plan, spending, status and place. place_precision says what the point stands for.",
    (
        *COLUMNS,
        Column(
            "district", Type.TEXT, "District of the site or of the named neighbourhood; null if citywide or unknown."
        ),
        Column("place_precision", Type.TEXT, "site, neighbourhood, citywide or unknown."),
    ),
    key=("project_id",),
    indexes=(("department",), ("phase",), ("district",), ("budget_cents",)),
    search=("name", "scope", "department", "neighbourhood"),
    facets=("department", "phase", "neighbourhood"),
    label="name",
    sort="project_id",
)

CAPITAL_TOTALS = Table(
    "capital_totals",
    "Capital totals",
    "The sum of the projects beside the city's own total.",
    (
        Column("measure", Type.TEXT, "budget or spent."),
        Column("projects", Type.INTEGER, "Projects summed.", unit="projects"),
        Column("amount_cents", Type.CENTS, "Sum of the projects.", unit="US cents"),
        Column("stated_cents", Type.CENTS, "The city's own total; null where none was given.", unit="US cents"),
        Column("difference_cents", Type.CENTS, "Sum less stated.", unit="US cents"),
        Column("is_reconciled", Type.BOOLEAN, "1 if they differ by less than the dollar that totals are stated in."),
        Column("stated_in", Type.TEXT, "Where the city states its total."),
    ),
    key=("measure",),
)

DATASET = Dataset(
    "capital_projects",
    "Capital projects",
    "What the city builds and what it costs.",
    key=("project_id",),
    record=COLUMNS,
    table=CAPITAL_PROJECTS,
    companions=(CAPITAL_TOTALS,),
)
