"""One code fitted to one profile by linear least squares: blur, grid, light and tone at once.

Nothing is deconvolved. Columns are a quadratic background, the slope of the gain, the tone, three
shifts of the sampling grid (offset, scale, bow) and a free symmetric blur: any defocus, any motion.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from silog_scan.vision.expected.arrays import Floats
from silog_scan.vision.expected.linear.canvas import Canvas, gaussian

_SHIFTS = slice(6, 9)
_BLUR = slice(9, None)
_RIDGE = 1e-5
_FARTHEST = 1.0
"""Modules a grid may move at once."""


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """A profile in one tone, ink high, and the canvas it is sampled on."""

    values: Floats
    canvas: Canvas

    def sampled(self, grids: Floats) -> Floats:
        """Return the samples of each grid: pixel = offset + scale × module + bow."""
        at, across = self.canvas.at, self.canvas.across
        bow = (across * across - 0.25) * self.canvas.modules
        pixels = grids[:, :1] + grids[:, 1:2] * at + grids[:, 2:] * bow - 0.5
        return sampled(self.values, pixels, cv2.INTER_CUBIC)


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """One candidate fitted; ``psf`` carries the contrast, ``basis`` is all that was fitted."""

    grid: Floats
    psf: Floats
    model: Floats
    seen: Floats
    residual: Floats
    basis: Floats
    rss: float

    @property
    def share(self) -> float:
        """Return how much of the variance is left unexplained."""
        seen = self.seen - self.seen.mean()
        return self.rss / max(float(seen @ seen), 1e-6)


def sampled(values: Floats, pixels: Floats, interpolation: int) -> Floats:
    """Return a profile at places between its pixels, one row for each row of places."""
    columns = pixels.astype(np.float32)
    line = values[None].astype(np.float32, copy=False)
    rows = np.zeros_like(columns)
    return np.asarray(
        cv2.remap(line, columns, rows, interpolation, borderMode=cv2.BORDER_REPLICATE), np.float64
    )


def begun(code: Floats, line: Line, *, grid: Floats, blur: float) -> Floats:
    """Return a Gaussian blur of so many modules, in the contrast in which the code is seen.

    Without that contrast the first step of a fit would move the grid as far as it may.
    """
    view = line.canvas
    psf = gaussian(blur * view.samples, view.reach)
    model = np.convolve(view.drawn(code[None])[0], psf, "same")
    level = model - model.mean()
    gain = (level @ line.sampled(grid[None])[0]) / (level @ level)
    return np.asarray(psf * gain)


def fitted(codes: Floats, line: Line, *, grid: Floats, psf: Floats, rounds: int) -> list[Fit]:
    """Return the fit of each code, one a row; the grid is moved ``rounds`` times."""
    taps = _taps(line.canvas.drawn(codes), line.canvas.reach)
    model = _blurred(psf, taps)
    grids = np.repeat(grid[None], len(codes), axis=0)
    for left in range(rounds, -1, -1):
        seen = line.sampled(grids)
        basis = np.concatenate([_nuisances(model, line.canvas), taps], axis=1)
        size, shares = _solved(basis, seen)
        residual = seen - (shares[:, None] @ basis)[:, 0]
        weights = shares / size
        model = (weights[:, None, _BLUR] @ (taps))[:, 0]
        if left:
            grids = _moved(grids, weights[:, _SHIFTS], line.canvas)
    rss = (residual * residual).sum(axis=1)
    psfs = np.concatenate([weights[:, :9:-1], weights[:, _BLUR]], axis=1)
    return [Fit(*each) for each in zip(grids, psfs, model, seen, residual, basis, rss, strict=True)]


def _taps(drawn: Floats, reach: int) -> Floats:
    """Return the code shifted to both sides at once, by 0 to ``reach`` samples."""
    length = drawn.shape[1]
    padded = np.pad(drawn, ((0, 0), (reach, reach)))
    shifts = np.arange(1, reach + 1)[:, None]
    places = reach + np.arange(length)
    both = padded[:, places - shifts] + padded[:, places + shifts]
    return np.concatenate([drawn[:, None], both], axis=1)


def _blurred(psf: Floats, taps: Floats) -> Floats:
    half = psf[len(psf) // 2 :]
    return np.asarray(half @ taps, np.float64)


def _nuisances(model: Floats, canvas: Canvas) -> Floats:
    """Return light, gain, tone and the three shifts as columns of the fit."""
    across = canvas.across
    bow = across * across - 0.08
    slope = np.gradient(model, axis=1) * canvas.samples
    light = np.broadcast_to(
        np.stack([np.ones_like(across), across, across * across]), (len(model), 3, len(across))
    )
    rest = [across * model, bow * model, model * model / 255]
    shifts = [slope, across * slope, bow * slope]
    return np.concatenate([light, np.stack(rest + shifts, axis=1)], axis=1)


def _solved(basis: Floats, seen: Floats) -> tuple[Floats, Floats]:
    """Bring the columns to one length, in place; return their lengths and their shares in it."""
    size = np.sqrt(np.einsum("ckn,ckn->ck", basis, basis)) + 1e-9
    basis /= size[:, :, None]
    normal = basis @ basis.transpose(0, 2, 1)
    diagonal = np.arange(normal.shape[1])
    normal[:, diagonal, diagonal] += _RIDGE
    shares = np.linalg.solve(normal, basis @ seen[:, :, None])
    return size, shares[:, :, 0]


def _moved(grids: Floats, shifts: Floats, canvas: Canvas) -> Floats:
    offset, scale, bow = np.clip(shifts, -_FARTHEST, _FARTHEST).T
    module = grids[:, 1]
    back = [
        module * (offset - 0.5 * scale + 0.17 * bow),
        module * scale / canvas.modules,
        module * bow / canvas.modules,
    ]
    return np.asarray(grids - np.stack(back, axis=1))
