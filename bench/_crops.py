"""Pictures without a label of ours: regions of photographs where they are, textures else."""

from functools import cache
from pathlib import Path

import cv2
import numpy as np

from silog_scan.vision.frames import SUFFIXES, Grey, load
from silog_scan.vision.locate import Corners

PHOTOS = Path(__file__).parents[2] / "shared" / "data" / "photos"
_SIZE = (400, 480)
_KEPT = 120
"""Photographs looked at; each gives many regions."""


@cache
def photos() -> tuple[Grey, ...]:
    """Return some of the photographs, none where there are none."""
    if not PHOTOS.is_dir():
        return ()
    paths = sorted(path for path in PHOTOS.iterdir() if path.suffix in SUFFIXES)
    return tuple(load(path) for path in paths[:: max(len(paths) // _KEPT, 1)])


def crop(chance: np.random.Generator) -> tuple[Grey, Corners]:
    """Return a picture and four corners that hold no label, blurred half of the time."""
    kinds = (_region, _region, _stripes, _words, _speckle, _checks)
    grey = kinds[int(chance.integers(len(kinds)))](chance)
    if chance.random() < 0.5:
        grey = np.asarray(cv2.GaussianBlur(grey, (0, 0), chance.uniform(0.7, 5)), np.uint8)
    return grey, _corners(grey.shape, chance)


def _corners(shape: tuple[int, ...], chance: np.random.Generator) -> Corners:
    """Return a quad somewhere in a picture: long as bars are, or square."""
    height, width = shape
    ratio = chance.uniform(1.7, 6) if chance.random() < 0.6 else chance.uniform(0.9, 1.1)
    across = chance.uniform(0.3, 0.9) * width
    down = min(across / ratio, 0.9 * height)
    across = min(across, down * ratio)
    left, top = chance.uniform(0, width - across), chance.uniform(0, height - down)
    points = [(0, 0), (across, 0), (across, down), (0, down)]
    wrong = chance.uniform(-2, 2, (4, 2))
    return tuple(
        (round(left + x + float(u)), round(top + y + float(v)))
        for (x, y), (u, v) in zip(points, wrong, strict=True)
    )


def _region(chance: np.random.Generator) -> Grey:
    """Return a region of a photograph, codes of others among them."""
    if not photos():
        return _words(chance)
    photo = photos()[int(chance.integers(len(photos())))]
    height, width = (min(side, limit) for side, limit in zip(photo.shape, _SIZE, strict=True))
    top = int(chance.integers(photo.shape[0] - height + 1))
    left = int(chance.integers(photo.shape[1] - width + 1))
    return photo[top : top + height, left : left + width]


def _stripes(chance: np.random.Generator) -> Grey:
    """Return bars of chance widths."""
    module = int(chance.integers(2, 5))
    bars = np.repeat(chance.integers(0, 2, _SIZE[1] // module + 1), module)[: _SIZE[1]]
    return np.repeat((30 + 190 * bars)[None], _SIZE[0], axis=0).astype(np.uint8)


def _checks(chance: np.random.Generator) -> Grey:
    """Return modules of no symbol."""
    module = int(chance.integers(3, 7))
    cells = chance.integers(0, 2, (_SIZE[0] // module + 1, _SIZE[1] // module + 1))
    large = np.kron(cells, np.ones((module, module)))[: _SIZE[0], : _SIZE[1]]
    return (30 + 190 * large).astype(np.uint8)


def _words(chance: np.random.Generator) -> Grey:
    """Return lines of print."""
    sheet = np.full(_SIZE, 225, np.uint8)
    for line in range(8):
        letters = "".join(chr(int(code)) for code in chance.integers(48, 91, 24))
        place = (int(chance.integers(0, 30)), 40 + 45 * line)
        cv2.putText(sheet, letters, place, cv2.FONT_HERSHEY_SIMPLEX, 0.9, 40, 2)
    return sheet


def _speckle(chance: np.random.Generator) -> Grey:
    """Return noise of some grain."""
    grain = chance.uniform(0.5, 4)
    noise = cv2.GaussianBlur(chance.normal(0, 1, _SIZE), (0, 0), grain)
    return np.clip(127 + 60 * noise / noise.std(), 0, 255).astype(np.uint8)
