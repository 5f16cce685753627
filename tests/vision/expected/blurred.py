"""Labels drawn, blurred and made noisy, always the same way."""

from dataclasses import dataclass

import cv2
import numpy as np

from silog_scan.core.labels import Pattern
from silog_scan.vision.expected.encoder import encoded
from silog_scan.vision.frames import Grey
from silog_scan.vision.locate import Corners

MARGIN = 40
QUIET = {"code128": 10, "datamatrix": 5, "qrcode": 5}
FRAME = {"code128": 6, "datamatrix": 3, "qrcode": 3}


def label(text: str, symbology: str = "code128") -> Pattern:
    pattern = encoded(text, symbology)
    assert pattern is not None
    return pattern


@dataclass(frozen=True)
class Shot:
    grey: Grey
    corners: Corners


def shot(
    pattern: Pattern,
    *,
    module: int = 2,
    defocus: float = 3.0,
    is_framed: bool = False,
    turn: int = 0,
) -> Shot:
    """Photograph a label; ``turn`` counts quarters, ``corners`` are those of its code."""
    modules = np.array([[int(ink) for ink in row] for row in pattern.rows], np.uint8)
    modules = np.repeat(modules, 30, axis=0) if len(modules) == 1 else modules
    quiet, frame = QUIET[pattern.symbology], FRAME[pattern.symbology] if is_framed else 0
    ink = np.pad(np.pad(modules, quiet), frame, constant_values=1)
    light = np.pad(220 - 190.0 * np.kron(ink, np.ones((module, module))), MARGIN, mode="edge")
    if is_framed:
        light[:MARGIN] = light[-MARGIN:] = light[:, :MARGIN] = light[:, -MARGIN:] = 220
    inset = MARGIN + (quiet + frame) * module
    bottom, right = light.shape[0] - inset, light.shape[1] - inset
    corners = ((inset, inset), (right, inset), (right, bottom), (inset, bottom))
    return Shot(np.rot90(seen(light, defocus), -turn).copy(), turned(corners, light.shape, turn))


def seen(light: np.ndarray, defocus: float) -> Grey:
    """Return light as a camera out of focus sees it, noise included."""
    blurred = cv2.GaussianBlur(light, (0, 0), defocus)
    noise = np.random.default_rng(1).normal(0, 4, light.shape)
    return np.clip(np.rint(blurred + noise), 0, 255).astype(np.uint8)


def turned(corners: Corners, shape: tuple[int, ...], quarters: int) -> Corners:
    """Return corners after quarter turns clockwise."""
    height, width = shape[:2]
    for _ in range(quarters):
        corners = tuple((height - y, x) for x, y in corners)
        height, width = width, height
    return corners
