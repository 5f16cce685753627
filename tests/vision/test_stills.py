import time
from collections.abc import Callable

import numpy as np
import pytest

from silog_scan.core.agreement import Reading
from silog_scan.vision.frames import Grey
from silog_scan.vision.stages import Stage
from silog_scan.vision.stills import STILL_STAGES, read_still
from tests.vision.engine import BLANK, PACKAGE, RETAIL, Engine


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
    [reading] = read_still(draw(text, symbology)).readings

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

    assert [reading.text for reading in read_still(sheet).readings] == ["40063812"]


def test_all_codes_of_a_picture_are_read_however_they_lie(draw: Callable[..., Grey]) -> None:
    upright = draw("1271-KS-004512", "code128", size=(1000, 400))
    on_side = np.rot90(draw("1271-KS-004513", "code128", size=(1000, 1000)))
    square = draw("1271-KS-004514", "qrcode", size=(1000, 400))

    still = read_still(np.concatenate([upright, on_side, square]))

    texts = sorted(reading.text for reading in still.readings)
    assert texts == ["1271-KS-004512", "1271-KS-004513", "1271-KS-004514"]


def test_a_picture_without_a_code_is_looked_at_by_every_stage_and_gives_nothing() -> None:
    assert read_still(BLANK).readings == ()


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
    [reading] = read_still(BLANK, stages=[Stage("mine", "clahe", Engine(PACKAGE))]).readings

    assert (reading.stage, reading.treatment) == ("mine", "clahe")


def test_the_stages_have_names_of_their_own() -> None:
    names = [stage.name for stage in STILL_STAGES]

    assert len(set(names)) == len(names)


def test_a_picture_that_costs_too_much_is_looked_at_no_further() -> None:
    looks: list[str] = []

    def slow(_: Grey) -> list[Reading]:
        looks.append("slow")
        while time.thread_time() < last:
            pass
        return []

    last = time.thread_time() + 0.05
    stages = [Stage("slow", "raw", slow, is_always=True)] * 3

    assert read_still(np.zeros((8, 8), np.uint8), stages=stages, patience=0.01).readings == ()
    assert looks == ["slow"]
