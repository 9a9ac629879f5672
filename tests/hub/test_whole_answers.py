"""Who takes an answer home has all of it, soon; where it was cut, the answer says so."""

import csv
import html
import io
import re
from urllib.parse import urlencode

import pytest
from datasette.views.table import TableView

from hub.app import build
from tests.asking import ask
from tests.made_release import CITY

ROWS, MOST = 600, 200
STREETS = "service_group=Street+Maintenance"


@pytest.fixture(scope="module")
def narrow(data):
    """The hub with answers of at most 200 rows, where a table has 600."""
    return build(data, CITY, settings={"max_returned_rows": MOST})


def rows_of(answer) -> list[dict]:
    return [*csv.DictReader(io.StringIO(answer.text))]


def csv_of(page: str) -> str:
    """Where the link to the CSV of all rows leads."""
    links = links_of(page).partition("CSV of all rows")[0]
    return html.unescape(links.rpartition('href="')[2].partition('"')[0])


def links_of(page: str) -> str:
    return page.partition('class="export-links">This data as')[2].partition("</p>")[0]


@pytest.mark.parametrize("table", ["requests", "service_requests"])
async def test_the_link_under_a_table_leads_to_all_of_its_rows(narrow, table):
    page = (await ask(narrow, f"/city/{table}")).text
    links = links_of(page)
    assert "CSV of all rows" in links and "JSON of this page" in links
    found = rows_of(await ask(narrow, csv_of(page)))
    assert len(found) == len({row["public_id"] for row in found}) == ROWS


async def test_the_link_keeps_the_filters(narrow):
    found = rows_of(await ask(narrow, csv_of((await ask(narrow, f"/city/requests?{STREETS}&_size=20")).text)))
    count = (await ask(narrow, f"/city/requests.json?{STREETS}&_size=1")).json["filtered_table_rows_count"]
    assert len(found) == count > 20
    assert {row["service_group"] for row in found} == {"Street Maintenance"}


async def test_the_second_page_and_the_form_ask_for_all_rows_too(narrow):
    after = (await ask(narrow, "/city/requests.json")).json["next"]
    for target in (f"/city/requests?_next={after}", f"/city/requests?_next={ROWS - 10}&_size=20"):
        page = (await ask(narrow, target)).text
        assert len(rows_of(await ask(narrow, csv_of(page)))) == ROWS
        form = page.partition('<form action="/city/requests.csv"')[2].partition("</form>")[0]
        hidden = re.findall(r'type="hidden" name="(\w+)" value="(\w+)"', form)
        assert len(rows_of(await ask(narrow, f"/city/requests.csv?{urlencode(hidden)}"))) == ROWS


async def test_a_short_table_needs_no_stream(narrow):
    links = links_of((await ask(narrow, "/city/places?_size=2")).text)
    assert "_size=max" in links and "_stream" not in links


@pytest.mark.parametrize("table", ["requests", "service_requests"])
async def test_a_stream_goes_by_whole_pages_and_never_counts_off_what_it_has_sent(narrow, table, monkeypatch):
    asked, ask_for = [], TableView.data

    async def noted(view, request, *args, **given):
        found = await ask_for(view, request, *args, **given)
        asked.append(found[0]["query"]["sql"])
        return found

    monkeypatch.setattr(TableView, "data", noted)
    for more in ("", "&_size=7"):
        asked.clear()
        assert len(rows_of(await ask(narrow, f"/city/{table}.csv?_stream=on{more}"))) == ROWS
        assert len(asked) == ROWS // MOST and not any("offset" in sql for sql in asked)


@pytest.mark.parametrize("more", ["_sort_desc=requested_bucket", "_nocol=id", "id__gt=0&_sort=id"])
async def test_a_view_can_be_streamed_in_another_shape_too(narrow, more):
    found = rows_of(await ask(narrow, f"/city/requests.csv?_stream=on&{more}"))
    assert len({row["public_id"] for row in found}) == len(found) == ROWS


CUT = {
    "/city/requests.csv?_size=max": True,
    "/city/service_requests.csv": True,
    "/city/service_requests.json?_shape=array&_size=max": True,
    "/city.csv?sql=select+id+from+service_requests": True,
    "/city.json?sql=select+id+from+service_requests&_shape=array": True,
    "/city/requests.csv?_stream=on": False,
    "/city/places.csv?_size=max": False,
    "/city.csv?sql=select+1": False,
    "/city/freshness.csv": False,
}


@pytest.mark.parametrize("target", CUT)
async def test_an_answer_that_was_cut_says_so(narrow, target):
    answer = await ask(narrow, target)
    assert (answer.status, answer.headers.get("x-truncated")) == (200, "true" if CUT[target] else None)


async def test_what_follows_a_cut_answer_is_one_address_away(narrow):
    found, target = [], "/city/requests.csv?_size=max"
    while target:
        answer = await ask(narrow, target)
        found += [row["public_id"] for row in rows_of(answer)]
        link = answer.headers.get("link", "")
        target = link.partition("<http://localhost:8001")[2].partition(">")[0]
    assert len(set(found)) == len(found) == ROWS


async def test_a_question_whose_answer_was_cut_does_not_promise_all_of_it(narrow):
    cut = (await ask(narrow, "/city?sql=select+id+from+service_requests")).text
    assert "There are more than 200; the first 200 as" in " ".join(cut.split()) and "All of it as" not in cut
    whole = (await ask(narrow, "/city?sql=select+id+from+service_requests+limit+3")).text
    assert "All of it as" in whole
