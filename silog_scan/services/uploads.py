"""Files that wait between the check and the confirmation, each in a folder of its own."""

import os
import secrets
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from silog_scan.core.errors import Conflict, say
from silog_scan.services.files import private
from silog_scan.services.jobs import Job

KEPT = timedelta(days=1)
_NAME = "manifest"


def keep(folder: Path, pieces: Iterable[bytes], *, at: datetime) -> str:
    """Keep a file for a day, until it is confirmed; return the name it has here."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for old in folder.iterdir():
        if old.stat().st_mtime < (at - KEPT).timestamp():
            shutil.rmtree(old, ignore_errors=True)
    name = secrets.token_hex(16)
    (folder / name).mkdir(mode=0o700)
    _write(folder / name / _NAME, pieces)
    os.utime(folder / name, (at.timestamp(), at.timestamp()))
    return name


def kept(folder: Path, name: str) -> Path:
    """Return the file that was kept under a name, or refuse when it is gone."""
    file = folder / name / _NAME
    if not file.is_file():
        raise Conflict(
            "upload-gone", say("The checked file is no longer kept here. Choose the file again.")
        )
    return file


def job(folder: Path, name: str) -> Job:
    """Return the work on a file that was kept."""
    return Job(folder / name)


def drop(folder: Path, name: str) -> None:
    """Forget a file and what was read of it; how the work on it ended is known for its day."""
    for one in (folder / name).glob(f"{_NAME}*"):
        one.unlink(missing_ok=True)


@contextmanager
def passing(pieces: Iterable[bytes]) -> Iterator[Path]:
    """Give a file that is gone at the end."""
    with TemporaryDirectory(prefix="silog-") as folder:
        file = Path(folder) / _NAME
        _write(file, pieces)
        yield file


def _write(file: Path, pieces: Iterable[bytes]) -> None:
    with private(file) as opened:
        for piece in pieces:
            opened.write(piece)
