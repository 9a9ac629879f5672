"""Larkhaven's budget, projects, stories and policy, and larger tables for measuring."""

import csv
import gzip
import io
from collections import Counter
from datetime import datetime

from shapely.geometry import Point

from hub import sample
from hub.datasets import DATASETS
from hub.policy import load_policy
from hub.sample.kinds import KINDS
from tests.exports import CITY, OLD, table, wards_and_water

# Money, projects, stories


def cents(cell: str) -> int | None:
    if cell == "#Missing":
        return None
    amount = round(float(cell.strip("$()").replace("$", "").replace(",", "")) * 100)
    return -amount if cell.startswith("(") else amount


def test_the_budget_adds_up_to_what_the_city_states(folder):
    lines, layout = table(folder / "budget.csv"), CITY.sources["budget"].layout
    column = {tuple(made["set"].values()): made["column"] for made in layout["rows_from_columns"]}
    assert len(layout["totals"]) == 6 and 250 <= len(lines) <= 350
    for total in layout["totals"]:
        of = total["of"]
        amounts = [
            cents(line[column[of["fiscal_year"], of["stage"]]])
            for line in lines
            if line["Direction"] == of["direction"]
        ]
        assert sum(amount or 0 for amount in amounts) == total["cents"], of


def test_budget_lines_have_keys_of_their_own_and_show_the_finance_offices_habits(folder):
    lines = table(folder / "budget.csv")
    key = CITY.sources["budget"].fields["line_id"]["key_of"]
    assert len({tuple(line[part] for part in key) for line in lines}) == len(lines)
    text = (folder / "budget.csv").read_text("utf-8")
    assert "#Missing" in text and '"(' in text and '"$' in text


def test_capital_projects_add_up_and_every_status_has_a_phase_but_the_undetermined(folder):
    projects, layout = table(folder / "capital_projects.csv"), CITY.sources["capital_projects"].layout
    stated = {total["of"]["measure"]: total["cents"] for total in layout["totals"]}
    assert stated == {
        "budget": sum(cents(project["Total Budget"]) for project in projects),
        "spent": sum(cents(project["Spent to Date"]) for project in projects),
    }
    assert {project["Status"] for project in projects} - set(layout["phases"]) == {"To Be Determined"}
    assert len({project["Project ID"] for project in projects}) == len(projects) == 80


def test_a_project_lies_in_the_ward_that_it_names(folder):
    wards, _ = wards_and_water(folder)
    sited = [project for project in table(folder / "capital_projects.csv") if project["Latitude"]]
    assert len(sited) >= 50
    for project in sited:
        place = Point(float(project["Longitude"]), float(project["Latitude"]))
        assert wards[project["Neighborhood"]].buffer(0.0005).covers(place), project["Project Name"]


def test_stories_are_many_no_two_alike_in_two_languages_and_some_are_not_for_the_public(folder):
    stories = table(folder / "stories.csv")
    assert len(stories) >= 60 and len({story["text"] for story in stories}) == len(stories)
    assert len({story["text"].split(".")[0] for story in stories}) == len(stories)
    assert Counter(story["language"] for story in stories)["es"] >= 4
    assert {story["place_precision"] for story in stories} == {"exact", "block", "neighbourhood", "city", "none"}
    assert {(story["approved"], story["consent"]) for story in stories} == {
        ("yes", "yes"),
        ("yes", "no"),
        ("no", "yes"),
        ("no", "no"),
    }
    assert all(story[column] for story in stories for column in ("title", "text", "teller", "rights", "rights_uri"))


# The policy of the sample city


def test_the_policy_names_every_kind_but_the_pilot_and_the_targets_that_the_requests_follow():
    policy = load_policy(CITY)
    unknown = {kind.name for kind in KINDS if kind.group not in policy.tiers and kind.name not in policy.services}
    assert unknown == {"Scooter on Sidewalk"}
    for kind in KINDS:
        assert policy.targets.get(kind.name, policy.targets.get(kind.group)) == kind.target_days, kind.name
    assert {policy.services.get(kind.name, policy.tiers.get(kind.group, "X")) for kind in KINDS} == {"A", "B", "C", "X"}
    named = {kind.name for kind in KINDS} | {kind.group for kind in KINDS}
    assert set(policy.targets) | set(policy.tiers) | set(policy.services) <= named


def test_the_policy_is_signed_and_releases_the_closed_list_of_columns():
    policy = load_policy(CITY)
    assert policy.signed_by and policy.signed_on and policy.mode == "P"
    assert policy.columns == DATASETS["service_requests"].table.names


# Larger tables for measuring


def test_resampling_gives_as_many_requests_as_asked_for_all_with_numbers_of_their_own(tmp_path):
    sample.resample(5_000, tmp_path / "a.csv", seed=3)
    sample.resample(5_000, tmp_path / "b.csv", seed=3)
    text = (tmp_path / "a.csv").read_text("utf-8")
    assert text == (tmp_path / "b.csv").read_text("utf-8")
    found = list(csv.DictReader(io.StringIO(text)))
    assert len({row["sr_number"] for row in found}) == len(found) == 5_000
    assert set(row["created_date"][6:10] for row in found) == {"2023", "2024", "2025"}
    assert len({row["street_address"] for row in found}) > 1_500
    form = CITY.sources["requests"].layout["dates"][0]
    for row in found:
        opened = datetime.strptime(row["created_date"], form)
        closed = datetime.strptime(row["closed_date"], form) if row["closed_date"] else None
        assert closed is None or opened <= closed < datetime(2026, 1, 1)


def test_a_resampled_table_has_the_columns_of_the_yearly_export(tmp_path, folder):
    sample.resample(10, tmp_path / "a.csv")
    with gzip.open(folder / OLD[0], "rt", encoding="utf-8") as file:
        assert (tmp_path / "a.csv").read_text("utf-8").splitlines()[0] == file.readline().strip()
