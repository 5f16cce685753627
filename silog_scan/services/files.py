"""Files of a data home: for their owner only, and on disk before anything counts on them."""

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO


@contextmanager
def private(path: Path) -> Iterator[IO[bytes]]:
    """Give a new file for its owner only, which is on disk at the end."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def keep(folder: Path, data: bytes, suffix: str) -> str:
    """Keep a file under its SHA-256, on disk before the event that names it is."""
    digest = hashlib.sha256(data).hexdigest()
    path = folder / f"{digest}{suffix}"
    if not path.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        partial.unlink(missing_ok=True)  # left by a power cut
        with private(partial) as file:
            file.write(data)
        partial.replace(path)
    return digest


def sync(folder: Path) -> None:
    """Put a folder's names on disk, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
