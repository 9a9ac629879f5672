"""Files: whatever a city exports is read whole and as it is written, or refused with the place and the cure."""

import gzip
import io
import json
import time

import pytest

from etl.sources import delimited, files
from etl.sources.archive import Content, local
from etl.sources.page import Request
from hub.errors import ConfigurationError, SourceError
from tests.sources.tables import (
    FEATURES,
    HEADER,
    IDS,
    OBJECTS,
    ROWS,
    TABLE,
    ids,
    parquet,
    put,
    read,
    refusal,
    rejected,
    request,
    written,
    zipped,
)
from tests.sources.workbooks import Sheet, write_workbook

# One table in every format, plain, gzipped and in an archive

SAME = {
    "a.csv": written(TABLE).encode(),
    "a.txt": written(TABLE, end="\n").encode(),
    "a.tsv": written(TABLE, "\t").encode(),
    "a.json": json.dumps(OBJECTS).encode(),
    "a.geojson": json.dumps(FEATURES, indent=1).encode(),
    "layer.json": json.dumps(FEATURES).encode(),
    "a.ndjson": "\n".join(map(json.dumps, OBJECTS)).encode(),
    "a.jsonl": ("\n\n".join(map(json.dumps, OBJECTS)) + "\n").encode(),
    "a.parquet": parquet(),
}


@pytest.mark.parametrize("name", SAME)
@pytest.mark.parametrize("packed", ["", ".gz", ".zip", "gz in zip"])
def test_the_same_rows_come_out_of_every_format(tmp_path, name, packed):
    content = SAME[name]
    if packed == ".zip":
        path = zipped(tmp_path / "a.zip", **{name: content})
    elif packed == "gz in zip":
        path = zipped(tmp_path / "a.zip", **{f"{name}.gz": gzip.compress(content)})
    else:
        path = put(tmp_path / f"{name}{packed}", gzip.compress(content) if packed else content)
    found = read(path)
    assert [(row["id"], row["kind"], row["opened"]) for row in found.rows] == [tuple(row[:3]) for row in ROWS]
    assert found.columns == {"id", "kind", "opened"} and found.pages[0].dropped == ("reporter",)
    assert found.proven_by == {"whole_file"}


def test_a_file_is_a_part_by_its_path_and_the_sha256_of_its_bytes(tmp_path):
    path = put(tmp_path / "a.csv", written(TABLE))
    [part] = files.parts(request(path))
    assert (part.name, len(part.fingerprint)) == (str(path), 64)
    assert files.parts(request(path)) == [part]
    put(path, written(TABLE[:-1]))
    assert files.parts(request(path))[0].fingerprint != part.fingerprint


def test_the_columns_of_a_file_are_told_to_a_city_that_has_chosen_none(tmp_path):
    path = put(tmp_path / "a.csv", written(TABLE))
    asked = Request("requests", (str(path),), {}, frozenset())
    assert files.probe(asked) == {"columns": HEADER}
    assert files.probe(request(path)) == {}


@pytest.mark.parametrize(
    ("url", "is_file"),
    [
        ("https://data.example/files/requests.csv", True),
        ("https://data.example/export.CSV.gz?accessType=DOWNLOAD", True),
        ("https://data.example/all.zip!2024*.csv", True),
        ("https://data.example/open311/v2/requests", False),
        ("ftp://data.example/requests.csv", False),
        ("requests.csv", False),
    ],
)
def test_the_address_of_a_file_is_known_by_its_ending(url, is_file):
    assert files.recognises(url) is is_file


# CSV as systems write it


def table(**changes: str) -> list[list[str]]:
    """The table with one cell of its second row changed."""
    return [HEADER, ROWS[0], [changes.get(name, value) for name, value in zip(HEADER, ROWS[1], strict=True)], *ROWS[2:]]


WRITTEN = {
    "a mark of UTF-8": (lambda: "\ufeff" + written(TABLE), {}, "utf-8"),
    "UTF-16": (lambda: written(TABLE), {"encoding": "utf-16"}, "utf-16"),
    "UTF-16 without a mark": (lambda: written(TABLE), {"encoding": "utf-16-le"}, "utf-16-le"),
    "cp1252": (lambda: written(table(kind="Trou “béant”")), {"encoding": "cp1252"}, "cp1252"),
    "semicolons": (lambda: written(TABLE, ";"), {"delimiter": ";"}, "utf-8"),
    "tabs": (lambda: written(TABLE, "\t"), {"delimiter": "\t"}, "utf-8"),
    "semicolons that Excel announces": (lambda: "sep=;\r\n" + written(TABLE, ";"), {}, "utf-8"),
    "tabs that Excel announces": (lambda: "\ufeffsep=\t\n" + written(TABLE, "\t"), {}, "utf-8"),
    "an announcement in quotes": (lambda: '"SEP=|"\n' + written(TABLE, "|"), {}, "utf-8"),
    "an announcement in UTF-16": (lambda: "sep=;\r\n" + written(TABLE, ";"), {"encoding": "utf-16"}, "utf-16"),
    "an announcement that is wrong": (lambda: "sep=;\r\n" + written(TABLE), {"delimiter": ","}, "utf-8"),
    "an announcement and no header": (
        lambda: "sep=;\r\n" + written(ROWS, ";"),
        {"header": HEADER},
        "utf-8",
    ),
    "lines in a value": (lambda: written(table(kind='Pothole,\nvery "deep"')), {}, "utf-8"),
    "no newline at the end": (lambda: written(TABLE).rstrip(), {}, "utf-8"),
    "blank lines before the header": (lambda: "\r\n\r\n" + written(TABLE), {}, "utf-8"),
    "names in other letters": (lambda: written([["ID", "Ki nd", "Open.ed", "x"], *ROWS]), {}, "utf-8"),
    "a column without a name": (lambda: written([["", *HEADER], *([str(n), *ROWS[n]] for n in range(5))]), {}, "utf-8"),
}


@pytest.mark.parametrize("way", WRITTEN)
def test_a_table_is_read_however_it_is_written(tmp_path, way):
    made, layout, encoding = WRITTEN[way]
    found = read(put(tmp_path / "a.csv", made().encode(encoding)), **layout)
    assert [next(iter(row.values())) for row in found.rows] == IDS
    if way in ("cp1252", "lines in a value"):
        assert found.rows[1]["kind"] in ("Trou “béant”", 'Pothole,\nvery "deep"')
    assert "Reporter" not in str(found.rows) and found.proven_by == {"whole_file"}


@pytest.mark.parametrize(("before", "line"), [("", 4), ("sep=,\r\n", 5)])
def test_rows_are_numbered_as_the_lines_of_the_file(tmp_path, before, line):
    found = read(put(tmp_path / "a.csv", before + written([*TABLE, ["1", "2"]])))
    assert found.pages[0].first == line - 2 and len(found.rows) == 5
    assert (
        refusal(put(tmp_path / "b.csv", before + written(TABLE).replace("003", '"003'))).count(f"in line {line}") == 1
    )


def test_a_column_without_a_name_is_told_and_never_kept(tmp_path):
    found = read(put(tmp_path / "a.csv", written([["id", "", "opened"], *([r[0], r[3], r[2]] for r in ROWS)])))
    assert found.columns == {"id", "opened"} and found.pages[0].dropped == ("(column 2 has no name)",)


REFUSED = {
    "two columns for one name": (
        written([["id", "kind", "opened", "I.D"], *ROWS]),
        ["the header has I.D, id more than"],
    ),
    "NUL bytes": (written(TABLE).replace("004,Pothole", "004,Pot\0hole"), ["NUL byte in line 5", "broke off"]),
    "NUL bytes in the header": (written(TABLE).replace("reporter", "rep\0orter"), ["NUL byte in line 1"]),
    "undeclared UTF-16": (written(TABLE).encode("utf-16"), ["byte 0xff in line 1 is not utf-8", "looks like utf-16"]),
    "undeclared UTF-16 without a mark": (written(TABLE).encode("utf-16-le"), ["it is UTF-16", "looks like utf-16-le"]),
    "undeclared cp1252": (
        written(table(kind="Trou “béant”")).encode("cp1252"),
        ["in line 3 is not utf-8", "looks like cp1252"],
    ),
    "undeclared semicolons": (written(TABLE, ";"), ["no column for 'id'", "parted by ';'", "layout.delimiter: ';'"]),
    "undeclared tabs": (written(TABLE, "\t"), ["parted by '\\t'"]),
    "no header line": (written(ROWS), ["its first line names none of the columns", "layout.header"]),
    "a workbook": (b"PK\x03\x04rest", ["a zip archive or a workbook, not csv"]),
    "an old workbook": (b"\xd0\xcf\x11\xe0rest", ["protected by a password, or of the old kind"]),
}


@pytest.mark.parametrize("harm", REFUSED)
def test_a_table_that_would_have_to_be_guessed_is_refused(tmp_path, harm):
    content, words = REFUSED[harm]
    said = refusal(put(tmp_path / "a.csv", content))
    assert [word for word in words if word not in said] == [] and str(tmp_path / "a.csv") in said


def test_an_old_workbook_is_refused_with_the_cure_and_not_passed_over_in_a_folder(tmp_path):
    put(tmp_path / "2025.csv", written(TABLE))
    put(tmp_path / "2026.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rest")
    with pytest.raises(SourceError, match=r"2026.xls is a workbook of the old kind \(.xls\)") as caught:
        read(tmp_path)
    assert "save it as .xlsx" in caught.value.cure and "CSV" in caught.value.cure
    with pytest.raises(ConfigurationError, match=r"format '\.xls' is not known") as caught:
        read(put(tmp_path / "text.xls", written(TABLE)))
    assert "layout.format" in caught.value.cure
    assert ids(read(tmp_path / "text.xls", format="csv")) == IDS


def test_ragged_rows_are_counted_and_the_others_are_read(tmp_path):
    found = read(put(tmp_path / "a.csv", written([*TABLE, ["1", "2"], ROWS[0][:1] * 5])))
    assert ids(found) == IDS
    assert rejected(found) == [(7, "the row has 2 columns, the header 4"), (8, "the row has 5 columns, the header 4")]


@pytest.mark.parametrize("head", ["", "sep=,\n"])
@pytest.mark.parametrize("names", [HEADER, None])
def test_rows_keep_their_numbers_where_others_are_left_out(tmp_path, monkeypatch, head, names):
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 300)
    lines = [[str(at), "Pothole", "2024-03-01", ""] if at % 7 else [str(at)] * (at % 3 + 1) for at in range(1, 200)]
    content = head + written([names] * bool(names) + lines)
    found = read(put(tmp_path / "a.csv", content), **({} if names else {"header": HEADER}))
    above = len(content.splitlines()) - len(lines)
    assert [(n - above) % 7 for n, _ in rejected(found)] == [0] * (199 // 7) and len(found.pages) > 3
    assert [n - above for page in found.pages for n in page.numbers.tolist()] == [at for at in range(1, 200) if at % 7]
    assert ids(found) == [str(at) for at in range(1, 200) if at % 7]


@pytest.mark.parametrize(("ahead", "is_held_back"), [(2, True), (64, False)])
def test_of_a_long_file_a_few_blocks_are_in_memory_at_once(tmp_path, monkeypatch, ahead, is_held_back):
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 300)
    monkeypatch.setattr(delimited, "AHEAD", ahead)
    rows = [[str(at), "Pothole", "2024-03-01", ""] for at in range(2_000)]
    taken = Counted(written([HEADER, *rows]).encode())
    pages = delimited.pages(request(tmp_path), Content("a.csv", "a.csv", lambda: taken))
    numbers = next(pages).numbers.tolist()
    time.sleep(0.3)  # so that whoever reads ahead has done so
    assert (taken.blocks <= 4) is is_held_back
    assert [*numbers, *(n for page in pages for n in page.numbers.tolist())] == list(range(2, 2_002))


def test_a_file_that_begins_with_rows_that_do_not_fit_is_read_all_the_same(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 300)
    monkeypatch.setattr(delimited, "PATIENCE", 0.01)
    found = read(put(tmp_path / "a.csv", written([HEADER, *[["1", "2"]] * 500, *ROWS * 110])))
    assert len(rejected(found)) == 500 and ids(found) == IDS * 110


def test_who_stops_reading_in_the_middle_leaves_nobody_waiting(tmp_path, monkeypatch):
    monkeypatch.setattr(delimited, "BLOCK_BYTES", 300)
    pages = delimited.pages(request(tmp_path), local(put(tmp_path / "a.csv", written([HEADER, *ROWS * 500]))))
    next(pages)
    pages.close()
    assert ids(read(tmp_path / "a.csv")) == IDS * 500


class Counted(io.BytesIO):
    """Counts the blocks that are read of it: the first read is that of the header."""

    blocks = -1

    def read(self, size: int = -1) -> bytes:
        self.blocks += 1
        return super().read(size)

    def close(self) -> None:
        self.seek(0)  # it is opened for its header, and again for its rows


@pytest.mark.parametrize("word", ["Total", "Grand total: 5", "TOTALS", "Sub-Total"])
@pytest.mark.parametrize("ending", [".csv", ".xlsx"])
def test_a_row_of_totals_at_the_end_is_no_row(tmp_path, word, ending):
    rows = [*TABLE, [word, "5", None, None]]
    path = tmp_path / f"a{ending}"
    write_workbook(path, {"A": Sheet(rows)}) if ending == ".xlsx" else put(path, written(rows))
    found = read(path)
    assert ids(found) == IDS and rejected(found) == [(7, "a row of totals, not a row of the table")]


def test_a_request_about_totals_is_a_request(tmp_path):
    found = read(put(tmp_path / "a.csv", written([*TABLE, ["006", "Total blackout", "2024-03-06", ""]])))
    assert ids(found) == [*IDS, "006"] and rejected(found) == []
