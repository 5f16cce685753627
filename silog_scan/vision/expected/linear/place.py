"""Where in its profile a code lies, and which way round: found by the mean of all expected."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from silog_scan.vision.expected.arrays import Floats
from silog_scan.vision.expected.linear.bars import Profile
from silog_scan.vision.expected.linear.canvas import QUIET, Canvas, canvas, gaussian
from silog_scan.vision.expected.linear.fit import sampled

SCALES = np.linspace(0.82, 1.14, 49)
"""Module sizes tried, in that of the quad: its ends are wrong, or those of the printed frame."""
OFFSET = 20
"""Modules a code may lie beside the middle of its quad."""

_SAMPLES = 2
_BLURS = (0.6, 1.3)
"""Modules: a code in focus is found with the one, a blurred one with the other."""
_CLEAR = 0.85


@dataclass(frozen=True, slots=True)
class Place:
    """Where a code begins, its module in pixels, and how well the mean code fits there."""

    start: float
    module: float
    blur: float
    is_reversed: bool
    correlation: float

    @property
    def grid(self) -> Floats:
        """Return the place as offset, scale and bow."""
        return np.array([self.start, self.module, 0.0])


def places(bars: Profile, mean: Floats) -> list[Place]:
    """Return the best place of each direction, the better first; one if the other is far behind."""
    line = 255 - bars.grey
    length = len(line)
    ahead = _place(line, (bars.first, bars.last), mean)
    back = _place(line[::-1], (length - bars.last, length - bars.first), mean, is_reversed=True)
    first, second = sorted((ahead, back), key=lambda place: -place.correlation)
    return [first] if second.correlation < _CLEAR * first.correlation else [first, second]


def _place(
    line: Floats, ends: tuple[float, float], mean: Floats, *, is_reversed: bool = False
) -> Place:
    """Return where the mean code correlates best, over scale, offset and blur."""
    view = canvas(len(mean), _SAMPLES)
    middle, module = sum(ends) / 2, (ends[1] - ends[0]) / view.modules
    modules = module * SCALES
    windows = _windows(line, middle, modules, view)
    found = []
    for blur in _BLURS:
        correlation = _correlation(windows, _template(mean, blur, view))
        row, column = np.unravel_index(int(correlation.argmax()), correlation.shape)
        begin = (column / _SAMPLES - OFFSET - view.modules / 2) * modules[row]
        found.append(
            Place(
                float(middle + begin),
                float(modules[row]),
                blur,
                is_reversed,
                float(correlation[row, column]),
            )
        )
    return max(found, key=lambda place: place.correlation)


def _windows(line: Floats, middle: float, modules: Floats, view: Canvas) -> Floats:
    """Return the profile around the middle, a row for each size of a module."""
    reach = view.modules / 2 + QUIET + OFFSET
    count = view.length + 2 * OFFSET * _SAMPLES
    at = (np.arange(count) + 0.5) / _SAMPLES - reach
    return sampled(line, middle + at * modules[:, None] - 0.5, cv2.INTER_LINEAR)


def _template(mean: Floats, blur: float, view: Canvas) -> Floats:
    blurred = np.convolve(view.drawn(mean[None])[0], gaussian(blur * _SAMPLES, view.reach), "same")
    level = blurred - blurred.mean()
    return np.asarray(level / np.linalg.norm(level))


def _correlation(windows: Floats, template: Floats) -> Floats:
    """Return the normalised correlation at every offset of every window."""
    length = len(template)
    offsets = windows.shape[1] - length + 1
    size = cv2.getOptimalDFTSize(windows.shape[1])
    spectrum = np.fft.rfft(windows, size) * np.conj(np.fft.rfft(template, size))
    products = np.fft.irfft(spectrum, size)[:, :offsets]
    sums, squares = _running(windows, length), _running(windows * windows, length)
    return products / np.sqrt(np.maximum(squares - sums * sums / length, 1e-6))


def _running(rows: Floats, length: int) -> Floats:
    """Return the sums over ``length`` samples, at every offset."""
    totals = np.cumsum(np.pad(rows, ((0, 0), (1, 0))), axis=1)
    return np.asarray(totals[:, length:] - totals[:, :-length])
