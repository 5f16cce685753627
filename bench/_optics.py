"""From a scene of light to the grey pixels of a camera: shade, glare, blur, tone, noise, JPEG."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

Grey: TypeAlias = NDArray[np.uint8]
Light: TypeAlias = NDArray[np.float32]
"""Linear light, 0 is none and 1 is white paper in full light."""

GAMMA = 2.2
_BLACK, _WHITE = 12.0, 235.0
"""Grey levels a camera gives for no light and for white paper, at full contrast."""


@dataclass(frozen=True, slots=True)
class Optics:
    """What light, lens and camera do to a scene; lengths in pixels of the frame.

    ``motion`` is the length of the path during exposure, ``along`` its angle in degrees;
    ``defocus`` is the standard deviation of the blur, a disc's or a Gaussian's; ``shade`` the light
    lost towards one side; ``glare`` the light added where a lamp is mirrored; ``noise`` a standard
    deviation in grey levels; ``jpeg`` a quality, 0 for none; ``gamma`` the camera's tone curve.
    """

    motion: float = 0.0
    along: float = 0.0
    defocus: float = 0.0
    is_disc: bool = False
    shade: float = 0.0
    glare: float = 0.0
    contrast: float = 1.0
    noise: float = 2.0
    jpeg: int = 90
    gamma: float = GAMMA


def photographed(scene: Light, optics: Optics, chance: np.random.Generator) -> Grey:
    """Return what the camera gives of a scene of light."""
    light = scene
    if optics.shade:
        light = light * _shade(light.shape, optics.shade, chance)
    for kernel in _kernels(optics):
        light = cv2.filter2D(light, -1, kernel, borderType=cv2.BORDER_REPLICATE)
    toned = np.clip(light, 0, 1) ** (1 / optics.gamma)
    levels = _BLACK + toned * ((_WHITE - _BLACK) * optics.contrast)
    levels += optics.noise * chance.standard_normal(levels.shape, dtype=np.float32)
    return compressed(np.clip(np.rint(levels), 0, 255).astype(np.uint8), optics.jpeg)


def compressed(grey: Grey, quality: int) -> Grey:
    """Return the pixels as they come out of a JPEG, as they are where the quality is 0."""
    if not quality:
        return grey
    _, data = cv2.imencode(".jpg", grey, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_GRAYSCALE), dtype=np.uint8)


def mirrored(scene: Light, centre: tuple[float, float], reach: float, strength: float) -> Light:
    """Return the scene with a lamp mirrored at a place: white in the middle, softer around."""
    down, across = np.ogrid[: scene.shape[0], : scene.shape[1]]
    apart = ((across - centre[0]) ** 2 + (down - centre[1]) ** 2) / reach**2
    lamp: Light = (strength * np.exp(-(apart.astype(np.float32) ** 2))).astype(np.float32)
    return scene + lamp


def _shade(shape: tuple[int, ...], lost: float, chance: np.random.Generator) -> Light:
    """Return the share of light that reaches each pixel: less and less towards one side."""
    angle = chance.uniform(0, 2 * np.pi)
    down, across = np.mgrid[-1 : 1 : shape[0] * 1j, -1 : 1 : shape[1] * 1j]
    slope = (across * np.cos(angle) + down * np.sin(angle)) / np.sqrt(2)
    return (1 - lost * (0.5 + 0.5 * slope)).astype(np.float32)


def _kernels(optics: Optics) -> list[Light]:
    """Return what the light is spread with, one after the other."""
    kernels = []
    if optics.defocus:
        kernels.append(_disc(2 * optics.defocus) if optics.is_disc else _bell(optics.defocus))
    if optics.motion > 1:
        kernels.append(_path(optics.motion, optics.along))
    return kernels


def _bell(sigma: float) -> Light:
    line = cv2.getGaussianKernel(2 * int(np.ceil(3.5 * sigma)) + 1, sigma, cv2.CV_32F)
    return np.asarray(line @ line.T, dtype=np.float32)


def _disc(radius: float) -> Light:
    """Return a disc; its standard deviation along a line is half its radius."""
    return _sampled(radius, lambda across, down: across**2 + down**2 <= radius**2)


def _path(length: float, degrees: float) -> Light:
    """Return a straight path one pixel wide."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))

    def is_passed(across: Light, down: Light) -> NDArray[np.bool_]:
        ahead, aside = across * cosine + down * sine, down * cosine - across * sine
        return (np.abs(ahead) <= length / 2) & (np.abs(aside) <= 0.5)

    return _sampled(length / 2, is_passed)


def _sampled(reach: float, is_in: Callable[[Light, Light], NDArray[np.bool_]]) -> Light:
    """Return a kernel whose pixels are covered as far as a finer grid says."""
    side, finer = 2 * int(np.ceil(reach + 0.5)) + 1, 9
    places = ((np.arange(side * finer) + 0.5) / finer - side / 2).astype(np.float32)
    across, down = np.meshgrid(places, places)
    covered = is_in(across, down).reshape(side, finer, side, finer).mean((1, 3))
    return (covered / covered.sum()).astype(np.float32)
