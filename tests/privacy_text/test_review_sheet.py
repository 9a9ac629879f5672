"""An officer decides on many things at once, in a spreadsheet."""

import csv

import pytest

from etl.privacy import review_sheet
from etl.privacy.review import Entry
from tests.privacy_text import telling
from tests.privacy_text.telling import NAMED, queue, story, tell, told
from tests.town import BY


@pytest.fixture
def town(tmp_path):
    return telling.found(tmp_path)


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
    assert town.review("--to", path).code == 0
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
    said = town.review("--from", sheet, *BY)
    assert (said.code, said.out.splitlines()[0]) == (0, "2 things approved, 1 rejected by Ana Diaz, data officer.")
    town.publish()
    assert len(told(town)) == 3 and len(queue(town, "story")) == 1


@pytest.mark.parametrize("words", ["=HYPERLINK(A1)", "+1", "-1", "@SUM(A1)", "\tone"])
def test_a_sheet_holds_nothing_that_a_spreadsheet_runs_or_rounds(tmp_path, words):
    path = tmp_path / "waiting.csv"
    entry = Entry("template", "1200450007001", "9f", words, 2.5, 11)
    assert review_sheet.write(path, [entry]) == 1
    with path.open(encoding="utf-8-sig", newline="") as file:
        [line] = csv.DictReader(file)
    assert line == {
        "thing": "template:1200450007001:9f",
        "risk": "2.5",
        "rows": "11",
        "text": f"'{words}",
        "decision": "",
    }


def test_nobody_decides_on_a_sheet_about_a_photo_that_is_not_seen(tmp_path):
    assert review_sheet.write(tmp_path / "waiting.csv", [Entry("photo", "7", "9f", None, 1.0)]) == 0


@pytest.mark.parametrize(
    ("words", "told_of"),
    [(["approve", "yes", "", ""], ":3: the decision is 'yes'"), (["approve"] * 4, "has changed since")],
)
def test_a_sheet_counts_whole_or_not_at_all(town, sheet, words, told_of):
    filled(sheet, words)
    if "changed" in told_of:
        tell(town, story(1), *(story(n, f"{NAMED} {n} days.") for n in (2, 3, 4, 5)))
        town.run()
    said = town.review("--from", sheet, *BY)
    assert (said.code, told_of in said.err, "nothing was decided" in said.err) == (3, True, True)
    assert len(queue(town, "story")) == 4


def test_a_sheet_is_not_written_over_and_what_is_none_is_told(town, sheet, tmp_path):
    assert "is there already" in town.review("--to", sheet).err
    assert "cannot be read" in town.review("--from", tmp_path / "none.csv", *BY).err
    other = tmp_path / "other.csv"
    other.write_text("a,b\n1,2\n", "utf-8")
    assert "has no column 'thing'" in town.review("--from", other, *BY).err
    other.write_text("", "utf-8")
    assert "has no column 'thing'" in town.review("--from", other, *BY).err
    assert "does not say who decided" in town.review("--from", filled(sheet, ["approve"] * 4)).err
