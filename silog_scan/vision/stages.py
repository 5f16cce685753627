"""A stage is one engine on pixels treated in one way: one line of a table."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING

from silog_scan.vision.engines import LINEAR, SQUARE, read_zxing
from silog_scan.vision.treatments import TREATMENTS

if TYPE_CHECKING:
    from collections.abc import Callable

    from silog_scan.core.agreement import Reading
    from silog_scan.vision.frames import Grey

    Engine = Callable[[Grey], list[Reading]]


class Scope(StrEnum):
    """What a stage looks at: the picture, its middle, crops of places, or its busiest patches."""

    PICTURE = "picture"
    BARS = "bars"
    SQUARES = "squares"
    PATCHES = "patches"
    MIDDLE = "middle"


@dataclass(frozen=True, slots=True)
class Stage:
    """One look at a picture, or at crops of the bars or squares located in it.

    An ``always`` stage runs even if all that was seen is believed.
    """

    name: str
    treatment: str
    engine: Engine
    is_always: bool = False
    scope: Scope = Scope.PICTURE


fast = partial(read_zxing, thorough=False)
thorough = partial(read_zxing, thorough=True)
bars = partial(read_zxing, formats=sorted(LINEAR))
squares = partial(read_zxing, formats=sorted(SQUARE), thorough=True)


def look(stage: Stage, grey: Grey, treated: dict[str, Grey | None]) -> list[Reading]:
    """Return what the stage sees; pixels treated for an earlier one are used again."""
    if stage.treatment not in treated:
        treated[stage.treatment] = TREATMENTS[stage.treatment](grey)
    pixels = treated[stage.treatment]
    if pixels is None:
        return []
    scale = grey.shape[1] / pixels.shape[1]
    return [
        replace(
            reading,
            stage=stage.name,
            treatment=stage.treatment,
            corners=tuple((round(x * scale), round(y * scale)) for x, y in reading.corners),
        )
        for reading in stage.engine(pixels)
    ]
