"""Blur undone wave by wave (Wiener 1949), in pixels that are few enough to do it in every frame.

The rows of bars are one line, averaged: it has little noise, and undoing its blur costs a fiftieth
of what a picture's costs, so that several widths of blur are tried. A camera spreads light and
then bends its tones: some blurs are better undone in light, some in the tones as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from silog_scan.vision.blurs import Blur, Shape, light_of, passed, undoing

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from silog_scan.vision.frames import Grey

    Waves = NDArray[np.complex128]
    Doubles = NDArray[np.float64]
    Levels = NDArray[np.floating[Any]]

_BANDS = 8  # that rows are averaged to before their skew is known
_SKEW, _STEP = 6.0, 0.75  # pixels between the ends of a bar, most and step by step
_EDGE = 20  # part of a row in which it fades at either end
_ROWS = 8  # of the picture of a line: the engine looks at a few
_ROW_NOISE, _SQUARE_NOISE = 1 / 150, 1 / 10  # share of the signal's power
_LEVELS = (15, 235)
_SAMPLE = 1000  # pixels
_OUTLIERS = 50  # part of the pixels at either end


FINER = 3
"""Times as many pixels a row has after its blur is undone: narrow bars fall between fewer."""


@dataclass(frozen=True, slots=True)
class _Look:
    """A width of blur in pixels (standard deviation), and whether it is undone in light."""

    sigma: float
    is_light: bool = False


_ROW_LOOKS = (
    _Look(0.3),
    _Look(1.1, is_light=True),
    _Look(0.7),
    _Look(1.4),
    _Look(1.4, is_light=True),
    _Look(1.1),
)
"""Of 12 widths in light and tone, 3 kinds of noise each, the last five read 95 % of what
all do; the first is for sharp bars that are small or turned."""


def bars(strip: Grey) -> list[Grey]:
    """Return upright bars as pictures of their mean row, each freed of another blur."""
    waves = {is_light: _waves(strip, is_light=is_light) for is_light in (False, True)}
    frequencies = _frequencies(strip.shape[1])
    skew = _skew(waves[False], frequencies)
    means = {kind: (each * _turned(skew, frequencies)).mean(axis=0) for kind, each in waves.items()}
    return [_row(means[look.is_light], look.sigma, width=strip.shape[1]) for look in _ROW_LOOKS]


def square(grey: Grey, sigma: float) -> Grey:
    """Return a picture freed of a blur of ``sigma`` pixels, doubled in size."""
    import cv2
    import numpy as np

    margin = int(4 * sigma) + 1
    high, wide = (cv2.getOptimalDFTSize(side + 2 * margin) for side in grey.shape)
    after = (high - grey.shape[0] - margin, wide - grey.shape[1] - margin)
    framed = np.pad(grey.astype(np.float32), ((margin, after[0]), (margin, after[1])), mode="edge")
    rows = np.asarray(np.fft.fftfreq(high), np.float64)
    share = np.outer(_left(rows, sigma), _left(_frequencies(wide), sigma)).astype(np.float32)
    waves = np.fft.rfft2(framed - framed.mean()) * undoing(share, _SQUARE_NOISE)
    restored = np.fft.irfft2(waves, framed.shape)
    sharp = _levelled(restored[margin : -after[0], margin : -after[1]])
    return np.asarray(cv2.resize(sharp, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)


def _waves(strip: Grey, *, is_light: bool) -> Waves:
    """Return the waves of the bands of a strip, in light or in tones."""
    import cv2
    import numpy as np

    levels = light_of(strip) if is_light else strip.astype(np.float32) / 255
    bands = cv2.resize(levels, (strip.shape[1], _BANDS), interpolation=cv2.INTER_AREA)
    bands = bands - bands.mean(axis=1, keepdims=True)
    return np.fft.rfft(bands * _fading(strip.shape[1]), axis=1)


def _fading(width: int) -> Doubles:
    import numpy as np

    ends = max(4, width // _EDGE)
    rise = 0.5 - 0.5 * np.cos(np.pi * (np.arange(ends) + 0.5) / ends)
    return np.concatenate([rise, np.ones(width - 2 * ends), rise[::-1]])


def _skew(waves: Waves, frequencies: Doubles) -> float:
    """Return how many pixels a bar's ends lie apart: then the mean of the bands is steepest."""
    import numpy as np

    coarse = frequencies[: frequencies.size // 2]
    skews = np.arange(-_SKEW, _SKEW + _STEP / 2, _STEP)
    means = [(waves[:, : coarse.size] * _turned(skew, coarse)).sum(axis=0) for skew in skews]
    return float(skews[int(np.argmax([(np.abs(mean) ** 2 * coarse).sum() for mean in means]))])


def _turned(skew: float, frequencies: Doubles) -> Waves:
    """Return what moves the waves of every band to where its bars are above each other."""
    import numpy as np

    bands = (np.arange(_BANDS) - (_BANDS - 1) / 2) / _BANDS
    turns = np.outer(bands, frequencies)
    return np.asarray(np.exp(2j * np.pi * skew * turns), np.complex128)


def _row(waves: Waves, sigma: float, *, width: int) -> Grey:
    import numpy as np

    restored = waves * undoing(_left(_frequencies(width), sigma), _ROW_NOISE)
    return np.tile(_levelled(np.fft.irfft(restored, FINER * width)), (_ROWS, 1))


def _frequencies(width: int) -> Doubles:
    import numpy as np

    return np.asarray(np.fft.rfftfreq(width), np.float64)


def _left(waves: Doubles, sigma: float) -> Doubles:
    """Return the share of every wave, in cycles a pixel, that a bell's blur leaves."""
    return passed(Blur(Shape.BELL, sigma, 0.0), waves)


def _levelled(values: Levels) -> Grey:
    """Return the values spread over all grey levels, but for outliers; few tell where they lie."""
    import numpy as np

    sample = np.sort(values.ravel()[:: max(1, values.size // _SAMPLE)])
    few = sample.size // _OUTLIERS
    low, high = sample[few], sample[-few - 1]
    ink, paper = _LEVELS
    levels = (values - low) / (high - low + 1e-6) * (paper - ink) + ink
    return np.asarray(np.clip(levels, 0, 255), np.uint8)
