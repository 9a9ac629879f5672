"""Spreadsheets: what stands in the cells is read as text, and what a spreadsheet hides or lost is not passed over."""

import io
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from etl.sources import spreadsheet
from tests.sources.tables import IDS, TABLE, ids, read, refusal, rejected
from tests.sources.workbooks import Failed, Formula, Sheet, write_workbook
from tests.town import Town, requests

NOON = datetime(2024, 3, 5, 12, 30, 1)


def book(folder: Path, *rows: list, **more) -> Path:
    return write_workbook(folder / "a.xlsx", {"Requests": Sheet(list(rows), **more)})


@pytest.mark.parametrize("is_1904", [False, True], ids=["days from 1900", "days from 1904"])
def test_values_come_as_text_dates_and_numbers_in_their_iso_form(tmp_path, is_1904):
    cells = [
        (1, "1"),
        (101005420892, "101005420892"),
        (-0.1, "-0.1"),
        (42.3594, "42.3594"),
        ("00412", "00412"),
        (" two  words ", " two  words "),
        (True, "true"),
        (NOON, "2024-03-05T12:30:01"),
        (date(2024, 2, 29), "2024-02-29"),
        (datetime(1999, 12, 31, 23, 59, 59), "1999-12-31T23:59:59"),
        (timedelta(hours=30, minutes=5), "30:05:00"),
        ("2024-03-05", "2024-03-05"),
        (None, None),
    ]
    rows = [["id", "opened", "kind"], *([f"r{n}", NOON, value] for n, (value, _) in enumerate(cells))]
    path = write_workbook(tmp_path / "a.xlsx", {"Requests": Sheet(rows)}, is_1904)
    assert [row["kind"] for row in read(path).rows] == [text for _, text in cells]


def test_a_time_of_day_is_a_time():
    assert spreadsheet._text(time(9, 5)) == "09:05:00"


def test_no_formula_is_run(tmp_path):
    cells = [Formula("1+1", saved=7), Formula("WEBSERVICE(A1)"), Failed("#REF!"), Failed("#N/A")]
    rows = [[f"r{n}", "2024-01-01", cell] for n, cell in enumerate(cells)]
    found = read(book(tmp_path, ["id", "opened", "kind"], *rows))
    assert [row["kind"] for row in found.rows] == ["7", None, None, None]


def test_all_visible_sheets_are_read_and_hidden_ones_named(tmp_path):
    path = write_workbook(
        tmp_path / "a.xlsx",
        {
            "2023": Sheet(TABLE[:3]),
            "Staff": Sheet([TABLE[0], *TABLE[1:]], "hidden"),
            "Deep": Sheet([["secret"]], "veryHidden"),
            "Empty": Sheet([]),
            "2024 & on": Sheet([TABLE[0][::-1], *(row[::-1] for row in TABLE[3:])]),
        },
    )
    found = read(path)
    assert ids(found) == IDS and [page.first for page in found.pages] == [2, 4]
    assert {page.dropped for page in found.pages} == {("reporter", "(hidden sheet 'Staff')", "(hidden sheet 'Deep')")}
    assert ids(read(path, sheet="2024 & on")) == IDS[2:]
    assert ids(read(path, sheet=["2024 & on", "2023"])) == IDS[2:] + IDS[:2]
    assert ids(read(path, sheet="Staff")) == IDS
    assert "no sheet '2025'" in (said := refusal(path, sheet="2025")) and "2023, Staff, Deep" in said


def test_the_header_is_found_below_titles_and_blank_rows_are_no_rows(tmp_path):
    rows = [["Service requests of Ana Diaz' office"], [], [None, None, "as of", date(2024, 3, 6)], *TABLE[:3], []]
    found = read(book(tmp_path, *([None, None, *row] for row in [*rows, *TABLE[3:]])))
    assert ids(found) == IDS and found.columns == {"id", "kind", "opened"}


def test_the_header_may_be_named_by_its_row(tmp_path):
    path = book(tmp_path, ["id", "opened"], ["Id", "Opened"], *(row[::2] for row in TABLE[1:]))
    assert ids(read(path)) == ["Id", *IDS]
    assert [row["Id"] for row in read(path, header_row=2).rows] == IDS
    assert "row 3 does not name all needed columns" in refusal(path, header_row=3)
    assert "row 40 does not name all needed columns" in refusal(path, header_row=40)


def test_a_sheet_that_is_no_table_is_named(tmp_path):
    path = write_workbook(
        tmp_path / "a.xlsx", {"A": Sheet(TABLE), "Notes": Sheet([["This is a note"], ["by Reporter1"]])}
    )
    said = refusal(path)
    assert "sheet 'Notes': none of its first 20 rows names all needed columns (id, opened)" in said
    assert "layout.sheet" in said and "note" not in said.replace("Notes", "")


@pytest.mark.parametrize(
    ("merged", "words"),
    [
        ("A1:B1", "merged cells in the header (row 1)"),
        ("C1:C2", "merged cells in the header (row 1)"),
        ("B3:B5", "merged cells in rows 3 to 5"),
    ],
)
def test_merged_cells_that_leave_a_name_or_a_value_open_are_refused(tmp_path, merged, words):
    assert words in refusal(book(tmp_path, *TABLE, merged=(merged,)))


def test_merged_cells_beside_the_table_harm_nobody(tmp_path):
    path = book(tmp_path, ["A title"], *TABLE, merged=("A1:D1", "D3:D6"))
    assert ids(read(path)) == IDS


def test_a_header_in_two_rows_is_refused(tmp_path):
    rows = [["id", "times", None], [None, "opened", "closed"], ["1", "2024-01-01", None]]
    said = refusal(book(tmp_path, *rows, merged=("A1:A2", "B1:C1")))
    assert "names under merged cells must stand in one row" in said


def test_an_id_that_the_spreadsheet_has_rounded_is_refused(tmp_path):
    path = book(tmp_path, ["id", "opened"], [999999999999999, NOON], [1234567890123456789, NOON])
    assert "the id in row 3 is a number of more than fifteen digits" in refusal(path)


def test_a_sheet_with_a_header_only_is_refused(tmp_path):
    assert "a header and no rows" in refusal(book(tmp_path, TABLE[0], []))


def rewritten(path: Path, part: str, old: bytes, new: bytes) -> Path:
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in parts.items():
            packed.writestr(name, content.replace(old, new) if name == part else content)
    return path


@pytest.mark.parametrize("cell", ['r="XFD1048576"', "r = 'xfd1048576'", 'r="A99999999"'])
def test_a_value_far_away_does_not_fill_the_memory(tmp_path, cell):
    far = f"<row><c {cell}><v>1</v></c></row></sheetData>".encode()
    path = rewritten(book(tmp_path, *TABLE), "xl/worksheets/sheet1.xml", b"</sheetData>", far)
    assert "sheet1.xml reaches to row" in refusal(path)


def test_the_extent_of_a_sheet_is_seen_where_it_is_read_in_pieces(tmp_path, monkeypatch):
    path = book(tmp_path, *([f"{n}", *[None] * 700, NOON] for n in range(1, 400)))
    with zipfile.ZipFile(path) as packed:
        part = packed.getinfo("xl/worksheets/sheet1.xml")
        whole = spreadsheet._extent(packed, part)
        monkeypatch.setattr(spreadsheet, "CHUNK", 61)
        assert whole == spreadsheet._extent(packed, part) == (399, 702)


@pytest.mark.parametrize("size", [100, 900])
def test_a_workbook_that_is_cut_or_none_is_refused(tmp_path, size):
    path = book(tmp_path, *TABLE)
    path.write_bytes(path.read_bytes()[:size])
    assert "the archive is cut or broken" in refusal(path)


def test_a_sheet_of_broken_xml_is_refused(tmp_path):
    path = rewritten(book(tmp_path, *TABLE), "xl/worksheets/sheet1.xml", b"</row>", b"</r")
    assert "is not a whole workbook" in refusal(path)


def test_an_archive_that_is_no_workbook_is_refused(tmp_path):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        packed.writestr("a.csv", "id,opened\n1,2\n")
    (tmp_path / "a.xlsx").write_bytes(file.getvalue())
    assert "is not a whole workbook" in refusal(tmp_path / "a.xlsx")


def test_totals_below_are_counted_apart(tmp_path):
    found = read(book(tmp_path, *TABLE, [], ["Total", 5]))
    assert ids(found) == IDS and rejected(found) == [(7, "a row of totals, not a row of the table")]


def test_a_pull_stores_what_a_workbook_holds(tmp_path):
    town = Town.found(tmp_path, location="requests.xlsx")
    rows = requests(range(8), opened="")
    header = list(rows[0])
    cells = [[datetime(2024, 3, 5, 9) if name == "opened" else row[name] or None for name in header] for row in rows]
    write_workbook(tmp_path / "requests.xlsx", {"Requests": Sheet([header, *cells])})
    assert town.command("pull").code == 0
    opened = int(datetime.fromisoformat("2024-03-05T09:00:00-05:00").timestamp())
    found = "select count(*), min(requested_datetime), max(requested_datetime) from records_service_requests"
    assert town.vault(found) == [(8, opened, opened)]
