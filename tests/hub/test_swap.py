"""A new release is served whole within moments; no visitor sees half of each, and a bad one is not served at all."""

import asyncio
import shutil
import sqlite3
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from hub import datasette_compat
from hub.app import build
from hub.releases import current, folder, kept, make_current, rollback
from tests.asking import Living, ask
from tests.made_release import CITY, make

SOON = {"poll_seconds": 0.05}
COUNT = "/city.json?_shape=arrayfirst&sql=select+id+from+releases"


@pytest.fixture
def data(tmp_path):
    make(tmp_path, seed=1, requests=60)
    return tmp_path


async def until_served(app, release_id: str) -> None:
    deadline = time.monotonic() + 10
    while (await ask(app, "/healthz")).json["release"] != release_id:
        assert time.monotonic() < deadline, "the new release was not served"
        await asyncio.sleep(0.02)


async def test_every_visitor_sees_one_release_and_soon_the_new_one(data):
    """Twelve threads with connections of their own: after the swap none of them answers from the old file."""
    app, seen, failed, late = build(data, CITY, chosen=SOON), [], [], []
    new_is_served = False

    async def visitor() -> None:
        while not done.is_set():
            begun = new_is_served
            answer = await ask(app, COUNT)
            (seen if answer.status == 200 else failed).append(answer)
            if begun:
                late.append(answer)
            await asyncio.sleep(0)

    async with Living(app):
        old, done = current(data).id, asyncio.Event()
        visitors = [asyncio.create_task(visitor()) for _ in range(16)]
        await asyncio.sleep(0.4)
        new = make(data, seed=2, requests=90).id
        await until_served(app, new)
        new_is_served = True
        await asyncio.sleep(0.5)
        done.set()
        await asyncio.gather(*visitors)
        health = await ask(app, "/healthz")
    assert not failed
    assert {answer.json[0] for answer in seen[:5]} == {old}
    assert len(late) > 50
    assert {answer.json[0] for answer in late} == {new}
    assert {answer.headers["x-release"] for answer in late} == {new}
    assert health.json == {"ok": True, "release": new, "as_of": "2025-06-30"}


async def test_with_the_old_threads_some_would_go_on_with_the_old_file(data, monkeypatch):
    app = build(data, CITY, chosen=SOON)
    async with Living(app):
        old = current(data).id
        await asyncio.gather(*(ask(app, COUNT) for _ in range(30)))
        monkeypatch.setattr(datasette_compat, "renew_threads", lambda datasette: None)
        new = make(data, seed=2, requests=90).id
        deadline = time.monotonic() + 10
        while (await ask(app, "/robots.txt")).headers["x-release"] != new:
            assert time.monotonic() < deadline
            await asyncio.sleep(0.02)
        answers = await asyncio.gather(*(ask(app, COUNT) for _ in range(30)))
    assert old in {answer.json[0] for answer in answers}


async def test_pages_metadata_and_counts_are_of_the_new_release(data):
    app = build(data, CITY, chosen=SOON)
    async with Living(app):
        first = (await ask(app, "/city.json")).json
        new = make(data, seed=2, requests=90)
        await until_served(app, new.id)
        second = (await ask(app, "/city.json")).json
        assert new.id in (await ask(app, "/")).text
        assert new.id in (await ask(app, "/-/metadata.json")).json["description"]
        assert (await ask(app, "/downloads/service_requests.csv.gz")).body == (
            new.path / "downloads" / "service_requests.csv.gz"
        ).read_bytes()
    counts = [{t["name"]: t["count"] for t in found["tables"]}["service_requests"] for found in (first, second)]
    assert counts == [60, 90]


async def test_the_operators_choices_outlive_a_swap(data):
    app = build(data, CITY, chosen=SOON | {"dashboards_url": "/dashboards/"}, hosts=["data.larkhaven.example"])
    async with Living(app):
        new = make(data, seed=2, requests=60).id
        await until_served(app, new)
        answer = await ask(app, "/", headers={"host": "data.larkhaven.example"})
    assert answer.status == 200 and 'href="/dashboards/"' in answer.text


async def test_going_back_is_served_as_soon(data):
    app, old = build(data, CITY, chosen=SOON), current(data).id
    async with Living(app):
        new = make(data, seed=2, requests=60).id
        await until_served(app, new)
        start = time.monotonic()
        rollback(data, old, current(data).manifest["policy_hash"])
        await until_served(app, old)
        assert time.monotonic() - start < 5


@pytest.mark.parametrize("fault", ["no metadata", "not a database", "a column without a meaning"])
async def test_a_release_that_does_not_fit_is_not_served(data, fault, caplog):
    app, old = build(data, CITY, chosen=SOON), current(data)
    async with Living(app):
        await ask(app, "/healthz")
        bad = make(data, seed=2, requests=60)
        make_current(data, old)
        spoil(bad, fault)
        make_current(data, bad)
        await asyncio.sleep(0.6)
        assert (await ask(app, "/healthz")).json["release"] == old.id
        assert (await ask(app, COUNT)).json == [old.id]
        assert len([record for record in caplog.records if "the old one stays" in record.message]) == 1
        good = make(data, seed=3, requests=60).id
        await until_served(app, good)


def spoil(release, fault: str) -> None:
    if fault == "no metadata":
        release.metadata.unlink()
    elif fault == "not a database":
        release.db.write_bytes(b"nothing")
    else:
        with sqlite3.connect(release.db) as conn:
            conn.execute("alter table places add column colour text")


async def test_a_half_written_folder_is_not_followed(data):
    app, old = build(data, CITY, chosen=SOON), current(data).id
    async with Living(app):
        await ask(app, "/healthz")
        (folder(data) / "half").mkdir()
        link = data / "public" / "current"
        link.unlink()
        link.symlink_to("releases/half")
        await asyncio.sleep(0.3)
        assert (await ask(app, "/healthz")).json["release"] == old


async def test_a_release_named_directly_is_pinned(data):
    """`datasette -i data/public/releases/<id>/city.db` shows that one, whatever becomes current."""
    from datasette.app import Datasette

    old = current(data)
    served = Datasette(immutables=[str(old.db)], metadata=None or _metadata(old, SOON))
    make(data, seed=2, requests=60)
    await served.client.get("/")
    await asyncio.sleep(0.3)
    assert (await served.client.get("/healthz")).json()["release"] == old.id


def _metadata(release, chosen):
    from hub.plugin.served import metadata_of

    about = metadata_of(release)
    about["plugins"]["cityglass"] |= chosen
    return about


def pools() -> int:
    """Threads but for those that asyncio keeps for itself."""
    return sum(not thread.name.startswith("asyncio_") for thread in threading.enumerate())


async def test_a_swap_leaves_no_threads_behind(data):
    app = build(data, CITY, chosen=SOON)
    async with Living(app):
        await asyncio.gather(*(ask(app, COUNT) for _ in range(30)))
        before = pools()
        for seed in range(2, 6):
            await until_served(app, make(data, seed=seed, requests=30).id)
            await asyncio.gather(*(ask(app, COUNT) for _ in range(30)))
        await asyncio.sleep(0.5)
        assert pools() <= before + 4
    for release in kept(data):
        shutil.rmtree(release.path)


def test_the_watchdog_ends_with_its_threads():
    pool = datasette_compat.WatchedPool(2, 5)
    assert pool.submit(lambda: 7).result() == 7
    assert isinstance(pool._pool, ThreadPoolExecutor)
    pool.shutdown(wait=True)
    with pytest.raises(RuntimeError):
        pool.submit(lambda: 7)
