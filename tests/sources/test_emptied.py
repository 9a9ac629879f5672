"""A column that its system has renamed, or sends no more, does not quietly leave the site."""

import pytest

from hub.errors import IncompleteError
from tests.town import Town, requests

ROWS = requests(range(30), closed="2024-03-09 09:00:00")


@pytest.fixture
def town(tmp_path) -> Town:
    town = Town.found(tmp_path)
    town.receive(*ROWS)
    town.run()
    return town


def renamed(old: str, new: str) -> list[dict]:
    return [{new if name == old else name: value for name, value in row.items()} for row in ROWS]


@pytest.mark.parametrize(("old", "field"), [("closed", "closed_datetime"), ("kind", "service_name"), ("lat", "lat")])
def test_a_renamed_column_is_named_with_its_field_and_the_release_stays(town, old, field):
    before = town.release.id
    town.receive(*renamed(old, "something"))
    said = town.command("run")
    assert said.code == 5
    assert f"no record has '{field}' any more, which 30 had" in said.err and f"'{old}'" in said.err
    assert "Nothing has changed" in town.command("publish").out
    assert town.release.id == before and len(town.released()) == 30


def test_once_the_new_name_stands_in_city_yml_it_is_read_again(town):
    town.receive(*renamed("closed", "date_closed"))
    assert town.command("run").code == 5
    town.describe({"sources": {"requests": {"fields": {"closed_datetime": "date_closed"}}}})
    assert town.command("run").code == 0
    assert {row["duration_hours"] for row in town.released()} == {96}


def test_one_that_is_gone_for_good_is_let_go_by_the_operator(town):
    town.receive(*renamed("closed", "something"))
    assert town.command("run", "--accept-fewer").code == 0
    town.on("2024-07-08").receive(*renamed("closed", "something"), *requests(range(50, 53)))
    assert town.command("run").code == 0  # once is enough


def test_a_column_that_few_had_may_end(tmp_path):
    town = Town.found(tmp_path)
    town.receive(*requests(range(30)), *requests(range(40, 45), closed="2024-03-09 09:00:00"))
    town.run()
    town.receive(*requests(range(30)), *requests(range(40, 45)))
    town.pull()
    with pytest.raises(IncompleteError, match="agency_responsible"):
        town.receive(*[row | {"agency": ""} for row in requests(range(30))], *requests(range(40, 45), agency=""))
        [result] = [one for one in town.pull() if one.source == "requests"]
        raise result.error
