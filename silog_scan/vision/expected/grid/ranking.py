"""All expected symbols of one size against one picture at once, none of them drawn."""

from __future__ import annotations

import cv2
import numpy as np

from silog_scan.vision.expected.arrays import Floats, Indices, highest
from silog_scan.vision.expected.grid.canvas import SAMPLES, canvas
from silog_scan.vision.expected.grid.fit import Fit

_REACH = 5
"""Modules the blur may reach."""
_LAGS = [(y, x) for y in range(_REACH + 1) for x in range(-_REACH, _REACH + 1) if y > 0 or x >= 0]
_PART = 2000
"""Codes whose products fit a processor's cache."""


class Codes:
    """The modules of codes of one size, one a row, and what their blurred energy follows from."""

    def __init__(self, grids: Floats) -> None:
        """Take codes × modules × modules, and compute what does not depend on the picture."""
        self.side = grids.shape[1]
        self.modules = np.ascontiguousarray(grids.reshape(len(grids), -1), np.float32)
        self.mean = self.modules.mean(axis=0)
        parts = [grids[first : first + _PART] for first in range(0, len(grids), _PART)]
        self._autocorrelation = np.concatenate([_autocorrelation(part) for part in parts])

    def best(self, fit: Fit, count: int) -> Indices:
        """Return the indices of those that explain the picture best under this blur."""
        return highest(self._scores(fit), count)

    def _scores(self, fit: Fit) -> Floats:
        board = canvas(self.side)
        light, seen = board.light_basis, fit.seen.ravel()
        without = seen - (light @ seen) @ light
        matched = [board.matched(layer, fit.psf) for layer in (without, *light)]
        products = self.modules @ np.stack(matched, axis=1)
        energy = self._autocorrelation @ _lagged(fit.psf) - (products[:, 1:] ** 2).sum(axis=1)
        score = np.sign(products[:, 0]) * products[:, 0] ** 2 / np.maximum(energy, 1e-6)
        return np.asarray(score)


def _autocorrelation(grids: Floats) -> Floats:
    codes = grids.astype(np.float32)
    return np.stack([_at_lag(codes, y, x) for y, x in _LAGS], axis=1)


def _at_lag(codes: Floats, y: int, x: int) -> Floats:
    side = codes.shape[1]
    ahead = codes[:, y:, max(0, x) : side + min(0, x)]
    behind = codes[:, : side - y, max(0, -x) : side - max(0, x)]
    both_sides = 1 if (y, x) == (0, 0) else 2
    return np.asarray(np.einsum("nij,nij->n", ahead, behind) * both_sides)


def _lagged(psf: Floats) -> Floats:
    """Return the products of one blurred module with itself, moved by whole modules."""
    module = np.pad(np.ones((SAMPLES, SAMPLES), np.float32), len(psf) // 2)
    blurred = cv2.filter2D(module, -1, psf[::-1, ::-1], borderType=cv2.BORDER_CONSTANT)
    origin, size = _REACH * SAMPLES, len(blurred)
    padded = np.pad(blurred, origin)

    def product(y: int, x: int) -> float:
        top, left = origin + y * SAMPLES, origin + x * SAMPLES
        return float((blurred * padded[top : top + size, left : left + size]).sum())

    return np.array([product(y, x) for y, x in _LAGS], np.float32)
