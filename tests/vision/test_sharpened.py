"""What nobody else reads: codes far out of focus, moved, in noise. Drawn, then read back."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from silog_scan.vision.blurs import Blur, Shape, light_of, restored
from silog_scan.vision.frames import Grey
from silog_scan.vision.patches import patches
from silog_scan.vision.profiles import lower, upper
from silog_scan.vision.stages import bars
from silog_scan.vision.stills import STILL_STAGES, read_still

Kernel = NDArray[np.float64]
GAMMA = 2.2
BARS = [stage for stage in STILL_STAGES if stage.name.startswith("bars-")]


def shown(sheet: Grey, kernel: Kernel, *, module: float, noise: float = 1) -> Grey:
    """Return a sheet drawn with modules of 4 pixels as a camera sees it through a blur of light."""
    small = cv2.resize(
        sheet, None, fx=module / 4, fy=module / 4, interpolation=cv2.INTER_AREA
    ).astype(np.float32)
    light = cv2.filter2D(((small * 0.8 + 25) / 255) ** GAMMA, -1, kernel)
    levels = 255 * np.clip(light, 0, 1) ** (1 / GAMMA)
    levels += noise * np.random.default_rng(7).standard_normal(levels.shape)
    return np.asarray(np.clip(levels, 0, 255), np.uint8)


def bell(sigma: float) -> Kernel:
    line = cv2.getGaussianKernel(21, sigma)
    return np.asarray(line @ line.T)


def disc(radius: float) -> Kernel:
    across, down = np.meshgrid(np.arange(-8, 9), np.arange(-8, 9))
    inside = np.clip(radius + 0.5 - np.hypot(across, down), 0, 1)
    return np.asarray(inside / inside.sum())


def path(length: int) -> Kernel:
    return np.full((1, length), 1 / length)


@pytest.mark.parametrize(
    ("text", "symbology"), [("1271-KS-42", "code128"), ("18991234567897", "itf")]
)
@pytest.mark.parametrize(
    "kernel",
    [
        pytest.param(bell(2), id="out of focus"),
        pytest.param(disc(3.5), id="out of focus, through a wide lens"),
        pytest.param(path(6), id="moved"),
    ],
)
def test_bars_are_read_out_of_a_blur_as_wide_as_themselves(
    text: str, symbology: str, kernel: Kernel, draw: Callable[..., Grey]
) -> None:
    sheet = shown(draw(text, symbology, size=(1200, 600)), kernel, module=2.5)

    [reading] = read_still(sheet, stages=BARS).readings

    assert reading.text == text


def test_both_halves_are_evidence_enough_for_goods(draw: Callable[..., Grey]) -> None:
    sheet = shown(draw("4006381333931", "ean13", size=(1200, 600)), bell(2), module=2.5)

    [reading] = read_still(sheet, stages=BARS).readings

    assert reading.text == "4006381333931"


@pytest.mark.parametrize("symbology", ["qrcode", "datamatrix"])
@pytest.mark.parametrize(
    ("kernel", "noise"),
    [
        pytest.param(bell(2.25), 2, id="out of focus"),
        pytest.param(disc(3.5), 2, id="out of focus, through a wide lens"),
        pytest.param(disc(1), 40, id="in the noise of a dark hall"),
    ],
)
def test_modules_are_read_where_they_have_no_outline(
    symbology: str, kernel: Kernel, noise: float, draw: Callable[..., Grey]
) -> None:
    sheet = draw("1271-KS-004512", symbology, size=(900, 700))

    [reading] = read_still(shown(sheet, kernel, module=4, noise=noise)).readings

    assert reading.text == "1271-KS-004512"
    assert np.mean(reading.corners, axis=0) == pytest.approx((450, 350), abs=10)


def texts(half: Callable[[Grey], Any], crop: Grey) -> list[str]:
    return [reading.text for reading in bars(half(crop))]


def test_slanting_bars_are_averaged_along_themselves(draw: Callable[..., Grey]) -> None:
    crop = draw("1271-KS-004512", "code128")[50:-50]
    shear = np.array([[1, 0.3, -0.15 * crop.shape[0]], [0, 1, 0]])
    slanting = np.asarray(cv2.warpAffine(crop, shear, crop.shape[::-1], borderValue=255), np.uint8)

    assert [texts(upper, slanting), texts(lower, slanting)] == [["1271-KS-004512"]] * 2


def test_the_halves_of_bars_are_other_pixels(draw: Callable[..., Grey]) -> None:
    crop = draw("1271-KS-004512", "code128")[50:-50].copy()
    crop[crop.shape[0] // 2 :] = 255

    assert texts(upper, crop) == ["1271-KS-004512"]
    assert texts(lower, crop) == []


@pytest.mark.parametrize("shape", list(Shape))
def test_a_blur_is_undone_by_its_own_filter_and_by_no_narrower_one(shape: Shape) -> None:
    waves = np.linspace(0, 0.06, 50)
    gain = restored(Blur(shape, 3, 1e-6), waves)
    narrow = restored(Blur(shape, 1.5, 1e-6), waves)

    passed = 1 / gain

    assert np.all(np.diff(passed) < 0)
    assert passed[-1] * narrow[-1] < 0.9


def test_light_is_what_the_tone_curve_was_laid_on() -> None:
    assert light_of(np.array([[255, 186, 0]], np.uint8))[0] == pytest.approx([1, 0.5, 0], abs=0.01)


def test_the_busiest_patch_is_where_the_modules_are(draw: Callable[..., Grey]) -> None:
    sheet = draw("1271-KS-004512", "qrcode", size=(900, 700))
    noisy = shown(sheet, bell(2), module=4, noise=30)

    first, *_ = patches(noisy)

    (left, top), (right, bottom) = first[0], first[2]
    assert (left < 400, top < 300, right > 500, bottom > 400) == (True,) * 4
    assert right - left < 220


def test_bare_paper_has_no_patch() -> None:
    assert patches(np.full((480, 640), 200, np.uint8)) == []


def test_the_two_halves_are_two_looks_and_their_blurs_none() -> None:
    assert [stage.treatment for stage in BARS] == ["upper", "lower"]
