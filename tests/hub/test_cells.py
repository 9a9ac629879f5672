"""On a page values are written for people; as data they stay what they are."""

import pytest

from hub.plugin.cells import in_percent, number, numeric_columns, render, shares
from tests.asking import ask

WRITTEN = {
    ("amount_cents", 22540700): "$225,407.00",
    ("difference_cents", -5): "−$0.05",
    ("n", 58166): "58,166",
    ("id", 269933085971243): "269933085971243",
    ("fiscal_year", 2026): "2026",
    ("max(id)", 1234): "1234",
    ("year", 1999): "1999",
    ("era_start", 1968): "1968",
    ("read_at", 1767243600): "1 January 2026, 05:00 UTC",
    ("open_30", 0.03473480988899023): "0.03473",
    ("share", 1.0): "1",
    ("long", -70.85612): "-70.85612",
    ("tiny", 1e-7): "1e-07",
    ("none", 0.0): "0",
}


@pytest.mark.parametrize(("column", "value"), WRITTEN)
def test_a_number_is_written_for_people(column, value):
    assert number(value, column) == WRITTEN[column, value]


def test_an_id_leads_to_its_page_and_what_only_looks_like_one_does_not():
    assert render("acb4raikd624zlpu", "public_id") == '<a href="/requests/acb4raikd624zlpu">acb4raikd624zlpu</a>'
    assert render("lh-001", "story_id") == '<a href="/stories/lh-001">lh-001</a>'
    assert render("//example.com", "story_id") is None
    assert render('"><script>', "public_id") is None


def test_a_long_text_is_cut_and_stays_text():
    told = str(render("<b>" + "word " * 200, "body"))
    assert "&lt;b&gt;" in told and "<b>" not in told
    assert told.endswith("…</div>") and len(told) < 600
    assert render("short", "title") is None and render(None, "title") is None


def test_columns_of_numbers_are_known_though_some_are_empty():
    one, none = render(1, "n"), "&nbsp;"
    assert numeric_columns([["Trees", one, none, none], ["Noise", one, one, none]]) == {1, 2}
    assert numeric_columns([]) == set()


def test_a_share_is_told_in_per_cent_and_only_where_it_is_one():
    assert shares(["label", "n", "open_30", "note"]) == {2}
    assert shares(["day", "still_open", "low", "high", "fixed"]) == {1, 2, 3, 4}
    assert shares(["value", "low", "high", "fixed"]) == set()
    written = {0.0347: "3.5 %", -0.125: "−12.5 %", 2.0: "200.0 %", 0.0: "0.0 %", 1.0: "100.0 %", 0.00001: "under 0.1 %"}
    for value, told in written.items():
        assert in_percent(value) == f'<span class="num">{told}</span>'


async def test_a_measures_page_tells_per_cent_and_its_data_the_number(site):
    rows = (await ask(site, "/city/time_to_close.json?_shape=array")).json
    page = (await ask(site, "/city/time_to_close")).text
    told = [row["open_30"] for row in rows if row["open_30"]]
    assert told and all(isinstance(value, float) and value <= 1 for value in told)
    assert [value for value in told if str(in_percent(value)) not in page] == []
    assert ">open_<wbr>30</th>" in page
    own = (await ask(site, "/city?sql=select+1+as+one,+0.125+as+share+union+select+2,0.5")).text
    assert "0.125<" in own and "12.5 %" not in own


async def test_the_page_tells_dollars_and_the_data_cents(site):
    row = (await ask(site, "/city/budget_lines.json?_shape=array&_size=1")).json[0]
    page = (await ask(site, "/city/budget_lines?_size=1")).text
    assert isinstance(row["amount_cents"], int)
    assert number(row["amount_cents"], "amount_cents") in page


async def test_a_row_tells_what_each_value_means_and_leads_to_its_page(site):
    page = (await ask(site, "/city/stories/st-2025-00001")).text
    assert 'href="/stories/st-2025-00001"' in page
    assert "Name the teller chose to be known by." in page
    row = (await ask(site, "/city/service_requests.json?_shape=array&_size=1&tier__exact=C")).json[0]
    page = (await ask(site, f"/city/service_requests/{row['id']}")).text
    assert f'href="/requests/{row["public_id"]}"' in page
    assert "Not told or not known" in page


async def test_a_question_offers_the_values_of_this_release(site):
    page = (await ask(site, "/city/time_to_close")).text
    for offered in ("Street Maintenance", "Ward 1", "2024", "Pothole", "service_name"):
        assert f'<option value="{offered}">' in page
    projects = (await ask(site, "/city/projects_late")).text
    assert '<option value="Public Works">' in projects
    assert "<datalist" not in (await ask(site, "/city?sql=select+:anything")).text


async def test_an_answer_stands_with_its_query_and_one_row_is_a_list(site):
    many = (await ask(site, "/city/slowest_groups")).text
    assert '<table class="answer">' in many and "with counted as" in many and "Change it and run it" in many
    one = (await ask(site, "/city/headline_time_to_close")).text
    assert "<table" not in one and "<dt>value</dt>" in one
    none = (await ask(site, "/city/closing_curve?service_group=Nothing")).text
    assert "No row answers this" in none and "<table" not in none


async def test_whole_tables_are_listed_with_their_hashes(site):
    manifest = (await ask(site, "/manifest.json")).json
    page = (await ask(site, "/downloads")).text
    for name, about in manifest["files"].items():
        if name.startswith("downloads/"):
            assert f'href="/{name}"' in page and about["sha256"] in page
    assert manifest["files"]["city.db"]["sha256"] in page
    table = (await ask(site, "/city/stories")).text
    assert 'href="/downloads/stories.csv.gz"' in table


async def test_what_the_release_tells_about_itself_can_be_fetched(site, data):
    for name in ("manifest.json", "audit.json", "datapackage.json"):
        answer = await ask(site, f"/{name}")
        assert answer.status == 200
        assert answer.body == (data / "public" / "current" / name).read_bytes()
