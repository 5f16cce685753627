"""When a label recognised frame after frame is believed: in two frames, not in one."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from silog_scan.vision.expected.evidence import Recognition

APART = 0.1
"""Seconds between two frames that are two looks: one shake of the hand spoils its neighbours."""
LASTING = 3.0
"""Seconds after which an older frame no longer speaks for a label."""


class Standing(StrEnum):
    """How far a label is believed."""

    NONE = "none"
    SUGGESTED = "suggested"
    RECOGNISED = "recognised"


@dataclass(slots=True)
class Votes:
    """The frames of one tracked label; times are seconds of any one clock.

    Trying many frames multiplies the chance of a false answer, asking two of them to agree undoes
    that.
    """

    _first: dict[str, float] = field(default_factory=dict)
    _last: dict[str, float] = field(default_factory=dict)

    def saw(self, recognition: Recognition | None, at: float) -> Standing:
        """Return how far this frame's text is now believed; none of two texts that contradict."""
        self._forget(at)
        if recognition is None or not recognition.is_accepted:
            return Standing.NONE
        text = recognition.text
        self._first.setdefault(text, at)
        self._last[text] = at
        if len(self._first) > 1:
            return Standing.NONE
        is_twice = at - self._first[text] >= APART
        return Standing.RECOGNISED if is_twice else Standing.SUGGESTED

    def _forget(self, at: float) -> None:
        """Drop what was not seen for long; a clock that jumped back starts anew."""
        for text, last in list(self._last.items()):
            if not 0 <= at - last <= LASTING:
                del self._first[text], self._last[text]
