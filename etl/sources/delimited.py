"""CSV: one row a line, the first line names the columns. Rows that do not fit the header are set aside and counted."""

import csv
import gzip
import io
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv as pacsv

from etl.sources.page import Page, Request, chosen
from hub.errors import ConfigurationError, SourceError

BLOCK_BYTES = 32 << 20  # one page
SWALLOWED_CHARS = 100_000  # a row this long swallowed its neighbours: a quote was never closed
TAIL_BYTES = 1 << 16  # what is kept of a file to look at its end


@dataclass(slots=True)
class Watched:
    """A stream that remembers its end: there it shows whether the file was cut."""

    stream: BinaryIO
    tail: bytes = b""
    closed: bool = False

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self.stream.read(size)
        self.tail = (self.tail + block)[-TAIL_BYTES:]
        return block

    def close(self) -> None:
        self.closed = True


def pages(request: Request, path: Path, stream: BinaryIO) -> Iterator[Page]:
    encoding, delimiter = request.layout.get("encoding", "utf-8"), request.layout.get("delimiter", ",")
    header, watched = _header(path, encoding, delimiter), Watched(stream)
    ragged, open_quotes = deque(), []
    kept = chosen(request, path, header)
    dropped = tuple(name for name in header if name not in kept)

    def refuse(row: pacsv.InvalidRow) -> str:  # called while the next block is read ahead
        if len(row.text) > SWALLOWED_CHARS or _swallows(row.text, delimiter, row.expected_columns):
            open_quotes.append(row.text)
            return "error"
        ragged.append(f"the row has {row.actual_columns} columns, the header {row.expected_columns}")
        return "skip"

    first, numbers = 2, count(1)
    try:
        for batch in _csv_reader(watched, encoding, delimiter, kept, refuse):
            rejected = tuple((next(numbers), ragged.popleft()) for _ in range(len(ragged)))
            yield Page(pa.Table.from_batches([batch]), first, rejected, dropped)
            first += batch.num_rows + len(rejected)
    except (pa.ArrowInvalid, pa.ArrowKeyError, UnicodeDecodeError) as error:
        raise _csv_error(path, encoding, str(error), open_quotes) from None
    if _is_cut(path, watched.tail, encoding, delimiter, len(header)):
        last = first - 1 + len(ragged)
        raise SourceError(f"{path}: the last row (about row {last}) is cut.", "fetch the file again; it is not whole")
    if first == 2:
        why = f"has no row that fits its header: {ragged[0]}" if ragged else "has a header and no rows"
        raise SourceError(f"{path} {why}.", "fetch the file again; an empty table does not replace good data")
    if ragged:
        none = pa.table({name: pa.array([], pa.string()) for name in kept})
        yield Page(none, first, tuple(zip(numbers, ragged, strict=False)), dropped)


def _csv_reader(stream, encoding, delimiter, kept, refuse) -> pacsv.CSVStreamingReader:
    return pacsv.open_csv(
        stream,
        read_options=pacsv.ReadOptions(block_size=BLOCK_BYTES, encoding=encoding),
        parse_options=pacsv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=refuse),
        convert_options=pacsv.ConvertOptions(
            include_columns=kept,
            column_types={name: pa.string() for name in kept},
            strings_can_be_null=True,
            null_values=[""],
        ),
    )


def _lines(path: Path, encoding: str) -> io.TextIOWrapper:
    opener = gzip.open if path.suffix == ".gz" else open
    return io.TextIOWrapper(opener(path, "rb"), encoding="utf-8-sig" if _is_utf8(encoding) else encoding, newline="")


def _is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("_", "-") in ("utf-8", "utf8")


def _header(path: Path, encoding: str, delimiter: str) -> list[str]:
    try:
        with _lines(path, encoding) as lines:
            return next((row for row in csv.reader(lines, delimiter=delimiter) if row), [])
    except LookupError:
        raise ConfigurationError(
            f"{path}: there is no encoding {encoding!r}.", "set layout.encoding to utf-8, cp1252, utf-16, …"
        ) from None
    except (UnicodeError, csv.Error) as error:
        raise _csv_error(path, encoding, str(error)) from None


def _csv_error(path: Path, encoding: str, said: str, open_quotes: Sequence[str] = ()) -> SourceError:
    """What is wrong with the bytes, with the line where it shows. A row is never quoted: it may name a person."""
    if open_quotes or "straddling" in said:  # a value without end
        return _open_quote(path, encoding, *open_quotes[:1])
    if found := _undecodable(path, encoding):
        return SourceError(
            f"{path}: {found} is not {encoding}.",
            "set layout.encoding in city.yml to what the file is written in (often cp1252 or utf-16)",
        )
    return SourceError(
        f"{path}: it cannot be read as CSV ({said.partition(':')[0]}).",
        "check layout.delimiter and layout.encoding in city.yml",
    )


def _undecodable(path: Path, encoding: str) -> str:
    """Which byte of which line cannot be decoded. Only where a line feed is one byte can lines be told apart."""
    opener = gzip.open if path.suffix == ".gz" else open
    by_line = not encoding.lower().replace("_", "-").startswith(("utf-16", "utf-32"))
    with opener(path, "rb") as file:
        for number, line in enumerate(file if by_line else [file.read()], 1):
            try:
                line.decode(encoding)
            except UnicodeDecodeError as error:
                return f"byte 0x{line[error.start]:02x}" + (f" in line {number}" if by_line else "")
    return ""


def _open_quote(path: Path, encoding: str, row: str = "") -> SourceError:
    start = row.splitlines()[0] if row else ""
    with _lines(path, encoding) as lines:
        found = next((number for number, line in enumerate(lines, 1) if start and line.startswith(start)), 0)
    where = f" in line {found:,}" if found else ""
    return SourceError(f"{path}: a quote is opened and not closed{where}.", "mend the quote or fetch the file again")


def _swallows(text: str, delimiter: str, width: int) -> bool:
    """True if a row that does not fit holds lines that would be rows by themselves: a quote was left open."""
    return any(len(line.split(delimiter)) == width for line in text.splitlines()[1:])


def _is_cut(path: Path, tail: bytes, encoding: str, delimiter: str, width: int) -> bool:
    """True if the last line neither ends in a newline nor has all its columns, or ends within a quote."""
    if tail.endswith((b"\n", b"\r", b"\x00")):
        return False
    last = tail.decode(encoding, errors="replace").splitlines()[-1]
    if last.count('"') % 2 == 0:
        return len(next(csv.reader([last], delimiter=delimiter), [])) < width
    with _lines(path, encoding) as lines:  # rare, so the slow reader that is strict may decide
        try:
            return len(deque(csv.reader(lines, delimiter=delimiter, strict=True), maxlen=1)[0]) < width
        except csv.Error:
            return True
