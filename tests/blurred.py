"""A label of ours so far out of focus that no engine reads it."""

import cv2
import numpy as np

from silog_scan.documents.labels import encode, pixels
from silog_scan.vision.frames import Grey

BLUR = 3.0
"""Pixels; modules are two pixels wide."""


def blurred(text: str) -> Grey:
    """Return the label on a grey card, as a camera sees it that is not in focus."""
    label = np.array(pixels(encode(text, "code128"), module=2))
    card = np.pad(label, 80, constant_values=235)
    return np.asarray(cv2.GaussianBlur(card, (0, 0), BLUR), dtype=np.uint8)
