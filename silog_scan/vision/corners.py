"""Four corners of a code in a picture, and what follows from them."""

from __future__ import annotations

from typing import TypeAlias

Corners: TypeAlias = tuple[tuple[int, int], ...]
"""Four corners in pixels, clockwise from the symbol's own top left where that is known."""

Box: TypeAlias = tuple[int, int, int, int]
"""Left, top, right, bottom, in pixels."""


def middle(corners: Corners) -> tuple[float, float]:
    """Return the point between the corners."""
    return sum(x for x, _ in corners) / len(corners), sum(y for _, y in corners) / len(corners)


def box(corners: Corners) -> Box:
    """Return the upright box around the corners."""
    across, down = zip(*corners, strict=True)
    return min(across), min(down), max(across), max(down)
