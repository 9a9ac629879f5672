"""Larkhaven at its full size, written once, with the truth beside it."""

import csv
import gzip
import json

import pytest

from hub import sample
from tests.exports import NEW, OLD, features


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    """The sample city at its full size, with the truth beside it."""
    place = tmp_path_factory.mktemp("larkhaven")
    sample.write(place / "sample", truth=place / "truth.jsonl")
    return place / "sample"


@pytest.fixture(scope="session")
def truth(folder):
    with (folder.parent / "truth.jsonl").open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


@pytest.fixture(scope="session")
def rows(folder):
    """Every request row as its file has it, file by file in the order of the truth."""
    found = []
    for name in OLD:
        with gzip.open(folder / name, "rt", encoding="utf-8", newline="") as file:
            found += list(csv.DictReader(file))
    return found + [feature["properties"] | {"geometry": feature["geometry"]} for feature in features(folder / NEW)]
