"""A sheet of labels as a browser prints it: every label on it is read."""

from pathlib import Path

import zxingcpp
from PIL import Image
from playwright.sync_api import Browser

from silog_scan.documents import label_sheets, labels
from silog_scan.documents.label_sheets import Label

CODES = [
    (f"1271-{letters}-{number:06}", symbology)
    for number, letters in enumerate(("KS", "BL", "SP"), start=1)
    for symbology in labels.SYMBOLOGIES
]


def test_every_label_of_a_sheet_is_read(browser: Browser, tmp_path: Path) -> None:
    made = [Label(text, labels.encode(text, kind), "Kotak suara") for text, kind in CODES]
    [sheet] = label_sheets.pages(made)
    (tmp_path / "sheet.svg").write_text(sheet, encoding="utf-8")

    page = browser.new_page(viewport={"width": 794, "height": 1123}, device_scale_factor=2)
    page.goto((tmp_path / "sheet.svg").as_uri())
    page.screenshot(path=tmp_path / "sheet.png")
    page.close()

    found = zxingcpp.read_barcodes(Image.open(tmp_path / "sheet.png").convert("L"))
    assert sorted(code.text for code in found) == sorted(text for text, _ in CODES)
