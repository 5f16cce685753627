"""Our own labels: the modules of a code, and the thick frame that makes it findable when blurred.

``encode`` decides the exact modules, which are kept with the package: a label too blurred to be
read is recognised by comparing it with what was printed. A frame of 6 modules around a linear
code (3 around a matrix code), outside the quiet zone, is found where the code itself is not:
at a defocus of 4 pixels 8 of 8 labels against 3 of 8 without it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from silog_scan.core.errors import Malformed, Refused, say
from silog_scan.core.labels import MARGINS, Pattern
from silog_scan.documents import code128
from silog_scan.documents.modules import rows_of

if TYPE_CHECKING:
    from PIL import Image

ENCODER = 1
"""The version of the choice of modules; another choice for any text is another version."""
SYMBOLOGIES = ("code128", "qrcode", "datamatrix")
MOST_MODULES = {"code128": 233, "qrcode": 33, "datamatrix": 36}
"""The widest symbol that a label of 99 mm carries at the least module we print: Code 128 with 18
symbols between start and check at 0.34 mm, a matrix code at 0.85 mm."""
BAR_HEIGHT = 54
"""Modules that the bars of a linear code are high."""

_SSCC = re.compile(r"\d{18}", re.ASCII)


def encode(text: str, symbology: str, *, gs1: bool = False) -> Pattern:
    """Return the modules of a label of ours; refuse a text that it cannot carry.

    All carry ASCII (readers guess at other letters, and guess wrong) as far as ``MOST_MODULES``
    has room for it. With ``gs1`` the text is an SSCC or element strings such as
    ``(01)09501101530003(21)AB12``, and the pattern's text is what a scanner sends: without
    brackets, with group separators where they are needed.
    """
    _must_be_plain(text)
    sent = element_strings(text) if gs1 else text
    if symbology == "code128":
        rows: tuple[str, ...] = (code128.modules(code128.values(sent, gs1=gs1)),)
    else:
        rows = _matrix(_bracketed(text) if gs1 else text, symbology, gs1=gs1)
    pattern = Pattern(sent, symbology, rows)
    if pattern.size[0] > MOST_MODULES[symbology]:
        raise _too_long(text, symbology)
    return pattern


def _must_be_plain(text: str) -> None:
    if not text:
        raise Malformed("label-empty", say("There is no text to print."))
    if not text.isascii():
        told = say(
            "A label carries plain letters, digits and signs only, not %(text)s. "
            "Write it without accents.",
            text=text,
        )
        raise Malformed("label-letters", told)


def element_strings(text: str) -> str:
    """Return GS1 element strings as a scanner sends them; refuse what is none."""
    from biip import ParseError  # noqa: PLC0415  # 20 ms, and most labels need it never
    from biip.gs1_messages import GS1Message  # noqa: PLC0415

    bracketed = _bracketed(text)
    try:
        elements = GS1Message.parse_hri(bracketed).element_strings
    except ParseError as error:
        raise _not_gs1(text) from error
    # biip leaves out what it does not understand.
    is_whole = "".join(f"({each.ai.ai}){each.value}" for each in elements) == bracketed
    if not is_whole or any(each.sscc_error or each.gtin_error for each in elements):
        raise _not_gs1(text)
    parts = [each.ai.ai + each.value for each in elements]
    ends = [code128.FNC1 if each.ai.separator_required else "" for each in elements[:-1]]
    return "".join(part + end for part, end in zip(parts, (*ends, ""), strict=True))


def _bracketed(text: str) -> str:
    return f"(00){text}" if _SSCC.fullmatch(text) else text


def _matrix(text: str, symbology: str, *, gs1: bool) -> tuple[str, ...]:
    """Return the modules that zxing-cpp makes, row by row.

    QR at level Q: a quarter of the symbol may be torn, and our codes still fit the smallest one.
    """
    import zxingcpp  # noqa: PLC0415  # nothing heavy is loaded before the server forks

    formats = zxingcpp.BarcodeFormat
    try:
        if symbology == "qrcode":
            code = zxingcpp.create_barcode(text, formats.QRCode, gs1=gs1, ec_level="Q")
        else:
            code = zxingcpp.create_barcode(text, formats.DataMatrix, gs1=gs1, force_square=True)
    except ValueError as error:
        raise _too_long(text, symbology) from error
    return rows_of(code)


def _too_long(text: str, symbology: str) -> Refused:
    told = say(
        "%(text)s does not fit on a label as %(symbology)s. Choose a shorter code, or a matrix "
        "code instead of bars.",
        text=text,
        symbology=symbology,
    )
    return Malformed("label-length", told)


def _not_gs1(text: str) -> Refused:
    told = say(
        "%(text)s is no GS1 code. Write an SSCC of 18 digits or element strings such as "
        "(01)09501101530003(21)AB12.",
        text=text,
    )
    return Malformed("label-gs1", told)


# Drawing in modules.


def drawn(pattern: Pattern, *, framed: bool = True) -> tuple[str, ...]:
    """Return all modules of a label's code, row by row: frame, quiet zone, and bars in height."""
    rows = pattern.rows * BAR_HEIGHT if len(pattern.rows) == 1 else pattern.rows
    margins = MARGINS[pattern.symbology]
    quiet = _surrounded(rows, "0", margins.beside, margins.above)
    return _surrounded(quiet, "1", margins.frame, margins.frame) if framed else quiet


def _surrounded(rows: tuple[str, ...], ink: str, beside: int, above: int) -> tuple[str, ...]:
    side, edge = ink * beside, ink * (len(rows[0]) + 2 * beside)
    return ((edge,) * above) + tuple(side + row + side for row in rows) + (edge,) * above


def pixels(pattern: Pattern, *, module: int, framed: bool = True) -> Image.Image:
    """Return the code in grey pixels, 0 for ink: frame and quiet zone, a module so many wide.

    The frame's outer edge is the picture's edge; it needs white around it to be seen.
    """
    from PIL import Image  # noqa: PLC0415

    rows = drawn(pattern, framed=framed)
    levels = bytes(0 if ink == "1" else 255 for row in rows for ink in row)
    small = Image.frombytes("L", (len(rows[0]), len(rows)), levels)
    size = (small.width * module, small.height * module)
    return small.resize(size, Image.Resampling.NEAREST)
