"""The review queue as a sheet: one line for each thing that waits, on which an officer writes approve or reject.

What a line is about stands in one column (kind, id, hash of the content), which no spreadsheet takes for a number."""

import csv
import os
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pacsv

from etl.downloads import harmless
from etl.privacy.review import APPROVED, REJECTED, Entry
from hub.errors import ConfigurationError

COLUMNS = ("thing", "risk", "rows", "text", "decision")
DECISIONS = {"approve": APPROVED, "reject": REJECTED}
MARK = b"\xef\xbb\xbf"  # by which spreadsheets know UTF-8
PRIVATE = 0o600


def write(path: Path, entries: Iterable[Entry]) -> int:
    """Write what waits for only its owner to read, and return how many things: those that have words, since nobody should
    decide on a photo that is not seen. A file that is there is left alone."""
    told = [entry for entry in entries if entry.text]
    columns = [
        pa.array(map(_thing, told), pa.string()),
        pa.array([round(entry.risk, 2) for entry in told], pa.float64()),
        pa.array([entry.rows for entry in told], pa.int64()),
        pa.array([entry.text for entry in told], pa.string()),
        pa.nulls(len(told), pa.string()),
    ]
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    except FileExistsError:
        raise ConfigurationError(f"{path} is there already.", "name another file with --to, or move it away") from None
    except OSError as error:
        raise ConfigurationError(
            f"{path} cannot be written: {error.strerror}.", "name another file with --to"
        ) from None
    with os.fdopen(made, "wb") as file:
        file.write(MARK)
        pacsv.write_csv(harmless(pa.RecordBatch.from_arrays(columns, COLUMNS)), file)
    return len(told)


def read(path: Path, entries: Iterable[Entry]) -> dict[str, list[str]]:
    """State -> ids of the things that were decided on. Raises ConfigurationError, which names the line, for a decision
    that is none, and for a thing that is not in the queue as it was seen."""
    known = {_thing(entry): entry.id for entry in entries}
    decided: dict[str, list[str]] = {state: [] for state in DECISIONS.values()}
    for number, line in _lines(path):
        word = (line["decision"] or "").strip().lower()
        if not word:
            continue
        if word not in DECISIONS:
            raise ConfigurationError(
                f"{path}:{number}: the decision is {word!r}; nothing was decided.",
                f"write {' or '.join(DECISIONS)}, or leave it empty",
            )
        if line["thing"] not in known:
            raise ConfigurationError(
                f"{path}:{number}: {line['thing']!r} is not in the queue, or has changed since; nothing was decided.",
                "write the sheet again with --to, and decide on what it says now",
            )
        decided[DECISIONS[word]].append(known[line["thing"]])
    return decided


def _thing(entry: Entry) -> str:
    return f"{entry.kind}:{entry.id}:{entry.content_hash}"


def _lines(path: Path) -> list[tuple[int, dict[str, str | None]]]:
    """The lines with their numbers; some spreadsheets part columns by semicolons."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            head = file.readline()
            file.seek(0)
            rows = csv.DictReader(file, delimiter=";" if head.count(";") > head.count(",") else ",")
            names, lines = rows.fieldnames or (), [(rows.line_num, row) for row in rows]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        why = getattr(error, "strerror", None) or f"it is no CSV in UTF-8 ({error})"
        raise ConfigurationError(f"{path} cannot be read: {why}.", "save the sheet as CSV, in UTF-8") from None
    if missing := [name for name in ("thing", "decision") if name not in names]:
        raise ConfigurationError(
            f"{path} has no column {missing[0]!r}.",
            "fill in the sheet that `cityglass privacy review --to FILE` writes",
        )
    return lines
