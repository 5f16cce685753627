"""Labels drawn, blurred and made noisy, always the same way."""

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from silog_scan.core.labels import MARGINS, Pattern
from silog_scan.documents.labels import drawn, encode
from silog_scan.vision.corners import Corners
from silog_scan.vision.expected import ExpectedLabels
from silog_scan.vision.frames import Grey

MARGIN = 40


def label(text: str, symbology: str = "code128") -> Pattern:
    return encode(text, symbology)


def expecting(patterns: Iterable[Pattern]) -> ExpectedLabels:
    return ExpectedLabels(patterns, label)


@dataclass(frozen=True)
class Shot:
    grey: Grey
    corners: Corners


def shot(
    pattern: Pattern,
    *,
    module: int = 2,
    defocus: float = 3.0,
    noise: float = 4.0,
    is_framed: bool = False,
    turn: int = 0,
) -> Shot:
    """Photograph a label; ``turn`` counts quarters, ``corners`` are those of its code."""
    modules = np.array([list(map(int, row)) for row in drawn(pattern, framed=is_framed)])
    light = np.pad(220 - 190.0 * np.kron(modules, np.ones((module, module))), MARGIN, mode="edge")
    if is_framed:
        light[:MARGIN] = light[-MARGIN:] = light[:, :MARGIN] = light[:, -MARGIN:] = 220
    around = MARGINS[pattern.symbology]
    frame = around.frame if is_framed else 0
    left, top = (MARGIN + (white + frame) * module for white in (around.beside, around.above))
    bottom, right = light.shape[0] - top, light.shape[1] - left
    corners = ((left, top), (right, top), (right, bottom), (left, bottom))
    return Shot(
        np.rot90(seen(light, defocus, noise), -turn).copy(), turned(corners, light.shape, turn)
    )


def seen(light: np.ndarray, defocus: float, noise: float = 4.0) -> Grey:
    """Return light as a camera out of focus sees it, noise included."""
    blurred = cv2.GaussianBlur(light, (0, 0), defocus)
    grain = np.random.default_rng(1).normal(0, noise, light.shape)
    return np.clip(np.rint(blurred + grain), 0, 255).astype(np.uint8)


def turned(corners: Corners, shape: tuple[int, ...], quarters: int) -> Corners:
    """Return corners after quarter turns clockwise."""
    height, width = shape[:2]
    for _ in range(quarters):
        corners = tuple((height - y, x) for x, y in corners)
        height, width = width, height
    return corners
