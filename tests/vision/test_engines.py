import inspect
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest
import zxingcpp

from silog_scan.core.agreement import Reading
from silog_scan.core.codes import Kind, identify
from silog_scan.core.errors import Refused
from silog_scan.vision import engines, zbar
from silog_scan.vision.engines import available, read_zbar, read_zxing
from silog_scan.vision.frames import Grey

CODES = [
    ("1271-KS-004512", "code128"),
    ("1271-KS-004512", "code39"),
    ("14012345678908", "itf"),
    ("1271-KS-004512", "qrcode"),
    ("1271-KS-004512", "datamatrix"),
    ("4006381333931", "ean13"),
    ("40063812", "ean8"),
    ("036000291452", "upca"),
    ("01234565", "upce"),
]

is_zbar_here = any(state.name == "ZBar" and state.version for state in available())
needs_zbar = pytest.mark.skipif(not is_zbar_here, reason="libzbar is not installed")


@pytest.mark.parametrize("thorough", [False, True])
@pytest.mark.parametrize(("text", "symbology"), CODES)
def test_zxing_reads_every_symbology_back_as_drawn(
    text: str, symbology: str, thorough: bool, draw: Callable[..., Grey]
) -> None:
    [reading] = read_zxing(draw(text, symbology), thorough=thorough)

    assert (reading.text, reading.symbology) == (text, symbology)


@needs_zbar
@pytest.mark.parametrize(("text", "symbology"), [code for code in CODES if code[1] != "datamatrix"])
def test_zbar_reads_what_it_knows_back_as_drawn(
    text: str, symbology: str, draw: Callable[..., Grey]
) -> None:
    [reading] = read_zbar(draw(text, symbology))

    assert (reading.text, reading.symbology) == (text, symbology)


@needs_zbar
def test_zbar_keeps_silent_about_texts_it_may_garble(draw: Callable[..., Grey]) -> None:
    assert read_zbar(draw("№ 12 — kotak", "qrcode")) == []


@needs_zbar
def test_what_zbar_gives_without_a_text_is_no_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = SimpleNamespace(data=b"", type="CODE128", rect=SimpleNamespace())
    monkeypatch.setattr(zbar, "decode", lambda _: [empty])

    assert read_zbar(np.zeros((8, 8), np.uint8)) == []


@pytest.mark.parametrize("engine", [read_zxing, pytest.param(read_zbar, marks=needs_zbar)])
def test_corners_are_pixels_from_the_top_left_clockwise(
    engine: Callable[[Grey], list[Reading]], draw: Callable[..., Grey]
) -> None:
    sheet = draw("1271-KS-004512", "code128", size=(1280, 720))

    down, across = np.nonzero(sheet == 0)

    [reading] = engine(sheet)

    left, right, top, bottom = across.min(), across.max(), down.min(), down.max()
    drawn = np.array([(left, top), (right, top), (right, bottom), (left, bottom)])
    assert np.abs(np.array(reading.corners) - drawn).max() < 12


@pytest.mark.parametrize("symbology", ["code128", "qrcode", "datamatrix"])
def test_a_gs1_code_is_plain_text_and_still_known_as_gs1(
    symbology: str, draw: Callable[..., Grey]
) -> None:
    [reading] = read_zxing(draw("(10)LOT-7(21)AB12", symbology))

    assert reading.text == "10LOT-7\x1d21AB12"
    assert identify(reading.as_scanned).kind is Kind.GS1
    assert identify(reading.as_scanned).code == "(10)LOT-7(21)AB12"


def test_only_the_formats_asked_for_are_read(draw: Callable[..., Grey]) -> None:
    sheet = draw("1271-KS-004512", "code128")

    assert read_zxing(sheet, formats=("qrcode", "datamatrix")) == []


def test_micro_qr_is_not_read_as_blurred_codes_look_like_it() -> None:
    micro = zxingcpp.create_barcode("6686", zxingcpp.BarcodeFormat.MicroQRCode)

    assert read_zxing(np.array(micro.to_image(scale=4), dtype=np.uint8)) == []


@pytest.mark.parametrize("size", [(1, 1), (3, 2), (720, 1280)])
def test_a_picture_without_a_code_gives_nothing(size: tuple[int, int]) -> None:
    blank = np.full(size, 255, dtype=np.uint8)

    assert read_zxing(blank, thorough=True) == []
    assert read_zbar(blank) == []


def test_engines_that_work_tell_their_version() -> None:
    states = {state.name: state for state in available()}

    assert list(states) == ["zxing-cpp", "OpenCV", "ZBar"]
    assert states["zxing-cpp"].version
    assert states["zxing-cpp"].problem is None


@pytest.mark.parametrize(
    ("module", "name"), [("cv2", "OpenCV"), ("pyzbar", "ZBar"), ("zxingcpp", "zxing-cpp")]
)
def test_a_missing_engine_is_told_in_a_sentence(
    module: str, name: str, run_python: Callable[..., str]
) -> None:
    told = run_python(
        """
from silog_scan.vision.engines import available
for state in available():
    if state.problem:
        print(state.name, state.version, state.problem, sep="|")
""",
        without=module,
    )

    assert told.startswith(f"{name}|None|{name} cannot be loaded (")
    assert "nstall" in told


def test_codes_are_read_without_zbar(run_python: Callable[..., str]) -> None:
    text = run_python(
        """
import numpy, zxingcpp
from silog_scan.vision.stills import read_still
code = zxingcpp.create_barcode("4006381333931", zxingcpp.BarcodeFormat.EAN13).to_image(scale=4)
print(*[reading.text for reading in read_still(numpy.array(code)).readings])
""",
        without="pyzbar",
    )

    assert text == "4006381333931"


def test_a_library_that_does_not_load_is_a_missing_engine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(name: str) -> None:
        raise OSError(f"{name}.so.0: cannot open shared object file\nand more")

    monkeypatch.setattr(engines, "import_module", fail)
    monkeypatch.setattr(engines, "_flaw", inspect.unwrap(engines._flaw))  # noqa: SLF001  # uncached

    problems = [str(state.problem) for state in available()]

    assert "(cv2.so.0: cannot open shared object file)" in problems[1]


def test_reading_is_refused_where_zxing_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "_flaw", lambda module: f"no {module}")

    with pytest.raises(Refused) as refusal:
        read_zxing(np.zeros((10, 10), dtype=np.uint8))

    assert refusal.value.code == "engine-missing"


def test_importing_the_vision_room_loads_no_heavy_library(run_python: Callable[..., str]) -> None:
    loaded = run_python(
        """
import silog_scan.vision.cameras, silog_scan.vision.watch
print(*{"numpy", "cv2", "PIL", "zxingcpp", "pyzbar"} & set(sys.modules))
"""
    )

    assert loaded == ""
