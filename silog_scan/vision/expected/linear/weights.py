"""What speaks for an answer against all that could have been printed instead, expected or not."""

from __future__ import annotations

import numpy as np

from silog_scan.vision.expected.arrays import Flags, Floats, Indices
from silog_scan.vision.expected.linear.canvas import Canvas
from silog_scan.vision.expected.linear.code128 import rivals
from silog_scan.vision.expected.linear.fit import Fit, Line, fitted

_LAGS = 13
_TURNS = 4
"""Steps the challenge follows whoever is better."""
_BETTER = 0.98
_WORDS, _STRINGS = 6, 4
"""Most dangerous rivals refitted at each step."""
_UNCHALLENGED = 9.0


class Weights:
    """Log-likelihood ratios, in nats, of a fitted answer to answers with other modules.

    What was fitted is projected out, and the residual's own correlation allowed for. All is
    computed in the modules: three small matrices say it of every difference.
    """

    def __init__(self, fit: Fit, view: Canvas) -> None:
        """Prepare the matrices of this fit."""
        length, free = view.length, fit.basis.shape[0]
        pixels = min(length, length / view.samples * fit.grid[1])
        self.variance = fit.rss / max(pixels - free, 20)
        own, _ = np.linalg.qr(fit.basis.T)
        blurred = view.blurred(fit.psf).astype(np.float64)
        left = blurred - own @ (own.T @ blurred)
        self._energy = (left.T @ left).astype(np.float32)
        self._spread = (left.T @ _correlated(left, fit)).astype(np.float32)
        self._residual = (left.T @ fit.residual).astype(np.float32)
        self._least_spread = length / pixels
        self._sample_variance = self.variance * pixels / length

    def against(self, differences: Floats) -> Floats:
        """Return the nats by which the answer beats itself with each difference added."""
        energy = _quadratic(differences, self._energy)
        spread = 1 + _quadratic(differences, self._spread) / np.maximum(energy, 1e-9)
        gain = energy - 2 * differences @ self._residual
        variance = self._sample_variance * np.maximum(spread, self._least_spread)
        return np.asarray(gain / (2 * variance))


def _quadratic(rows: Floats, matrix: Floats) -> Floats:
    return np.asarray(np.einsum("nm,nm->n", rows @ matrix, rows))


def _correlated(columns: Floats, fit: Fit) -> Floats:
    """Return the columns moved by each lag, as much as the residual correlates with itself."""
    residual, length = fit.residual, len(fit.residual)
    total = np.zeros_like(columns)
    for lag in range(1, _LAGS):
        # Where nothing is left, as on bare paper, nothing correlates.
        correlation = float(residual[lag:] @ residual[: length - lag]) / (fit.rss or 1.0)
        total[lag:] += 2 * max(correlation * (1 - lag / _LAGS), 0) * columns[: length - lag]
    return total


def challenged(code: Floats, fit: Fit, line: Line) -> tuple[float, float]:
    """Return the least ratios of any challenger and of a valid word, each refitted on its own.

    Linear evidence alone let a stranger through whose wrong word had dragged blur and tone along;
    whoever is better is followed, as a free decoder would.
    """
    ratio_any = ratio_word = _UNCHALLENGED
    current, standing = code, fit
    for turn in range(_TURNS):
        tried, words = _most_dangerous(current, standing, line.canvas)
        fits = fitted(tried, line, grid=standing.grid, psf=standing.psf, rounds=2)
        ratios = np.array([each.rss for each in fits]) / fit.rss
        others = (tried != code).any(axis=1)
        ratio_any = min(ratio_any, ratios[others].min(initial=_UNCHALLENGED))
        if turn == 0:
            ratio_word = min(ratio_word, ratios[words].min())
        best = int(ratios.argmin())
        if fits[best].rss >= standing.rss * _BETTER:
            break
        current, standing = tried[best], fits[best]
    return float(ratio_any), float(ratio_word)


def _most_dangerous(code: Floats, fit: Fit, view: Canvas) -> tuple[Floats, Flags]:
    """Return the rivals hardest to tell from a code, and which of them are words."""
    every = rivals(code)
    nats = Weights(fit, view).against(every.differences)
    chosen = np.concatenate(
        [_least(nats, every.is_word, _WORDS), _least(nats, ~every.is_word, _STRINGS)]
    )
    return code + every.differences[chosen], every.is_word[chosen]


def _least(nats: Floats, among: Flags, count: int) -> Indices:
    places = np.flatnonzero(among)
    return places[np.argsort(nats[places])[:count]]
