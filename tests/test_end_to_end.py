"""From an empty folder to a city that can be questioned: one real `cityglass demo`, asked as its visitors ask it."""

import csv
import gzip
import hashlib
import http.client
import io
import re
import shutil
import threading
import time
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pyarrow.parquet
import pytest
from websockets.sync.client import connect

from hub.datasets import tables, views
from hub.questions import measures, queries
from tests.serving import run, running

ROOT = Path(__file__).parents[1]
QUESTIONS = measures() | queries()
SHOWN = [shown.name for shown in (*tables(), *views())]
LIMIT = 3.0  # seconds, as for any query


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An empty folder with nothing but the city's file."""
    made = tmp_path_factory.mktemp("demo")
    shutil.copyfile(ROOT / "city.yml", made / "city.yml")
    return made


@pytest.fixture(scope="module")
def demo(folder):
    with running("demo", folder=folder, wait=180) as server:
        yield server


def rows(server, target: str) -> list[dict]:
    return server.get(target, params={"_shape": "array", "_size": "max"}).json()


def test_the_demo_makes_the_city_publishes_it_and_says_where_it_is(demo, folder):
    demo.until(lambda: f"Cityglass is ready: {demo.url}/\n" in demo.said, 10)
    assert re.search(r"Release \S+ is current: [\d,]{6,} service requests, \d+ checks passed\.", demo.said)
    assert (folder / "data" / "sample" / "stories.csv").is_file()
    assert demo.get("/healthz").json() == {"ok": True, "release": demo.get("/manifest.json").json()["id"]} | {
        "as_of": "2026-01-01"
    }


def test_the_front_page_tells_four_numbers_and_where_every_record_went(demo):
    page = demo.get("/").text
    assert page.count('class="figure"') == 4
    read, *kept = map(number, re.search(r'class="sum">([\d,]+) read = (.*?)\. <a', page).groups())
    assert read == sum(kept) > 60_000


def number(text: str) -> int:
    return sum(int(part.replace(",", "")) for part in re.findall(r"[\d,]+", text))


@pytest.mark.parametrize("name", SHOWN)
def test_every_table_has_a_page_and_is_data_too(demo, name):
    count = demo.get("/manifest.json").json()["tables"].get(name, {}).get("rows")
    page, data, sheet = (demo.get(f"/city/{name}{form}") for form in ("", ".json?_shape=objects", ".csv"))
    assert (page.status_code, data.status_code, sheet.status_code) == (200, 200, 200)
    assert "<h1>" in page.text
    assert 0 < len(data.json()["rows"]) <= 50
    assert count in (None, data.json()["filtered_table_rows_count"])
    assert len(list(csv.reader(io.StringIO(sheet.text)))) == len(data.json()["rows"]) + 1


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_question_answers_its_own_example_on_a_page_and_as_data(demo, name):
    question = QUESTIONS[name]
    asked = urlencode(dict.fromkeys(question.params, "") | question.example)
    start = time.monotonic()
    data = demo.get(f"/city/{name}.json?_shape=objects&{asked}")
    assert time.monotonic() - start < LIMIT
    page, sheet = demo.get(f"/city/{name}?{asked}"), demo.get(f"/city/{name}.csv?{asked}")
    assert (page.status_code, data.status_code, sheet.status_code) == (200, 200, 200)
    assert len(data.json()["rows"]) >= 1
    assert len(list(csv.DictReader(io.StringIO(sheet.text)))) == len(data.json()["rows"])
    assert question.title in page.text.replace("&#39;", "'")
    assert "No row answers this" not in page.text


def test_every_file_is_the_one_that_the_manifest_names_and_holds_the_whole_table(demo):
    manifest = demo.get("/manifest.json").json()
    files = [name for name in manifest["files"] if name.startswith("downloads/")]
    assert len(files) >= 2 * len(manifest["tables"])
    listed = demo.get("/downloads").text
    for name in files:
        answer = demo.get(f"/{name}", headers={"accept-encoding": "identity"})
        assert hashlib.sha256(answer.content).hexdigest() == manifest["files"][name]["sha256"]
        assert len(answer.content) == manifest["files"][name]["bytes"]
        assert manifest["files"][name]["sha256"] in listed
        table, _, ending = Path(name).name.partition(".")
        if ending == "csv.gz":
            found = sum(1 for _ in csv.reader(io.StringIO(gzip.decompress(answer.content).decode()))) - 1
        else:
            found = pyarrow.parquet.read_metadata(io.BytesIO(answer.content)).num_rows
        assert found == manifest["tables"][table]["rows"]


def test_every_story_has_a_page_with_its_words_and_its_rights(demo):
    stories = rows(demo, "/city/stories.json")
    assert len(stories) > 50
    for story in stories:
        page = demo.get(f"/stories/{story['story_id']}")
        assert page.status_code == 200
        assert plain(story["title"]) in plain(page.text)
        assert plain(story["body"].split("\n")[0]) in plain(page.text)
        assert plain(story["rights"]) in plain(page.text)


def plain(text: str) -> str:
    return text.replace("&#39;", "'").replace("&#34;", '"').replace("&amp;", "&")


@pytest.mark.parametrize("tier", ["A", "B", "C"])
def test_a_request_of_each_tier_has_a_page(demo, tier):
    row = demo.get(f"/city/service_requests.json?_shape=array&_size=1&tier__exact={tier}").json()[0]
    page = demo.get(f"/requests/{row['public_id']}")
    assert page.status_code == 200
    assert f"Tier {tier}" in page.text and row["service_group"].replace("&", "&amp;") in page.text


FROM = (
    "/",
    "/city",
    "/city/service_requests",
    "/city/stories",
    "/city/stories/lh-001",
    "/city/slowest_groups",
    "/city/open_longest",
    "/search?q=library",
    "/stories",
    "/stories/lh-001",
    "/downloads",
    "/about/methods",
    "/about/privacy",
    "/nothing",
)


def test_no_link_on_a_page_leads_nowhere(demo):
    found = {
        link: page
        for page in FROM
        for link in re.findall(r'href="(/[^"#]*)', demo.get(page).text)
        if not link.startswith(("/downloads/", "/city.db", "/city/service_requests/", "/requests/"))
    }
    assert len(found) > 200
    for link, page in found.items():
        status = demo.get(link.replace("&amp;", "&")).status_code
        assert status == 200, f"{link}, on {page}"


def test_what_is_searched_for_is_found_in_more_than_one_dataset(demo):
    page = demo.get("/search?q=library").text
    assert "Stories" in page and "Capital projects" in page and "/stories/" in page


def test_the_dashboards_open_beside_the_pages(demo):
    assert "need JavaScript" in demo.get("/dashboards/").text
    assert demo.get("/dashboards/_stcore/health").text == "ok"
    assert demo.get("/dashboards/maps/requests").status_code == 200
    address = demo.url.replace("http://", "ws://") + "/dashboards/_stcore/stream"
    with connect(address, subprotocols=["streamlit"]) as socket:
        assert socket.subprotocol == "streamlit"


WAYS_IN = (
    "/dashboards/maps/../../etc/passwd",
    "/dashboards/maps/..%2f..%2fetc%2fpasswd",
    "/dashboards/maps/%2e%2e/%2e%2e/app.py",
    "/dashboards/maps/vendor/../../data.py",
    "/dashboards/app/static/../app.py",
    "/dashboards/static/..%2f..%2f__init__.py",
    "/dashboards/maps/nothing",
    "/dashboards/maps/requests?year=9999",
    "/dashboards/maps/requests?service_group=%3Cscript%3Ealert(1)%3C/script%3E",
    "/dashboards/_stcore/metrics",
    "/dashboards/_stcore/script-health-check",
    "/dashboards/media/nothing",
)


@pytest.mark.parametrize("target", WAYS_IN)
def test_nothing_but_the_dashboards_can_be_reached_under_their_address(demo, target):
    """Asked without a client that would tidy the address first."""
    connection = http.client.HTTPConnection(demo.url.removeprefix("http://"), timeout=30)
    connection.request("GET", target)
    answer = connection.getresponse()
    said = answer.read().decode()
    connection.close()
    assert answer.status in (400, 404)
    assert len(said) < 200 and "import " not in said and "root:" not in said and str(demo.log.parent) not in said
    assert "<script>" not in said or "text/plain" in answer.getheader("content-type")


class Readers:
    """Four visitors who read without pause and count what fails."""

    TARGETS = ("/", "/city/capital_projects/CP-001.json", "/city.json?sql=select+id+from+releases", "/stories?q=harbor")

    def __init__(self, url: str):
        self.url, self.read, self.failed, self.done = url, 0, [], threading.Event()
        self.threads = [threading.Thread(target=self._read, args=(target,)) for target in self.TARGETS]

    def __enter__(self) -> "Readers":
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *error) -> None:
        self.done.set()
        for thread in self.threads:
            thread.join(30)

    def _read(self, target: str) -> None:
        with httpx.Client(base_url=self.url, timeout=30) as client:
            while not self.done.is_set():
                try:
                    status = client.get(target).status_code
                except httpx.HTTPError as error:
                    status = repr(error)
                self.read += 1
                if status != 200:
                    self.failed.append((target, status))
                time.sleep(0.01)


def test_a_new_release_and_a_rollback_show_within_seconds_and_nobody_is_turned_away(demo, folder):
    """The city says that a project is complete; the release is made beside the served one, then taken back."""
    old = demo.get("/healthz").json()["release"]
    source = folder / "data" / "sample" / "capital_projects.csv"
    before = source.read_text("utf-8")
    line = next(line for line in before.splitlines() if line.startswith("CP-001,"))
    assert "In Construction" in line

    def status() -> str:
        return rows(demo, "/city/capital_projects/CP-001.json")[0]["status"]

    with Readers(demo.url) as readers:
        source.write_text(before.replace(line, line.replace("In Construction", "Complete")), "utf-8")
        published = run("run", folder=folder)
        assert published.returncode == 0, published.stderr
        demo.until(lambda: demo.get("/healthz").json()["release"] != old, 10)
        demo.until(lambda: status() == "Complete", 10)
        new = demo.get("/healthz").json()["release"]
        assert demo.get("/manifest.json").json()["previous"] == old
        assert demo.get("/dashboards/").headers["x-release"] == new
        back = run("releases", "rollback", old, folder=folder)
        assert back.returncode == 0, back.stderr
        demo.until(lambda: demo.get("/healthz").json()["release"] == old, 10)
        demo.until(lambda: status() == "In Construction", 10)
    assert readers.failed == []
    assert readers.read > 200


def test_plain_datasette_serves_the_release_too(demo, folder):
    current = Path("data") / "public" / "current"
    command = ("-i", f"{current}/city.db", "-m", f"{current}/metadata.yml")
    with running(*command, folder=folder, program="datasette") as server:
        assert "What Larkhaven was asked" in server.get("/").text
        assert "/dashboards" not in server.get("/").text
        assert server.get("/healthz").json()["ok"]
        assert rows(server, "/city/time_to_close.json?by=service_group")
        assert server.get("/downloads/stories.csv.gz").status_code == 200


def test_the_server_stops_when_it_is_told_to_though_visitors_are_there(demo, folder):
    with running("serve", folder=folder) as server:
        address = server.url.replace("http://", "ws://") + "/dashboards/_stcore/stream"
        with connect(address, subprotocols=["streamlit"]):
            server.get("/")
            start = time.monotonic()
            assert server.interrupt() in (0, 130)
            assert time.monotonic() - start < 12
        assert "Traceback" not in server.said
    assert "Traceback" not in demo.said


def test_a_port_that_is_taken_is_said_and_nothing_is_served(demo, folder):
    port = demo.url.rpartition(":")[2]
    refused = run("serve", "--port", port, folder=folder)
    assert refused.returncode == 3
    assert f"Port {port}" in refused.stderr and "--port" in refused.stderr
    assert "Traceback" not in refused.stderr
