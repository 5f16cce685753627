import time
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from silog_scan.core.agreement import Reading
from silog_scan.vision.frames import Grey
from silog_scan.vision.hints import hint_for
from silog_scan.vision.locate import Hint, places
from silog_scan.vision.stages import Stage, fast, look
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


def test_a_linear_code_turned_by_any_angle_is_believed(draw: Callable[..., Grey]) -> None:
    sheet = draw("1271-KS-004512", "code128", size=(800, 600))
    turn = cv2.getRotationMatrix2D((400, 300), 40, 1)
    turned = np.asarray(cv2.warpAffine(sheet, turn, (800, 600), borderValue=(255,)), np.uint8)

    [reading] = read_still(turned).readings

    assert (reading.text, reading.stage) == ("1271-KS-004512", "crop-clahe")
    assert np.mean(reading.corners, axis=0) == pytest.approx((400, 300), abs=15)


@pytest.mark.parametrize(
    ("degrees", "texts"),
    [
        pytest.param(20, [], id="a line that slants across longer bars"),
        pytest.param(0, ["01234565"], id="beside an add-on"),
    ],
)
def test_a_upc_e_in_longer_bars_is_believed_if_it_lies_as_they_do(
    degrees: int, texts: list[str], draw: Callable[..., Grey]
) -> None:
    turn = cv2.getRotationMatrix2D((400, 300), degrees, 1)
    sheet = draw("4006381333931", "ean13", size=(800, 600))
    turned = np.asarray(cv2.warpAffine(sheet, turn, (800, 600), borderValue=(255,)), np.uint8)
    across = ((320, 298), (480, 298), (480, 302), (320, 302))
    engine = Engine(Reading("01234565", "upce", across, "engine"))
    stages = [Stage("one", "raw", engine, is_always=True), Stage("two", "clahe", engine)]

    assert [reading.text for reading in read_still(turned, stages=stages).readings] == texts


def test_an_enlarged_picture_gives_corners_of_the_picture_itself(draw: Callable[..., Grey]) -> None:
    sheet = draw("1271-KS-004512", "code128", size=(800, 600))

    [reading] = look(Stage("large", "enlarged", fast), sheet, {})

    assert np.mean(reading.corners, axis=0) == pytest.approx((400, 300), abs=5)


def shrunk(sheet: Grey, times: int) -> Grey:
    small = cv2.resize(sheet, None, fx=1 / times, fy=1 / times, interpolation=cv2.INTER_AREA)
    return np.pad(np.asarray(small, np.uint8), 200, constant_values=220)


@pytest.mark.parametrize(
    ("spoil", "hint"),
    [
        pytest.param(lambda sheet: cv2.blur(sheet, (15, 1)), "hold-still", id="moved"),
        pytest.param(lambda sheet: cv2.GaussianBlur(sheet, (0, 0), 6), "closer", id="out of focus"),
        pytest.param(lambda sheet: shrunk(sheet, 5), "closer", id="far away"),
    ],
)
def test_a_code_located_in_vain_says_what_would_help(
    spoil: Callable[[Grey], Grey], hint: str, draw: Callable[..., Grey]
) -> None:
    sheet = np.clip(draw("1271-KS-004512", "code128", size=(800, 600)), 30, 220)

    still = read_still(np.asarray(spoil(sheet), np.uint8))

    assert still.readings == ()
    assert [code.hint.value for code in still.unread] == [hint]


@pytest.mark.parametrize(
    ("light", "hint"),
    [
        pytest.param(255, Hint.TILT, id="glare"),
        pytest.param(60, Hint.DIRTY, id="a stain on sharp bars"),
    ],
)
def test_glare_and_dirt_are_told_apart(light: int, hint: Hint, draw: Callable[..., Grey]) -> None:
    sheet = np.clip(draw("1271-KS-004512", "code128", size=(800, 600)), 30, 220).astype(np.uint8)
    [place] = places(sheet)
    sheet[:, 380:440] = light

    assert hint_for(sheet, place) is hint
