"""How pixels are changed before an engine looks: each way makes another kind of mistake."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

from silog_scan.vision.blurs import Blur, Shape, light_of, restored
from silog_scan.vision.engines import has_opencv
from silog_scan.vision.profiles import lower, upper

if TYPE_CHECKING:
    from collections.abc import Callable

    from silog_scan.vision.blurs import Doubles
    from silog_scan.vision.frames import Grey

    Treatment = Callable[[Grey], Grey | None]


_REACH = 16  # pixels mirrored around a part, so that its edges make no waves


def _raw(grey: Grey) -> Grey:
    return grey


def _clahe(grey: Grey) -> Grey | None:
    """Even out the contrast, tile by tile: saves codes in shadow and glare."""
    if not has_opencv():
        return None
    import cv2
    import numpy as np

    return np.asarray(cv2.createCLAHE(3.0, (8, 8)).apply(grey), dtype=np.uint8)


def _smooth(grey: Grey) -> Grey:
    """Blur over three pixels each way: saves codes in the noise of a dark hall."""
    import numpy as np
    from PIL import Image, ImageFilter

    kernel = ImageFilter.Kernel((3, 3), (1, 2, 1, 2, 4, 2, 1, 2, 1))
    return np.asarray(Image.fromarray(grey).filter(kernel), dtype=np.uint8)


def _unsharp(grey: Grey) -> Grey | None:
    """Add twice what a blur over three pixels takes away: saves codes out of focus."""
    if not has_opencv():
        return None
    import cv2
    import numpy as np

    return np.asarray(cv2.addWeighted(grey, 3, cv2.GaussianBlur(grey, (0, 0), 3), -2, 0), np.uint8)


def _deblurred(grey: Grey) -> Grey | None:
    """Undo a blur of 1.3 pixels (Richardson 1972, Lucy 1974), in six rounds."""
    return _richardson_lucy(grey, sigma=1.3, rounds=6)


def _deblurred_more(grey: Grey) -> Grey | None:
    """Undo the blur of a crop, which was enlarged with its pixels."""
    return _richardson_lucy(grey, sigma=2.6, rounds=8)


def _richardson_lucy(grey: Grey, *, sigma: float, rounds: int) -> Grey | None:
    if not has_opencv():
        return None
    import cv2
    import numpy as np

    seen = grey.astype(np.float32) + 1
    guess = seen.copy()
    for _ in range(rounds):
        guess *= cv2.GaussianBlur(seen / cv2.GaussianBlur(guess, (0, 0), sigma), (0, 0), sigma)
    return np.clip(guess - 1, 0, 255).astype(np.uint8)


def _refocused(grey: Grey, *, blur: Blur) -> Grey | None:
    """Undo a blur in both directions, and double the size."""
    if not has_opencv():
        return None
    import numpy as np

    around = np.pad(light_of(grey), _REACH, mode="symmetric")
    mean = around.mean()
    waves = np.hypot(
        np.fft.fftfreq(around.shape[0])[:, None], np.fft.rfftfreq(around.shape[1])[None]
    )
    known = np.linspace(0, math.sqrt(1 / 2), 256)
    gain = np.interp(waves, known, restored(blur, known))
    sharp = np.fft.irfft2(np.fft.rfft2(around - mean) * gain, around.shape) + mean
    return _enlarged(_stretched(sharp[_REACH:-_REACH, _REACH:-_REACH]))


def _stretched(light: Doubles) -> Grey:
    """Return grey levels of the light from nearly the darkest to nearly the brightest."""
    import numpy as np

    dark, bright = np.percentile(light, (2, 98))
    return np.asarray(np.clip((light - dark) / (bright - dark + 1e-9), 0, 1) * 255, np.uint8)


def _denoised(grey: Grey) -> Grey | None:
    """Average each pixel with those of alike surroundings, and double the size (Buades 2005)."""
    if not has_opencv():
        return None
    import cv2
    import numpy as np

    calm = cv2.fastNlMeansDenoising(cv2.GaussianBlur(grey, (0, 0), 0.8), None, 15, 5, 11)
    return _enlarged(np.asarray(calm, np.uint8))


def _enlarged(grey: Grey) -> Grey | None:
    """Double the size: saves modules of 1.25 pixels, which no scan line samples well."""
    if not has_opencv():
        return None
    import cv2
    import numpy as np

    return np.asarray(cv2.resize(grey, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC), np.uint8)


def _enlarged_unsharp(grey: Grey) -> Grey | None:
    large = _enlarged(grey)
    return None if large is None else _unsharp(large)


def _binarised(grey: Grey) -> Grey | None:
    """Part ink and paper by the light around each pixel: saves codes half in shadow."""
    if not has_opencv():
        return None
    import cv2
    import numpy as np

    window = max(15, min(grey.shape) // 8) | 1
    smooth, mean = cv2.GaussianBlur(grey, (3, 3), 0), cv2.ADAPTIVE_THRESH_GAUSSIAN_C
    return np.asarray(
        cv2.adaptiveThreshold(smooth, 255, mean, cv2.THRESH_BINARY, window, 5), np.uint8
    )


def _averaged(grey: Grey) -> Grey | None:
    """Average every row of an upright crop with those near it, then sharpen: saves noisy bars."""
    if not has_opencv():
        return None
    import cv2
    import numpy as np

    rows = np.asarray(cv2.blur(grey, (1, max(3, grey.shape[0] // 5))), np.uint8)
    return np.asarray(cv2.addWeighted(rows, 3, cv2.GaussianBlur(rows, (0, 0), 5), -2, 0), np.uint8)


TREATMENTS: dict[str, Treatment] = {
    "raw": _raw,
    "clahe": _clahe,
    "smooth": _smooth,
    "unsharp": _unsharp,
    "deblurred": _deblurred,
    "deblurred-more": _deblurred_more,
    "enlarged": _enlarged,
    "enlarged-unsharp": _enlarged_unsharp,
    "binarised": _binarised,
    "averaged": _averaged,
    "refocused": partial(_refocused, blur=Blur(Shape.BELL, 1.8, 0.1)),
    "refocused-more": partial(_refocused, blur=Blur(Shape.BELL, 2.3, 0.01)),
    "refocused-disc": partial(_refocused, blur=Blur(Shape.DISC, 2.25, 0.01)),
    "refocused-most": partial(_refocused, blur=Blur(Shape.BELL, 4, 0.1)),
    "denoised": _denoised,
    "upper": upper,
    "lower": lower,
}
"""How pixels are changed before an engine looks; None where a library for it is missing."""
