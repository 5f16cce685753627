"""The modules that were printed: what a label looks like before paper, camera and hands."""

from dataclasses import dataclass


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
