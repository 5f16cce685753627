from collections.abc import Callable

import cv2
import numpy as np
import pytest

from silog_scan.vision.corners import middle
from silog_scan.vision.frames import Grey
from silog_scan.vision.locate import Place, places, unanswered

SHEET = (800, 600)


@pytest.mark.parametrize(
    ("text", "symbology"),
    [("1271-KS-004512", "code128"), ("4006381333931", "ean13"), ("1271-KS-004512", "qrcode")],
)
def test_a_code_is_located_once(text: str, symbology: str, draw: Callable[..., Grey]) -> None:
    [place] = places(draw(text, symbology, size=SHEET))

    assert middle(place.corners) == pytest.approx((400, 300), abs=12)


@pytest.mark.parametrize("angle", [20, 45, 70, 90])
def test_a_turned_code_is_located_along_its_bars(angle: int, draw: Callable[..., Grey]) -> None:
    turn = cv2.getRotationMatrix2D((400, 300), angle, 1)
    sheet = cv2.warpAffine(
        draw("1271-KS-004512", "code128", size=SHEET), turn, SHEET, borderValue=(255,)
    )

    [place] = places(np.asarray(sheet, np.uint8))

    (x, y), (to_x, to_y) = place.corners[:2]
    across = np.degrees(np.arctan2(-(to_y - y), to_x - x)) % 180
    assert min(abs(across - angle), 180 - abs(across - angle)) < 5


def test_bars_too_blurred_to_be_read_are_located(draw: Callable[..., Grey]) -> None:
    sheet = cv2.GaussianBlur(draw("1271-KS-004512", "code128", size=SHEET), (0, 0), 6)

    [place] = places(np.asarray(sheet, np.uint8))

    assert middle(place.corners) == pytest.approx((400, 300), abs=20)


def test_codes_of_two_kinds_are_both_located(draw: Callable[..., Grey]) -> None:
    bars = draw("1271-KS-004512", "code128", size=SHEET)
    square = draw("1271-KS-004513", "qrcode", size=SHEET)

    found = places(np.concatenate([bars, square]))

    assert [place.is_linear for place in found] == [True, False]


@pytest.mark.parametrize(
    "texture",
    [
        pytest.param(np.full((480, 640), 200, np.uint8), id="paper"),
        pytest.param(
            np.random.default_rng(1).integers(0, 256, (480, 640)).astype(np.uint8), id="noise"
        ),
        pytest.param(np.tile(np.arange(640) // 3 % 256, (480, 1)).astype(np.uint8), id="shade"),
    ],
)
def test_what_is_no_code_is_not_located(texture: Grey) -> None:
    assert places(texture) == []


def test_a_place_with_a_reading_on_it_is_answered() -> None:
    one = Place(((0, 0), (100, 0), (100, 50), (0, 50)), is_linear=True)
    other = Place(((200, 0), (300, 0), (300, 50), (200, 50)), is_linear=True)
    reading = ((10, 25), (90, 25), (90, 25), (10, 25))

    assert unanswered([one, other], [reading]) == [other]
