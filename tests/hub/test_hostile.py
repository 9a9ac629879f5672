"""Whatever a visitor sends, the answer is a page or an object that says what is wrong, and nothing about the server."""

import re
import sqlite3
from urllib.parse import quote

import pytest

from hub import datasette_compat
from hub.app import build
from hub.plugin import door, home
from tests.asking import ask
from tests.made_release import CITY

TOLD = re.compile(r'Traceback|site-packages|File "|\.py\b|sqlite3\.|Error:')


def says_nothing_of_the_server(answer, data) -> bool:
    return not TOLD.search(answer.text) and str(data) not in answer.text


def words(answer) -> str:
    """What an error says, in whichever form it came."""
    kind = answer.headers["content-type"]
    if kind.startswith("application/json"):
        assert answer.json["ok"] is False
        return answer.json["error"]
    if kind.startswith("text/plain"):
        return answer.text
    assert answer.text.count("<h1>") == 1 and "<main" in answer.text
    return re.sub(r"<[^>]+>", " ", answer.text.partition("<main")[2].partition("</main>")[0])


ENDLESS = "with recursive c(n) as (select 1 union all select n + 1 from c) select count(*) from c"
# what is asked for: the status, and a word of the explanation
WRONG = {
    "/nothing": (404, "misspelt"),
    "/nothing/nothing/nothing": (404, "misspelt"),
    "/nothing.db": (404, "misspelt"),
    "/city/nothing": (404, "no table or question"),
    "/city/nothing.csv": (404, "no table or question"),
    "/city/stories/nothing": (404, "no such row"),
    "/city/service_requests/99999999999999999999": (404, "no such row"),
    "/city/stories/~FF": (404, "no such row"),
    "/stories/nothing": (404, "no such story"),
    "/requests/nothing": (404, "no released request"),
    "/requests/AAAAAAAAAAAAAAAA": (404, "no released request"),
    "/downloads/nothing": (404, "no such file"),
    "/about/nothing": (404, "no such page"),
    "/_internal": (403, "public"),
    "/city/service_requests?_size=many": (400, "_size"),
    "/city/service_requests?_sort=nothing": (400, "sort"),
    "/city/service_requests?_sort=id&_sort_desc=id": (400, "same time"),
    "/city/service_requests?_facet=nowhere": (400, "no such column"),
    "/city/service_requests?_where=nowhere=1": (400, "no such column"),
    "/city/service_requests?_where=1;drop": (400, "one statement"),
    "/city/service_requests?_through=%7B%7D": (400, "no such address"),
    "/city/service_requests?%5fthrough=x": (400, "no such address"),
    "/city/service_requests?id__in=%5B": (400, "list"),
    "/city/requests?id__in=%5B1": (400, "list"),
    "/city/requests?id__in=%5B%5B1%5D%5D": (400, "list"),
    "/city/requests?_next=foo": (400, "Start from the first page"),
    "/city/requests?_next=abc,1": (400, "Start from the first page"),
    "/city/requests?_size=max&_next=-": (400, "Start from the first page"),
    "/city/requests?_next=-5": (400, "Start from the first page"),
    "/city/requests?_next=99999999999999999999999": (400, "Start from the first page"),
    "/city/requests.csv?_next=foo": (400, "Start from the first page"),
    "/city/requests.json?_next=foo": (400, "Start from the first page"),
    "/city/requests.json?_json_infinity=x": (400, "neither on nor off"),
    "/city/stories?_search=%22": (400, "plain words"),
    "/city/stories?_col=nothing": (400, "invalid columns"),
    "/city/stories.csv?_stream=on&_next=x": (400, "not allowed"),
    "/city/stories/st-2025-00001.blob?_blob_column=nothing": (400, "not a valid column"),
    "/city?sql=select+nothing+from+nowhere": (400, "syntax error"),
    "/city?sql=delete+from+stories": (400, "Only SELECT"),
    "/city?sql=select+1;select+2": (400, "one statement"),
    "/city?sql=select+:_now": (400, "_now"),
    f"/city?sql={quote(ENDLESS)}": (400, "too long"),
    f"/city.csv?sql={quote(ENDLESS)}": (400, "too long"),
    "/city.csv?sql=select+nothing": (400, "syntax error"),
    "/city/time_to_close.json?_shape=nothing": (400, "_shape"),
}


@pytest.fixture(scope="module")
def hub(data):
    return build(data, CITY, settings={"sql_time_limit_ms": 400})


@pytest.mark.parametrize("target", WRONG)
async def test_what_is_wrong_is_said_in_words(hub, data, target):
    status, word = WRONG[target]
    answer = await ask(hub, target)
    assert answer.status == status
    assert word in words(answer)
    assert says_nothing_of_the_server(answer, data)


async def test_a_visitors_mistake_leaves_no_trace_in_the_log(hub, capfd):
    for target in WRONG:
        await ask(hub, target)
    assert "Traceback" not in capfd.readouterr().err


async def test_the_second_page_of_a_view_is_still_found(hub):
    first = (await ask(hub, "/city/requests.json?_size=5")).json
    second = (await ask(hub, f"/city/requests.json?_size=5&_next={first['next']}")).json
    assert len(second["rows"]) == 5 and second["rows"] != first["rows"]


@pytest.mark.parametrize("target", [target for target in WRONG if re.fullmatch(r"/(city|_internal)[\w/-]*", target)])
async def test_a_program_is_told_the_same_as_an_object(hub, target):
    answer = await ask(hub, f"{target}.json")
    assert answer.status == WRONG[target][0]
    assert answer.json["error"] in words(await ask(hub, target))
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cache-control"] == "no-store"


async def test_an_error_page_leads_on(hub):
    for target in ("/nothing", "/city/nothing", "/stories/nothing"):
        page = (await ask(hub, target)).text
        for way in ('action="/search"', 'href="/"', 'href="/city"', 'href="/downloads"'):
            assert way in page


HARMLESS = (
    f"/{'a' * 9000}",
    f"/city?sql={'a' * 60_000}",
    f"/search?q={'a' * 60_000}",
    f"/search?q={'a+' * 30_000}",
    f"/stories?q={'%22' * 5000}",
    f"/requests/{'a' * 9000}",
    f"/city/stories_found?q={'a' * 30_000}",
    f"/city/places?{'&'.join(f'level__not={n}' for n in range(900))}",
    "/search?q=%00",
    "/search?q=%FF%FE",
    "/search?q=NEAR(a,b)",
    "/stories?before=%00",
    "/stories?q=%F0%9F%98%80",
    "/stories/%F0%9F%98%80",
    "/stories/%FF",
    "/stories/%2e%2e",
    "/requests/%FF",
    "/city/service_requests?_next=%00",
    "/city/service_requests?_where=%00",
    "/city/service_requests?_facet_size=many",
    "/city/service_requests?nothing__exact=1&id__nothing=2",
    "/city/time_to_close?by=%00&year=%F0%9F%98%80",
    "/city/time_to_close?sql=select+1&_size=max",
    "/city/projects_over_budget?percent=many",
    "/city?sql=%00",
    "/city?sql=",
    "/city?sql=--",
    "/city?sql=select+cast(x'ff'+as+text)",
    "/city.json?sql=select+9e999,+x'00',+char(0)",
    "/city.nothing",
    "/-/static/%2e%2e/app.py",
    "/-/static/../app.py",
)


@pytest.mark.parametrize("target", HARMLESS, ids=lambda target: target[:60])
async def test_odd_input_does_no_harm(hub, data, target):
    answer = await ask(hub, target)
    assert answer.status in (200, 302, 400, 404)
    assert says_nothing_of_the_server(answer, data)
    if answer.status == 302:
        assert answer.headers["location"].startswith("/") and "//" not in answer.headers["location"]


OUT = (
    "../manifest.json",
    "..%2fmanifest.json",
    "%2e%2e%2fcity.db",
    "..%252fcity.db",
    "%2fetc%2fpasswd",
    "./../city.db",
)


@pytest.mark.parametrize("name", OUT)
async def test_no_download_leads_out_of_its_folder(hub, data, name):
    answer = await ask(hub, f"/downloads/{name}")
    assert answer.status in (302, 404)
    assert b"sha256" not in answer.body and not answer.body.startswith(b"SQLite")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "NONSENSE"])
async def test_the_hub_is_only_read(hub, method):
    for target in ("/", "/city", "/city/stories", "/city/time_to_close", "/stories", "/downloads/stories.csv.gz"):
        answer = await ask(hub, target, method=method)
        assert answer.status == 405
        assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


async def test_without_the_door_a_post_would_be_an_error_of_the_server(hub, monkeypatch):
    monkeypatch.setattr(door, "METHODS", ("GET", "POST"))
    assert (await ask(hub, "/city/stories", method="POST")).status == 500


async def test_a_page_of_another_site_may_ask_whether_it_may_ask(hub):
    answer = await ask(hub, "/city/stories.json", method="OPTIONS", headers={"origin": "https://news.example"})
    assert (answer.status, answer.body) == (200, b"")
    assert answer.headers["access-control-allow-origin"] == "*"


async def test_head_tells_what_get_would(hub):
    for target in ("/", "/city", "/stories", "/city/stories.json", "/downloads/stories.csv.gz", "/nothing"):
        got, asked = await ask(hub, target), await ask(hub, target, method="HEAD")
        assert asked.status == got.status
        assert asked.headers["content-type"] == got.headers["content-type"]


async def test_one_page_shows_no_more_than_it_can_write_quickly(hub, data):
    assert rows_of(await ask(hub, "/city/service_requests?_size=max")) == door.ROWS
    assert rows_of(await ask(hub, "/city/service_requests?_size=4000")) == door.ROWS
    assert len((await ask(hub, "/city/service_requests.json?_size=max&_shape=array")).json) > door.ROWS
    facet = await ask(hub, "/city/service_requests?_size=1&_facet=id&_facet_size=max")
    assert facet.text.count("id=") < 2 * door.ROWS


def rows_of(answer) -> int:
    return answer.text.partition("<tbody>")[2].count("<tr>")


async def test_an_answer_in_sql_is_cut_by_its_cells_and_says_so(hub, monkeypatch):
    counted = "with recursive c(n) as (select 1 union all select n + 1 from c limit 4000)"
    many = f"{counted} select n, n + 1, n + 2, n + 3 from c"
    page = await ask(hub, f"/city?sql={quote(many)}")
    assert rows_of(page) * 4 == datasette_compat.CELLS
    assert "The first 2,500 rows" in page.text
    assert len((await ask(hub, f"/city.json?_shape=array&sql={quote(many)}")).json) == 4000
    monkeypatch.setattr(datasette_compat, "CELLS", 40_000)
    assert rows_of(await ask(hub, f"/city?sql={quote(many)}")) == 4000


async def test_an_unforeseen_error_has_no_words(hub, data, monkeypatch):
    async def broken(datasette):
        raise RuntimeError(f"cannot open {data}/private/vault")

    monkeypatch.setattr(home, "headlines", broken)
    answer = await ask(hub, "/")
    assert answer.status == 500
    assert "not your mistake" in words(answer)
    assert "vault" not in answer.text
    assert says_nothing_of_the_server(answer, data)


SECRET = "my-neighbour-of-12-Elm-Street"


async def test_what_a_visitor_asked_does_not_go_to_the_log(data, capfd, monkeypatch):
    asked = f"/city.json?sql=select+nothing+from+'{SECRET}"
    await ask(build(data, CITY), asked)
    assert SECRET not in "".join(capfd.readouterr())
    monkeypatch.setattr(datasette_compat, "_unlogged", lambda execute: execute)
    await ask(build(data, CITY), asked)
    assert SECRET in "".join(capfd.readouterr()), "so the test above can see it"


async def test_words_of_a_visitor_are_only_words_in_an_error(hub):
    script = "<script>alert(1)</script>"
    for target in ("/city/stories?_sort={}", "/city?sql=select+{}", "/city/stories?_col={}", "/city/places?_size={}"):
        answer = await ask(hub, target.format(quote(script)))
        assert answer.status == 400
        assert script not in answer.text


def test_the_release_was_not_touched(data):
    conn = sqlite3.connect(f"file:{data}/public/current/city.db?mode=ro&immutable=1", uri=True)
    assert conn.execute("pragma integrity_check").fetchone() == ("ok",)
    conn.close()
