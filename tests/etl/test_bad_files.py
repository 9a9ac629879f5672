"""Bad files: each is refused with the file, the line or column and the cure; the vault and the release stay sound."""

import gzip
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from etl.sources import SOURCES
from tests.town import Said, Town, request, requests, write_csv

ONE_FEATURE = b'{"features":[{"properties":{"id":1,"opened":2}}'
GOOD = [*requests(range(30)), *requests(range(100, 108), "Rats")]


def text_of(*rows: dict) -> Callable[[Path], str]:
    return lambda folder: write_csv(folder / "_.csv", rows or GOOD).read_text("utf-8")


def good(folder: Path) -> str:
    return text_of()(folder)


# what is wrong: (name of the file, its bytes made from the good text, exit code, what the message must hold)
BAD = {
    "empty": ("a.csv", lambda text: b"", 4, ["a.csv is empty", "fetch the file again"]),
    "header only": ("a.csv", lambda text: text.split("\n")[0].encode() + b"\n", 4, ["a header and no rows"]),
    "cut archive": ("a.csv.gz", lambda text: gzip.compress(text.encode())[:-60], 4, ["a.csv.gz", "cut or broken"]),
    "no archive": ("a.csv.gz", lambda text: text.encode(), 4, ["cut or broken", "Not a gzipped file"]),
    "cut text": ("a.csv", lambda text: text.encode()[:-50], 4, ["last row (about row 39) is cut", "not whole"]),
    "cut within an archive": ("a.csv.gz", lambda text: gzip.compress(text.encode()[:-50]), 4, ["last row", "is cut"]),
    "cut within a quote": ("a.csv", lambda text: (text + '77,"Pot').encode(), 4, ["last row", "is cut"]),
    "giant row": (
        "a.csv",
        lambda text: (text + f'77,"{"x" * (17 << 20)}"\n' + text).encode(),
        4,
        ["a.csv: line 40 is longer than 16 MB"],
    ),
    "web page": ("a.csv", lambda text: b"\n<!DOCTYPE html><title>Log in", 4, ["is a web page, not csv", "log"]),
    "web page for a layer": ("a.geojson", lambda text: b"<html>", 4, ["is a web page, not geojson"]),
    "json": ("a.csv", lambda text: b'[{"id": 1}]', 4, ["is JSON, not CSV", "layout.format: json"]),
    "still processing": (
        "a.json",
        lambda text: b'{"status":"Processing"}',
        4,
        ["no FeatureCollection", "preparing it"],
    ),
    "layer without features": ("a.json", lambda text: b'{"features":[]}', 4, ["holds no rows"]),
    "cut layer": (
        "a.json",
        lambda text: ONE_FEATURE + b',{"pro',
        4,
        ["cut or broken after row 1"],
    ),
    "no layer": (
        "a.json",
        lambda text: ONE_FEATURE + b",7]}",
        4,
        ["feature 2 is none"],
    ),
    "archive without its name": ("a.csv", lambda text: gzip.compress(text.encode()), 4, ["gzipped", "end in .gz"]),
    "no table": ("a.parquet", lambda text: text.encode(), 4, ["not a whole Parquet file"]),
    "unknown format": ("a.xls", lambda text: text.encode(), 3, ["the format", "csv, geojson, json"]),
    "no workbook": ("a.xlsx", lambda text: b"PK", 4, ["a.xlsx: the archive is cut or broken"]),
    "no archive of files": ("a.zip", lambda text: text.encode(), 4, ["a.zip: the archive is cut or broken"]),
    "no header line": (
        "a.csv",
        lambda text: text.split("\n", 1)[1].encode(),
        4,
        ["names none of the columns", "layout.header"],
    ),
    "NUL": ("a.csv", lambda text: text.replace("20 Elm", "20\0Elm").encode(), 4, ["NUL byte in line 22"]),
    "cut lines": ("a.ndjson", lambda text: b'{"id": 1, "opened": 2}\n{"id"', 4, ["its last line is cut"]),
    "other letters": (
        "a.csv",
        lambda text: text.replace("20 Elm", "20 Élm").encode("latin-1"),
        4,
        ["byte 0xc9 in line 22 is not utf-8", "layout.encoding", "looks like cp1252"],
    ),
    "no key column": (
        "a.csv",
        lambda text: text.replace("id,", "number,", 1).encode(),
        4,
        ["no column for 'id'", "It has: number, kind", "sources.requests.fields"],
    ),
    "no opening column": (
        "a.csv",
        lambda text: text.replace("opened", "start", 1).encode(),
        4,
        ["no column for 'opened'"],
    ),
    "one name twice": ("a.csv", lambda text: text.replace("agency", "LAT", 1).encode(), 4, ["the header has LAT, lat"]),
    "wrong delimiter": ("a.csv", lambda text: text.replace(",", ";").encode(), 4, ["no column for 'id'"]),
    "open quote": (
        "a.csv",
        lambda text: text.replace("7 Elm Street", '"7 Elm Street', 1).encode(),
        4,
        ["a quote is opened and not closed in line 9"],
    ),
    "only ragged rows": (
        "a.csv",
        lambda text: b"id,opened\n1\n2\n",
        4,
        ["2 of 2 rows do not fit", "the row has 1 column,"],
    ),
    "a column without a name": (
        "a.csv",
        lambda text: text.replace("\n", ",\n").replace(",\n", "\n", 1).encode(),
        4,
        [
            "38 of 38 rows do not fit its header",
            "15 columns, the header 14",
            "no name in the header",
            "layout.delimiter",
        ],
    ),
    "rows wider than the header but one": (
        "a.csv",
        lambda text: text.replace("\n", ",\n").replace(",\n", "\n", 2).encode(),
        4,
        ["37 of 38 rows do not fit its header", "15 columns, the header 14"],
    ),
    "a third gone": (
        "a.csv",
        lambda text: text[: text.index("\n25,") + 1].encode(),
        5,
        ["of 38 rows that were there before, 13 are gone", "--accept-fewer"],
    ),
    "a third of the dates unreadable": (
        "a.csv",
        lambda text: text.replace("2024-03-05 09:00:00", "2024-02-30", 13).encode(),
        5,
        ["13 can no longer be used (requested_datetime cannot be read)", "correct its layout"],
    ),
}


@pytest.fixture(scope="module")
def town(tmp_path_factory):
    town = Town.found(tmp_path_factory.mktemp("bad"))
    town.receive(*GOOD)
    town.run()
    return town


def is_sound(town: Town, serving: str) -> bool:
    return town.release.id == serving and town.command("status").code == 0 and len(town.released()) == len(GOOD)


def read(town: Town, path: Path) -> Said:
    return town.command("run", "--from", f"requests={path}")


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_in_plain_words_and_the_release_stays(town, name):
    file, harm, code, words = BAD[name]
    serving, path = town.release.id, town.folder / file
    path.write_bytes(harm(good(town.folder)))
    said = read(town, path)
    path.unlink()
    assert (said.code, said.out) == (code, "")
    assert [word for word in words if word not in said.err] == []
    assert str(path) in said.err or code in (5, 6)
    assert "Traceback" not in said.err and "To mend it: " in said.err
    assert is_sound(town, serving)


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ("nowhere.csv", "does not exist"),
        ("data", "is a folder without a file that can be read"),
        ("none-*.csv", "does not exist"),
    ],
)
def test_a_file_that_is_not_there_is_named(town, place, words):
    serving = town.release.id
    said = read(town, town.folder / place)
    assert (said.code, words in said.err, "(source 'requests')" in said.err) == (4, True, True)
    assert is_sound(town, serving)


@pytest.mark.parametrize(("source", "scheme"), [("requests", "ftp"), ("boundaries", "https")])
def test_an_address_is_not_taken_for_a_file(town, source, scheme):
    serving = town.release.id
    said = town.command("run", "--from", f"{source}={scheme}://data.example/rows.csv")
    assert said.code == 3
    assert f"{scheme}://data.example/rows.csv (source '{source}') is an address" in said.err
    assert "fetch it and name the file" in said.err
    others = [name for name in SOURCES if name != "files"]
    assert all(name in said.err for name in others)
    assert is_sound(town, serving)


def test_an_unknown_encoding_is_a_mistake_of_the_configuration(town):
    town.describe({"sources": {"requests": {"layout": {"encoding": "klingon"}}}})
    said = read(town, town.folder / "requests.csv")
    town.describe({"sources": {"requests": {"layout": {"encoding": None}}}})
    assert (said.code, "no encoding 'klingon'" in said.err, "cp1252" in said.err) == (3, True, True)


@pytest.mark.parametrize(("encoding", "mark"), [("utf-8", "\ufeff"), ("utf-16", ""), ("cp1252", "")])
def test_a_file_in_a_declared_encoding_is_read(town, encoding, mark):
    path = town.folder / "other.csv"
    path.write_bytes((mark + good(town.folder).replace("20 Elm", "20 Élm")).encode(encoding))
    town.describe({"sources": {"requests": {"layout": {"encoding": encoding}}}})
    said = town.command("pull", "--from", f"requests={path}")
    town.describe({"sources": {"requests": {"layout": {"encoding": None}}}})
    assert said.code == 0
    assert town.vault("select address from records_service_requests where key = '20'") == [("20 LM ST",)]


def test_what_publish_makes_of_a_reading_that_broke_off(town):
    serving, path = town.release.id, town.folder / "a.csv.gz"
    path.write_bytes(gzip.compress(good(town.folder).encode())[:-60])
    read(town, path)
    said = town.command("publish")
    assert (said.code, "requests: the last reading did not reach its end" in said.err) == (5, True)
    assert is_sound(town, serving)


def test_after_all_that_a_good_file_runs_and_every_row_is_there(town):
    said = read(town, town.folder / "requests.csv")
    assert said.code == 0
    assert len(town.released()) == len(GOOD)
    assert town.completeness()["read"] == len(GOOD)


def test_a_few_bad_rows_among_many_stop_nothing_and_are_counted(tmp_path):
    town = Town.found(tmp_path)
    path = town.receive(*GOOD, request(900, opened="never"), request(901, lat="0", long="0", status="Limbo"))
    path.write_text(path.read_text("utf-8") + "1,2,3\n", "utf-8")
    assert town.command("run").code == 0
    told = town.released("select kind, reason from quality_reasons where dataset = 'service_requests' order by 1, 2")
    assert [(row["kind"], row["reason"]) for row in told] == [
        ("flagged", "A point outside the city: the place was set aside"),
        ("flagged", "A status word that the city's table does not know"),
        ("quarantined", "requested_datetime cannot be read"),
        ("quarantined", "the row has 3 columns, the header 14"),
    ]
    line = town.completeness()
    assert (line["read"], line["released"], line["quarantined"]) == (len(GOOD) + 3, len(GOOD) + 1, 2)


def test_a_row_with_a_giant_cell_is_set_aside_and_the_others_are_read(tmp_path):
    town = Town.found(tmp_path)
    town.receive(*GOOD, request(77, note="x" * 1_000_001))
    assert town.run()[1].release
    assert town.vault("select reason, row_number from quarantine") == [("note is longer than 1,000,000 bytes", 40)]
    assert len(town.released()) == len(GOOD)


def test_a_third_of_a_million_equal_rows_are_one_request_and_soon_read(tmp_path):
    town = Town.found(tmp_path)
    path = town.receive(*GOOD, request(1000))
    row = path.read_text("utf-8").splitlines()[-1] + "\r\n"
    with path.open("a", encoding="utf-8", newline="") as file:
        file.write(row * 300_000)
    start = time.process_time()
    assert town.command("pull").code == 0
    assert time.process_time() - start < 30
    assert town.vault("select count(*) from records_service_requests") == [(len(GOOD) + 1,)]
    assert town.vault("select rows_read, keys from readings where source = 'requests'") == [(300_039, 39)]


def test_rows_that_repeat_or_cannot_be_used_are_told_with_their_place(tmp_path):
    town = Town.found(tmp_path)
    odd = [
        request(50, opened="soon"),
        request(51, status="Wibble"),
        request(3),
        request(3, closed="2024-03-09 10:00:00"),
        request(52, status="Done", closed="2199-03-09 10:00:00"),
        request(53, opened="2198-03-09 10:00:00"),
        request(54, status="Frobbed"),
    ]
    town.receive(*requests(range(30)), *odd)
    said = town.command("pull")
    assert said.code == 0
    for words in (
        "NOTICE requests: 1 cannot be used: requested_datetime cannot be read; the first is row 32 of requests.csv",
        "NOTICE requests: 2 rows repeat an id that came before; the first is row 34 of requests.csv; of each id the newest row "
        "counts, 1 with other content are set aside; if these are no copies, correct fields.service_request_id",
        "NOTICE requests: 2: a status word that the city's table does not know, such as 'Frobbed' (1), 'Wibble' (1); "
        "the first is row 33 of requests.csv; name it in layout.statuses",
        "NOTICE requests: 1: closed on a day that had not come when it was read: the closing date was set aside; the first is "
        "row 36 of requests.csv; look at layout.dates and time_zone",
        "NOTICE requests: 1: opened on a day that had not come when it was read: it waits for that day; the first is row 37 "
        "of requests.csv; look at layout.dates and time_zone",
    ):
        assert words in said.out


@pytest.mark.parametrize(
    ("change", "cure"),
    [
        ({"opened": "05.03.24, 9 Uhr"}, "`layout.dates`"),
        ({"status": "Finito"}, "`layout.statuses`"),
        ({"lat": "0.0", "long": "0.0"}, "`city.bbox`"),
    ],
)
def test_where_nearly_all_of_a_file_is_misread_the_cure_names_the_key_of_the_city_file(tmp_path, change, cure):
    town = Town.found(tmp_path)
    town.receive(*(row | change for row in requests(range(120))))
    said = town.command("run")
    assert (said.code, cure in said.err, town.release) == (6, True, None)


def test_a_notice_is_of_this_reading_and_names_the_row_where_it_stands_now(tmp_path):
    town = Town.found(tmp_path)
    unusable = "NOTICE requests: 1 cannot be used: requested_datetime cannot be read; the first is row "
    town.receive(*requests(range(30)), request(50, opened="soon"))
    assert f"{unusable}32 of requests.csv" in town.command("pull").out
    town.receive(*requests(range(30)), *requests(range(60, 65)), request(50, opened="soon"))
    assert f"{unusable}37 of requests.csv" in town.command("pull").out
    town.receive(*requests(range(30)), request(50, opened=""))
    said = town.command("pull", "--accept-fewer").out
    assert "1 cannot be used: requested_datetime is missing" in said and "cannot be read" not in said
    town.receive(*requests(range(30)), request(50))
    assert "cannot be used" not in town.command("pull").out
