"""A page's text before anybody judges it: no blanks around or doubled inside, and null where a word says 'nothing'."""

import pyarrow as pa
import pyarrow.compute as pc

from etl.sources.page import strings

NULLS = ("", "na", "n/a", "null", "none", "-", ".", "unspecified", "#missing")
NOTHING = pa.nulls(1, pa.string())[0]
DOUBLED = (b"  ", b"\t", b"\n", b"\r")
UNBROKEN = b"\xc2\xa0"  # a blank at which no line ends


def cleaned(rows: pa.Table, nulls: list[str]) -> pa.Table:
    """The same columns, cleaned. `nulls`: the city's own words for 'nothing'."""
    words = strings(sorted({form for word in (*NULLS, *nulls) for form in _cases(word)}), empty_is_null=False)
    return pa.table([_cleaned(rows[name], words) for name in rows.column_names], names=rows.column_names)


def _cases(word: str) -> tuple[str, ...]:
    """The ways a system writes it; comparing is cheaper than folding every value."""
    return (word, word.lower(), word.upper(), word.capitalize())


def _cleaned(column: pa.ChunkedArray, words: pa.Array) -> pa.ChunkedArray:
    if column.type != pa.string():
        return column
    if any(_holds_doubled(chunk) for chunk in column.chunks):
        column = pc.replace_substring_regex(column, r"[\s\x{00A0}]+", " ")
    column = pc.utf8_trim_whitespace(column)
    return pc.if_else(pc.is_in(column, value_set=words), NOTHING, column)


def _holds_doubled(chunk: pa.Array) -> bool:
    """True if the bytes of the chunk hold blanks that are not single; where two values meet there may be none."""
    text = (chunk.buffers()[2] or pa.py_buffer(b"")).to_pybytes()
    return any(blank in text for blank in DOUBLED) or (not text.isascii() and UNBROKEN in text)
