"""Bytes behind a name: a file, a download, a member of a zip. They are unpacked while they are read, within limits."""

import errno
import gzip
import io
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fnmatch import fnmatch
from functools import partial
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import BinaryIO

from etl.sources.page import Page
from hub.errors import SourceError

MEMBERS = 1_000  # in one archive
INFLATED_BYTES = 16 << 30  # one table, unpacked
RATIO = 200  # text does not pack tighter than that; what does was made to harm
HARMLESS_BYTES = 64 << 20  # so little may be packed as tightly as it likes
ENCRYPTED = 0x1  # bit of ZipInfo.flag_bits


@dataclass(frozen=True, slots=True)
class Content:
    """What a table is read from. `label`: what messages call it. `name`: its ending tells the format. `raw`: opens its
    bytes anew."""

    label: str
    name: str
    raw: Callable[[], BinaryIO]
    is_gzipped: bool = False

    def __str__(self) -> str:
        return self.label

    def open(self) -> BinaryIO:
        """Its bytes from the start, unpacked."""
        return io.BufferedReader(Inflated(self.label, self.raw()), 1 << 20) if self.is_gzipped else self.raw()


def local(path: Path) -> Content:
    return Content(str(path), path.name, partial(open, path, "rb"), path.suffix.lower() == ".gz")


class Inflated(io.RawIOBase):
    """A gzipped stream as its text; what unpacks to too much is a SourceError. (A base class, for `io` asks for it.)"""

    def __init__(self, label: str, packed: BinaryIO):
        self.label, self.packed, self.text = label, packed, gzip.GzipFile(fileobj=packed)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        block = self.text.read(len(buffer))
        refuse_bomb(self.label, self.packed.tell(), self.text.tell())
        buffer[: len(block)] = block
        return len(block)

    def close(self) -> None:
        self.packed.close()
        super().close()


def refuse_bomb(label: str, packed: int, unpacked: int) -> None:
    """Raise SourceError if so many bytes unpack to more than a city's table can be."""
    if unpacked > INFLATED_BYTES or (unpacked > HARMLESS_BYTES and unpacked > RATIO * packed):
        raise SourceError(
            f"{label} unpacks to more than {unpacked >> 20:,} MB from {packed >> 10:,} kB: no table of a city does that.",
            "fetch it again from the city; if it is right, unpack it and read the unpacked file",
        )


@contextmanager
def unbroken(label: object) -> Iterator[None]:
    """What is broken in an archive is a SourceError wherever it shows."""
    try:
        yield
    except (EOFError, OSError, zipfile.BadZipFile, zlib.error, NotImplementedError) as error:
        if getattr(error, "errno", None) not in (None, errno.EINVAL):  # the disk's, not the archive's
            raise
        raise SourceError(
            f"{label}: the archive is cut or broken ({error}).", "fetch the file again; nothing of it was used"
        ) from None


def members(archive: Content, wanted: str, is_data: Callable[[str], bool]) -> list[Content]:
    """The data files in a zip, by name; `wanted` is a pattern. Nothing is ever written to the disk."""
    with unbroken(archive), archive.open() as packed, zipfile.ZipFile(packed) as opened:
        listed = [info for info in opened.infolist() if not info.is_dir()]
    for info in listed:
        _refuse_strange(archive, info)
    found = [info for info in listed if (fnmatch(info.filename, wanted) if wanted else _is_meant(info, is_data))]
    names = sorted(info.filename for info in found)
    if not names or len(names) > MEMBERS or len(set(names)) < len(names):
        what = "no data file" if not names else f"{len(names):,} files" if len(names) > MEMBERS else "a file twice"
        raise SourceError(
            f"{archive} holds {what}{f' that matches {wanted}' if wanted else ''}.",
            f"it has: {', '.join(info.filename for info in listed[:10]) or 'nothing'}; name those to be read, as "
            f"{archive}!*.csv",
        )
    for info in found:
        _refuse_harmful(archive, info)
    return [member(archive, name) for name in names]


def member(archive: Content, name: str) -> Content:
    """A file in a zip that was found to be harmless."""
    return Content(f"{archive}!{name}", name, partial(_opened, archive, name), name.lower().endswith(".gz"))


def _opened(archive: Content, name: str) -> BinaryIO:
    with zipfile.ZipFile(archive.open()) as opened:
        return opened.open(name)  # keeps the archive open for itself


def _is_meant(info: zipfile.ZipInfo, is_data: Callable[[str], bool]) -> bool:
    path = PurePosixPath(info.filename)
    return not any(part.startswith((".", "__MACOSX")) for part in path.parts) and is_data(path.name)


def _refuse_strange(archive: Content, info: zipfile.ZipInfo) -> None:
    path = PureWindowsPath(info.filename)  # knows slashes of both kinds, and drives
    if path.drive or path.root or ".." in path.parts or stat.S_ISLNK(info.external_attr >> 16):
        raise SourceError(
            f"{archive}: its file {info.filename!r} points out of the archive.",
            "ask the city for an archive of plain files; nothing of it was used",
        )


def _refuse_harmful(archive: Content, info: zipfile.ZipInfo) -> None:
    label = f"{archive}!{info.filename}"
    if info.flag_bits & ENCRYPTED:
        raise SourceError(f"{label} is encrypted.", "unpack it with its password and read the unpacked file")
    refuse_bomb(label, info.compress_size, info.file_size)


def continued(tables: Iterable[Iterator[Page]]) -> Iterator[Page]:
    """Several tables as one part: its rows, and those set aside, are numbered on from table to table."""
    first = 0
    for pages in tables:
        for page in pages:
            first = first or page.first
            rejected = tuple((first + number - page.first, why) for number, why in page.rejected)
            yield replace(page, first=first, rejected=rejected)
            first += page.rows.num_rows + len(rejected)
