"""Labels as a bad camera sees them: drawn, tilted, damaged, out of focus, moved, dark and noisy."""

from dataclasses import dataclass, field
from math import cos, hypot, radians, sin

import cv2
import numpy as np
from _optics import Grey, Light, Optics, mirrored, photographed

from silog_scan.core.labels import MARGINS, Pattern
from silog_scan.documents.labels import drawn
from silog_scan.vision.corners import Corners

_FINE = 6
"""Pixels a module is drawn with."""
INK, PAPER = 0.06, 0.85
"""Of the light that falls on them, what they send back."""

_PAPER_AROUND = 4  # modules


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a label is held before a camera; lengths in pixels, angles in degrees.

    ``ground`` is the light of what it lies on; ``jitter`` is by how much its located corners are
    wrong.
    """

    module: float = 2.0
    turn: float = 0.0
    tilt: float = 0.0
    is_crumpled: bool = False
    is_damaged: bool = False
    is_framed: bool = False
    ground: float = 0.35
    jitter: float = 1.0
    optics: Optics = field(default_factory=lambda: Optics(noise=4))


def mixture(chance: np.random.Generator, *, is_linear: bool = True) -> Conditions:
    """Return conditions as they come in a hall at night: most of them beyond every engine."""
    module = chance.uniform(1.5, 3.0)
    optics = Optics(
        defocus=module * chance.uniform(0.4, 2.6 if is_linear else 2.0),
        is_disc=chance.random() < 0.5,
        motion=module * chance.uniform(2, 5) if chance.random() < 0.4 else 0.0,
        along=chance.uniform(0, 180),
        shade=chance.uniform(0, 0.4),
        noise=chance.uniform(1.5, 25),
        contrast=chance.uniform(0.35, 1),
        gamma=float(chance.choice([1.0, 1.8, 2.2, 2.4])),
        jpeg=int(chance.choice([0, 90, 80, 60, 45])),
        glare=chance.uniform(0.3, 1) if chance.random() < 0.2 else 0.0,
    )
    return Conditions(
        module=module,
        turn=chance.uniform(-8, 8),
        tilt=chance.uniform(0, 35),
        is_crumpled=chance.random() < 0.3,
        is_damaged=chance.random() < 0.2,
        jitter=module / 2,
        optics=optics,
    )


def shot(pattern: Pattern, seen: Conditions, chance: np.random.Generator) -> tuple[Grey, Corners]:
    """Return a picture of a label and the code's corners, as wrong as they are located."""
    flat, code = _label(pattern, is_framed=seen.is_framed)
    if seen.is_damaged:
        _damage(flat, chance)
    matrix, size = _view(flat.shape, seen)
    flat = cv2.GaussianBlur(flat, (0, 0), 0.4 * _FINE / seen.module)  # a pixel has a size
    scene = cv2.warpPerspective(flat, matrix, size, borderValue=(seen.ground, 0, 0, 0))
    if seen.is_crumpled:
        scene = _crumpled(scene, chance, seen.module)
    if seen.optics.glare:
        lamp = tuple(float(chance.uniform(0, side)) for side in size)
        scene = mirrored(scene, lamp, reach=0.2 * max(size), strength=seen.optics.glare)
    corners = cv2.perspectiveTransform(code[None], matrix)[0]
    wrong = chance.uniform(-seen.jitter, seen.jitter, corners.shape)
    grey = photographed(scene, seen.optics, chance)
    return grey, tuple((round(float(x)), round(float(y))) for x, y in corners + wrong)


def _label(pattern: Pattern, *, is_framed: bool) -> tuple[Light, Light]:
    """Return a label as it is printed, drawn finely on paper, and the corners of its code."""
    rows = drawn(pattern, framed=is_framed)
    modules = np.pad(np.array([list(map(int, row)) for row in rows], np.float32), _PAPER_AROUND)
    ink = np.kron(modules, np.ones((_FINE, _FINE), np.float32))
    margins = MARGINS[pattern.symbology]
    frame = _PAPER_AROUND + (margins.frame if is_framed else 0)
    left, top = (frame + margins.beside) * _FINE, (frame + margins.above) * _FINE
    right, bottom = ink.shape[1] - left, ink.shape[0] - top
    code = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    return (PAPER + (INK - PAPER) * ink).astype(np.float32), code.astype(np.float32)


def _damage(flat: Light, chance: np.random.Generator) -> None:
    """Scratch and stain a label."""
    height, width = flat.shape
    for _ in range(int(chance.integers(1, 4))):
        start = (int(chance.integers(width)), int(chance.integers(height)))
        end = (int(start[0] + chance.normal(0, width / 8)), int(chance.integers(height)))
        shade = float(chance.choice([INK, PAPER]))
        cv2.line(flat, start, end, shade, int(chance.integers(2, 3 * _FINE)))


def _view(shape: tuple[int, ...], seen: Conditions) -> tuple[Light, tuple[int, int]]:
    """Return how the flat label is seen: turned, tilted about its upright axis, in perspective."""
    height, width = shape[:2]
    scale, turn, tilt = seen.module / _FINE, radians(seen.turn), radians(seen.tilt)
    far = 2.5 * hypot(width, height)
    points = []
    for x, y in ((0, 0), (width, 0), (width, height), (0, height)):
        across, down = x - width / 2, y - height / 2
        depth = far / (far + across * sin(tilt))
        across, down = across * cos(tilt) * depth, down * depth
        points.append(
            (across * cos(turn) - down * sin(turn), across * sin(turn) + down * cos(turn))
        )
    placed = np.array(points) * scale
    edge = 12 + 6 * seen.module
    low = placed.min(axis=0) - edge
    placed, size = placed - low, np.ceil(placed.max(axis=0) + edge - low).astype(int)
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    matrix = cv2.getPerspectiveTransform(flat, placed.astype(np.float32))
    return matrix, (int(size[0]), int(size[1]))


def _crumpled(picture: Light, chance: np.random.Generator, module: float) -> Light:
    """Bend the paper by up to half a module, slowly."""
    height, width = picture.shape
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    for _ in range(2):
        angle, wave = chance.uniform(0, 2 * np.pi), chance.uniform(0.4, 1.2) * width
        along = columns * np.cos(angle) + rows * np.sin(angle)
        columns = columns + 0.25 * module * np.sin(2 * np.pi * along / wave + chance.uniform(0, 6))
    return cv2.remap(
        picture,
        columns.astype(np.float32),
        rows.astype(np.float32),
        cv2.INTER_CUBIC,
        borderMode=cv2.BORDER_REPLICATE,
    )
