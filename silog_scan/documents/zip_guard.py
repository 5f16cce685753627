"""The archive that a workbook is: opened only if it can fill neither the memory nor the afternoon.

What an archive declares is checked before anything in it is opened. zipfile gives no more of an
entry than was declared, and compares the checksum at its end, so a declaration that lies ends as
damage. What XML may do to a parser is bounded by ``Part``, and by refusing a DOCTYPE.
"""

import mmap
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import IO, Literal, Self
from xml.etree.ElementTree import Element, iterparse
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse as defused

from silog_scan.core.errors import Malformed, Refused, Sentence, say

MAX_BYTES = 64 * 1024 * 1024
"""Bytes of the file; a million rows of a manifest are some 40 MB."""
MAX_ENTRIES = 10_000
MAX_UNPACKED = 512 * 1024 * 1024
"""Declared bytes of all entries; a million rows are some 450 MB."""
MAX_RATIO, RATIO_FROM = 100, 16 * 1024 * 1024
"""How far an entry may unpack, once it is large: the bound of Apache POI. Manifests reach 15."""
MAX_WHOLE = 1024 * 1024
"""Bytes of a part that is read at once: the list of sheets and the like, some kilobytes."""
MAX_UNFINISHED = 1024 * 1024
"""Bytes of one row or text: 16,384 cells that are only formatted are a third of it."""

_CHUNK = 64 * 1024
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ZIP = b"PK\x03\x04"
_ENTRY = re.compile(b"PK\x01\x02")
_ENCRYPTED = 0x1


class Part:
    """One entry as a stream that runs dry when it is long in finishing anything.

    A parser keeps what is not finished in memory, so the reader says ``finished()`` after each
    row or text it has taken.
    """

    def __init__(self, stream: IO[bytes], *, allowed: int = MAX_UNFINISHED) -> None:
        """Take the unpacked stream, and how many bytes of it may stay unfinished."""
        self._stream = stream
        self._allowed = self._left = allowed

    def read(self, size: int = _CHUNK) -> bytes:
        """Return up to ``size`` bytes; refuse when too many are unfinished."""
        data = self._stream.read(min(size, _CHUNK))
        self._left -= len(data)
        if self._left < 0:
            raise _endless()
        return data

    def elements(self, *events: Literal["start", "end"]) -> Iterator[tuple[str, Element]]:
        """Yield the elements of the stream as ``iterparse`` does."""
        # A DOCTYPE was refused before; defusedxml parses in Python, and takes three times as long.
        return iterparse(self, events)  # noqa: S314

    def finished(self) -> None:
        """Forget what was read so far: it is taken, and no longer in memory."""
        self._left = self._allowed

    def drain(self) -> None:
        """Read what is left and throw it away, because the checksum is compared at the end."""
        while self._stream.read(_CHUNK):
            pass

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()


class Archive(ZipFile):
    """An archive whose entries are read in bounds, and only when they have no DOCTYPE."""

    def part(self, name: str, *, allowed: int = MAX_UNFINISHED) -> Part:
        """Return an XML entry as a stream."""
        with Part(self.open(name)) as prolog:
            next(defused(prolog, events=("start",), forbid_dtd=True), None)
        return Part(self.open(name), allowed=allowed)

    def read(self, name: str | ZipInfo, pwd: bytes | None = None) -> bytes:
        """Return a small XML entry at once, which is how openpyxl asks for it."""
        entry = name if isinstance(name, ZipInfo) else self.getinfo(name)
        if entry.file_size > MAX_WHOLE:
            raise Malformed("file-unsafe", _NOT_LIKE_A_WORKBOOK)
        with self.part(entry.filename, allowed=MAX_WHOLE) as part:
            return b"".join(iter(part.read, b""))


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """Give the archive of a workbook; refused when it is none, locked, damaged or too large.

    Whatever goes wrong while it is open is damage, said in one sentence.
    """
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise too_large(MAX_BYTES)
    _check_kind(path, size)
    with _damage_refused(), Archive(path) as archive:
        _check_entries(archive.infolist())
        _check_names(archive)
        yield archive


@contextmanager
def _damage_refused() -> Iterator[None]:
    try:
        yield
    except Refused:
        raise
    except DefusedXmlException as error:
        message = say(
            "The workbook has a DOCTYPE, which no spreadsheet writes. Open it in a spreadsheet "
            "and save it again."
        )
        raise Malformed("file-unsafe", message) from error
    except Exception as error:  # zipfile, zlib, expat and openpyxl raise a dozen kinds on damage
        raise damaged() from error


def damaged() -> Malformed:
    """Return the refusal of a workbook that cannot be understood."""
    message = say("The workbook is damaged. Open it in a spreadsheet and save it again.")
    return Malformed("file-damaged", message)


def _check_kind(path: Path, size: int) -> None:
    """Refuse what is no archive, and one whose list of entries alone would fill the memory."""
    with path.open("rb") as file:
        start = file.read(len(OLE))
        if start == OLE:
            raise Malformed("file-locked", _LOCKED_OR_OLD)
        if not start.startswith(ZIP):
            raise Malformed("file-kind", _NO_WORKBOOK)
        with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as data:
            if any(islice(_ENTRY.finditer(data), MAX_ENTRIES, None)):
                raise Malformed("file-unsafe", _NOT_LIKE_A_WORKBOOK)


def _check_entries(entries: list[ZipInfo]) -> None:
    if any(entry.flag_bits & _ENCRYPTED for entry in entries):
        raise Malformed("file-locked", _LOCKED)
    if any(entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED) for entry in entries):
        raise Malformed("file-unsafe", _NOT_LIKE_A_WORKBOOK)
    if any(map(_is_bomb, entries)):
        raise Malformed("file-unsafe", _NOT_LIKE_A_WORKBOOK)
    if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        raise too_large(MAX_UNPACKED)


def _is_bomb(entry: ZipInfo) -> bool:
    is_large = entry.file_size > RATIO_FROM
    return is_large and entry.file_size > MAX_RATIO * entry.compress_size


def _check_names(archive: Archive) -> None:
    """Refuse the archives that are something else."""
    names = set(archive.namelist())
    if "xl/workbook.bin" in names:
        raise Malformed("file-kind", _BINARY)
    if "content.xml" in names:
        raise Malformed("file-kind", _OPEN_DOCUMENT)
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/") for name in names):
        raise Malformed("file-kind", _NO_WORKBOOK)


_SAVE_AS: Sentence = say("Open it in a spreadsheet and save it as XLSX or as CSV UTF-8.")
_NO_WORKBOOK = say(
    "This is no Excel workbook (XLSX). Choose the workbook of the manifest, or its CSV file."
)
_LOCKED = say("The workbook has a password. Open it, remove the password and save it again.")
_LOCKED_OR_OLD = say(
    "The workbook has a password, or is an old one (XLS). Open it in a spreadsheet, remove the "
    "password if there is one, and save it as XLSX."
)
_BINARY = say("This is a binary workbook (XLSB). %(advice)s", advice=_SAVE_AS)
_OPEN_DOCUMENT = say("This is an OpenDocument workbook (ODS). %(advice)s", advice=_SAVE_AS)
_NOT_LIKE_A_WORKBOOK = say(
    "The file is packed as no spreadsheet packs a workbook. Open it in a spreadsheet and save it "
    "again."
)


def too_large(most: int) -> Malformed:
    """Return the refusal of a workbook, or a part of it, that has more than ``most`` bytes."""
    message = say(
        "The workbook is larger than %(most)s MB. Remove the sheets and pictures that are not "
        "needed, or save it as CSV UTF-8.",
        most=most // 2**20,
    )
    return Malformed("file-too-large", message)


def _endless() -> Malformed:
    message = say("The workbook has a cell or a row that is far too long. Shorten it.")
    return Malformed("cell-too-long", message)
