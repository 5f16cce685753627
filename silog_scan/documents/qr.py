"""QR codes as drawings."""

from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True, slots=True)
class Drawing:
    """A code's black modules as an SVG path, in a square of ``size`` with the white around it."""

    size: int
    path: str


def drawn(text: str) -> Drawing | None:
    """Return a text's QR code, or None where it is too long for one."""
    import numpy as np  # noqa: PLC0415  # nothing heavy is loaded before the server forks
    import zxingcpp  # noqa: PLC0415

    try:
        code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    except ValueError:
        return None
    rows = [bytes(row) for row in np.asarray(code.to_image(), dtype=np.uint8)]
    return Drawing(len(rows), "".join(_runs(row, y) for y, row in enumerate(rows)))


def _runs(row: bytes, y: int) -> str:
    """Return the black runs of a row of modules."""
    path, x = "", 0
    for is_white, run in groupby(row):
        width = len(list(run))
        if not is_white:
            path += f"M{x} {y}h{width}v1h-{width}z"
        x += width
    return path
