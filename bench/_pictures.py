"""Synthetic frames of labels, and of what is no label, with the texts that are in them.

Every frame follows from its kind, its number and a seed. A label is paper with a symbol and the
text below it; it lies on cardboard, wood or cloth, turned and tilted, and is photographed by
``_optics``: blur falls on linear light, before the camera's tone curve.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, TypeAlias

import cv2
import numpy as np
import zxingcpp
from _optics import Grey, Light, Optics, mirrored, photographed
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from silog_scan.vision.engines import SYMBOLOGIES

OURS = ("code128", "code39", "itf", "qrcode", "datamatrix")
"""What labels of our own are printed in, and what cartons carry."""

SQUARE = frozenset({"qrcode", "datamatrix", "aztec", "maxicode", "pdf417"})
FORMATS = SYMBOLOGIES | {
    "codabar": "Codabar",
    "code93": "Code93",
    "pdf417": "PDF417",
    "aztec": "Aztec",
    "databar": "DataBar",
    "maxicode": "MaxiCode",
}
STRANGERS = ("codabar", "code93", "pdf417", "aztec", "databar", "maxicode")
"""Symbologies that nobody asks for: whatever is read of them is wrong."""

FRAME = (960, 720)
_FINER = 2
"""A scene is drawn this much finer than the frame."""

_FINEST = 8
"""Pixels of a module on the label as it is drawn."""

_PAPER, _INK = 0.97, 0.01


Corners: TypeAlias = tuple[tuple[float, float], ...]
"""Four corners in pixels of the frame, clockwise from the symbol's own top left."""


@dataclass(frozen=True, slots=True)
class Code:
    """What is printed on one label, and where its symbol lies in the frame."""

    text: str
    symbology: str
    corners: Corners = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A frame and the codes in it."""

    grey: Grey
    codes: tuple[Code, ...] = ()


@dataclass(frozen=True, slots=True)
class Pose:
    """How a label lies: pixels per module, degrees turned and tilted, the share of it damaged.

    ``module`` is that of a linear code; those of a square one are ``wider`` times as wide.
    """

    module: float = 2.5
    wider: float = 1.6
    turn: float = 0.0
    tilt: float = 0.0
    tilted_about: float = 0.0
    damage: float = 0.0


@dataclass(frozen=True, slots=True)
class Shot:
    """A label, how it lies and how it is photographed."""

    code: Code
    pose: Pose = field(default_factory=Pose)
    optics: Optics = field(default_factory=Optics)


# Which frames there are.

Draw = Callable[[np.random.Generator], tuple[Pose, Optics]]


def _small(chance: np.random.Generator, step: float) -> tuple[Pose, Optics]:
    return replace(_askew(chance), module=step, wider=1), Optics()


def _moved(chance: np.random.Generator, step: float) -> tuple[Pose, Optics]:
    pose = _askew(chance)
    return pose, Optics(motion=step, along=pose.turn + chance.uniform(-30, 30))


def _defocused(chance: np.random.Generator, step: float) -> tuple[Pose, Optics]:
    return _askew(chance), Optics(defocus=step)


def _defocused_by_disc(chance: np.random.Generator, step: float) -> tuple[Pose, Optics]:
    return _askew(chance), Optics(defocus=step, is_disc=True)


def _noisy(chance: np.random.Generator, step: float) -> tuple[Pose, Optics]:
    return _askew(chance), Optics(noise=step, contrast=0.45)


def _turned(chance: np.random.Generator, step: float) -> tuple[Pose, Optics]:
    return Pose(turn=chance.uniform(step, step + 10)), Optics()


def _tilted(chance: np.random.Generator, step: float) -> tuple[Pose, Optics]:
    return replace(_askew(chance), tilt=step, tilted_about=chance.uniform(0, 180)), Optics()


def _glaring(chance: np.random.Generator, step: float) -> tuple[Pose, Optics]:
    return _askew(chance), Optics(glare=step / 100)


def _damaged(chance: np.random.Generator, step: float) -> tuple[Pose, Optics]:
    return replace(_askew(chance), damage=step / 100), Optics()


def _shaded(chance: np.random.Generator, step: float) -> tuple[Pose, Optics]:
    return _askew(chance), Optics(shade=step / 100, contrast=0.8, noise=4)


def _pressed(chance: np.random.Generator, step: float) -> tuple[Pose, Optics]:
    return _askew(chance), Optics(jpeg=int(step))


def _askew(chance: np.random.Generator) -> Pose:
    """Return how a label lies that somebody holds almost straight."""
    return Pose(turn=chance.uniform(-5, 5), tilt=chance.uniform(0, 4))


@dataclass(frozen=True, slots=True)
class Mixture:
    """The bounds between which everything is drawn at once, in a warehouse."""

    module: tuple[float, float]
    turn: float
    tilt: float
    motion: float
    defocus: float
    noise: float
    contrast: tuple[float, float]
    harm: float
    jpeg: int

    def __call__(self, chance: np.random.Generator) -> tuple[Pose, Optics]:
        """Return one draw."""
        pose = Pose(
            module=chance.uniform(*self.module),
            turn=chance.uniform(-self.turn, self.turn),
            tilt=chance.uniform(0, self.tilt),
            tilted_about=chance.uniform(0, 180),
            damage=self.harm * chance.uniform(0, 0.1) * (chance.random() < 0.3),
        )
        optics = Optics(
            motion=chance.uniform(0, self.motion),
            along=chance.uniform(0, 180),
            defocus=chance.uniform(0.3, self.defocus),
            is_disc=bool(chance.random() < 0.5),
            shade=chance.uniform(0, 0.6),
            glare=self.harm * chance.uniform(0, 0.3) * (chance.random() < 0.2),
            contrast=chance.uniform(*self.contrast),
            noise=chance.uniform(2, self.noise),
            jpeg=int(chance.integers(self.jpeg, 92)),
        )
        return pose, optics


EASY = Mixture((2.0, 3.0), 18, 15, 1.5, 0.8, 8, (0.6, 1.0), 0.3, 75)
MEDIUM = Mixture((1.6, 2.6), 30, 25, 3.0, 1.1, 11, (0.55, 0.95), 0.6, 60)
HARD = Mixture((1.4, 2.2), 40, 35, 4.5, 1.6, 18, (0.4, 0.75), 1.0, 45)


@dataclass(frozen=True, slots=True)
class Sweep:
    """One thing that gets worse step by step while all else is good."""

    name: str
    unit: str
    across: str
    steps: tuple[float, ...]
    draw: Callable[[np.random.Generator, float], tuple[Pose, Optics]]

    def kind(self, step: float) -> str:
        """Return the name of the frames of one step."""
        return f"{self.name} {step:g}{self.unit}"

    def at(self, step: float) -> Draw:
        """Return what draws the frames of one step."""
        return lambda chance: self.draw(chance, step)


SWEEPS = (
    Sweep("module", " px", "pixels a module", (1.0, 1.25, 1.5, 2.0, 2.5), _small),
    Sweep("motion", " px", "pixels moved while exposed", (2, 4, 6, 8), _moved),
    Sweep(
        "defocus",
        " px",
        "standard deviation of a Gaussian blur, pixels",
        (0.75, 1.25, 1.75, 2.25),
        _defocused,
    ),
    Sweep(
        "defocus (disc)",
        " px",
        "standard deviation of a disc's blur, pixels",
        (0.75, 1.25, 1.75, 2.25),
        _defocused_by_disc,
    ),
    Sweep("noise", "", "standard deviation of the noise, grey levels", (10, 20, 30), _noisy),
    Sweep(
        "turned",
        "°",
        "degrees turned in the plane, up to ten more",
        (0, 10, 20, 30, 40, 50, 60, 70, 80),
        _turned,
    ),
    Sweep("tilted", "°", "degrees out of the plane", (15, 25, 35), _tilted),
    Sweep("glare", " %", "% of the symbol's shorter side", (15, 30), _glaring),
    Sweep("damage", " %", "% of the symbol", (5, 10), _damaged),
    Sweep("light lost", " %", "% towards one side", (40, 80), _shaded),
    Sweep("JPEG", "", "quality", (50, 20), _pressed),
)

MIXTURES = {"realistic easy": EASY, "realistic medium": MEDIUM, "realistic hard": HARD}

KINDS: dict[str, Draw] = {
    **{sweep.kind(step): sweep.at(step) for sweep in SWEEPS for step in sweep.steps},
    **MIXTURES,
}
"""Frames of one label of our own, by what is wrong with them."""


def picture(kind: str, number: int, *, seed: int = 1) -> Picture:
    """Return a frame of one label; its symbology goes round with the number."""
    chance = chances(kind, number, seed)
    code = code_of(OURS[number % len(OURS)], chance)
    pose, optics = KINDS[kind](chance)
    return taken(Shot(code, pose, optics), chance)


def retail(mixture: str, number: int, *, seed: int = 1) -> Picture:
    """Return a frame of an article number (EAN-13), as goods carry it beside our labels."""
    chance = chances(f"retail {mixture}", number, seed)
    code = code_of("ean13", chance)
    pose, optics = MIXTURES[f"realistic {mixture}"](chance)
    return taken(Shot(code, pose, optics), chance)


def stranger(number: int, *, seed: int = 1) -> Picture:
    """Return a frame with a code that is not of our symbologies: none is expected of it."""
    chance = chances("stranger", number, seed)
    code = code_of(STRANGERS[number % len(STRANGERS)], chance)
    pose, optics = (EASY, MEDIUM)[number // len(STRANGERS) % 2](chance)
    return replace(taken(Shot(code, pose, optics), chance), codes=())


def empty(number: int, *, seed: int = 1) -> Picture:
    """Return a frame without any code: bare ground, print, bars or squares that say nothing."""
    chance = chances("empty", number, seed)
    makers = (_bare, _written, _barred, _chequered, _fenced)
    light = makers[number % len(makers)](chance)
    _, optics = (EASY, MEDIUM)[number // len(makers) % 2](chance)
    return Picture(_seen(light, optics, chance))


def dozen(number: int, *, seed: int = 1) -> Picture:
    """Return twelve labels in a frame of 1920 by 1080."""
    return _many((1920, 1080), (4, 3), chances("dozen", number, seed), module=2.0)


def pallet(number: int, *, seed: int = 1) -> Picture:
    """Return forty labels in a photograph of 12 megapixels."""
    return _many((4000, 3000), (5, 8), chances("pallet", number, seed), module=3.0)


def film(number: int, *, seed: int = 1, frames: int = 12) -> list[Picture]:
    """Return the frames (960 by 540) of one label near the limit, moving, of unequal blur."""
    chance = chances("film", number, seed)
    code = code_of(OURS[number % len(OURS)], chance)
    pose = Pose(chance.uniform(1.5, 2.5), turn=chance.uniform(-20, 20), tilt=chance.uniform(0, 20))
    size = (960, 540)
    ground, label = _ground(chance, size), _label(code, chance)
    start, end = chance.uniform(-60, 60, 2), chance.uniform(-60, 60, 2)
    base = chance.uniform(0.4, 1.1)
    taken_frames = []
    for step in range(frames):
        centre = np.array(size) / 2 + start + (end - start) * step / max(frames - 1, 1)
        optics = _of_moment(chance, base)
        scene = ground.copy()
        corners = _lay(scene, label, replace(pose, turn=pose.turn + step / 3), centre)
        grey = photographed(_reduced(scene), optics, chance)
        taken_frames.append(Picture(grey, (replace(code, corners=corners),)))
    return taken_frames


def _of_moment(chance: np.random.Generator, base: float) -> Optics:
    """Return the optics of one frame of a hand-held camera that hunts for focus."""
    return Optics(
        motion=chance.gamma(2.0, 1.5),
        along=chance.uniform(0, 180),
        defocus=base + chance.uniform(0, 0.9),
        is_disc=bool(chance.random() < 0.5),
        contrast=0.7,
        noise=chance.uniform(4, 9),
        jpeg=80,
    )


def approach(number: int, *, seed: int = 1, frames: int = 12) -> list[Picture]:
    """Return the frames (960 by 540) of a label that a hand brings nearer: 0.4 s at 30 a second.

    The label grows by a seventh, drifts, shakes by a pixel and turns; focus hunts through its best
    once; every frame has its own movement, its own shape of blur and its own noise. How soft the
    best focus is makes the difficulty. It is a share of the module, the same for all symbologies,
    and even between the bounds of ``_SOFTEST``. These were chosen by one reader only, zxing-cpp at
    its default on every frame, so that it accepts about half (46 of 100 films of seed 12), before
    any other reader was shown such a film.
    """
    chance = chances("approach", number, seed)
    code = code_of(OURS[number % len(OURS)], chance)
    pose = Pose(
        chance.uniform(1.5, 2.5),
        turn=chance.uniform(-20, 20),
        tilt=chance.uniform(0, 20),
        tilted_about=chance.uniform(0, 180),
    )
    size = (960, 540)
    ground, label = _ground(chance, size), _label(code, chance)
    hand = _Hand(pose, chance.uniform(-60, 60, (2, 2)))
    own = pose.module * (pose.wider if code.symbology in SQUARE else 1)
    focus = _Focus(own * chance.uniform(*_SOFTEST), chance.uniform(0, 2 * np.pi))
    noise = chance.uniform(4, 9)
    pictures = []
    for way in np.linspace(0, 1, frames):
        held, shift = hand.at(way, chance)
        scene = ground.copy()
        corners = _lay(scene, label, held, np.array(size) / 2 + shift)
        optics = replace(_of_moment(chance, 0), defocus=focus.at(way), noise=noise)
        grey = photographed(_reduced(scene), optics, chance)
        pictures.append(Picture(grey, (replace(code, corners=corners),)))
    return pictures


_SOFTEST = (0.15, 0.45)
"""Standard deviation of the blur at best focus, in modules of the symbol."""


@dataclass(frozen=True, slots=True)
class _Hand:
    """How a label is brought nearer, from one shift off the middle to another, in pixels."""

    pose: Pose
    shifts: NDArray[np.float64]

    def at(self, way: float, chance: np.random.Generator) -> tuple[Pose, NDArray[np.float64]]:
        """Return how it lies and how far off the middle, after a share of the way."""
        turn = self.pose.turn + 4 * way + chance.normal(0, 0.3)
        nearer = replace(self.pose, module=self.pose.module * (1 + 0.15 * way), turn=turn)
        start, end = self.shifts
        return nearer, start + (end - start) * way + chance.normal(0, 1, 2)


@dataclass(frozen=True, slots=True)
class _Focus:
    """A lens that hunts: its blur at best, in pixels, and where in its hunting it begins."""

    best: float
    phase: float

    def at(self, way: float) -> float:
        """Return the standard deviation of the blur after a share of the way."""
        return self.best + 0.9 * abs(np.sin(self.phase + np.pi * way))


def chances(kind: str, number: int, seed: int) -> np.random.Generator:
    """Return the chance that makes one frame and no other."""
    return np.random.default_rng((seed, zlib.crc32(kind.encode()), number))


# Texts.


def code_of(symbology: str, chance: np.random.Generator) -> Code:
    """Return a text as labels of that symbology carry it."""
    serial, place = int(chance.integers(0, 10**6)), int(chance.integers(1201, 1279))
    item = ("KS", "SS", "BL", "TN")[int(chance.integers(0, 4))]
    match symbology:
        case "itf":
            text = _carton(chance)
        case "ean13":
            text = _checked(f"899{chance.integers(0, 10**9):09d}")
        case "datamatrix":  # with the ward, else the writer makes a flat oblong of it
            text = f"{place}{chance.integers(1, 10**4):04d}-{item}-{serial:06d}"
        case "codabar":
            text = f"A{serial:06d}B"
        case "databar":
            text = _checked(f"0899{chance.integers(0, 10**9):09d}")
        case _:
            text = f"{place}-{item}-{serial:06d}"
    return Code(text, symbology)


def _carton(chance: np.random.Generator) -> str:
    """Return a carton's GTIN."""
    return _checked(f"1899{chance.integers(0, 10**9):09d}")


def _checked(digits: str) -> str:
    """Return digits with GS1's check digit."""
    total = sum(int(digit) * (3, 1)[i % 2] for i, digit in enumerate(reversed(digits)))
    return digits + str(-total % 10)


# Labels.


@dataclass(frozen=True, slots=True)
class _Label:
    """Paper with ink on it, ``_FINEST`` pixels a module, and where the symbol is on it."""

    light: Light
    symbol: tuple[int, int, int, int]
    symbology: str


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _modules(code: Code) -> NDArray[np.bool_]:
    """Return where there is ink: a row of modules of a linear code, rows of a square one."""
    made = zxingcpp.create_barcode(code.text, zxingcpp.BarcodeFormat[FORMATS[code.symbology]])
    inked = np.asarray(made.to_image(scale=1, add_quiet_zones=False)) < 128
    return inked if code.symbology in SQUARE else inked[:1]


def _label(code: Code, chance: np.random.Generator) -> _Label:
    """Return a label as a printer makes it: symbol, quiet zone, text, border, uneven ink."""
    modules = _modules(code)
    is_square = code.symbology in SQUARE
    height = modules.shape[0] if is_square else int(max(30, modules.shape[1] * 0.28))
    symbol = np.kron(
        np.repeat(modules, height // modules.shape[0], axis=0),
        np.ones((_FINEST, _FINEST), dtype=np.bool_),
    )
    aside, above, below = 12 * _FINEST, 5 * _FINEST, 14 * _FINEST
    paper = np.ones((symbol.shape[0] + above + below, symbol.shape[1] + 2 * aside), np.float32)
    paper[above:-below, aside:-aside] = np.where(symbol, 0, 1)
    paper = _lettered(paper, code.text, aside, paper.shape[0] - below + 3 * _FINEST)
    spread = cv2.GaussianBlur(paper, (0, 0), chance.uniform(0.5, 1.5))
    light = _INK + (_PAPER - _INK) * spread
    light *= 1 + 0.03 * _clouds(chance, (light.shape[1], light.shape[0]), 24)
    box = (aside, above, aside + symbol.shape[1], above + symbol.shape[0])
    return _Label(light.astype(np.float32), box, code.symbology)


def _lettered(paper: Light, text: str, left: int, top: int) -> Light:
    """Return the paper with the text on it, as big as fits."""
    image = Image.fromarray((paper * 255).astype(np.uint8))
    size = int(min(9 * _FINEST, 1.5 * (paper.shape[1] - 2 * left) / len(text)))
    ImageDraw.Draw(image).text((left, top), text, fill=0, font=_font(max(size, 8)))
    return np.asarray(np.asarray(image) / 255, dtype=np.float32)


def _harmed(label: _Label, share: float, chance: np.random.Generator) -> _Label:
    """Return the label scratched, and torn at one side of its symbol, over a share of it."""
    light, (left, top, right, bottom) = label.light.copy(), label.symbol
    wide, high = right - left, bottom - top
    scratches = 1 + int(share * 40)
    for _ in range(scratches):
        ends = chance.uniform((left, top), (right, bottom), (2, 2)).astype(int)
        shade = float(chance.choice((0.6, _INK)))
        cv2.line(light, ends[0].tolist(), ends[1].tolist(), shade, int(chance.integers(2, _FINEST)))
    torn = share / 2 * wide * high
    deep = np.sqrt(torn) * chance.uniform(0.7, 1.4)
    corner = np.array([chance.choice((left, right)), chance.choice((top, bottom))])
    reach = np.array([deep if corner[0] == left else -deep, 0])
    fall = np.array([0, (torn / deep * 2) * (1 if corner[1] == top else -1)])
    cv2.fillPoly(light, [np.array([corner, corner + reach, corner + fall], np.int32)], 0.4)
    return replace(label, light=light)


# Scenes.


def taken(shot: Shot, chance: np.random.Generator, *, size: tuple[int, int] = FRAME) -> Picture:
    """Return the frame of one label near its middle."""
    label = _label(shot.code, chance)
    if shot.pose.damage:
        label = _harmed(label, shot.pose.damage, chance)
    centre = np.array(size) / 2 + chance.uniform(-30, 30, 2)
    scene = _ground(chance, size)
    corners = _lay(scene, label, shot.pose, centre)
    light = _reduced(scene)
    if shot.optics.glare:
        light = _lit(light, corners, shot.optics.glare, chance)
    grey = photographed(light, shot.optics, chance)
    return Picture(grey, (replace(shot.code, corners=corners),))


def _lit(light: Light, corners: Corners, reach: float, chance: np.random.Generator) -> Light:
    """Return the light with a lamp mirrored in the symbol, ``reach`` of its shorter way wide."""
    ends = np.array(corners)
    where = ends[0] + (ends[2] - ends[0]) * chance.uniform(0.2, 0.8, 2)
    short = min(np.hypot(*(ends[1] - ends[0])), np.hypot(*(ends[3] - ends[0])))
    return mirrored(light, (where[0], where[1]), reach * short, 1.5)


def _seen(light: Light, optics: Optics, chance: np.random.Generator) -> Grey:
    return photographed(_reduced(light), optics, chance)


def _reduced(scene: Light) -> Light:
    size = (scene.shape[1] // _FINER, scene.shape[0] // _FINER)
    return np.asarray(cv2.resize(scene, size, interpolation=cv2.INTER_AREA), dtype=np.float32)


def _many(
    size: tuple[int, int], grid: tuple[int, int], chance: np.random.Generator, *, module: float
) -> Picture:
    """Return labels of our own symbologies in a grid, each on its own crate."""
    scene, codes = _ground(chance, size), []
    across, down = size[0] / grid[0], size[1] / grid[1]
    for number in range(grid[0] * grid[1]):
        code = code_of(("code128", "code128", "qrcode", "datamatrix")[number % 4], chance)
        pose = Pose(module * chance.uniform(0.9, 1.1), turn=chance.uniform(-6, 6))
        row, column = divmod(number, grid[0])
        centre = np.array([(column + 0.5) * across, (row + 0.5) * down])
        centre += chance.uniform(-0.03, 0.03, 2) * (across, down)
        corners = _lay(scene, _label(code, chance), pose, centre)
        codes.append(replace(code, corners=corners))
    optics = Optics(defocus=0.6, shade=0.4, noise=5, jpeg=85)
    return Picture(photographed(_reduced(scene), optics, chance), tuple(codes))


def _lay(scene: Light, label: _Label, pose: Pose, centre: NDArray[np.float64]) -> Corners:
    """Draw the label into the scene and return its symbol's corners in pixels of the frame."""
    module = pose.module * (pose.wider if label.symbology in SQUARE else 1)
    view = _view(label.light.shape, replace(pose, module=module), centre)
    high, wide = label.light.shape
    ends = cv2.perspectiveTransform(_box(0, 0, wide, high), view)[0]
    left, top = np.maximum(np.floor(ends.min(0)).astype(int) - 2, 0)
    right, bottom = np.ceil(ends.max(0)).astype(int) + 2
    part = scene[top:bottom, left:right]
    shift = np.array([[1, 0, -left], [0, 1, -top], [0, 0, 1]], float)
    size = (part.shape[1], part.shape[0])
    # As much smoothing as the label shrinks, or bars would fall between the pixels.
    finest = cv2.GaussianBlur(label.light, (0, 0), 0.35 * _FINEST / (module * _FINER))
    paper = cv2.warpPerspective(finest, shift @ view, size, flags=cv2.INTER_LINEAR)
    cover = cv2.warpPerspective(np.ones_like(finest), shift @ view, size, flags=cv2.INTER_LINEAR)
    part += (paper - part) * cover
    corners = cv2.perspectiveTransform(_box(*label.symbol), view)[0] / _FINER
    return tuple((float(x), float(y)) for x, y in corners)


def _box(left: float, top: float, right: float, bottom: float) -> NDArray[np.float64]:
    return np.array([[(left, top), (right, top), (right, bottom), (left, bottom)]], np.float64)


def _view(shape: tuple[int, ...], pose: Pose, centre: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the homography from the label's pixels to the scene's: turned, then tilted."""
    scale = pose.module * _FINER / _FINEST
    to_middle = np.array([[1, 0, -shape[1] / 2], [0, 1, -shape[0] / 2], [0, 0, 1]], float)
    away = 3.0 * max(shape) * scale  # the camera's distance: the eye of a phone over one label
    tilt, about = np.radians(pose.tilt), np.radians(pose.tilted_about)
    axis = np.array([np.cos(about), np.sin(about), 0.0]) * tilt
    turned = cv2.Rodrigues(axis)[0] @ cv2.Rodrigues(np.array([0, 0, np.radians(pose.turn)]))[0]
    plane = np.column_stack([turned[:, 0] * scale, turned[:, 1] * scale, (0, 0, away)])
    camera = np.array([[away, 0, 0], [0, away, 0], [0, 0, 1]], float)
    to_place = np.array([[1, 0, centre[0] * _FINER], [0, 1, centre[1] * _FINER], [0, 0, 1]])
    return np.asarray(to_place @ camera @ plane @ to_middle, dtype=np.float64)


# Grounds, and what is no code.


def _clouds(chance: np.random.Generator, size: tuple[int, int], grain: int) -> Light:
    """Return soft noise of that grain, about -1 to 1."""
    coarse = (size[0] // grain + 2, size[1] // grain + 2)
    noise = chance.standard_normal((coarse[1], coarse[0]), dtype=np.float32)
    finer = cv2.resize(noise, size, interpolation=cv2.INTER_CUBIC)
    return np.asarray(finer / 2, dtype=np.float32)


def _ground(chance: np.random.Generator, size: tuple[int, int] = FRAME) -> Light:
    """Return what labels lie on: cardboard with its waves, wood with its grain, or cloth."""
    fine = (size[0] * _FINER, size[1] * _FINER)
    light = chance.uniform(0.12, 0.45) * (1 + 0.12 * _clouds(chance, fine, 160))
    light *= 1 + 0.06 * _clouds(chance, fine, 6)
    down, across = np.ogrid[: fine[1], : fine[0]]
    match int(chance.integers(0, 3)):
        case 0:
            light *= (1 + 0.05 * np.sin(across / chance.uniform(4, 9))).astype(np.float32)
        case 1:
            grain = cv2.resize(_clouds(chance, (fine[0] // 16, fine[1]), 4), fine)
            light *= 1 + 0.15 * grain
        case _:
            light *= (1 + 0.06 * np.sin(across / 5) * np.sin(down / 5)).astype(np.float32)
    return np.asarray(np.clip(light, 0.01, 1), dtype=np.float32)


def _bare(chance: np.random.Generator) -> Light:
    return _ground(chance)


def _written(chance: np.random.Generator) -> Light:
    """Return a page of print."""
    paper = Image.fromarray(np.full((600, 1100), 255, np.uint8))
    draw, size = ImageDraw.Draw(paper), int(chance.integers(14, 60))
    letters = np.array(list("ABCDEFGHIKLMNOPRSTUabcdefghiklmnoprstu0123456789     .-/|"))
    for top in range(10, 580, int(size * 1.3)):
        draw.text((20, top), "".join(chance.choice(letters, 80)), fill=0, font=_font(size))
    return _pasted(np.asarray(paper), chance)


def _barred(chance: np.random.Generator) -> Light:
    """Return bars of widths that no symbology has, or that break off before they say anything."""
    widths = chance.integers(1, 5, int(chance.integers(20, 90)))
    modules = np.repeat(np.arange(widths.size) % 2, widths) * 255
    if chance.random() < 0.5:
        inked = _modules(code_of("code128", chance))[0]
        cut = int(inked.size * chance.uniform(0.3, 0.6))
        modules = np.where(inked[:cut], 0, 255)
    bars = np.tile(np.repeat(modules, 6).astype(np.uint8), (240, 1))
    return _pasted(cv2.copyMakeBorder(bars, 60, 60, 90, 90, cv2.BORDER_CONSTANT, value=255), chance)


def _chequered(chance: np.random.Generator) -> Light:
    """Return squares by chance: a 2-D code without anything to find it by."""
    side = int(chance.integers(12, 30))
    squares = chance.integers(0, 2, (side, side)).astype(np.uint8) * 255
    big = np.kron(squares, np.ones((12, 12), np.uint8))
    return _pasted(cv2.copyMakeBorder(big, 60, 60, 60, 60, cv2.BORDER_CONSTANT, value=255), chance)


def _fenced(chance: np.random.Generator) -> Light:
    """Return even stripes: grilles, racks, corrugated sheets."""
    light = _ground(chance)
    across = np.arange(light.shape[1]) + 6 * _clouds(chance, light.shape[1::-1], 90)
    wave = np.sin(2 * np.pi * across / chance.uniform(8, 60)) > chance.uniform(-0.5, 0.5)
    dark = light * chance.uniform(0.1, 0.5)
    return np.asarray(np.where(wave, dark, light), dtype=np.float32)


def _pasted(paper: NDArray[Any], chance: np.random.Generator) -> Light:
    """Return a sheet lying somehow on a ground."""
    light = (_INK + (_PAPER - _INK) * paper.astype(np.float32) / 255).astype(np.float32)
    sheet = _Label(light, (0, 0, light.shape[1], light.shape[0]), "code128")
    fits = 0.8 * FRAME[1] / max(light.shape) * _FINEST
    pose = Pose(fits * chance.uniform(0.5, 1.0), chance.uniform(-45, 45), chance.uniform(0, 25))
    scene = _ground(chance)
    _lay(scene, sheet, pose, np.array(FRAME) / 2)
    return scene
