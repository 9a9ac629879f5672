"""Every view shows its numbers with their proof: how many, how sure, as of when, the query, the rows, a table."""

import json
import re
import sqlite3
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest
from streamlit.testing.v1 import AppTest

import dashboards
from dashboards import data
from dashboards.app import VIEWS
from dashboards.views import stories
from hub.questions import measures
from tests.asking import ask
from tests.made_release import CITY, make

# view, choices: every page and every branch of it
PAGES = [
    ("overview", {}),
    ("resolution_times", {}),
    ("resolution_times", {"by": "district", "service_group": "Trees", "year": "2024"}),
    ("resolution_times", {"by": "kind of request"}),
    ("resolution_times", {"show": "Fixed on time"}),
    ("resolution_times", {"show": "Fixed on time", "by": "district"}),
    ("resolution_times", {"show": "Backlog", "district": "Ward 1"}),
    ("map", {}),
    ("map", {"status": "Open", "service_group": "Housing"}),
    ("stories", {}),
    ("stories", {"q": "bread"}),
    ("budget", {}),
    ("budget", {"direction": "Income", "fiscal_year": "2024"}),
    ("capital_projects", {}),
    ("capital_projects", {"by": "district", "phase": "under construction"}),
    ("privacy", {}),
    ("privacy", {"tier": "C", "counted": "A", "district": "Ward 1"}),
]
DRAWN = ("plotly_chart", "iframe")
TOLD = ("metric", "html", "arrow_data_frame")
LINK = re.compile(r"\[([^\]]+)\]\((/city/[^)]*)\)")


def whole_app() -> AppTest:
    page = AppTest.from_file(str(Path(dashboards.__file__).parent / "app.py"), default_timeout=60).run()
    assert not page.exception
    return page


def menu(page: AppTest) -> list[str]:
    return [link.proto.label for link in page.get("page_link")]


def unescaped(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def same(one, other) -> bool:
    return one == pytest.approx(other, rel=1e-12) if isinstance(one, float) else one == other


def proofs(page, elements) -> list[dict]:
    """What stands beside each chart and map of a page."""
    found = []
    for element, block in elements(page.main):
        if element.type in DRAWN:
            near = [*elements(block)]
            said = [unescaped(other.value) for other, _ in near if other.type in ("markdown", "caption")]
            links = dict(LINK.findall(" ".join(other.value for other, _ in near if other.type == "markdown")))
            tables = [other for other, _ in near if other.type in ("html", "arrow_data_frame")]
            found.append({"element": element, "said": said, "links": links, "tables": tables})
    return found


@pytest.mark.parametrize(("name", "chosen"), PAGES)
def test_every_chart_says_how_many_as_of_when_and_shows_its_query_rows_and_table(view, elements, name, chosen):
    shown = proofs(view(name, **chosen), elements)
    assert shown
    for proof in shown:
        words = " ".join(proof["said"])
        assert re.search(r"n = [\d,]+ \w+", words), words
        assert re.search(r"as of \d{1,2} \w{3} \d{4}", words), words
        assert proof["element"].proto.alt
        assert set(proof["links"]) == {"Show the query", "Rows behind this", "CSV"}
        assert urlsplit(proof["links"]["Show the query"]).path.removeprefix("/city/") in measures()
        assert len(proof["tables"]) == 1
        assert any(line.endswith(".") and "n = " not in line for line in proof["said"]), "no sentence"


def test_a_source_that_states_no_day_is_told_by_the_day_of_reading(view, elements, tmp_path, monkeypatch):
    with sqlite3.connect(make(tmp_path).db) as db:
        db.execute("update sources set as_of = read_at, as_of_date = '2025-07-01' where dataset = 'budget'")
    monkeypatch.setenv("CITYGLASS_DATA", str(tmp_path))
    for proof in proofs(view("budget"), elements):
        words = " ".join(proof["said"])
        assert "read on 1 Jul 2025; the source states no day" in words and "as of" not in words, words
    page = view("overview")
    (fresh,) = [text.value for text in page.get("html") if "How it is known" in text.value]
    assert "Read on" in fresh and fresh.count("the source states no day") == 1


def test_a_headline_says_of_how_many_its_n_is(view, tmp_path, monkeypatch):
    with sqlite3.connect(make(tmp_path).db) as db:
        db.execute(
            "update area_counts set n = n + 1 where rowid = (select rowid from area_counts where year = '2024' limit 1)"
        )
    monkeypatch.setenv("CITYGLASS_DATA", str(tmp_path))
    said = [unescaped(caption.value) for caption in view("overview").caption]
    assert any(
        re.search(r"n = \d+ of \d+ \(\d+ ha(s|ve) no usable closing time or status\)", words) for words in said
    ), said


def test_a_chart_without_its_proof_would_be_found(view, elements):
    from streamlit.testing.v1 import AppTest

    def bare():
        import plotly.graph_objects as go
        import streamlit as st

        st.plotly_chart(go.Figure())

    (proof,) = proofs(AppTest.from_function(bare).run(), elements)
    assert (proof["links"], proof["said"], proof["tables"]) == ({}, [], [])


def test_bands_and_bars_say_that_they_are_intervals(view, elements):
    for chosen in ({}, {"show": "Fixed on time"}):
        first = proofs(view("resolution_times", **chosen), elements)[0]
        assert "95 % interval" in " ".join(first["said"])


@pytest.mark.parametrize(("name", "chosen"), PAGES)
async def test_the_linked_query_gives_the_same_values_in_datasette(view, elements, site, name, chosen):
    for proof in proofs(view(name, **chosen), elements):
        parts = urlsplit(proof["links"]["Show the query"])
        measure, params = parts.path.removeprefix("/city/"), dict(parse_qsl(parts.query))
        answer = await ask(site, f"{parts.path}.json?{parts.query}&_shape=objects".replace("?&", "?"))
        assert answer.status == 200
        ours = json.loads(data.ask(measure, **params).to_json(orient="records", double_precision=15))
        assert ours
        for mine, theirs in zip(ours, answer.json["rows"], strict=True):
            assert all(same(mine[name], value) for name, value in theirs.items()), (measure, mine, theirs)


@pytest.mark.parametrize(("name", "chosen"), PAGES)
async def test_there_are_rows_behind_every_chart(view, elements, site, name, chosen):
    for proof in proofs(view(name, **chosen), elements):
        path, _, query = proof["links"]["Rows behind this"].partition("?")
        answer = await ask(site, f"{path}.json?{query}&_shape=objects&_size=1")
        assert (answer.status, len(answer.json["rows"])) == (200, 1), proof["links"]


def test_a_city_without_targets_is_told_so_and_shown_no_empty_chart(view, elements, tmp_path, monkeypatch):
    with sqlite3.connect(make(tmp_path).db) as db:
        db.execute("update on_time set met_fixed = 0, met_other = 0, missed = 0, pending = 0, no_target = n")
    monkeypatch.setenv("CITYGLASS_DATA", str(tmp_path))
    page = view("resolution_times", show="Fixed on time")
    assert proofs(page, elements) == []
    assert "the city gives no day" in unescaped(page.info[0].value)
    (table,) = [element for element, _ in elements(page.main) if element.type == "html"]
    assert "No target" in table.proto.body and "Share of due" not in table.proto.body


def test_a_column_that_is_empty_throughout_is_left_out_of_a_table(view, elements, tmp_path, monkeypatch):
    with sqlite3.connect(make(tmp_path).db) as db:
        db.execute("update capital_projects set start_date = null")
    for folder, is_there in ((None, True), (tmp_path, False)):
        if folder:
            monkeypatch.setenv("CITYGLASS_DATA", str(folder))
        tables = [
            element.proto.body for element, _ in elements(view("capital_projects").main) if element.type == "html"
        ]
        whole = next(body for body in tables if 'aria-label="All projects"' in body)
        assert (">Start<" in whole, ">End<" in whole) == (is_there, True)


def test_a_story_names_a_few_of_its_subjects_once():
    assert stories._some("stores; stores; trials") == "stores; trials"
    assert stories._some("a; b; c; d; e; f; g; h") == "a; b; c; d; e and 3 more"
    assert stories._some("a; b; c; d; e; f") == "a; b; c; d; e; f"


def test_a_check_names_the_attack_that_it_answers(view, elements):
    tables = [element.proto.body for element, _ in elements(view("privacy").main) if element.type == "html"]
    checks = next(body for body in tables if 'aria-label="Checks of this release"' in body)
    assert "Linkage" in checks and "The fewest rows about a property that look alike." in checks


def test_the_menu_holds_every_view_and_each_is_walked_here():
    assert set(VIEWS) == {name for name, _ in PAGES}


def test_the_four_numbers_of_the_front_page_carry_their_interval_count_and_query(view, elements):
    page = view("overview")
    cards = [block for element, block in elements(page.main) if element.type == "metric"]
    assert len(cards) == 4
    for card in cards:
        near = [element for element, _ in elements(card)]
        words = unescaped(" ".join(element.value for element in near if element.type == "caption"))
        links = dict(LINK.findall(" ".join(element.value for element in near if element.type == "markdown")))
        assert re.search(r"interval .* to |at least .*, at most |counted in full", words)
        assert re.search(r"n = [\d,]+", words)
        assert re.search(r"as of \d{1,2} \w{3} \d{4}", words)
        assert urlsplit(links["Show the query"]).path.removeprefix("/city/") in measures()


@pytest.mark.parametrize(("name", "chosen"), PAGES)
def test_every_number_and_table_of_a_page_stands_with_its_query(view, elements, name, chosen):
    """Charts and maps have tests of their own above; what is left is told alone: numbers, and tables with no chart."""
    page = view(name, **chosen)
    shown = [*told(page.main, page.main)]
    assert shown
    for element, block in shown:
        links = LINK.findall(" ".join(other.value for other, _ in elements(block) if other.type == "markdown"))
        assert "Show the query" in dict(links), element


def told(block, around):
    """Every number and table below a block, and the part of the page that it stands in, folded up or not."""
    for child in block.children.values():
        if hasattr(child, "children"):
            yield from told(child, around if child.type == "expander" else child)
        elif child.type in TOLD:
            yield child, around


def test_a_number_without_its_query_would_be_found(elements):
    from streamlit.testing.v1 import AppTest

    def bare():
        import streamlit as st

        with st.container():
            st.metric("Open now", 12)
        st.markdown("[Show the query](/city/backlog_now)")

    page = AppTest.from_function(bare).run()
    ((_, block),) = told(page.main, page.main)
    assert not [element for element, _ in elements(block) if element.type == "markdown"]


@pytest.mark.parametrize("name", sorted({name for name, _ in PAGES}))
def test_every_choice_of_a_page_stands_in_its_address(view, name):
    for field in choices(view(name)):
        assert field.proto.query_param_key == field.key
        other = field.options[-1] if hasattr(field, "options") else "bread"
        (shown,) = (one for one in choices(view(name, **{field.key: other})) if one.key == field.key)
        assert (shown.options[shown.index] if hasattr(shown, "index") else shown.value) == other


def choices(page) -> list:
    """Everything on a page that a reader can set."""
    return [*page.selectbox, *page.text_input, *page.get("button_group")]


def test_a_choice_stands_in_the_address_and_narrows_the_answer(view):
    page = view("resolution_times", by="district", service_group="Trees")
    assert page.selectbox(key="by").value == "district"
    assert page.selectbox(key="service_group").value == "Trees"
    assert "Still open\\, day by day\\: Trees" in [heading.value for heading in page.header]


def test_a_choice_that_fits_nothing_gets_a_friendly_stop(view):
    page = view("stories", q="zeppelin")
    assert "Try fewer words" in page.info[0].value.replace("\\", "")
    page = view("resolution_times", by="kind of request", service_group="Housing")
    assert "kinds of request are named only where" in page.info[0].value.replace("\\", "")


def test_without_a_release_the_page_says_how_to_get_one(tmp_path, monkeypatch):
    monkeypatch.setenv("CITYGLASS_DATA", str(tmp_path))
    page = whole_app()
    assert page.title[0].value == "Nothing has been published yet"


def test_the_whole_app_opens_on_the_overview():
    page = whole_app()
    assert page.title[0].value == "Larkhaven at a glance"
    assert menu(page) == [name for _, name, _ in VIEWS.values()]


def test_a_city_has_the_dashboards_that_it_chose_in_its_order(tmp_path, monkeypatch):
    monkeypatch.setenv("CITYGLASS_DATA", str(tmp_path))
    make(tmp_path, city=replace(CITY, views=("budget", "overview")))
    page = whole_app()
    assert menu(page) == ["Budget", "Overview"]
    assert page.title[0].value != "Larkhaven at a glance"


def test_dashboards_without_anything_to_show_say_so(tmp_path, monkeypatch):
    monkeypatch.setenv("CITYGLASS_DATA", str(tmp_path))
    release = make(tmp_path, city=replace(CITY, views=("stories",)))
    release.db.chmod(0o644)
    with sqlite3.connect(release.db) as con:
        con.execute("delete from stories")
    con.close()
    page = whole_app()
    assert page.title[0].value == "Nothing to show yet" and menu(page) == []


def test_one_first_heading_and_no_level_is_skipped(view):
    for name, chosen in PAGES:
        page = view(name, **chosen)
        assert len(page.title) == 1
        assert len(page.subheader) == 0


def test_nothing_is_loaded_from_anywhere_else(view, elements):
    for name, chosen in PAGES:
        for element, _ in elements(view(name, **chosen).main):
            if element.type == "iframe":
                assert element.proto.src.startswith("/dashboards/maps/")
            assert element.type not in ("deck_gl_json_chart", "json", "image", "audio", "video")
