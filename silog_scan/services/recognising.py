"""A label that nobody could read, recognised among those that were printed: only suggested.

A person confirms it by a tap, and the event says how the text came about. Never for a dispatch, a
seal or a count, which authorise or must be seen, and never for labels that others printed.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from silog_scan.core.stock import Task
from silog_scan.services import labels
from silog_scan.services.watching import Work
from silog_scan.store.db import Database

if TYPE_CHECKING:
    from silog_scan.vision.corners import Corners
    from silog_scan.vision.expected import ExpectedLabels
    from silog_scan.vision.frames import Grey
    from silog_scan.vision.stills import Still

TASKS = frozenset({Task.RECEIVE, Task.RETURN, Task.LOOKUP})
"""The tasks for which a label may be recognised."""

_FRESH = 60.0
"""Seconds for which what is expected is kept; built anew it takes up to 1.3 s."""
_MOST_SETS = 4


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a label probably is, what speaks for it, and its own piece of the picture as PNG."""

    text: str
    symbology: str
    corners: "Corners"
    evidence: dict[str, int]
    picture: bytes


@dataclass(frozen=True, slots=True)
class _Set:
    labels: "ExpectedLabels"
    built_at: float


@dataclass
class Recogniser:
    """Knows what was printed for what a place or manifest expects; asked by several threads."""

    database: Database
    tick: Callable[[], float] = time.monotonic
    _sets: dict[tuple[str, str | None], _Set] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def suggest(self, grey: "Grey", still: "Still", work: Work) -> list[Suggestion]:
        """Return what the labels left unread in a picture are, those only that are beyond doubt."""
        from silog_scan.vision.expected import recognised  # noqa: PLC0415  # cv2 takes 0.2 s
        from silog_scan.vision.frames import piece  # noqa: PLC0415

        expected = self._expected(work) if work.task in TASKS else None
        if expected is None or expected.is_empty:
            return []
        return [
            Suggestion(
                found.text,
                found.symbology,
                found.corners,
                found.evidence.as_json(),
                piece(grey, found.corners),
            )
            for found in recognised(grey, still, expected)
        ]

    def _expected(self, work: Work) -> "ExpectedLabels":
        """Return the labels expected for some work, asked for once a minute."""
        from silog_scan.vision.expected import ExpectedLabels  # noqa: PLC0415  # as above

        key = work.place, work.manifest
        with self._lock:
            known = self._sets.pop(key, None)
            if known is None or self.tick() - known.built_at >= _FRESH:
                with self.database.reading() as session:
                    patterns = labels.expected_patterns(session, place=key[0], manifest=key[1])
                known = _Set(ExpectedLabels(patterns, labels.drawn), self.tick())
            self._sets[key] = known
            while len(self._sets) > _MOST_SETS:
                del self._sets[next(iter(self._sets))]
            return known.labels
