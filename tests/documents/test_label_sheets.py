"""A sheet has ten labels in real millimetres, and nothing on it leaves its label."""

import re
from xml.etree import ElementTree as ET

import pytest

from silog_scan.documents import label_sheets
from silog_scan.documents.label_sheets import LABEL, Label
from silog_scan.documents.labels import SYMBOLOGIES, encode

SVG = "{http://www.w3.org/2000/svg}"
PACKAGE = "1271-KS-004512"
DOT = 25.4 / 300
LONGEST = "X" * 18


def label(code: str = PACKAGE, symbology: str = "code128") -> Label:
    return Label(code, encode(code, symbology), "Kotak suara", ("TPS 001", "Aur"))


def drawn(*some: Label) -> ET.Element:
    [page] = label_sheets.pages(some)
    return ET.fromstring(page)  # noqa: S314  # our own


def block(sheet: ET.Element) -> tuple[float, float, float, float]:
    """Return left, top, width and height of the framed code in millimetres."""
    [path] = sheet.iter(f"{SVG}path")
    left, top, module = map(float, re.findall(r"[\d.]+", path.attrib["transform"]))
    frame = re.match(r"M0 0h(\d+)v\d+", path.attrib["d"])
    assert frame
    side = int(frame[1]) * module
    rows = [int(y) + int(v) for y, v in re.findall(r"M\d+ (\d+)h\d+v(\d+)", path.attrib["d"])]
    return left, top, side, max(rows) * module


def test_a_page_is_a4_in_millimetres() -> None:
    sheet = drawn(label())

    assert (sheet.attrib["width"], sheet.attrib["height"]) == ("210mm", "297mm")
    assert sheet.attrib["viewBox"] == "0 0 210 297"


@pytest.mark.parametrize(("labels", "pages"), [(1, 1), (10, 1), (11, 2), (20, 2)])
def test_ten_labels_are_a_page(labels: int, pages: int) -> None:
    some = [label()] * labels

    assert len(list(label_sheets.pages(some))) == pages


@pytest.mark.parametrize(
    ("code", "symbology"),
    [(PACKAGE, symbology) for symbology in SYMBOLOGIES]
    + [(LONGEST, "code128"), ("x" * 46, "qrcode"), ("x" * 60, "datamatrix")],
)
def test_a_code_stays_on_its_label_above_its_text(code: str, symbology: str) -> None:
    left, top, width, height = block(drawn(label(code, symbology)))

    assert left >= 4
    assert left + width <= LABEL[0] - 4
    assert top + height <= 47


@pytest.mark.parametrize(
    ("code", "dots"), [(PACKAGE, 5), (LONGEST, 4)], ids=["of-a-package", "longest"]
)
def test_a_bar_is_whole_dots_of_a_printer_wide(code: str, dots: int) -> None:
    [path] = drawn(label(code)).iter(f"{SVG}path")

    module = float(path.attrib["transform"].rpartition("(")[2].rstrip(")"))
    assert module == pytest.approx(dots * DOT, abs=1e-4)


def test_edges_are_crisp() -> None:
    [path] = drawn(label()).iter(f"{SVG}path")

    assert path.attrib["shape-rendering"] == "crispEdges"


def test_a_text_is_written_and_never_becomes_markup() -> None:
    sheet = drawn(label("<b>&", "qrcode"), label("A\x1dB", "qrcode"))

    words = [text.text for text in sheet.iter(f"{SVG}text")]
    assert "<b>&" in words
    assert "A[U+001D]B" in words


def test_a_long_text_is_written_smaller() -> None:
    short, long = (
        float([*drawn(label(code, "qrcode")).iter(f"{SVG}text")][-1].attrib["font-size"])
        for code in ("A-1", "x" * 40)
    )

    assert long < short
    assert long * 0.64 * 40 <= LABEL[0] - 8 + 0.2


def test_what_is_not_known_is_left_out() -> None:
    sheet = drawn(Label(PACKAGE, encode(PACKAGE, "code128")))

    assert [text.text for text in sheet.iter(f"{SVG}text")] == [PACKAGE]
