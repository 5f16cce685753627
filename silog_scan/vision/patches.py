"""Patches of a picture that change most in every direction at once: where a 2-D code would be.

A code in noise or out of focus has no outline left, but it is still the place where even the
weaker of two directions changes (Shi and Tomasi 1994). Text is one as well: nobody is told of
these patches, they are only looked at.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from silog_scan.vision.engines import has_opencv

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from silog_scan.vision.corners import Corners
    from silog_scan.vision.frames import Grey

    Floats = NDArray[np.float32]
    Cells = tuple[int, int, int, int]  # left, top, width and height

_MOST = 2
_ACROSS = 480  # pixels of the longer side of the picture that is searched
_CELL = 4  # pixels of that
_REACH = 5  # cells whose change is summed
_FAINT = 0.4  # of a patch's strongest change, that still belongs to it


def patches(grey: Grey) -> list[Corners]:
    """Return the boxes of the few patches with most change, the strongest first."""
    if not has_opencv():
        return []
    import cv2
    import numpy as np

    scale = min(1.0, _ACROSS / max(grey.shape))
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    side = np.array(grey.shape[::-1]) / _cells(small.shape, _CELL)
    return [_corners(found, side) for found in busiest(np.asarray(small, np.uint8), _CELL)]


def busiest(small: Grey, cell: int) -> list[Cells]:
    """Return the patches with most change, in cells of so many pixels, the strongest first."""
    import cv2
    import numpy as np

    change = _weaker_change(small, cell)
    found: list[Cells] = []
    rest = change.copy()
    while len(found) < _MOST:
        _, strongest, _, (x, y) = cv2.minMaxLoc(rest)
        if strongest <= 0:
            break
        patch = (change > _FAINT * strongest).astype(np.uint8)
        _, names, boxes, _ = cv2.connectedComponentsWithStats(patch)
        rest[names == names[y, x]] = 0
        left, top, width, height = (int(value) for value in boxes[names[y, x]][:4])
        found.append((left, top, width, height))
    return found


def _weaker_change(small: Grey, cell: int) -> Floats:
    """Return for each cell how much it changes in the direction in which it changes less."""
    import cv2
    import numpy as np

    cells = _cells(small.shape, cell)
    dx, dy = (cv2.Sobel(small, cv2.CV_32F, *order) for order in ((1, 0), (0, 1)))
    xx, yy, xy = (
        cv2.blur(cv2.resize(each, cells, interpolation=cv2.INTER_AREA), (_REACH, _REACH))
        for each in (dx * dx, dy * dy, dx * dy)
    )
    weaker = (xx + yy) - np.hypot(xx - yy, 2 * xy)
    return np.asarray(np.sqrt(np.maximum(weaker, 0)), np.float32)


def _cells(shape: tuple[int, ...], cell: int) -> tuple[int, int]:
    """Return how many cells lie beside and below each other."""
    return max(1, shape[1] // cell), max(1, shape[0] // cell)


def _corners(box: Cells, side: NDArray[np.float64]) -> Corners:
    """Return the corners of a box of cells, with one cell more on every side, in pixels."""
    across, down = side
    left, top, width, height = box
    x0, x1 = round((left - 1) * across), round((left + width + 1) * across)
    y0, y1 = round((top - 1) * down), round((top + height + 1) * down)
    return (x0, y0), (x1, y0), (x1, y1), (x0, y1)
