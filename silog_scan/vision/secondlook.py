"""What the frames of a camera do not tell: a longer look, in a thread of its own, at what stays."""

from __future__ import annotations

import logging
import math
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from silog_scan.core.agreement import Reading
from silog_scan.vision.corners import middle
from silog_scan.vision.locate import Place, Unread, places, unanswered
from silog_scan.vision.stills import Still, read_still

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from silog_scan.vision.frames import Frame

PATIENCE = 0.25
"""Seconds of work after which no other stage begins on a frame: a newer one is there by then."""

STAYED = 0.15
"""Seconds a code must have stayed in place unread, five frames: what is read soon needs no help."""

_REST = 9
"""How many times as long as it worked the thread rests: it takes a tenth of a core."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Found:
    """What a longer look at one frame told: the codes believed, and those there in vain."""

    readings: tuple[Reading, ...] = ()
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True)
class _Offer:
    frame: Frame
    readings: tuple[Reading, ...]


class SecondLook:
    """Looks at the newest frame offered, one at a time, for codes that stay there unread.

    Nobody waits for it: ``offer`` and ``take`` return at once. ``stop`` ends its thread.
    """

    def __init__(self, read: Callable[..., Still] = read_still, *, rest: float = _REST) -> None:
        """Start no thread yet."""
        self._read, self._rest = read, rest
        self._news = threading.Condition()
        self._offer: _Offer | None = None
        self._found: Found | None = None
        self._waiting: list[Place] = []
        self._since = -math.inf
        self._is_stopped = False
        self._thread: threading.Thread | None = None

    def offer(self, frame: Frame, readings: Iterable[Reading]) -> None:
        """Show a frame and what was read in it, in place of one not looked at yet."""
        with self._news:
            self._offer = _Offer(frame, tuple(readings))
            self._news.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="second look", daemon=True)
            self._thread.start()

    def take(self) -> Found | None:
        """Return what was found since the last time, or None."""
        with self._news:
            found, self._found = self._found, None
            return found

    def stop(self) -> None:
        """End the thread when its look is over."""
        with self._news:
            self._is_stopped = True
            self._news.notify()

    def look(self, frame: Frame, readings: Iterable[Reading]) -> Found:
        """Return what a frame shows beyond what was read in it."""
        found = unanswered(places(frame.grey), [reading.corners for reading in readings])
        stayed = [place for place in found if _is_among(place, self._waiting)]
        if not stayed:
            self._waiting, self._since = found, frame.at
            return Found()
        self._waiting = found
        if frame.at - self._since < STAYED:
            return Found()
        still = self._read(frame.grey, patience=PATIENCE)
        return Found(still.readings, still.unread)

    def _run(self) -> None:
        while (offer := self._next()) is not None:
            begun = time.thread_time()
            try:
                found = self.look(offer.frame, offer.readings)
            except Exception:  # noqa: BLE001  # one odd frame must not end the help for the next
                _log.exception("the second look failed")
                found = Found()
            with self._news:
                self._found = found
                rest = self._rest * (time.thread_time() - begun)
                self._news.wait_for(lambda: self._is_stopped, rest)

    def _next(self) -> _Offer | None:
        """Return the newest frame offered, waiting for it; None when it is time to stop."""
        with self._news:
            self._news.wait_for(lambda: self._offer is not None or self._is_stopped)
            offer, self._offer = self._offer, None
            return None if self._is_stopped else offer


def _is_among(place: Place, others: Iterable[Place]) -> bool:
    """Return whether a code was there before, give or take what a hand moves."""
    here = middle(place.corners)
    reach = math.dist(place.corners[0], place.corners[2]) / 2
    return any(math.dist(here, middle(other.corners)) < reach for other in others)
