"""A label that nobody could read, recognised among those that were printed: only suggested.

A person confirms it by a tap, and the event says how the text came about. Never for a dispatch, a
seal or a count, which authorise or must be seen, and never for labels that others printed.
"""

import io
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from silog_scan.core.agreement import Reading
from silog_scan.core.custody import Recognised, Scan
from silog_scan.core.errors import Malformed, Refused, say
from silog_scan.core.stock import Task
from silog_scan.services import labels, scanning
from silog_scan.services.files import keep
from silog_scan.services.scanning import Result, Submission
from silog_scan.services.watching import Work
from silog_scan.store.writer import Writer

if TYPE_CHECKING:
    from silog_scan.vision.expected import ExpectedLabels
    from silog_scan.vision.frames import Grey
    from silog_scan.vision.locate import Corners
    from silog_scan.vision.stills import Still

TASKS = frozenset({Task.RECEIVE, Task.RETURN, Task.LOOKUP})
"""The tasks for which a label may be recognised."""

_MOST_TRIED = 4
"""Places of a picture: each costs 40 to 65 ms with what a regency expects."""
_FRESH = 60.0
"""Seconds for which what is expected is kept; built anew it takes up to 1.3 s."""
_MOST_SETS = 4
_AROUND = 0.25  # of the label, shown with it in its picture


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What a label probably is, what speaks for it, and its own piece of the picture as PNG."""

    text: str
    symbology: str
    corners: "Corners"
    evidence: dict[str, int]
    picture: bytes


@dataclass(frozen=True, slots=True)
class Confirmed:
    """What a person confirmed at ``at``; the scan's id makes a second tap harmless."""

    scan_id: str
    text: str
    symbology: str
    recognised: Recognised
    picture: bytes
    at: datetime


@dataclass(frozen=True, slots=True)
class _Set:
    labels: "ExpectedLabels"
    built_at: float


@dataclass
class Recogniser:
    """Knows what was printed for what a place or manifest expects; asked by several threads."""

    tick: Callable[[], float] = time.monotonic
    _sets: dict[tuple[str, str | None], _Set] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def suggest(
        self, session: Session, grey: "Grey", still: "Still", *, place: str, manifest: str | None
    ) -> list[Suggestion]:
        """Return what the labels left unread in a picture are, those only that are beyond doubt."""
        expected = self._expected(session, place, manifest)
        if expected.is_empty:
            return []
        known = {reading.text for reading in still.readings}
        found: dict[str, Suggestion] = {}
        for corners in _unread(grey, still)[:_MOST_TRIED]:
            answer = expected.recognise(grey, corners)
            if answer and answer.is_accepted and answer.text not in known | set(found):
                figures = answer.evidence.as_json()
                picture = _piece(grey, corners)
                found[answer.text] = Suggestion(
                    answer.text, answer.symbology, corners, figures, picture
                )
        return list(found.values())

    def _expected(self, session: Session, place: str, manifest: str | None) -> "ExpectedLabels":
        from silog_scan.vision.expected import ExpectedLabels  # noqa: PLC0415  # cv2 takes 0.2 s

        with self._lock:
            known = self._sets.get((place, manifest))
            if known and self.tick() - known.built_at < _FRESH:
                return known.labels
            patterns = labels.expected_patterns(session, place=place, manifest=manifest)
            built = ExpectedLabels(patterns)
            self._sets.pop((place, manifest), None)
            self._sets[place, manifest] = _Set(built, self.tick())
            while len(self._sets) > _MOST_SETS:
                del self._sets[next(iter(self._sets))]
            return built


def confirm(writer: Writer, work: Work, found: Confirmed, attachments: Path) -> Result:
    """Record what a person confirmed, its picture kept before the event that names it."""
    if work.task not in TASKS:
        raise Malformed(
            "not-recognised",
            say("For this task a label must be read. Scan it, or type its number."),
        )
    keep(attachments, found.picture, ".png")
    scan = Scan(
        id=found.scan_id,
        text=found.text,
        task=work.task,
        place=work.place,
        station=work.actor.station,
        scanned_at=found.at,
        manifest=work.manifest,
        symbology=found.symbology,
        source="camera",
        recognised=found.recognised,
    )
    submission = Submission(work.actor, work.task, work.place, (scan,), found.at, work.manifest)
    answers = scanning.submit(writer, submission)
    answer = answers if isinstance(answers, Refused) else answers[0]
    if isinstance(answer, Refused):
        raise answer
    return answer


def _unread(grey: "Grey", still: "Still") -> list["Corners"]:
    """Return where labels are that were not read: their frames first, which blur spares."""
    from silog_scan.vision.expected.frame import framed  # noqa: PLC0415  # as above

    places = [*framed(grey), *(code.corners for code in still.unread)]
    return [place for place in places if not _is_read(place, still.readings)]


def _is_read(place: "Corners", readings: Iterable[Reading]) -> bool:
    """Return whether a reading's middle lies in the place's box."""
    left, top, right, bottom = _box(place)
    for reading in readings:
        x, y = (sum(axis) / len(axis) for axis in zip(*reading.corners, strict=True))
        if left <= x <= right and top <= y <= bottom:
            return True
    return False


def _box(corners: "Corners") -> tuple[int, int, int, int]:
    across, down = zip(*corners, strict=True)
    return min(across), min(down), max(across), max(down)


def _piece(grey: "Grey", corners: "Corners") -> bytes:
    """Return the label and a little around it as PNG, and nothing else of what the camera saw."""
    from PIL import Image  # noqa: PLC0415  # as above

    left, top, right, bottom = _box(corners)
    margin = int(_AROUND * max(right - left, bottom - top))
    piece = grey[max(0, top - margin) : bottom + margin, max(0, left - margin) : right + margin]
    out = io.BytesIO()
    Image.fromarray(piece).save(out, "PNG")
    return out.getvalue()
