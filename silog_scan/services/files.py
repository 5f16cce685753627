"""Files of a data home: for their owner only, and on disk before anything counts on them."""

import hashlib
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_PIECE = 2**20


@contextmanager
def private(path: Path) -> Iterator[IO[bytes]]:
    """Give a new file for its owner only, which is on disk at the end."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(path, flags, 0o600), "wb") as file:
        yield file
        file.flush()
        os.fsync(file.fileno())


def keep(folder: Path, pieces: Iterable[bytes], suffix: str) -> str:
    """Keep a file under its SHA-256, on disk before the event that names it is."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    partial = folder / f"{secrets.token_hex(8)}.partial"
    with private(partial) as file:
        for piece in pieces:
            digest.update(piece)
            file.write(piece)
    path = folder / f"{digest.hexdigest()}{suffix}"
    partial.replace(path)
    return digest.hexdigest()


def pieces(file: Path) -> Iterator[bytes]:
    """Yield a file piece by piece."""
    with file.open("rb") as opened:
        while piece := opened.read(_PIECE):
            yield piece


def sync(folder: Path) -> None:
    """Put a folder's names on disk, where the system can."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
