"""What speaks for a square symbol: against its neighbours, and against codes nobody printed.

Every word is a Reed–Solomon word: a label one digit beside differs in half of the check modules, so
that the danger is not the neighbour but the stranger. Decoys, random codes of the same numbering,
must explain the picture far worse than the answer does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from silog_scan.vision.expected.arrays import Floats
from silog_scan.vision.expected.grid.canvas import SAMPLES, Canvas, canvas
from silog_scan.vision.expected.grid.fit import Fit

DECOYS = 500
LEAST_DECOYS = 100
"""Different ones, below which their scatter says nothing."""

_SHOWN_DECOYS = 40
_NEIGHBOURS = 4
_CARRIES = 0.02
"""Share of the decoys that must differ in a module that carries the code."""
_SEED = 0

Draw: TypeAlias = "Callable[[str], Floats | None]"
"""Draws a text in the size of the set, None where it is drawn in another."""


@dataclass(frozen=True, slots=True, eq=False)
class Decoys:
    """Codes of the same numbering that nobody printed; ``carries`` marks what differs in them."""

    modules: Floats
    mean: Floats
    carries: Floats


def decoys_of(texts: Sequence[str], draw: Draw) -> Decoys | None:
    """Return random codes, the same each time, or None where too few can be drawn."""
    chance = np.random.default_rng(_SEED)
    wanted = [_decoy(texts[int(chance.integers(len(texts)))], chance) for _ in range(DECOYS)]
    drawn = [draw(text) for text in dict.fromkeys(wanted)]
    grids = [grid.ravel() for grid in drawn if grid is not None]
    if len(grids) < LEAST_DECOYS:
        return None
    modules = np.stack(grids)
    mean = modules.mean(axis=0)
    return Decoys(modules, mean, (mean > _CARRIES) & (mean < 1 - _CARRIES))


def _decoy(text: str, chance: np.random.Generator) -> str:
    return "".join(str(chance.integers(10)) if sign.isdigit() else sign for sign in text)


def neighbours(text: str, draw: Draw) -> list[Floats]:
    """Return the codes one digit beside."""
    texts = (
        text[:place] + digit + text[place + 1 :]
        for place, sign in enumerate(text)
        if sign.isdigit()
        for digit in "0123456789"
        if digit != sign
    )
    grids = (draw(each) for each in texts)
    return [grid.ravel() for grid in grids if grid is not None]


def ratio(code: Floats, fit: Fit, rivals: Floats, carries: Floats) -> float:
    """Return the residual in the modules of the best rival, in that of the answer."""
    board = canvas(math.isqrt(len(code)))
    differences = rivals - code
    differences = differences[(differences != 0).any(axis=1)]
    layers = np.stack([board.blurred(each, fit.psf).ravel() for each in differences])
    layers = fit.solution.without(layers)
    effects = np.array([board.matched(layer, fit.psf)[carries] for layer in layers])
    own = board.matched(fit.solution.residual, fit.psf)[carries]
    gains = (effects * effects).sum(axis=1) - 2 * effects @ own
    return float(gains.min() / (own @ own))


def against(code: Floats, fit: Fit, near: Sequence[Floats], decoys: Decoys) -> Floats:
    """Return the rivals worth a look: the neighbours hardest to tell, and some decoys."""
    shown = decoys.modules[:_SHOWN_DECOYS]
    if not near:
        return shown
    board = canvas(math.isqrt(len(code)))
    every = np.stack(near)
    left = board.matched(fit.solution.residual, fit.psf)
    size = np.sqrt((every != code).sum(axis=1).clip(min=1))
    hardest = np.argsort(-((every - code) @ left) / size)[:_NEIGHBOURS]
    return np.concatenate([every[hardest], shown])


def decoy_sigma(code: Floats, fit: Fit, module: float, decoys: Decoys) -> float:
    """Return how clearly the answer's own modules are seen, in the decoys' standard deviations.

    ``module`` is the size of one in the picture's pixels.
    """
    board, carries = canvas(math.isqrt(len(code))), decoys.carries
    soft, mean = _sharpened(fit, module, board)[carries], decoys.mean[carries]
    soft, middle = soft - soft.mean(), mean - mean.mean()
    soft = soft - middle * (middle @ soft) / max(float(middle @ middle), 1e-6)
    decoyed = (decoys.modules[:, carries] - mean) @ soft
    own = (code[carries] - mean) @ soft
    return float((own - decoyed.mean()) / max(float(decoyed.std()), 1e-9))


def _sharpened(fit: Fit, module: float, board: Canvas) -> Floats:
    """Return the grey of each module, the blur undone as far as the noise allows (Wiener)."""
    size, half = 2 * board.side, len(fit.psf) // 2
    kernel = np.zeros((size, size), np.float32)
    kernel[: 2 * half + 1, : 2 * half + 1] = fit.psf
    blur = np.fft.rfft2(np.roll(kernel, (-half, -half), (0, 1)))
    beside = (fit.seen - fit.model).ravel()
    light = (board.light_basis @ beside) @ board.light_basis
    code = fit.seen - light.reshape(fit.seen.shape)
    noise = 4 * fit.rss / fit.seen.size * max(SAMPLES**2 / module**2, 4.0)
    spectrum = np.conj(blur) * np.fft.rfft2(code, (size, size)) / (np.abs(blur) ** 2 + noise)
    sharp = np.fft.irfft2(spectrum, (size, size))
    return np.asarray(board.in_modules(sharp).mean(axis=(1, 3))).ravel()
