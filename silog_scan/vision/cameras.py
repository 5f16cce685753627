"""One camera for the whole process: a thread that reads, and the latest frame for all who ask."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import closing
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Self

from silog_scan.core.errors import Refused, Sentence, say
from silog_scan.vision.frames import Frame, preview
from silog_scan.vision.sources import Source, frames, parse

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

    from silog_scan.vision.sources import Opener

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 10.0
"""Seconds before a camera is tried again, doubled at every try."""

SILENCE = 5.0
"""Seconds without a frame after which a live camera counts as lost: drivers hang without a word."""

_log = logging.getLogger(__name__)


class State(StrEnum):
    """What a camera is doing."""

    STARTING = "starting"
    LIVE = "live"
    ABSENT = "absent"
    BUSY = "busy"
    LOST = "lost"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Status:
    """A state, and the sentence that says what to do about it."""

    state: State
    sentence: Sentence


@dataclass(frozen=True, slots=True)
class Preview:
    """A small JPEG of one frame."""

    sequence: int
    at: float
    data: bytes


_STARTING = Status(State.STARTING, say("The camera is starting."))
_LIVE = Status(State.LIVE, say("The camera is on."))
_ENDED = Status(State.ENDED, say("The film or the last picture was shown."))
_LOST = Status(
    State.LOST,
    say("The camera stopped sending pictures. Check its plug; it starts again by itself."),
)


def _pass_over(path: Path, refusal: Refused) -> None:
    _log.warning("%s is not shown: %s", path, refusal)


class Camera:
    """Reads a source in a daemon thread and keeps only its latest frame.

    Who is slow misses frames and holds up nobody. A film is played once, at its own pace. What is
    absent, busy or lost is tried again until ``stop``. Frames carry ``time.monotonic``.
    """

    def __init__(
        self,
        source: Source | str | int | Path,
        *,
        fps: float | None = None,
        opener: Opener | None = None,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        """Open nothing yet; ``fps`` overrides a film's pace, ``opener`` replaces OpenCV."""
        self.source = source if isinstance(source, Source) else parse(source)
        self._fps, self._opener, self._first_pause = fps, opener, first_pause
        self._news = threading.Condition()
        self._stopped = threading.Event()
        self._status = _STARTING
        self._frame: Frame | None = None
        self._encoding = threading.Lock()
        self._previews: dict[tuple[int, int], Preview] = {}
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)

    def start(self) -> Self:
        """Start reading; a camera is started once."""
        self._thread.start()
        return self

    def stop(self, timeout: float = 3.0) -> None:
        """Stop reading, and give the device back within ``timeout`` seconds if its driver does."""
        self._stopped.set()
        with self._news:
            self._news.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *exception: object) -> None:
        self.stop()

    @property
    def status(self) -> Status:
        """Return what the camera is doing now."""
        with self._news:
            status, frame = self._status, self._frame
        is_live = status.state is State.LIVE and self.source.is_live
        if is_live and frame and time.monotonic() - frame.at > SILENCE:
            return _LOST
        return status

    def next(self, after: int = 0, timeout: float = 2.0) -> Frame | None:
        """Return the latest frame above number ``after``, waiting for it; None if none came."""
        with self._news:
            self._news.wait_for(lambda: self._has_newer(after) or self._is_over(), timeout)
            return self._frame if self._has_newer(after) else None

    def jpeg(
        self, after: int = 0, *, width: int = 640, quality: int = 70, timeout: float = 2.0
    ) -> Preview | None:
        """Return the latest frame as ``next`` does, as a JPEG that all who ask share."""
        frame = self.next(after, timeout)
        if frame is None:
            return None
        with self._encoding:
            known = self._previews.get((width, quality))
            if known is None or known.sequence < frame.sequence:
                data = preview(frame.shown, width=width, quality=quality)
                known = Preview(frame.sequence, frame.at, data)
                self._previews[width, quality] = known
            return known

    def _has_newer(self, after: int) -> bool:
        return self._frame is not None and self._frame.sequence > after

    def _is_over(self) -> bool:
        return self._stopped.is_set() or self._status.state is State.ENDED

    def _run(self) -> None:
        pause = self._first_pause
        while not self._stopped.is_set():
            state = self._play()
            if state is State.ENDED:
                return
            pause = self._first_pause if state is State.LOST else min(2 * pause, LONGEST_PAUSE)
            self._stopped.wait(pause)

    def _play(self) -> State:
        """Read the source to its end, and return what became of it."""
        try:
            with closing(self._open()) as feed:
                self._publish(feed)
        except Refused as refusal:
            state = State.BUSY if refusal.code == "camera-busy" else State.ABSENT
            return self._tell(Status(state, refusal.sentence))
        except Exception:  # noqa: BLE001  # whatever a driver throws, the thread must live on
            _log.exception("camera %s failed", self.source)
            return self._tell(_LOST)
        return self._tell(_LOST if self.source.is_live else _ENDED)

    def _open(self) -> Generator[Frame]:
        return frames(self.source, fps=self._fps, opener=self._opener, refused=_pass_over)

    def _publish(self, feed: Generator[Frame]) -> None:
        start = time.monotonic()
        for frame in feed:
            if not self.source.is_live:
                self._stopped.wait(max(0.0, start + frame.at - time.monotonic()))
            if self._stopped.is_set():
                return
            with self._news:
                number = self._frame.sequence + 1 if self._frame else 1
                self._frame = replace(frame, sequence=number, at=time.monotonic())
                self._status = _LIVE
                self._news.notify_all()

    def _tell(self, status: Status) -> State:
        with self._news:
            self._status = status
            self._news.notify_all()
        return status.state
