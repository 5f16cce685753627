"""A blurred Data Matrix or QR recognised among the labels of its size, as in ``linear`` in 2-D."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial

import cv2
import numpy as np

from silog_scan.core.labels import MARGINS, Encode, Pattern
from silog_scan.vision.expected.arrays import Floats
from silog_scan.vision.expected.evidence import Answer, Evidence, is_grid_accepted
from silog_scan.vision.expected.grid.canvas import canvas
from silog_scan.vision.expected.grid.fit import Fit, begun, fitted, placed
from silog_scan.vision.expected.grid.ranking import Codes
from silog_scan.vision.expected.grid.rivals import (
    Decoys,
    Draw,
    against,
    decoy_sigma,
    decoys_of,
    neighbours,
    ratio,
)
from silog_scan.vision.frames import Grey

_TONES = (1.0, 2.2)
"""Exponents that undo a camera's tone curve."""
_QUIET = (0, MARGINS["datamatrix"].beside)
"""Modules of paper inside the quad: none of a located symbol, some of a printed frame."""
_MARGIN = 5
_LARGE_MODULE = 3.2
"""Pixels, to which larger ones are shrunk."""
_SOFT = 0.8
"""Modules of blur assumed at first."""
_CLEAR = 2.5
_TURNS = 3
_FINALISTS = 6
_REFITTED = 3


@dataclass(frozen=True, eq=False)
class _Crop:
    """The picture around a quad, a module at most a few pixels large."""

    light: Floats
    quad: Floats
    module: float

    def toned(self, tone: float) -> Floats:
        """Return it with ink high, under a tone curve."""
        return (255 - 255 * self.light**tone).astype(np.float32)

    @cached_property
    def soft(self) -> Floats:
        """Return it blurred as codes are found."""
        return np.asarray(cv2.GaussianBlur(self.toned(1.0), (0, 0), _SOFT * self.module))

    def slope(self, tone: float) -> float:
        """Return how much the tone curve stretches squared differences."""
        return float(np.mean((tone * self.light ** (tone - 1)) ** 2))


@dataclass(frozen=True, slots=True, eq=False)
class _Found:
    """The best code at one place: its index, its fit, and the second best."""

    index: int
    second: int | None
    fit: Fit


class GridLabels:
    """The expected labels of one symbology and size: texts, and their modules."""

    def __init__(self, texts: Sequence[str], grids: Floats, decoys: Decoys, draw: Draw) -> None:
        """Compute what all pictures need."""
        self._texts = list(texts)
        self._codes = Codes(grids)
        self._decoys = decoys
        self._draw = draw

    def recognise(self, grey: Grey, quad: Floats) -> Answer:
        """Return the best label for a quad in any rotation, good to a module and a half."""
        crop = _crop(grey, quad, self._codes.side)
        answers = [self._found(crop, view) for view in self._views(crop)]
        best = min(answers, key=lambda each: each.fit.share)
        evidence = self._evidence(best, crop.module)
        return Answer(self._texts[best.index], is_grid_accepted(evidence), evidence)

    def _views(self, crop: _Crop) -> list[Floats]:
        """Return the one or two best of the rotations, for the quad of the symbol or its frame."""
        views = sorted((self._view(crop, turn) for turn in range(4)), key=_misfit)
        (best, first), (misfit, second) = views[:2]
        return [first, second] if misfit < _CLEAR * best else [first]

    def _view(self, crop: _Crop, turn: int) -> tuple[float, Floats]:
        """Return how badly the mean code fits in a rotation, and the view it came to."""
        corners, quad = canvas(self._codes.side).corners, np.roll(crop.quad, -turn, axis=0)
        starts = (cv2.getPerspectiveTransform(_grown(corners, quiet), quad) for quiet in _QUIET)
        found = (placed(self._codes.mean, crop.soft, np.asarray(start)) for start in starts)
        return min(found, key=_misfit)

    def _found(self, crop: _Crop, view: Floats) -> _Found:
        """Return the best code from a view on: the tone first, then rank and refit."""
        tried = [(tone, *self._in_tone(crop.toned(tone), view)) for tone in _TONES]
        tone, index, fit = min(tried, key=lambda each: each[2].rss / crop.slope(each[0]))
        picture = crop.toned(tone)
        for turn in range(_TURNS):
            top = self._codes.best(fit, _FINALISTS)
            is_last = turn == _TURNS - 1 or top[0] == index
            chosen = top[:_REFITTED] if is_last else top[:1]
            fits = sorted(
                (self._refitted(int(each), picture, fit, index) for each in chosen),
                key=lambda pair: pair[1].rss,
            )
            index, fit = fits[0]
            if is_last:
                break
        return _Found(index, fits[1][0] if len(fits) > 1 else None, fit)

    def _in_tone(self, picture: Floats, view: Floats) -> tuple[int, Fit]:
        mean = self._codes.mean
        model = begun(mean, picture, view=view, blur=_SOFT)
        fit = fitted(mean, picture, view=view, model=model, rounds=2)
        index = int(self._codes.best(fit, 1)[0])
        code = self._codes.modules[index]
        return index, fitted(code, picture, view=fit.view, model=fit.model, rounds=2)

    def _refitted(self, index: int, picture: Floats, start: Fit, last: int) -> tuple[int, Fit]:
        code, rounds = self._codes.modules[index], 2 if index == last else 1
        return index, fitted(code, picture, view=start.view, model=start.model, rounds=rounds)

    def _evidence(self, best: _Found, module: float) -> Evidence:
        """Weigh the answer against its neighbours, decoys and the second best."""
        code, fit = self._codes.modules[best.index], best.fit
        near = neighbours(self._texts[best.index], self._draw)
        rivals = against(code, fit, near, self._decoys)
        if best.second is not None:
            rivals = np.concatenate([rivals, self._codes.modules[[best.second]]])
        return Evidence(
            share=fit.share,
            ratio=ratio(code, fit, rivals, self._decoys.carries),
            decoy_sigma=decoy_sigma(code, fit, module, self._decoys),
        )


def grid_labels(patterns: Sequence[Pattern], encode: Encode) -> GridLabels | None:
    """Return the set of patterns of one size, None if not square or without enough decoys."""
    width, height = patterns[0].size
    draw = partial(_drawn, encode=encode, like=patterns[0])
    decoys = decoys_of([pattern.text for pattern in patterns], draw) if width == height else None
    if decoys is None:
        return None
    grids = np.stack([_modules(pattern) for pattern in patterns])
    return GridLabels([pattern.text for pattern in patterns], grids, decoys, draw)


def _drawn(text: str, *, encode: Encode, like: Pattern) -> Floats | None:
    """Return the modules of a text that is drawn in the size of the set, else None."""
    pattern = encode(text, like.symbology)
    return _modules(pattern) if pattern and pattern.size == like.size else None


def _modules(pattern: Pattern) -> Floats:
    inks = np.frombuffer("".join(pattern.rows).encode(), np.uint8) - ord("0")
    return inks.reshape(len(pattern.rows), -1).astype(np.float32)


def _misfit(view: tuple[float, Floats]) -> float:
    return view[0]


def _grown(corners: Floats, quiet: int) -> Floats:
    """Return a symbol's corners moved out by its quiet zone."""
    outwards = np.sign(corners - corners.mean(axis=0))
    return np.asarray(corners + quiet * outwards, np.float32)


def _crop(grey: Grey, quad: Floats, side: int) -> _Crop:
    module = float(np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1).mean()) / side
    low = np.maximum(np.floor(quad.min(axis=0) - _MARGIN * module).astype(int), 0)
    high = np.ceil(quad.max(axis=0) + _MARGIN * module).astype(int)
    light = grey[low[1] : high[1], low[0] : high[0]].astype(np.float32) / 255
    shrink = min(1.0, _LARGE_MODULE / module)
    if shrink < 0.95:  # noqa: PLR2004  # less is not worth the smoothing
        light = np.asarray(
            cv2.resize(light, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        )
    else:
        shrink = 1.0
    return _Crop(light, ((quad - low) * shrink).astype(np.float32), module * shrink)
