"""Codes that are there, whether or not anybody can read them, and what would make them readable.

Bars leave a strong gradient of one direction, modules of a 2-D code one of every direction, and
both survive a blur that no decoder does. So the gradient is summed in cells of a few pixels
(structure tensor), and cells of one kind that fill a box are where a code may be. OpenCV's bar
detector finds small ones that the cells are too coarse for; its decoder is never asked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from silog_scan.vision.cells import tensor
from silog_scan.vision.corners import Corners, middle
from silog_scan.vision.crops import has_bars, has_modules, has_quiet_zone
from silog_scan.vision.engines import has_opencv

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from silog_scan.vision.cells import Box
    from silog_scan.vision.frames import Grey

_MOST_PIXELS = 3_000_000  # of a picture that is searched: beyond that it is halved first
_FINEST = 512  # pixels: the bar detector shrinks no picture that is smaller
_SQUARE = 1.6  # sides' ratio below which a box may be a 2-D code
_PART = 0.85  # of the picture, above which what fills it is a texture
_SHORTEST = 40  # pixels across the bars
_LOWEST = 14  # pixels along the bars, of one that people are told of
_LONGEST, _TALLEST = 16, 2.5  # sides' ratio of bars
_SHARED = 0.35  # of the smaller box, above which two boxes are one code


class Hint(StrEnum):
    """What the person who holds the camera could do about a code that is not read."""

    CLOSER = "closer"
    HOLD_STILL = "hold-still"
    TILT = "tilt"
    DIRTY = "dirty"


@dataclass(frozen=True, slots=True)
class Unread:
    """A code that was located and not read."""

    corners: Corners
    hint: Hint

    def as_json(self) -> dict[str, object]:
        """Return what the API answers."""
        return {"corners": [list(corner) for corner in self.corners], "hint": self.hint.value}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a code may be; the first side of a linear one runs across its bars."""

    corners: Corners
    is_linear: bool


def places(grey: Grey) -> list[Place]:
    """Return where codes are and of which kind; empty without OpenCV."""
    if not has_opencv():
        return []
    small, scale = _shrunk(grey)
    found = [*_detected(small), *_cell_boxes(small)]
    return [_scaled(place, scale) for place in _merged(found)]


def bars_of(small: Grey, times: int) -> list[Place]:
    """Return where linear codes are in the picture that was shrunk so many times to this one."""
    return [_scaled(place, times) for place in _merged(_detected(small))]


def is_surely_code(grey: Grey, place: Place) -> bool:
    """Return whether a person should be told of the place: a line of text or cloth is none."""
    if not place.is_linear:
        return True
    corners = place.corners
    is_tall = math.dist(corners[1], corners[2]) > _LOWEST
    return is_tall and has_quiet_zone(grey, corners)


def unanswered(found: Iterable[Place], answers: Iterable[Corners]) -> list[Place]:
    """Return the places that no reading lies on."""
    answered = list(answers)
    return [
        place
        for place in found
        if not any(are_of_one(place.corners, corners) for corners in answered)
    ]


def are_of_one(one: Corners, other: Corners) -> bool:
    """Return whether the middle of either lies in the other: a reading may be a single line."""
    return _holds(one, middle(other)) or _holds(other, middle(one))


def _shrunk(grey: Grey) -> tuple[Grey, int]:
    """Return the picture with no more pixels than are searched, and how often it was halved."""
    import cv2
    import numpy as np

    scale = max(1, math.ceil(math.sqrt(grey.size / _MOST_PIXELS)))
    if scale == 1:
        return grey, 1
    size = (grey.shape[1] // scale, grey.shape[0] // scale)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8), scale


def _detected(grey: Grey) -> Iterator[Place]:
    """Return what OpenCV's locator takes for bars."""
    import cv2

    detector = cv2.barcode.BarcodeDetector()
    detector.setDownsamplingThreshold(max(_FINEST, max(grey.shape) // 2))
    is_any, quads = detector.detect(grey)
    for quad in quads if is_any else ():
        (x, y), (width, height), angle = cv2.minAreaRect(quad)
        yield from _linear(grey, ((x, y), (width, height), angle))


def _cell_boxes(grey: Grey) -> Iterator[Place]:
    """Return the boxes filled by cells of bars, then those by cells of modules."""
    cells = tensor(grey)
    for box in cells.bars():
        yield from _linear(grey, box)
    for box in cells.modules():
        yield from _square(grey, box)


def _linear(grey: Grey, box: Box) -> Iterator[Place]:
    """Return the box if bars cross it, turned so that its first side crosses them."""
    corners = _corners(box)
    for quad in (corners, corners[1:] + corners[:1]):
        if _is_bar_shaped(quad) and has_bars(grey, quad):
            yield Place(quad, is_linear=True)
            return


def _square(grey: Grey, box: Box) -> Iterator[Place]:
    corners = _corners(box)
    width, height = box[1]
    is_whole_picture = width * height > _PART * grey.size
    is_square = max(width, height) < _SQUARE * min(width, height)
    if is_square and not is_whole_picture and has_modules(grey, corners):
        yield Place(corners, is_linear=False)


def _is_bar_shaped(quad: Corners) -> bool:
    """Return whether the quad is long enough for a code and no mere line: an edge, a shadow."""
    across, along = math.dist(quad[0], quad[1]), math.dist(quad[1], quad[2])
    return across > _SHORTEST and across / _LONGEST < along < across * _TALLEST


def _corners(box: Box) -> Corners:
    import cv2

    return tuple((round(float(x)), round(float(y))) for x, y in cv2.boxPoints(box))


def _merged(found: Iterable[Place]) -> list[Place]:
    """Return one place for each code, the first that was found."""
    kept: list[Place] = []
    for place in found:
        if not any(_are_one(place.corners, other.corners) for other in kept):
            kept.append(place)
    return kept


def _are_one(one: Corners, other: Corners) -> bool:
    import cv2
    import numpy as np

    first, second = (np.array(quad, np.float32) for quad in (one, other))
    shared, _ = cv2.intersectConvexConvex(first, second)
    return shared > _SHARED * min(cv2.contourArea(first), cv2.contourArea(second))


def _holds(corners: Corners, point: tuple[float, float]) -> bool:
    import cv2
    import numpy as np

    return cv2.pointPolygonTest(np.array(corners, np.float32), point, measureDist=False) >= 0


def _scaled(place: Place, scale: int) -> Place:
    corners = tuple((x * scale, y * scale) for x, y in place.corners)
    return Place(corners, is_linear=place.is_linear)
