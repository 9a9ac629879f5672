"""The ready cities' layouts, with made-up rows: whichever way a city's systems and exports write it, it is one record."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from etl.canonical import flags_of, request
from etl.sources.georeport import tidied
from hub.datasets import DATASETS
from tests.ready import both, cells, city, department, made_of, policy, records, tier

DUE = {"boston", "new_york", "philadelphia", "washington_dc", "ontario_ca"}  # cities that tell when they will be done
CHANNEL = {"boston", "new_york", "chicago", "san_francisco", "oakland"}


def noon(slug: str) -> int:
    zone = ZoneInfo(city(slug).sources["requests"].time_zone)
    return int(datetime(2026, 1, 15, 12, 0, tzinfo=zone).timestamp())


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
    "chicago, 37 columns": (
        "chicago",
        (
            "sr_number=7|created_date=2026-01-15T12:00:00.000|closed_date=|last_modified_date=2026-01-15T12:30:00.000|"
            "sr_type=Pothole in Street Complaint|sr_short_code=PHF|owner_department=CDOT - Department of Transportation|"
            "status=Open|origin=Internet|street_address=1 ELM ST|duplicate=False|latitude=41.8|longitude=-87.7|location={}"
        ),
    ),
    "san francisco, before 2017": (
        "san_francisco",
        (
            "Unnamed: 0=1|CaseID=7|Opened=01/15/2026 12:00:00 PM|Closed= |Updated=01/15/2026 12:30:00 PM|Status=Open|"
            "Status.Notes=accepted|Responsible.Agency=A Queue - Ann Ames|Category=Streetlights|Address=1 ELM ST|"
            "Point=(37.77, -122.42)|Source=Voice In"
        ),
    ),
    "san francisco, a page of the API": (
        "san_francisco",
        (
            "service_request_id=7|requested_datetime=2026-01-15T12:00:00.000|closed_date=|status_description=Open|"
            "agency_responsible=A Queue - Ann Ames|service_name=Streetlights|address=1 ELM ST|lat=37.77|long=-122.42|"
            "point.latitude=37.77|point.longitude=-122.42|source=Phone"
        ),
    ),
    "oakland, an export": (
        "oakland",
        (
            "REQUESTID=7|DATETIMEINIT=01/15/2026 12:00:00 PM|SOURCE=Phone|REQCATEGORY=ELECTRICAL|STATUS=WOCREATE|"
            "DATETIMECLOSED=|SRX=-122.2|SRY=37.8|PROBADDRESS=1 ELM ST"
        ),
    ),
    "oakland, a page of the API": (
        "oakland",
        (
            "requestid=7|datetimeinit=2026-01-15T12:00:00.000|source=SeeClickFix|reqcategory=ELECTRICAL|status=OPEN|"
            "datetimeclosed=9999-12-31T00:00:00.000|srx=-122.2|sry=37.8|probaddress=1 ELM ST|reqaddress.latitude=30.0"
        ),
    ),
    "philadelphia": (
        "philadelphia",
        (
            "service_request_id=7|status=Open|status_notes=|service_name=Street Light Outage|service_code=SR-ST01|"
            "agency_responsible=Streets Department|requested_datetime=2026-01-15T17:00:00Z|closed_datetime=|"
            "expected_datetime=2026-01-15T18:00:00Z|updated_datetime=2026-01-15T17:30:00Z|address=1 ELM ST|lat=39.95|lon=-75.16"
        ),
    ),
    "washington, an old download": (
        "washington_dc",
        (
            "OBJECTID=1|SERVICEREQUESTID=7|SERVICECODEDESCRIPTION=Pothole|SERVICETYPECODEDESCRIPTION=Toa-Street & Bridge|"
            "ORGANIZATIONACRONYM=DDOT|ADDDATE=2026-01-15T12:00:00.000Z|SERVICEDUEDATE=2026-01-15T13:00:00.000Z|"
            "RESOLUTIONDATE=|SERVICEORDERSTATUS=IN-PROGRESS|STREETADDRESS=1 ELM ST|LATITUDE=38.9|LONGITUDE=-77.0"
        ),
    ),
    "washington, a page of the server": (
        "washington_dc",
        (
            "SERVICEREQUESTID=7|SERVICECODEDESCRIPTION=Pothole|ORGANIZATIONACRONYM=DDOT|ADDDATE=1768496400000|"
            "SERVICEDUEDATE=1768500000000|RESOLUTIONDATE=|SERVICEORDERSTATUS=Open|STREETADDRESS=1 ELM ST|"
            "geometry.lat=38.9|geometry.long=-77.0"
        ),
    ),
    "washington, a CSV of today": (
        "washington_dc",
        (
            "SERVICEREQUESTID=7|SERVICECODEDESCRIPTION=Pothole|ORGANIZATIONACRONYM=DDOT|ADDDATE=2026/01/15 17:00:00+00|"
            "SERVICEDUEDATE=2026/01/15 18:00:00+00|RESOLUTIONDATE=|SERVICEORDERSTATUS=Open|STREETADDRESS=1 ELM ST|"
            "LATITUDE=38.9|LONGITUDE=-77.0"
        ),
    ),
    "ontario": (
        "ontario_ca",
        (
            "coo_number=7|coo_kindcode=PH|coo_kind@label=Pothole|_coo_category_value@label=Streets|statuscode@label=New|"
            "createdon=2026-01-15T20:00:00Z|modifiedon=2026-01-15T20:30:00Z|coo_dueon=2026-01-15T21:00:00Z|coo_closedon=|"
            "coo_latitude=34.05|coo_longitude=-117.6|coo_incidentaddress=1 Elm St|_coo_department_value@label=Public Works"
        ),
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_of_a_city_becomes_the_same_record(layout):
    slug, row = LAYOUTS[layout]
    [made] = records(slug, "requests", cells(row))
    sentinel = ["sentinel_date"] if "9999" in row else []
    assert (made["reason"], flags_of(made["flags"])) == (None, sentinel)
    assert (made["service_request_id"], made["status"], made["address"]) == ("7", "open", "1 ELM ST")
    due = noon(slug) + 3600 if slug in DUE else None
    instants = [made[f"{name}_datetime"] for name in ("requested", "expected", "closed")]
    assert (instants, made["requested_day"]) == ([noon(slug), due, None], 20_468)
    assert made["lat"] and made["long"] and bool(made["channel"]) == (slug in CHANNEL)
    assert department(slug, made)
    assert tier(policy(slug), made["service_group"], made["service_name"]) == "A"


def test_a_retired_table_of_chicago_becomes_records_by_day():
    row = cells(
        "Creation_Date=2026-01-15|Status=Completed - Dup|Completion_Date=2026-01-15|Service_Request_Number=7|"
        "Type_of_Service_Request=Sanitation Code Violation|What_is_the_Nature_of_this_Code_Violation=Other|"
        "Street_Address=1 ELM ST|Ward=20.0|Latitude=41.8|Longitude=-87.7|Location=(41.8, -87.7)"
    )
    [made] = records("chicago", "requests", row)
    assert (made["reason"], made["flags"], made["disposition"]) == (None, 0, "duplicate")
    assert (made["requested_day"], made["closed_day"]) == (20_468, 20_468)
    assert tier(policy("chicago"), None, made["service_name"]) == "B"


OPEN311 = (
    "service_request_id=7|status=closed|status_notes=Case Resolved|service_name={kind}|service_code=1|group=Trees|"
    "requested_datetime=2026-01-15T12:00:00{zone}|updated_datetime=2026-01-15T14:00:00{zone}|address=1 Elm St|"
    "lat={lat}|long={long}|description=a word|extended_attributes.duplicate=false"
)
ENDPOINTS = {
    "boston": ("Tree Emergencies", "-05:00", 42.3, -71.1),
    "chicago": ("Pothole in Street Complaint", "", 41.8, -87.7),
    "philadelphia": ("Street Light Outage", "-05:00", 39.95, -75.16),
    "san_francisco": ("Streetlights", "-08:00", 37.77, -122.42),
    "washington_dc": ("Pothole", "-05:00", 38.9, -77.0),
}


@pytest.mark.parametrize("slug", ENDPOINTS)
def test_a_request_of_the_open311_endpoint_closes_when_it_was_last_changed(slug):
    kind, zone, lat, long = ENDPOINTS[slug]
    [row] = tidied([cells(OPEN311.format(kind=kind, zone=zone, lat=lat, long=long))], {})
    [made] = made_of(city(slug), both(slug)[1], row)
    assert (made["reason"], made["flags"], made["service_request_id"]) == (None, 0, "7")
    assert (made["status"], made["disposition"]) == ("closed", "done")
    assert (made["requested_datetime"], made["closed_datetime"]) == (noon(slug), noon(slug) + 7200)
    assert tier(policy(slug), made["service_group"], made["service_name"]) == "A"


def test_a_question_to_chicago_is_no_work_done_whichever_system_tells_of_it():
    """The kind is judged as a kind: closing words that happen to name it, or one like it, mean nothing."""
    row = cells(OPEN311.format(kind="311 INFORMATION ONLY CALL", zone="", lat=41.8, long=-87.7))
    [told] = tidied([row], {})
    like = told | {"service_name": "Bungalow/Vintage Home Information Request"}
    ends = [one["disposition"] for one in made_of(city("chicago"), both("chicago")[1], told, like)]
    assert ends == ["information_only", "done"]


def test_a_kind_of_philadelphia_is_not_taken_for_closing_words():
    row = "service_request_id=1|requested_datetime=2026-01-01T13:00:30Z|closed_datetime=2026-01-02T14:00:00Z|status=Closed|"
    kinds = {
        "Information Request": "Issue Resolved",
        "A transferred kind": "",
        "Pothole Repair": "Information request by phone",
        "Service Not Needed": "",
    }
    rows = [cells(f"{row}service_name={kind}|status_notes={notes}") for kind, notes in kinds.items()]
    ends = [made["disposition"] for made in records("philadelphia", "requests", *rows)]
    assert ends == ["information_only", "unknown", "unknown", "invalid"]


def test_an_issue_of_the_app_of_oakland_is_a_request_and_what_the_policy_does_not_name_is_withheld():
    row = cells(
        "id=17000007|status=Archived|request_type.title=Traffic Signal - Outage/Damaged|created_at=2026-01-15T12:00:00-08:00|"
        "closed_at=2026-01-15T14:00:00-08:00|lat=37.8|lng=-122.2|address=1 Elm St|summary=a word|reporter.name=Ann"
    )
    source = both("oakland")[1]
    made = made_of(city("oakland"), source, row, row | {"request_type.title": "A kind of yesterday"})
    assert {(one["status"], *flags_of(one["flags"])) for one in made} == {("closed", "unknown_disposition")}
    tiers = [tier(policy("oakland"), None, one["service_name"]) for one in made]
    assert ([one["closed_datetime"] for one in made], tiers) == ([noon("oakland") + 7200] * 2, ["A", "X"])
    assert not request(source, DATASETS["service_requests"]).columns & {"summary", "description", "reportername"}


def test_a_place_of_oakland_in_feet_or_metres_is_set_aside_and_counted():
    row = cells("REQUESTID=1|DATETIMEINIT=2026-01-01T08:00:30.000|STATUS=OPEN|REQCATEGORY=TREES|PROBADDRESS=ZZ")
    places = [("6052000.1", "2118000.2"), ("-13612000", "4551000"), ("-122.2", "37.8")]
    made = records("oakland", "requests", *(row | {"SRX": x, "SRY": y} for x, y in places))
    assert [(one["lat"], flags_of(one["flags"])) for one in made] == [
        (None, ["outside_city"]),
        (None, ["outside_city"]),
        (37.8, []),
    ]
    assert {one["address"] for one in made} == {None}


@pytest.mark.parametrize(
    ("point", "place", "flags"),
    [
        ("(37.77, -122.42)", (37.77, -122.42), []),
        ("1 Elm St San Francisco, CA (37.77, -122.42)", (37.77, -122.42), []),
        ("POINT (-122.42 37.77)", (37.77, -122.42), []),
        ("", (None, None), []),
        ("(0, 0)", (None, None), ["outside_city"]),
        ("(-122.42, 37.77)", (None, None), ["outside_city"]),  # the axes are swapped: no place of this city
        ("near the bridge", (None, None), ["bad_number"]),
    ],
)
def test_a_place_of_san_francisco_may_stand_in_one_column(point, place, flags):
    row = cells("CaseID=1|Opened=01/01/2026 08:00:30 AM|Closed=|Status=Open|Category=Streetlights")
    [made] = records("san_francisco", "requests", row | {"Point": point})
    assert ((made["lat"], made["long"]), flags_of(made["flags"])) == (place, flags)


def test_a_place_in_columns_of_its_own_counts_more_than_the_one_that_holds_both():
    row = cells("CaseID=1|Opened=01/01/2026 08:00:30 AM|Closed=|Status=Open|Category=Streetlights|Point=(37.7, -122.4)")
    made = records("san_francisco", "requests", row | {"Latitude": "37.77", "Longitude": "-122.42"}) + records(
        "san_francisco", "requests", row | {"Latitude": "", "Longitude": ""}
    )
    assert [(one["lat"], one["long"]) for one in made] == [(37.77, -122.42), (37.7, -122.4)]


def test_the_points_on_which_chicago_puts_its_calls_are_no_places():
    row = cells("sr_number=1|created_date=2026-01-01T08:00:30.000|status=Open|sr_type=Aircraft Noise Complaint")
    points = [
        ("41.871831277993564", "-87.67984621876099"),
        ("41.9948965489749", "-87.8877516541201"),
        ("41.9", "-87.8"),
    ]
    made = records("chicago", "requests", *(row | {"latitude": lat, "longitude": long} for lat, long in points))
    assert [one["lat"] for one in made] == [None, None, 41.9]


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
    assert (made["story_id"], made["told_date"], made["place_precision"]) == ("ann_1", "1976-06-08", "city")
    assert (made["approved"], made["consent"]) == ("yes", "yes")
