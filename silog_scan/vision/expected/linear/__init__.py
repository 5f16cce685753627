"""A blurred Code 128 recognised among the labels of its length.

The label must be located; it need not be readable. Its bars are averaged to one profile, every
expected code is ranked with one product of matrices, the best are fitted with a blur of their own,
and the answer must stand against the open set of all code words, each refitted on its own.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from silog_scan.core.labels import Pattern
from silog_scan.vision.expected.arrays import Floats, Indices
from silog_scan.vision.expected.evidence import (
    Answer,
    Evidence,
    are_bars_accepted,
    is_worth_a_challenge,
)
from silog_scan.vision.expected.linear.bars import Profile, profile
from silog_scan.vision.expected.linear.canvas import Canvas, canvas
from silog_scan.vision.expected.linear.code128 import is_word, rivals
from silog_scan.vision.expected.linear.fit import Fit, Line, begun, fitted
from silog_scan.vision.expected.linear.place import Place, places
from silog_scan.vision.expected.linear.ranking import Codes
from silog_scan.vision.expected.linear.weights import Weights, challenged
from silog_scan.vision.frames import Grey

_TONES = (1.0, 1.6, 2.2)
"""Exponents that undo a camera's tone curve."""
_SMALL_MODULE = 3.2
"""Pixels, below which two samples a module are enough."""
_SETTLING = (0.8, 0.4)
"""Modules of blur added at first, so that the grid finds its place."""
_TURNS = 3
_FINALISTS = 8
_LEAST_ERROR = 0.05
_MODEL_ERROR = 0.005
"""Share of the contrast by which no model of a real label is better."""


@dataclass(frozen=True, slots=True, eq=False)
class _Toned:
    """A profile under one tone curve, and how much that stretches differences."""

    line: Line
    slope: float


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """The best code at one place: its index, its fit, and the second best."""

    index: int
    second: int | None
    fit: Fit
    toned: _Toned


class LinearLabels:
    """The expected labels in Code 128 of one length: texts, and their modules one a row."""

    def __init__(self, texts: Sequence[str], modules: Floats) -> None:
        """Compute what all pictures need."""
        self._texts = list(texts)
        self._codes = Codes(modules)

    def recognise(self, grey: Grey, quad: Floats) -> Answer:
        """Return the best label for a quad whose first side runs along its code."""
        return self.recognise_bars(profile(grey, quad, len(self._codes.mean)))

    def recognise_bars(self, bars: Profile) -> Answer:
        """Return the best label for a profile, which may be the average of several frames'."""
        found = [self._found(bars, place) for place in places(bars, self._codes.mean)]
        best = min(found, key=lambda each: each.fit.share)
        evidence = self._evidence(best, bars.error)
        return Answer(self._texts[best.index], are_bars_accepted(evidence), evidence)

    # The answer.

    def _found(self, bars: Profile, place: Place) -> _Found:
        """Return the best code at a place: the grid settles, then the tone, then the code."""
        view = canvas(len(self._codes.mean), _samples(bars, len(self._codes.mean)))
        toned = [_toned(bars, place, tone, view) for tone in _TONES]
        grid = self._settled(toned[0].line, place)
        tone, index, fit = min(
            (self._in_tone(each, grid, place.blur) for each in toned),
            key=lambda each: each[2].rss / each[0].slope ** 2,
        )
        return self._converged(tone, index, fit)

    def _settled(self, line: Line, place: Place) -> Floats:
        """Return the grid after fits to blurred copies of the profile."""
        view, code = line.canvas, None
        grid = place.grid
        for extra in _SETTLING:
            sigma = max(extra * place.module, 0.5)
            soft = Line(cv2.GaussianBlur(line.values[None], (0, 0), sigma)[0], view)
            blur = math.hypot(place.blur, extra)
            if code is None:
                code, grid = self._first_guess(soft, grid, blur)
            psf = begun(code, soft, grid=grid, blur=blur)
            [fit] = fitted(code[None], soft, grid=grid, psf=psf, rounds=3)
            grid = fit.grid
        return grid

    def _first_guess(self, soft: Line, grid: Floats, blur: float) -> tuple[Floats, Floats]:
        mean = self._of_mean(soft, grid=grid, blur=blur, rounds=2)
        top = self._codes.best(mean, soft.canvas, 2)
        index, fit = self._refitted(top, soft, mean, rounds=3)[0]
        return self._codes.modules[index], fit.grid

    def _in_tone(self, toned: _Toned, grid: Floats, blur: float) -> tuple[_Toned, int, Fit]:
        mean = self._of_mean(toned.line, grid=grid, blur=blur, rounds=1)
        top = self._codes.best(mean, toned.line.canvas, 2)
        return toned, *self._refitted(top, toned.line, mean, rounds=1)[0]

    def _of_mean(self, line: Line, *, grid: Floats, blur: float, rounds: int) -> Fit:
        """Return the fit of the mean code."""
        mean = self._codes.mean
        psf = begun(mean, line, grid=grid, blur=blur)
        [fit] = fitted(mean[None], line, grid=grid, psf=psf, rounds=rounds)
        return fit

    def _converged(self, toned: _Toned, index: int, fit: Fit) -> _Found:
        """Rank all and refit the best until the answer stays, then refit the finalists."""
        line = toned.line
        for turn in range(_TURNS):
            top = self._codes.best(fit, line.canvas, _FINALISTS)
            is_last = turn == _TURNS - 1 or (turn > 0 and top[0] == index)
            fits = self._refitted(
                top if is_last else top[:2], line, fit, rounds=2 if is_last else 1
            )
            index, fit = fits[0]
            if is_last:
                break
        second = fits[1][0] if len(fits) > 1 else None
        return _Found(index, second, fit, toned)

    def _refitted(
        self, indices: Sequence[int] | Indices, line: Line, start: Fit, *, rounds: int
    ) -> list[tuple[int, Fit]]:
        """Return codes refitted from a fit's grid and blur, the best first."""
        rows = self._rows(indices)
        fits = fitted(rows, line, grid=start.grid, psf=start.psf, rounds=rounds)
        pairs = zip((int(index) for index in indices), fits, strict=True)
        return sorted(pairs, key=lambda pair: pair[1].rss)

    def _rows(self, indices: Sequence[int] | Indices) -> Floats:
        return self._codes.modules[np.asarray(indices, np.intp)]

    # The evidence.

    def _evidence(self, found: _Found, error: float) -> Evidence:
        """Weigh the answer against expected labels and the open set; challenge it if it holds."""
        code, fit, line = self._codes.modules[found.index], found.fit, found.toned.line
        weights, every = Weights(fit, line.canvas), rivals(code)
        nats = weights.against(every.differences)
        evidence = Evidence(
            share=fit.share,
            chi=weights.variance / _allowed(fit, error, found.toned.slope),
            each=float(nats[~every.is_word].min()),
            word=float(nats[every.is_word].min()),
            second=self._against_second(found, weights),
        )
        if not is_worth_a_challenge(evidence):
            return evidence
        ratio_any, ratio_word = challenged(code, fit, line)
        return replace(evidence, ratio_any=ratio_any, ratio_word=ratio_word)

    def _against_second(self, found: _Found, weights: Weights) -> float:
        if found.second is None:
            return math.inf
        code, second = self._rows([found.index, found.second])
        return float(weights.against((second - code)[None])[0])


def linear_labels(patterns: Sequence[Pattern]) -> LinearLabels | None:
    """Return the set of those patterns that are whole words of Code 128, None if none is."""
    rows = {pattern: _modules(pattern) for pattern in patterns}
    words = {pattern: modules for pattern, modules in rows.items() if is_word(modules)}
    if not words:
        return None
    return LinearLabels([pattern.text for pattern in words], np.stack(list(words.values())))


def _modules(pattern: Pattern) -> Floats:
    return np.frombuffer(pattern.rows[0].encode(), np.uint8).astype(np.float32) - ord("0")


def _samples(bars: Profile, modules: int) -> int:
    return 2 if (bars.last - bars.first) / modules < _SMALL_MODULE else 3


def _toned(bars: Profile, place: Place, tone: float, view: Canvas) -> _Toned:
    """Return the profile under a tone curve, the right way round, and the mean slope of that."""
    light = np.clip(bars.grey, 0, 255) / 255
    ink = (255 - 255 * light**tone).astype(np.float32)
    code = light[int(bars.first) : int(bars.last)]
    slope = np.sqrt(np.mean((tone * code ** (tone - 1)) ** 2))
    return _Toned(Line(ink[::-1].copy() if place.is_reversed else ink, view), float(slope))


def _allowed(fit: Fit, error: float, slope: float) -> float:
    """Return the variance that the scatter along the bars, and a label's own flaws, allow."""
    scatter = max(error, _LEAST_ERROR) * slope
    return float(scatter**2 + (_MODEL_ERROR * np.ptp(fit.model)) ** 2)
