from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
import pytest

from silog_scan.core.labels import Pattern
from silog_scan.vision.engines import read_zxing
from silog_scan.vision.expected import ExpectedLabels
from silog_scan.vision.expected.linear.code128 import SYMBOLS
from tests.vision.expected.blurred import expecting, label, shot

TEXTS = [f"1271-KS-{number:06d}" for number in range(4500, 4700)]
TEXT, STRANGER = "1271-KS-004512", "1271-KS-008512"
AREA = ((60, 80), (380, 80), (380, 140), (60, 140))


@cache
def labels(symbology: str) -> ExpectedLabels:
    return expecting(label(text, symbology) for text in TEXTS)


@pytest.mark.parametrize("symbology", ["code128", "datamatrix", "qrcode"])
def test_an_expected_label_that_no_engine_reads_is_recognised(symbology: str) -> None:
    picture = shot(label(TEXT, symbology), module=2 if symbology == "code128" else 3)

    recognition = labels(symbology).recognise(picture.grey, picture.corners)

    assert read_zxing(picture.grey, thorough=True) == []
    assert recognition is not None
    assert (recognition.text, recognition.symbology) == (TEXT, symbology)
    assert recognition.is_accepted


@pytest.mark.parametrize("symbology", ["code128", "datamatrix"])
@pytest.mark.parametrize("turn", [1, 2, 3])
def test_a_label_is_recognised_whichever_way_it_is_turned(symbology: str, turn: int) -> None:
    picture = shot(label(TEXT, symbology), module=3, turn=turn)

    recognition = labels(symbology).recognise(picture.grey, picture.corners)

    assert recognition is not None
    assert (recognition.text, recognition.is_accepted) == (TEXT, True)


def test_corners_given_anticlockwise_are_the_same_corners() -> None:
    picture = shot(label(TEXT, "datamatrix"), module=3)

    recognition = labels("datamatrix").recognise(picture.grey, picture.corners[::-1])

    assert recognition is not None
    assert (recognition.text, recognition.is_accepted) == (TEXT, True)


@pytest.mark.parametrize("symbology", ["code128", "datamatrix", "qrcode"])
def test_a_stranger_one_digit_beside_an_expected_label_is_refused(symbology: str) -> None:
    picture = shot(label(STRANGER, symbology), module=3)

    recognition = labels(symbology).recognise(picture.grey, picture.corners)

    assert recognition is not None
    assert not recognition.is_accepted


def test_bars_another_encoder_drew_for_the_same_text_are_refused() -> None:
    in_set_a = [105, 12, 71, 101, 13, 43, 51, 13, 99, 0, 45, 12]
    check = (105 + sum(place * value for place, value in enumerate(in_set_a[1:], 1))) % 103
    symbols = SYMBOLS[[*in_set_a, check]].ravel().astype(int)
    row = "".join(map(str, symbols)) + label(TEXT).rows[0][-13:]
    picture = shot(Pattern(TEXT, "code128", (row,)), defocus=0.6)

    recognition = labels("code128").recognise(picture.grey, picture.corners)

    assert [reading.text for reading in read_zxing(picture.grey)] == [TEXT]
    assert recognition is not None
    assert not recognition.is_accepted


def stripes(chance: np.random.Generator) -> np.ndarray:
    return np.repeat(chance.integers(0, 255, (1, 420)), 220, axis=0).astype(np.uint8)


def speckle(chance: np.random.Generator) -> np.ndarray:
    return chance.integers(0, 255, (220, 420)).astype(np.uint8)


def nothing(_: np.random.Generator) -> np.ndarray:
    return np.full((220, 420), 127, np.uint8)


@pytest.mark.parametrize("texture", [stripes, speckle, nothing])
@pytest.mark.parametrize("symbology", ["code128", "datamatrix"])
def test_a_texture_is_no_label(symbology: str, texture: Callable[..., np.ndarray]) -> None:
    sharp = texture(np.random.default_rng(3))
    grey = np.asarray(cv2.GaussianBlur(sharp, (0, 0), 2), np.uint8)
    area = AREA if symbology == "code128" else ((60, 60), (130, 60), (130, 130), (60, 130))

    recognition = labels(symbology).recognise(grey, area)

    assert recognition is not None
    assert not recognition.is_accepted


@pytest.mark.parametrize(
    "corners",
    [
        ((10, 10), (15, 10), (15, 13), (10, 13)),
        ((300, 50), (700, 50), (700, 120), (300, 120)),
        ((-90, 50), (300, 50), (300, 120), (-90, 120)),
    ],
    ids=["too small", "too far right", "too far left"],
)
def test_corners_that_hold_no_label_have_no_answer(corners: tuple[tuple[int, int], ...]) -> None:
    grey = np.full((220, 420), 127, np.uint8)

    assert labels("code128").recognise(grey, corners) is None


def test_where_nothing_is_expected_there_is_no_answer() -> None:
    picture = shot(label(TEXT))

    assert expecting([]).recognise(picture.grey, picture.corners) is None


@pytest.mark.parametrize(
    "pattern",
    [
        Pattern("0036000291452", "ean13", ("1" * 95,)),
        Pattern("A", "code128", ("1" * 46,)),
        Pattern("AB", "code128", (label("AC").rows[0][::-1],)),
        label("KOTAK", "datamatrix"),
    ],
    ids=["other symbology", "no bars", "no word", "no digits for decoys"],
)
def test_patterns_that_cannot_be_recognised_are_left_out(pattern: Pattern) -> None:
    picture = shot(label("AC"))

    assert expecting([pattern]).recognise(picture.grey, picture.corners) is None


def test_labels_of_several_kinds_are_expected_together() -> None:
    both = expecting([*map(label, TEXTS), label("1271-KT-1"), label(TEXT, "datamatrix")])
    picture = shot(label("1271-KT-1"))

    recognition = both.recognise(picture.grey, picture.corners)

    assert recognition is not None
    assert (recognition.text, recognition.is_accepted) == ("1271-KT-1", True)


def test_without_opencv_nothing_is_recognised_and_nothing_loaded(
    run_python: Callable[..., str],
) -> None:
    script = """
import sys
import silog_scan.vision.expected.frame
from silog_scan.core.labels import Pattern
from silog_scan.vision.expected import ExpectedLabels
print("numpy" in sys.modules)
expected = ExpectedLabels([Pattern("A", "code128", ("1",))], lambda *_: None)
print(expected.recognise(None, ()), silog_scan.vision.expected.frame.framed(None))
"""

    assert run_python(script, without="cv2").splitlines() == ["False", "None []"]


def test_one_expected_label_is_recognised_without_a_second() -> None:
    picture = shot(label(TEXT))

    recognition = expecting([label(TEXT)]).recognise(picture.grey, picture.corners)

    assert recognition is not None
    assert (recognition.text, recognition.is_accepted) == (TEXT, True)


def test_the_caller_draws_what_else_could_be_printed() -> None:
    drawn: list[str] = []

    def encode(text: str, symbology: str) -> Pattern:
        drawn.append(text)
        return label(text, symbology)

    ExpectedLabels([label(TEXT, "datamatrix")], encode=encode)

    assert len(drawn) > 100
    assert {len(text) for text in drawn} == {len(TEXT)}
