"""A release never changes, so its answers are remembered: quick for the next visitor, and gone with the release."""

import asyncio

import pytest

from hub.app import build
from hub.plugin import remembered
from hub.releases import current
from tests.asking import Living, ask
from tests.made_release import CITY, make

TABLE = "/city/service_requests"
# asked, whether the answer is kept
ASKED = {
    "/city/service_requests": True,
    "/city/service_requests.json?status__exact=open&_size=5": True,
    "/city/time_to_close?by=district": True,
    "/city": True,
    "/city?sql=select+1": False,
    "/city.json?_shape=array&sql=select+1": False,
    "/city/stories?_search=bread": False,
    "/city/stories?title__contains=bread": False,
    "/city/stories_found?q=bread": False,
    "/city/service_requests.csv?_stream=on": False,
    "/city/nothing": False,
    f"/city/stories?note={'x' * 300}": False,
    "/search?q=bread": False,
    "/city.db": False,
}


class App:
    """An application that answers with what it was asked, and how often."""

    def __init__(self, status: int = 200, size: int = 10, headers: tuple = ()):
        self.asked, self.status, self.size, self.headers = 0, status, size, [*headers]

    async def __call__(self, scope, receive, send) -> None:
        self.asked += 1
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        body = f"{self.asked} {scope['query_string'].decode()}".ljust(self.size).encode()
        await send({"type": "http.response.body", "body": body})


def remembering(app: App, release: str = "one") -> remembered.Remembered:
    return remembered.Remembered(app, release=lambda: release)


@pytest.mark.parametrize("target", ASKED)
async def test_tables_and_questions_are_kept_and_what_a_visitor_wrote_is_not(target):
    app = App(status=404 if "nothing" in target else 200)
    site = remembering(app)
    first, second = await ask(site, target), await ask(site, target)
    assert app.asked == (1 if ASKED[target] else 2)
    assert (first.body == second.body) == ASKED[target]
    assert first.status == second.status


async def test_another_question_name_scheme_or_visitor_with_a_cookie_gets_an_answer_of_its_own():
    app = App()
    site = remembering(app)
    for target, headers in (
        (TABLE, {}),
        (f"{TABLE}?a=1", {}),
        (TABLE, {"host": "data.example"}),
        (TABLE, {"cookie": "a=b"}),
    ):
        before = app.asked
        await ask(site, target, headers=headers)
        assert app.asked == before + 1


async def test_what_is_for_one_visitor_or_gave_up_or_came_late_or_is_large_is_not_kept(monkeypatch):
    for app in (App(headers=((b"set-cookie", b"a=b"),)), App(size=remembered.LARGEST + 1)):
        site = remembering(app)
        await ask(site, TABLE)
        await ask(site, TABLE)
        assert app.asked == 2
    for words in (b'<p class="facets-timed-out">', b'"facets_timed_out": ["tier"]'):
        assert not remembered._is_for_all([{"status": 200, "headers": []}, {"body": words}])
    assert remembered._is_for_all([{"status": 200, "headers": []}, {"body": b'"facets_timed_out": []'}])
    monkeypatch.setattr(remembered, "SLOW", 0)
    app = App()
    site = remembering(app)
    await ask(site, TABLE)
    await ask(site, TABLE)
    assert app.asked == 2


async def test_a_large_answer_still_comes_whole():
    answer = await ask(remembering(App(size=remembered.LARGEST + 1)), TABLE)
    assert len(answer.body) == remembered.LARGEST + 1


async def test_the_memory_has_an_end_and_the_oldest_go_first(monkeypatch):
    monkeypatch.setattr(remembered, "MOST", 100)
    app = App(size=40)
    site = remembering(app)
    for number in (1, 2, 1, 3):
        await ask(site, f"{TABLE}?a={number}")
    assert app.asked == 3
    await ask(site, f"{TABLE}?a=1")
    assert app.asked == 3
    await ask(site, f"{TABLE}?a=2")
    assert app.asked == 4


async def test_an_answer_that_was_begun_under_another_release_is_not_kept():
    releases = iter(["one", "two", "two", "two", "two"])
    app = App()
    site = remembered.Remembered(app, release=lambda: next(releases))
    await ask(site, TABLE)
    await ask(site, TABLE)
    assert app.asked == 2


async def test_a_new_release_is_seen_at_once_though_the_old_one_was_asked_often(tmp_path):
    make(tmp_path, seed=1, requests=60)
    app = build(tmp_path, CITY, chosen={"poll_seconds": 0.05})
    address = f"{TABLE}.json?_size=1&_shape=objects"
    async with Living(app):
        old = [await ask(app, address) for _ in range(2)]
        assert old[0].body == old[1].body
        new = make(tmp_path, seed=2, requests=90).id
        for _ in range(200):
            answer = await ask(app, address)
            if answer.headers["x-release"] == new:
                break
            await asyncio.sleep(0.05)
    assert current(tmp_path).id == new == answer.headers["x-release"]
    assert answer.json["rows"] != old[0].json["rows"]
