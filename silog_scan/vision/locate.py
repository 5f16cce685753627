"""Codes that are there, whether or not anybody can read them, and what would make them readable."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

Corners: TypeAlias = tuple[tuple[int, int], ...]
"""Four corners in pixels, clockwise from the symbol's own top left where that is known."""


class Hint(StrEnum):
    """What the person who holds the camera could do about a code that is not read."""

    CLOSER = "closer"
    HOLD_STILL = "hold-still"
    TILT = "tilt"
    DIRTY = "dirty"


@dataclass(frozen=True, slots=True)
class Unread:
    """A code that was located and not read."""

    corners: Corners
    hint: Hint

    def as_json(self) -> dict[str, object]:
        """Return what the API answers."""
        return {"corners": [list(corner) for corner in self.corners], "hint": self.hint.value}
