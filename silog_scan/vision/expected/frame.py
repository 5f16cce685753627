"""The thick frame printed around a label's code: found where blur has left nothing to decode.

Six modules thick around Code 128 it is found to a defocus of five pixels at two pixels a module;
three modules are enough around Data Matrix.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from silog_scan.vision.engines import has_opencv

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cv2.typing import MatLike

    from silog_scan.vision.corners import Corners
    from silog_scan.vision.expected.arrays import Floats
    from silog_scan.vision.frames import Grey

_WINDOWS = (31, 61, 121)
"""Sides, in pixels, of the square whose mean a frame must be darker than."""
_DARKER = 4
_LEAST_AREA = 900
_LEAST_SIDE = 16
_LEAST_FILLED = 0.85
"""Share of a hole that its four corners span."""
_BENDS = (0.02, 0.04)
"""Shares of the outline by which a straight side may seem bent."""
_CORNERS = 4


def framed(grey: Grey) -> list[Corners]:
    """Return the insides of printed frames, larger first: what ``ExpectedLabels`` takes."""
    if not has_opencv():
        return []
    found: list[Floats] = []
    for window in _WINDOWS:
        found += [quad for quad in _holes(grey, window) if _is_new(quad, found)]
    found.sort(key=_area, reverse=True)
    return [tuple((round(float(x)), round(float(y))) for x, y in quad) for quad in found]


def _holes(grey: Grey, window: int) -> Iterator[Floats]:
    """Yield the four corners of what dark rings enclose."""
    import cv2

    dark = cv2.adaptiveThreshold(
        grey, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, window, _DARKER
    )
    outlines, tree = cv2.findContours(dark, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    for outline, (_, _, _, outside) in zip(outlines, tree[0] if outlines else (), strict=True):
        if outside >= 0 and cv2.contourArea(outline) > _LEAST_AREA:
            quad = _quad(outline)
            if quad is not None:
                yield quad


def _quad(outline: MatLike) -> Floats | None:
    """Return the corners of an outline of four sides, clockwise."""
    import cv2
    import numpy as np

    length = cv2.arcLength(outline, closed=True)
    for bend in _BENDS:
        points = cv2.approxPolyDP(outline, bend * length, closed=True)[:, 0]
        corners = np.asarray(points, np.float32)
        if len(corners) == _CORNERS and _is_label(corners, outline):
            is_clockwise = cv2.contourArea(corners, oriented=True) > 0
            return corners if is_clockwise else corners[::-1]
    return None


def _is_label(corners: Floats, outline: MatLike) -> bool:
    import cv2
    import numpy as np

    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    filled = cv2.contourArea(outline) / max(cv2.contourArea(corners), 1)
    is_whole = cv2.isContourConvex(corners) and _LEAST_FILLED < filled < 1 / _LEAST_FILLED
    return bool(is_whole and sides.min() >= _LEAST_SIDE)


def _is_new(quad: Floats, found: list[Floats]) -> bool:
    """Return whether no quad of another window is the same frame."""
    import numpy as np

    near = 0.1 * np.sqrt(_area(quad))
    return all(
        min(np.abs(np.roll(quad, turn, axis=0) - other).max() for turn in range(_CORNERS)) > near
        for other in found
    )


def _area(quad: Floats) -> float:
    import cv2

    return float(cv2.contourArea(quad))
