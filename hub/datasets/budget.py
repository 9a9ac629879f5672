"""The city's budget: one line per program, category, year and stage, in cents."""

from hub.schema import Column, Dataset, Table, Type

COLUMNS = (
    Column("line_id", Type.TEXT, "Key of the line: its place in the budget, year and stage.", required=True),
    Column("direction", Type.TEXT, "expense or revenue.", required=True),
    Column("fiscal_year", Type.INTEGER, "Fiscal year as the city counts it.", required=True),
    Column("stage", Type.TEXT, "proposed, adopted, appropriation or actual.", required=True),
    Column("cabinet", Type.TEXT, "Cabinet or fund that the department belongs to."),
    Column("department", Type.TEXT, "Department."),
    Column("program", Type.TEXT, "Program, or the account of a revenue."),
    Column("category", Type.TEXT, "Expense or revenue category."),
    Column("amount_cents", Type.CENTS, "Amount.", unit="US cents", required=True),
)

BUDGET_LINES = Table(
    "budget_lines",
    "Budget lines",
    "Each line of the city's budget, by year and stage.",
    COLUMNS,
    key=("line_id",),
    indexes=(
        ("fiscal_year", "stage", "direction", "department"),
        ("department", "fiscal_year"),
        ("cabinet",),
        ("category",),
    ),
    search=("cabinet", "department", "program", "category"),
    facets=("fiscal_year", "stage", "direction", "cabinet"),
    label="program",
    sort="line_id",
)

BUDGET_TOTALS = Table(
    "budget_totals",
    "Budget totals",
    "The sum of the lines beside the city's own total, and what is missing between them.",
    (
        Column("direction", Type.TEXT, "expense or revenue."),
        Column("fiscal_year", Type.INTEGER, "Fiscal year."),
        Column("stage", Type.TEXT, "Stage of the budget."),
        Column("lines", Type.INTEGER, "Lines summed.", unit="lines"),
        Column("amount_cents", Type.CENTS, "Sum of the lines.", unit="US cents"),
        Column("stated_cents", Type.CENTS, "The city's own total; null where none was given.", unit="US cents"),
        Column("difference_cents", Type.CENTS, "Sum less stated.", unit="US cents"),
        Column("is_reconciled", Type.BOOLEAN, "1 if they differ by less than the rounding of the lines."),
        Column("stated_in", Type.TEXT, "Where the city states its total."),
    ),
    key=("direction", "fiscal_year", "stage"),
)

DATASET = Dataset(
    "budget",
    "Budget",
    "What the city decided to spend and collect, line by line.",
    key=("line_id",),
    record=COLUMNS,
    table=BUDGET_LINES,
    companions=(BUDGET_TOTALS,),
)
