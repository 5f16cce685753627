"""The decoders: which work here, and what each of them reads in grey pixels.

Formats are always listed: asked for "all", zxing-cpp misreads twice as many photographs and takes
1.6 times as long.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from silog_scan.core.agreement import Reading
from silog_scan.core.errors import Refused, Sentence, say
from silog_scan.vision import zbar
from silog_scan.vision.addresses import PLAYER_OPTIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import zxingcpp

    from silog_scan.vision.frames import Grey

SYMBOLOGIES = {
    "code128": "Code128",
    "code39": "Code39",
    "itf": "ITF",
    "qrcode": "QRCode",
    "datamatrix": "DataMatrix",
    "ean13": "EAN13",
    "ean8": "EAN8",
    "upca": "UPCA",
    "upce": "UPCE",
}
"""Our names and zxing-cpp's."""

SQUARE = frozenset({"qrcode", "datamatrix"})
"""Those of modules."""
LINEAR = frozenset(SYMBOLOGIES) - SQUARE
"""Those of bars."""

_TINY = frozenset({"MicroQRCode", "RMQRCode"})
"""Read by zxing-cpp as QR codes: the smallest corrects no errors, and is seen in blurred others."""

_EAN13_LENGTH = 13


@dataclass(frozen=True, slots=True)
class EngineState:
    """One decoder: its version, or what is wrong with it and what to do."""

    name: str
    version: str | None
    problem: Sentence | None = None


def available() -> list[EngineState]:
    """Return the state of every decoder, the indispensable one first."""
    return [
        _state("zxing-cpp", "zxingcpp", _without_zxing),
        _state("OpenCV", "cv2", _without_opencv),
        _state("ZBar", "pyzbar.pyzbar", _without_zbar),
    ]


def read_zxing(
    grey: Grey, *, formats: Iterable[str] = tuple(SYMBOLOGIES), thorough: bool = False
) -> list[Reading]:
    """Return what zxing-cpp reads; ``thorough`` also looks at it turned, shrunk and inverted.

    Refuses where zxing-cpp cannot be loaded, as an empty answer would pass for an empty picture.
    """
    missing = _flaw("zxingcpp")
    if missing:
        raise Refused("engine-missing", _without_zxing(missing))
    import zxingcpp

    found = zxingcpp.read_barcodes(
        grey,
        formats=_listed(tuple(formats)),
        try_rotate=thorough,
        try_downscale=thorough,
        try_invert=thorough,
        text_mode=zxingcpp.TextMode.Plain,
    )
    return [_from_zxing(barcode) for barcode in found if barcode.format.name not in _TINY]


def read_zbar(grey: Grey) -> list[Reading]:
    """Return what ZBar reads, nothing where it is missing or the text is empty or not ASCII.

    ZBar garbles other texts, and a garbled text is worse than none.
    """
    if _flaw("pyzbar.pyzbar"):
        return []
    found = zbar.decode(grey)
    return [_from_zbar(symbol) for symbol in found if symbol.data and symbol.data.isascii()]


def has_opencv() -> bool:
    """Return whether cv2 can be imported, silent and wary: ask before every ``import cv2``."""
    # Without these a station that has no camera prints a page of warnings at every try.
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("OPENCV_FFMPEG_CAPTURE_OPTIONS", PLAYER_OPTIONS)
    return _flaw("cv2") is None


@cache
def _flaw(module: str) -> str | None:
    """Return why a module cannot be loaded: it, or a library under it, may be missing."""
    try:
        import_module(module)
    except (ImportError, OSError) as problem:
        return str(problem).partition("\n")[0]
    return None


@cache
def _listed(names: tuple[str, ...]) -> zxingcpp.BarcodeFormats:
    import zxingcpp

    formats = zxingcpp.BarcodeFormat
    return zxingcpp.BarcodeFormats([formats[SYMBOLOGIES[name]] for name in names])


def _from_zxing(barcode: zxingcpp.Barcode) -> Reading:
    """Return a barcode as a reading, a retail number as printed below its bars."""
    place = barcode.position
    corners = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    symbology, text = _printed(_symbology(barcode), barcode)
    return Reading(
        text=text,
        symbology=symbology,
        corners=tuple((corner.x, corner.y) for corner in corners),
        stage="zxing",
        symbology_identifier=barcode.symbology_identifier,
    )


def _symbology(barcode: zxingcpp.Barcode) -> str:
    """Return our name of the barcode's format; variants (PZN is a Code 39) fall under their own."""
    names = {formats: name for name, formats in SYMBOLOGIES.items()}
    return names.get(barcode.format.name) or names[barcode.symbology.name]


def _printed(symbology: str, barcode: zxingcpp.Barcode) -> tuple[str, str]:
    """Undo what zxing-cpp does to UPC: it gives 13 digits for every 12 and every 8.

    The bars of UPC-A are those of an EAN-13 that begins with 0, so that both are called UPC-A.
    """
    text = barcode.text
    if symbology == "upce" and isinstance(barcode.extra, dict):
        return symbology, str(barcode.extra["UPCE"])
    if symbology in ("ean13", "upca") and len(text) == _EAN13_LENGTH and text.startswith("0"):
        return "upca", text[1:]
    return symbology, text


def _from_zbar(symbol: zbar.Found) -> Reading:
    left, top = symbol.rect.left, symbol.rect.top
    right, bottom = left + symbol.rect.width, top + symbol.rect.height
    return Reading(
        text=symbol.data.decode("ascii"),
        symbology=zbar.SYMBOLOGIES[symbol.type],
        corners=((left, top), (right, top), (right, bottom), (left, bottom)),
        stage="zbar",
    )


def _state(name: str, module: str, without: Callable[[str], Sentence]) -> EngineState:
    flaw = _flaw(module)
    if flaw:
        return EngineState(name, None, without(flaw))
    from importlib.metadata import packages_distributions, version

    [distribution, *_] = packages_distributions()[module.partition(".")[0]]
    return EngineState(name, version(distribution))


def _without_zxing(reason: str) -> Sentence:
    return say(
        "zxing-cpp cannot be loaded (%(reason)s), so that no code can be read. "
        "Install silog-scan again.",
        reason=reason,
    )


def _without_opencv(reason: str) -> Sentence:
    return say(
        "OpenCV cannot be loaded (%(reason)s): pictures are read, cameras and most films are not. "
        "Install silog-scan again.",
        reason=reason,
    )


def _without_zbar(reason: str) -> Sentence:
    return say(
        "ZBar cannot be loaded (%(reason)s): reading goes on, a few hard pictures stay unread. "
        "On Debian install libzbar0.",
        reason=reason,
    )
