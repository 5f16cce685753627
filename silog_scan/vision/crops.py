"""Small upright pictures of a place in a large one, and what their pixels say of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from silog_scan.vision.corners import Corners
    from silog_scan.vision.frames import Grey

    Matrix = NDArray[np.float64]
    Floats = NDArray[np.float32]
    Points = NDArray[np.float32]

_QUIET = 0.25  # of the code's width, added on either side of bars
_MARGIN = 0.12  # of a square's, on every side
_WIDTH = 900  # pixels a crop is enlarged to
_MOST_ENLARGED = 3.0
_LARGEST = 256  # pixels, of a part that is looked at as it is
_FEWEST_EDGES = 16  # of bars: EAN-8 and a short ITF have some 40
_ALIKE = 0.55  # correlation of the upper and the lower half of bars
_ACROSS = 0.35  # of the variance, from bar to bar: along an edge or shadow there is none
_ZONE = 14  # part of bars and quiet zones that is bare paper: seven modules of a hundred
_CALM = 0.25  # of the bars' contrast, most in a quiet zone
_SMALL = (240, 32)  # pixels, of the look at a place that tells bars from texture
_SMALL_SQUARE = 96
_FEWEST_STEPS = 4  # changes from dark to light a row of modules, fewest
_PARTED = 0.7  # of the variance, between ink and paper
_EMPTY = 0.12  # share of rows without changes, most: lines of text have gaps between them


@dataclass(frozen=True, slots=True)
class Crop:
    """An upright, perhaps enlarged picture of one place, and the way back to the whole one."""

    pixels: Grey
    way_back: Matrix

    def in_picture(self, corners: Corners) -> Corners:
        """Return where corners of the crop lie in the picture."""
        import cv2
        import numpy as np

        points = np.array(corners, np.float32)[None]
        [moved] = cv2.perspectiveTransform(points, self.way_back)
        return tuple((round(float(x)), round(float(y))) for x, y in moved)


def cut_out(grey: Grey, corners: Corners, *, is_linear: bool) -> Crop:
    """Return the upright crop of a place with its quiet zone."""
    import cv2
    import numpy as np

    quad = grown(corners, _QUIET if is_linear else _MARGIN, is_both_ways=not is_linear)
    width, height = math.dist(quad[0], quad[1]), math.dist(quad[1], quad[2])
    scale = min(_MOST_ENLARGED, max(1.0, _WIDTH / width))
    size = (max(8, round(width * scale)), max(8, round(height * scale)))
    forth = _matrix(quad, size)
    flat = cv2.warpPerspective(
        grey, forth, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return Crop(np.asarray(flat, np.uint8), np.asarray(np.linalg.inv(forth), np.float64))


def sliced(grey: Grey, corners: Corners) -> Crop:
    """Return the part of the picture in an upright box, shrunk if it is large."""
    import cv2
    import numpy as np

    (left, top), (right, bottom) = corners[0], corners[2]
    x, y = max(left, 0), max(top, 0)
    part = grey[y:bottom, x:right]
    scale = min(1.0, _LARGEST / max(part.shape))
    small = cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    way_back = np.array([[1 / scale, 0, x], [0, 1 / scale, y], [0, 0, 1]])
    return Crop(np.asarray(small, np.uint8), way_back)


def grown(corners: Corners, share: float, *, is_both_ways: bool) -> Points:
    """Return the quad grown along its first side, or along both."""
    import numpy as np

    quad = np.array(corners, np.float64)
    along = share * (quad[[1, 1, 2, 2]] - quad[[0, 0, 3, 3]])
    wide: Points = (quad + along * np.array([[-1], [1], [1], [-1]])).astype(np.float32)
    if not is_both_ways:
        return wide
    down = share * (quad[[3, 2, 2, 3]] - quad[[0, 1, 1, 0]])
    return np.asarray(wide + down * np.array([[-1], [-1], [1], [1]]), np.float32)


def _matrix(quad: Points, size: tuple[int, int]) -> Matrix:
    import cv2
    import numpy as np

    width, height = size
    ends = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    return np.asarray(cv2.getPerspectiveTransform(quad, ends), np.float64)


def has_bars(grey: Grey, corners: Corners) -> bool:
    """Return whether bars cross the first side: its halves look alike, and change often."""
    import numpy as np

    width = min(_SMALL[0], max(16, round(math.dist(corners[0], corners[1]))))
    crop = unwarped(grey, corners, size=(width, _SMALL[1])).astype(np.float32)
    upper, middle, lower = (rows.mean(axis=0) for rows in np.array_split(crop, 3))
    if min(_likeness(upper, middle), _likeness(middle, lower)) < _ALIKE:
        return False
    row = crop.mean(axis=0)
    return bool(row.var() > _ACROSS * crop.var()) and edges(row) >= _FEWEST_EDGES


def has_quiet_zone(grey: Grey, corners: Corners) -> bool:
    """Return whether bare paper borders the bars on one side at least: woven cloth has none."""
    import numpy as np

    quad = grown(corners, _QUIET, is_both_ways=False)
    width = max(48, min(_SMALL[0], round(math.dist(quad[0], quad[1]))))
    row = _flattened(grey, quad, size=(width, _SMALL[1])).mean(axis=0)
    core, zone = row[width // 4 : -width // 4], width // _ZONE
    bare = [
        window
        for side in (row[: width // 4], row[-width // 4 :])
        for window in np.lib.stride_tricks.sliding_window_view(side, zone)
    ]
    calm = _CALM * float(np.ptp(core))
    return any(np.ptp(window) < calm and window.mean() > core.mean() for window in bare)


def has_modules(grey: Grey, corners: Corners) -> bool:
    """Return whether light and dark change in rows and columns alike, with no line left out."""
    import cv2
    import numpy as np

    crop = unwarped(grey, corners, size=(_SMALL_SQUARE, _SMALL_SQUARE))
    level, dark = cv2.threshold(crop, 0, 1, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
    if not 0 < dark.mean() < 1 or _parted(crop, level) < _PARTED:
        return False
    steps = [np.abs(np.diff(dark.astype(np.int8), axis=axis)).sum(axis=axis) for axis in (0, 1)]
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
    import numpy as np

    return _flattened(grey, np.array(corners, np.float32), size=size)


def _flattened(grey: Grey, quad: Points, *, size: tuple[int, int]) -> Grey:
    import cv2
    import numpy as np

    matrix = _matrix(quad, size)
    flat = cv2.warpPerspective(grey, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(flat, np.uint8)


def _likeness(one: Floats, other: Floats) -> float:
    """Return the correlation of two rows."""
    import numpy as np

    one, other = one - one.mean(), other - other.mean()
    return float((one * other).sum() / (np.linalg.norm(one) * np.linalg.norm(other) + 1e-3))


def edges(row: Floats) -> int:
    """Return how often the row crosses its own local mean."""
    import cv2
    import numpy as np

    local = cv2.blur(row[None, :], (max(9, row.size // 12) | 1, 1))[0]
    return int(np.count_nonzero(np.diff(np.sign(row - local))))
