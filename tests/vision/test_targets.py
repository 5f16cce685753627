from collections.abc import Callable

import cv2
import numpy as np
import pytest

from silog_scan.vision.corners import box
from silog_scan.vision.engines import read_zxing
from silog_scan.vision.frames import Grey
from silog_scan.vision.locate import Place
from silog_scan.vision.targets import Target, located

Draw = Callable[..., Grey]


def table(
    label: Grey, *, left: int = 300, top: int = 200, turn: float = 0, blur: float = 0
) -> Grey:
    """Return a frame with a label on it, turned about its middle, out of focus."""
    frame = np.full((540, 960), 90, dtype=np.uint8)
    frame[top : top + label.shape[0], left : left + label.shape[1]] = label
    matrix = cv2.getRotationMatrix2D((480, 270), turn, 1)
    frame = np.asarray(cv2.warpAffine(frame, matrix, (960, 540), borderValue=90), np.uint8)
    return np.asarray(cv2.GaussianBlur(frame, (0, 0), blur), np.uint8) if blur else frame


@pytest.fixture
def bars(draw: Draw) -> Grey:
    """Return a Code 128 of two pixels a module."""
    return draw("1271-KS-004512", "code128")[::2, ::2]


@pytest.fixture
def square(draw: Draw) -> Grey:
    """Return a Data Matrix of four pixels a module."""
    return draw("1271-KS-004512-00017", "datamatrix")


def texts(targets: list[Target], frame: Grey, turn: int = 0) -> set[str]:
    return {one.text for target in targets for one in target.readings(frame, turn)}


@pytest.mark.parametrize("turn", [0, 15, -30, 80])
def test_blurred_bars_are_located_and_read_however_they_are_turned(bars: Grey, turn: float) -> None:
    frame = table(bars, turn=turn, blur=1.2)

    assert read_zxing(frame, thorough=True) == []
    assert texts(located(frame), frame) == {"1271-KS-004512"}


def test_a_blurred_square_is_located_and_read(square: Grey) -> None:
    frame = table(square, blur=2.0)

    assert read_zxing(frame, thorough=True) == []
    assert texts(located(frame), frame, turn=2) == {"1271-KS-004512-00017"}


@pytest.mark.parametrize("kind", ["bars", "square"])
def test_a_reading_lies_where_its_place_is(kind: str, request: pytest.FixtureRequest) -> None:
    frame = table(request.getfixturevalue(kind), blur=1)
    targets = located(frame)

    readings = [one for target in targets for one in target.readings(frame, 0)]

    assert {one.corners for one in readings} <= {target.place.corners for target in targets}
    assert {one.treatment for one in readings} == {"crop+sharpened"}


def test_a_place_is_found_again_where_the_hand_moved_it(bars: Grey) -> None:
    [target] = located(table(bars, blur=1.5))[:1]

    moved = target.followed(table(bars, left=316, top=192, blur=1.5))

    assert moved is not None
    was, now = box(target.place.corners), box(moved.place.corners)
    assert abs(now[0] - was[0] - 16) <= 4
    assert abs(now[1] - was[1] + 8) <= 4


def test_a_place_that_is_no_longer_there_is_lost(bars: Grey) -> None:
    [target] = located(table(bars))[:1]

    assert target.followed(np.full((540, 960), 90, dtype=np.uint8)) is None


def test_a_place_that_leaves_a_smaller_frame_is_lost(bars: Grey) -> None:
    [target] = located(table(bars))[:1]

    assert target.followed(table(bars)[:120, :160]) is None


def test_what_is_read_in_a_piece_of_the_bars_is_no_text(draw: Draw) -> None:
    frame = table(draw("12345678", "itf")[::2, ::2], left=150, blur=0.8)
    [whole] = [target.place for target in located(frame) if target.place.is_linear]
    left, top, right, bottom = box(whole.corners)
    far = left + 3 * (right - left)
    longer = Place(((left, top), (far, top), (far, bottom), (left, bottom)), is_linear=True)

    assert texts([Target(whole, frame)], frame) == {"12345678"}
    assert texts([Target(longer, frame)], frame) == set()


def test_an_empty_frame_has_no_bars_in_it() -> None:
    noise = np.random.default_rng(1).normal(120, 9, (540, 960)).clip(0, 255).astype(np.uint8)

    assert not any(target.place.is_linear for target in located(noise))


def test_a_frame_of_one_grey_has_no_place() -> None:
    assert located(np.full((540, 960), 90, dtype=np.uint8)) == []
