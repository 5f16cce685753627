"""What is done with which frame of a film: one cheap thing each, none where nothing moved."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from silog_scan.vision.corners import box, middle
from silog_scan.vision.locate import unanswered
from silog_scan.vision.stages import Scope, Stage, fast, look, thorough
from silog_scan.vision.targets import Target, located

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from silog_scan.core.agreement import Reading
    from silog_scan.vision.corners import Box
    from silog_scan.vision.frames import Grey


@dataclass(frozen=True, slots=True)
class Locating:
    """What a frame may be for instead of a stage: codes are located, in as many times fewer pixels.

    By three soft ones are found best, by two small ones.
    """

    shrunk: int


FILM_TURNS = (
    Stage("fast", "raw", fast),
    Locating(3),
    Stage("middle-enlarged", "enlarged", fast, scope=Scope.MIDDLE),
    Stage("fast", "raw", fast),
    Locating(2),
    Stage("middle", "raw", thorough, scope=Scope.MIDDLE),
)
"""The middle, where a person holds what is hard to read, only while no located code waits."""

TRACKED = Stage("tracked", "raw", thorough)

MOST_SKIPPED = 7
"""Frames passed over in a row because nothing moved: what the gate misses is late by 1/4 second."""

_MOST_TRACKED = 4  # codes: more cost as much, each in its region, as the whole frame
_MOST_TARGETS = 2
_RATE, _MEASURED = 30, 2 * len(FILM_TURNS)  # frames a second, and frames to measure with
_MOST_MISSES = 3  # looks at a region in vain, after which the code is searched again


@dataclass(frozen=True, slots=True)
class Look:
    """What one frame shows; not fresh where nothing moved, so that it was not read again."""

    readings: tuple[Reading, ...]
    is_fresh: bool = True


@dataclass(frozen=True, slots=True)
class _Tracked:
    """A code, where it was seen last, and how often it was not seen there since."""

    reading: Reading
    misses: int = 0


class FrameReader:
    """Reads the frames of a film or camera, each in one cheap way, in turn.

    A code that one way misses is met by the next a thirtieth of a second later. What was read is
    looked at in its own region, at a third of the cost, in every second frame; the frames between
    are searched, so that another code is met as soon. What was located and not read is looked at in
    every frame, each time at other pixels.
    """

    def __init__(
        self, turns: Sequence[Stage | Locating] = FILM_TURNS, tracked: Stage = TRACKED
    ) -> None:
        """Start with the first turn."""
        self._turns, self._in_region = turns, tracked
        self._turn = 0
        self._gate = _Gate()
        self._recent: deque[list[Reading]] = deque(maxlen=len(turns))
        self._skipped = 0
        self._tracked: list[_Tracked] = []
        self._targets: list[Target] = []
        self._was_searched = False

    def read(self, grey: Grey) -> Look:
        """Return what this frame shows."""
        has_moved = self._gate.is_changed(grey)
        if has_moved:
            self._recent.clear()
            self._targets = [at for one in self._targets if (at := one.followed(grey))]
        elif self._is_seen_by_all() and self._skipped < MOST_SKIPPED:
            self._skipped += 1
            return Look(tuple(reading for look in self._recent for reading in look), is_fresh=False)
        self._skipped = 0
        is_followed = has_moved and self._was_searched and 0 < len(self._tracked) <= _MOST_TRACKED
        self._was_searched = not is_followed
        seen = self._follow(grey) if is_followed else self._search(grey)
        readings = [*seen, *self._sharpened(grey, seen)]
        self._recent.append(readings)
        return Look(tuple(readings))

    def _is_seen_by_all(self) -> bool:
        return len(self._recent) == len(self._turns)

    def _search(self, grey: Grey) -> list[Reading]:
        """Return what the stage sees whose turn it is, if it is one's, and track it."""
        turn = self._turns[self._turn % len(self._turns)]
        self._turn += 1
        if isinstance(turn, Locating):
            self._locate(grey, turn.shrunk)
            return []
        is_middle = turn.scope is Scope.MIDDLE
        if is_middle and self._targets:
            return []
        readings = _look_within(_middle(grey) if is_middle else _whole(grey), turn, grey)
        others = [one for one in self._tracked if not _is_among(one.reading, readings)]
        self._tracked = [*map(_Tracked, readings), *others]
        return readings

    def _locate(self, grey: Grey, shrunk: int) -> None:
        """Choose the unread places to look at, those nearest to where a person holds a code."""
        centre = grey.shape[1] / 2, grey.shape[0] / 2
        found = _unread(located(grey, shrunk=shrunk), [one.reading for one in self._tracked])
        found.sort(key=lambda target: math.dist(middle(target.place.corners), centre))
        self._targets = found[:_MOST_TARGETS]

    def _sharpened(self, grey: Grey, seen: list[Reading]) -> list[Reading]:
        """Return what is read of the unread places, but for those that were seen as they are."""
        self._targets = _unread(self._targets, seen)
        return [one for target in self._targets for one in target.readings(grey, self._turn)]

    def _follow(self, grey: Grey) -> list[Reading]:
        """Return the tracked codes that are seen again in their regions; forget the lost ones."""
        found: list[Reading] = []
        missed: list[_Tracked] = []
        for one in self._tracked:
            seen = _look_within(_around(one.reading, grey), self._in_region, grey)
            found += [reading for reading in seen if not _is_among(reading, found)]
            if not _is_among(one.reading, found):
                missed.append(replace(one, misses=one.misses + 1))
        lasting = [one for one in missed if one.misses < _MOST_MISSES]
        self._tracked = [*map(_Tracked, found), *lasting]
        return found


def _unread(targets: list[Target], readings: Iterable[Reading]) -> list[Target]:
    left = unanswered([one.place for one in targets], [reading.corners for reading in readings])
    return [target for target in targets if target.place in left]


def _look_within(part: Box, stage: Stage, grey: Grey) -> list[Reading]:
    """Return what the stage sees in a part of the frame, in the frame's own pixels."""
    left, top, right, bottom = part
    return [
        replace(reading, corners=tuple((left + x, top + y) for x, y in reading.corners))
        for reading in look(stage, grey[top:bottom, left:right], {})
    ]


def _whole(grey: Grey) -> Box:
    return 0, 0, grey.shape[1], grey.shape[0]


def _middle(grey: Grey) -> Box:
    """Return the middle half of the frame each way, where a person holds what is to be read."""
    height, width = grey.shape
    return width // 4, height // 4, width - width // 4, height - height // 4


def _around(reading: Reading, grey: Grey) -> Box:
    """Return the box of a code grown by half: by as much it may move in a fifteenth of a second."""
    left, top, right, bottom = box(reading.corners)
    margin = max(right - left, bottom - top) // 2 + 8
    height, width = grey.shape
    right, bottom = min(width, right + margin), min(height, bottom + margin)
    return max(0, left - margin), max(0, top - margin), right, bottom


def _is_among(reading: Reading, others: Iterable[Reading]) -> bool:
    """Return whether one of the others is this code, and not a copy of it elsewhere."""
    return any(
        reading.text == other.text
        and reading.symbology == other.symbology
        and math.dist(middle(reading.corners), middle(other.corners)) < _length(reading)
        for other in others
    )


def _length(reading: Reading) -> int:
    left, top, right, bottom = box(reading.corners)
    return max(right - left, bottom - top)


def share_of_core() -> float:
    """Return the processor seconds a second that a full HD film of moving noise takes at 30 fps."""
    import numpy as np

    chance = np.random.default_rng(1)
    rough = chance.integers(60, 200, (135, 240), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    reader = FrameReader()
    reader.read(rough)  # the engines are loaded
    begun = time.thread_time()
    for step in range(1, _MEASURED + 1):
        reader.read(np.roll(rough, 5 * step, axis=1))
    return (time.thread_time() - begun) * _RATE / _MEASURED


class _Gate:
    """Tells whether a frame differs from the last one that did: 0.1 ms against 5 to read it."""

    STEP = 8  # pixels between the samples
    JUMP = 32  # grey levels, above a camera's noise
    FEW = 8  # samples: a QR code 60 pixels wide changes three times as many

    def __init__(self) -> None:
        self._last: Grey | None = None

    def is_changed(self, grey: Grey) -> bool:
        """Return whether enough of the picture is another."""
        import numpy as np

        samples = grey[:: self.STEP, :: self.STEP]
        if self._last is not None and self._last.shape == samples.shape:
            jumps = np.abs(samples.astype(np.int16) - self._last) > self.JUMP
            if np.count_nonzero(jumps) <= self.FEW:
                return False
        self._last = samples.copy()
        return True
