"""Files over HTTP: fetched only when they changed, proved to be whole, and never left behind on the disk."""

import gzip
import io
import resource
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from etl.secrets import Secret
from etl.sources import files, over_http
from etl.sources.page import Request, Resume
from hub.errors import DiskError, SourceError
from tests.cities.model import Model
from tests.cities.server import City
from tests.sources.reading import Reading, asked, parts, probed, read, talking
from tests.town import Town

COLUMNS = ["id", "status", "opened", "closed"]
PLACES = ["/files/requests.csv", "/files/requests.csv.gz", "/files/requests.zip", "/files/requests.geojson"]
CSV = PLACES[0]
ROWS = 60


@pytest.fixture
def city():
    with City(Model(rows=ROWS), "files") as city:
        yield city


def request(city: City, place: str = CSV, **more) -> Request:
    return asked(city, place, COLUMNS, **more)


def statuses(found: Reading) -> dict:
    return {row["id"]: row["status"].lower() for row in found.rows}


def truth(model: Model) -> dict:
    return {case.id: case.status for case in model}


def methods(city: City) -> list[str]:
    return [one.method for one in city.log]


@pytest.mark.parametrize("place", PLACES)
def test_every_row_arrives_from_every_kind_of_file(city, place):
    found = read(files, city, request(city, place))
    assert statuses(found) == truth(city.model) and len(found.rows) == ROWS
    assert found.columns == set(COLUMNS) and found.proven_by == {"whole_file"}
    assert {"name", "email", "phone"} <= set(found.pages[0].dropped)


@pytest.mark.parametrize("place", PLACES)
def test_an_unchanged_file_is_not_fetched_again(city, place):
    first = parts(files, city, request(city, place))
    assert parts(files, city, request(city, place)) == first and first[0].fingerprint
    assert methods(city) == ["HEAD", "HEAD"]
    city.model.close("001")
    assert parts(files, city, request(city, place))[0].fingerprint != first[0].fingerprint


def test_a_pull_fetches_a_file_once_and_again_when_it_changed(tmp_path, city):
    town = Town.found(
        tmp_path,
        location=city.url + CSV,
        layout={"statuses": {"closed": "closed", "open": "open", "Closed": "closed", "Open": "open"}},
    )
    for pulls, gets in ((2, 1), (1, 1)):
        for _ in range(pulls):
            assert town.command("pull").code == 0
        assert methods(city).count("GET") == gets
    city.model.insert()
    assert town.command("pull").code == 0
    assert methods(city).count("GET") == 2
    assert town.vault("select count(*) from records_service_requests") == [(ROWS + 1,)]


def test_what_is_fetched_has_no_name_on_the_disk(tmp_path, city, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    wanted = request(city)
    with talking(city, wanted) as http:
        wanted = replace(wanted, http=http)
        walk = files.pages(wanted, files.parts(wanted)[0], Resume())
        assert next(walk).rows.num_rows == ROWS and list(tmp_path.iterdir()) == []
    assert methods(city) == ["HEAD", "GET"]


def test_a_part_is_named_without_its_query_and_two_queries_are_two_parts(city):
    found = parts(files, city, replace(request(city), location=tuple(f"{city.url}{CSV}?key={n}" for n in "abb")))
    assert [part.name for part in found] == [f"{city.url}{CSV}", f"{city.url}{CSV} (2)"]
    assert [part.ask["url"][-1] for part in found] == ["a", "b"]


def test_the_secret_travels_in_a_header_only(city):
    secret = Secret("sources.requests.credentials", "s3cret")
    read(files, city, request(city, secret=secret))
    assert {one.headers["authorization"] for one in city.log} == {"Bearer s3cret"}
    assert not [one for one in city.log if "s3cret" in one.target]


def test_files_of_an_archive_are_read_in_turn_and_may_be_chosen(city):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name, ids in (("2023.csv", "ab"), ("2024.csv", "cd"), ("notes.csv", "x")):
            packed.writestr(name, "id,status,opened,closed\n" + "".join(f"{id},open,,\n" for id in ids) + "7\n")
    city.faults("says", file.getvalue(), "application/zip", has="GET")
    found = read(files, city, request(city, f"{PLACES[2]}!20*.csv"))
    assert [row["id"] for row in found.rows] == ["a", "b", "c", "d"]
    assert [page.first for page in found.pages] == [2, 5]
    assert [number for page in found.pages for number, _ in page.rejected] == [4, 7]


# The format is told by the name, else by the server, and the compression by the bytes


@pytest.mark.parametrize(
    ("kind", "pack"),
    [
        ("text/csv; charset=utf-8", bytes),
        ("text/csv", gzip.compress),
        ("application/json", lambda text: b'[{"id": "a", "status": "open"}, {"id": "b", "status": "open"}]'),
        ("application/x-ndjson", lambda text: b'{"id": "a", "status": "open"}\n{"id": "b", "status": "open"}\n'),
    ],
)
def test_a_name_that_tells_no_format_leaves_it_to_the_server(city, kind, pack):
    city.faults("says", pack(b"id,status\na,open\nb,open\n"), kind, has="GET")
    found = read(files, city, request(city, "/files/requests.csv/download"))
    assert statuses(found) == {"a": "open", "b": "open"}


def test_a_file_that_the_server_has_unpacked_already_is_read(city):
    city.faults("says", b"id,status\na,open\n", "text/csv", has="GET")
    assert statuses(read(files, city, request(city, PLACES[1]))) == {"a": "open"}


def test_a_compressed_answer_is_read(city):
    city.faults("gzip", has="GET")
    assert statuses(read(files, city, request(city))) == truth(city.model)


def test_the_columns_are_told_to_a_city_that_has_chosen_none(city):
    found = probed(files, city, replace(request(city), columns=frozenset(), required=()))
    assert {"id", "opened", "phone"} <= set(found["columns"])
    city.log.clear()
    assert probed(files, city, request(city)) == {} and city.log == []


# Whether it is whole


def test_a_server_that_does_not_know_head_is_asked_for_the_file(city):
    city.faults("status", 501, has="HEAD")
    found = read(files, city, request(city))
    assert parts(files, city, request(city))[0].fingerprint == ""
    assert statuses(found) == truth(city.model)


@pytest.mark.parametrize("fault", [("gzip",), ("too_many", 1)])
def test_a_head_that_tells_nothing_stops_nothing(city, fault):
    city.faults(*fault, has="HEAD")
    assert statuses(read(files, city, request(city))) == truth(city.model)


@pytest.mark.parametrize("fault", [("cut", 700), ("cut_chunked", 700), ("html",), ("nothing",), ("status", 503)])
def test_an_answer_that_broke_off_is_asked_for_again(city, fault):
    city.faults(*fault, has="GET", times=2)
    assert statuses(read(files, city, request(city))) == truth(city.model)
    assert methods(city) == ["HEAD", "GET", "GET", "GET"]


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (b"<!DOCTYPE html><title>Log in</title>", "page for people"),
        (b"<?xml version='1.0'?><Error/>", "is a web page, not csv"),
        ({"status": "Processing"}, "is JSON, not CSV"),
        (b"", "sends nothing"),
        (gzip.compress(b"id,status\n1,open\n", mtime=0)[:-6], "the archive is cut or broken"),
    ],
)
def test_what_is_no_file_is_refused(city, what, words):
    city.faults("says", what, has="GET")
    with pytest.raises(SourceError, match=words):
        read(files, city, request(city))


def test_a_layer_that_is_still_being_made_is_refused(city):
    city.faults("says", {"status": "Processing"}, has="GET")
    with pytest.raises(SourceError, match="still be preparing"):
        read(files, city, request(city, PLACES[3]))


def lines(city: City, count: int) -> int:
    """The length of the file up to so many lines."""
    text = city.platform.csv().finish().body
    return len(b"\r\n".join(text.split(b"\r\n")[:count])) + 2


def test_a_file_that_ends_too_early_between_two_rows_is_not_proved(city):
    city.faults("cut_silently", lines(city, 20), has="GET")
    found = read(files, city, request(city))
    assert 0 < len(found.rows) < ROWS and found.proven_by == {""}
    assert "the server announced" in found.proofs[0].why


def test_where_nobody_tells_the_length_two_downloads_must_agree(city):
    city.faults("status", 501, has="HEAD")
    whole = len(city.platform.csv().finish().body)
    city.faults("cut_silently", whole, has="GET", times=2)
    assert read(files, city, request(city)).proven_by == {"double_read"}
    city.faults("cut_silently", lines(city, 20), request=len(city.log) + 2)
    found = read(files, city, request(city))
    assert found.proven_by == {""} and "two downloads of it differ" in found.proofs[0].why


def test_a_format_that_has_an_end_proves_itself(city):
    city.faults("status", 501, has="HEAD")
    city.faults("cut_silently", 10**9, has="GET")
    assert read(files, city, request(city, PLACES[3])).proven_by == {"whole_file"}


def test_a_place_in_a_file_without_a_name_can_be_sought():
    with tempfile.TemporaryFile() as file:
        file.write(b"0123456789")
        file.flush()
        first, second = (over_http._anew(file.fileno(), 10) for _ in range(2))
        assert (first.read(3), second.read(2), first.read(2)) == (b"012", b"01", b"34")
        assert (first.seek(-1, 2), first.read(), first.seek(-9, 1), first.read(1)) == (9, b"9", 1, b"1")


def test_other_addresses_are_no_files(tmp_path: Path):
    town = Town.found(tmp_path, location="ftp://data.example/rows.csv")
    said = town.command("pull")
    assert (said.code, "ftp://data.example/rows.csv (source 'requests') is an address" in said.err) == (3, True)


def test_a_disk_that_takes_no_more_is_told_with_where_to_free_it(city):
    """A process that may write no file beyond so many bytes: what a disk without room looks like."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(DiskError, match="Source 'requests'") as caught:
            read(files, city, request(city))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert "could not be written" in caught.value.message and "TMPDIR" in caught.value.cure
    assert len(read(files, city, request(city)).rows) == ROWS
