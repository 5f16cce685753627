"""The structure tensor: in which direction a picture changes, in cells of a few pixels.

A cell of bars has one direction, a cell of modules or of text has all of them, paper has none. Blur
weakens the change and leaves the direction (Bigün and Granlund 1987).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from silog_scan.vision.frames import Grey

    Floats = NDArray[np.float32]
    Mask = NDArray[np.bool_]

Box: TypeAlias = tuple[tuple[float, float], tuple[float, float], float]
"""Middle, width and height in pixels, and angle in degrees, as OpenCV has it."""

_CELLS_ACROSS = 200  # so that a code a tenth as wide as the picture still has a score
_CELL = (4, 8)  # pixels, least and most
_FAINTEST = 3.0  # grey levels a pixel, the mean change in a blurred code in dim light
_FAINT = 0.2  # of the strongest change in the picture
_ALIGNED = 0.6  # coherence above which a cell holds bars: 1 is one direction, 0 is all
_SCATTERED = 0.85  # coherence below which cells and those beside them may hold modules
_DIRECTIONS = 4
_WIDTH = math.pi / _DIRECTIONS * 0.75  # they overlap by half, so that none falls between two
_FEWEST = 6  # cells
_FULL = 0.55  # share of its box that a code fills


@dataclass(frozen=True, slots=True)
class Cells:
    """Strength, coherence and direction of change of every cell of ``side`` pixels.

    ``strength`` is in grey levels a pixel, ``direction`` in radians from the x-axis, up to π.
    """

    side: int
    strength: Floats
    coherence: Floats
    direction: Floats
    scattered: Floats

    def bars(self) -> Iterator[Box]:
        """Return the boxes that cells of one direction fill."""
        import numpy as np

        aligned = self._strong() & (self.coherence > _ALIGNED)
        for turn in range(_DIRECTIONS):
            off = np.abs(self.direction - turn * math.pi / _DIRECTIONS)
            yield from self._boxes(aligned & (np.minimum(off, math.pi - off) < _WIDTH))

    def modules(self) -> Iterator[Box]:
        """Return the boxes that cells of every direction fill, or gather around."""
        import cv2
        import numpy as np

        mask = (self._strong() & (self.scattered < _SCATTERED)).astype(np.uint8)
        near = cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones((5, 5)), borderValue=0)
        yield from self._boxes(np.asarray(near > 0))

    def _strong(self) -> Mask:
        import numpy as np

        bright = float(np.percentile(self.strength, 99))
        return np.asarray(self.strength > max(_FAINTEST, _FAINT * bright))

    def _boxes(self, mask: Mask) -> Iterator[Box]:
        """Return the boxes of the mask's patches, those that are full."""
        import cv2
        import numpy as np

        closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3)))
        count, names, stats, _ = cv2.connectedComponentsWithStats(closed)
        for name in range(1, count):
            left, top, width, height, area = (int(value) for value in stats[name])
            if area < _FEWEST:
                continue
            down, across = np.nonzero(names[top : top + height, left : left + width] == name)
            box = _box(np.stack([across + left, down + top], axis=1).astype(np.float32))
            if area > _FULL * box[1][0] * box[1][1]:
                yield _in_pixels(box, self.side)


def tensor(grey: Grey) -> Cells:
    """Return the cells of a picture."""
    import cv2
    import numpy as np

    side = min(max(max(grey.shape) // _CELLS_ACROSS, _CELL[0]), _CELL[1])
    dx, dy = (cv2.Sobel(grey, cv2.CV_32F, *order, scale=1 / 8) for order in ((1, 0), (0, 1)))
    sums = [_mean_in_cells(product, side) for product in (dx * dx, dy * dy, dx * dy)]
    xx, yy, xy = (_blurred(each, 3) for each in sums)
    direction = np.mod(np.arctan2(2 * xy, xx - yy) / 2, math.pi)
    scattered = _coherence(*(_blurred(each, 7) for each in sums))
    return Cells(side, np.sqrt(xx + yy), _coherence(xx, yy, xy), direction, scattered)


def _mean_in_cells(pixels: Floats, side: int) -> Floats:
    import cv2
    import numpy as np

    size = (max(1, pixels.shape[1] // side), max(1, pixels.shape[0] // side))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.float32)


def _blurred(cells: Floats, over: int) -> Floats:
    import cv2
    import numpy as np

    return np.asarray(cv2.blur(cells, (over, over)), np.float32)


def _coherence(xx: Floats, yy: Floats, xy: Floats) -> Floats:
    import numpy as np

    return np.asarray(np.hypot(xx - yy, 2 * xy) / (xx + yy + 1e-3), np.float32)


def _box(cells: Floats) -> Box:
    """Return the smallest box around the cells, whose middles it is given."""
    import cv2

    (x, y), (width, height), angle = cv2.minAreaRect(cells)
    return (x, y), (width + 1, height + 1), angle


def _in_pixels(box: Box, side: int) -> Box:
    (x, y), (width, height), angle = box
    return ((x + 0.5) * side, (y + 0.5) * side), (width * side, height * side), angle
