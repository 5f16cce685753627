"""Open a data home with a newer program: back it up, bring it up to date, name the way back."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from silog_scan.core.errors import Sentence, say
from silog_scan.services import backups, homes
from silog_scan.services.backups import Holdings
from silog_scan.store import schema


@dataclass(frozen=True, slots=True)
class Upgrade:
    """From which schema to which, and the backup of how it was."""

    before: str
    after: str
    backup: Path

    @property
    def sentence(self) -> Sentence:
        """Return what was done and how to go back."""
        return say(
            "The database was brought from schema %(before)s to %(after)s. To go back, restore "
            "its backup into an empty home with the older program: silog-scan restore %(backup)s",
            before=self.before,
            after=self.after,
            backup=self.backup,
        )


def is_needed(holdings: Holdings) -> bool:
    """Say whether the database is of an older program."""
    before = _version(holdings)
    return before is not None and before < schema.NEWEST


def open_home(holdings: Holdings, at: datetime) -> Upgrade | None:
    """Bring a home's schema up to date, after a backup of an older one; say what was done."""
    if not is_needed(holdings):
        homes.open_home(holdings.database)
        return None
    with FileLock(holdings.home / "upgrade.lock"):  # several workers may start at once
        before = _version(holdings)
        return _upgraded(holdings, before, at) if is_needed(holdings) else None


def _upgraded(holdings: Holdings, before: str | None, at: datetime) -> Upgrade:
    # The name keeps it apart from those that make room for newer ones.
    name = f"before-{schema.NEWEST}-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}.zip"
    backup = backups.made_folder(holdings) / name
    backups.make(holdings, backup, at=at)
    homes.open_home(holdings.database)
    return Upgrade(before or "", schema.NEWEST, backup)


def _version(holdings: Holdings) -> str | None:
    with holdings.database.reading() as session:
        return schema.current(session.connection())
