"""Accept scans: gather what is known, decide, append the event, apply its effects; and undo one."""

import logging
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from silog_scan.core import codes
from silog_scan.core.custody import OFFERED, Decision, Outcome, Recognised, Scan, Severity, decide
from silog_scan.core.errors import Conflict, Malformed, NotFound, NotYours, Refused, Sentence, say
from silog_scan.core.events import Event, moment, timestamp
from silog_scan.core.ids import uuid7
from silog_scan.core.stock import Act, Condition, Effect, Situation, Standing, Task
from silog_scan.services.actors import Actor
from silog_scan.store import projections, queries
from silog_scan.store.fillable import Leg, Need
from silog_scan.store.ledger import Ledger
from silog_scan.store.memory import memory_of
from silog_scan.store.situations import Wanted, load, save
from silog_scan.store.tables import StationRow
from silog_scan.store.writer import Writer

_log = logging.getLogger(__name__)
UNDO_WITHIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Counts:
    """How far the manifest is: packages, or units of the item for a bulk scan."""

    expected: int = 0
    counted: int = 0

    @property
    def remaining(self) -> int:
        """Return what is still expected, never below zero."""
        return max(self.expected - self.counted, 0)

    def as_json(self) -> dict[str, int]:
        """Return the contract's object."""
        return {
            "expected": self.expected,
            "counted": self.counted,
            "remaining": self.remaining,
        }


@dataclass(frozen=True, slots=True)
class Result:
    """The answer to a scan; the same for a repetition of its id."""

    id: str
    outcome: Outcome
    sentence: Sentence
    counts: Counts
    event: Event
    package: str | None = None
    manifest: str | None = None

    @property
    def severity(self) -> Severity:
        """Return how loud it is."""
        return self.outcome.severity

    def as_json(self, translate: Callable[[str], str]) -> dict[str, Any]:
        """Return the contract's object, its message in the reader's language."""
        content = {
            "id": self.id,
            "outcome": self.outcome.value,
            "severity": self.severity.value,
            "message": self.sentence.in_words(translate),
            "package": self.package,
            "manifest": self.manifest,
            "counts": self.counts.as_json(),
            "event": event_json(self.event),
        }
        return {name: value for name, value in content.items() if value is not None}


def event_json(event: Event) -> dict[str, Any]:
    """Return where an event stands, as the contract has it."""
    return {"station": event.station, "sequence": event.sequence, "digest": event.digest}


@dataclass(frozen=True, slots=True)
class Submission:
    """Scans handed in together by one actor at the server's time ``at``.

    ``unsent`` is how many more scans the device says it still holds.
    """

    actor: Actor
    task: Task
    place: str
    scans: tuple[Scan, ...]
    at: datetime
    manifest: str | None = None
    unsent: int | None = None


Answer = Result | Refused
"""A refusal stands for a scan whose id was used for another one."""


@dataclass(slots=True)
class _Batch:
    """One transaction's work: what is known, what was appended, what earlier scans answered."""

    session: Session
    ledger: Ledger
    known: Situation
    earlier: dict[str, Event] = field(default_factory=dict)

    def is_repetition(self, submission: Submission) -> bool:
        """Say whether all of it was recorded before: it may come late, and speak of the past."""
        return all(scan.id in self.earlier for scan in submission.scans)


def record(session: Session, submissions: Sequence[Submission]) -> list[list[Answer] | Refused]:
    """Record the scans of several submissions in one transaction; refuse one as a whole in words.

    Every scan is recorded, whatever its outcome; a repeated id with the same text and task gets
    its first answer again and records nothing.
    """
    ledger = Ledger(session, max(submission.at for submission in submissions))
    memory = memory_of(session)
    memory.recall(ledger.newest)
    known = load(session, _wanted(submissions), memory)
    checked = [_problem(known, submission) for submission in submissions]
    sound = [s for s, problem in zip(submissions, checked, strict=True) if problem is None]
    ids = [scan.id for submission in sound for scan in submission.scans]
    batch = _Batch(session, ledger, known, queries.events_of_scans(session, ids))
    _note_unsent(session, [s for s in submissions if not batch.is_repetition(s)])
    answers: list[list[Answer] | Refused] = []
    for submission, problem in zip(submissions, checked, strict=True):
        answers.append(problem or [_answer(batch, submission, s) for s in submission.scans])
    save(session, known)
    projections.record(session, ledger.flush())
    memory.leave(ledger.newest)
    return answers


def submit(writer: Writer, submission: Submission) -> list[Answer] | Refused:
    """Record a submission through the writer; a scan that fails takes no other one with it.

    A database that cannot be reached is nobody's fault: nothing is recorded, all is tried again.
    """
    try:
        return writer.together(record, submission)
    except (Refused, DBAPIError):
        raise
    except Exception:  # noqa: BLE001  # whatever it is, the others must go on
        _log.exception("a submission of %s failed; its scans go alone", submission.actor.station)
    return [_alone(writer, replace(submission, scans=(scan,))) for scan in submission.scans]


def _alone(writer: Writer, submission: Submission) -> Answer:
    try:
        answers = writer.together(record, submission)
    except (Refused, DBAPIError):
        raise
    except Exception:  # noqa: BLE001  # whatever it is, the next scans must go on
        _log.exception("a scan of %s failed", submission.actor.station)
        told = say("This scan could not be recorded. Set the package apart and call for help.")
        return Refused("scan-failed", told)
    return answers if isinstance(answers, Refused) else answers[0]


def _note_unsent(session: Session, submissions: Sequence[Submission]) -> None:
    """Remember what devices still hold, refused ones too: it blocks the closing of a manifest."""
    for submission in submissions:
        actor = submission.actor
        if submission.unsent is not None and (actor.device or actor.enrolled):
            session.execute(
                update(StationRow)
                .where(StationRow.name == submission.actor.station)
                .values(unsent=submission.unsent, seen_at=submission.at)
            )


def _problem(known: Situation, submission: Submission) -> Refused | None:
    """Return why the submission is refused as a whole, with nothing recorded."""
    try:
        submission.actor.must_record()
        submission.actor.must_hold(submission.place)
        submission.actor.must_do(submission.task)
        if submission.task not in OFFERED:
            raise Malformed(
                "task-not-offered",
                say(
                    "This station does not offer the task %(task)s. Choose one of %(tasks)s.",
                    task=submission.task.value,
                    tasks=", ".join(OFFERED),
                ),
            )
        if submission.place not in known.names:
            raise queries.unknown_place(submission.place)
        if submission.manifest:
            _must_concern(known, submission.actor, submission.manifest)
    except Refused as refusal:
        return refusal
    return None


def _must_concern(known: Situation, actor: Actor, number: str) -> None:
    """Refuse a manifest between other places as one that is not there."""
    found = known.manifests.get(number)
    if found is None or not actor.may_see_hop(found.origin, found.receiver):
        raise queries.unknown_manifest(number)


def _wanted(submissions: Sequence[Submission]) -> Wanted:
    wanted = Wanted()
    for submission in submissions:
        leg = Leg(submission.place, submission.task, submission.manifest)
        need = wanted.legs.setdefault(leg, Need())
        if submission.manifest:
            wanted.manifests.add(submission.manifest)
        if submission.task is Task.DISPATCH:
            wanted.stock_at.add(submission.place)
        for scan in submission.scans:
            if not codes.flaw(scan.text, scan.symbology):
                identity = codes.identify(scan.text)
                wanted.codes |= {identity.code, scan.text.strip()}
                need.lines += scan.quantity or 1
                need.destinations.add(scan.destination)
                if identity.item:
                    wanted.guesses[identity.code] = identity.item
                wanted.named |= {scan.destination} if scan.destination else set()
    return wanted


def _answer(batch: _Batch, submission: Submission, scan: Scan) -> Answer:
    first = batch.earlier.get(scan.id)
    if first is not None:
        if first.body["text"] == kept(scan.text) and first.body["task"] == scan.task.value:
            return _first_result(first)
        return _refuse_reused_id(batch, submission, scan)
    scan = _without_secrets(scan)
    decision = decide(scan, batch.known)
    event, counts = _append(batch, submission, scan, decision)
    batch.earlier[scan.id] = event
    return Result(
        scan.id,
        decision.outcome,
        decision.sentence,
        counts,
        event,
        package=decision.package,
        manifest=decision.manifest or submission.manifest,
    )


def _without_secrets(scan: Scan) -> Scan:
    """Return the scan without a person's card where a seal or a parent should be."""
    if not any(map(codes.is_badge, (*scan.seals, scan.parent or "", scan.destination or ""))):
        return scan
    return replace(
        scan,
        seals=tuple(map(kept, scan.seals)),
        parent=kept(scan.parent) if scan.parent else None,
        destination=kept(scan.destination) if scan.destination else None,
    )


def _append(
    batch: _Batch, submission: Submission, scan: Scan, decision: Decision
) -> tuple[Event, Counts]:
    """Apply the effects, so that the answer counts this scan, and append the event that says so."""
    station = submission.actor.station
    sequence = batch.ledger.next_sequence(station)
    act = Act(
        scan.id,
        station,
        sequence,
        scan.place,
        timestamp(batch.ledger.at),
        submission.actor.user,
    )
    batch.known.apply(decision.effects, act)
    counts = _counts(batch.known, scan, decision)
    body = _body(scan, decision, counts, submission.actor)
    return batch.ledger.append(station, "scan", id=scan.id, body=body), counts


def _counts(known: Situation, scan: Scan, decision: Decision) -> Counts:
    number = scan.manifest or decision.manifest
    if number is None:
        return Counts()
    cells = known.progress[number, scan.task.answers_as]
    if decision.item and not decision.package:
        cell = cells[decision.item]
        return Counts(cell.units, cell.counted.units)
    packages = sum(cell.packages for cell in cells.values())
    return Counts(packages, sum(cell.counted.packages for cell in cells.values()))


def kept(text: str) -> str:
    """Return a text as the log can hold it: a lone surrogate is no character, and no UTF-8.

    Of a person's card only what it is: its secret must stand in no log.
    """
    if codes.is_badge(text):
        return codes.BADGE
    shortened = text[: codes.MAX_TEXT]
    return shortened.encode("utf-8", "backslashreplace").decode().replace("\x00", "\\x00")


def _body(scan: Scan, decision: Decision, counts: Counts, actor: Actor) -> dict[str, Any]:
    values = {
        "task": scan.task.value,
        "place": scan.place,
        "manifest": scan.manifest,
        "text": kept(scan.text),
        "symbology": scan.symbology,
        "source": scan.source,
        "scanned_at": timestamp(scan.scanned_at),
        "quantity": scan.quantity,
        "condition": scan.condition.value if scan.condition else None,
        "seals": list(scan.seals) or None,
        "parent": scan.parent,
        "destination": scan.destination,
        "counter": scan.counter,
        **_recognised(scan.recognised),
        "user": actor.user,
        "outcome": decision.outcome.value,
        "package": decision.package,
        "item": decision.item,
        "decided_on": decision.manifest,
        "discrepancy": decision.discrepancy,
        "counts": counts.as_json(),
        "sentence": decision.sentence.template,
        "values": _plain(decision.sentence) or None,
        "effects": [effect.as_json() for effect in decision.effects] or None,
    }
    return {name: value for name, value in values.items() if value is not None}


def _recognised(recognised: Recognised | None) -> dict[str, Any]:
    """Return how the text came about where no engine read it."""
    if recognised is None:
        return {}
    return {
        "read_by": "expected",
        "evidence": dict(recognised.evidence),
        "picture": recognised.picture,
    }


def _plain(sentence: Sentence) -> dict[str, Any]:
    return {
        name: {"sentence": value.template, "values": _plain(value)}
        if isinstance(value, Sentence)
        else value
        for name, value in sentence.values.items()
    }


def sentence_of(body: Any) -> Sentence:  # noqa: ANN401  # JSON of an event
    """Return the sentence an event's body holds."""
    values = {
        name: sentence_of(value) if isinstance(value, dict) else value
        for name, value in body.get("values", {}).items()
    }
    return Sentence(body["sentence"], values)


def _first_result(event: Event) -> Result:
    body = event.body
    return Result(
        event.id,
        Outcome(body["outcome"]),
        sentence_of(body),
        Counts(body["counts"]["expected"], body["counts"]["counted"]),
        event,
        package=body.get("package"),
        manifest=body.get("decided_on") or body.get("manifest"),
    )


def _refuse_reused_id(batch: _Batch, submission: Submission, scan: Scan) -> Refused:
    """Record that an id came again with other content; the first scan stands."""
    body = {
        "scan": scan.id,
        "code": "id-reused",
        "text": kept(scan.text),
        "task": scan.task.value,
        "place": scan.place,
        "scanned_at": timestamp(scan.scanned_at),
    }
    if submission.actor.user:
        body["user"] = submission.actor.user
    batch.ledger.append(
        submission.actor.station, "scan-refused", id=str(uuid7(batch.ledger.at)), body=body
    )
    return Conflict(
        "id-reused",
        say("This scan's id was used for another scan. Scan the label again for a new id."),
    )


# Undo.


@dataclass(frozen=True, slots=True)
class Undone:
    """The answer to an undo; the same when it is asked again."""

    id: str
    event: Event


def undo(
    session: Session,
    actor: Actor,
    scan_id: str,
    *,
    reason: str,
    at: datetime,
    child: str | None = None,
) -> Undone:
    """Take back a scan's effects by an event of its own; the scan's event stays.

    ``child`` takes only that package out of a scan that received a parent with its children.
    """
    actor.must_record()
    event = queries.events_of_scans(session, [scan_id]).get(scan_id)
    if event is None or not actor.may_see(event.body["place"]):
        raise NotFound("unknown-scan", say("There is no scan with this id here."))
    actor.must_do(Task(event.body["task"]))
    if not reason.strip():
        raise Malformed("reason-missing", say("Say why the scan is taken back."))
    before = queries.undo_of(session, event, child)
    if before:
        return Undone(scan_id, before)
    _must_be_allowed(actor, event, at)
    return Undone(scan_id, _take_back(session, actor, event, reason=reason, at=at, child=child))


def _must_be_allowed(actor: Actor, event: Event, at: datetime) -> None:
    own = event.station == actor.station and at - moment(event.at) <= UNDO_WITHIN
    if not (own or actor.may_decide):
        raise NotYours(
            "undo-not-allowed",
            say(
                "Only this station's scans of the last 15 minutes can be taken back here. "
                "Ask a supervisor."
            ),
        )


def _take_back(
    session: Session, actor: Actor, event: Event, *, reason: str, at: datetime, child: str | None
) -> Event:
    effects = [
        effect
        for effect in projections.effects_of(event)
        if child in (None, effect.package)
        and not queries.is_taken_out(session, event, effect.package)
    ]
    if child and not effects:
        raise NotFound("not-in-scan", say("%(code)s did not come with this scan.", code=child))
    taken_back = [effect.undone(_before(session, event, effect)) for effect in effects]
    _must_still_lie_there(session, effects)
    book = Ledger(session, at)
    body = _undo_body(actor, event, reason, child=child)
    body["effects"] = [effect.as_json() for effect in taken_back]
    known = load(
        session,
        Wanted(
            codes={e.package for e in effects if e.package},
            lines={(e.manifest, e.line) for e in effects if e.manifest and e.line is not None},
        ),
    )
    undone = book.append(actor.station, "undo", id=str(uuid7(at)), body=body)
    known.apply(taken_back, projections.act_of(undone))
    save(session, known)
    projections.record(session, book.flush())
    return undone


def _undo_body(actor: Actor, event: Event, reason: str, *, child: str | None) -> dict[str, Any]:
    values = {
        "scan": event.id,
        "station": event.station,
        "sequence": event.sequence,
        "task": event.body["task"],
        "place": event.body["place"],
        "manifest": event.body.get("manifest"),
        "package": child or event.body.get("package"),
        "child": child,
        "reason": reason.strip(),
        "user": actor.user,
    }
    return {name: value for name, value in values.items() if value is not None}


def _must_still_lie_there(session: Session, effects: Iterable[Effect]) -> None:
    """Refuse to take back what left since, loose or out of its package; one scan may fill lines."""
    put: Counter[tuple[str, str, Condition]] = Counter()
    for effect in effects:
        if effect.item and effect.to:
            put[effect.to, effect.item, effect.condition] += effect.quantity
    for (place, item, condition), quantity in put.items():
        if queries.held(session, place, item, condition) < quantity:
            raise _not_last(item)


def _before(session: Session, event: Event, effect: Effect) -> Standing:
    """Return how the package stood before, or refuse: something later built on this scan."""
    if effect.package is None:
        return Standing()
    newest, before = queries.last_standings(session, effect.package)
    if newest != (event.station, event.sequence):
        raise _not_last(effect.package)
    return before


def _not_last(what: str | None) -> Conflict:
    return Conflict(
        "not-last",
        say("%(what)s was moved again since. Take back the later scan first.", what=what),
    )


# For callers that hold one scan.


def scan_of(
    text: str,
    *,
    actor: Actor,
    task: Task,
    place: str,
    at: datetime,
    **details: Any,  # noqa: ANN401
) -> Scan:
    """Return a new scan made here and now, with an id of its own."""
    return Scan(
        id=str(uuid7(at)),
        text=text,
        task=task,
        place=place,
        station=actor.station,
        scanned_at=at,
        **details,
    )
