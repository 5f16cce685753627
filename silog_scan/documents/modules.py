"""A code's modules row by row, ``1`` for ink: as zxing-cpp draws them, and as an SVG path."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    import zxingcpp


def rows_of(code: zxingcpp.Barcode, *, with_quiet_zone: bool = False) -> tuple[str, ...]:
    """Return the modules of a code."""
    import numpy as np  # noqa: PLC0415  # nothing heavy is loaded before the server forks

    pixels = np.asarray(code.to_image(add_quiet_zones=with_quiet_zone), dtype=np.uint8)
    return tuple("".join("0" if level else "1" for level in row) for row in pixels)


def path_of(rows: Iterable[str]) -> str:
    """Return the ink as rectangles of a path, equal rows in one."""
    path, y = "", 0
    for row, same in groupby(rows):
        height = len(list(same))
        path += _runs(row, y, height)
        y += height
    return path


def _runs(row: str, y: int, height: int) -> str:
    path, x = "", 0
    for ink, run in groupby(row):
        width = len(list(run))
        if ink == "1":
            path += f"M{x} {y}h{width}v{height}h-{width}z"
        x += width
    return path
