"""XLSX: the visible sheets of a workbook, as text. The values are those that were saved: no formula is run.

The header is the first row that names every needed column, or the one that `layout.header_row` says. Dates come as ISO
8601, numbers without a needless fraction. What the spreadsheet itself lost (leading zeros, digits behind the fifteenth)
nobody can give back.
"""

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, time, timedelta
from itertools import islice
from typing import Any, BinaryIO

import pyarrow as pa
from python_calamine import (
    CalamineError,
    CalamineSheet,
    CalamineWorkbook,
    PasswordError,
    SheetTypeEnum,
    SheetVisibleEnum,
)

from etl.sources.archive import Content, continued, refuse_bomb, unbroken
from etl.sources.page import Page, Request, chosen, plain, text
from etl.sources.totals import TOTALS, without_totals
from hub.errors import ConfigurationError, SourceError

PAGE_ROWS = 50_000
HEADER_ROWS = 20  # among the first so many rows the header is looked for
CELLS = 30_000_000  # of one sheet, empty ones included: all are held in memory
PACKED_BYTES = 256 << 20  # the workbook as it lies there
INFLATED_BYTES = 2 << 30  # and unpacked
EXACT = 10**15  # a spreadsheet keeps fifteen digits
ROW = re.compile(rb"""r\s*=\s*["'][A-Za-z]*(\d+)""")
COLUMN = re.compile(rb"""r\s*=\s*["']([A-Za-z]{2,})\d""")  # one letter is always few enough
CHUNK = 1 << 20


def pages(request: Request, file: Content) -> Iterator[Page]:
    with file.open() as stream:
        packed = io.BytesIO(stream.read(PACKED_BYTES + 1))
    _refuse_harmful(file, packed)
    packed.seek(0)
    book = _book(file, packed)
    names, hidden = _sheets(request, file, book)
    yield from continued(_tables(request, file, book, names, hidden))


def _tables(
    request: Request, file: Content, book: CalamineWorkbook, names: list[str], hidden: tuple[str, ...]
) -> Iterator[Iterator[Page]]:
    """The sheets that are not blank, one in memory at a time."""
    met = 0
    for name in names:
        try:
            sheet = book.get_sheet_by_name(name)
        except CalamineError as error:
            raise _broken(file, error) from None
        if sheet.start:
            met += 1
            yield _sheet_pages(request, f"{file}, sheet {name!r}", sheet, hidden)
    if not met:
        raise SourceError(f"{file} has no sheet with rows.", "name the sheet in layout.sheet, or fetch it again")


def _book(file: Content, packed: BinaryIO) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_filelike(packed)
    except PasswordError:
        raise SourceError(f"{file} is protected by a password.", "save a copy without it") from None
    except CalamineError as error:
        raise _broken(file, error) from None


def _broken(file: Content, error: CalamineError) -> SourceError:
    return SourceError(f"{file} is not a whole workbook ({error}).", "export it again as .xlsx")


def _sheets(request: Request, file: Content, book: CalamineWorkbook) -> tuple[list[str], tuple[str, ...]]:
    """The sheets to read, and what is told of the hidden ones."""
    sheets = {sheet.name: sheet.visible for sheet in book.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet}
    wanted = request.layout.get("sheet", [])
    wanted = [wanted] if isinstance(wanted, str) else wanted
    if unknown := [name for name in wanted if name not in sheets]:
        raise ConfigurationError(
            f"{file} has no sheet {unknown[0]!r}, which sources.{request.name}.layout.sheet names.",
            f"its sheets are: {', '.join(sheets)}",
        )
    visible = [name for name, seen in sheets.items() if seen == SheetVisibleEnum.Visible]
    return wanted or visible, tuple(f"(hidden sheet {name!r})" for name in sheets if name not in [*visible, *wanted])


def _sheet_pages(request: Request, label: str, sheet: CalamineSheet, hidden: tuple[str, ...]) -> Iterator[Page]:
    rows = enumerate(sheet.iter_rows(), 1)
    at, header = _header(request, label, rows)
    kept = chosen(request, label, header)
    places = {name: header.index(name) for name in kept}
    _refuse_merged(label, sheet, at, [sheet.start[1] + place for place in places.values()])
    unnamed = (name or f"(column {number} has no name)" for number, name in enumerate(header, 1) if name not in kept)
    dropped, first = (*unnamed, *hidden), 2
    filled = (row for row in rows if any(value != "" for value in row[1]))
    while page := list(islice(filled, PAGE_ROWS)):
        columns = {name: [_text(values[place]) for _, values in page] for name, place in places.items()}
        _refuse_rounded(request, label, page, places)
        table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
        table, totals = without_totals(request, table)
        yield Page(table, first, tuple((first + at, TOTALS) for at in totals), dropped)
        first += len(page)
    if first == 2:
        raise SourceError(f"{label} has a header and no rows.", "an empty table does not replace good data")


def _header(request: Request, label: str, rows: Iterator[tuple[int, list]]) -> tuple[int, list[str]]:
    """The number of the header's row, and the names in it; `rows` goes on behind it."""
    told = request.layout.get("header_row", 0)
    for number, row in islice(rows, told or HEADER_ROWS):
        names = [(_text(value) or "").strip() for value in row]
        met = {plain(name) for name in names if name}
        named = met and all(met & {plain(alias) for alias in aliases} for aliases in request.required)
        if named and (number == told if told else request.required or len(met) > 1):
            while names and not names[-1]:
                names.pop()
            return number, names
    needed = ", ".join(aliases[0] for aliases in request.required)
    where = f"row {told} does not name" if told else f"none of its first {HEADER_ROWS} rows names"
    raise SourceError(
        f"{label}: {where} all needed columns ({needed}).",
        f"set sources.{request.name}.layout.header_row to the number of the row with the names, layout.sheet to the "
        "sheets to be read, or add the right names to fields; names under merged cells must stand in one row",
    )


def _refuse_merged(label: str, sheet: CalamineSheet, header: int, columns: list[int]) -> None:
    """Raise SourceError for merged cells in the header, and for those below that hide a value of a kept column."""
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        is_header = top < header <= bottom + 1
        hides = top >= header and bottom > top and any(left <= column <= right for column in columns)
        if is_header or hides:
            where = f"the header (row {header})" if is_header else f"rows {top + 1:,} to {bottom + 1:,}"
            raise SourceError(
                f"{label}: there are merged cells in {where}: what they say of each column or row cannot be told.",
                "unmerge them and fill each cell, or set layout.header_row to a row of plain names below",
            )


def _refuse_rounded(request: Request, label: str, page: list[tuple[int, list]], places: dict[str, int]) -> None:
    """Raise SourceError for an id that is a number of so many digits that the spreadsheet has rounded it."""
    keys = {plain(alias) for alias in request.key}
    for place in (place for name, place in places.items() if plain(name) in keys):
        for number, row in page:
            if isinstance(row[place], float) and abs(row[place]) >= EXACT:
                raise SourceError(
                    f"{label}: the id in row {number:,} is a number of more than fifteen digits: the spreadsheet has "
                    "rounded it.",
                    "export the column as text, or the table as CSV",
                )


def _text(value: Any) -> str | None:
    if isinstance(value, timedelta):
        minutes, seconds = divmod(int(value.total_seconds()), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    return value.isoformat() if isinstance(value, date | time) else text(value)


def _refuse_harmful(file: Content, packed: BinaryIO) -> None:
    """Raise SourceError if the workbook is cut or broken, or would fill the memory. (One value in the last cell of a
    sheet makes the reader reserve room for all cells, and the process ends.)"""
    with unbroken(file), zipfile.ZipFile(packed) as parts:
        listed = parts.infolist()
        unpacked = sum(part.file_size for part in listed)
        refuse_bomb(str(file), size := packed.getbuffer().nbytes, unpacked)
        if unpacked > INFLATED_BYTES or size > PACKED_BYTES:
            raise SourceError(f"{file} is too large a workbook ({unpacked >> 20:,} MB).", "export the table as CSV")
        for part in listed:
            rows, columns = _extent(parts, part)
            if rows * columns > CELLS:
                raise SourceError(
                    f"{file}: {part.filename} reaches to row {rows:,} and column {columns:,}.",
                    "delete what stands far away from the table, or export the table as CSV",
                )


def _extent(parts: zipfile.ZipFile, part: zipfile.ZipInfo) -> tuple[int, int]:
    """How many rows and columns a sheet spans at most; other parts are only read to their end, which proves them."""
    rows, widest, before = 0, b"Z", b""
    is_sheet = part.filename.endswith(".xml") and "sharedStrings" not in part.filename
    with parts.open(part) as stream:
        while block := stream.read(CHUNK):
            if is_sheet:
                window = before + block
                rows = max(rows, *map(int, ROW.findall(window)), 0)
                widest = max((widest, *COLUMN.findall(window)), key=lambda name: (len(name), name))
                before = window[-64:]
    columns = 0
    for letter in widest.upper():
        columns = columns * 26 + letter - 64
    return rows, columns
