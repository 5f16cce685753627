"""The server's camera as a station's eyes: frames become readings, readings become scans."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from silog_scan.core import codes
from silog_scan.core.agreement import Reading
from silog_scan.core.codes import Kind, Modifiers
from silog_scan.core.errors import Refused, Sentence, say
from silog_scan.core.stock import Condition, Task
from silog_scan.services import scanning
from silog_scan.services.actors import Actor
from silog_scan.services.scanning import Submission
from silog_scan.store.writer import Writer

if TYPE_CHECKING:
    from silog_scan.vision.cameras import Camera


_A_MOMENT = 0.1
"""Seconds between looks whether there is work yet."""


@dataclass(frozen=True, slots=True)
class Work:
    """What the camera's scans are for: who stands there, task, place and manifest."""

    actor: Actor
    task: Task
    place: str
    manifest: str | None = None


def submission_of(
    work: Work,
    reading: Reading,
    *,
    said: Modifiers,
    at: datetime,
    source: str = "camera",
    seals_required: bool = False,
) -> Submission:
    """Return one reading as a scan to record, changed by what command labels said before it."""
    scan = scanning.scan_of(
        reading.as_scanned,
        actor=work.actor,
        task=work.task,
        place=work.place,
        at=at,
        manifest=work.manifest,
        symbology=reading.symbology or None,
        source=source,
        quantity=said.quantity,
        condition=Condition.DAMAGED if said.damaged else None,
        seals_required=seals_required,
    )
    return Submission(work.actor, work.task, work.place, (scan,), at, work.manifest)


def command_of(reading: Reading) -> str | None:
    """Return the command a label gives, or None where it is no command."""
    if codes.flaw(reading.as_scanned, reading.symbology):
        return None
    identity = codes.identify(reading.as_scanned)
    return identity.code if identity.kind is Kind.COMMAND else None


@dataclass
class Watch:
    """A thread that reads the camera and records what is agreed on, while work is set.

    One that ``waits`` opens its camera only when there is work: a film plays once.
    """

    camera: "Camera"
    writer: Writer
    clock: Callable[[], datetime]
    seals_required: frozenset[Task] = frozenset()
    waits: bool = False
    work: Work | None = None
    said: Modifiers = field(default_factory=Modifiers)
    problem: Sentence | None = None
    _stop: threading.Event = field(default_factory=threading.Event)

    def start(self) -> "Watch":
        """Start the thread that looks through the camera."""
        threading.Thread(target=self._look, name="watch", daemon=True).start()
        return self

    def stop(self) -> None:
        """Let go of the camera."""
        self._stop.set()
        self.camera.stop()

    def say(self, said: Modifiers) -> None:
        """Change what the next scan will be, as a button on the screen does."""
        self.said = said

    def _look(self) -> None:
        from silog_scan.vision.watch import Watch as Eyes  # noqa: PLC0415  # cv2 takes 0.2 s

        while self.waits and self.work is None and not self._stop.wait(_A_MOMENT):
            pass
        self.camera.start()
        eyes, sequence = Eyes(), 0
        while not self._stop.is_set():
            frame = self.camera.next(sequence)
            if frame is None:
                continue
            sequence = frame.sequence
            for reading in eyes.saw(frame):
                self._take(reading)

    def _take(self, reading: Reading) -> None:
        """Record a reading, or hear a command; a failure is shown and the station lives on."""
        command = command_of(reading)
        if command is not None:
            self.said = self.said.after(command)
        elif self.work is not None:
            self._record(self.work, reading)

    def _record(self, work: Work, reading: Reading) -> None:
        try:
            submission = submission_of(
                work,
                reading,
                said=self.said,
                at=self.clock(),
                seals_required=work.task in self.seals_required,
            )
            answers = self.writer.together(scanning.record, submission)
        except Exception:  # noqa: BLE001  # the thread must outlive a database that fails
            self.problem = say("The last scan was not recorded. Scan it again.")
            return
        answer = answers if isinstance(answers, Refused) else answers[0]
        if isinstance(answer, Refused):
            self.problem = answer.sentence
            return
        self.problem, self.said = None, Modifiers()
