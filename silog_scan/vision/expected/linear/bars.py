"""The bars of a located label averaged to one profile: so little noise that blur is borne."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from silog_scan.vision.expected.arrays import Floats
from silog_scan.vision.frames import Grey

MARGIN = 30.0
"""Modules looked at beyond each end, as the ends of what was located may be wrong by twenty."""

_EDGE = 0.12
"""Share of the height left out above and below."""
_LEAST_ROWS = 3
_BANDS = 8
_HALF_PIXEL = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Grey along the code, where the code roughly is in it, and a sample's standard error."""

    grey: Floats
    first: float
    last: float
    error: float


def profile(grey: Grey, quad: Floats, modules: int) -> Profile:
    """Return the profile of a quad whose first side runs along the code."""
    rows, margin, width = _upright(grey, quad, modules)
    slant = _Slant(rows.shape[1], margin + width / 2)
    upright = slant.removed(rows, *_steepest(rows, slant, width / modules))
    scatter = upright.std(axis=0)[margin : margin + width]
    error = np.sqrt((scatter**2).mean() / max(len(upright) - 1, 1))
    return Profile(upright.mean(axis=0), float(margin), float(margin + width), float(error))


def _upright(grey: Grey, quad: Floats, modules: int) -> tuple[Floats, int, int]:
    """Return the rows of the rectified quad, its margin and its width in pixels."""
    corners = np.asarray(quad, np.float32)
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    width = max(round(float(sides[0] + sides[2]) / 2), 1)
    height = int(max(6, (sides[1] + sides[3]) / 2))
    margin = int(np.ceil(MARGIN * width / modules))
    left, right = margin, margin + width
    target = np.array([[left, 0], [right, 0], [right, height], [left, height]], np.float32)
    # Corners lie between pixels, the transform counts from their middles.
    matrix = cv2.getPerspectiveTransform(corners, target)
    matrix = np.linalg.inv(_HALF_PIXEL) @ matrix @ _HALF_PIXEL
    size = (width + 2 * margin, height)
    flat = cv2.warpPerspective(
        grey, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    top = int(_EDGE * height)
    bottom = max(int((1 - _EDGE) * height), top + _LEAST_ROWS)
    return flat[top:bottom].astype(np.float32), margin, width


class _Slant:
    """Shears rows so that slanted bars stand upright, more or less so along the code."""

    def __init__(self, width: int, middle: float) -> None:
        self._columns = np.arange(width, dtype=np.float32)
        self._along = (self._columns - middle) / width

    def removed(self, rows: Floats, slant: float, growth: float) -> Floats:
        height = len(rows)
        down = (np.arange(height) - (height - 1) / 2) / max(height - 1, 1)
        columns = self._columns + down[:, None] * (slant + growth * self._along)
        lines = np.repeat(np.arange(height, dtype=np.float32)[:, None], len(self._columns), axis=1)
        sheared = cv2.remap(
            rows,
            columns.astype(np.float32),
            lines,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(sheared, np.float32)


def _steepest(rows: Floats, slant: _Slant, module: float) -> tuple[float, float]:
    """Return the slant and its growth whose average has the steepest edges."""
    bands = np.stack([band.mean(axis=0) for band in np.array_split(rows, min(_BANDS, len(rows)))])
    step = max(0.25 * module, 0.4)
    tries = step * np.arange(-10, 11)

    def energy(first: float, growth: float) -> float:
        average = slant.removed(bands, first, growth).mean(axis=0)[None]
        return float((np.diff(cv2.GaussianBlur(average, (0, 0), 0.7)) ** 2).sum())

    first = max(tries, key=lambda value: energy(value, 0))
    growth = max(tries, key=lambda value: energy(first, value))
    finer = first + step * np.array([-0.5, -0.25, 0, 0.25, 0.5])
    return max(finer, key=lambda value: energy(value, growth)), growth
