"""What is wrong with a text that cannot be read, and in which line. A row is never quoted: it may name a person."""

from collections.abc import Sequence
from itertools import islice
from typing import TYPE_CHECKING

from etl.sources.archive import Content
from hub.errors import SourceError

if TYPE_CHECKING:
    from etl.sources.delimited import Text

SAMPLE_LINES = 200  # enough to tell encodings apart
SAMPLE_BYTES = 1 << 16
LIKELY = ["utf_8", "utf_16", "utf_16_le", "utf_16_be", "cp1252", "mac_roman", "cp437"]  # what city systems write


def of_text(text: "Text", said: str, has_nul: bool, open_quotes: Sequence[str]) -> SourceError:
    """The error for a CSV of which the reader `said` something."""
    if open_quotes or "straddling" in said:  # a value without end
        return _open_quote(text, *open_quotes[:1])
    if found := _undecodable(text):
        where, sample = found
        sample = _head(text.file) if b"\0" in sample else sample
        return SourceError(
            f"{text.file}: {where} is not {text.encoding}.",
            f"set layout.encoding in city.yml to what the file is written in {_suggested(sample)}",
        )
    if has_nul:
        return nul(text.file)
    return SourceError(
        f"{text.file}: it cannot be read as CSV ({said.partition(':')[0]}).",
        "check layout.delimiter and layout.encoding in city.yml",
    )


def giant(file: Content, longest: int) -> SourceError:
    """The error for a line that no row can fill."""
    with file.open() as stream:
        line, read = 1, 0
        while block := stream.read(SAMPLE_BYTES):
            ends = block.count(b"\n")
            line, read = line + ends, len(block) - block.rfind(b"\n") - 1 if ends else read + len(block)
            if read > longest:
                break
    return SourceError(
        f"{file}: line {line:,} is longer than {longest >> 20} MB.",
        "look whether this is a CSV file at all; if it is, leave the long column out of the export",
    )


def nul(file: Content) -> SourceError:
    """The error for a byte that stands in no text of one byte a letter."""
    sample = _head(file)
    with file.open() as stream:
        line = next((number for number, line in enumerate(stream, 1) if b"\0" in line), 0)
    if sample.count(b"\0") > len(sample) / 4:
        cure = f"set layout.encoding in city.yml to what the file is written in {_suggested(sample)}"
        return SourceError(f"{file}: every other byte is NUL: it is UTF-16.", cure)
    return SourceError(
        f"{file}: there is a NUL byte in line {line:,}.",
        "fetch the file again: a copy that broke off leaves such bytes",
    )


def _head(file: Content) -> bytes:
    with file.open() as stream:
        return stream.read(SAMPLE_BYTES)


def _suggested(sample: bytes) -> str:
    """What the bytes look like; only a person may decide it."""
    from charset_normalizer import from_bytes

    best = from_bytes(sample, cp_isolation=LIKELY).best()
    return f"(it looks like {best.encoding.replace('_', '-')})" if best else "(often cp1252 or utf-16)"


def _undecodable(text: "Text") -> tuple[str, bytes] | None:
    """Which byte of which line cannot be decoded, and the lines with such bytes."""
    with text.file.open() as file:
        lines = [file.read()] if text.is_wide else file  # only where a line feed is one byte can lines be told apart
        bad = list(islice(_bad_lines(lines, text.encoding), SAMPLE_LINES))
    if not bad:
        return None
    number, byte, _ = bad[0]
    where = f"byte 0x{byte:02x}" + ("" if text.is_wide else f" in line {number:,}")
    return where, b"".join(line[:SAMPLE_BYTES] for _, _, line in bad)


def _bad_lines(lines, encoding: str):
    for number, line in enumerate(lines, 1):
        try:
            line.decode(encoding)
        except UnicodeDecodeError as error:
            yield number, line[error.start], line


def _open_quote(text: "Text", row: str = "") -> SourceError:
    start = row.splitlines()[0] if row else ""
    with text.lines() as lines:
        found = next((number for number, line in enumerate(lines, 1) if start and line.startswith(start)), 0)
    where = f" in line {found:,}" if found else ""
    return SourceError(
        f"{text.file}: a quote is opened and not closed{where}.", "mend the quote or fetch the file again"
    )
