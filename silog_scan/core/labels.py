"""The modules that were printed: what a label looks like before paper, camera and hands."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Pattern:
    """The exact modules of one symbol without its quiet zone, row by row, ``1`` for ink.

    A linear code has one row. Two encoders may spell one text differently (code sets, masks), so
    that the text alone does not say what was printed.
    """

    text: str
    symbology: str
    rows: tuple[str, ...]

    @property
    def size(self) -> tuple[int, int]:
        """Return width and height in modules."""
        return len(self.rows[0]), len(self.rows)

    @property
    def bits(self) -> str:
        """Return the modules of all rows, one after another, as a number in hex."""
        return f"{int('1' + ''.join(self.rows), 2):x}"  # the 1 before them keeps leading zeros


def from_bits(text: str, symbology: str, *, width: int, bits: str) -> Pattern:
    """Return the pattern whose ``bits`` these are."""
    modules = f"{int(bits, 16):b}"[1:]
    starts = range(0, len(modules), width)
    return Pattern(text, symbology, tuple(modules[start : start + width] for start in starts))


Encode: TypeAlias = "Callable[[str, str], Pattern | None]"
"""What draws a text in a symbology as labels of ours are, None where none can carry it."""


@dataclass(frozen=True, slots=True)
class Margins:
    """What surrounds a code, in modules: white beside it, white above and below, then the frame."""

    beside: int
    above: int
    frame: int


MARGINS = {
    "code128": Margins(10, 5, 6), "qrcode": Margins(5, 5, 3), "datamatrix": Margins(5, 5, 3),
}  # fmt: skip
"""Quiet zones and the frames that were measured.

A square's quiet zone is wider than its standard asks: a frame nearer to the symbol than its blur
reaches hides what is looked at (8 of 8 recognised at 5 modules, 1 of 8 at 2).
"""
