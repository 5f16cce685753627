"""What else could have been printed: drawn with the settings of the labels."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from silog_scan.core.labels import Pattern
from silog_scan.vision.engines import SYMBOLOGIES

if TYPE_CHECKING:
    from collections.abc import Callable

Encode: TypeAlias = "Callable[[str, str], Pattern | None]"
"""Draws a text in a symbology, as the labels are drawn."""

_HALF = 128
_SETTINGS: dict[str, dict[str, object]] = {
    "code128": {},
    "datamatrix": {"force_square": True},  # else 16 × 16 modules become 8 × 32
    "qrcode": {"ec_level": "Q"},
}
"""Those of our labels."""


def encoded(text: str, symbology: str) -> Pattern | None:
    """Return the modules zxing-cpp draws for a text, None for one it cannot draw."""
    import numpy as np
    import zxingcpp

    kind = zxingcpp.BarcodeFormat[SYMBOLOGIES[symbology]]
    try:
        code = zxingcpp.create_barcode(text, kind, **_SETTINGS[symbology])
    except ValueError:
        return None
    pixels = np.asarray(code.to_image(scale=1, add_quiet_zones=False))
    signs = np.where(pixels < _HALF, ord("1"), ord("0")).astype(np.uint8)
    rows = signs[:1] if symbology == "code128" else signs
    return Pattern(text, symbology, tuple(row.tobytes().decode() for row in rows))
