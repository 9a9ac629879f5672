"""A line of the budget, a project or a story in which somebody else may be named waits for a person; who is approved is told."""

import duckdb
import pytest

from etl import third_parties
from etl.privacy.text import others
from etl.vault import open_vault
from tests.privacy_text import telling
from tests.privacy_text.telling import NAMED, QUIET, line, queue, spend, spent, story, tell, told
from tests.town import BY, Town, ask, write_csv


@pytest.fixture
def town(tmp_path):
    return telling.found(tmp_path)


def counted(town: Town, dataset: str) -> tuple[int, int]:
    """Released, and held back; nothing is lost."""
    line = town.completeness(dataset)
    held = line["waiting"] + line["withheld"]
    assert line["read"] == line["released"] + held + line["quarantined"] + line["erased"] + line["deleted_upstream"]
    return line["released"], held


@pytest.mark.parametrize(
    "given",
    [
        {"body": NAMED},
        {"title": "How John Kowalski stole our boat"},
        {"byline": "Rosa, 617-555-0123"},
        {"era": "When we lived at 12 Elm Street"},
        {"credit_line": "Photo by Maureen Kowalczyk"},
        {"subjects": "Floods; Kowalczyk, Maureen"},
        {"rights": "Ask Maureen Kowalczyk first."},
    ],
    ids=lambda given: next(iter(given)),
)
def test_a_story_that_may_name_somebody_else_waits_and_nothing_of_it_is_released(town, given):
    tell(town, story(1), story(2, **given))
    town.run()
    assert told(town) == {"st-1"} and counted(town, "stories") == (1, 1)
    assert b"Kowal" not in (town.release.path / "city.db").read_bytes()
    assert town.released("select count(*) as n from story_subjects where story_id = 'st-2'") == [{"n": 0}]


def test_without_the_scan_it_would_be_told(town, monkeypatch):
    monkeypatch.setattr(third_parties, "find", lambda texts, is_prose, own: [[] for _ in texts])
    tell(town, story(1), story(2, NAMED))
    town.run()
    assert told(town) == {"st-1", "st-2"}


def test_an_approval_lets_out_that_content_and_no_other(town):
    tell(town, story(1), story(2, NAMED))
    town.run()
    [entry] = queue(town, "story")
    assert "name in body" in entry["text"] and "John Kowalski" in entry["text"]
    assert town.review("--approve", entry["id"], *BY).code == 0
    town.command("publish")
    assert told(town) == {"st-1", "st-2"} and queue(town, "story") == []
    town.run()  # read again, nothing changed
    assert told(town) == {"st-1", "st-2"}
    tell(town, story(1), story(2, NAMED + " And our oars."))
    town.run()
    assert told(town) == {"st-1"}
    assert [again["id"] != entry["id"] for again in queue(town, "story")] == [True]
    tell(town, story(1), story(2, NAMED))
    town.run()
    assert told(town) == {"st-1"}, "a content that was gone is asked again"


def test_a_rejected_story_stays_withheld_even_if_nothing_is_found_in_it_any_more(town, monkeypatch):
    tell(town, story(1), story(2, NAMED))
    town.run()
    town.review("--reject", queue(town, "story")[0]["id"], *BY)
    town.publish()
    assert told(town) == {"st-1"} and counted(town, "stories") == (1, 1)
    monkeypatch.setattr(third_parties, "find", lambda texts, is_prose, own: [[] for _ in texts])
    monkeypatch.setattr(third_parties, "fingerprint", lambda: "layers of another version")
    town.publish()
    assert told(town) == {"st-1"}


def test_a_budget_line_with_a_card_waits_and_the_totals_are_those_of_the_lines_that_are_told(town):
    card = "Refund 4111 1111 1111 1111"
    spend(town, line(1), line(2, card), line(3, card, fiscal_year="2024"))
    town.run()
    assert spent(town) == {"b-1"} and counted(town, "budget") == (1, 2)
    assert town.released("select sum(lines) as n from budget_totals") == [{"n": 1}]
    [entry] = queue(town, "budget")
    assert (entry["rows"], "card in program" in entry["text"]) == (2, True)
    town.review("--approve", entry["id"], *BY)
    town.command("publish")
    assert spent(town) == {"b-1", "b-2", "b-3"}


def test_a_project_that_tells_whom_to_call_waits_and_one_that_bears_a_name_does_not(town):
    told_of = {
        "p-1": "Renew the Norman Knight playground in memory of Steven P. Odom.",
        "p-2": "Renew the pier; residents call 617-555-0142 or write to rosa.lindqvist@example.org.",
    }
    rows = [{"project_id": n, "name": "Billings Field", "scope": of, "budget_cents": "5"} for n, of in told_of.items()]
    write_csv(town.folder / "projects.csv", rows)
    town.describe({"sources": {"capital_projects": {"location": "projects.csv"}}})
    town.run()
    planned = "select project_id from capital_projects order by 1"
    assert town.released(planned) == [{"project_id": "p-1"}] and counted(town, "capital_projects") == (1, 1)
    [entry] = queue(town, "project")
    assert "phone in scope: " in entry["text"] and "email in scope: " in entry["text"]
    town.review("--approve", entry["id"], *BY)
    town.publish()
    assert [row["project_id"] for row in town.released(planned)] == ["p-1", "p-2"]


def test_what_waits_is_told_from_what_was_rejected_and_what_nobody_approved(town):
    tell(town, story(1), story(2, NAMED), story(3, NAMED + " Twice."), story(4, consent="no"))
    town.run()
    refused = next(entry for entry in queue(town, "story"))
    town.review("--reject", refused["id"], *BY)
    with open_vault(town.data) as vault:
        found = {(fate.fate, fate.reason): fate.keys for fate in third_parties.fates(vault.con, "stories", 1)}
    assert found == {
        ("released", ""): 1,
        ("waiting", third_parties.WAITS): 1,
        ("withheld", third_parties.REJECTED): 1,
        ("withheld", third_parties.UNAPPROVED): 1,
    }


def test_the_queue_holds_no_words_and_what_leaves_the_records_leaves_it(town):
    tell(town, story(1), story(2, NAMED))
    town.run()
    assert town.vault("select text from review_queue where kind = 'story'") == [(None,)]
    town.review("--reject", queue(town, "story")[0]["id"], *BY)
    tell(town, story(1))
    town.run(accept_fewer=True)
    assert town.vault("select count(*) from review_queue where kind = 'story'") == [(0,)]


def test_a_text_is_looked_at_once_and_again_if_it_or_the_layers_change(town, monkeypatch):
    seen = []
    monkeypatch.setattr(
        third_parties, "find", lambda texts, *about: seen.append(list(texts)) or others.find(texts, *about)
    )
    tell(town, story(1), story(2, NAMED))
    town.run()
    assert NAMED in seen[-2] + seen[-1]
    seen.clear()
    tell(town, story(1), story(2, NAMED), story(3, "It was warm."))
    town.run()
    assert [text for texts in seen for text in texts if text in (NAMED, QUIET, "It was warm.")] == ["It was warm."]
    assert told(town) == {"st-1", "st-3"}
    seen.clear()
    monkeypatch.setattr(third_parties, "fingerprint", lambda: "layers of another version")
    tell(town, story(1), story(2, NAMED), story(3, "It was hot."))
    town.run()
    assert {NAMED, QUIET} <= {text for texts in seen for text in texts} and told(town) == {"st-1", "st-3"}


def test_what_is_kept_of_a_look_holds_no_words_and_leaves_with_the_text(town):
    tell(town, story(1), story(2, NAMED))
    town.run()
    kept = "select id from looked_at where kind = 'story' order by risk"
    before = town.vault(kept)
    assert len(before) == 2
    assert town.command("erase", "--source", "stories", "--id", "st-2").code == 0
    assert town.vault(kept) == []
    town.publish()
    assert town.vault(kept) == before[:1]


def test_a_story_without_consent_is_not_asked_about(town):
    tell(town, story(1), story(2, NAMED, consent="no"))
    town.run()
    assert queue(town, "story") == [] and counted(town, "stories") == (1, 1)


def test_the_made_up_city_waits_for_no_officer(larkhaven):
    with duckdb.connect(str(larkhaven / "private" / "vault.duckdb"), read_only=True) as con:
        assert con.execute("select * from review_queue where kind in ('budget', 'story')").fetchall() == []
        [(lines,)] = con.execute("select count(*) from records_budget where not deleted_upstream").fetchall()
    [shown] = ask(larkhaven / "public" / "current" / "city.db", "select count(*) as n from budget_lines")
    assert shown["n"] == lines > 0
