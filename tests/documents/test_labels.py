"""What we print is what is read, always the same modules, and no text is cut short."""

import numpy as np
import pytest
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from silog_scan.core.errors import Refused
from silog_scan.core.labels import MARGINS, Pattern
from silog_scan.documents import code128, labels

PACKAGE = "1271-KS-004512"
SSCC = "123456789012345675"
ASCII = st.text(st.characters(max_codepoint=127), min_size=1, max_size=9)
DIGITS = st.text("0123456789-A", min_size=1, max_size=18)
SERIALS = st.text("0123456789ABCabc-/", min_size=1, max_size=9)


def read(picture: Image.Image) -> list[zxingcpp.Barcode]:
    paper = np.asarray(ImageOps.expand(picture, 24, 255))
    return list(zxingcpp.read_barcodes(paper, text_mode=zxingcpp.TextMode.Plain))


def texts(pattern: Pattern) -> list[str]:
    return [found.text for found in read(labels.pixels(pattern, module=3))]


@settings(deadline=None, max_examples=60)
@given(text=ASCII | DIGITS)
def test_what_code_128_prints_is_read_back(text: str) -> None:
    try:
        pattern = labels.encode(text, "code128")
    except Refused as refusal:
        assert refusal.code == "label-length"  # noqa: PT017
        return

    assert texts(pattern) == [text]


@settings(deadline=None, max_examples=30)
@given(text=ASCII)
@pytest.mark.parametrize("symbology", ["qrcode", "datamatrix"])
def test_what_a_matrix_code_prints_is_read_back(symbology: str, text: str) -> None:
    pattern = labels.encode(text, symbology)

    assert texts(pattern) == [text]


@settings(deadline=None, max_examples=20)
@given(serial=SERIALS)
@pytest.mark.parametrize("symbology", labels.SYMBOLOGIES)
def test_gs1_is_read_back_as_a_scanner_sends_it(symbology: str, serial: str) -> None:
    try:
        pattern = labels.encode(f"(21){serial}(11)290125", symbology, gs1=True)
    except Refused as refusal:
        assert (symbology, refusal.code) == ("code128", "label-length")  # noqa: PT017
        return

    [found] = read(labels.pixels(pattern, module=3))
    assert found.text == pattern.text == f"21{serial}\x1d11290125"
    assert found.symbology_identifier in ("]C1", "]d2", "]Q3")


@pytest.mark.parametrize("symbology", labels.SYMBOLOGIES)
def test_eighteen_digits_are_an_sscc(symbology: str) -> None:
    pattern = labels.encode(SSCC, symbology, gs1=True)

    assert texts(pattern) == [pattern.text] == [f"00{SSCC}"]


def test_a_package_has_the_modules_of_the_first_encoder() -> None:
    assert labels.ENCODER == 1
    assert code128.values(PACKAGE) == (105, 12, 71, 100, 13, 43, 51, 13, 99, 0, 45, 12, 22)


@pytest.mark.parametrize(
    ("text", "symbols"),
    [("12345", 4), ("A1234B", 6), ("a\nb", 5), ("\n\n", 2), ("123456", 3), ("A12345", 5)],
)
def test_code_128_is_as_short_as_can_be(text: str, symbols: int) -> None:
    spelled = code128.values(text)

    assert len(spelled) == symbols + 2  # start and check


@pytest.mark.parametrize(
    ("symbology", "size"), [("code128", (156, 1)), ("qrcode", (21, 21)), ("datamatrix", (16, 16))]
)
def test_a_package_takes_the_smallest_symbol(symbology: str, size: tuple[int, int]) -> None:
    assert labels.encode(PACKAGE, symbology).size == size


@pytest.mark.parametrize(
    ("text", "symbology", "gs1", "code"),
    [
        ("", "qrcode", False, "label-empty"),
        ("Kotak é", "code128", False, "label-letters"),
        ("¡", "datamatrix", False, "label-letters"),
        ("SLG-ITEM-ALAT-TUNANETRA", "code128", False, "label-length"),
        ("x" * 60, "qrcode", False, "label-length"),
        ("x" * 9_000, "datamatrix", False, "label-length"),
        (PACKAGE, "code128", True, "label-gs1"),
        ("123456789012345678", "code128", True, "label-gs1"),
        ("(99)ab(x", "qrcode", True, "label-gs1"),
        ("(01)09501101530004", "datamatrix", True, "label-gs1"),
    ],
)
def test_a_text_that_cannot_be_printed_is_refused(
    text: str, symbology: str, gs1: bool, code: str
) -> None:
    with pytest.raises(Refused) as caught:
        labels.encode(text, symbology, gs1=gs1)

    assert caught.value.code == code


@pytest.mark.parametrize(("symbology", "frame"), [("code128", 6), ("qrcode", 3), ("datamatrix", 3)])
def test_a_frame_stands_around_the_quiet_zone(symbology: str, frame: int) -> None:
    rows = labels.drawn(labels.encode(PACKAGE, symbology))

    margins = MARGINS[symbology]
    first_of_code = rows[frame + margins.above]
    assert first_of_code.startswith("1" * frame + "0" * margins.beside + "1")
    assert set("".join(rows[:frame])) == set("".join(rows[-frame:])) == {"1"}
