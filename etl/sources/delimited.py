"""CSV: one row a line, the first line names the columns. Rows that do not fit the header are set aside and counted.

Before the first line Excel may write `sep=;`, which says what parts the columns of this file.

A series may hold files without a header line: `layout.header` names their columns. Whether a file has one is told by
its first line, which must hold the names of all needed columns or none of the names at all.
"""

import csv
import io
import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from threading import Condition, Event
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv as pacsv

from etl.sources import damage
from etl.sources.archive import Content
from etl.sources.page import Page, Request, chosen, plain
from etl.sources.totals import TOTALS, without_totals
from hub.errors import ConfigurationError, SourceError

BLOCK_BYTES = 72 << 20  # one page: enough rows that the vault writes them once, in place, not through its log
SWALLOWED_CHARS = 100_000  # a row this long swallowed its neighbours: a quote was never closed
LONGEST_LINE = 16 << 20  # bytes; a longer one would fill the memory before anybody could judge it
AHEAD = 2  # blocks: the last row of one ends in the next
PATIENCE = 1.0  # seconds to wait for the first row that fits its header
TAIL_BYTES = 1 << 16  # what is kept of a file to look at its end
DELIMITERS = {".tsv": "\t"}  # told by the file's name
OTHERS = (";", "\t", "|", ",")  # what else parts columns
PREAMBLE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
PREAMBLE_BYTES = 64  # it stands in so many, whatever the encoding


@dataclass(frozen=True, slots=True)
class Text:
    """A file as text: what it is written in, what parts its columns, how many lines stand before the first row."""

    file: Content
    encoding: str
    delimiter: str
    before: int = 0

    @property
    def is_wide(self) -> bool:
        """True if a letter takes more than one byte, so that a NUL is a part of one."""
        return self.encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))

    def lines(self) -> io.TextIOWrapper:
        is_utf8 = self.encoding.lower().replace("_", "-") in ("utf-8", "utf8")
        return io.TextIOWrapper(self.file.open(), encoding="utf-8-sig" if is_utf8 else self.encoding, newline="")


@dataclass(slots=True)
class Watched:
    """A stream that remembers its end, where it shows whether the file was cut, whether it met a NUL, and ends at a line
    that is too long to be a row. It is read by a thread of the reader's, which it keeps from running far ahead: that
    would have 32 blocks in memory."""

    stream: BinaryIO
    is_wide: bool
    ahead: int = 0  # blocks that were read and not yet taken
    is_begun: bool = False  # the first rows were taken; until then any number of blocks may be needed
    turn: Condition = field(default_factory=Condition)
    ended: Event = field(default_factory=Event)  # nothing more is read
    tail: bytes = b""
    has_nul: bool = False
    has_giant: bool = False
    of_line: int = 0  # bytes read of the line that goes on
    closed: bool = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        with self.turn:
            while self.ahead >= AHEAD and not self.closed:
                if not self.turn.wait(None if self.is_begun else PATIENCE):
                    break
            self.ahead += 1
        block = b"" if self.closed else self.stream.read(size)
        self.has_nul = self.has_nul or (not self.is_wide and b"\0" in block)
        self.tail = block[-TAIL_BYTES:] if len(block) >= TAIL_BYTES else (self.tail + block)[-TAIL_BYTES:]
        self.has_giant = self.has_giant or self._grows_too_long(block)
        if self.has_giant or not block:
            self.ended.set()
        return b"" if self.has_giant else block

    def _grows_too_long(self, block: bytes) -> bool:
        start = 0
        while len(block) - start + self.of_line > LONGEST_LINE:
            end = block.rfind(b"\n", start, start + LONGEST_LINE - self.of_line)
            if end < 0:
                return True
            start, self.of_line = end + 1, 0
        end = block.rfind(b"\n", start)
        self.of_line = len(block) - end - 1 if end >= 0 else self.of_line + len(block) - start
        return False

    def take(self) -> None:
        """The rows of a block have come: another one may be read."""
        with self.turn:
            self.ahead = self.ahead - 1 if self.is_begun else 0
            self.is_begun = True
            self.turn.notify()

    def close(self) -> None:
        with self.turn:
            self.closed = True
            self.turn.notify()

    def stop(self, reader: Iterable[pa.RecordBatch]) -> None:
        """Let the reader end before it is forgotten: its thread needs the interpreter, and would wait for it for ever."""
        self.close()
        with suppress(Exception):  # what is wrong with the file is told already
            deque(reader, maxlen=0)
        self.ended.wait(PATIENCE)


def text_of(request: Request, file: Content) -> Text:
    encoding, named = request.layout.get("encoding", "utf-8"), file.name.lower().removesuffix(".gz")[-4:]
    declared = _declared(file, encoding)
    told = request.layout.get("delimiter") or declared or DELIMITERS.get(named, ",")
    return Text(file, encoding, told, 1 if declared else 0)


def _declared(file: Content, encoding: str) -> str:
    """What the line `sep=;` says of the file, "" if it does not begin with one."""
    with file.open() as stream:
        head = stream.read(PREAMBLE_BYTES)
    try:
        lines = head.decode(encoding, errors="replace").lstrip("\ufeff").splitlines()
    except LookupError:
        return ""  # the reader of the header says what is wrong
    found = PREAMBLE.fullmatch(lines[0]) if lines else None
    return found[1] if found else ""


def pages(request: Request, file: Content) -> Iterator[Page]:
    with file.open() as stream:
        yield from _pages(request, text_of(request, file), stream)


def _pages(request: Request, text: Text, stream: BinaryIO) -> Iterator[Page]:
    watched, ragged, met, open_quotes = Watched(stream, text.is_wide), deque(), Counter(), []
    header, is_named = _header(request, text)
    kept = chosen(request, text.file, header)
    dropped = tuple(name or f"(column {at} has no name)" for at, name in enumerate(header, 1) if name not in kept)

    def refuse(row: pacsv.InvalidRow) -> str:  # called while the next block is read ahead
        if len(row.text) > SWALLOWED_CHARS or _swallows(row.text, text.delimiter, row.expected_columns):
            open_quotes.append(row.text)
            return "error"
        has = f"{row.actual_columns} column{'' if row.actual_columns == 1 else 's'}"
        why = f"the row has {has}, the header {row.expected_columns}"
        ragged.append((row.number, why))
        met[why] += 1
        return "skip"

    first, fitting = text.before + (2 if is_named else 1), 0
    reader = ()
    try:
        reader = _csv_reader(watched, text, header, is_named, kept or header[:1], refuse)
        for batch in reader:
            watched.take()
            _refuse_bytes(text, watched)
            page = Page(
                pa.Table.from_batches([batch]).select(kept), first, _among(ragged, first, batch.num_rows), dropped
            )
            rows, totals = without_totals(request, page.rows)
            sums = tuple((int(page.numbers[at]), TOTALS) for at in totals)
            yield replace(page, rows=rows, rejected=page.rejected + sums)
            first, fitting = first + batch.num_rows + len(page.rejected), fitting + batch.num_rows
    except (pa.ArrowInvalid, pa.ArrowKeyError, UnicodeDecodeError) as error:
        giant = watched.has_giant and damage.giant(text.file, LONGEST_LINE)
        raise giant or damage.of_text(text, str(error), watched.has_nul, open_quotes) from None
    finally:
        watched.stop(reader)
    _refuse_bytes(text, watched)
    if _is_cut(text, watched.tail, len(header)):
        last = first - 1 + len(ragged)
        raise SourceError(
            f"{text.file}: the last row (about row {last}) is cut.", "fetch the file again; it is not whole"
        )
    _fits_its_header(text.file, fitting, met)
    if ragged:
        none = pa.table({name: pa.array([], pa.string()) for name in kept})
        yield Page(none, first, tuple(ragged), dropped)


def _refuse_bytes(text: Text, watched: Watched) -> None:
    if watched.has_nul:
        raise damage.nul(text.file)
    if watched.has_giant:
        raise damage.giant(text.file, LONGEST_LINE)


def _among(ragged: deque[tuple[int, str]], first: int, rows: int) -> tuple[tuple[int, str], ...]:
    """Take those that stand among, or right behind, so many rows that fit from `first` on; later blocks are read ahead."""
    found: list[tuple[int, str]] = []
    while ragged and ragged[0][0] <= first + rows + len(found):
        found.append(ragged.popleft())
    return tuple(found)


def _fits_its_header(file: Content, fitting: int, misfits: Counter) -> None:
    """Raise SourceError if the file has no rows, or if most of them have not the columns of the header."""
    if misfits.total() > fitting:
        [(why, _)] = misfits.most_common(1)
        raise SourceError(
            f"{file}: {misfits.total():,} of {fitting + misfits.total():,} rows do not fit its header: {why}.",
            "compare its first lines: a column has no name in the header, each row ends in a delimiter too many, or "
            "another layout.delimiter parts the columns",
        )
    if not fitting:
        raise SourceError(
            f"{file} has a header and no rows.", "fetch the file again; an empty table does not replace good data"
        )


def _csv_reader(stream, text: Text, header, is_named, read, refuse) -> pacsv.CSVStreamingReader:
    names = None if is_named else header
    return pacsv.open_csv(
        stream,
        read_options=pacsv.ReadOptions(
            block_size=BLOCK_BYTES,
            encoding=text.encoding,
            column_names=names,
            skip_rows=text.before,
            use_threads=False,  # it reads ahead all the same, and knows the numbers of the rows
        ),
        parse_options=pacsv.ParseOptions(delimiter=text.delimiter, newlines_in_values=True, invalid_row_handler=refuse),
        convert_options=pacsv.ConvertOptions(
            include_columns=read,
            column_types={name: pa.string() for name in read},
            strings_can_be_null=True,
            null_values=[""],
        ),
    )


# Which columns it has


def _header(request: Request, text: Text) -> tuple[list[str], bool]:
    """The names of the columns, and whether the file's own first line gives them."""
    first, names = _first_row(text), request.layout.get("header", [])
    hits = {plain(name) for name in first} & (request.columns | {plain(name) for name in names})
    if _names_all(request, first):
        return first, True
    if names:
        return _given(request, text.file, first, len(hits)), False
    if other := next((mark for mark in OTHERS if _names_all(request, _first_row(replace(text, delimiter=mark)))), ""):
        raise _missing(request, text, f"its columns are parted by {other!r}", f"layout.delimiter: {other!r}")
    if not hits:  # what may be a row is not quoted
        why = "its first line names none of the columns that are looked for"
        raise _missing(request, text, why, "fields to the names in it, or layout.header if the file has no header line")
    return first, True


def _names_all(request: Request, header: list[str]) -> bool:
    met = {plain(name) for name in header}
    return all(met & {plain(alias) for alias in aliases} for aliases in request.required)


def _missing(request: Request, text: Text, why: str, cure: str) -> SourceError:
    aliases = request.required[0]
    return SourceError(
        f"{text.file}: no column for {aliases[0]!r} (looked for: {', '.join(aliases)}): {why}.",
        f"in sources.{request.name} set {cure}",
    )


def _given(request: Request, file: Content, first: list[str], hits: int) -> list[str]:
    """The names of layout.header, if the first line is surely a row and has as many values."""
    names = request.layout["header"]
    if hits or not any(map(_is_value, first)):
        raise SourceError(
            f"{file}: its first line names {hits} known columns and lacks needed ones: it is neither a header nor a row.",
            f"correct the names in layout.header and fields of sources.{request.name}, or mend the file",
        )
    if len(first) != len(names):
        raise SourceError(
            f"{file} has no header line and {len(first)} columns; layout.header names {len(names)}.",
            f"name each column once, in their order, in sources.{request.name}.layout.header",
        )
    return names


def _is_value(cell: str) -> bool:
    """True for what names no column: numbers, dates and ids."""
    digits = sum(letter.isdigit() for letter in cell)
    return digits > len(cell) / 2


def _first_row(text: Text) -> list[str]:
    try:
        with text.lines() as lines:
            rows = csv.reader(islice(lines, text.before, None), delimiter=text.delimiter)
            first = next((row for row in rows if row), [])
    except LookupError:
        raise ConfigurationError(
            f"{text.file}: there is no encoding {text.encoding!r}.", "set layout.encoding to utf-8, cp1252, utf-16, …"
        ) from None
    except (UnicodeError, csv.Error) as error:
        raise damage.of_text(text, str(error), False, ()) from None
    if any("\0" in cell for cell in first):
        raise damage.nul(text.file)
    return first


# Whether it is whole


def _swallows(row: str, delimiter: str, width: int) -> bool:
    """True if a row that does not fit holds lines that would be rows by themselves: a quote was left open."""
    return any(len(line.split(delimiter)) == width for line in row.splitlines()[1:])


def _is_cut(text: Text, tail: bytes, width: int) -> bool:
    """True if the last line neither ends in a newline nor has all its columns, or ends within a quote."""
    if tail.endswith((b"\n", b"\r", b"\x00")):
        return False
    last = tail.decode(text.encoding, errors="replace").splitlines()[-1]
    if last.count('"') % 2 == 0:
        return len(next(csv.reader([last], delimiter=text.delimiter), [])) < width
    with text.lines() as lines:  # rare, so the slow reader that is strict may decide
        try:
            return len(deque(csv.reader(lines, delimiter=text.delimiter, strict=True), maxlen=1)[0]) < width
        except csv.Error:
            return True
