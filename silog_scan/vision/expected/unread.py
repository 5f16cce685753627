"""The labels of a picture that nobody could read, and which of the expected ones they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from silog_scan.vision.expected.frame import framed
from silog_scan.vision.locate import are_of_one

if TYPE_CHECKING:
    from collections.abc import Iterator

    from silog_scan.vision.expected.evidence import Recognition
    from silog_scan.vision.expected.labels import ExpectedLabels
    from silog_scan.vision.frames import Grey
    from silog_scan.vision.stills import Still

_MOST_TRIED = 4
"""Places of a picture: each costs some 40 ms, 75 where 40,000 are expected."""


def recognised(grey: Grey, still: Still, expected: ExpectedLabels) -> Iterator[Recognition]:
    """Yield what is accepted of the labels that nobody read, each text once.

    Their frames are tried first, which blur spares.
    """
    places = [*framed(grey), *(code.corners for code in still.unread)]
    read = [reading.corners for reading in still.readings]
    left = [place for place in places if not any(are_of_one(place, corners) for corners in read)]
    known = {reading.text for reading in still.readings}
    for place in left[:_MOST_TRIED]:
        found = expected.recognise(grey, place)
        if found and found.is_accepted and found.text not in known:
            known.add(found.text)
            yield found
