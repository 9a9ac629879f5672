"""The ready cities: their files load, keep to the closed vocabularies, and fit the cities' real files where at hand."""

import csv
import gzip
import json
from collections import Counter
from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import narwhals as nw
import pytest

from etl.canonical import aliases, finish, typed_sql
from etl.sources.page import plain
from hub.city import City, load_city
from hub.datasets import DATASETS
from hub.outcomes import DISPOSITIONS
from hub.policy import Policy, load_policy

FOLDER = Path(__file__).parents[2] / "etl" / "cities"
DATA = Path(__file__).parents[3] / "shared" / "data"
READY = sorted(path.stem for path in FOLDER.glob("*.yml"))
PHASES = {"planned", "design", "construction", "complete", "ongoing", "unknown"}
KEY_COLUMNS = (
    "service_request_id",
    "service_name",
    "status_raw",
    "requested_datetime",
    "closed_datetime",
    "lat",
    "long",
    "closure_note",
)


@cache
def city(slug: str) -> City:
    return load_city(FOLDER / f"{slug}.yml")


@cache
def policy(slug: str) -> Policy:
    return load_policy(FOLDER / f"{slug}.yml", slug)


def cells(row: str) -> dict[str, str]:
    """A row written as name=value|name=value."""
    return dict(cell.split("=", 1) for cell in row.split("|"))


def records(slug: str, source: str, *rows: dict[str, str]) -> list[dict]:
    """What the pipeline makes of rows in the city's layout."""
    header = list(rows[0])
    con = duckdb.connect()
    con.execute(f"create table page (row_number bigint, {', '.join(f'{json.dumps(name)} varchar' for name in header)})")
    con.executemany(
        f"insert into page values ({', '.join('?' * (len(header) + 1))})",
        [[i, *row.values()] for i, row in enumerate(rows, 2)],
    )
    at, dataset = city(slug).sources[source], DATASETS[city(slug).sources[source].dataset]
    typed = nw.from_native(con.sql(typed_sql(city(slug), at, dataset, header)))
    made = finish(typed, city(slug), at, dataset).to_native().order("row_number")
    return [dict(zip(made.columns, row, strict=True)) for row in made.fetchall()]


# The files themselves


def test_boston_and_new_york_are_ready():
    assert {"boston", "new_york"} <= set(READY)


@pytest.mark.parametrize("slug", READY)
def test_a_ready_city_loads_and_its_requests_wait_for_from(slug):
    assert city(slug).slug == slug
    assert city(slug).sources["requests"].location == ()
    given = load_city(FOLDER / f"{slug}.yml", {"requests": ["elsewhere.csv"]})
    assert given.sources["requests"].location == ("elsewhere.csv",)


@pytest.mark.parametrize("slug", READY)
def test_every_word_stands_for_one_of_the_closed_list(slug):
    for source in city(slug).sources.values():
        layout = source.layout
        assert {rule["is"] for rule in layout.get("dispositions", [])} <= set(DISPOSITIONS)
        assert set(layout.get("status_dispositions", {}).values()) <= set(DISPOSITIONS)
        assert set(layout.get("status_dispositions", {})) <= set(layout.get("statuses", {}))
        assert set(layout.get("statuses", {}).values()) <= {"open", "closed"}
        assert set(layout.get("phases", {}).values()) <= PHASES


@pytest.mark.parametrize("slug", READY)
def test_no_rule_for_closing_words_is_hidden_by_an_earlier_one(slug):
    words = [rule["contains"].casefold() for rule in city(slug).sources["requests"].layout["dispositions"]]
    assert [(first, later) for i, first in enumerate(words) for later in words[i + 1 :] if first in later] == []


@pytest.mark.parametrize("slug", READY)
def test_a_ready_policy_is_unsigned_and_lists_every_released_column(slug):
    assert (policy(slug).signed_by, policy(slug).signed_on) == ("", "")
    assert policy(slug).columns == DATASETS["service_requests"].table.names
    assert policy(slug).mode == "M"


@pytest.mark.parametrize("slug", READY)
def test_every_group_that_a_policy_names_has_a_tier(slug):
    assert set(policy(slug).groups.values()) - set(policy(slug).tiers) == set()


# Closing words


@pytest.mark.parametrize(
    ("words", "disposition"),
    [
        ("Case Closed Case Resolved", "done"),
        ("Case Closed. Closed date : 2026-01-02 03:04:05.678 Case Resolved the duplicate key fits", "done"),
        ("Case Closed. Closed date : Fri Jan 02 03:04:05 EST 2026 Resolved", "done"),
        ("Resolved", "done"),
        ("Case Closed Case Resolved not at location 1/2.", "nothing_found"),
        ("Case Closed Case Noted", "noted"),
        ("Case Closed Case Noted  cart delivered", "done"),
        ("Case Closed Duplicate of Existing Case", "duplicate"),
        ("Case Closed VIOISS: Violation Filed", "enforced"),
        ("Case Closed NOVIO: No Violation Found/No Cause", "nothing_found"),
        ("Case Closed Internal Case", "administrative"),
        ("Case Closed Case Scheduled Items have been scheduled", "scheduled"),
        ("Case Closed. Closed date : 2026-01-02 03:04:05.678 case invaild", "invalid"),
        ("Case Closed :", "unknown"),
    ],
)
def test_in_boston_the_code_decides_unless_the_next_words_take_it_back(words, disposition):
    row = cells(
        "case_enquiry_id=1|open_dt=2026-01-01 08:00:30|closed_dt=2026-01-02 03:04:05|case_status=Closed|type=Zoning"
    )
    [made] = records("boston", "requests", row | {"closure_reason": words})
    assert made["disposition"] == disposition


@pytest.mark.parametrize(
    ("words", "disposition"),
    [
        ("The agency inspected. No violations were issued. The complaint has been closed.", "nothing_found"),
        ("The agency inspected. Violations were issued.", "enforced"),
        ("A Notice Of Violation was not issued.", "noted"),
        ("The agency was unable to access the rooms. No violations were issued.", "no_access"),
        ("It did not meet the criteria, and the Department of Sanitation referred it to another agency.", "referred"),
        ("This issue is not within its jurisdiction.", "invalid"),
        ("This issue is not within its jurisdiction. It has been referred to another agency.", "referred"),
        ("Temporary repairs were made. Permanent repairs will be scheduled.", "done"),
        ("The street will be planned for a later season.", "scheduled"),
        ("Please call 311 for further information.", "unknown"),
    ],
)
def test_in_new_york_nothing_comes_before_something_and_a_mere_pointer_tells_nothing(words, disposition):
    row = cells("Unique Key=1|Created Date=01/01/2026 08:00:30 AM|Closed Date=01/02/2026 09:00:00 PM|Status=Closed")
    [made] = records("new_york", "requests", row | {"Complaint Type": "Sewer", "Resolution Description": words})
    assert made["disposition"] == disposition


# Layouts, with made-up rows

NOON = int(datetime(2026, 1, 15, 12, 0, tzinfo=ZoneInfo("America/New_York")).timestamp())
IN_BOSTON = "latitude=42.3|longitude=-71.1"
LEGACY = f"location=1 Elm St|department=PARK|source=Self Service|case_status=Open|reason=Trees|type=Tree Emergencies|{IN_BOSTON}"
LAYOUTS = {
    "boston, 29 columns": (
        "boston",
        f"case_enquiry_id=7|open_dt=2026-01-15 12:00:00|target_dt=2026-01-15 13:00:00|closed_dt= |{LEGACY}",
    ),
    "boston, 30 columns": (
        "boston",
        f"_id=1|case_enquiry_id=7|open_dt=2026-01-15 12:00:00|sla_target_dt=2026-01-15 13:00:00|closed_dt=|{LEGACY}|geom_4326=0",
    ),
    "boston since 2025": (
        "boston",
        (
            "case_id=7|open_date=2026-01-15 17:00:00.12345+00|target_close_date=2026-01-15 18:00:00+00|close_date=|"
            "case_status=In progress|case_topic=Pruning Request|service_name=Pruning Request|closure_reason=|closure_comments=|"
            f"assigned_department=Parks & Recreation|full_address=1 Elm St|report_source=Call|{IN_BOSTON}"
        ),
    ),
    "new york, 41 columns": (
        "new_york",
        (
            "Unique Key=7|Created Date=01/15/2026 12:00:00 PM|Closed Date=|Due Date=01/15/2026 01:00:00 PM|Agency=DPR|"
            "Complaint Type=Damaged Tree|Status=In Progress|Incident Address=1 ELM ST|Open Data Channel Type=PHONE|"
            "Latitude=40.7|Longitude=-73.9|Zip Codes=1"
        ),
    ),
    "new york, a page of the API": (
        "new_york",
        (
            "unique_key=7|created_date=2026-01-15T12:00:00.000|closed_date=|due_date=2026-01-15T13:00:00.000|agency=DPR|"
            "complaint_type=Damaged Tree|status=In Progress|incident_address=1 ELM ST|open_data_channel_type=PHONE|"
            "latitude=40.7|longitude=-73.9|bbl=1"
        ),
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_of_a_city_becomes_the_same_record(layout):
    slug, row = LAYOUTS[layout]
    [made] = records(slug, "requests", cells(row))
    assert made["reason"] is None and made["flags"] == ""
    assert (made["service_request_id"], made["status"], made["address"]) == ("7", "open", "1 ELM ST")
    instants = [made[f"{name}_datetime"] for name in ("requested", "expected", "closed")]
    assert (instants, made["requested_date"]) == ([NOON, NOON + 3600, None], "2026-01-15")
    assert made["lat"] and made["long"] and made["channel"]
    assert city(slug).department_of(made["agency_responsible"])
    assert tier(policy(slug), made["service_group"], made["service_name"]) == "A"


def test_the_default_points_of_boston_are_no_places():
    row = cells("case_enquiry_id=1|open_dt=2026-01-01 08:00:30|closed_dt=|case_status=Open|type=Zoning")
    points = [(42.3594, -71.0587), (42.3603, -71.0583), (42.32276215, -71.11104302), (42.3596, -71.0587)]
    made = records(
        "boston", "requests", *(row | {"latitude": str(lat), "longitude": str(long)} for lat, long in points)
    )
    assert [one["lat"] for one in made] == [None, None, None, 42.3596]


def test_a_missing_amount_of_bostons_budget_is_no_line_and_fractions_of_a_cent_are_rounded():
    line = cells("Cabinet=Streets|Dept=Snow|Program=Ploughs|Expense Category=Equipment")
    [made] = records("boston", "budget", line | {"FY23 Appropriation": "#Missing", "FY24 Adopted": "1,000.004"})
    assert (made["fiscal_year"], made["stage"], made["direction"], made["amount_cents"]) == (
        2024,
        "adopted",
        "expense",
        100_000,
    )


def test_what_boston_spent_on_a_project_leaves_out_what_it_expects_to_spend():
    plan = "Department=Parks|Project_Name=Pond|Project_Status=In Construction|Total_Project_Budget=900"
    spent = "GO_Expended=100| Grant_Expended =20|Capital_Year_0=300|Grant_Year_0=40"
    [made] = records("boston", "capital_projects", cells(f"{plan}|{spent}"))
    assert (made["phase"], made["budget_cents"], made["spent_cents"]) == ("construction", 90_000, 12_000)


def test_person_cards_are_set_aside_from_the_stories():
    card = "objectid=ann|title=Ann|date=|description=|rights=Ask|display_template=person"
    told = "objectid=ann_1|title=Ann, 1|date=1976-06-08|description=Ice.|rights=Ask|display_template=transcript"
    [made] = records("boston", "stories", cells(card), cells(told))
    assert (made["story_id"], made["told_date"], made["place_precision"]) == ("ann_1", "1976-06-08", "none")
    assert (made["approved"], made["consent"]) == ("yes", "yes")


# The cities' real files, where they are at hand

REAL = {"boston": ("boston311", "boston311_qsv_fixtures"), "new_york": ("nyc311",)}
FILES = [
    (slug, path) for slug, folders in REAL.items() for folder in folders for path in sorted((DATA / folder).glob("*.*"))
]
needs_data = pytest.mark.skipif(not FILES, reason="the cities' real files are not at hand (../shared/data)")
each_file = pytest.mark.parametrize(("slug", "path"), FILES, ids=lambda value: getattr(value, "name", value))


def rows_of(path: Path) -> tuple[list[str], list[dict]]:
    if path.suffix == ".json":
        rows = json.loads(path.read_text("utf-8"))
        return list(dict.fromkeys(name for row in rows for name in row)), rows
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8", newline="") as lines:
        reader = csv.DictReader(lines)
        return list(reader.fieldnames), list(reader)


def tier(policy: Policy, group: str | None, name: str) -> str:
    """As the privacy rule settles it: the kind's own tier, else that of its group; what is named nowhere is X."""
    return policy.services.get(name) or policy.tiers.get(policy.groups.get(name) or group or name, "X")


@needs_data
@each_file
def test_every_real_header_has_the_key_columns(slug, path):
    header = {plain(name) for name in rows_of(path)[0]}
    named = aliases(city(slug).sources["requests"], DATASETS["service_requests"])
    assert [column for column in KEY_COLUMNS if not header & {plain(alias) for alias in named[column]}] == []


@needs_data
@each_file
def test_real_status_words_are_known_and_real_kinds_have_a_tier(slug, path):
    header, rows = rows_of(path)
    source = city(slug).sources["requests"]
    named = aliases(source, DATASETS["service_requests"])
    at = {
        column: next((n for n in header if plain(n) in {plain(alias) for alias in named[column]}), "")
        for column in named
    }
    words = [
        [" ".join((row.get(at[c]) or "").split()) for c in ("service_group", "service_name", "status_raw")]
        for row in rows
    ]
    tiers = Counter(tier(policy(slug), group, name) for group, name, _ in words)
    assert tiers["X"] <= len(rows) / 1000
    unknown = [status for _, _, status in words if status not in source.layout["statuses"]]
    assert len(unknown) <= len(rows) / 1000
