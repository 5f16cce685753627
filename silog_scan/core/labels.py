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
