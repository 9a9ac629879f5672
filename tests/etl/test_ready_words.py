"""The ready cities' closing words, with made-up rows: what the city says of how a request ended becomes a disposition."""

import pytest

from tests.ready import cells, records


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


CHICAGO = "sr_number=1|created_date=2026-01-01T08:00:30.000|closed_date=2026-01-02T09:00:00.000"
FRANCISCO = "CaseID=1|Opened=01/01/2026 08:00:30 AM|Closed=01/02/2026 09:00:00 PM|Status=Closed|Category=Streetlights"
PHILADELPHIA = (
    "service_request_id=1|requested_datetime=2026-01-01T13:00:30Z|closed_datetime=2026-01-02T14:00:00Z|status=Closed"
)
DISTRICT = "SERVICEREQUESTID=1|ADDDATE=2016-08-01T08:00:30.000Z|RESOLUTIONDATE=2016-08-02T09:00:00.000Z|SERVICECODEDESCRIPTION=Pothole"
OAKLAND = "REQUESTID=1|DATETIMEINIT=2026-01-01T08:00:30.000|DATETIMECLOSED=2026-01-02T09:00:00.000|REQCATEGORY=TREES"
ENDINGS = [
    ("chicago", f"{CHICAGO}|status=Completed|duplicate=False|sr_type=Pothole in Street Complaint", "done"),
    ("chicago", f"{CHICAGO}|status=Completed|duplicate=True|sr_type=Pothole in Street Complaint", "duplicate"),
    ("chicago", f"{CHICAGO}|status=Completed|duplicate=false|sr_type=Pothole in Street Complaint", "done"),
    ("chicago", f"{CHICAGO}|status=Canceled|duplicate=True|sr_type=Pothole in Street Complaint", "cancelled"),
    ("chicago", f"{CHICAGO}|status=Completed|duplicate=False|sr_type=311 INFORMATION ONLY CALL", "information_only"),
    ("chicago", f"{CHICAGO}|status=Completed|duplicate=False|sr_type=Aircraft Noise Complaint", "administrative"),
    ("san_francisco", f"{FRANCISCO}|Status.Notes=Case Resolved - repaired", "done"),
    ("san_francisco", f"{FRANCISCO}|Status.Notes=Case Completed - resolved: WASTE NOT FOUND", "nothing_found"),
    ("san_francisco", f"{FRANCISCO}|Status.Notes=Case Completed - resolved: duplicate", "duplicate"),
    ("san_francisco", f"{FRANCISCO}|Status.Notes=Case Completed - cancelled:", "cancelled"),
    ("san_francisco", f"{FRANCISCO}|Status.Notes=Case Transferred - PSR 7", "referred"),
    ("san_francisco", f"{FRANCISCO}|Status.Notes=DPT Abandoned Vehicles- Gone on arrival - 1/2/26", "nothing_found"),
    ("san_francisco", f"{FRANCISCO}|Status.Notes=Not Scheduled -", "unknown"),
    ("san_francisco", f"{FRANCISCO}|Status.Notes=", "unknown"),
    ("philadelphia", f"{PHILADELPHIA}|service_name=Information Request|status_notes=", "information_only"),
    ("philadelphia", f"{PHILADELPHIA}|service_name=Pothole Repair|status_notes=Issue Resolved", "done"),
    ("philadelphia", f"{PHILADELPHIA}|service_name=Pothole Repair|status_notes=Issue Not Resolved", "unknown"),
    ("philadelphia", f"{PHILADELPHIA}|service_name=Pothole Repair|status_notes=Service Not Needed", "invalid"),
    ("washington_dc", f"{DISTRICT}|SERVICEORDERSTATUS=CLOSED", "done"),
    ("washington_dc", f"{DISTRICT}|SERVICEORDERSTATUS=Closed (Duplicate)", "duplicate"),
    ("washington_dc", f"{DISTRICT}|SERVICEORDERSTATUS=VOIDED", "cancelled"),
    ("oakland", f"{OAKLAND}|STATUS=CLOSED", "done"),
    ("oakland", f"{OAKLAND}|STATUS=Cancel", "cancelled"),
    ("oakland", f"{OAKLAND}|STATUS=GONE ON ARRIVAL", "nothing_found"),
    ("oakland", f"{OAKLAND}|STATUS=REFERRED", "referred"),
]


@pytest.mark.parametrize(("slug", "row", "disposition"), ENDINGS)
def test_how_a_request_ended_is_told_by_what_the_city_has_for_closing_words(slug, row, disposition):
    [made] = records(slug, "requests", cells(row))
    assert (made["status"], made["disposition"]) == ("closed", disposition)
