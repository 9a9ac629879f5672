"""The cities' real files, where they are at hand: each is read to its last row; no row is shown."""

from pathlib import Path

import pytest

from etl.sources import files
from etl.sources.page import Request, plain
from tests.sources.reading import Reading
from tests.sources.tables import read_part, refusal, rejected

SHARED = Path(__file__).parents[3] / "shared" / "data"
LEGACY = ("case_enquiry_id", "open_dt")
V6VF, PER_TYPE = ("sr_number", "created_date"), ("Service_Request_Number", "Creation_Date")
NEW_YORK, LOS_ANGELES, WASHINGTON = (
    ("unique_key", "created_date"),
    ("SRNumber", "CreatedDate"),
    ("SERVICEREQUESTID", "ADDDATE"),
)
REAL = {  # file: columns for the id and the opening, rows, rows that fit no header
    "boston311/boston_311_2011H2_legacy29col.csv.gz": (LEGACY, 58_251, 0),
    "boston311/boston_311_animal_2014_2023_legacy30col.csv.gz": (LEGACY, 33_952, 0),
    "boston311_qsv_fixtures/boston311-10-boolean-1or0.csv": (LEGACY, 10, 0),
    "boston311_qsv_fixtures/boston311-100-20dupes-random.csv": (LEGACY, 100, 0),
    "boston311_qsv_fixtures/boston311-100-deduped.csv": (LEGACY, 80, 0),
    "boston311_qsv_fixtures/boston311-100.csv": (LEGACY, 100, 0),
    "nyc311/311_AnthonyUPF_soda.json": (NEW_YORK, 1_000, 0),
    "nyc311/nyc311-100.csv": (NEW_YORK, 100, 0),
    "nyc311/nyc_311_2010_2025_41col.csv.gz": (NEW_YORK, 5_895, 0),
    "nyc311/nyc_311_2020_2023_20col.csv.gz": (NEW_YORK, 52_519, 0),
    "nyc311/nyc_311_2023-02-28_46col.csv.gz": (NEW_YORK, 4_999, 0),
    "chicago311/chicago_sanitation_2000_2014_pertype16col.csv.gz": (PER_TYPE, 74_401, 0),
    "chicago311/chicago_v6vf_2021-01_37col.csv.gz": (V6VF, 5_000, 0),
    "sanfrancisco311/sf_cases_10000_2008_2016.csv.gz": (("CaseID", "Opened"), 10_000, 0),
    "dc311/graffiti-removal-last-30-days.geojson": (WASHINGTON, 580, 0),
    "dc311/illegal-dumping-last-30-days.geojson": (WASHINGTON, 558, 0),
    "dc311/pothole-last-30-days.geojson": (WASHINGTON, 599, 0),
    "dc311/street-alley-repair-last-30-days.geojson": (WASHINGTON, 490, 0),
    "dc311/trash-collection-last-30-days.geojson": (WASHINGTON, 827, 0),
    "dc311/tree-inspection-last-30-days.geojson": (WASHINGTON, 602, 0),
    "losangeles311/la_2017_33col.csv.gz": (LOS_ANGELES, 9_999, 0),
    "losangeles311/la_2018_39col.csv.gz": (LOS_ANGELES, 10_000, 0),
    "losangeles311/la_2020_35col.csv.gz": (LOS_ANGELES, 10_000, 0),
    "baltimore311/baltimore_10000_2014_2019.csv.gz": (("ServiceRequestNum", "CreatedDate"), 10_000, 0),
    "houston311/houston_potholes_2012_2019.csv.gz": (("CASE NUMBER", "SR CREATE DATE"), 56_460, 0),
}
at_hand = pytest.mark.skipif(not SHARED.is_dir(), reason="the cities' real files are not at hand (../shared/data)")


@at_hand
@pytest.mark.parametrize("place", REAL)
def test_a_real_file_is_read_to_its_last_row(place):
    columns, rows, misfits = REAL[place]
    asked = Request(
        "requests", (str(SHARED / place),), {}, frozenset(map(plain, columns)), tuple((c,) for c in columns)
    )
    found = Reading()
    for part in files.parts(asked):
        read_part(asked, part, found)
    counted = sum(page.rows.num_rows for page in found.pages), len(rejected(found))
    assert counted == (rows, misfits)
    assert {plain(name) for name in found.columns} == set(asked.columns) and found.proven_by == {"whole_file"}


@at_hand
def test_no_file_of_the_cities_is_left_out():
    cities = {place.partition("/")[0] for place in REAL}
    there = {f"{path.parent.name}/{path.name}" for city in cities for path in (SHARED / city).iterdir()}
    assert there - set(REAL) == {"dc311/arcgis_download_still_processing.json"}


@at_hand
def test_the_reply_of_a_server_that_is_still_busy_is_no_layer():
    assert "still be preparing it" in refusal(SHARED / "dc311" / "arcgis_download_still_processing.json")
