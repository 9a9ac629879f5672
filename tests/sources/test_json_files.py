"""JSON files: objects come as they are written; what is not whole is no table."""

import json

import pytest

from etl.sources import features
from etl.sources.page import Part, Request
from tests.sources.reading import Reading
from tests.sources.tables import FEATURES, HEADER, IDS, OBJECTS, ids, put, read, read_part, refusal, rejected


def test_objects_come_as_they_are_written(tmp_path):
    text = """[{"id": 12345678901234567890, "opened": "2024-03-01T09:00:00.000", "closed": 1.50},
        {"id": 1.0, "kind": true, "opened": 0.1e3, "note": null, "at": {"lat": 1}},
        {"opened": "", "id": "x\\u00e9", "kind": ["a", {"b": 1}]}]"""
    found = read(put(tmp_path / "a.json", text))
    none = {"id": None, "kind": None, "opened": None, "closed": None}
    assert [none | row for row in found.rows] == [
        none | {"id": "12345678901234567890", "opened": "2024-03-01T09:00:00.000", "closed": "1.50"},
        none | {"id": "1.0", "kind": "true", "opened": "0.1e3"},
        none | {"id": "xé", "kind": '["a",{"b":"1"}]'},
    ]
    assert set(found.pages[0].dropped) == {"note", "at.lat"}


def test_objects_within_are_looked_into(tmp_path):
    asked = Request("requests", (), {}, frozenset({"id", "locationlat"}), (("id",),), ("id",))
    path = put(tmp_path / "a.json", json.dumps([{"id": 1, "location": {"lat": "43.1", "human": "x"}}]))
    found = Reading()
    read_part(asked, Part(str(path)), found)
    assert found.rows == [{"id": "1", "location.lat": "43.1"}]


def test_many_objects_come_in_several_pages_and_none_is_lost(tmp_path, monkeypatch):
    monkeypatch.setattr(features, "BLOCK_CHARS", 37)
    many = [{"id": f"{n}", "opened": "2024-01-01", "words": "x" * 90} for n in range(100)]
    for name, text in (("a.json", json.dumps(many)), ("a.ndjson", "\n".join(map(json.dumps, many)))):
        found = read(put(tmp_path / name, text))
        assert ids(found) == [one["id"] for one in many] and len(found.pages) > 1
        assert [page.first for page in found.pages][1] == 1 + found.pages[0].rows.num_rows


JOINED = json.dumps(OBJECTS[:2]) + json.dumps(OBJECTS[2:])
BAD_JSON = {
    "no array": ("a.json", '{"error": true}', ["no list of rows", "still be preparing"]),
    "still processing": ("a.json", '{"status":"Processing"}', ["no list of rows", "still be preparing"]),
    "an empty array": ("a.json", "[]", ["holds no rows"]),
    "cut": ("a.json", json.dumps(OBJECTS)[:-20], ["cut or broken after row 4"]),
    "cut behind the list": ("a.geojson", json.dumps(FEATURES)[:-1], ["what follows the list of 5 rows is cut"]),
    "broken in the middle": ("a.json", json.dumps(OBJECTS).replace('"003"', "oops"), ["cut or broken after row 2"]),
    "two pages joined": ("a.json", JOINED, ["what follows the list of 2 rows", "does not belong to it"]),
    "two layers joined": ("a.geojson", json.dumps(FEATURES) * 2, ["what follows the list of 5 rows"]),
    "too deep": ("a.json", "[" * 100_000 + "]" * 100_000, ["too deep to read"]),
    "half a letter": ("a.json", '[{"id": "\\ud800", "opened": "x"}]', ["half a letter"]),
    "no UTF-8": ("a.json", '[{"id": "é"}]'.encode("cp1252"), ["byte 0xe9 is not UTF-8"]),
    "no id": ("a.json", '[{"number": 1, "opened": 2}]', ["no column for 'id'", "It has: number, opened"]),
    "an error as an array": ("a.json", '[{"code": 400, "description": "no"}]', ["no column for 'id'"]),
    "numbers": ("a.json", "[1, 2, 3]", ["3 of its 3 rows are no objects"]),
    "a cut line": ("a.ndjson", "\n".join(map(json.dumps, OBJECTS))[:-5], ["its last line is cut"]),
    "no lines": ("a.ndjson", "\n".join(HEADER) + "\n", ["4 of its 4 rows are no objects"]),
    "an array under a name for lines": ("a.ndjson", json.dumps(OBJECTS), ["1 of its 1 rows are no objects"]),
}


@pytest.mark.parametrize("harm", BAD_JSON)
def test_json_that_is_not_whole_or_no_table_is_refused(tmp_path, harm):
    name, content, words = BAD_JSON[harm]
    said = refusal(put(tmp_path / name, content))
    assert [word for word in words if word not in said] == []


def test_a_broken_line_among_good_ones_is_counted(tmp_path):
    lines = [*map(json.dumps, OBJECTS[:3]), '{"id": "9', "7", *map(json.dumps, OBJECTS[3:])]
    found = read(put(tmp_path / "a.ndjson", "\n".join(lines)))
    assert ids(found) == IDS
    assert rejected(found) == [(4, "the line is not JSON"), (5, "the row is not an object with values")]
