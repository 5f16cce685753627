import cv2
import numpy as np
import pytest

from silog_scan.vision.expected.frame import framed
from tests.vision.expected.blurred import expecting, label, seen, shot

TEXT = "1271-KS-004512"


@pytest.mark.parametrize(("symbology", "module"), [("code128", 2), ("datamatrix", 3)])
def test_a_blurred_label_is_found_by_its_frame_and_recognised(symbology: str, module: int) -> None:
    expected = expecting(label(f"1271-KS-{number:06d}", symbology) for number in range(4500, 4600))
    picture = shot(label(TEXT, symbology), module=module, defocus=3.5, is_framed=True)

    answers = [expected.recognise(picture.grey, corners) for corners in framed(picture.grey)]

    assert {each.text for each in answers if each and each.is_accepted} == {TEXT}


def test_a_frame_is_found_once() -> None:
    picture = shot(label(TEXT), defocus=2, is_framed=True)

    assert len(framed(picture.grey)) == 1


def test_a_frames_corners_are_its_inside_clockwise() -> None:
    light = np.full((200, 300), 220.0)
    light[40:160, 50:250] = 30
    light[52:148, 62:238] = 220

    [corners] = framed(seen(light, 3))

    expected = {(62, 52), (238, 52), (238, 148), (62, 148)}
    assert all(min(abs(x - u) + abs(y - v) for u, v in expected) <= 4 for x, y in corners)


def test_a_ring_is_no_frame() -> None:
    light = np.full((200, 300), 220.0)
    cv2.circle(light, (150, 100), 70, 30, 14)

    assert framed(seen(light, 3)) == []
