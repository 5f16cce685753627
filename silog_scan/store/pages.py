"""What a damaged SQLite file still holds: rows read from its pages, without asking SQLite.

SQLite follows its tree from the top, and one bad page hides all below it. Here every page that
looks like a leaf of a table is read by itself, in the file and in its WAL, whatever the schema, the
tree or the file's head have become (https://sqlite.org/fileformat2.html). A page that was replaced
may show an older state of a row; of a log, to which is only ever added, that is the same row.
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import IO

_LEAF = 0x0D
_LEAF_HEAD, _WAL_HEAD, _FRAME_HEAD = 8, 32, 24
_USUAL_SIZE = 4096
_BYTES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8, 7: 8}
_FLOAT, _ONE, _BLOB, _TEXT = 7, 9, 12, 13
_LONGEST_VARINT = 9
_LONGEST = 2**26
"""Bytes of a record that is believed; a damaged length could ask for any number."""

Value = int | str | bytes | None


def text_type(length: int) -> int:
    """Return the type by which a record stores a text of so many bytes."""
    return _TEXT + 2 * length


@dataclass(frozen=True, slots=True)
class Record:
    """A row as it is stored: the types of its columns, which tell whose it is, and their bytes."""

    types: list[int]
    data: bytes

    def values(self) -> list[Value]:
        """Return the columns; a text that is no UTF-8, or cut bytes, raise ``ValueError``."""
        found, at = [], 0
        for kind in self.types:
            length = (kind - _BLOB) // 2 if kind >= _BLOB else _BYTES.get(kind, 0)
            found.append(_value(kind, self.data[at : at + length], length))
            at += length
        return found


def _value(kind: int, data: bytes, length: int) -> Value:
    if len(data) != length:
        raise ValueError(kind)
    if kind >= _BLOB:
        return data.decode() if kind % 2 else data
    if kind in _BYTES:
        return data if kind == _FLOAT else int.from_bytes(data, "big", signed=True)
    return None if kind == 0 else int(kind == _ONE)


def records(path: Path) -> Iterator[Record]:
    """Yield every record of every leaf, of all tables; one that makes no sense is passed over."""
    with ExitStack() as opened:
        file = opened.enter_context(path.open("rb"))
        wal = path.with_name(f"{path.name}-wal")
        frames = opened.enter_context(wal.open("rb")) if wal.exists() else None
        yield from _Pages(file, frames).records()


class _Pages:
    """The pages of a file and of its WAL, by number."""

    def __init__(self, file: IO[bytes], wal: IO[bytes] | None) -> None:
        """Find out how large a page is, and which pages the WAL holds."""
        self._file, self._wal = file, wal
        self._size = _page_size(file, wal)
        self._in_wal = dict(self._frames())

    def _frames(self) -> Iterator[tuple[int, int]]:
        """Yield the number and position of every page in the WAL."""
        if self._wal is None:
            return
        end = os.fstat(self._wal.fileno()).st_size
        for at in range(_WAL_HEAD, end - _FRAME_HEAD, _FRAME_HEAD + self._size):
            number = int.from_bytes(_read(self._wal, at, 4), "big")
            yield number, at + _FRAME_HEAD

    def records(self) -> Iterator[Record]:
        """Yield what the leaves hold: those of the file, then all that the WAL has of them."""
        for number in range(1, os.fstat(self._file.fileno()).st_size // self._size + 2):
            yield from self._of_leaf(_read(self._file, (number - 1) * self._size, self._size))
        for _, at in self._frames():
            yield from self._of_leaf(_read(self._wal, at, self._size))

    def _of_leaf(self, page: bytes) -> Iterator[Record]:
        """Yield the records of a leaf; the first page, of the schema, begins otherwise."""
        if page[:1] != bytes([_LEAF]):
            return
        count = int.from_bytes(page[3:5], "big")
        for at in range(_LEAF_HEAD, _LEAF_HEAD + 2 * count, 2):
            try:
                yield self._record(page, int.from_bytes(page[at : at + 2], "big"))
            except (ValueError, IndexError):
                continue

    def _record(self, page: bytes, at: int) -> Record:
        """Return the record of a cell: its length, its row's number, then the payload."""
        length, at = _varint(page, at)
        _, at = _varint(page, at)
        payload = self._payload(page, at, length)
        head, at = _varint(payload, 0)
        types = []
        while at < head:
            kind, at = _varint(payload, at)
            types.append(kind)
        return Record(types, payload[head:])

    def _payload(self, page: bytes, at: int, length: int) -> bytes:
        """Return a cell's bytes, with those that did not fit from the pages that follow."""
        if length > _LONGEST:
            raise ValueError(length)
        most, least = self._size - 35, (self._size - 12) * 32 // 255 - 23
        if length <= most:
            return page[at : at + length]
        here = least + (length - least) % (self._size - 4)
        here = here if here <= most else least
        found = bytearray(page[at : at + here])
        following = int.from_bytes(page[at + here : at + here + 4], "big")
        while following and len(found) < length:
            more = self._page(following)
            following = int.from_bytes(more[:4], "big")
            found += more[4:]
            if len(more) < self._size:
                raise ValueError(following)
        return bytes(found[:length])

    def _page(self, number: int) -> bytes:
        """Return a page as it is now."""
        if number in self._in_wal:
            return _read(self._wal, self._in_wal[number], self._size)
        return _read(self._file, (number - 1) * self._size, self._size)


def _page_size(file: IO[bytes], wal: IO[bytes] | None) -> int:
    """Return the size that the WAL or the file's head tells, or the usual one."""
    told = [int.from_bytes(_read(wal, 8, 4), "big")]
    told.append(int.from_bytes(_read(file, 16, 2), "big"))
    powers = {2**power for power in range(9, 17)}
    return next((size for size in told if size in powers), _USUAL_SIZE)


def _read(file: IO[bytes] | None, at: int, length: int) -> bytes:
    """Return bytes of a file; those that the disk cannot read are none."""
    if file is None:
        return b""
    try:
        file.seek(at)
        return file.read(length)
    except OSError:
        return b""


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """Return a number of 1 to 9 bytes and where it ends; the ninth counts whole."""
    value = 0
    for taken in range(1, _LONGEST_VARINT + 1):
        byte = data[at]
        at += 1
        if taken == _LONGEST_VARINT:
            return value << 8 | byte, at
        value = value << 7 | byte & 0x7F
        if byte < 0x80:  # noqa: PLR2004  # the top bit says that more follows
            return value, at
    raise AssertionError
