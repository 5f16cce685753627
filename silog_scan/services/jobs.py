"""Work on an uploaded file that may take a while: in a thread of its own, told in a file beside it.

Any of the station's processes may ask how far it is, or stop it. Work that tells nothing for some
time was interrupted.
"""

import json
import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from silog_scan.core.errors import Refused, Sentence, say

T = TypeVar("T")

_log = logging.getLogger("silog_scan.imports")
_EVERY = 0.2
"""Seconds between what is told."""
_SILENT = 120.0
"""Seconds of silence after which nobody works any more."""


class Phase(StrEnum):
    """Where the work on a file stands."""

    READING = "reading"
    CHECKED = "checked"
    STORING = "storing"
    STORED = "stored"
    FAILED = "failed"
    STOPPED = "stopped"


_GOING_ON = (Phase.READING, Phase.STORING)


@dataclass(frozen=True, slots=True)
class State:
    """How far the work is: ``part`` of 1, ``rows`` so far, ``since`` and ``at`` as Unix seconds.

    ``result`` is what the work returned, ``told`` why it failed, both as JSON can hold them.
    """

    phase: Phase
    rows: int = 0
    part: float = 0.0
    since: float = 0.0
    at: float = 0.0
    result: Any = None
    told: dict[str, Any] | None = None

    @property
    def seconds_left(self) -> float | None:
        """Return how long it will take at this pace, or None before one can say."""
        passed = self.at - self.since
        if passed < 1 or self.part <= 0:
            return None
        return passed / self.part * (1 - self.part)

    @property
    def sentence(self) -> Sentence | None:
        """Return why the work failed."""
        return Sentence.from_json(self.told) if self.told else None


class Stopped(Refused):
    """Somebody stopped the work."""


class Job:
    """The work on one file."""

    def __init__(self, folder: Path) -> None:
        """Look at the work in a folder."""
        self._file, self._stop = folder / "state.json", folder / "stop"
        self._told = 0.0
        self._now = State(Phase.READING)

    def state(self) -> State | None:
        """Return how far it is, or None where none was begun."""
        try:
            content = json.loads(self._file.read_text())
        except FileNotFoundError:
            return None
        found = State(**content | {"phase": Phase(content["phase"])})
        if found.phase in _GOING_ON and time.time() - found.at > _SILENT:
            return replace(found, phase=Phase.FAILED, told=_INTERRUPTED.as_json())
        return found

    def stop(self) -> None:
        """Ask the work to stop; it does before it takes its next step."""
        self._stop.touch()

    def begin(self, phase: Phase, end: Phase, work: Callable[[], T]) -> "Future[T]":
        """Do the work in a thread; what it returns or raises is told, too."""
        self._stop.unlink(missing_ok=True)
        self._tell(State(phase, since=time.time()))
        answer: Future[T] = Future()
        thread = threading.Thread(
            target=self._do, args=(work, end, answer), name="import", daemon=True
        )
        thread.start()
        return answer

    def went(self, rows: int, part: float) -> None:
        """Tell how far it is; raise Stopped where somebody asked for it."""
        if self._stop.exists():
            raise Stopped("stopped", say("The import was stopped. Nothing was stored."))
        if time.monotonic() - self._told > _EVERY:
            self._told = time.monotonic()
            self._tell(replace(self._now, rows=rows, part=min(1.0, part)))

    def _do(self, work: Callable[[], T], end: Phase, answer: "Future[T]") -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  # whoever asks for the answer hears of it
            self._fail(error)
            answer.set_exception(error)
        else:
            self._tell(replace(self._now, phase=end, part=1.0, result=result))
            answer.set_result(result)

    def _fail(self, error: BaseException) -> None:
        phase = Phase.STOPPED if isinstance(error, Stopped) else Phase.FAILED
        if isinstance(error, Refused):
            told = error.sentence
        else:
            _log.error("an import broke", exc_info=error)
            told = _BROKEN
        self._tell(replace(self._now, phase=phase, told=told.as_json()))

    def _tell(self, state: State) -> None:
        self._now = replace(state, at=time.time())
        partial = self._file.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(self._now)))
        partial.replace(self._file)


_INTERRUPTED = say("The import was interrupted. Nothing was stored; choose the file again.")
_BROKEN = say("Something went wrong in the program, and nothing was stored. Its log says more.")
