"""The labels that were printed, grouped by symbology and size, and the one a picture shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from silog_scan.vision.engines import has_opencv
from silog_scan.vision.expected.evidence import Recognition

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from silog_scan.core.labels import Encode, Pattern
    from silog_scan.vision.corners import Corners
    from silog_scan.vision.expected.arrays import Floats
    from silog_scan.vision.expected.evidence import Answer
    from silog_scan.vision.frames import Grey

_LONG = 1.5
"""Sides whose ratio is above this leave no doubt which way a linear code runs."""
_SQUARE = 2.0
"""A square symbol does not look longer than this, however its label is tilted."""
_LEAST_SIDE = 8.0
"""Pixels."""


class _Labels(Protocol):
    """The expected labels of one symbology and size."""

    def recognise(self, grey: Grey, quad: Floats, /) -> Answer: ...


@dataclass(frozen=True, slots=True)
class _Group:
    symbology: str
    labels: _Labels

    @property
    def is_linear(self) -> bool:
        return self.symbology == "code128"


class ExpectedLabels:
    """What may be recognised: built once, asked often, by several threads if need be.

    Codes already scanned belong in it, else every second look at one is a look at a stranger.
    Symbologies other than Code 128, Data Matrix and QR are left out, and patterns that are none.
    """

    def __init__(self, patterns: Iterable[Pattern], encode: Encode) -> None:
        """Group the patterns; ``encode`` draws what else could be printed."""
        self._groups = list(_groups(patterns, encode)) if has_opencv() else []

    @property
    def is_empty(self) -> bool:
        """Return whether there is nothing to compare with."""
        return not self._groups

    def recognise(self, grey: Grey, corners: Corners) -> Recognition | None:
        """Return the best expected label at four corners, of the code or of its printed frame.

        None where nothing that could look so is expected. Answers of different groups that accept
        different texts refute each other.
        """
        answers = list(self._answers(grey, corners))
        if not answers:
            return None
        symbology, best = min(answers, key=_rank)
        texts = {answer.text for _, answer in answers if answer.is_accepted}
        is_accepted = best.is_accepted and len(texts) == 1
        return Recognition(best.text, symbology, is_accepted, corners, best.evidence)

    def _answers(self, grey: Grey, corners: Corners) -> Iterator[tuple[str, Answer]]:
        ways = _ways(corners, grey.shape) if self._groups else []
        for group in self._groups if ways else ():
            if group.is_linear:
                answers = (group.labels.recognise(grey, way.quad) for way in ways)
                yield group.symbology, min(answers, key=lambda answer: answer.evidence.share)
            elif ways[0].ratio < _SQUARE:
                yield group.symbology, group.labels.recognise(grey, ways[0].quad)


def _rank(answer: tuple[str, Answer]) -> tuple[bool, float]:
    _, best = answer
    return not best.is_accepted, best.evidence.share


@dataclass(frozen=True, slots=True)
class _Way:
    """A quad clockwise, from the corner where its code may begin, and how long it is."""

    quad: Floats
    ratio: float


def _ways(corners: Corners, shape: tuple[int, ...]) -> list[_Way]:
    """Return the quad along its longer side, and along the other where that may be the code's.

    None of a quad too small for any code, or that reaches out of the picture.
    """
    import numpy as np

    quad = np.asarray(corners, np.float32)
    x, y = (quad - quad.mean(axis=0)).T
    area = float((x * np.roll(y, -1) - y * np.roll(x, -1)).sum()) / 2
    quad = quad if area > 0 else quad[::-1]
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    pairs = sides[:2] + sides[2:]
    far = np.add(shape[::-1], _LEAST_SIDE)
    is_inside = bool((quad > -_LEAST_SIDE).all() and (quad < far).all())
    if min(pairs) < 2 * _LEAST_SIDE or not is_inside:
        return []
    ratio = float(max(pairs) / min(pairs))
    turned = [np.roll(quad, -turn, axis=0) for turn in np.argsort(-pairs)]
    return [_Way(way, ratio) for way in (turned[:1] if ratio > _LONG else turned)]


def _groups(patterns: Iterable[Pattern], encode: Encode) -> Iterator[_Group]:
    by_size: dict[tuple[str, tuple[int, int]], dict[Pattern, None]] = {}
    for pattern in patterns:
        by_size.setdefault((pattern.symbology, pattern.size), {})[pattern] = None
    for (symbology, _), group in by_size.items():
        labels = _labels(symbology, list(group), encode)
        if labels:
            yield _Group(symbology, labels)


def _labels(symbology: str, patterns: list[Pattern], encode: Encode) -> _Labels | None:
    """Return the set of a group, None of what cannot be recognised."""
    if symbology == "code128":
        from silog_scan.vision.expected.linear import linear_labels

        return linear_labels(patterns)
    if symbology in {"datamatrix", "qrcode"}:
        from silog_scan.vision.expected.grid import grid_labels

        return grid_labels(patterns, encode)
    return None
