"""Codes located in a film and not read yet: followed from frame to frame, looked at sharpened.

Locating costs as much as reading, so it is done in few frames; between them a place is found again
by its look, at a tenth of that. Most of the pixels of a frame are then left alone, and the few that
matter are treated in a way that would cost a second for the whole of it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from silog_scan.vision import sharpen
from silog_scan.vision.corners import box
from silog_scan.vision.crops import grown
from silog_scan.vision.engines import LINEAR, SQUARE, has_opencv, read_zxing
from silog_scan.vision.locate import Place, bars_of
from silog_scan.vision.patches import busiest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from silog_scan.core.agreement import Reading
    from silog_scan.vision.corners import Box, Corners
    from silog_scan.vision.frames import Grey

TREATMENT = "crop+sharpened"
_USUAL, _OTHERS = 1.3, (1.0, 1.6, 0.5)
"""Widths of blur, in pixels, undone of a square: one in every frame, the others in turn."""

_QUIET = 0.25  # of the width of bars, added on either side
_WHOLE = 0.45  # of the strip's width, less than which is a piece: bars with no check have any text
_TALLEST = 40  # rows of bars that are averaged: over more of them perspective smears
_MARGIN = 16  # pixels around a square
_CELL = 9  # pixels of the frame, in which change is summed
_SIDES = (40, 300)  # pixels, shortest and longest of a square's box
_SHRUNK = 4  # times, of what a place is found again by
_REACH = 24  # pixels that a hand moves in a thirtieth of a second, and more
_ALIKE = 0.5  # correlation below which it is lost


@dataclass(frozen=True, slots=True)
class Target:
    """An unread place, and how it looked, shrunk, when it was located."""

    place: Place
    patch: Grey

    def followed(self, grey: Grey) -> Target | None:
        """Return where it is in the next frame, None if it is lost."""
        import cv2

        around = _inside(_grown(box(self.place.corners), _REACH), grey)
        region = _patch(grey, around)
        if any(part < whole for part, whole in zip(region.shape, self.patch.shape, strict=True)):
            return None
        likeness = cv2.matchTemplate(region, self.patch, cv2.TM_CCOEFF_NORMED)
        _, most, _, (left, top) = cv2.minMaxLoc(likeness)
        if most < _ALIKE:
            return None
        was = _inside(box(self.place.corners), grey)
        move = around[0] + left * _SHRUNK - was[0], around[1] + top * _SHRUNK - was[1]
        return replace(self, place=replace(self.place, corners=_moved(self.place.corners, move)))

    def readings(self, grey: Grey, turn: int) -> list[Reading]:
        """Return what is read of it, sharpened; ``turn`` says of which blur a square is freed."""
        corners = self.place.corners
        seen = _in_bars(grey, corners) if self.place.is_linear else _in_square(grey, corners, turn)
        different = {(one.symbology, one.text): one for one in seen}
        return [
            replace(one, corners=corners, stage="sharpened", treatment=TREATMENT)
            for one in different.values()
        ]


def located(grey: Grey, *, shrunk: int = 2) -> list[Target]:
    """Return the places where codes may be in a frame shrunk so many times; none without OpenCV."""
    if not has_opencv():
        return []
    small = _shrunk(grey, (0, 0, grey.shape[1], grey.shape[0]), shrunk)
    found = [*bars_of(small, shrunk), *_squares(small, shrunk)]
    return [Target(place, _patch(grey, _inside(box(place.corners), grey))) for place in found]


def _squares(small: Grey, times: int) -> Iterator[Place]:
    """Return the busiest patches as large as a symbol; the text below it is in its box."""
    cell = _CELL // times
    for patch in busiest(small, cell):
        left, top, width, height = (value * cell * times for value in patch)
        if _SIDES[0] <= min(width, height) and max(width, height) <= _SIDES[1]:
            right, bottom = left + width, top + height
            yield Place(((left, top), (right, top), (right, bottom), (left, bottom)), False)


def _in_bars(grey: Grey, corners: Corners) -> list[Reading]:
    """Return what is read along the bars, unless it is in a piece of them only."""
    strip = _strip(grey, corners)
    seen = [one for row in sharpen.bars(strip) for one in read_zxing(row, formats=LINEAR)]
    return [one for one in seen if _width(one) > _WHOLE * sharpen.FINER * strip.shape[1]]


def _width(reading: Reading) -> int:
    left, _, right, _ = box(reading.corners)
    return right - left


def _in_square(grey: Grey, corners: Corners, turn: int) -> list[Reading]:
    left, top, right, bottom = _inside(_grown(box(corners), _MARGIN), grey)
    part = grey[top:bottom, left:right]
    looks = (sharpen.square(part, sigma) for sigma in (_USUAL, _OTHERS[turn % len(_OTHERS)]))
    return [one for sharp in looks for one in read_zxing(sharp, formats=SQUARE)]


def _strip(grey: Grey, corners: Corners) -> Grey:
    """Return the middle rows of bars, upright, in their own size and with their quiet zones."""
    import cv2
    import numpy as np

    quad = grown(corners, _QUIET, is_both_ways=False)
    wide, high = math.dist(quad[0], quad[1]), math.dist(quad[1], quad[2])
    rows = max(1.0, min(0.75 * high, _TALLEST))
    cut = (1 - rows / high) / 2 * (quad[[3, 2, 1, 0]] - quad)
    size = (max(16, round(wide)), max(8, round(rows)))
    ends = np.array([(0, 0), (size[0], 0), size, (0, size[1])], np.float32)
    matrix = cv2.getPerspectiveTransform((quad + cut).astype(np.float32), ends)
    flat = cv2.warpPerspective(
        grey, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(flat, np.uint8)


def _grown(part: Box, margin: int) -> Box:
    left, top, right, bottom = part
    return left - margin, top - margin, right + margin, bottom + margin


def _inside(part: Box, grey: Grey) -> Box:
    """Return as much of the box as lies in the frame, one pixel at least."""
    left, top, right, bottom = part
    left, top = min(max(left, 0), grey.shape[1] - 1), min(max(top, 0), grey.shape[0] - 1)
    return (
        left,
        top,
        min(max(right, left + 1), grey.shape[1]),
        min(max(bottom, top + 1), grey.shape[0]),
    )


def _patch(grey: Grey, part: Box) -> Grey:
    return _shrunk(grey, part, _SHRUNK)


def _shrunk(grey: Grey, part: Box, times: int) -> Grey:
    import cv2
    import numpy as np

    left, top, right, bottom = part
    size = (max(1, (right - left) // times), max(1, (bottom - top) // times))
    pixels = grey[top:bottom, left:right]
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _moved(corners: Corners, move: tuple[int, int]) -> Corners:
    return tuple((x + move[0], y + move[1]) for x, y in corners)
