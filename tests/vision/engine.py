"""An engine that sees what it is told to."""

import numpy as np

from silog_scan.core.agreement import Reading
from silog_scan.vision.frames import Grey

CORNERS = ((0, 0), (9, 0), (9, 9), (0, 9))
PACKAGE = Reading("1271-KS-004512", "code128", CORNERS, "engine")
RETAIL = Reading("40063812", "ean8", CORNERS, "engine")
BLANK = np.full((72, 128), 255, dtype=np.uint8)


class Engine:
    """Sees the same readings in every picture, and counts how often it was asked."""

    def __init__(self, *readings: Reading) -> None:
        self.readings = list(readings)
        self.looks = 0

    def __call__(self, grey: Grey) -> list[Reading]:
        self.looks += 1
        return self.readings
