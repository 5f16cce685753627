"""The thread that makes backups beside a running station, by the clock and when asked."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from silog_scan.core.errors import Refused, Sentence, say
from silog_scan.services import backups, damage
from silog_scan.services.backups import Backup, Holdings

_FIRST, _EVERY = 3.0, 60.0
"""Seconds from the start to the first look whether a backup is due, and between looks."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class State:
    """The last backup, why the last try failed, and whether one is being made."""

    newest: Backup | None
    problem: Sentence | None
    is_busy: bool


class Keeper:
    """Makes backups one at a time; ``problem`` is why the last one failed. The station lives on."""

    def __init__(self, holdings: Holdings, clock: Callable[[], datetime]) -> None:
        """Prepare; nothing is made yet."""
        self.problem: Sentence | None = None
        self._holdings = holdings
        self._clock = clock
        self._one = threading.Lock()
        self._stopped = threading.Event()

    def state(self) -> State:
        """Return how it stands with backups."""
        last = backups.newest(self._holdings.folder, self._clock())
        return State(last, self.problem, is_busy=self._one.locked())

    def start(self, *, first: float = _FIRST, every: float = _EVERY, seen: bool = True) -> None:
        """Make backups when they are due; look first for damage that the start had no time for."""
        threading.Thread(
            target=self._work, args=(first, every, seen), name="backups", daemon=True
        ).start()

    def stop(self) -> None:
        """Make no more; one under way is finished."""
        self._stopped.set()
        with self._one:
            pass

    def ask(self, patience: float) -> None:
        """Make a backup now, in a thread of its own, and wait for it as long as a page may."""
        asked = threading.Thread(target=self.make, name="backup", daemon=True)
        asked.start()
        asked.join(patience)

    def make(self) -> Path | None:
        """Make a backup and return its path; a failure is kept and logged, not raised."""
        if not self._one.acquire(blocking=False):
            return None  # the one under way will do
        try:
            path = backups.make_and_keep(self._holdings, at=self._clock(), unhurried=True)
        except Exception as error:  # noqa: BLE001  # whatever it is, scanning goes on
            self._fail(error)
            return None
        finally:
            self._one.release()
        self.problem = None
        return path

    def _fail(self, error: Exception) -> None:
        foreseen = isinstance(error, Refused)
        log.error("no backup: %s", error, exc_info=None if foreseen else error)
        self.problem = (
            error.sentence
            if isinstance(error, Refused)
            else say("The backup failed: %(reason)s.", reason=str(error)[:200])
        )

    def _work(self, first: float, every: float, seen: bool) -> None:
        if self._stopped.wait(first):
            return
        if not seen:
            self._look_for_damage()
        while True:
            self._make_if_due()
            if self._stopped.wait(every):
                return

    def _make_if_due(self) -> None:
        try:
            is_due = backups.is_due(self._holdings, self._clock())
        except Exception as error:  # noqa: BLE001  # the next look may do better
            self._fail(error)
            return
        if is_due:
            self.make()

    def _look_for_damage(self) -> None:
        try:
            with damage.named(self._holdings, self._clock()):
                damage.is_seen_whole(self._holdings)
        except Exception as error:  # noqa: BLE001  # told on the page; scanning goes on
            self._fail(error)
