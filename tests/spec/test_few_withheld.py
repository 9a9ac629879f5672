"""Of what is withheld not even a small number is told, nor a small difference: so few are counted with those that wait."""

import pytest

from etl import completeness
from etl.completeness import AMONG
from etl.generalise import UNNAMED, WAITS
from tests.town import Town, requests

SHOWN = requests(range(20))
WAITING = requests(range(100, 115), "Rats", opened="2024-07-02 09:00:00")  # their week has not closed
TOO_FEW = requests(range(200, 203), "Rats")


def told(folder, secrets: int) -> tuple[dict, dict]:
    """Of a town with so many requests of a kind that is withheld: the account, and rows by reason."""
    town = Town.found(folder).on("2024-07-04")
    town.receive(*SHOWN, *WAITING, *TOO_FEW, *requests(range(300, 300 + secrets), "Secret"))
    town.run()
    lines = town.released("select reason, rows from quality_reasons where dataset = 'service_requests'")
    return town.completeness(), {line["reason"]: line["rows"] for line in lines}


@pytest.mark.parametrize("secrets", [0, 1, 10])
def test_fewer_than_eleven_are_counted_with_those_that_wait_and_the_sum_holds(tmp_path, secrets):
    line, reasons = told(tmp_path, secrets)
    assert UNNAMED not in reasons and WAITS not in reasons
    assert (reasons[AMONG.format(k=11)], line["waiting"], line["withheld"]) == (18 + secrets, 18 + secrets, 0)
    assert line["read"] == 38 + secrets == line["released"] + line["waiting"] + line["withheld"]


def test_neither_a_word_nor_a_number_tells_none_from_few(tmp_path):
    """A town that waits for one more and has one secret less looks the same."""
    few = told(tmp_path / "few", 4)
    town = Town.found(tmp_path / "none").on("2024-07-04")
    more = requests(range(115, 119), "Rats", opened="2024-07-02 09:00:00")
    town.receive(*SHOWN, *WAITING, *more, *TOO_FEW)
    town.run()
    lines = town.released("select reason, rows from quality_reasons where dataset = 'service_requests'")
    assert (town.completeness(), {line["reason"]: line["rows"] for line in lines}) == few


def test_eleven_are_told(tmp_path):
    line, reasons = told(tmp_path, 11)
    assert (reasons[UNNAMED], reasons[AMONG.format(k=11)]) == (11, 18)
    assert (line["waiting"], line["withheld"]) == (18, 11) and WAITS not in reasons


def test_one_more_is_told_once_eleven_have_come(tmp_path):
    town, told_as = Town.found(tmp_path), []
    for monday, secrets in (("2024-07-01", 20), ("2024-07-08", 21), ("2024-07-15", 33), ("2024-07-22", 32)):
        town.on(monday).receive(
            *SHOWN, *requests(range(100, 130), "Rats"), *requests(range(300, 300 + secrets), "Secret")
        )
        town.run()
        told_as.append((town.completeness()["withheld"], town.completeness()["waiting"]))
    assert told_as[0] == (20, 0) and told_as[2:] == [(33, 0), (32, 0)]
    assert told_as[1] in [(20, 0), (20, 1)]  # not counted yet, or among those that wait


def test_without_that_a_single_one_would_be_told(tmp_path, monkeypatch):
    monkeypatch.setattr(completeness, "in_steps", lambda fates, *_: fates)
    assert told(tmp_path, 1)[1][UNNAMED] == 1
