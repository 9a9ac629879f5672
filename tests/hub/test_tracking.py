"""'Track my report': who holds a tracking number learns its released status, and nobody learns anything else."""

import hashlib
import re
import sqlite3
import statistics
import time
from itertools import count
from urllib.parse import quote_plus

import pytest
from uvicorn import Config
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from etl import lookup
from etl.engine import keyed_id
from hub.app import build
from hub.plugin import tracking
from hub.tracking_numbers import normal, number_of
from tests.asking import NEIGHBOUR, VISITOR
from tests.asking import ask as visit
from tests.made_release import CITY, make
from tests.town import Town, ask, request, requests

NUMBER = "SR-2024-0007a"
FIXED = {"closed": "2024-03-09 10:00:00", "note": "fixed it"}
ROWS = (
    *requests(range(20)),
    request(1) | {"id": NUMBER} | FIXED | {"status": "Done"},
    *(request(n, "No Heat", opened="2024-02-05 09:00:00", **FIXED) for n in range(200, 212)),
    request(300, "Rats", opened="2024-06-28 09:00:00"),  # its period has not closed
    request(301, "Secret"),
    request(310) | {"id": "ab 1"},
    request(311) | {"id": "AB1"},
)
FORM = {"content-type": "application/x-www-form-urlencoded"}


@pytest.fixture(scope="module")
def town(tmp_path_factory) -> Town:
    town = Town.found(tmp_path_factory.mktemp("tracking") / "town")
    town.receive(*ROWS)
    town.run()
    return town


@pytest.fixture(scope="module")
def app(town):
    return build(town.data, town.city)


VISITORS = count(1)


async def look_up(app, number: str, **given):
    """Ask as somebody who has not asked before, unless it is said who."""
    given.setdefault("client", (f"2001:db8:{next(VISITORS):x}::1", 4711))
    given["headers"] = FORM | given.get("headers", {})
    return await visit(app, "/r", method="POST", body=f"number={quote_plus(number)}".encode(), **given)


def words(answer) -> str:
    """What stands in the answer's part of the page."""
    part = re.search(r'<div role="status">(.*?)</div>', answer.text, re.DOTALL)[1]
    return " ".join(re.sub(r"<[^>]+>", " ", part).split())


# What is told


async def test_the_status_is_told_with_how_it_ended_and_up_to_when_reports_like_it_are_told(app):
    answer = await look_up(app, NUMBER)
    assert answer.status == 200
    assert words(answer).startswith("It is closed The city says that it was fixed, or that a rule was enforced.")
    assert "Reports of this kind are told up to 1 July 2024." in words(answer)
    assert words(await look_up(app, "5")).startswith("It is open")


async def test_of_a_sensitive_report_the_ending_is_not_told_and_the_day_is_an_earlier_one(app):
    told = words(await look_up(app, "205"))
    assert "How it ended is not told" in told and "told up to 1 June 2024" in told


@pytest.mark.parametrize("written", ["sr-2024-0007A", " # SR-2024-0007a ", "SR-2024- 0007a"])
async def test_a_number_may_be_written_as_people_write_it(app, written):
    assert words(await look_up(app, written)) == words(await look_up(app, NUMBER))


@pytest.mark.parametrize("number", ["300", "301", "nobody's", "AB1", "x" * 500, "1' or '1'='1", "%00", "ünïcode"])
async def test_an_unknown_number_and_one_that_may_not_be_told_get_the_same_answer(app, number):
    unknown, answer = await look_up(app, "987654321"), await look_up(app, number)
    assert words(answer).startswith("Nothing can be told of this number")
    assert (answer.status, answer.body, answer.headers) == (unknown.status, unknown.body, unknown.headers)


def test_neither_takes_longer(town):
    """A hundred thousand statuses, so that a search through them would show."""
    folder = town.data / "lookup"

    def seconds(number: str) -> float:
        begun = time.perf_counter()
        tracking._told(folder, number)
        return time.perf_counter() - begun

    times = {number: [] for number in (NUMBER, "300", "987654321")}
    for _ in range(300):
        for number, spent in times.items():
            spent.append(seconds(number))
    typical = [statistics.median(spent) for spent in times.values()]
    assert max(typical) < 1.5 * min(typical)


# What is not told


async def test_the_number_and_the_row_stand_nowhere_in_the_answer(app, town):
    key = (town.data / "private" / "keys" / "release.key").read_bytes()
    for number in (NUMBER, "205"):
        number_63, public_id = keyed_id(key, "requests", number)
        answer = await look_up(app, number)
        said = answer.text + str(answer.headers)
        assert not [
            word
            for word in (number, public_id, str(number_63), "Elm Street", "h3_9", "2024-03-05")
            if word in words(answer)
        ]
        assert public_id not in said and NUMBER not in said


def test_the_file_holds_hashes_and_status_words_and_nothing_else(town):
    db = town.data / "lookup" / "status.db"
    body = db.read_bytes()
    key = (town.data / "lookup" / "lookup.key").read_bytes()
    assert ask(db, "select name from sqlite_master where type = 'table'") == [{"name": "told"}, {"name": "statuses"}]
    assert {row["hash"] for row in ask(db, "select hash from statuses")} >= {
        number_of(NUMBER, key),
        number_of("5", key),
    }
    assert len(ask(db, "select * from statuses")) == 33
    release = (town.data / "private" / "keys" / "release.key").read_bytes()
    ids = {keyed_id(release, "requests", row["id"])[0] for row in ROWS}
    assert key != release and not ids & {row["hash"] for row in ask(db, "select hash from statuses")}
    plain = int.from_bytes(hashlib.sha256(normal(NUMBER).encode()).digest()[:8], "big") >> 1
    assert ask(db, "select count(*) as n from statuses where hash = ?", plain) == [{"n": 0}]
    assert not [word for word in (NUMBER, NUMBER.upper(), "Elm") if word.encode() in body]
    assert (db.stat().st_mode & 0o777, (db.parent / "lookup.key").stat().st_mode & 0o777) == (0o640, 0o640)


@pytest.mark.parametrize("target", [f"/r?number={NUMBER}", f"/r/{NUMBER}", f"/r.json?number={NUMBER}"])
async def test_a_number_in_an_address_gets_no_answer(app, target):
    answer = await visit(app, target)
    assert answer.status == 404 or words(answer) == ""
    assert "closed" not in answer.text


async def test_the_form_sends_the_number_by_post_and_lets_nobody_keep_it(app):
    page = await visit(app, "/r")
    assert 'action="/r" method="post"' in page.text and page.headers["cache-control"] == "no-store"
    answer = await look_up(app, NUMBER)
    assert answer.headers["cache-control"] == "no-store" and answer.headers["referrer-policy"] == "no-referrer"
    assert "set-cookie" not in answer.headers and "location" not in answer.headers
    assert "form-action 'self'" in answer.headers["content-security-policy"]
    assert 'autocomplete="off"' in page.text


SQL = "/city.json?sql={}"


@pytest.mark.parametrize(
    "target",
    [
        SQL.format("select+*+from+statuses"),
        SQL.format("attach+database+'data/lookup/status.db'+as+x"),
        "/status.json",
        "/lookup/status.db",
        "/downloads/status.db",
        "/downloads/..%2f..%2f..%2flookup%2fstatus.db",
        "/downloads/..%2f..%2f..%2flookup%2flookup.key",
        "/assets/..%2flookup.key",
    ],
)
async def test_the_file_can_be_reached_neither_by_sql_nor_by_download(app, town, target):
    answer = await visit(app, target)
    assert answer.status in (302, 400, 404)  # redirected to a name that is not there
    assert (town.data / "lookup" / "lookup.key").read_bytes() not in answer.body and b"SQLite format" not in answer.body


async def test_no_trace_of_a_number_is_printed_even_where_something_fails(town, tmp_path, capfd, caplog):
    broken = Town.copy_of(town.folder, tmp_path / "town")
    (broken.data / "lookup" / "status.db").write_bytes(b"no database")
    answer = await look_up(build(broken.data, broken.city), NUMBER)
    said = capfd.readouterr()
    assert answer.status == 500 and NUMBER not in answer.text
    assert NUMBER not in said.out + said.err + caplog.text


# Who may ask, and how often


async def test_a_visitor_may_ask_ten_times_and_then_has_to_wait(town):
    app = build(town.data, town.city)
    answers = [await look_up(app, NUMBER, client=VISITOR) for _ in range(11)]
    assert [answer.status for answer in answers] == [200] * 10 + [429]
    assert "Please ask again in 10 seconds" in words(answers[-1]) and answers[-1].headers["retry-after"] == "10"
    assert "closed" not in words(answers[-1])
    assert (await look_up(app, NUMBER, client=("198.51.100.7", 1))).status == 200
    assert (await visit(app, "/r", client=VISITOR)).status == 200


@pytest.mark.parametrize(
    "chosen", [{}, {"rate_limit": {"exempt_loopback": True}}], ids=["as served", "for a load test"]
)
async def test_nobody_is_exempt_not_even_this_machine_under_a_load_test(town, chosen):
    app = build(town.data, town.city, chosen=chosen)
    answers = [await look_up(app, str(number), client=NEIGHBOUR) for number in range(12)]
    assert [answer.status for answer in answers] == [200] * 10 + [429] * 2
    assert (await look_up(app, NUMBER, client=("::1", 1))).status == 200  # another address
    pages = [await visit(app, "/r", client=NEIGHBOUR) for _ in range(20)]
    assert {answer.status for answer in pages} == {200}


async def test_behind_a_proxy_each_visitor_has_a_limit_and_who_pretends_to_be_many_is_one(town):
    """As it is served: uvicorn believes a proxy on this machine, and nobody else, who the visitor is."""
    app = ProxyHeadersMiddleware(build(town.data, town.city), Config(app=None).forwarded_allow_ips or "127.0.0.1")

    async def status(client: tuple[str, int], said: str) -> int:
        return (await look_up(app, NUMBER, client=client, headers={"x-forwarded-for": said})).status

    assert [await status(NEIGHBOUR, "203.0.113.50") for _ in range(11)] == [200] * 10 + [429]
    assert await status(NEIGHBOUR, "203.0.113.51") == 200
    assert [await status(VISITOR, f"198.51.100.{n}") for n in range(11)] == [200] * 10 + [429]


async def test_all_visitors_together_may_ask_so_often(town, monkeypatch):
    clock = [0.0]
    everybody = tracking.Buckets(rate=5, burst=60, most=1, exempt_loopback=False, clock=lambda: clock[0])
    limits = tracking.Limits(tracking.Buckets(rate=0.1, burst=10), everybody)
    waits = [limits.wait(f"203.0.{n // 250}.{n % 250}") for n in range(80)]
    assert waits[:60] == [0] * 60 and all(wait > 0 for wait in waits[60:])
    clock[0] += 1
    assert limits.wait("203.0.113.9") == 0
    assert limits.wait("127.0.0.1") == 0 and limits.all._left  # nobody is exempt from it


async def test_post_opens_this_one_door_only(app):
    for target in ("/", "/search", "/city", "/r/", "/requests/r", "/-/r"):
        assert (await visit(app, target, method="POST", headers=FORM, body=b"number=1")).status == 405
    for method in ("PUT", "DELETE", "PATCH"):
        assert (await visit(app, "/r", method=method)).status == 405
    assert (await look_up(app, NUMBER, headers={"cookie": "lang=es"})).status == 200  # no token is asked for


@pytest.mark.parametrize("body", [b"", b"number=", b"number=++", b"other=1", b"number=1&" * 40, b"x" * 5_000])
async def test_a_form_without_a_number_is_explained(app, body):
    answer = await visit(app, "/r", method="POST", headers=FORM, body=body)
    assert (answer.status, words(answer)[:34]) == (400, "There is no number to look up Write"[:34])


# Where there is such a page


async def test_it_is_linked_from_the_home_page_and_the_footer_where_it_is_there(app, data, tmp_path):
    assert (await visit(app, "/")).text.count('href="/r"') == 2
    assert (await visit(app, "/about/privacy")).text.count('href="/r"') == 1
    make(tmp_path / "data")
    without = build(tmp_path / "data", CITY)
    assert 'href="/r"' not in (await visit(without, "/")).text
    assert (await visit(without, "/r")).status == (await look_up(without, NUMBER)).status == 404


def test_a_city_turns_it_off_and_the_file_is_gone_with_the_next_release(town, tmp_path):
    off = Town.copy_of(town.folder, tmp_path / "town")
    off.describe({"pages": {"tracking": False}})
    assert off.publish().release
    assert not lookup.path(off.data).exists()
    off.describe({"pages": {"tracking": True}})
    (off.data / "lookup" / "lookup.key").unlink()  # a lost key is made anew, and the file with it
    assert off.publish().release
    key = (off.data / "lookup" / "lookup.key").read_bytes()
    with sqlite3.connect(lookup.path(off.data)) as con:
        assert con.execute("select count(*) from statuses where hash = ?", [number_of(NUMBER, key)]).fetchone() == (1,)


def test_both_sides_write_a_number_alike(town):
    key = (town.data / "lookup" / "lookup.key").read_bytes()
    held = {row["hash"] for row in ask(town.data / "lookup" / "status.db", "select hash from statuses")}
    shown = {row["id"] for row in ROWS} - {"300", "301", "ab 1", "AB1"}
    assert held == {number_of(number, key) for number in shown}
