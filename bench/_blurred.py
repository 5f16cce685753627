"""Labels as a bad camera sees them: drawn, tilted, damaged, out of focus, moved, dark and noisy."""

from dataclasses import dataclass
from math import cos, hypot, radians, sin

import cv2
import numpy as np
from numpy.typing import NDArray

from silog_scan.core.labels import Pattern
from silog_scan.vision.frames import Grey
from silog_scan.vision.locate import Corners

Floats = NDArray[np.floating]

QUIET = {"code128": 10, "datamatrix": 5, "qrcode": 4}
FRAME = {"code128": 6, "datamatrix": 5, "qrcode": 3}
BAR_HEIGHT = 40
"""Modules."""
_FINE = 6
"""Pixels a module is drawn with."""
_INK, _PAPER, _GROUND = 0.06, 0.85, 0.35


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a label is seen; lengths in pixels, angles in degrees, light from 0 to 1."""

    module: float = 2.0
    defocus: float = 0.0
    is_disc: bool = False
    motion: float = 0.0
    direction: float = 0.0
    noise: float = 4.0
    contrast: float = 1.0
    gamma: float = 1.0
    jpeg: int = 100
    turn: float = 0.0
    tilt: float = 0.0
    is_crumpled: bool = False
    is_damaged: bool = False
    is_glaring: bool = False
    jitter: float = 1.0
    is_framed: bool = False


def mixture(chance: np.random.Generator, *, is_linear: bool = True) -> Conditions:
    """Return conditions as they come in a hall at night: most of them beyond every engine."""
    module = chance.uniform(1.5, 3.0)
    most = 2.6 if is_linear else 2.0
    return Conditions(
        module=module,
        defocus=module * chance.uniform(0.4, most),
        is_disc=chance.random() < 0.5,
        motion=module * chance.uniform(2, 5) if chance.random() < 0.4 else 0.0,
        direction=chance.uniform(0, 180),
        noise=chance.uniform(1.5, 25),
        contrast=chance.uniform(0.35, 1),
        gamma=float(chance.choice([1.0, 1.8, 2.2, 2.4])),
        jpeg=int(chance.choice([100, 90, 80, 60, 45])),
        turn=chance.uniform(-8, 8),
        tilt=chance.uniform(0, 35),
        is_crumpled=chance.random() < 0.3,
        is_damaged=chance.random() < 0.2,
        is_glaring=chance.random() < 0.2,
        jitter=module / 2,
    )


def shot(pattern: Pattern, seen: Conditions, chance: np.random.Generator) -> tuple[Grey, Corners]:
    """Return a picture of a label and the code's corners, wrong by up to ``jitter`` pixels."""
    flat, code = _label(pattern, is_framed=seen.is_framed)
    if seen.is_damaged:
        _damage(flat, chance)
    matrix, size = _view(flat.shape, seen)
    flat = cv2.GaussianBlur(flat, (0, 0), 0.4 * _FINE / seen.module)  # a pixel has a size
    picture = cv2.warpPerspective(flat, matrix, size, borderValue=(_GROUND, 0, 0, 0))
    if seen.is_crumpled:
        picture = _crumpled(picture, chance, seen.module)
    corners = cv2.perspectiveTransform(code[None], matrix)[0]
    wrong = chance.uniform(-seen.jitter, seen.jitter, corners.shape)
    grey = exposed(picture, seen, chance)
    return grey, tuple((round(float(x)), round(float(y))) for x, y in corners + wrong)


def exposed(light: Floats, seen: Conditions, chance: np.random.Generator) -> Grey:
    """Return the grey picture a camera makes of light: blur first, then tone, noise and JPEG."""
    light = _lit(light, seen, chance)
    if seen.defocus:
        light = _defocused(light, seen)
    if seen.motion:
        light = cv2.filter2D(light, -1, _motion(seen), borderType=cv2.BORDER_REPLICATE)
    tone = np.clip(light, 0, 1) ** (1 / seen.gamma)
    grey = 127 + (tone - 0.5) * 255 * seen.contrast
    grey = grey + chance.normal(0, seen.noise, grey.shape)
    grey = np.clip(np.rint(grey), 0, 255).astype(np.uint8)
    if seen.jpeg < 100:
        _, packed = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, seen.jpeg])
        return np.asarray(cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE), np.uint8)
    return grey


def _label(pattern: Pattern, *, is_framed: bool) -> tuple[Floats, Floats]:
    """Return a label drawn finely, and the corners of its code."""
    modules = np.array([[int(ink) for ink in row] for row in pattern.rows], np.uint8)
    if len(modules) == 1:
        modules = np.repeat(modules, BAR_HEIGHT, axis=0)
    quiet, frame = QUIET[pattern.symbology], FRAME[pattern.symbology] if is_framed else 0
    height, width = modules.shape
    modules = np.pad(modules, quiet)
    modules = np.pad(np.pad(modules, frame, constant_values=1), 4)
    ink = np.kron(modules, np.ones((_FINE, _FINE), np.float32))
    margin = (quiet + frame + 4) * _FINE
    right, bottom = margin + width * _FINE, margin + height * _FINE
    code = np.array([[margin, margin], [right, margin], [right, bottom], [margin, bottom]])
    return (_PAPER + (_INK - _PAPER) * ink).astype(np.float32), code.astype(np.float32)


def _damage(flat: Floats, chance: np.random.Generator) -> None:
    """Scratch and stain a label."""
    height, width = flat.shape
    for _ in range(int(chance.integers(1, 4))):
        start = (int(chance.integers(width)), int(chance.integers(height)))
        end = (int(start[0] + chance.normal(0, width / 8)), int(chance.integers(height)))
        shade = float(chance.choice([_INK, _PAPER]))
        cv2.line(flat, start, end, shade, int(chance.integers(2, 3 * _FINE)))


def _view(shape: tuple[int, ...], seen: Conditions) -> tuple[Floats, tuple[int, int]]:
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


def _crumpled(picture: Floats, chance: np.random.Generator, module: float) -> Floats:
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


def _lit(light: Floats, seen: Conditions, chance: np.random.Generator) -> Floats:
    """Return the picture under uneven light, with a reflection if there is one."""
    height, width = light.shape
    columns = np.linspace(-0.5, 0.5, width, dtype=np.float32)
    rows = np.linspace(-0.5, 0.5, height, dtype=np.float32)[:, None]
    light = light * (1 + chance.uniform(-0.3, 0.3) * columns + chance.uniform(-0.2, 0.2) * rows)
    if seen.is_glaring:
        x, y = chance.uniform(-0.5, 0.5, 2)
        distance = ((columns - x) / 0.15) ** 2 + ((rows - y) / 0.4) ** 2
        light = light + chance.uniform(0.3, 1.0) * np.exp(-distance)
    return light.astype(np.float32)


def _defocused(light: Floats, seen: Conditions) -> Floats:
    """Blur by a lens: a Gaussian, or the disc of the same standard deviation."""
    if not seen.is_disc:
        return cv2.GaussianBlur(light, (0, 0), seen.defocus, borderType=cv2.BORDER_REPLICATE)
    radius = 2 * seen.defocus
    reach = int(np.ceil(radius)) + 1
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    disc = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
    kernel = (disc / disc.sum()).astype(np.float32)
    return cv2.filter2D(light, -1, kernel, borderType=cv2.BORDER_REPLICATE)


def _motion(seen: Conditions) -> Floats:
    """Return a box along a direction, each of its samples spread over four pixels."""
    reach = int(np.ceil(seen.motion / 2)) + 1
    kernel = np.zeros((2 * reach + 1, 2 * reach + 1), np.float32)
    angle = radians(seen.direction)
    for step in np.linspace(-0.5, 0.5, 16 * reach):
        x = reach + seen.motion * step * cos(angle)
        y = reach + seen.motion * step * sin(angle)
        left, top = int(x), int(y)
        right_share, low_share = x - left, y - top
        across = np.array([1 - right_share, right_share])
        down = np.array([1 - low_share, low_share])
        kernel[top : top + 2, left : left + 2] += np.outer(down, across)
    return kernel / kernel.sum()
