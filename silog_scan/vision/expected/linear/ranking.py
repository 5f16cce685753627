"""All expected codes against one profile at once, none of them drawn."""

from __future__ import annotations

import numpy as np

from silog_scan.vision.expected.arrays import Floats, Indices, highest
from silog_scan.vision.expected.linear.canvas import REACH, Canvas
from silog_scan.vision.expected.linear.fit import Fit

_LAGS = 2 * REACH + 3


class Codes:
    """The modules of codes of one length, one a row, and what their blurred energy follows from."""

    def __init__(self, modules: Floats) -> None:
        """Compute what does not depend on the picture."""
        self.modules = np.ascontiguousarray(modules, np.float32)
        self.mean = self.modules.mean(axis=0)
        lags = [self._at_lag(lag) for lag in range(_LAGS)]
        self._autocorrelation = np.stack(lags, axis=1)

    def _at_lag(self, lag: int) -> Floats:
        width = self.modules.shape[1]
        ahead, behind = self.modules[:, lag:], self.modules[:, : width - lag]
        both_sides = 2 if lag else 1
        return np.asarray(np.einsum("nm,nm->n", ahead, behind) * both_sides)

    def best(self, fit: Fit, view: Canvas, count: int) -> Indices:
        """Return the indices of those that explain the profile best under this blur."""
        return highest(self._scores(fit, view), count)

    def _scores(self, fit: Fit, view: Canvas) -> Floats:
        """Return the squared correlation of each blurred code with the profile, signed."""
        light = _light(view.length)
        without = fit.seen - light @ (light.T @ fit.seen)
        blurred = view.blurred(fit.psf)
        seen = blurred.T @ np.column_stack([without, light])
        products = self.modules @ seen.astype(np.float32)
        energy = self._autocorrelation @ _lagged(fit.psf, view.samples)
        energy -= (products[:, 1:] ** 2).sum(axis=1)
        score = np.sign(products[:, 0]) * products[:, 0] ** 2 / np.maximum(energy, 1e-6)
        return np.asarray(score)


def _light(length: int) -> Floats:
    """Return an orthonormal quadratic background."""
    across = np.linspace(-1, 1, length)
    columns = np.column_stack([np.ones_like(across), across, across * across])
    return np.linalg.qr(columns)[0]


def _lagged(psf: Floats, samples: int) -> Floats:
    """Return the products of one blurred module with itself, moved by whole modules."""
    spread = np.convolve(psf, np.ones(samples))
    whole = np.correlate(spread, spread, "full")[len(spread) - 1 :: samples]
    return np.pad(whole, (0, max(_LAGS - len(whole), 0)))[:_LAGS].astype(np.float32)
