"""Bars as one line of light: averaged along them, freed of blur, and printed anew.

Light adds up in a lens and along a movement, grey levels do not: so levels are undone to light
before anything is averaged. The mean of many rows has little noise, once they are sheared upright,
and in one dimension blur can be undone (Wiener 1949) by every width in question for the price of
one look. What comes out is printed in black and white, as a decoder takes what is left of the blur
for the wrong widths.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from silog_scan.vision.blurs import Blur, Shape, light_of, restored
from silog_scan.vision.engines import has_opencv

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from silog_scan.vision.frames import Grey

    Floats = NDArray[np.float32]
    Doubles = NDArray[np.float64]

_SAMPLES = 1200  # of a line: at least four a module of the longest code
_ROWS = 24  # that are averaged; more are averaged by shrinking
_STEEPEST = 0.35  # of the height, most that a bar's ends lie apart
_STEP = 2.0  # samples, from slant to slant
_FINEST = 0.12  # cycles a sample, of edges by which the slant is found
_ENVELOPE = 6  # part of the line in which there is ink and paper for certain
_FINER = 2  # times, before edges fall between two samples
_BLACK, _WHITE = 15, 235
_STRIP = 8  # pixels, height of a printed line, least


BLURS = (
    Blur(Shape.BELL, 0, 0.01),
    Blur(Shape.BELL, 2, 0.01),
    Blur(Shape.BELL, 2.6, 0.01),
    Blur(Shape.BELL, 3.3, 0.001),
    Blur(Shape.BELL, 4.2, 0.001),
    Blur(Shape.BELL, 5.3, 0.001),
    Blur(Shape.BELL, 6.7, 0.001),
    Blur(Shape.DISC, 2.6, 0.01),
    Blur(Shape.DISC, 3.3, 0.01),
    Blur(Shape.DISC, 4.2, 0.001),
    Blur(Shape.DISC, 5.3, 0.001),
    Blur(Shape.DISC, 6.7, 0.001),
    Blur(Shape.PATH, 2, 0.01),
    Blur(Shape.PATH, 3.3, 0.01),
    Blur(Shape.PATH, 5.3, 0.001),
    Blur(Shape.PATH, 6.7, 0.001),
)
"""Bells of lenses, discs of those out of focus, paths of hands that moved."""


def upper(crop: Grey) -> Grey | None:
    """Return the upper half of an upright crop's bars as strips, each freed of another blur."""
    return _reprinted(crop, 0.05, 0.5)


def lower(crop: Grey) -> Grey | None:
    """Return the lower half so: other pixels of the same bars, with a noise of their own."""
    return _reprinted(crop, 0.5, 0.95)


def _reprinted(crop: Grey, top: float, bottom: float) -> Grey | None:
    if not has_opencv():
        return None
    import cv2
    import numpy as np

    high, wide = crop.shape
    first = int(high * top)
    strips = _printed(_sharpened(_line(crop[first : max(int(high * bottom), first + 1)])))
    size = (strips.shape[1], max(_STRIP * len(BLURS), round(high * strips.shape[1] / wide)))
    return np.asarray(cv2.resize(strips, size, interpolation=cv2.INTER_NEAREST), np.uint8)


def _line(crop: Grey) -> Floats:
    """Return the light of the bars, averaged along them."""
    import cv2
    import numpy as np

    steepest = _STEEPEST * crop.shape[0] * _SAMPLES / crop.shape[1]
    size = (_SAMPLES, min(_ROWS, crop.shape[0]))
    small = cv2.resize(crop, size, interpolation=cv2.INTER_AREA)
    light = light_of(np.asarray(small, np.uint8))
    return np.asarray(_sheared(light, _slant(light, steepest)).mean(axis=0), np.float32)


def _slant(light: Floats, steepest: float) -> float:
    """Return how many samples a bar's ends lie apart: then the mean of all rows is sharpest."""
    import numpy as np

    rows, samples = light.shape
    window = np.hanning(samples).astype(np.float32)
    waves = np.fft.rfftfreq(samples)
    coarse = waves < _FINEST
    parts = np.fft.rfft((light - light.mean(axis=1, keepdims=True)) * window)[:, coarse]
    waves, places = waves[coarse], (np.arange(rows) - (rows - 1) / 2) / rows
    slants = np.linspace(-steepest, steepest, 2 * round(steepest / _STEP) + 1)
    turns = (2j * np.pi * np.outer(places, waves)).astype(np.complex64)
    means = [(np.exp(slant * turns) * parts).mean(axis=0) for slant in slants]
    sharpness = [np.sum(np.abs(mean * waves) ** 2) for mean in means]
    return float(slants[int(np.argmax(sharpness))])


def _sheared(light: Floats, slant: float) -> Floats:
    import cv2
    import numpy as np

    rows, samples = light.shape
    a_row = slant / rows
    shear = np.array([[1, a_row, -a_row * (rows - 1) / 2], [0, 1, 0]], np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    edge = cv2.BORDER_REPLICATE
    return np.asarray(
        cv2.warpAffine(light, shear, (samples, rows), flags=flags, borderMode=edge), np.float32
    )


def _sharpened(line: Floats) -> Floats:
    """Return the line without each of the blurs, one a row, as far as the noise lets it be told."""
    import numpy as np

    mean = line.mean()
    waves = np.fft.rfft(np.concatenate([line, line[::-1]]) - mean)
    rows = np.fft.irfft(waves * _filters(), 2 * line.size)[:, : line.size]
    return np.asarray(rows + mean, np.float32)


@cache
def _filters() -> Doubles:
    """Return Wiener's filter of every blur, one a row, for a line and its mirror image."""
    import numpy as np

    waves = np.fft.rfftfreq(2 * _SAMPLES).astype(np.float64)
    return np.stack([restored(blur, waves) for blur in BLURS])


def _printed(rows: Floats) -> Grey:
    """Return the rows in black and white, parted halfway between the ink and the paper around."""
    import cv2
    import numpy as np

    fine = cv2.resize(rows, None, fx=_FINER, fy=1, interpolation=cv2.INTER_CUBIC)
    around = (fine.shape[1] // _ENVELOPE | 1, 1)
    kernel = np.ones(around[::-1], np.uint8)
    paper = cv2.blur(cv2.dilate(fine, kernel), around)
    ink = cv2.blur(cv2.erode(fine, kernel), around)
    return np.where(fine > (paper + ink) / 2, _WHITE, _BLACK).astype(np.uint8)
