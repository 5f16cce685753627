"""Which stage looks at a picture that no better one follows: cheap ones first, as few as needed.

Measured on 1,115 photographs: the fast look alone reads 78 %, contrast evened out in tiles (CLAHE)
reads 83 %, and only the two together are evidence for a retail code.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from silog_scan.core.agreement import Reading, accepted, doubted
from silog_scan.vision.engines import read_zbar
from silog_scan.vision.stages import Stage, fast, look, thorough

if TYPE_CHECKING:
    from collections.abc import Iterable

    from silog_scan.vision.frames import Grey
    from silog_scan.vision.locate import Unread

STILL_STAGES = (
    # The first three always, for the sake of a second code that only one of them sees.
    Stage("fast", "raw", fast, is_always=True),
    Stage("clahe", "clahe", fast, is_always=True),
    Stage("thorough", "raw", thorough, is_always=True),
    Stage("clahe-thorough", "clahe", thorough),
    Stage("smooth", "smooth", thorough),
    Stage("zbar", "raw", read_zbar),
)

PATIENCE = 0.5
"""Seconds of work after which no other stage begins on a stranger's picture: 24 megapixels of noise
would take 7 seconds, a pallet in as many takes 0.4."""


@dataclass(frozen=True, slots=True)
class Still:
    """What one picture shows: the codes believed, and those located in vain."""

    readings: tuple[Reading, ...]
    unread: tuple[Unread, ...] = ()

    def as_json(self) -> dict[str, object]:
        """Return the contract's readings, and what was located in vain."""
        return {
            "readings": [reading.as_json() for reading in self.readings],
            "unread": [code.as_json() for code in self.unread],
        }


def read_still(
    grey: Grey, *, stages: Iterable[Stage] = STILL_STAGES, patience: float = math.inf
) -> Still:
    """Return what is believed of a picture; no stage begins after ``patience`` seconds of work."""
    treated: dict[str, Grey | None] = {}
    readings: list[Reading] = []
    last = time.thread_time() + patience
    for stage in stages:
        if time.thread_time() > last:
            break
        if stage.is_always or _is_more_hoped_for(readings):
            readings += look(stage, grey, treated)
    return Still(tuple(accepted(readings)))


def _is_more_hoped_for(readings: list[Reading]) -> bool:
    return not readings or bool(doubted(readings))
