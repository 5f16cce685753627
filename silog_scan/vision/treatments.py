"""How pixels are changed before an engine looks: each way makes another kind of mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

from silog_scan.vision.engines import has_opencv

if TYPE_CHECKING:
    from collections.abc import Callable

    from silog_scan.vision.frames import Grey

    Treatment = Callable[[Grey], Grey | None]


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


TREATMENTS: dict[str, Treatment] = {"raw": _raw, "clahe": _clahe, "smooth": _smooth}
"""How pixels are changed before an engine looks; None where a library for it is missing."""
