"""Labels that mean harm, as codes to draw, to scan and to list; none of them is kept as a file."""

import csv
import io
from collections.abc import Iterable
from typing import Any

import numpy as np
import zxingcpp
from PIL import Image

from silog_scan.documents import manifest_files

LISTED = {
    "script": "<script>alert(1)</script>",
    "image": '<img src=x onerror="alert(1)">',
    "formula": "=cmd|' /C calc'!A0",
    "scheme": "javascript:alert(1)",
    "sql": "x'; DROP TABLE event;--",
    "format": "%s%n%(n)s%d",
    "template": "{{7*7}}${7*7}",
    "path": "../../../etc/passwd",
    "sum": "@SUM(1+1)*cmd",
}
"""Codes that a manifest may list, so that they have pages of their own."""
UNLISTED = {
    "address": "https://example.org/?a=1&b=<b>#x",
    "turned": "1271-\u202eKS\u2066-00\u200b4501",
    "right to left": "\u05e9\u05dc\u05d5\u05dd-1271",
    "attribute": "\"'><svg onload=alert(1)>",
    "statement": "'; DROP TABLE event;--",
    "tag": "(21)\x1d<b>bold</b>",
}
"""Texts that no manifest lists: what hides in a code is refused there."""
LONG = "1234567890" * 708 + "123456789"
"""All 7,089 digits that a QR code holds."""
ALL = LISTED | UNLISTED
NUMBER = "SJ-<b>&'1"

SIDE, SHOWN = 768, 12
"""Pixels of the film's pictures, and how many show one label: 0.4 seconds of them."""


def drawn(text: str) -> bytes:
    """Return a picture of the text as a QR code, as a camera gives it."""
    code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode)
    size = len(np.array(code.to_image(scale=1)))
    pixels = np.array(code.to_image(scale=max(1, min(8, SIDE // size))), dtype=np.uint8)
    picture, label = Image.new("L", (SIDE, SIDE), 255), Image.fromarray(pixels)
    picture.paste(label, ((SIDE - label.width) // 2, (SIDE - label.height) // 2))
    out = io.BytesIO()
    picture.convert("RGB").save(out, "JPEG", quality=80)
    return out.getvalue()


def film(texts: Iterable[str]) -> bytes:
    """Return a film of the labels, one after the other."""
    return b"".join(drawn(text) * SHOWN for text in texts)


def manifest() -> bytes:
    """Return a manifest of the listed codes, written as we write one."""
    header = ["manifest", "from", "to", "package", "item", "quantity", "destination", "note"]
    rows = [[NUMBER, "12", "12.71", code, "KOTAK", "1", "12.71.01.1001.001", f"{code} \u200b"]
            for code in LISTED.values()]  # fmt: skip
    return manifest_files.write_csv([header, *rows])


def cells(data: bytes) -> list[str]:
    """Return the cells of a CSV file as a spreadsheet sees them."""
    text = data.decode("utf-8-sig")
    return [cell for row in csv.reader(io.StringIO(text, newline="")) for cell in row]


def scans(texts: Iterable[str]) -> dict[str, Any]:
    """Return the texts as scans of the hostile manifest, as a page sends them."""
    made = [
        {"id": f"018e0000-0000-7000-8000-{number:012}", "text": text,
         "scanned_at": "2026-02-02T12:00:00+07:00"}
        for number, text in enumerate(texts)
    ]  # fmt: skip
    return {"task": "receive", "place": "12.71", "manifest": NUMBER, "scans": made}


def file(data: bytes) -> io.BytesIO:
    """Return the bytes as a form's file."""
    return io.BytesIO(data)
