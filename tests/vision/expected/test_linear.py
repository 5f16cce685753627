import numpy as np
import pytest

from silog_scan.vision.expected import evidence, linear
from silog_scan.vision.expected.linear import LinearLabels, linear_labels
from silog_scan.vision.expected.linear.bars import profile
from silog_scan.vision.expected.linear.canvas import canvas
from silog_scan.vision.expected.linear.code128 import SYMBOLS, WIDTH, is_word, rivals
from silog_scan.vision.expected.linear.fit import Line, begun, fitted
from tests.vision.expected.blurred import label, shot

TEXT = "1271-KS-004512"


def bars(text: str) -> np.ndarray:
    return np.array([int(ink) for ink in label(text).rows[0]], np.float32)


def expected() -> LinearLabels:
    found = linear_labels([label(f"1271-KS-{number:06d}") for number in range(4500, 4600)])
    assert found is not None
    return found


def test_rivals_are_every_other_value_of_every_symbol_after_the_start() -> None:
    symbols = (len(bars(TEXT)) - 13) // WIDTH - 1

    every = rivals(bars(TEXT))

    assert (~every.is_word).sum() == symbols * 102
    assert every.is_word.sum() == (symbols - 1) * 102


def test_rivals_that_are_words_have_the_right_check() -> None:
    every = rivals(bars(TEXT))

    words = bars(TEXT) + every.differences[every.is_word]

    assert all(is_word(word) for word in words)


def test_a_label_one_digit_beside_is_among_the_rivals() -> None:
    every = rivals(bars(TEXT))

    difference = bars("1271-KS-004513") - bars(TEXT)

    assert (every.differences[every.is_word] == difference).all(axis=1).any()


@pytest.mark.parametrize("damage", ["start", "check", "stop", "length"])
def test_bars_with_a_wrong_part_are_no_word(damage: str) -> None:
    wrong = bars(TEXT)
    if damage == "start":
        wrong[:WIDTH] = SYMBOLS[0]
    elif damage == "check":
        wrong[-24:-13] = SYMBOLS[1]
    elif damage == "stop":
        wrong[-3:] = 0
    else:
        wrong = wrong[:-1]

    assert is_word(bars(TEXT))
    assert not is_word(wrong)


def test_profiles_of_several_frames_may_be_averaged() -> None:
    picture = shot(label(TEXT), defocus=3)
    averaged = profile(picture.grey, np.array(picture.corners, np.float32), len(bars(TEXT)))

    answer = expected().recognise_bars(averaged)

    assert (answer.text, answer.is_accepted) == (TEXT, True)


def test_ends_may_be_wrong_by_fifteen_modules() -> None:
    picture = shot(label(TEXT), defocus=2)
    quad = np.array([(x + 30, y) for x, y in picture.corners], np.float32)

    answer = expected().recognise(picture.grey, quad)

    assert (answer.text, answer.is_accepted) == (TEXT, True)


@pytest.mark.parametrize("defocus", [0.6, 1.0, 3.0])
@pytest.mark.parametrize("wrong", [-0.6, 0.0, 0.6])
def test_one_step_brings_a_grid_to_its_place(defocus: float, wrong: float) -> None:
    picture = shot(label(TEXT), defocus=defocus)
    seen = profile(picture.grey, np.array(picture.corners, np.float32), len(bars(TEXT)))
    line = Line(255 - seen.grey, canvas(len(bars(TEXT)), 2))
    grid = np.array([seen.first + wrong, 2, 0])

    psf = begun(bars(TEXT), line, grid=grid, blur=defocus / 2)
    [fit] = fitted(bars(TEXT)[None], line, grid=grid, psf=psf, rounds=1)

    ends = fit.grid[0] + fit.grid[1] * np.array([0, line.canvas.modules])
    assert np.abs(ends - [seen.first, seen.last]).max() < 0.3


def test_an_answer_that_fails_before_is_not_challenged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "MOST_SHARE", 0.0)
    picture = shot(label(TEXT))

    answer = expected().recognise(picture.grey, np.array(picture.corners, np.float32))

    assert answer.evidence.ratio_any is None
    assert not answer.is_accepted


def test_a_better_challenger_refutes_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(linear, "is_worth_a_challenge", lambda _: True)
    picture = shot(label("1271-KS-004613"))

    answer = expected().recognise(picture.grey, np.array(picture.corners, np.float32))

    assert answer.evidence.ratio_any is not None
    assert answer.evidence.ratio_any < 1
