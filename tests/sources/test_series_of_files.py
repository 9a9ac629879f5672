"""Series of files and archives: with and without header lines, day by day, and nothing that could do harm."""

import gzip
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from etl.sources import archive, files
from tests.sources.tables import (
    HEADER,
    IDS,
    OBJECTS,
    ROWS,
    TABLE,
    ids,
    put,
    read,
    refusal,
    request,
    written,
    zipped,
)
from tests.town import Town, requests

# Series of files, with and without a header line


def test_files_of_a_series_with_and_without_a_header_line_give_the_same_rows(tmp_path):
    turned = [[row[2], row[0], row[3], row[1]] for row in TABLE]
    put(tmp_path / "days" / "1.csv", written(TABLE[:2]))
    put(tmp_path / "days" / "2.csv", "\ufeff" + written(ROWS[1:3]))
    put(tmp_path / "days" / "3.csv.gz", gzip.compress(written([turned[0], *turned[4:]]).encode()))
    found = read(tmp_path / "days", header=HEADER)
    assert ids(found) == IDS and {row["kind"] for row in found.rows} == {"Pothole"}
    assert [page.first for page in found.pages] == [2, 1, 2]
    assert {page.dropped for page in found.pages} == {("reporter",)}


NEITHER = {
    "some names only": ([["id", "kind", "begun", "reporter"], *ROWS], "neither a header nor a row"),
    "names that nobody knows": ([["number", "sort", "begun", "by"], *ROWS], "neither a header nor a row"),
    "more columns than names": ([[*row, "x"] for row in ROWS], "no header line and 5 columns; layout.header names 4"),
}


@pytest.mark.parametrize("case", NEITHER)
def test_whether_a_file_has_a_header_line_is_never_guessed(tmp_path, case):
    rows, words = NEITHER[case]
    assert words in refusal(put(tmp_path / "a.csv", written(rows)), header=HEADER)


def test_a_folder_is_read_in_the_order_of_its_names_without_what_is_no_data(tmp_path):
    for name in ("b.csv", "a.csv.gz", ".hidden.csv", "read.me", "c.csv.part"):
        text = written([HEADER, [f"{name[0]}-1", *ROWS[0][1:]]]).encode()
        put(tmp_path / name, gzip.compress(text) if name.endswith(".gz") else text)
    zipped(tmp_path / "c.zip", **{"c.csv": written([HEADER, ["c-1", *ROWS[0][1:]]])})
    (tmp_path / "folder").mkdir()
    assert ids(read(tmp_path)) == ["a-1", "b-1", "c-1"]
    assert ids(read(tmp_path / "[bc].*[vp]")) == ["b-1", "c-1"]
    assert "c.csv.part: the format '.part' is not known" in refusal(tmp_path / "c*")
    assert "without a file that can be read" in refusal(tmp_path / "folder")


def series(folder: Path, *days: str) -> Path:
    for number, day in enumerate(days):
        put(folder / f"requests-{day}.csv", written([HEADER, [f"{day}:{number}", "Pothole", "2024-01-01", ""]]))
    return folder


def test_a_day_without_its_file_is_reported_until_the_file_is_there(tmp_path):
    days = series(tmp_path, "2024-02-28", "20240301", "2024-03-04")
    found = read(days, daily=True)
    assert len(found.rows) == 3
    assert [proof.proven_by for proof in found.proofs] == ["whole_file", "", "whole_file", "", "whole_file"]
    assert "the daily series of source 'requests' has no file for 2024-02-29" in found.proofs[1].why
    names = [part.name for part in files.parts(request(days, daily=True)) if "no file" in part.name]
    assert names == ["2024-02-29 (no file)", "2024-03-02..2024-03-03 (no file)"]
    assert read(days).proven_by == {"whole_file"}
    series(tmp_path, "2024-02-29", "2024_03_02", "2024-03-03")
    assert read(days, daily=True).proven_by == {"whole_file"}


def test_a_file_of_a_daily_series_must_name_its_day(tmp_path):
    series(tmp_path, "2024-03-01", "2024-02-30")
    assert "requests-2024-02-30.csv (source 'requests') names no day" in refusal(tmp_path, daily=True)


def test_a_pull_reads_a_daily_series_and_is_not_done_while_a_day_is_missing(tmp_path):
    town = Town.found(tmp_path, location="days", layout={"daily": True, "header": list(requests([1])[0])})
    (tmp_path / "days").mkdir()
    for day in (1, 2, 4):
        rows = requests(range(day * 10, day * 10 + 6))
        path = town.receive(*rows, name=f"days/2024-03-0{day}.csv")
        if day == 2:
            path.write_text("".join(path.read_text("utf-8").splitlines(keepends=True)[1:]), "utf-8")
    said = town.command("pull")
    assert (said.code, "has no file for 2024-03-03" in said.err) == (5, True)
    assert town.command("publish").code == 5
    town.receive(*requests(range(30, 36)), name="days/2024-03-03.csv")
    assert town.command("pull").code == 0
    assert town.vault("select count(*) from records_service_requests") == [(24,)]


# Archives


def test_the_files_of_an_archive_are_its_parts(tmp_path):
    path = zipped(
        tmp_path / "all.zip",
        **{
            "2024/b.csv": written(TABLE[:3]),
            "2024/a.ndjson": json.dumps(OBJECTS[4]),
            "__MACOSX/2024/b.csv": b"\0",
            ".DS_Store": b"\0",
            "licence.pdf": b"%PDF",
        },
    )
    asked = request(path)
    assert [part.name for part in files.parts(asked)] == [f"{path}!2024/a.ndjson", f"{path}!2024/b.csv"]
    assert ids(read(path)) == ["005", "001", "002"]
    assert ids(read(f"{path}!2024/*.csv")) == ["001", "002"]
    assert "no data file that matches 2023*" in refusal(f"{path}!2023*")


def test_nothing_of_an_archive_is_written_to_the_disk(tmp_path):
    path = zipped(tmp_path / "a.zip", **{"a.csv": written(TABLE)})
    assert ids(read(path)) == IDS and list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["../a.csv", "/etc/a.csv", "x/../../a.csv", "C:\\a.csv", "..\\a.csv"])
def test_an_archive_that_points_out_of_itself_is_refused(tmp_path, name):
    path = zipped(tmp_path / "a.zip", **{"good.csv": written(TABLE), name: written(TABLE)})
    assert "points out of the archive" in refusal(path)


def encrypted(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for mark, place in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + place] |= 1
    path.write_bytes(data)


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[data.index(b"Pothole")] ^= 1
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-30])


@pytest.mark.parametrize(
    ("harm", "words"), [(encrypted, "is encrypted"), (flipped, "cut or broken"), (cut, "cut or broken")]
)
def test_an_archive_that_cannot_be_trusted_is_refused(tmp_path, harm: Callable, words):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as packed:
        packed.writestr("a.csv", written(TABLE))
    harm(path)
    assert words in refusal(path)


@pytest.mark.parametrize("name", ["a.zip", "a.csv.gz"])
def test_what_unpacks_to_far_more_than_a_table_is_refused(tmp_path, name, monkeypatch):
    monkeypatch.setattr(archive, "HARMLESS_BYTES", 1 << 16)
    text = written([HEADER, *ROWS[:1] * 30_000])
    path = tmp_path / name
    zipped(path, **{"a.csv": text}) if name == "a.zip" else put(path, gzip.compress(text.encode()))
    assert "no table of a city does that" in refusal(path)
    monkeypatch.setattr(archive, "RATIO", 10_000)
    assert len(read(path).rows) == 30_000


def test_an_archive_of_too_many_files_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MEMBERS", 3)
    path = zipped(tmp_path / "a.zip", **{f"{n}.csv": written(TABLE) for n in range(4)})
    assert "holds 4 files" in refusal(path)
    assert ids(read(f"{path}!1.csv")) == IDS


def test_an_archive_without_data_says_what_it_has(tmp_path):
    assert "holds no data file" in (said := refusal(zipped(tmp_path / "a.zip", **{"inner.zip": b"", "x.pdf": b""})))
    assert "inner.zip, x.pdf" in said
