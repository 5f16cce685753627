"""Work on an uploaded file that takes a while: in a thread of its own, told in a file beside it.

Any of the station's processes may ask how far it is, or stop it. Work that tells nothing for some
seconds was interrupted.
"""

import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from silog_scan.core.errors import Refused, Sentence, say

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


ENDED = (Phase.CHECKED, Phase.STORED, Phase.FAILED, Phase.STOPPED)


@dataclass(frozen=True, slots=True)
class State:
    """How far the work is: ``part`` of 1, ``rows`` so far, ``since`` and ``at`` as Unix seconds."""

    phase: Phase
    rows: int = 0
    part: float = 0.0
    since: float = 0.0
    at: float = 0.0
    code: str = ""
    told: str = ""
    values: dict[str, Any] | None = None

    @property
    def seconds_left(self) -> float | None:
        """Return how long it will take at this pace, or None before one can say."""
        passed = self.at - self.since
        if passed < 1 or self.part <= 0:
            return None
        return passed / self.part * (1 - self.part)

    @property
    def sentence(self) -> Sentence:
        """Return why the work failed."""
        return Sentence(self.told, self.values or {})


class Stopped(Refused):
    """Somebody stopped the work."""


class Job:
    """The work on one file."""

    def __init__(self, folder: Path) -> None:
        """Look at the work in a folder."""
        self._state, self._stop = folder / "state.json", folder / "stop"
        self._told = 0.0
        self._now = State(Phase.READING)

    def state(self) -> State | None:
        """Return how far it is, or None where none was begun."""
        try:
            content = json.loads(self._state.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            return None
        found = State(**content | {"phase": Phase(content["phase"])})
        if found.phase not in ENDED and time.time() - found.at > _SILENT:
            return replace(
                found, phase=Phase.FAILED, code="interrupted", told=_INTERRUPTED.template
            )
        return found

    def stop(self) -> None:
        """Ask the work to stop; it does before it takes its next step."""
        self._stop.touch()

    def begin(self, phase: Phase, end: Phase, work: Callable[[], object]) -> threading.Thread:
        """Do the work in a thread; what it refuses, or breaks it, is told."""
        self._stop.unlink(missing_ok=True)
        self._tell(State(phase, since=time.time()))
        thread = threading.Thread(target=self._do, args=(end, work), name="import", daemon=True)
        thread.start()
        return thread

    def went(self, rows: int, part: float) -> None:
        """Tell how far it is; raise Stopped where somebody asked for it."""
        if self._stop.exists():
            raise Stopped("stopped", say("The import was stopped. Nothing was stored."))
        if time.monotonic() - self._told > _EVERY:
            self._told = time.monotonic()
            self._tell(replace(self._now, rows=rows, part=min(1.0, part)))

    def _do(self, end: Phase, work: Callable[[], object]) -> None:
        try:
            work()
        except Stopped:
            self._tell(replace(self._now, phase=Phase.STOPPED))
        except Refused as refusal:
            told = refusal.sentence
            self._tell(
                replace(
                    self._now, phase=Phase.FAILED, code=refusal.code, told=told.template,
                    values={name: str(value) for name, value in told.values.items()},
                )
            )  # fmt: skip
        except BaseException:  # noqa: BLE001  # whoever asks for the file hears of it
            _log.exception("an import broke")
            self._tell(replace(self._now, phase=Phase.FAILED, code="broken", told=_BROKEN.template))
        else:
            self._tell(replace(self._now, phase=end, part=1.0))

    def _tell(self, state: State) -> None:
        self._now = replace(state, at=time.time())
        partial = self._state.with_suffix(".partial")
        partial.write_text(json.dumps(asdict(self._now)))
        partial.replace(self._state)


_INTERRUPTED = say("The import was interrupted. Nothing was stored; choose the file again.")
_BROKEN = say("Something went wrong in the program, and nothing was stored. Its log says more.")
