"""The whole way from frames to codes newly shown, for a camera's frames and for a whole source."""

from __future__ import annotations

from typing import TYPE_CHECKING

from silog_scan.core.agreement import WINDOW, Agreement, Reading
from silog_scan.vision.film import FrameReader
from silog_scan.vision.sources import Source, frames
from silog_scan.vision.stills import read_still

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from silog_scan.vision.frames import Frame
    from silog_scan.vision.locate import Unread
    from silog_scan.vision.secondlook import SecondLook
    from silog_scan.vision.sources import Report


class Watch:
    """Gives each code once per appearance before the camera; a photo's codes every time."""

    def __init__(self, *, window: float = WINDOW, second: SecondLook | None = None) -> None:
        """Start with nothing seen; ``window`` is in seconds, see ``Agreement``.

        A ``second`` look helps in a thread of its own; a film on disk is read without.
        """
        self._reader = FrameReader()
        self._agreement = Agreement(window=window)
        self._second = second
        self.in_view: tuple[Reading, ...] = ()
        self.unread: tuple[Unread, ...] = ()

    def saw(self, frame: Frame) -> list[Reading]:
        """Return the codes newly shown by this frame; all that it shows are ``in_view`` then.

        ``unread`` are the codes that stayed unread.
        """
        if frame.is_still:
            still = read_still(frame.grey)
            self.in_view, self.unread = still.readings, still.unread
            return list(still.readings)
        look = self._reader.read(frame.grey)
        self.in_view = look.readings
        helped = self._helped(frame)
        if look.is_fresh:
            return helped + self._agreement.saw(look.readings, frame.at)
        self._agreement.keep(look.readings, frame.at)
        return helped

    def _helped(self, frame: Frame) -> list[Reading]:
        """Return the codes that the second look newly believes, and offer it this frame."""
        if self._second is None:
            return []
        self._second.offer(frame, self.in_view)
        found = self._second.take()
        if found is None:
            return []
        self.unread = found.unread
        return self._agreement.believe(found.readings, frame.at)


def read_source(
    source: Source | str | int | Path,
    *,
    fps: float | None = None,
    window: float = WINDOW,
    refused: Report | None = None,
) -> Iterator[tuple[Frame, Reading]]:
    """Return the codes shown in every frame of a source, each with its frame; see ``frames``."""
    watch = Watch(window=window)
    for frame in frames(source, fps=fps, refused=refused):
        for reading in watch.saw(frame):
            yield frame, reading
