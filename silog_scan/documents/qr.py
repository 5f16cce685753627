"""QR codes as drawings."""

from dataclasses import dataclass

from silog_scan.documents.modules import path_of, rows_of


@dataclass(frozen=True, slots=True)
class Drawing:
    """A code's black modules as an SVG path, in a square of ``size`` with the white around it."""

    size: int
    path: str


def drawn(text: str) -> Drawing | None:
    """Return a text's QR code, or None where it is too long for one."""
    import zxingcpp  # noqa: PLC0415  # nothing heavy is loaded before the server forks

    try:
        code = zxingcpp.create_barcode(text, zxingcpp.BarcodeFormat.QRCode, ec_level="M")
    except ValueError:
        return None
    rows = rows_of(code, with_quiet_zone=True)
    return Drawing(len(rows), path_of(rows))
