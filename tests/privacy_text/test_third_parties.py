"""A budget line or a story in which somebody else may be named waits for a person; who is approved is told, nothing else."""

import csv

import duckdb
import pytest

from etl import third_parties
from etl.privacy.text import others
from etl.vault import open_vault
from tests.town import Said, Town, ask, cityglass, requests, write_csv

BY = ("--by", "Ana Diaz, data officer")
RIGHTS = {"rights": "You may share it.", "approved": "yes", "consent": "yes"}
QUIET = "The river came up the steps in 1978 and stayed for eleven days. My mother moved the piano to the attic."
NAMED = "The river came up the steps in 1978. John Kowalski from next door stole our boat and never gave it back."
SPENT = {"direction": "expense", "fiscal_year": "2025", "stage": "adopted", "cabinet": "Works", "department": "Streets"}


def story(number: int, body: str = QUIET, **given: str) -> dict[str, str]:
    return {"story_id": f"st-{number}", "title": "The flood", "body": body, "byline": "Rosa Lindqvist"} | RIGHTS | given


def line(number: int, program: str = "Snow removal", **given: str) -> dict[str, str]:
    return SPENT | {"line_id": f"b-{number}", "program": program, "category": "Staff", "amount_cents": "100"} | given


@pytest.fixture
def town(tmp_path):
    town = Town.found(tmp_path)
    town.receive(*requests(range(12)))
    tell(town, story(1))
    spend(town, line(1))
    town.describe({"sources": {"stories": {"location": "stories.csv"}, "budget": {"location": "budget.csv"}}})
    return town


def tell(town: Town, *stories: dict) -> None:
    write_csv(town.folder / "stories.csv", stories)


def spend(town: Town, *lines: dict) -> None:
    write_csv(town.folder / "budget.csv", lines)


def told(town: Town) -> set[str]:
    return {row["story_id"] for row in town.released("select story_id from stories")}


def spent(town: Town) -> set[str]:
    return {row["line_id"] for row in town.released("select line_id from budget_lines")}


def review(town: Town, *words: str) -> Said:
    return cityglass("privacy", "review", "--city", town.yml, "--data", town.data, *words)


def queue(town: Town, kind: str, state: str = "pending") -> list[dict]:
    return review(town, "--json", "--kind", kind, "--state", state).json["data"]["entries"]


def counted(town: Town, dataset: str) -> tuple[int, int]:
    """Released, and held back; nothing is lost."""
    line = town.completeness(dataset)
    held = line["waiting"] + line["withheld"]
    assert line["read"] == line["released"] + held + line["quarantined"] + line["erased"] + line["deleted_upstream"]
    return line["released"], held


# What is found


SECRETS = {
    "phone": "Call us at 617-555-0123 if you have a photo of it.",
    "email": "Write to ann.lee@example.org for the other half of it.",
    "ssn": "He kept a note with 078-05-1120 on it in the drawer.",
    "card": "He paid with 4111 1111 1111 1111 and nobody asked.",
    "birth": "My brother was born on March 3, 1961 in the kitchen.",
    "plate": "A gray truck with plate 7ABC123 stood there for a year.",
    "account": "They took it from bank account 00123456 that winter.",
    "address": "They lived at 12 Elm Street, on the second floor.",
    "name": "That was the year in which Maureen Kowalczyk shot the dog.",
}


@pytest.mark.parametrize("kind", SECRETS)
def test_what_tells_of_somebody_is_found_in_a_story(kind):
    [found] = others.find([SECRETS[kind]], is_prose=True)
    assert [hit.label for hit in found] == [kind]


@pytest.mark.parametrize("kind", ["email", "ssn", "card", "plate", "account", "name"])
def test_what_tells_of_somebody_is_found_in_a_budget(kind):
    [found] = others.find([SECRETS[kind]], is_prose=False)
    assert [hit.label for hit in found] == [kind]


@pytest.mark.parametrize(
    "words",
    [
        "My neighbor Soo-Jin Park drank and hit his children.",
        "Nathan Lane from number four sold the rest of it.",
        "They bought the rest of it, and sold it to Sally Field.",
        "Dorothy Day, my landlady, was arrested for fraud.",
        "Robert Hall was my abuser.",
        "Our landlord Mr. Park never fixed the heat.",
        "My neighbor Church was a drunk.",
        "my uncle Bob was gay",
        "We heard that Rosemary next door had an abortion.",
        "Then Nguyen Thi Hoa lost her baby.",
        "Oluwaseun Adeyemi was undocumented when we met.",
        "Xiuying was arrested; Krzysztof Szczepanski hid her.",
        "my ex, Lakshmi Bhattacharya, has HIV",
        "R. Thornquist was sick that year.",
        "Thornquist, Rosemary was sick that year.",
        "rosemary thornquist had an abortion that year.",
    ],
)
@pytest.mark.parametrize("layers", [others.LAYERS, tuple(layer for layer in others.LAYERS if layer != "L4")])
def test_somebody_is_found_though_called_like_a_place_or_by_a_name_of_few(words, layers, monkeypatch):
    monkeypatch.setattr(others, "LAYERS", layers)
    monkeypatch.setattr(others, "RECOGNISING", tuple(layer for layer in others.RECOGNISING if layer in layers))
    [found] = others.find([words], is_prose=True)
    assert {hit.label for hit in found} == {"name"}


@pytest.mark.parametrize(
    "words",
    [
        "Settlement Park, Soo-Jin",
        "Legal: Sally Field v. City",
        "Refund to Nathan Lane",
        "Payment to Robert Hall",
        "Wkrs comp T. Nguyen",
        "pension for widow of J. Kowalczyk",
        "Oluwaseun Adeyemi consulting",
    ],
)
def test_who_is_paid_is_found_in_a_budget_though_called_like_a_place(words):
    [found] = others.find([words], is_prose=False)
    assert [hit.label for hit in found] == ["name"]


@pytest.mark.parametrize("words", ["DOB 03/04/1961", "D.O.B. 03/04/1961", "her birthday is 3/4/61", "dob 03041961"])
def test_a_day_of_birth_in_digits_is_found(words):
    assert [[hit.label for hit in found] for found in others.find([words], is_prose=True)] == [["birth"]]


@pytest.mark.parametrize(
    "words",
    [
        QUIET,
        "In 1954 there were 14 boats, by 1961 only 3 of the 14 were left.",
        "We had the corner flat in Building 7, and the 66 bus stopped there at six.",
        "Every Saturday at 8 the floor was swept, from 1954 to 1961.",
        "We skated in Franklin Park, and then in the house on Nathan Lane.",
        "My grandmother Luz kept the shop, and Walt was the first to help.",
        "They named it the Frank Douglass Library, and the Rosa Weber School after her.",
    ],
)
def test_what_a_story_is_made_of_is_no_finding(words):
    assert others.find([words], is_prose=True) == [[]]


@pytest.mark.parametrize(
    "words",
    [
        "Fund 1010-54321-000",
        "51012 Overtime, FY25-28",
        "Account 5100200300400500",
        "Program 617-555",
        "26 Court Street renovation",
        "ARP 2021: Windows and Doors",
        "G.L. Chapter 121B Section 1",
        "Christopher Weber Playground",
        "McKinney-Vento Reimbursement",
        "Prgm Ad. Fees",
        "Unit 12, Suite 200",
    ],
)
def test_codes_and_the_citys_own_places_are_no_finding_in_a_budget(words):
    assert others.find([words], is_prose=False) == [[]]


def test_the_teller_is_no_third_party_and_others_of_the_name_are():
    body = "My name is Rosa Lindqvist and my brother Teo Lindqvist rowed us out."
    [found] = others.find([body], True, [frozenset({"rosa", "lindqvist"})])
    assert [body[hit.start : hit.end] for hit in found] == ["Teo Lindqvist"]


def test_an_interview_without_a_byline_is_called_by_its_tellers_name():
    assert others.chosen_name("", "Ione Weber Interview #2, 9/3/1976") == {"ione", "weber"}
    assert others.chosen_name("", "How John Kowalski stole our boat") == frozenset()
    assert others.chosen_name("A neighbour", "Ione Weber Interview") == {"a", "neighbour"}


# What becomes of it


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
    assert review(town, "--approve", entry["id"], *BY).code == 0
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
    review(town, "--reject", queue(town, "story")[0]["id"], *BY)
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
    review(town, "--approve", entry["id"], *BY)
    town.command("publish")
    assert spent(town) == {"b-1", "b-2", "b-3"}


def test_what_waits_is_told_from_what_was_rejected_and_what_nobody_approved(town):
    tell(town, story(1), story(2, NAMED), story(3, NAMED + " Twice."), story(4, consent="no"))
    town.run()
    refused = next(entry for entry in queue(town, "story"))
    review(town, "--reject", refused["id"], *BY)
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
    review(town, "--reject", queue(town, "story")[0]["id"], *BY)
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


# Many decisions at once


@pytest.fixture
def sheet(town, tmp_path):
    """The sheet of a town in which three stories wait."""
    tell(
        town,
        story(1),
        *(story(n, f"{NAMED} {n} times.") for n in (2, 3, 4)),
        story(5, "=John Kowalski stole our boat."),
    )
    town.run()
    path = tmp_path / "waiting.csv"
    assert review(town, "--to", path).code == 0
    return path


def filled(path, words: list[str], delimiter: str = ",", encoding: str = "utf-8"):
    """The sheet as a spreadsheet saves it, with these decisions."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(lines[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(line | {"decision": word} for line, word in zip(lines, words, strict=True))
    return path


@pytest.mark.parametrize(("delimiter", "encoding"), [(",", "utf-8"), (";", "utf-8-sig")])
def test_an_officer_decides_on_a_sheet(town, sheet, delimiter, encoding):
    assert sheet.stat().st_mode & 0o077 == 0 and "Kowalski" in sheet.read_text("utf-8-sig")
    filled(sheet, ["approve", "Reject ", "", "approve"], delimiter, encoding)
    said = review(town, "--from", sheet, *BY)
    assert (said.code, said.out.splitlines()[0]) == (0, "2 things approved, 1 rejected by Ana Diaz, data officer.")
    town.publish()
    assert len(told(town)) == 3 and len(queue(town, "story")) == 1


def test_a_sheet_holds_nothing_that_a_spreadsheet_runs_or_rounds(sheet):
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        cells = [cell for line in csv.reader(file) for cell in line]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]
    assert [cell for cell in cells if cell.startswith("story:")] and any("Kowalski" in cell for cell in cells)


@pytest.mark.parametrize(
    ("words", "told_of"),
    [(["approve", "yes", "", ""], ":3: the decision is 'yes'"), (["approve"] * 4, "has changed since")],
)
def test_a_sheet_counts_whole_or_not_at_all(town, sheet, words, told_of):
    filled(sheet, words)
    if "changed" in told_of:
        tell(town, story(1), *(story(n, f"{NAMED} {n} days.") for n in (2, 3, 4, 5)))
        town.run()
    said = review(town, "--from", sheet, *BY)
    assert (said.code, told_of in said.err, "nothing was decided" in said.err) == (3, True, True)
    assert len(queue(town, "story")) == 4


def test_a_sheet_is_not_written_over_and_what_is_none_is_told(town, sheet, tmp_path):
    assert "is there already" in review(town, "--to", sheet).err
    assert "cannot be read" in review(town, "--from", tmp_path / "none.csv", *BY).err
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n", "utf-8")
    assert "has no column 'thing'" in review(town, "--from", other, *BY).err
    assert "does not say who decided" in review(town, "--from", filled(sheet, ["approve"] * 4)).err
