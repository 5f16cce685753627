"""Where a code's samples lie: its modules, a little paper on both sides, a few samples a module."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from silog_scan.vision.expected.arrays import Floats

QUIET = 7
"""Modules of paper looked at on each side."""
REACH = 6
"""Modules the fitted blur reaches: that of a defocus of two modules."""


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """The samples of a code of ``modules`` modules, ``samples`` each.

    ``at`` holds their places in modules, ``across`` the same from -½ to ½ over the code.
    """

    modules: int
    samples: int
    at: Floats
    across: Floats

    @property
    def length(self) -> int:
        """Return the number of samples."""
        return len(self.at)

    @property
    def reach(self) -> int:
        """Return how many samples the blur reaches to each side."""
        return REACH * self.samples

    def drawn(self, codes: Floats) -> Floats:
        """Return the modules of codes, one a row, as samples on empty paper."""
        paper = QUIET * self.samples
        return np.pad(np.repeat(codes, self.samples, axis=1), ((0, 0), (paper, paper)))

    def blurred(self, psf: Floats) -> Floats:
        """Return what one module alone looks like, for each of the modules: samples × modules."""
        spread = np.convolve(psf, np.ones(self.samples))
        starts = (QUIET - REACH) * self.samples + np.arange(self.modules) * self.samples
        matrix = np.zeros((self.length, self.modules), np.float32)
        matrix[starts + np.arange(len(spread))[:, None], np.arange(self.modules)] = spread[:, None]
        return matrix


@cache
def canvas(modules: int, samples: int) -> Canvas:
    """Return the canvas of all codes of this length."""
    at = (np.arange((modules + 2 * QUIET) * samples) + 0.5) / samples - QUIET
    return Canvas(modules, samples, at, at / modules - 0.5)


def gaussian(sigma: float, reach: int) -> Floats:
    """Return a normalised Gaussian over ``reach`` samples to each side."""
    weights = np.exp(-(np.arange(-reach, reach + 1) ** 2) / (2 * max(sigma, 0.3) ** 2))
    return np.asarray(weights / weights.sum())
