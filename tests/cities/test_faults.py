"""A fault happens where and as often as the script says; something else is said instead of the answer."""

import gzip
from pathlib import Path

import httpx
import orjson
import pytest

from tests.cities.faults import ALWAYS, WORDS
from tests.cities.model import Model
from tests.cities.pages import OPEN311, PAGES, page
from tests.cities.readers import WEB, ask
from tests.cities.server import City
from tests.cities.times import http_date

MIB = 1 << 20


def test_a_fault_of_a_request_happens_to_that_request_once(city):
    city.faults("status", 503, request=2)
    assert [page(city).status_code for _ in range(4)] == [200, 503, 200, 200]
    assert city.faults.happened == [("status", 2)]


def test_a_fault_of_a_page_happens_to_that_page_and_its_retries(city):
    city.faults("status", 502, page=2, times=2)
    asked = [1, 2, 2, 2, 3, 2]
    assert [page(city, number).status_code for number in asked] == [200, 502, 502, 200, 200, 200]
    assert [entry.page for entry in city.log] == asked
    assert [entry.status for entry in city.log] == [200, 502, 502, 200, 200, 200]


def test_a_fault_of_certain_questions_happens_to_these_for_ever(city):
    city.faults("status", 500, has="page=2")
    assert [page(city, number).status_code for number in (1, 2, 3, 2)] == [200, 500, 200, 500]


def test_a_fault_without_a_place_happens_always_until_the_script_is_cleared(city):
    city.faults("status", 401)
    city.faults("status", 500, page=1, times=ALWAYS)
    assert [page(city).status_code for _ in range(3)] == [401] * 3
    city.faults.clear()
    assert page(city).status_code == 200


def test_a_fault_of_a_page_spares_what_is_no_page(city):
    city.faults("status", 500, page=1)
    assert ask(city, "/open311/v2/services.json").status_code == 200
    assert page(city).status_code == 500


def test_a_fault_that_changes_nothing_has_not_happened(city):
    city.faults("short", 10, page=1)
    city.faults("shifted", -5, page=1)
    city.faults("capped", 10, page=1)
    city.faults("next_link", "loop", page=1)
    city.faults("counted", 5, page=1)
    honest = page(city).content
    assert city.faults.happened == []
    city.faults("short", 9, page=1)
    assert page(city).content != honest and city.faults.happened == [("short", 2)]


def test_a_city_knows_when_questions_never_end():
    with pytest.raises(RuntimeError, match="no end of questions"), City(Model(rows=5), "open311") as endless:
        endless.patience = 3
        assert [page(endless).status_code for _ in range(3)] == [200] * 3
        with pytest.raises(httpx.TransportError):
            page(endless)


def test_a_word_that_is_none_is_refused_with_those_there_are(city):
    with pytest.raises(ValueError, match=r"no fault is called 'explode'; there are: .*slow"):
        city.faults("explode")
    with pytest.raises(TypeError):
        city.faults("cut", page=1)


# Something else instead


@pytest.mark.parametrize("code", [500, 502, 503, 504, 410, 403])
def test_a_status_comes_with_the_platform_s_own_error(city, code):
    city.faults("status", code, request=1)
    answer = page(city)
    assert answer.status_code == code and answer.json()[0]["code"] == code


WAITS = {30: "30", 1e9: "1000000000", http_date(0): "Thu, 01 Jan 1970 00:00:00 GMT", None: None}


@pytest.mark.parametrize("wait", WAITS)
def test_too_many_requests_are_told_how_long_to_wait_or_not(city, wait):
    city.faults("too_many", wait)
    answer = page(city)
    assert answer.status_code == 429 and answer.headers.get("Retry-After") == WAITS[wait]


ERROR = {
    "open311": lambda said: said[0]["description"],
    "socrata": lambda said: said["message"],
    "arcgis": lambda said: said["error"]["message"],
    "ckan": lambda said: said["error"]["message"],
    "carto": lambda said: said["error"][0],
    "dataverse": lambda said: said["error"]["message"],
    "legistar": lambda said: said["Message"],
    "seeclickfix": lambda said: said["errors"]["base"][0],
}


@pytest.mark.parametrize("platform", ERROR)
def test_an_error_object_may_come_under_200(platform):
    model = Model(rows=5)
    model.council.fill(matters=5)
    with City(model, platform) as city:
        city.faults("error_object", 500, "out of order", page=1)
        answer = PAGES[platform](city)
        assert answer.status_code == 200 and ERROR[platform](answer.json()) == "out of order"


@pytest.mark.parametrize("platform", PAGES)
def test_an_empty_page_and_a_renamed_key_and_a_missing_id_happen_on_every_platform(platform):
    model = Model(rows=5)
    model.council.fill(matters=5)
    with City(model, platform) as city:
        whole = PAGES[platform](city).text
        key = city.platform.fields["id"][0][-1]
        city.faults("renamed", "id", "a_new_name", page=1)
        assert "a_new_name" in PAGES[platform](city).text and "a_new_name" not in whole
        city.faults("null", "id", row=0, page=1)
        assert f'"{key}":null' in PAGES[platform](city).text and f'"{key}":null' not in whole
        city.faults("empty", page=1)
        assert len(PAGES[platform](city).text) < len(whole) and city.log[-1].rows == 0
        assert PAGES[platform](city).text == whole and city.log[-1].rows == 5


def test_html_comes_where_data_belongs(city):
    city.faults("html", request=1)
    city.faults("html", 503, request=2)
    assert page(city).headers["Content-Type"].startswith("text/html") and page(city).status_code == 503


def test_nothing_comes(city):
    city.faults("nothing", request=1)
    city.faults("nothing", 200, request=2)
    assert [(answer.status_code, answer.content) for answer in (page(city), page(city))] == [(204, b""), (200, b"")]


def test_something_else_is_said(city):
    city.faults("says", {"status": "Processing"}, request=1)
    city.faults("says", b"<gone/>", "text/xml", request=2)
    assert page(city).json() == {"status": "Processing"}
    assert page(city).text == "<gone/>"


@pytest.mark.parametrize("where", ["http://127.0.0.1:9/", "http://169.254.169.254/latest/", "file:///etc/hostname"])
def test_a_redirect_leads_where_nobody_should_go(city, where):
    city.faults("redirect", where)
    answer = page(city)
    assert (answer.status_code, answer.headers["Location"]) == (302, where)


def test_a_city_hangs_until_the_client_gives_up(city):
    city.faults("hang", 60)
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{city.url}{OPEN311}.json", timeout=0.05)


def test_a_connection_ends_without_a_word(city):
    city.faults("hang", 0, request=1)
    city.faults("reset", request=2)
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            page(city)


def test_json_is_a_hundred_thousand_deep(city):
    city.faults("deep")
    with pytest.raises(orjson.JSONDecodeError):
        orjson.loads(page(city).content)
    assert len(page(city).content) == 200_000


def test_xml_has_entities_that_explode_or_read_files(city):
    city.faults("xml_bomb", request=1)
    city.faults("xxe", request=2)
    bomb, xxe = page(city, form="xml").text, page(city, form="xml").text
    assert bomb.count("&e8;") == 10 and "&bomb;" in bomb and len(bomb) < 2000
    assert 'SYSTEM "file:///etc/hostname"' in xxe


def test_a_small_answer_is_gigantic_when_it_is_inflated(city):
    city.faults("gzip_bomb", 20)
    with WEB.stream("GET", f"{city.url}{OPEN311}.json") as answer:
        packed = b"".join(answer.iter_raw())
    assert len(packed) * 500 < 20 * MIB
    assert gzip.decompress(packed) == b"[" + b" " * 20 * MIB + b"]"


def test_every_word_has_a_test():
    tests = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    assert [word for word in WORDS if f'"{word}"' not in tests] == []
