"""Blurs, and how they are undone: each takes its share of every wave, and can be made to return it.

Wiener (1949): a wave is made as strong as it was, unless so little of it passed that the rest is
noise. Light adds up in a lens and along a movement, grey levels do not: undo blur in light.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    import numpy as np
    from numpy.typing import NDArray

    from silog_scan.vision.frames import Grey

    Floats = NDArray[np.float32]
    Levels = NDArray[np.floating[Any]]
    Doubles = NDArray[np.float64]

_GAMMA = 2.2  # of cameras' tone curves
_RESIDUE = 1.1  # samples, deviation of what lens and pixels blur beside it
_CHORDS = 63


class Shape(StrEnum):
    """How a point of light is spread along a line."""

    BELL = "bell"
    DISC = "disc"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class Blur:
    """A blur to undo: its shape, its standard deviation in samples, and the noise it is in.

    ``noise`` is the noise's power as a share of the signal's.
    """

    shape: Shape
    width: float
    noise: float


def light_of(grey: Grey) -> Floats:
    """Return the light that made the grey levels, white is 1."""
    import numpy as np

    return np.asarray((grey.astype(np.float32) / 255) ** _GAMMA, np.float32)


def restored(blur: Blur, waves: Doubles) -> Doubles:
    """Return how much stronger each wave is to be made, in cycles a sample, to undo the blur."""
    import numpy as np

    return np.asarray(undoing(passed(blur, waves), blur.noise), np.float64)


def undoing(share: Levels, noise: float) -> Levels:
    """Return how much stronger waves are to be made of which a share is left, and noise."""
    return share / (share**2 + share.dtype.type(noise))


def passed(blur: Blur, waves: Doubles) -> Doubles:
    """Return the share of each wave, in cycles a sample, that the blur lets pass."""
    import numpy as np

    width = np.pi * blur.width * waves
    rest = np.exp(-2 * (np.pi * _RESIDUE * waves) ** 2)
    match blur.shape:
        case Shape.BELL:
            return np.asarray(np.exp(-2 * width**2))
        case Shape.PATH:  # as long as the square root of twelve times its deviation
            return np.asarray(np.sinc(math.sqrt(12) * width / np.pi) * rest)
        case Shape.DISC:  # its radius is twice its deviation, along every line
            across = np.linspace(-1, 1, _CHORDS + 2)[1:-1]
            chords = np.sqrt(1 - across**2)
            return np.asarray(np.cos(4 * np.outer(width, across)) @ (chords / chords.sum()) * rest)
