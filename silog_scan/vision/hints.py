"""What would make a located code readable: what its pixels lack, told by their edges and lights."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from silog_scan.vision.crops import edges, grown, unwarped
from silog_scan.vision.locate import Hint, Place

if TYPE_CHECKING:
    from silog_scan.vision.frames import Grey

_SATURATED = 250  # grey levels, of 255
_GLARE = 0.04  # share of the code that is lost in one light
_LIGHT = 6  # a light is as wide as this part of the shorter side: no space between bars is
_FINEST = 1.3  # pixels a module; the engines read no smaller one
_RUN = 1.9  # modules from edge to edge in the mean, Code 128 and EAN alike
_SMALL = 60  # pixels, of a longer side too short for any label of ours
_SOFT = 3.2  # pixels from dark to light; a sharp camera takes two
_ONE_WAY = 1.4  # ratio of edge widths that only a moving hand makes
_MARGIN = 0.35  # of the place, so that the ends of the bars are seen


def hint_for(grey: Grey, place: Place) -> Hint:
    """Return what to do about an unread code; out of focus counts as too far, as nothing fits."""
    if _has_glare(grey, place):
        return Hint.TILT
    if _is_small(grey, place):
        return Hint.CLOSER
    sharpest, softest = _edge_widths(grey, place)
    if softest < _SOFT:
        return Hint.DIRTY
    return Hint.HOLD_STILL if softest > _ONE_WAY * sharpest else Hint.CLOSER


def _natural(grey: Grey, place: Place, margin: float = 0) -> Grey:
    """Return the place upright and in its own size."""
    quad = grown(place.corners, margin, is_both_ways=True)
    across, along = math.dist(quad[0], quad[1]), math.dist(quad[1], quad[2])
    corners = tuple((round(float(x)), round(float(y))) for x, y in quad)
    return unwarped(grey, corners, size=(max(8, round(across)), max(8, round(along))))


def _has_glare(grey: Grey, place: Place) -> bool:
    """Return whether a saturated patch is larger than any light part of a code."""
    import cv2
    import numpy as np

    crop = _natural(grey, place)
    side = max(5, min(crop.shape) // _LIGHT)
    light = (crop >= _SATURATED).astype(np.uint8)
    return bool(cv2.morphologyEx(light, cv2.MORPH_OPEN, np.ones((side, side))).mean() > _GLARE)


def _is_small(grey: Grey, place: Place) -> bool:
    """Return whether the modules are too few pixels wide."""
    crop = _natural(grey, place)
    if max(crop.shape) < _SMALL:
        return True
    middle = crop[crop.shape[0] // 3 : crop.shape[0] * 2 // 3].mean(axis=0)
    return place.is_linear and crop.shape[1] / (edges(middle) + 1) / _RUN < _FINEST


def _edge_widths(grey: Grey, place: Place) -> tuple[float, float]:
    """Return the pixels from dark to light in the sharpest direction, and in the softest.

    Of bars the softest is that across them: the other one is told by the ends of the bars.
    """
    import cv2
    import numpy as np

    crop = cv2.GaussianBlur(_natural(grey, place, _MARGIN), (3, 3), 0).astype(np.float32)
    low, high = np.percentile(crop, (2, 98))
    dx, dy = np.gradient(crop, axis=1)[1:-1, 1:-1], np.gradient(crop, axis=0)[1:-1, 1:-1]
    ways = (dy, dx) if place.is_linear else (dy, dx, (dx + dy) / 1.4, (dx - dy) / 1.4)
    steepest = [float(np.percentile(np.abs(way), 99.7)) for way in ways]
    widths = [float(high - low) / (step + 0.1) for step in steepest]
    return (widths[0], widths[1]) if place.is_linear else (min(widths), max(widths))
