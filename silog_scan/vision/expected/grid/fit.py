"""One square symbol fitted to a picture: blur, view, light and tone by linear least squares."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from silog_scan.vision.expected.arrays import Floats
from silog_scan.vision.expected.grid.canvas import SAMPLES, Canvas, canvas, softened

_HALF_BLUR = [(2 * y, 2 * x) for y in range(5) for x in range(-4, 5) if y > 0 or x >= 0]
"""Half of a symmetric blur, every other sample to eight around; the middle is first."""
_REACH = 11
_SOFT = 0.33
"""Modules of blur each sample of the blur stands for."""
_COARSE = 1.1
"""Modules of blur with which a symbol is found."""
_COARSE_ROUNDS = 3
_SPARSE = slice(None, None, 2)
"""Samples that are enough to find so blurred a symbol."""
_RIDGE = 2e-5
_FARTHEST = 1.2
"""Modules a corner may move at once."""
_LEAST_GAIN = 1e-3
_GAIN = 3
_SHIFTS = 8
_LIGHT = 6


@dataclass(frozen=True, slots=True, eq=False)
class Solution:
    """What a least-squares fit found: its columns, their shares, and what it left."""

    basis: Floats
    normal: Floats
    size: Floats
    shares: Floats
    residual: Floats

    def without(self, rows: Floats) -> Floats:
        """Return rows with all that can be fitted taken out of them."""
        shares = np.linalg.solve(self.normal, (self.basis @ rows.T) / self.size[:, None])
        return rows - (shares / self.size[:, None]).T.astype(np.float32) @ self.basis


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """One code fitted; ``view`` takes modules to pixels, ``psf`` carries the contrast."""

    view: Floats
    psf: Floats
    model: Floats
    seen: Floats
    solution: Solution

    @property
    def rss(self) -> float:
        """Return the squared residual."""
        return float(self.solution.residual @ self.solution.residual)

    @property
    def share(self) -> float:
        """Return how much of the variance is left unexplained."""
        return self.rss / max(float(((self.seen - self.seen.mean()) ** 2).sum()), 1e-6)


def placed(mean: Floats, picture: Floats, view: Floats) -> tuple[float, Floats]:
    """Return how badly the mean code fits from this view on, and the view it came to."""
    board = canvas(_side(mean))
    model = softened(board.drawn(mean), _COARSE)
    for left in range(_COARSE_ROUNDS, -1, -1):
        seen = board.sampled(picture, view)
        layers = np.stack([model, *_shifts(model, board)])
        solution = _solved(*(each[..., _SPARSE, _SPARSE] for each in (board.light, layers, seen)))
        gain, shifts = solution.shares[_LIGHT], solution.shares[_LIGHT + 1 :]
        if left:
            view = _moved(view, shifts / (gain if abs(gain) > _LEAST_GAIN else _LEAST_GAIN), board)
    if gain <= 0:
        return np.inf, view
    variance = max(float(seen[_SPARSE, _SPARSE].var()), 1e-6)
    return float((solution.residual**2).mean()) / variance, view


def begun(code: Floats, picture: Floats, *, view: Floats, blur: float) -> Floats:
    """Return a code blurred by so many modules, in the contrast of the picture.

    Without that contrast the first step of a fit would move every corner as far as it may.
    """
    board = canvas(_side(code))
    model = softened(board.drawn(code), blur)
    light, seen = board.light_basis, board.sampled(picture, view).ravel()
    level = model.ravel() - (light @ model.ravel()) @ light
    return np.asarray(model * (level @ seen) / (level @ level))


def fitted(code: Floats, picture: Floats, *, view: Floats, model: Floats, rounds: int) -> Fit:
    """Return the fit of a code, begun from a view and a blurred model of one like it."""
    board = canvas(_side(code))
    taps = _taps(softened(board.drawn(code), _SOFT))
    for left in range(rounds, -1, -1):
        seen = board.sampled(picture, view)
        gain = [board.across * model, board.down * model, model * model / 255]
        solution = _solved(board.light, np.concatenate([gain, _shifts(model, board), taps]), seen)
        first_tap = _LIGHT + _GAIN + _SHIFTS
        weights = solution.shares[first_tap:].astype(np.float32)
        model = (weights @ solution.basis[first_tap:]).reshape(seen.shape)
        if left:
            view = _moved(view, solution.shares[_LIGHT + _GAIN : first_tap], board)
    return Fit(view, _psf(weights), model, seen, solution)


def _side(code: Floats) -> int:
    return math.isqrt(len(code))


def _taps(drawn: Floats) -> Floats:
    """Return the code shifted to both sides at once, a layer for each sample of the half blur."""
    side, reach = len(drawn), 8
    padded = np.pad(drawn, reach)

    def shifted(y: int, x: int) -> Floats:
        return padded[reach + y : reach + y + side, reach + x : reach + x + side]

    both = [shifted(y, x) + shifted(-y, -x) for y, x in _HALF_BLUR[1:]]
    return np.stack([drawn, *both])


def _shifts(model: Floats, board: Canvas) -> Floats:
    """Return how the model changes with each of the eight numbers of a view."""
    down, across = np.gradient(model)
    across, down = across * SAMPLES, down * SAMPLES
    tilt = board.across * across + board.down * down
    return np.stack(
        [
            across,
            across * board.across,
            across * board.down,
            down,
            down * board.across,
            down * board.down,
            tilt * board.across,
            tilt * board.down,
        ]
    )


def _solved(light: Floats, layers: Floats, seen: Floats) -> Solution:
    every = np.concatenate([light, layers]).astype(np.float32, copy=False)
    basis = every.reshape(len(every), -1)
    normal = (basis @ basis.T).astype(np.float64)
    size = np.sqrt(np.diag(normal)) + 1e-9
    normal = normal / size[:, None] / size
    normal[np.diag_indices(len(normal))] += _RIDGE
    shares = np.linalg.solve(normal, (basis @ seen.ravel()) / size) / size
    residual = seen.ravel() - shares.astype(np.float32) @ basis
    return Solution(basis, normal, size, shares, residual)


def _moved(view: Floats, shifts: Floats, board: Canvas) -> Floats:
    """Return the view moved back by what was fitted, by way of its corners."""
    shifts = np.clip(shifts, -_FARTHEST, _FARTHEST)
    corners = board.corners
    across, down = corners.T / board.modules - 0.5
    tilt = shifts[6] * across + shifts[7] * down
    x = shifts[0] + shifts[1] * across + shifts[2] * down + tilt * across
    y = shifts[3] + shifts[4] * across + shifts[5] * down + tilt * down
    moved = (corners - np.stack([x, y], axis=1)).astype(np.float32)
    return view @ cv2.getPerspectiveTransform(corners, moved)


def _psf(weights: Floats) -> Floats:
    """Return the blur as a kernel of samples."""
    kernel = np.zeros((2 * _REACH + 1, 2 * _REACH + 1), np.float32)
    for (y, x), weight in zip(_HALF_BLUR, weights, strict=True):
        kernel[_REACH + y, _REACH + x] = kernel[_REACH - y, _REACH - x] = weight
    soft = cv2.GaussianBlur(kernel, (0, 0), _SOFT * SAMPLES, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(soft)
