"""Where a square symbol's samples lie: its modules and a little paper, three samples a module."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np

from silog_scan.vision.expected.arrays import Floats

PAD = 3
"""Modules of paper looked at around the symbol."""
SAMPLES = 3


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """The samples of a symbol of ``modules`` × ``modules``.

    ``x`` and ``y`` are places in modules, ``across`` and ``down`` the same from -½ to ½ over the
    symbol; ``light`` holds a quadratic background, a layer for each of its six terms.
    """

    modules: int
    x: Floats
    y: Floats
    across: Floats
    down: Floats
    light: Floats
    light_basis: Floats

    @property
    def side(self) -> int:
        """Return the samples of one side."""
        return len(self.x)

    @property
    def corners(self) -> Floats:
        """Return the symbol's corners in modules, clockwise from its top left."""
        size = self.modules
        return np.array([[0, 0], [size, 0], [size, size], [0, size]], np.float32)

    def drawn(self, code: Floats) -> Floats:
        """Return the modules of a code as samples on empty paper."""
        block = np.ones((SAMPLES, SAMPLES), np.float32)
        square = code.reshape(self.modules, self.modules)
        return np.pad(np.kron(square, block), PAD * SAMPLES).astype(np.float32)

    def sampled(self, picture: Floats, view: Floats) -> Floats:
        """Return a picture's samples; ``view`` takes modules to pixels."""
        depth = view[2, 0] * self.x + view[2, 1] * self.y + view[2, 2]
        x = (view[0, 0] * self.x + view[0, 1] * self.y + view[0, 2]) / depth - 0.5
        y = (view[1, 0] * self.x + view[1, 1] * self.y + view[1, 2]) / depth - 0.5
        x, y = x.astype(np.float32), y.astype(np.float32)
        seen = cv2.remap(picture, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(seen, np.float32)

    def in_modules(self, samples: Floats) -> Floats:
        """Return what lies in each module: (modules, samples, modules, samples)."""
        inner = slice(PAD * SAMPLES, (PAD + self.modules) * SAMPLES)
        return samples[inner, inner].reshape(self.modules, SAMPLES, self.modules, SAMPLES)

    def matched(self, samples: Floats, psf: Floats) -> Floats:
        """Return how much of each blurred module is in the samples (a matched filter)."""
        square = samples.reshape(self.side, self.side).astype(np.float32, copy=False)
        spread = cv2.filter2D(square, -1, psf, borderType=cv2.BORDER_CONSTANT)
        return np.asarray(self.in_modules(np.asarray(spread)).sum(axis=(1, 3))).ravel()

    def blurred(self, code: Floats, psf: Floats) -> Floats:
        """Return a code as it is seen."""
        turned = psf[::-1, ::-1]
        return np.asarray(
            cv2.filter2D(self.drawn(code), -1, turned, borderType=cv2.BORDER_CONSTANT)
        )


@cache
def canvas(modules: int) -> Canvas:
    """Return the canvas of all symbols of this size."""
    at = ((np.arange((modules + 2 * PAD) * SAMPLES) + 0.5) / SAMPLES - PAD).astype(np.float32)
    x, y = np.meshgrid(at, at)
    across, down = x / modules - 0.5, y / modules - 0.5
    terms = [np.ones_like(across), across, down, across**2, across * down, down**2]
    light = np.stack(terms)
    flat = light.reshape(len(terms), -1).T.astype(np.float64)
    basis = np.linalg.qr(flat)[0].T.astype(np.float32)
    return Canvas(modules, x, y, across, down, light, basis)


def softened(samples: Floats, modules: float) -> Floats:
    """Return samples blurred by a Gaussian, its sigma in modules."""
    return np.asarray(cv2.GaussianBlur(samples, (0, 0), modules * SAMPLES))
