"""Blanks tell nothing: a value is the same however many of them, and whichever, stand in it."""

import pyarrow as pa
import pytest

from etl.cleaning import cleaned


@pytest.mark.parametrize("blank", [" ", "  ", "\t", "\n", "\r\n", "\u00a0", " \u00a0 "])
@pytest.mark.parametrize("beside", ["Elm", "Peña"])
def test_whatever_parts_two_words_is_one_blank(blank, beside):
    column = cleaned(pa.table({"street": [f"Main{blank}St", f"{blank}{beside}{blank}", beside]}), [])["street"]
    assert column.to_pylist() == ["Main St", beside, beside]


def test_what_says_nothing_is_nothing():
    column = cleaned(pa.table({"street": ["N/A", " null ", "-", "", "keine", "Nullarbor Ave"]}), ["keine"])["street"]
    assert column.to_pylist() == [None] * 5 + ["Nullarbor Ave"]
