"""The server's camera as a station's eyes: frames become readings, readings become scans."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, TypeAlias

from silog_scan.core import codes
from silog_scan.core.agreement import WINDOW, Reading
from silog_scan.core.codes import Identity, Kind, Modifiers
from silog_scan.core.custody import Outcome, Severity
from silog_scan.core.errors import Refused, Sentence, say
from silog_scan.core.stock import Condition, Task
from silog_scan.services import scanning
from silog_scan.services.actors import Actor
from silog_scan.services.scanning import Result, Submission
from silog_scan.store.writer import Writer

if TYPE_CHECKING:
    from silog_scan.services.recognising import Suggestion
    from silog_scan.vision.cameras import Camera
    from silog_scan.vision.frames import Frame, Grey
    from silog_scan.vision.locate import Unread
    from silog_scan.vision.stills import Still


_A_MOMENT = 0.1
"""Seconds between looks whether there is work yet."""
_LEFT_AFTER = 90.0
"""Seconds after the last word of a page; browsers let one in the background speak once a minute."""
_SHOWN_FOR = 0.25
"""Seconds a code is drawn after it was seen last: every look at a frame misses some."""
_MOST_DRAWN = 48
_SWITCHES = frozenset({Kind.PLACE, Kind.TASK})

Recognise: TypeAlias = "Callable[[Grey, Still, Work], Iterable[Suggestion]]"
"""Says what the labels are that a picture shows and nobody can read."""


@dataclass(frozen=True, slots=True)
class Work:
    """What the camera's scans are for: who stands there, task, place and manifest, since when."""

    actor: Actor
    task: Task
    place: str
    manifest: str | None = None
    begun: float = 0.0


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
    identity = _identity(reading)
    return identity.code if identity and identity.kind is Kind.COMMAND else None


def _identity(reading: Reading) -> Identity | None:
    if codes.flaw(reading.as_scanned, reading.symbology):
        return None
    return codes.identify(reading.as_scanned)


@dataclass(frozen=True, slots=True)
class Heard:
    """A card of a place, task, manifest or person, which the person's page acts upon; numbered."""

    number: int
    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """A code in the picture: where it was seen last, and what its scan was answered, if it was.

    ``place`` is where it belongs when it came to the wrong one.
    """

    text: str
    corners: tuple[tuple[int, int], ...]
    seen_at: float
    severity: Severity | None = None
    place: str | None = None


@dataclass
class View:
    """The codes in view of a camera: where they are, and how they were answered.

    ``unread`` are those that stayed in place and that no engine reads, each with what would help;
    ``suggestions`` is what they probably are.
    """

    size: tuple[int, int] = (0, 0)
    unread: tuple["Unread", ...] = ()
    suggestions: tuple["Suggestion", ...] = ()
    _codes: dict[str, Code] = field(default_factory=dict)

    def saw(self, readings: Iterable[Reading], at: float) -> None:
        """Note where codes are; forget what went out of view."""
        codes = {text: code for text, code in self._codes.items() if at - code.seen_at <= WINDOW}
        for reading in readings:
            known = codes.get(reading.text) or Code(reading.text, reading.corners, at)
            codes[reading.text] = replace(known, corners=reading.corners, seen_at=at)
        self._codes = codes  # at once: pages read it from other threads

    def answered(self, text: str, result: Result) -> None:
        """Note what the scan of a code in view was answered."""
        is_astray = result.outcome is Outcome.WRONG_DESTINATION
        place = str(result.sentence.values["place"]) if is_astray else None
        code = self._codes.get(text)
        if code:
            answered = replace(code, severity=result.severity, place=place)
            self._codes = {**self._codes, text: answered}

    def codes(self, at: float) -> list[Code]:
        """Return the codes to draw, the latest answers included."""
        shown = [code for code in self._codes.values() if at - code.seen_at <= _SHOWN_FOR]
        return shown[:_MOST_DRAWN]


@dataclass
class Watch:
    """A thread that reads the camera and records what is agreed on, while somebody attends to it.

    One that ``waits`` opens its camera only when there is work: a film plays once. Scans of
    ``switches``, the manifests waited for, change the work, as cards of places and tasks do. A
    code is taken again when it was out of view for ``reread`` seconds. What ``recognise`` makes of
    labels that stay unread is only suggested.
    """

    camera: "Camera"
    writer: Writer
    clock: Callable[[], datetime]
    seals_required: frozenset[Task] = frozenset()
    waits: bool = False
    reread: float = WINDOW
    work: Work | None = None
    said: Modifiers = field(default_factory=Modifiers)
    heard: Heard | None = None
    switches: frozenset[str] = frozenset()
    problem: Sentence | None = None
    recognise: "Recognise | None" = None
    view: View = field(default_factory=View)
    tick: Callable[[], float] = time.monotonic
    _attended: float = 0.0
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))
    _stop: threading.Event = field(default_factory=threading.Event)

    def start(self) -> "Watch":
        """Start the thread that looks through the camera."""
        threading.Thread(target=self._look, name="watch", daemon=True).start()
        return self

    def stop(self) -> None:
        """Let go of the camera."""
        self._stop.set()
        self.camera.stop()

    def attend(self, work: Work) -> bool:
        """Record for this work while its page keeps saying so; say whether the camera does.

        Who came first keeps the camera until the page is silent; the same person's newest work
        wins, so that the last words of an old page do not bring its work back.
        """
        held = self.work_under_way()
        is_newer = held is not None and held.actor == work.actor and held.begun <= work.begun
        if held is not None and held != work and not is_newer:
            return False
        self.work, self._attended = work, self.tick()
        return True

    def begin_anew(self, switches: Iterable[str]) -> None:
        """Know the manifests waited for, and forget a card that was shown before this page came."""
        self.switches, self.heard = frozenset(switches), None

    def work_under_way(self) -> Work | None:
        """Return the work that is recorded for: nobody's, once its page is gone."""
        is_attended = self.tick() - self._attended <= _LEFT_AFTER
        return self.work if is_attended else None

    def say(self, said: Modifiers) -> None:
        """Change what the next scan will be, as a button on the screen does."""
        self.said = said

    def codes(self) -> list[Code]:
        """Return the codes in view now."""
        return self.view.codes(self.tick())

    def _look(self) -> None:
        from silog_scan.vision.secondlook import SecondLook  # noqa: PLC0415
        from silog_scan.vision.watch import Watch as Eyes  # noqa: PLC0415  # cv2 takes 0.2 s

        while self.waits and self.work is None and not self._stop.wait(_A_MOMENT):
            pass
        self.camera.start()
        second = SecondLook(self._look_longer)
        eyes, sequence = Eyes(window=self.reread, second=second), 0
        while not self._stop.is_set():
            frame = self.camera.next(sequence)
            if frame is None:
                continue
            sequence = frame.sequence
            fresh = eyes.saw(frame)
            self._note(frame, eyes.in_view)
            self.view.unread = eyes.unread
            for reading in fresh:
                self._take(reading)
        second.stop()

    def _look_longer(self, grey: "Grey", *, patience: float) -> "Still":
        """Return what a longer look reads, and note what it only recognises."""
        from silog_scan.vision.stills import read_still  # noqa: PLC0415

        still, work = read_still(grey, patience=patience), self.work_under_way()
        found = self.recognise(grey, still, work) if work and self.recognise else ()
        self.view.suggestions = tuple(found)
        return still

    def _note(self, frame: "Frame", readings: Iterable[Reading]) -> None:
        height, width = frame.grey.shape
        self.view.size = width, height
        self.view.saw(readings, self.tick())

    def _take(self, reading: Reading) -> None:
        """Record a reading, or hear a command; a failure is shown and the station lives on."""
        command = command_of(reading)
        work = self.work_under_way()
        if command is not None:
            self.said = self.said.after(command)
        elif work is not None and self._is_switch(reading):
            self.heard = Heard(next(self._numbers), reading.text)
        elif work is not None:
            self._record(work, reading)

    def _is_switch(self, reading: Reading) -> bool:
        identity = _identity(reading)
        is_card = identity is not None and identity.kind in _SWITCHES
        is_person = codes.is_badge(reading.text)  # whose secret goes no further than that page
        return is_card or is_person or reading.text.strip() in self.switches

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
        self.view.answered(reading.text, answer)
