"""Files: CSV, JSON, GeoJSON, JSON lines, XLSX and Parquet, plain, gzipped or in a zip, on this machine or over HTTP.

A location is a path, a pattern, a folder (every file in it whose name tells a known format), `archive.zip` (every such
file in it), `archive.zip!2024-*.csv`, or the address that the button 'Download' or 'Export' of a portal leads to. What
a parameter is called in a file: the first line of a CSV, the header of a sheet, the `properties` of a GeoJSON feature,
the keys of an object, the columns of a Parquet file.
"""

import glob
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from etl.sources import delimited, features, over_http, spreadsheet
from etl.sources.archive import Content, continued, local, member, members, unbroken
from etl.sources.page import Page, Pages, Part, Proof, Request, Resume, chosen
from hub.errors import ConfigurationError, SourceError

PAGE_ROWS = 50_000  # one page of a Parquet file
FORMATS = {
    ".csv": "csv",
    ".txt": "csv",
    ".tsv": "csv",
    ".geojson": "geojson",
    ".json": "json",
    ".jsonl": "ndjson",
    ".ndjson": "ndjson",
    ".parquet": "parquet",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
}
OLD_WORKBOOK = ".xls"  # not read, and never passed over in silence
DAY = re.compile(r"(?<!\d)(20\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?(0[1-9]|[12]\d|3[01])(?!\d)")  # in a daily file's name
INSIDE = re.compile(r"(?i)(?<=\.zip)!")  # parts an archive's name from that of a file in it
OLD_OFFICE = b"\xd0\xcf\x11\xe0"


def recognises(url: str) -> bool:
    """True for the address of a file, told by its ending."""
    return over_http.is_web(url) and _is_known(_split(urlsplit(url).path)[0])


def probe(request: Request) -> dict:
    """The columns of the first file, as it names them, for a city that has chosen none yet: else there is nothing to
    learn before reading."""
    if request.columns:
        return {}
    page = next(pages(replace(request, required=()), parts(request)[0], Resume()))
    return {"columns": [name for name in page.dropped if not name.startswith("(")]}


def parts(request: Request) -> list[Part]:
    """Every file of the location, in order, with the sha256 of its bytes (over HTTP: what the server says of it)."""
    found = [part for place in request.location for part in _found(request, place)]
    listed = _told_apart({(part.name, part.ask.get("url")): part for part in found}.values())
    return _with_missing_days(request, listed) if request.layout.get("daily") else listed


def pages(request: Request, part: Part, resume: Resume) -> Pages:
    """Read one file to its end. Raises SourceError naming the file, the row and the cure."""
    if "why" in part.ask:
        return Proof(why=part.ask["why"])
    if "url" in part.ask:
        return (yield from _fetched(request, part))
    file = local(Path(part.ask.get("path", part.name)))
    with unbroken(part.name):
        yield from _read(request, member(file, part.ask["member"]) if "member" in part.ask else file)
    return Proof("whole_file")


def refuse_address(place: str, source: str) -> None:
    """Raise ConfigurationError if a location is no file of this machine but an address elsewhere."""
    if "://" not in place:
        return
    from etl.sources import SOURCES  # the table that this adapter stands in

    others = ", ".join(name for name in SOURCES if name != "files")
    cure = "fetch it and name the file with --from"
    raise ConfigurationError(
        f"{place} (source {source!r}) is an address that is not read here.",
        f"{cure}, or set sources.{source}.adapter to the one for its platform: {others}" if others else cure,
    )


# Which files there are


def _found(request: Request, place: str) -> Iterator[Part]:
    outer, inside = _split(place)
    if over_http.is_web(place):
        yield over_http.part(request, outer, inside)
        return
    refuse_address(place, request.name)
    for match in sorted(glob.glob(outer, recursive=True)) or [outer]:
        for path in _in_folder(request, Path(match)) if Path(match).is_dir() else [Path(match)]:
            told = _sha256(path, request.name)
            if not _is_zip(path.name):
                yield Part(str(path), told)
                continue
            for one in members(local(path), inside, _data_for(request)):
                yield Part(one.label, told, {"path": str(path), "member": one.name})


def _told_apart(found: Iterable[Part]) -> list[Part]:
    """Addresses that differ in their query only get a number."""
    met: Counter[str] = Counter()
    named = []
    for part in found:
        met[part.name] += 1
        named.append(replace(part, name=f"{part.name} ({number})") if (number := met[part.name]) > 1 else part)
    return named


def _split(place: str) -> tuple[str, str]:
    """An archive's name and the pattern of the files in it, if it has one."""
    outer, *inside = INSIDE.split(place, maxsplit=1)
    return outer, "".join(inside)


def _in_folder(request: Request, folder: Path) -> list[Path]:
    is_data = _data_for(request)
    found = [
        path
        for path in sorted(folder.iterdir())
        if path.is_file() and not path.name.startswith(".") and (is_data(path.name) or _is_zip(path.name))
    ]
    if not found:
        raise SourceError(
            f"{folder} (source {request.name!r}) is a folder without a file that can be read.",
            f"put files into it that end in {', '.join(FORMATS)} or .zip, or set layout.format",
        )
    return found


def _data_for(request: Request):
    """Which names are those of data: with a declared format, all."""
    return (lambda name: True) if "format" in request.layout else _is_data


def _is_data(name: str) -> bool:
    return bool(_format_of(name)) or name.lower().endswith(OLD_WORKBOOK)


def _is_zip(name: str) -> bool:
    return name.lower().endswith(".zip")


def _is_known(name: str) -> bool:
    return _is_data(name) or _is_zip(name)


def _format_of(name: str) -> str:
    return FORMATS.get(PurePosixPath(name.lower().removesuffix(".gz")).suffix, "")


def _sha256(path: Path, source: str) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        cure = "correct its location in city.yml, or read another file with --from"
        if "data/sample" in path.as_posix():
            cure = "write the sample city's files with `cityglass init sample`"
        raise SourceError(f"{path} (source {source!r}) does not exist.", cure) from None
    except OSError as error:
        raise SourceError(
            f"{path} (source {source!r}) cannot be read: {error.strerror}.", "check its permissions"
        ) from None


def _with_missing_days(request: Request, found: list[Part]) -> list[Part]:
    """The files of a daily series by day; days without a file are a part that cannot be proved."""
    days = sorted(((_day_of(request, part), part) for part in found), key=lambda one: (one[0], one[1].name))
    listed = [part for _, part in days[:1]]
    for (before, _), (after, part) in pairwise(days):
        if (after - before).days > 1:
            first, last = before + timedelta(1), after - timedelta(1)
            gap = str(first) if first == last else f"{first}..{last}"
            why = f"the daily series of source {request.name!r} has no file for {gap}, but earlier and later ones"
            listed.append(Part(f"{gap} (no file)", "missing", {"why": why}))
        listed.append(part)
    return listed


def _day_of(request: Request, part: Part) -> date:
    for found in reversed(DAY.findall(PurePosixPath(part.name).name)):
        try:
            return date(*map(int, found))
        except ValueError:
            continue
    raise SourceError(
        f"{part.name} (source {request.name!r}) names no day, but its layout says `daily: true`.",
        "name the files as rows-2024-03-05.csv, or leave out layout.daily",
    )


# Reading one


def _fetched(request: Request, part: Part) -> Pages:
    """A file over HTTP, and all files of an archive in turn."""
    with over_http.fetched(request, part, _is_known) as (file, got), unbroken(file):
        is_zip = _is_zip(file.name)
        tables = members(file, part.ask["inside"], _data_for(request)) if is_zip else [file]
        yield from continued(_read(request, table) for table in tables)
        ends_itself = is_zip or file.is_gzipped or _kind(request, file) not in ENDLESS
        return over_http.proof(request, part, got, ends_itself)


def _read(request: Request, file: Content) -> Iterator[Page]:
    with file.open() as stream:
        head = stream.read(512)
    kind = _kind(request, file)
    ending = PurePosixPath(file.name.lower()).suffix
    if head.startswith(OLD_OFFICE):
        old = "of the old kind (.xls)"
        what = old if ending == OLD_WORKBOOK else f"protected by a password, or {old}"
        raise SourceError(f"{file} is a workbook {what}.", "save it as .xlsx without a password, or as CSV")
    if kind not in READERS:
        raise ConfigurationError(
            f"{file}: the format {kind or ending!r} is not known.", f"set layout.format to one of: {', '.join(READERS)}"
        )
    _refuse_impostors(file, head, kind)
    yield from READERS[kind](request, file)


def _kind(request: Request, file: Content) -> str:
    return request.layout.get("format") or _format_of(file.name)


def _refuse_impostors(file: Content, head: bytes, kind: str) -> None:
    text = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if not text:
        raise SourceError(f"{file} is empty.", "fetch the file again; an empty file does not replace good data")
    if text.startswith((b"<!doctype", b"<html", b"<?xml")):
        raise SourceError(
            f"{file} is a web page, not {kind}.",
            "open the address in a browser: it may ask for a login or say that it moved",
        )
    if text.startswith(b"\x1f\x8b"):
        raise SourceError(f"{file} is gzipped but its name does not say so.", "rename it to end in .gz")
    if text.startswith(b"pk\x03\x04") and kind != "xlsx":
        raise SourceError(
            f"{file} is a zip archive or a workbook, not {kind}.", "rename it to end in .zip or .xlsx, as it is"
        )
    if kind == "csv" and text.startswith((b"{", b"[")):
        raise SourceError(
            f"{file} is JSON, not CSV.",
            "set layout.format: json (or geojson, ndjson), or fetch the CSV export; a server that is still preparing it "
            "says so in JSON",
        )


def _parquet(request: Request, file: Content) -> Iterator[Page]:
    first = 2
    try:
        with file.open() as stream:
            table = pq.ParquetFile(stream if stream.seekable() else pa.BufferReader(stream.read()))
            kept = chosen(request, file, table.schema_arrow.names)
            dropped = tuple(name for name in table.schema_arrow.names if name not in kept)
            for batch in table.iter_batches(batch_size=PAGE_ROWS, columns=kept):
                rows = pa.Table.from_batches([batch])
                text = pa.schema([(name, pa.string()) for name in rows.column_names])
                yield Page(rows.cast(text), first, (), dropped)
                first += rows.num_rows
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{file} is not a whole Parquet file of plain columns ({error}).", "fetch it again") from None
    if first == 2:
        raise SourceError(f"{file} has no rows.", "fetch the file again; an empty table does not replace good data")


READERS = {
    "csv": delimited.pages,
    "geojson": features.pages,
    "json": features.pages,
    "ndjson": features.pages_of_lines,
    "parquet": _parquet,
    "xlsx": spreadsheet.pages,
}
ENDLESS = {"csv", "ndjson"}  # their text does not tell where it ends
