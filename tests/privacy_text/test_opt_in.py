"""Free text is opt-in: who does not ask for it has none anywhere, who does shows what was redacted and not refused."""

import json
import re
from dataclasses import replace

import pytest
from narwhals import lit

from etl import gate, shown_texts
from etl.privacy import templates
from etl.privacy.text import redact
from hub.app import build
from hub.errors import ConfigurationError, GateError
from hub.releases import Release
from tests.asking import ask as ask_site
from tests.town import BY, Town, ask, request, requests

HOLE = "Deep pothole near the curb, cars swerve around it."
NAMED = "My neighbor John Kowalski says that the pothole near the school is deep and that the city should fix it."
HEAVY = (
    "Ann Lee, Bob Ray and Kim Cho saw how the truck of the city hit the wall of the school and the fence next to it."
)
CLOSED = {"closed": "2024-03-06 09:00:00"}


def asked(use: object) -> dict:
    return {"text": {"A": use}}


@pytest.fixture
def town(tmp_path):
    return Town.found(tmp_path, asked("redacted"))


def texts(town: Town, tier: str = "A") -> set[str]:
    return {row["text"] for row in town.released() if row["tier"] == tier and row["text"]}


def receive(town: Town, *told: dict) -> None:
    """These requests among quiet ones: alone they would not be released."""
    town.receive(*told, *requests(range(900, 912)))


def rows() -> list[dict]:
    told = [request(n, words=(HOLE, NAMED)[n % 2]) for n in range(10)]
    told += [request(n, note=f"fixed by crew {n}, the area is clean", **CLOSED) for n in range(20, 40)]
    return told + [request(n, "Rats", words="Many rats in the yard of the house.", **CLOSED) for n in range(100, 110)]


def queue(town: Town, *words: str) -> list[dict]:
    return town.review("--json", *words).json["data"]["entries"]


def holds(town: Town, word: bytes) -> bool:
    return word in (town.data / "private" / "vault.duckdb").read_bytes()


@pytest.mark.parametrize("policy", [{}, asked("off"), asked(False)], ids=["silent", "off", "false"])
def test_who_does_not_opt_in_has_no_text_in_the_vault_or_the_release(tmp_path, policy):
    town = Town.found(tmp_path, policy)
    town.receive(*rows())
    town.run()
    assert texts(town) == set() and not holds(town, b"swerve")
    assert town.vault("select count(*) from texts") == [(0,)]


def test_who_opts_in_shows_redacted_text_in_tier_a_alone_and_names_the_layers(town):
    town.receive(*rows())
    town.run()
    assert HOLE in texts(town) and NAMED.replace("John Kowalski", "[name]") in texts(town)
    assert not any("Kowalski" in text for text in texts(town)) and texts(town, "B") == set()
    audit = {line["check_name"]: line for line in town.released("select * from _privacy_audit")}
    assert audit["text_layers"]["value"].startswith("L0, L1, L2, L3") and audit["text_layers"]["n"] == 30
    assert (audit["text_canaries"]["value"], audit["text_opted_in"]["value"]) == ("0", "0")
    assert town.command("audit", "--gate").code == 0


async def test_what_people_wrote_is_found_by_its_words_where_it_is_shown(town):
    town.receive(*rows())
    town.run()
    site = build(town.data, town.city)
    page = (await ask_site(site, "/search?q=swerve")).text
    address = re.search(r'<li><a href="(/requests/[^"]+)">', page)[1]
    assert "What people wrote" in page and HOLE in (await ask_site(site, address)).text
    for words, n in {"swerve": 5, "neighbor+school": 5, "Kowalski": 0}.items():
        said = (await ask_site(site, f"/city/service_requests.json?_search={words}&_size=0")).json
        assert (words, said["filtered_table_rows_count"]) == (words, n)


async def test_where_none_is_shown_none_is_searched(tmp_path):
    town = Town.found(tmp_path)
    town.receive(*rows())
    town.run()
    site = build(town.data, town.city)
    assert (await ask_site(site, "/city/service_requests.json?_search=swerve")).status == 400
    assert "What people wrote" not in (await ask_site(site, "/search?q=swerve")).text


def test_text_that_is_used_no_more_leaves_the_vault_and_the_next_release(town):
    town.receive(*rows())
    town.run()
    assert holds(town, b"swerve")
    town.decide(**asked("off"))
    town.publish()
    assert texts(town) == set() and not holds(town, b"swerve") and not holds(town, b"Kowalski")
    assert town.vault("select count(*) from review_queue") == [(0,)]
    town.decide(**asked("redacted"))
    town.run()  # all is read again: its text was not kept
    assert HOLE in texts(town)


def test_a_pull_alone_is_enough_for_text_to_leave(town):
    town.receive(*rows())
    town.run()
    town.decide(**asked("off"))
    town.pull()
    assert not holds(town, b"swerve")


def test_a_text_that_changes_or_goes_upstream_does_so_here(town):
    receive(town, request(1, words=HOLE), request(2, words=HOLE + " Again."), request(3))
    town.run()
    receive(town, request(1, words="The street light is out."), request(3), request(4))
    town.run(accept_fewer=True)
    assert texts(town) == {"The street light is out."} and not holds(town, b"swerve")


def test_what_city_yml_does_not_publish_is_not_shown_as_text(town):
    town.receive(*rows())
    town.describe({"privacy": {"columns": {"description": "withheld"}}})
    town.run()
    assert HOLE not in texts(town) and len(texts(town)) == 20


def test_a_closing_note_is_told_when_its_row_is_told_as_closed(town):
    note = "fixed and the area is clean"
    told = []
    for day in ("2024-03-06", "2024-03-09"):
        town.on(day)
        receive(town, request(1, note=note, **CLOSED))
        town.run()
        told += [(row["status"], row["text"]) for row in town.released() if row["text"] or row["status"] == "closed"]
    assert told == [("closed", note)]


@pytest.mark.parametrize("tier", ["B", "C"])
@pytest.mark.parametrize("use", ["redacted", "templates", True])
def test_tiers_b_and_c_can_never_show_text(tmp_path, tier, use):
    town = Town.found(tmp_path, {"text": {tier: use}})
    with pytest.raises(GateError, match="tiers B and C never show"):
        _ = town.policy


@pytest.mark.parametrize("use", ["all", True, "Redacted"])
def test_a_use_that_is_none_is_refused(tmp_path, use):
    with pytest.raises(ConfigurationError, match=r"text\.A is .* write one of off, templates, redacted|text\.A is"):
        _ = Town.found(tmp_path, asked(use)).policy


# The queue


def test_a_risky_text_waits_for_a_decision_and_a_rejected_one_is_never_shown(town):
    receive(town, request(1, words=HEAVY), request(2, words=HOLE))
    town.run()
    assert texts(town) == {HOLE}
    heavy, easy = queue(town, "--kind", "text")
    assert heavy["risk"] > 0.3 > easy["risk"] and "[name]" in heavy["text"]
    assert town.review("--approve", heavy["id"], "--takedown", easy["id"], *BY).code == 0
    assert town.command("publish").code == 0
    assert texts(town) == {heavy["text"]}
    [rejected] = queue(town, "--state", "rejected")
    assert (rejected["id"], rejected["by"]) == (easy["id"], BY[1])


def test_an_approval_holds_for_what_was_seen_and_a_rejection_for_ever(town):
    receive(town, request(1, words=HEAVY), request(2, words=HOLE))
    town.run()
    heavy, easy = queue(town, "--kind", "text")
    town.review("--approve", heavy["id"], "--reject", easy["id"], *BY)
    receive(town, request(1, words="Yesterday " + HEAVY), request(2, words=HOLE + " Again."))
    town.run()
    assert texts(town) == set()
    assert [entry["id"] for entry in queue(town, "--kind", "text")] == [heavy["id"]]


def test_who_decides_is_written_down_and_nothing_is_decided_by_halves(town):
    receive(town, request(1, words=HOLE))
    town.run()
    [entry] = queue(town, "--kind", "text")
    for words, told in (
        (["--approve", entry["id"]], "does not say who"),
        (["--approve", entry["id"], "--reject", "nothing", *BY], "nothing was decided"),
        (["--approve", entry["id"], "--reject", entry["id"], *BY], "decide once"),
        (["--approve", entry["id"], "--as", "done", *BY], "Only a template"),
        (["--as", "done", *BY], "goes with --approve"),
    ):
        said = town.review(*words)
        assert (said.code, told in said.err, queue(town, "--kind", "text")) == (3, True, [entry])


def test_what_was_erased_leaves_the_texts_and_the_queue(town):
    receive(town, request(1, words=HOLE), request(2, words="The street light is out."))
    town.run()
    assert town.command("erase", "--id", "1", "--publish").code == 0
    assert texts(town) == {"The street light is out."} and not holds(town, b"swerve")


# Templates


def test_a_note_that_many_share_is_shown_once_an_officer_approved_it(tmp_path):
    town = Town.found(tmp_path, asked("templates"))
    few = [request(n, note=f"nothing to do, crew {n} was there", **CLOSED) for n in range(200, 210)]
    town.receive(*rows(), *few)
    town.run()
    assert texts(town) == set()
    [template] = queue(town, "--kind", "template")
    assert (template["text"], template["rows"]) == ("fixed by crew #, the area is clean", 20)
    town.review("--approve", template["id"], *BY)
    town.command("publish")
    assert texts(town) == {"fixed by crew #, the area is clean"}
    assert len([row for row in town.released() if row["text"]]) == 20
    town.review("--takedown", template["id"], *BY)
    town.command("publish")
    assert texts(town) == set()


def test_a_template_can_be_told_as_an_outcome_code_instead(tmp_path):
    town = Town.found(tmp_path, asked("templates"))
    town.receive(*(request(n, note=f"handed to the county, case {n}", **CLOSED) for n in range(20)))
    town.run()
    assert {row["disposition"] for row in town.released()} == {"unknown"}
    [template] = queue(town, "--kind", "template")
    assert town.review("--approve", template["id"], "--as", "handed", *BY).code == 3
    assert town.review("--approve", template["id"], "--as", "referred", *BY).code == 0
    assert town.command("publish").code == 0
    assert {row["disposition"] for row in town.released()} == {"referred"} and texts(town) == set()
    assert town.released("select sum(referred) as n from durations")[0]["n"] == 20


@pytest.mark.parametrize(("rows_", "found"), [(10, 0), (11, 1)])
def test_a_template_is_one_that_eleven_different_requests_share(rows_, found):
    notes = [(n, f"crew {n} fixed it") for n in range(rows_)]
    assert len(templates.mined([*notes, *notes])) == found


# The gate


def published(town: Town) -> Release:
    receive(town, request(1, words="Call the crew about the pothole near the school, it is deep and wide."))
    town.run()
    return town.release


def test_the_gate_refuses_a_text_that_holds_a_number_even_if_every_layer_missed_it(town, monkeypatch):
    monkeypatch.setattr(shown_texts, "redact", lambda given, places: redact(given, places, layers=()))
    receive(town, request(1, words="Please call 617-555-0123 about the pothole"))
    said = town.command("run")
    assert (said.code, "text_canaries is 1" in said.err, town.release) == (6, True, None)


def test_what_the_other_layers_missed_is_withheld_before_the_gate(town, monkeypatch):
    monkeypatch.setattr(shown_texts, "redact", lambda given, places: redact(given, places, layers=("L5",)))
    receive(town, request(1, words="Please call 617-555-0123 about the pothole"))
    assert town.command("run").code == 0 and texts(town) == set()


def test_the_gate_refuses_text_that_nobody_opted_in_to(town):
    release = published(town)
    town.decide(**asked("off"))
    found = {f.check_name: f for f in gate.judge(release.db, gate.Case(town.policy))}
    assert not found["text_opted_in"].is_passed


def test_the_gate_refuses_text_in_tier_b(town, monkeypatch):
    monkeypatch.setattr(shown_texts, "add", lambda vault, at, done: (_all_with_text(done), ""))
    town.receive(*rows())
    refused = town.command("run")
    assert refused.code == 6 and "columns_per_tier is 10" in refused.err


def _all_with_text(done):
    return replace(done, rows=done.rows.with_columns(text=lit("some text")))


def test_the_layers_that_ran_are_named_in_the_audit_also_where_names_are_not_recognised(town, monkeypatch):
    monkeypatch.setattr(shown_texts, "is_installed", lambda: False)
    monkeypatch.setattr("etl.privacy.text.ner.is_installed", lambda: False)
    published(town)
    audit = json.loads((town.release.path / "audit.json").read_text("utf-8"))
    [told] = [f["value"] for f in audit["findings"] if f["check_name"] == "text_layers"]
    assert "L4 did not run" in told and "L4," not in told
    [row] = ask(town.release.db, "select text from service_requests where text is not null")
    assert row["text"]


def test_the_check_says_that_text_is_kept_only_where_it_is(tmp_path):
    for use, stored in (("off", []), ("redacted", ["description"])):
        town = Town.found(tmp_path / use, asked(use))
        receive(town, request(1, words=HOLE))
        columns = town.command("check", "--json").json["data"]["sources"]["requests"]
        assert [column["stored"] for column in columns if column["column"] == "words"] == [stored]
