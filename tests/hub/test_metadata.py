"""Every table, column and question of a release is described, and a slip of the pen is refused."""

import copy
import re
import sqlite3
from dataclasses import replace
from html import escape
from pathlib import Path

import pytest
import yaml

from hub import metadata
from hub.brand import contrast, palette
from hub.datasets import tables, views
from hub.errors import ConfigurationError
from hub.questions import measures, queries
from tests.made_release import CITY, make

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def built():
    return metadata.build(CITY)


def refused(changed: dict) -> str:
    with metadata.empty(tables(), views()) as schema, pytest.raises(ConfigurationError) as error:
        metadata.check(changed, schema)
    return str(error.value)


def test_the_committed_metadata_is_what_the_code_and_the_city_say():
    assert (ROOT / "metadata.yml").read_text("utf-8") == metadata.dump(CITY)


def test_the_yaml_says_what_was_built(built):
    assert yaml.safe_load(metadata.dump(CITY)) == built


def test_every_column_of_every_table_has_a_meaning_and_every_unit_is_told(built):
    described = built["databases"]["city"]["tables"]
    for table in tables():
        for column in table.columns:
            assert column.help in described[table.name]["columns"][column.name]
            assert column.unit in described[table.name]["columns"][column.name]
    assert set(described) == {table.name for table in tables()} | {view.name for view in views()}


def test_every_measure_and_query_is_a_query_that_shows_its_sql(built):
    asked = built["databases"]["city"]["queries"]
    assert set(asked) == set(measures()) | set(queries())
    for name, question in (measures() | queries()).items():
        assert asked[name]["sql"] == question.sql
        assert asked[name]["hide_sql"] is False
        assert asked[name].get("params", []) == [*question.params]


def test_what_an_empty_field_means_is_said_and_all_only_where_it_is_all(built):
    """All is what a query means that lets every row pass where its parameter is ''."""
    asked, other = built["databases"]["city"]["queries"], set()
    for name, question in (measures() | queries()).items():
        told = escape(question.empty) in asked[name]["description_html"]
        assert told == bool(question.params)
        means_all = {
            param
            for param in question.params
            if re.search(rf":{param}\b[^=<>]*= ''\s+or |case :{param} when .* else c\.n end", question.sql)
        }
        if means_all != {*question.params}:
            other.add(name)
            assert question.empty != "An empty field means all."
    assert "must be given" in asked["story"]["description_html"]
    assert other >= {"story", "time_to_close", "budget_change", "budgets_that_changed", "projects_over_budget"}


def test_only_indexed_columns_of_a_large_table_can_be_sorted_by(built):
    large = next(table for table in tables() if table.name == "service_requests")
    first = {index[0] for index in large.indexes} | {"id"}
    assert set(built["databases"]["city"]["tables"]["service_requests"]["sortable_columns"]) == first


@pytest.mark.parametrize(
    ("slip", "said"),
    [
        (lambda city: city["tables"].update(service_request={}), "no table 'service_request'"),
        (lambda city: city["tables"]["places"].update(facets=["levle"]), "no column 'levle'"),
        (lambda city: city["tables"]["places"].update(discription="x"), "did you mean 'description'"),
        (lambda city: city["tables"]["places"]["columns"].pop("label"), "places.label: no description"),
        (lambda city: city["tables"]["stories"].update(fts_table="stories_ftx"), "stories_ftx"),
        (lambda city: city["tables"]["places"].update(sort="label"), "'label' is not sortable"),
        (lambda city: city["queries"].update(on_time={"sql": "select 1"}), "would hide the table"),
        (lambda city: city["queries"].update(q={"sql": "select colour from places"}), "no such column"),
        (lambda city: city["queries"].update(q={"sql": "select 1", "hide-sql": False}), "did you mean 'hide_sql'"),
    ],
)
def test_a_slip_is_refused_by_name(built, slip, said):
    changed = copy.deepcopy(built)
    slip(changed["databases"]["city"])
    assert said in refused(changed)


def test_a_finished_release_is_checked_the_same_way(tmp_path, built):
    release = make(tmp_path, requests=30)
    with sqlite3.connect(release.db) as conn:
        metadata.check(built, conn)
        conn.execute("alter table places add column colour text")
        with pytest.raises(ConfigurationError, match=r"places\.colour: no description"):
            metadata.check(built, conn)


def test_a_city_without_a_budget_is_asked_nothing_about_it():
    small = metadata.build(replace(CITY, datasets=("service_requests",)))["databases"]["city"]
    assert "budget_lines" not in small["tables"]
    assert "budgets_that_changed" not in small["queries"]
    assert "slowest_groups" in small["queries"]


def test_the_citys_own_palette_can_be_read():
    full = palette(CITY.brand.colours)
    assert contrast("#000000", "#ffffff") == 21
    assert contrast(full["on_primary"], full["primary"]) >= 4.5
    assert contrast(full["muted"], full["surface"]) >= 4.5
