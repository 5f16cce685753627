"""Small upright pictures of a place in a large one, and what their pixels say of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from silog_scan.vision.frames import Grey
    from silog_scan.vision.locate import Corners

    Floats = NDArray[np.float32]

_FEWEST_EDGES = 16  # of bars: EAN-8 and a short ITF have some 40
_ALIKE = 0.55  # correlation of the upper and the lower half of bars
_ACROSS = 0.35  # of the variance, from bar to bar: along an edge or shadow there is none
_SMALL = (240, 32)  # pixels, of the look at a place that tells bars from texture
_SMALL_SQUARE = 96
_FEWEST_STEPS = 5  # changes from dark to light a row of modules, fewest
_PARTED = 0.7  # of the variance, between ink and paper
_EMPTY = 0.12  # share of rows without changes, most: lines of text have gaps between them


def has_bars(grey: Grey, corners: Corners) -> bool:
    """Return whether bars cross the first side: its halves look alike, and change often."""
    import numpy as np

    width = min(_SMALL[0], max(16, round(math.dist(corners[0], corners[1]))))
    crop = unwarped(grey, corners, size=(width, _SMALL[1])).astype(np.float32)
    upper, middle, lower = (rows.mean(axis=0) for rows in np.array_split(crop, 3))
    if min(_likeness(upper, middle), _likeness(middle, lower)) < _ALIKE:
        return False
    row = crop.mean(axis=0)
    return bool(row.var() > _ACROSS * crop.var()) and _edges(row) >= _FEWEST_EDGES


def has_modules(grey: Grey, corners: Corners) -> bool:
    """Return whether light and dark change in rows and columns alike, with no line left out."""
    import cv2
    import numpy as np

    crop = unwarped(grey, corners, size=(_SMALL_SQUARE, _SMALL_SQUARE))
    level, dark = cv2.threshold(crop, 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    if not 0 < dark.mean() < 1 or _parted(crop, level) < _PARTED:
        return False
    steps = [np.abs(np.diff(dark.astype(np.int8), axis=axis)).sum(axis=1 - axis) for axis in (0, 1)]
    return all(_is_dense(each[8:-8]) for each in steps)


def _parted(crop: Grey, level: float) -> float:
    """Return which share of the variance lies between dark and light: ink and paper, or cloth."""
    dark, light = crop[crop <= level], crop[crop > level]
    share = dark.size / crop.size
    between = share * (1 - share) * float(light.mean() - dark.mean()) ** 2
    return between / float(crop.var())


def _is_dense(steps: NDArray[np.int64]) -> bool:
    import numpy as np

    return bool(np.median(steps) >= _FEWEST_STEPS and (steps <= 1).mean() < _EMPTY)


def unwarped(grey: Grey, corners: Corners, *, size: tuple[int, int]) -> Grey:
    """Return the quad as an upright picture of this width and height."""
    import cv2
    import numpy as np

    width, height = size
    ends = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    matrix = cv2.getPerspectiveTransform(np.array(corners, np.float32), ends)
    flat = cv2.warpPerspective(grey, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(flat, np.uint8)


def _likeness(one: Floats, other: Floats) -> float:
    """Return the correlation of two rows."""
    import numpy as np

    one, other = one - one.mean(), other - other.mean()
    return float((one * other).sum() / (np.linalg.norm(one) * np.linalg.norm(other) + 1e-3))


def _edges(row: Floats) -> int:
    """Return how often the row crosses its own local mean."""
    import cv2
    import numpy as np

    local = cv2.blur(row[None, :], (max(9, row.size // 12) | 1, 1))[0]
    return int(np.count_nonzero(np.diff(np.sign(row - local))))
