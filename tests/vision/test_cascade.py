import time
from collections.abc import Callable
from itertools import islice, repeat

import numpy as np
import pytest

from silog_scan.core.agreement import Reading
from silog_scan.vision.cascade import (
    MOST_SKIPPED,
    STILL_STAGES,
    FrameReader,
    Stage,
    read_still,
)
from silog_scan.vision.frames import Grey

CORNERS = ((0, 0), (9, 0), (9, 9), (0, 9))
PACKAGE = Reading("1271-KS-004512", "code128", CORNERS, "engine")
RETAIL = Reading("40063812", "ean8", CORNERS, "engine")
BLANK = np.full((72, 128), 255, dtype=np.uint8)


class Engine:
    """Sees the same readings in every picture, and counts how often it was asked."""

    def __init__(self, *readings: Reading) -> None:
        self.readings = list(readings)
        self.looks = 0

    def __call__(self, grey: Grey) -> list[Reading]:
        self.looks += 1
        return self.readings


@pytest.mark.parametrize(
    ("text", "symbology"),
    [
        ("1271-KS-004512", "code128"),
        ("KPU 2024", "code39"),
        ("123456", "itf"),
        ("1271-KS-004512", "qrcode"),
        ("1271-KS-004512", "datamatrix"),
        ("4006381333931", "ean13"),
        ("40063812", "ean8"),
        ("036000291452", "upca"),
        ("01234565", "upce"),
    ],
)
def test_every_symbology_is_believed_in_a_still_picture(
    text: str, symbology: str, draw: Callable[..., Grey]
) -> None:
    [reading] = read_still(draw(text, symbology))

    assert (reading.text, reading.symbology, reading.stage) == (text, symbology, "fast")


@pytest.mark.parametrize(
    ("symbology", "spoil"),
    [
        pytest.param("code39", np.rot90, id="on its side"),
        pytest.param("itf", np.rot90, id="on its side and in doubt"),
        pytest.param("ean8", lambda sheet: sheet // 16 + 100, id="faint"),
        pytest.param("qrcode", np.invert, id="light on dark"),
    ],
)
def test_a_code_shown_badly_is_believed_too(
    symbology: str, spoil: Callable[[Grey], Grey], draw: Callable[..., Grey]
) -> None:
    sheet = np.ascontiguousarray(spoil(draw("40063812", symbology)))

    assert [reading.text for reading in read_still(sheet)] == ["40063812"]


def test_all_codes_of_a_picture_are_read_however_they_lie(draw: Callable[..., Grey]) -> None:
    upright = draw("1271-KS-004512", "code128", size=(1000, 400))
    on_side = np.rot90(draw("1271-KS-004513", "code128", size=(1000, 1000)))
    square = draw("1271-KS-004514", "qrcode", size=(1000, 400))

    readings = read_still(np.concatenate([upright, on_side, square]))

    texts = sorted(reading.text for reading in readings)
    assert texts == ["1271-KS-004512", "1271-KS-004513", "1271-KS-004514"]


def test_a_picture_without_a_code_is_looked_at_by_every_stage_and_gives_nothing() -> None:
    assert read_still(BLANK) == []


def test_later_stages_are_spared_once_all_is_believed() -> None:
    first, last = Engine(PACKAGE), Engine()

    read_still(BLANK, stages=[Stage("first", "raw", first), Stage("last", "raw", last)])

    assert (first.looks, last.looks) == (1, 0)


@pytest.mark.parametrize(
    "first",
    [
        pytest.param(Engine(), id="nothing was seen"),
        pytest.param(Engine(PACKAGE, RETAIL), id="something is in doubt"),
    ],
)
def test_later_stages_look_as_long_as_something_is_hoped_for(first: Engine) -> None:
    last = Engine(RETAIL)

    read_still(BLANK, stages=[Stage("first", "raw", first), Stage("last", "smooth", last)])

    assert last.looks == 1


def test_a_reading_tells_its_stage_and_how_the_pixels_were_treated() -> None:
    [reading] = read_still(BLANK, stages=[Stage("mine", "clahe", Engine(PACKAGE))])

    assert (reading.stage, reading.treatment) == ("mine", "clahe")


def test_the_stages_have_names_of_their_own() -> None:
    names = [stage.name for stage in STILL_STAGES]

    assert len(set(names)) == len(names)


def noise(seed: int) -> Grey:
    return np.random.default_rng(seed).integers(0, 255, (72, 128), dtype=np.uint8)


def test_the_stages_take_turns_over_moving_frames() -> None:
    one, other = Engine(PACKAGE), Engine()
    reader = FrameReader([Stage("one", "raw", one), Stage("other", "raw", other)])

    looks = [reader.read(noise(seed)) for seed in range(4)]

    assert (one.looks, other.looks) == (2, 2)
    assert [len(look.readings) for look in looks] == [1, 0, 1, 0]
    assert all(look.is_fresh for look in looks)


def test_a_frame_in_which_nothing_moved_is_not_read_but_keeps_its_codes() -> None:
    one, other = Engine(PACKAGE), Engine()
    reader = FrameReader([Stage("one", "raw", one), Stage("other", "raw", other)])
    reader.read(BLANK)
    reader.read(BLANK)

    look = reader.read(BLANK)

    assert not look.is_fresh
    assert [reading.text for reading in look.readings] == [PACKAGE.text]
    assert (one.looks, other.looks) == (1, 1)


def test_a_still_view_is_read_now_and_then_as_the_gate_may_miss_a_small_code() -> None:
    engine = Engine()
    reader = FrameReader([Stage("only", "raw", engine)])

    looks = [reader.read(frame) for frame in islice(repeat(BLANK), MOST_SKIPPED + 2)]

    assert [look.is_fresh for look in looks] == [True, *[False] * MOST_SKIPPED, True]


def test_a_small_code_laid_on_a_still_table_is_a_change(draw: Callable[..., Grey]) -> None:
    table = np.full((720, 1280), 120, dtype=np.uint8)
    reader = FrameReader()
    for _ in range(3):
        reader.read(table)
    label = draw("1271-KS-004512", "qrcode")[::2, ::2]
    table[300 : 300 + label.shape[0], 600 : 600 + label.shape[1]] = label

    assert reader.read(table).is_fresh


def test_a_frame_of_another_size_is_a_change() -> None:
    engine = Engine()
    reader = FrameReader([Stage("only", "raw", engine)])
    reader.read(BLANK)

    assert reader.read(BLANK[:40]).is_fresh


def test_a_picture_that_costs_too_much_is_looked_at_no_further() -> None:
    looks: list[str] = []

    def slow(_: Grey) -> list[Reading]:
        looks.append("slow")
        while time.thread_time() < last:
            pass
        return []

    last = time.thread_time() + 0.05
    stages = [Stage("slow", "raw", slow, is_always=True)] * 3

    assert read_still(np.zeros((8, 8), np.uint8), stages=stages, patience=0.01) == []
    assert looks == ["slow"]
