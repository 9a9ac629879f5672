"""One port: pages at the root, dashboards under /dashboards, each complete, neither in the other's way."""

import ast
import asyncio
import gzip
import json
import re
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import yaml
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from hub.app import build, serve
from hub.errors import ConfigurationError
from hub.releases import current
from hub.side_by_side import SideBySide, fan_out
from tests.asking import Living, ask
from tests.made_release import CITY, make

ROOT = Path(__file__).parents[2]
SERVE = """
from pathlib import Path
from hub.app import serve
from hub.city import load_city
serve(Path({data!r}), load_city(Path({city!r})), port={port}, script=Path({script!r}))
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running(command: list[str], port: int):
    """A server process that answers, ended by its own id."""
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=20) as client:
            deadline = time.monotonic() + 40
            while True:
                try:
                    client.get("/healthz").raise_for_status()
                    break
                except httpx.HTTPError:
                    assert process.poll() is None, process.stdout.read()
                    assert time.monotonic() < deadline, "the server did not answer"
                    time.sleep(0.1)
            yield client
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    make(folder, requests=60)
    script = folder / "dash.py"
    (folder / "static").mkdir()
    script.write_text("import streamlit as st\nst.title('Made up')\n", "utf-8")
    port = free_port()
    code = SERVE.format(data=str(folder), city=str(CITY.path), port=port, script=str(script))
    with running([sys.executable, "-c", code], port) as client:
        yield client


def test_both_sides_answer_on_one_port_from_the_first_request(server):
    start = time.monotonic()
    assert "What Larkhaven was asked" in server.get("/").text
    assert server.get("/dashboards/_stcore/health").text == "ok"
    assert server.get("/city/places.json?_shape=array&_size=1").json()
    assert time.monotonic() - start < 5
    assert 'href="/dashboards/"' in server.get("/").text
    assert server.get("/").headers["x-release"] == server.get("/dashboards/").headers["x-release"]


def test_the_dashboards_page_has_a_language_a_title_and_a_way_on(server):
    for target in ("/dashboards/", "/dashboards/map", "/dashboards/budget?year=2025"):
        page = server.get(target, headers={"accept-encoding": "gzip"})
        assert page.status_code == 200
        assert '<html lang="en">' in page.text
        assert "<title>Larkhaven Open City: dashboards</title>" in page.text
        assert "need JavaScript" in page.text and 'href="/city"' in page.text
        assert "openapi.json" not in page.text and "<title>Streamlit" not in page.text
        assert int(page.headers["content-length"]) == len(page.content)
    for target in ("/dashboards", "/dashboards/overview"):
        assert server.get(target).headers["location"] == "/dashboards/"


def test_scripts_and_styles_of_the_dashboards_come_packed_and_stay_cached(server):
    page = server.get("/dashboards/").text
    for name in (
        re.search(r"\./(static/js/index\.[^\"]+\.js)", page)[1],
        re.search(r"\./(static/css/[^\"]+\.css)", page)[1],
    ):
        packed = server.get(f"/dashboards/{name}", headers={"accept-encoding": "gzip"})
        plain = server.get(f"/dashboards/{name}", headers={"accept-encoding": "identity"})
        assert packed.headers["content-encoding"] == "gzip" and "content-encoding" not in plain.headers
        assert packed.content == plain.content
        assert int(packed.headers["content-length"]) < len(plain.content) / 2
        assert "immutable" in packed.headers["cache-control"]


def test_a_missing_script_is_no_script(server):
    answer = server.get("/dashboards/static/js/nothing.js")
    assert "javascript" not in answer.headers["content-type"]
    for way_out in ("/dashboards/static/../../secrets.js", "/dashboards/static/%2e%2e/%2e%2e/__init__.js"):
        assert "javascript" not in server.get(way_out).headers.get("content-type", "")


def test_cookies_of_the_dashboards_stay_with_the_dashboards(server):
    """Elsewhere they would make every page private, and a shared cache useless."""
    server.cookies.clear()
    server.get("/dashboards/_stcore/health")
    server.get("/dashboards/_stcore/host-config")
    assert {cookie.path for cookie in server.cookies.jar} == {"/dashboards/"}
    assert server.get("/city").headers["cache-control"] == "max-age=300"
    server.cookies.clear()


def test_the_dashboards_websocket_opens_and_no_other_does(server):
    port = server.base_url.port
    with connect(f"ws://127.0.0.1:{port}/dashboards/_stcore/stream", subprotocols=["streamlit"]) as socket_:
        assert socket_.subprotocol == "streamlit"
    with pytest.raises(InvalidStatus):
        connect(f"ws://127.0.0.1:{port}/_stcore/stream")


def test_the_door_guards_the_dashboards_too(server):
    assert server.get("/dashboards/", headers={"host": "evil.example"}).status_code == 400
    answer = server.get("/dashboards/")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'self'" in answer.headers["content-security-policy"]


def test_the_dashboards_send_nothing_to_others(server):
    config = server.get("/dashboards/_stcore/host-config").json()
    assert "https://" not in server.get("/dashboards/").text.replace("https://www.apache.org", "")
    assert config


def test_plain_datasette_serves_the_hub_and_follows_new_releases(tmp_path):
    """No command of ours, only the plugin: and the poller is alive."""
    old, port = make(tmp_path, requests=30), free_port()
    about = yaml.safe_load(old.metadata.read_text("utf-8"))
    about["plugins"]["cityglass"]["poll_seconds"] = 0.1
    (tmp_path / "metadata.json").write_text(json.dumps(about), "utf-8")
    city = tmp_path / "public" / "current" / "city.db"
    command = [str(Path(sys.executable).parent / "datasette"), "-i", str(city), "-m", str(tmp_path / "metadata.json")]
    with running([*command, "-p", str(port)], port) as client:
        page = client.get("/").text
        assert "What Larkhaven was asked" in page and "/dashboards" not in page
        assert client.get("/city.json?_shape=arrayfirst&sql=select+file+from+pragma_database_list").status_code == 400
        new = make(tmp_path, seed=2, requests=30)
        deadline = time.monotonic() + 10
        while client.get("/healthz").json()["release"] != new.id:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        ids = {client.get("/city.json?_shape=arrayfirst&sql=select+id+from+releases").json()[0] for _ in range(20)}
        assert ids == {new.id}


def test_code_that_opens_private_data_is_never_loaded_here():
    code = (
        "import sys; import hub.app, hub.streamlit_side, hub.plugin\n"
        "print([name for name in sys.modules if name.split('.')[0] in ('etl', 'dashboards')])"
    )
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


PUBLIC = {"datasette": {"hookimpl", "NotFound", "Request", "Response"}, "datasette.app": set()}


def test_only_one_file_knows_datasettes_insides():
    for path in (ROOT / "hub").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            module = node.module if isinstance(node, ast.ImportFrom) and node.module else ""
            if module.split(".")[0] == "datasette" and path.name != "datasette_compat.py":
                assert {alias.name for alias in node.names} <= PUBLIC.get(module, set()), f"{path.name}: {module}"
            if isinstance(node, ast.Import) and path.name != "datasette_compat.py":
                assert not any(alias.name.split(".")[0] == "datasette" for alias in node.names), path.name


def test_before_the_first_release_the_operator_is_told_what_to_do(tmp_path):
    with pytest.raises(ConfigurationError, match="There is no release") as error:
        build(tmp_path, CITY)
    assert "cityglass run" in error.value.cure


def test_a_taken_port_is_said_plainly(data):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ConfigurationError, match="cannot be used"):
            serve(data, CITY, port=taken.getsockname()[1])


async def test_a_database_with_the_name_of_a_page_is_refused(data):
    from datasette.app import Datasette

    copy = data / "stories.db"
    copy.write_bytes(current(data).db.read_bytes())
    datasette = Datasette(immutables=[str(data / "public" / "current" / "city.db"), str(copy)])
    with pytest.raises(Exception, match="may not be called stories"):
        await datasette.invoke_startup()


async def test_without_a_city_the_plugin_stands_aside(tmp_path, data):
    from datasette.app import Datasette

    copy = tmp_path / "other.db"
    copy.write_bytes(current(data).db.read_bytes())
    datasette = Datasette(immutables=[str(copy)])
    assert "other" in (await datasette.client.get("/")).text
    assert (await datasette.client.get("/healthz")).status_code == 404


def lifespan_app(log: list, name: str, error: str = ""):
    """A made application that writes down what its lifespan brings."""

    async def app(scope, receive, send):
        if scope["type"] != "lifespan":
            log.append((name, scope["type"], scope["path"]))
            headers = [(b"set-cookie", b"a=1; Path=/; SameSite=lax"), (b"set-cookie", b"b=2; Path=/deep")]
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": name.encode()})
            return
        for phase in ("startup", "shutdown"):
            log.append((name, (await receive())["type"]))
            if error:
                raise RuntimeError(error)
            await send({"type": f"lifespan.{phase}.complete"})

    return app


async def test_start_and_stop_reach_both_sides():
    log = []
    async with Living(SideBySide(lifespan_app(log, "root"), lifespan_app(log, "dashboards"))) as living:
        assert not living.failure
        assert sorted(log) == [("dashboards", "lifespan.startup"), ("root", "lifespan.startup")]
    assert sorted(log[2:]) == [("dashboards", "lifespan.shutdown"), ("root", "lifespan.shutdown")]


async def test_if_one_side_does_not_start_none_serves():
    both = SideBySide(lifespan_app([], "root"), lifespan_app([], "dashboards", error="no such script"))
    async with Living(both) as living:
        assert living.failure == "no such script"


async def test_each_path_reaches_its_side_unstripped():
    log = []
    both = SideBySide(lifespan_app(log, "root"), lifespan_app(log, "dashboards"))
    answers = {
        path: (await ask(both, path)).text for path in ("/", "/dashboards/x", "/dashboardsx", "/city/dashboards")
    }
    assert answers == {"/": "root", "/dashboards/x": "dashboards", "/dashboardsx": "root", "/city/dashboards": "root"}
    assert ("dashboards", "http", "/dashboards/x") in log


async def test_a_cookie_for_the_whole_site_is_narrowed_and_others_are_left():
    sent = []

    async def send(message):
        sent.append(message)

    both = SideBySide(lifespan_app([], "root"), lifespan_app([], "dashboards"))
    await both({"type": "http", "path": "/dashboards/x"}, asyncio.Queue().get, send)
    assert [value for _, value in sent[0]["headers"]] == [b"a=1; Path=/dashboards/; SameSite=lax", b"b=2; Path=/deep"]


async def test_an_application_without_a_lifespan_does_not_hold_up_the_other():
    async def deaf(scope, receive, send):
        return

    log, inbox, outbox = [], asyncio.Queue(), asyncio.Queue()
    for phase in ("startup", "shutdown"):
        inbox.put_nowait({"type": f"lifespan.{phase}"})
    await fan_out((lifespan_app(log, "root"), deaf), {"type": "lifespan"}, inbox.get, outbox.put)
    assert [outbox.get_nowait()["type"] for _ in range(2)] == [
        "lifespan.startup.complete",
        "lifespan.shutdown.complete",
    ]


def test_what_is_packed_is_what_streamlit_ships(server):
    import streamlit

    folder = Path(streamlit.__file__).parent / "static" / "static" / "css"
    file = next(folder.glob("index.*.css"))
    with httpx.stream("GET", f"{server.base_url}/dashboards/static/css/{file.name}") as answer:
        assert gzip.decompress(b"".join(answer.iter_raw())) == file.read_bytes()


READY = """
import sys
from pathlib import Path
from hub.app import serve
from hub.city import load_city
serve(Path(sys.argv[1]), load_city(Path(sys.argv[2])), port=int(sys.argv[3]), ready=lambda: print("ready", flush=True))
"""


def test_ready_is_said_once_and_not_before_a_visitor_may_come(tmp_path):
    make(tmp_path, requests=30)
    port = free_port()
    command = [sys.executable, "-c", READY, str(tmp_path), str(CITY.path), str(port)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout.readline() == "ready\n"
        assert httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
    assert process.stdout.read() == ""
