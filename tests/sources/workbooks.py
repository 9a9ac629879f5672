"""Workbooks as a spreadsheet program writes them, made by hand so that every quirk can be planted."""

import zipfile
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from xml.sax.saxutils import escape

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
STYLES = (
    f"<styleSheet {MAIN}><fonts><font/></fonts><fills><fill/></fills><borders><border/></borders><cellStyleXfs><xf/>"
    '</cellStyleXfs><cellXfs><xf/><xf numFmtId="22" applyNumberFormat="1"/><xf numFmtId="14" applyNumberFormat="1"/>'
    '<xf numFmtId="46" applyNumberFormat="1"/></cellXfs></styleSheet>'
)


@dataclass(frozen=True)
class Formula:
    """A formula and the value that was there when the workbook was saved; None: it was never calculated."""

    text: str
    saved: float | None = None


@dataclass(frozen=True)
class Failed:
    """A cell that shows an error, such as #REF!."""

    text: str


@dataclass(frozen=True)
class Sheet:
    rows: list[list]
    state: str = "visible"  # hidden, veryHidden
    merged: tuple[str, ...] = ()


def write_workbook(path: Path, sheets: dict[str, Sheet], is_1904: bool = False) -> Path:
    parts = {
        "[Content_Types].xml": _types(len(sheets)),
        "_rels/.rels": _relations([("officeDocument", "xl/workbook.xml")]),
        "xl/workbook.xml": _book(sheets, is_1904),
        "xl/_rels/workbook.xml.rels": _relations(
            [("worksheet", f"worksheets/sheet{n}.xml") for n in range(1, len(sheets) + 1)] + [("styles", "styles.xml")]
        ),
        "xl/styles.xml": STYLES,
    }
    parts |= {f"xl/worksheets/sheet{n}.xml": _sheet(one, is_1904) for n, one in enumerate(sheets.values(), 1)}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in parts.items():
            packed.writestr(name, f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n{text}')
    return path


def _types(sheets: int) -> str:
    more = "".join(
        f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{SHEET_TYPE}.worksheet+xml"/>'
        for n in range(1, sheets + 1)
    )
    return (
        f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{SHEET_TYPE}.sheet.main+xml"/>{more}</Types>'
    )


def _relations(targets: list[tuple[str, str]]) -> str:
    rows = (
        f'<Relationship Id="r{n}" Type="{OFFICE}/{kind}" Target="{to}"/>' for n, (kind, to) in enumerate(targets, 1)
    )
    return f'<Relationships xmlns="{PACKAGE}/relationships">{"".join(rows)}</Relationships>'


def _book(sheets: dict[str, Sheet], is_1904: bool) -> str:
    listed = "".join(
        f'<sheet name="{escape(name)}" sheetId="{n}" state="{one.state}" r:id="r{n}"/>'
        for n, (name, one) in enumerate(sheets.items(), 1)
    )
    about = '<workbookPr date1904="1"/>' if is_1904 else "<workbookPr/>"
    return f'<workbook {MAIN} xmlns:r="{OFFICE}">{about}<sheets>{listed}</sheets></workbook>'


def _sheet(sheet: Sheet, is_1904: bool) -> str:
    rows = (
        f'<row r="{r}">{"".join(_cell(f"{_letters(c)}{r}", value, is_1904) for c, value in enumerate(row))}</row>'
        for r, row in enumerate(sheet.rows, 1)
    )
    merged = "".join(f'<mergeCell ref="{place}"/>' for place in sheet.merged)
    tail = f"<mergeCells>{merged}</mergeCells>" if merged else ""
    return f"<worksheet {MAIN}><sheetData>{''.join(rows)}</sheetData>{tail}</worksheet>"


def _letters(column: int) -> str:
    return (_letters(column // 26 - 1) if column >= 26 else "") + chr(65 + column % 26)


def _cell(place: str, value: object, is_1904: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return f'<c r="{place}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    attributes, inside = _written(value, datetime(1904, 1, 1) if is_1904 else datetime(1899, 12, 30))
    return f'<c r="{place}" {attributes}>{inside}</c>'


def _written(value: object, epoch: datetime) -> tuple[str, str]:
    """The attributes of a cell and what is in it."""
    if isinstance(value, Formula):
        return "", f"<f>{escape(value.text)}</f>" + ("" if value.saved is None else f"<v>{value.saved}</v>")
    for kind, attributes, number in (
        (Failed, 't="e"', lambda: value.text),
        (bool, 't="b"', lambda: int(value)),
        (timedelta, 's="3"', lambda: value / timedelta(1)),
        (datetime, 's="1"', lambda: (value - epoch) / timedelta(1)),
        (date, 's="2"', lambda: (datetime(value.year, value.month, value.day) - epoch).days),
    ):
        if isinstance(value, kind):
            return attributes, f"<v>{number()}</v>"
    return "", f"<v>{value!r}</v>"
