"""Anyone may ask anything; nobody can exhaust the server, read its paths, leave the site, or take another's turn.

Each attack is asked twice: of the hub, which must hold, and of the hub with that very protection off, which must not.
"""

import asyncio
import re
import sqlite3
import time
from pathlib import Path
from urllib.parse import quote

import pytest

from hub import datasette_compat
from hub.app import build
from hub.plugin import door, guard, rate
from tests.asking import VISITOR, ask
from tests.made_release import CITY

QUICK = {"sql_time_limit_ms": 400, "num_sql_threads": 12}


async def sql(app, query: str):
    """Ask in SQL, as JSON: the answer, and the seconds it took."""
    start = time.monotonic()
    answer = await ask(app, f"/city.json?_shape=array&sql={quote(query)}")
    return answer, time.monotonic() - start


@pytest.fixture
def hub(data):
    return build(data, CITY, settings=QUICK)


@pytest.fixture
def unguarded(data, monkeypatch):
    """The hub whose connections are not guarded."""
    monkeypatch.setattr(guard, "prepare", lambda conn: None)
    return build(data, CITY, settings=QUICK)


# an attack, the same in a size that does no harm to who runs the tests
BOMBS = {
    "zeroblob": ("select length(hex(zeroblob(400000000)))", "select length(hex(zeroblob(400000)))"),
    "printf": ("select length(printf('%.300000000c', 'x'))", "select length(printf('%.400000c', 'x'))"),
    "replace": (
        f"select length(replace(replace(replace('{'a' * 100}', 'a', '{'b' * 100}'), 'b', '{'c' * 100}'),"
        f" 'c', '{'d' * 100}'))",
        f"select length(replace(replace('{'a' * 100}', 'a', '{'b' * 100}'), 'b', '{'c' * 100}'))",
    ),
    "group_concat": (
        "with recursive c(n) as (select 1 union all select n + 1 from c where n < 900000)"
        " select length(group_concat(n, 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx')) from c",
        "with recursive c(n) as (select 1 union all select n + 1 from c where n < 9000)"
        " select length(group_concat(n, 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx')) from c",
    ),
}


@pytest.mark.parametrize("name", BOMBS)
async def test_a_bomb_of_memory_is_refused_at_once(hub, unguarded, monkeypatch, name):
    big, small = BOMBS[name]
    monkeypatch.undo()
    before = own_memory()
    answer, seconds = await sql(hub, big)
    assert answer.status == 400 or [*answer.json[0].values()] == [None]
    assert seconds < 1.5
    assert own_memory() - before < 80
    monkeypatch.setattr(guard, "prepare", lambda conn: None)
    let_in, _ = await sql(unguarded, small)
    assert let_in.status == 200
    assert next(iter(let_in.json[0].values())) > 250_000


def own_memory() -> int:
    """Anonymous memory of this process in MB."""
    return int(re.search(r"RssAnon:\s+(\d+)", Path("/proc/self/status").read_text())[1]) // 1000


FORBIDDEN = (
    "select fts3_tokenizer('simple')",
    "select load_extension('x')",
    "select hex(randomblob(10))",
    "select * from pragma_database_list",
    "select p.file from main.pragma_database_list as p",
    "select count(*) from sqlite_stmt",
    "select count(*) from dbstat",
)


@pytest.mark.parametrize("query", FORBIDDEN)
async def test_what_tells_about_the_server_is_refused(hub, query):
    answer, _ = await sql(hub, query)
    assert answer.status == 400
    assert "/city.db" not in answer.text


async def test_without_the_guard_the_server_path_would_be_told(unguarded, data):
    answer, _ = await sql(unguarded, "select file from pragma_database_list")
    assert str(data) in answer.text


WRITES = (
    "create table mine (a)",
    "update places set label = 'mine'",
    "delete from stories",
    "attach 'other.db' as other",
    "pragma journal_mode = wal",
    "pragma writable_schema = 1",
    "create temp table mine (a)",
    "vacuum",
    "select load_extension('/tmp/x')",
)


@pytest.mark.parametrize("statement", WRITES)
def test_nothing_can_be_written_whoever_prepares_the_statement(data, tmp_path, statement):
    """Even on a file that could be written, and past Datasette's own check of the words."""
    file = tmp_path / "city.db"
    file.write_bytes((data / "public" / "current" / "city.db").read_bytes())
    conn = sqlite3.connect(file)
    guard.prepare(conn)
    with pytest.raises(sqlite3.Error):
        conn.execute(statement).fetchall()
    conn.close()


def test_without_the_guard_it_could_be_written(data, tmp_path):
    file = tmp_path / "city.db"
    file.write_bytes((data / "public" / "current" / "city.db").read_bytes())
    conn = sqlite3.connect(file)
    assert conn.execute("update places set label = 'mine'").rowcount > 0
    conn.close()


async def test_datasettes_own_pages_still_work_under_the_guard(hub):
    for target in ("/city", "/city/service_requests", "/city/stories?_search=bread", "/city/places.json?_shape=array"):
        assert (await ask(hub, target)).status == 200


# Eight long searches in each row: seconds pass between two of Datasette's looks at the clock.
SLOW = (
    f"with recursive big as materialized (select replace(printf('%.1000c', 'a'), 'a', '{'a' * 80}') as hay,"
    f" replace(printf('%.1000c', 'a'), 'a', '{'a' * 25}') || 'x' as needle),"
    " c(n) as (select 1 union all select n + 1 from c)"
    f" select max({' + '.join(f'instr(hay || {n}, needle)' for n in range(8))} + n) from c cross join big"
)


async def test_a_dear_function_in_an_endless_query_is_stopped_in_time(hub, data, monkeypatch):
    """Datasette looks at its clock every 1,000 opcodes: with such functions in each row that is far too late."""
    answer, seconds = await sql(hub, SLOW)
    assert answer.status == 400
    monkeypatch.setattr(datasette_compat, "watch", lambda conn: None)
    _, unwatched = await sql(build(data, CITY, settings=QUICK), SLOW)
    assert 2 * seconds < unwatched


async def test_six_greedy_visitors_do_not_keep_the_others_waiting(data):
    app = build(data, CITY, settings={"sql_time_limit_ms": 1500, "num_sql_threads": 12})
    row = (await ask(app, "/city/stories/st-2025-00001.json")).status
    endless = "with recursive c(n) as (select 1 union all select n + 1 from c) select count(*) from c"
    greedy = [asyncio.create_task(sql(app, endless)) for _ in range(6)]
    await asyncio.sleep(0.3)
    start = time.monotonic()
    answer = await ask(app, "/city/stories/st-2025-00002.json")
    seconds = time.monotonic() - start
    assert (row, answer.status) == (200, 200)
    assert seconds < 1
    assert {answer.status for answer, _ in await asyncio.gather(*greedy)} == {400}


async def test_with_datasettes_three_threads_they_would(data):
    app = build(data, CITY, settings={"sql_time_limit_ms": 1500, "num_sql_threads": 3})
    await ask(app, "/city/stories/st-2025-00001.json")
    endless = "with recursive c(n) as (select 1 union all select n + 1 from c) select count(*) from c"
    greedy = [asyncio.create_task(sql(app, endless)) for _ in range(6)]
    await asyncio.sleep(0.3)
    start = time.monotonic()
    await ask(app, "/city/stories/st-2025-00002.json")
    assert time.monotonic() - start > 1
    await asyncio.gather(*greedy)


WAYS_OUT = ("/\\example.com/", "/%5cexample.com/", "/%5Cexample.com/", "//example.com/", "///example.com/", "/a\\b/")


@pytest.mark.parametrize("target", WAYS_OUT)
async def test_no_address_leads_out_of_the_site(site, target):
    answer = await ask(site, target)
    assert answer.status == 400
    assert "location" not in answer.headers


async def test_without_the_door_a_backslash_would_lead_out(site, monkeypatch):
    monkeypatch.setattr(door, "CROOKED", re.compile(r"(?!)"))
    answer = await ask(site, "/\\example.com/")
    assert answer.headers["location"].startswith("/\\example.com")


FORGED = (
    "evil.example",
    "evil.example:8001",
    "localhost.evil.example",
    "localhost@evil.example",
    "",
    None,
    "[::2]",
    "a b",
)


@pytest.mark.parametrize("host", FORGED)
async def test_a_forged_host_is_turned_away(site, host):
    answer = await ask(site, "/city/places.json?_size=1", headers={"host": host})
    assert answer.status == 400
    assert "evil" not in answer.text + str(answer.headers)


async def test_believed_a_forged_host_would_stand_in_our_links(data):
    answer = await ask(
        build(data, CITY, hosts=["evil.example"]), "/city/places.json?_size=1", headers={"host": "evil.example"}
    )
    assert answer.status == 200
    assert "evil.example" in answer.text


@pytest.mark.parametrize(
    "host", ["localhost", "localhost:8001", "127.0.0.1:8001", "[::1]:8001", "LOCALHOST", "localhost."]
)
async def test_the_hub_answers_under_its_own_names(site, host):
    assert (await ask(site, "/healthz", headers={"host": host})).status == 200


async def test_the_operator_names_the_hub_in_the_environment(site, monkeypatch):
    monkeypatch.setenv("CITYGLASS_HOSTS", "data.larkhaven.example, www.larkhaven.example")
    assert (await ask(site, "/healthz", headers={"host": "data.larkhaven.example"})).status == 200
    assert (await ask(site, "/healthz", headers={"host": "data.other.example"})).status == 400


HIDDEN = ("databases", "threads", "plugins", "actor", "allow-debug", "permissions", "messages", "logout", "versions")


@pytest.mark.parametrize("name", HIDDEN)
async def test_pages_about_the_server_are_not_there(site, data, name):
    for target in (f"/-/{name}", f"/-/{name}.json", f"/-/{name}/", f"/-/%{ord(name[0]):x}{name[1:]}"):
        answer = await ask(site, target)
        assert answer.status == 404
        assert str(data) not in answer.text


async def test_without_the_door_they_would_be(site, data, monkeypatch):
    monkeypatch.setattr(door, "HIDDEN", re.compile(r"(?!)"))
    assert str(data.resolve()) in (await ask(site, "/-/databases.json")).text


@pytest.mark.parametrize("target", ["/city?_ttl=99999999", "/city?_ttl=0", "/city?a=1&_ttl=0", "/city?%5fttl=0"])
async def test_a_visitor_does_not_set_the_life_of_a_cached_page(site, target):
    assert (await ask(site, target)).headers["cache-control"] == "max-age=300"


async def test_without_the_door_a_visitor_would(site, monkeypatch):
    monkeypatch.setattr(door, "STRIPPED", re.compile(r"(?!)"))
    assert (await ask(site, "/city?_ttl=99999999")).headers["cache-control"] == "max-age=99999999"


async def test_tracing_and_a_nonsense_time_limit_do_nothing(site):
    traced = await ask(site, "/city/places.json?_trace=1&_size=1")
    assert "_trace" not in traced.json
    assert (await ask(site, "/city.json?sql=select+1&_timelimit=x")).status == 200


async def test_script_in_an_address_is_only_text(site):
    answer = await ask(site, "/search?q=" + quote("<script>alert(1)</script>"))
    assert "<script>" not in answer.text
    answer = await ask(site, "/city?_trace=1&sql=" + quote("select '<script>alert(1)</script>'"))
    assert "<script>alert" not in answer.text


async def test_every_answer_carries_the_headers_that_protect_its_reader(site):
    for target, status in {"/": 200, "/city": 200, "/nowhere": 404, "/\\x/": 400, "/brand.css": 200}.items():
        answer = await ask(site, target)
        assert answer.status == status
        for name, value in door.HEADERS.items():
            assert answer.headers[name] == value
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-release"].startswith("20250630T")
    assert "unsafe-inline" not in (await ask(site, "/")).headers["content-security-policy"]


async def test_the_internal_database_is_closed(site):
    assert (await ask(site, "/_internal")).status == 403


async def test_the_whole_release_can_be_taken_home(site, data):
    """By intention: everything in the file is public."""
    answer = await ask(site, "/city.db")
    assert answer.status == 200
    assert answer.body == (data / "public" / "current" / "city.db").read_bytes()


async def test_a_visitor_who_asks_too_much_waits_and_the_next_one_does_not(data):
    chosen = {"rate_limit": {"rate": 0.001, "burst": 3, "exempt_loopback": False}}
    app = build(data, CITY, chosen=chosen)
    assert [(await ask(app, "/robots.txt", client=VISITOR)).status for _ in range(4)] == [200, 200, 200, 429]
    refused = await ask(app, "/robots.txt", client=VISITOR)
    assert int(refused.headers["retry-after"]) >= 1
    assert (await ask(app, "/robots.txt", client=("203.0.113.8", 1))).status == 200
    assert (await ask(app, "/brand.css", client=VISITOR)).status == 200


async def test_the_machine_itself_can_be_exempt(data):
    for exempt, status in {True: 200, False: 429}.items():
        app = build(data, CITY, chosen={"rate_limit": {"rate": 0.001, "burst": 1, "exempt_loopback": exempt}})
        found = [(await ask(app, "/robots.txt", client=("127.0.0.1", 1))).status for _ in range(2)]
        assert found == [200, status]


def test_dear_questions_cost_more_than_pages():
    assert rate.cost("/city", "") == 1
    assert rate.cost("/city", "sql=select+1") == rate.cost("/city/places", "_sort=a&_facet=level") == 5
    assert rate.cost("/city/places.csv", "_stream=on") == rate.cost("/city.db", "") == 20
    assert rate.cost("/brand.css", "") == 0


def test_buckets_fill_again_and_remember_no_address():
    now = [0.0]
    buckets = rate.Buckets(rate=1, burst=2, most=3, clock=lambda: now[0])
    assert [buckets.wait("203.0.113.7", 1) for _ in range(3)] == [0, 0, 1]
    now[0] = 1.0
    assert buckets.wait("203.0.113.7", 1) == 0
    assert buckets.wait("2001:db8::1", 2) == 0
    assert buckets.wait("2001:db8::2", 2) > 0, "one visitor owns a whole /64"
    for last in range(20):
        buckets.wait(f"198.51.100.{last}", 1)
    assert len(buckets._left) == 3
    assert b"198" not in b"".join(buckets._left) and VISITOR[0] not in repr(buckets)
    other = rate.Buckets(rate=1, burst=2)
    other.wait("198.51.100.19", 1)
    assert not set(other._left) & set(buckets._left), "each process has a salt of its own"
