"""A damaged database: notice it, and say what to do with words that can be copied."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from silog_scan.core.errors import NotFound, Refused, Sentence, say
from silog_scan.services import archives, backups, homes
from silog_scan.services.backups import Backup, Holdings
from silog_scan.store import copies
from silog_scan.store.db import DAMAGED, Unavailable

AT_START = 2.0
"""Seconds a start may look at the database. Measured: 1.2 GB with a million events take 1.1 s where
the system has read them before, and 9 s where not; what is left is seen later, beside the work."""


def is_seen_whole(holdings: Holdings, seconds: float | None = None) -> bool:
    """Look for damage, for some seconds, and say whether all was seen; a server sees to itself."""
    file = backups.file_of(holdings.database)
    return file is None or not file.exists() or copies.is_seen_whole(file, seconds)


def must_not_be_emptied(holdings: Holdings, at: datetime) -> None:
    """Refuse a database without a station where there was one."""
    if not homes.is_founded(holdings.database):
        must_be_new(holdings, at)


def must_be_new(holdings: Holdings, at: datetime) -> None:
    """Refuse a home without a station that held one: its database is gone, its key is not."""
    held = [name for name in archives.KEPT if name != "secret.key"]  # that one is made by any start
    if not any((holdings.home / name).exists() for name in held):
        return
    file, good = backups.file_of(holdings.database), last_good(holdings.folder, at)
    told = say(
        "%(home)s holds the key and files of a station, but its database %(file)s is missing or "
        "empty. Rename the folder and restore the last good backup: silog-scan restore %(backup)s",
        home=holdings.home,
        file=file or "",
        backup=_in_a_command(good.path) if good else "…",
    )
    raise NotFound("database-gone", told)


@contextmanager
def named(holdings: Holdings, at: datetime) -> Iterator[None]:
    """Name the damaged database, the last good backup, and the commands, wherever it is noticed."""
    try:
        yield
    except Refused as refusal:
        if refusal.code != DAMAGED:
            raise
        raise Unavailable(DAMAGED, _sentence(holdings, at)) from refusal


def _sentence(holdings: Holdings, at: datetime) -> Sentence:
    file = backups.file_of(holdings.database) or holdings.home
    good = last_good(holdings.folder, at)
    if good is None:
        return say(
            "The database %(file)s is damaged, and there is no backup in %(folder)s. Save what "
            "can still be read: silog-scan ledger export --damaged > saved.jsonl",
            file=file,
            folder=holdings.folder,
        )
    aside = holdings.home.with_name(f"{holdings.home.name}-damaged")
    return say(
        "The database %(file)s is damaged. Save what can still be read: silog-scan ledger export "
        "--damaged > saved.jsonl. Then rename the folder %(home)s to %(aside)s and restore the "
        "last good backup, of %(at)s UTC: silog-scan restore %(backup)s",
        file=file,
        home=holdings.home,
        aside=aside,
        at=f"{good.made_at:%Y-%m-%d %H:%M}",
        backup=_in_a_command(_after_renaming(good.path, holdings.home, aside)),
    )


def last_good(folder: Path, at: datetime) -> Backup | None:
    """Return the last backup that can be read; each was checked when it was made."""
    for backup in reversed(backups.backups(folder)):
        if backup.made_at <= at and _can_be_read(backup):
            return backup
    return None


def _can_be_read(backup: Backup) -> bool:
    try:
        archives.read(backup.path)
    except (Refused, OSError):
        return False
    return True


def _after_renaming(path: Path, home: Path, aside: Path) -> Path:
    return aside / path.relative_to(home) if path.is_relative_to(home) else path


def _in_a_command(path: Path) -> str:
    """Return a path as a shell takes it: "Application Support" has a space."""
    return f'"{path}"' if " " in str(path) else str(path)
