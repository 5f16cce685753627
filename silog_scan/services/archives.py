"""The one file of a backup: a zip in which one member says what all the others must be."""

import errno
import hashlib
import json
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import IO, Any

from silog_scan.core.errors import Malformed, Refused, say
from silog_scan.services.files import private

FORMAT = 1
DATABASE = "silog.db"
KEPT = ("attachments", "keys", "secret.key")
"""What a data home holds beside its database that a new laptop needs."""

_CONTENTS = "backup.json"
_MOST_CONTENTS = 64 * 2**20
_PIECE = 2**20
_QUICK = 1
"""Of zlib's levels; measured: 1.2 GB with a million events become 255 MB at 115 MB/s."""


@dataclass(frozen=True, slots=True)
class Member:
    """What a file in the backup must be: its bytes and their SHA-256 in hex."""

    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What a backup says of itself: of which station, when, how far its log goes, which files."""

    schema: str
    station: str
    events: int
    position: int
    made_at: datetime
    files: Mapping[str, Member]
    format: int = FORMAT


def write(path: Path, contents: Contents, files: Iterable[tuple[str, Path]]) -> None:
    """Write a new zip of files by name, readable by its owner only."""
    held: dict[str, Member] = {}
    with (
        private(path) as file,
        zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=_QUICK) as archive,
    ):
        for name, source in files:
            with source.open("rb") as whole, archive.open(name, "w", force_zip64=True) as written:
                held[name] = _poured(whole, written)
        archive.writestr(_CONTENTS, _as_json(replace(contents, files=held)))


def _poured(source: IO[bytes], target: IO[bytes] | None, most: int | None = None) -> Member:
    """Copy a stream piece by piece, or only read it, and return what it was."""
    size, hashed = 0, hashlib.sha256()
    while piece := source.read(_PIECE):
        size += len(piece)
        if most is not None and size > most:
            break
        hashed.update(piece)
        if target:
            target.write(piece)
    return Member(size, hashed.hexdigest())


def _as_json(contents: Contents) -> str:
    fields = asdict(contents) | {"made_at": contents.made_at.isoformat(timespec="seconds")}
    return json.dumps(fields, ensure_ascii=False, indent=1)


# Reading what may have been changed, cut, or made by somebody else.


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open a zip; whatever the format's reader stumbles over is one refusal."""
    try:
        with zipfile.ZipFile(path) as archive:
            yield archive
    except _STUMBLES as error:
        raise _damaged(path) from error
    except OSError as error:
        if error.errno != errno.EINVAL:  # which is a directory that points before the file
            raise
        raise _damaged(path) from error


_STUMBLES = (
    zipfile.BadZipFile, zlib.error, struct.error, EOFError, NotImplementedError, RuntimeError,
    ValueError, OverflowError,
)  # fmt: skip


def _damaged(path: Path) -> Malformed:
    told = say(
        "%(path)s is no whole backup of this program: it was changed, cut off, or is another "
        "file. Nothing was restored; take another backup.",
        path=path,
    )
    return Malformed("backup-damaged", told)


def read(path: Path) -> Contents:
    """Return what a backup says of itself; nothing else of it is looked at."""
    with _opened(path) as archive:
        return _contents(path, archive)


def _contents(path: Path, archive: zipfile.ZipFile) -> Contents:
    try:
        entry = archive.getinfo(_CONTENTS)
        if entry.file_size > _MOST_CONTENTS:
            raise _damaged(path)
        fields = json.loads(archive.read(entry))
        _must_be_known(path, fields["format"])
        return _contents_of(fields)
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        raise _damaged(path) from error


def _must_be_known(path: Path, version: int) -> None:
    if version > FORMAT:
        told = say(
            "%(path)s was made by a newer version of the program. Install that version and try "
            "again; nothing was restored.",
            path=path,
        )
        raise Refused("backup-newer", told)


def _contents_of(fields: dict[str, Any]) -> Contents:
    files = {
        str(name): Member(int(member["size"]), str(member["sha256"]))
        for name, member in fields["files"].items()
    }
    return Contents(
        schema=str(fields["schema"]),
        station=str(fields["station"]),
        events=int(fields["events"]),
        position=int(fields["position"]),
        made_at=datetime.fromisoformat(fields["made_at"]),
        files=files,
    )


def unpack(path: Path, folder: Path, *, only: str | None = None) -> Contents:
    """Check every file of a backup and lay them, or only one, into a folder, safe on disk.

    A name that leads elsewhere, a file that is not listed, and any byte that differs is refused.
    """
    with _opened(path) as archive:
        contents = _contents(path, archive)
        names = archive.namelist()
        if sorted(names) != sorted([_CONTENTS, *contents.files]) or DATABASE not in names:
            raise _damaged(path)
        if not all(map(_is_ours, contents.files)):
            raise _damaged(path)
        wanted = [name for name in contents.files if only in (None, name)]
        _must_fit(folder, sum(contents.files[name].size for name in wanted))
        for name, member in contents.files.items():
            target = folder / name if name in wanted else None
            if _unpacked(archive, name, target, member.size) != member:
                raise _damaged(path)
    return contents


def _is_ours(name: str) -> bool:
    """Say whether a name stays within what a backup holds, on every platform."""
    parts = PurePosixPath(name).parts
    is_plain = name == "/".join(parts) and not set(parts) & {"", ".", ".."}
    return is_plain and not set(name) & set("\\:\0") and parts[0] in (DATABASE, *KEPT)


def _must_fit(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if size > free:
        told = say(
            "The disk has not enough room: %(need)s MB are needed, %(free)s MB are free.",
            need=-(-size // 2**20),
            free=free // 2**20,
        )
        raise Refused("disk-full", told)


def _unpacked(archive: zipfile.ZipFile, name: str, target: Path | None, most: int) -> Member:
    with archive.open(name) as read:
        if target is None:
            return _poured(read, None, most)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with private(target) as written:
            return _poured(read, written, most)
