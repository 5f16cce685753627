"""What a scan means: the outcome table, in its order, and the effects that follow.

The order of the outcomes is a promise: the first that applies wins, and each rule below stands in
that order. Dispatch reads "from this place" for "to this place", and the manifest's receiver for
"here". Lookup answers as receive would, never as duplicate, and changes nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import StrEnum

from silog_scan.core import codes, places
from silog_scan.core.codes import Identity, Kind
from silog_scan.core.errors import Sentence, say
from silog_scan.core.places import is_at_or_below
from silog_scan.core.stock import (
    Condition,
    Counted,
    Effect,
    Line,
    Manifest,
    Package,
    Situation,
    Task,
    where,
)

OFFERED = (Task.RECEIVE, Task.DISPATCH, Task.RETURN, Task.LOOKUP)
"""The tasks ``decide`` has rules for."""


class Severity(StrEnum):
    """How loud the answer is: colour, icon, word, sound and vibration follow it."""

    OK = "ok"
    ATTENTION = "attention"
    STOP = "stop"


class Outcome(StrEnum):
    """The typed answer to a scan, in the order in which it is decided."""

    INVALID = "invalid"
    MANIFEST_CLOSED = "manifest-closed"
    UNKNOWN = "unknown"
    DUPLICATE = "duplicate"
    ALREADY_DISPATCHED = "already-dispatched"
    NOT_HERE = "not-here"
    WRONG_DESTINATION = "wrong-destination"
    OTHER_MANIFEST = "other-manifest"
    UNEXPECTED = "unexpected"
    SEAL_MISMATCH = "seal-mismatch"
    SURPLUS = "surplus"
    DAMAGED = "damaged"
    ACCEPTED = "accepted"

    @property
    def severity(self) -> Severity:
        """Return how loud it is."""
        if self is Outcome.ACCEPTED:
            return Severity.OK
        return Severity.STOP if self in _STOPS else Severity.ATTENTION

    @property
    def counts(self) -> bool:
        """Say whether such a scan counts on a line."""
        return self in (Outcome.ACCEPTED, Outcome.SURPLUS, Outcome.DAMAGED)


_STOPS = {
    Outcome.INVALID,
    Outcome.MANIFEST_CLOSED,
    Outcome.ALREADY_DISPATCHED,
    Outcome.NOT_HERE,
    Outcome.WRONG_DESTINATION,
    Outcome.SEAL_MISMATCH,
}
EXTRAS = (Outcome.UNEXPECTED, Outcome.UNKNOWN, Outcome.WRONG_DESTINATION, Outcome.OTHER_MANIFEST)
"""Outcomes that reconciliation lists as scanned without a line."""
_SETTLED = (_STOPS - {Outcome.INVALID}) | {Outcome.SURPLUS, Outcome.DAMAGED, Outcome.UNEXPECTED}


@dataclass(frozen=True, slots=True)
class Recognised:
    """What speaks for a label nobody could read: figures in thousandths, its picture's SHA-256.

    Recognised among the labels that were printed, and confirmed by a person's tap.
    """

    evidence: tuple[tuple[str, int], ...]
    picture: str


@dataclass(frozen=True, slots=True)
class Scan:
    """One act of a person, as the station accepted it; ``scanned_at`` is the station's clock."""

    id: str
    text: str
    task: Task
    place: str
    station: str
    scanned_at: datetime
    manifest: str | None = None
    symbology: str | None = None
    source: str = "manual"
    quantity: int | None = None
    condition: Condition | None = None
    seals: tuple[str, ...] = ()
    seals_required: bool = False
    parent: str | None = None
    destination: str | None = None
    counter: int | None = None
    recognised: Recognised | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What a scan means; ``manifest`` is the one it was decided on."""

    outcome: Outcome
    sentence: Sentence
    effects: tuple[Effect, ...] = ()
    package: str | None = None
    item: str | None = None
    manifest: str | None = None
    discrepancy: str | None = None


def decide(scan: Scan, known: Situation) -> Decision:
    """Return the first outcome of the table that applies; nothing is changed."""
    decision = _decide(scan, known)
    if scan.task is Task.LOOKUP:
        return replace(decision, effects=())
    if decision.discrepancy is None and decision.outcome in _SETTLED:
        return replace(decision, discrepancy=decision.outcome.value)
    return decision


def _decide(scan: Scan, known: Situation) -> Decision:
    flaw = codes.flaw(scan.text, scan.symbology)
    if flaw:
        return Decision(Outcome.INVALID, flaw, manifest=scan.manifest)
    identity = codes.identify(scan.text)
    if identity.kind in (Kind.COMMAND, Kind.PLACE, Kind.TASK):
        return Decision(Outcome.INVALID, _not_goods(identity), manifest=scan.manifest)
    named = known.manifests.get(scan.manifest) if scan.manifest else None
    if named and not named.is_open:
        return Decision(Outcome.MANIFEST_CLOSED, _closed(named), manifest=named.number)
    package = _package(identity, known)
    if package:
        return _PackageRules(scan, known, package).decide()
    item = known.items.get(scan.text.strip()) or known.items.get(identity.code)
    if item:
        return _BulkRules(scan, known, item).decide()
    sentence = say(
        "Nothing here knows %(text)s. Lay it aside and ask the supervisor.", text=identity.code
    )
    return Decision(Outcome.UNKNOWN, sentence, manifest=scan.manifest)


def _not_goods(identity: Identity) -> Sentence:
    return say(
        "%(code)s is a label for the station, not for goods. Nothing was recorded as goods.",
        code=identity.code,
    )


def _closed(manifest: Manifest) -> Sentence:
    if manifest.state == "void":
        return say(
            "Manifest %(number)s is void. Choose another manifest, or none.",
            number=manifest.number,
        )
    return say(
        "Manifest %(number)s is closed. Ask a supervisor to reopen it, or choose another.",
        number=manifest.number,
    )


def _package(identity: Identity, known: Situation) -> Package | None:
    """Return the package the register knows, or the one our own label's grammar tells of."""
    found = known.packages.get(identity.code)
    if identity.kind is not Kind.PACKAGE:
        return found
    if found:
        return replace(found, region=identity.region) if identity.region else found
    return Package(identity.code, identity.item, 1, None, region=identity.region)


class _Leg:
    """The manifests that matter to a scan: those to this place, or from it for a dispatch."""

    def __init__(self, scan: Scan, known: Situation) -> None:
        self.scan = scan
        self.known = known
        self.named = known.manifests.get(scan.manifest) if scan.manifest else None

    def serves(self, manifest: Manifest) -> bool:
        """Say whether the manifest is open and brings to this place, or takes from it."""
        end = manifest.origin if self.scan.task is Task.DISPATCH else manifest.receiver
        return manifest.is_open and end == self.scan.place

    @property
    def bound_for(self) -> str | None:
        """Return the place goods should be bound for: here, or the receiver of a dispatch."""
        if self.scan.task is not Task.DISPATCH:
            return self.scan.place
        return self.named.receiver if self.named else None

    def waiting(self, lines: Iterable[Line]) -> list[Line]:
        """Return the lines of manifests that serve, earliest due first, then number, then row."""
        found = [line for line in lines if self.serves(self.known.manifests[line.manifest])]
        return sorted(found, key=self._rank)

    def _rank(self, line: Line) -> tuple[date, str, int]:
        due = self.known.manifests[line.manifest].due
        return (due or date.max, line.manifest, line.row)

    def on_named(self, lines: Sequence[Line]) -> list[Line]:
        """Return the lines of the named manifest, or all when none is named."""
        if self.named is None:
            return list(lines)
        return [line for line in lines if line.manifest == self.named.number]

    def is_elsewhere(self, package: Package) -> bool:
        """Say whether the package is bound for neither the end of this leg nor below it."""
        end = self.bound_for
        if end is None:
            return False
        if package.destination:
            return not is_at_or_below(package.destination, end)
        if package.region:
            return not (is_at_or_below(package.region, end) or is_at_or_below(end, package.region))
        return False


class _PackageRules:
    """The table for a package."""

    def __init__(self, scan: Scan, known: Situation, package: Package) -> None:
        self.scan, self.known, self.package = scan, known, package
        self.leg = _Leg(scan, known)
        self.task = scan.task.answers_as
        self.listed = self.leg.waiting(known.by_package.get(package.code, ()))
        self.carried = self.leg.waiting(known.by_parent.get(package.code, ()))
        self.line = self._own_line()
        self.inside = self._own_boxes()

    def decide(self) -> Decision:
        """Return the first outcome that applies."""
        rules = (
            self.duplicate,
            self.already_dispatched,
            self.not_here,
            self.wrong_destination,
            self.other_manifest,
            self.unexpected,
            self.seal_mismatch,
        )
        for rule in rules:
            decision = rule()
            if decision:
                return decision
        return self.counted()

    def _own_line(self) -> Line | None:
        """Return the line this scan is about, else one without codes that takes its item."""
        own = self._first(self.leg.on_named(self.listed))
        if own or self.listed or self.leg.is_elsewhere(self.package):
            return own
        return self._bulk_line()

    def _first(self, lines: list[Line]) -> Line | None:
        """Return a line of the manifest it left on, else an uncounted one, else any."""
        left = [line for line in lines if line.manifest == self.package.standing.left_on]
        fresh = [line for line in lines if line.remaining(self.task)]
        return next(iter(left or fresh or lines), None)

    def _own_boxes(self) -> list[Line]:
        """Return the lines of what travels in it, all of the one manifest this scan is about."""
        own = self.leg.on_named(self.carried)
        first = self.line or self._first(own)
        return [line for line in own if first and line.manifest == first.manifest]

    @property
    def _about(self) -> str | None:
        """Return the manifest this scan is about."""
        lines = [self.line] if self.line else self.inside
        return lines[0].manifest if lines else self.scan.manifest

    def _bulk_line(self) -> Line | None:
        """Return the line without package codes that takes this package's item."""
        fits = self.leg.on_named(self._bulk())
        fresh = [line for line in fits if line.remaining(self.task)]
        return next(iter(fresh or fits[-1:]), None)

    def _bulk(self) -> list[Line]:
        """Return the lines without package codes that could take it, whichever manifest's."""
        bulk = self.leg.waiting(self.known.by_item.get(self.package.item or "", ()))
        return [line for line in bulk if self._fits(line)]

    def _fits(self, line: Line) -> bool:
        bound_for = self.package.destination
        return bound_for is None or is_at_or_below(bound_for, line.destination)

    # The rules, in the order of the table.

    def duplicate(self) -> Decision | None:
        """Answer a package counted before, or lying here already."""
        counted = self._counted()
        if self.scan.task is Task.LOOKUP or not (counted or self._lies_here() or self._left()):
            return None
        if self._is_newly_damaged():
            return self._damage_change()
        decision = self._answer(Outcome.DUPLICATE, self._already(counted))
        if counted and self._is_conflict(counted):
            return replace(decision, discrepancy="duplicate")
        return decision

    def _counted(self) -> Counted | None:
        return self.known.counts.get((self.package.code, self.task, self._about or ""))

    def _lies_here(self) -> bool:
        """Say whether it is here already, and not as a surprise that a line now waits for."""
        standing = self.package.standing
        if self.task is Task.DISPATCH or standing.place != self.scan.place:
            return False
        waits = self.line.remaining(self.task) if self.line else self._children()
        return not (waits and (standing.arrived == Outcome.UNEXPECTED or self._was_dropped()))

    def _was_dropped(self) -> bool:
        """Say whether a new issue dropped the line it was counted on: it is unexpected since."""
        dropped = self.known.dropped.get(self.package.code, ())
        return any(count for line in dropped for count in line.counted.values())

    def _left(self) -> bool:
        """Say whether it left already on the manifest this scan is about."""
        left_on = self.package.standing.left_on
        return self.task is Task.DISPATCH and left_on is not None and left_on == self._about

    def _is_newly_damaged(self) -> bool:
        now = self.package.standing.condition
        return self.scan.condition is Condition.DAMAGED and now is Condition.GOOD

    def _damage_change(self) -> Decision:
        """Change the condition of a package that is counted already; nothing counts twice."""
        standing = self.package.standing
        effect = replace(
            self._effect(standing.place, arrived=standing.arrived),
            condition=Condition.DAMAGED,
            origin=standing.place,
            left_on=standing.left_on,
        )
        if self.line and self._counted():
            effect = replace(
                effect, manifest=self.line.manifest, line=self.line.number, task=self.task
            )
        sentence = say("%(item)s is now recorded as damaged. Set it apart.", item=self._what())
        return self._answer(Outcome.DAMAGED, sentence, (effect,))

    def _already(self, counted: Counted | None) -> Sentence:
        if counted is None and self.task is Task.DISPATCH:
            return say(
                "%(item)s left already on manifest %(manifest)s. Nothing was added.",
                item=self._what(),
                manifest=self._about,
            )
        if counted is None:
            return say("%(item)s is here already. Nothing was added.", item=self._what())
        return say(
            "Counted already, %(at)s at station %(station)s, %(place)s. Nothing was added.",
            at=places.clock(counted.place, datetime.fromisoformat(counted.at)),
            station=counted.station,
            place=self.known.name(counted.place),
        )

    def _is_conflict(self, counted: Counted) -> bool:
        """Say whether two stations counted it without knowing of each other."""
        before_it_was_known = self.scan.scanned_at < datetime.fromisoformat(counted.at)
        return counted.station != self.scan.station and before_it_was_known

    def already_dispatched(self) -> Decision | None:
        """Stop a package that left on another manifest."""
        left_on = self.package.standing.left_on
        if self.task is not Task.DISPATCH or left_on is None:
            return None
        sentence = say(
            "It left already on manifest %(manifest)s. Stop and ask the supervisor.",
            manifest=left_on,
        )
        return self._answer(Outcome.ALREADY_DISPATCHED, sentence)

    def not_here(self) -> Decision | None:
        """Stop the dispatch of what this place does not hold."""
        if self.task is not Task.DISPATCH:
            return None
        if self.package.standing.place == self.scan.place:
            return self._emptied()
        sentence = say(
            "The record has it %(where)s, not here. Do not load it; receive it first.",
            where=where(self.known, self.package),
        )
        return self._answer(Outcome.NOT_HERE, sentence)

    def _emptied(self) -> Decision | None:
        """Stop the dispatch of a package whose contents left already as loose goods."""
        held = self._held()
        if held is None or held >= self.package.quantity:
            return None
        sentence = say(
            "The record has %(held)s of %(item)s left here; this package should hold %(quantity)s. "
            "Its contents went out loose. Count again.",
            held=held,
            item=self._what(),
            quantity=self.package.quantity,
        )
        return self._answer(Outcome.NOT_HERE, sentence)

    def _held(self) -> int | None:
        """Return the units of its kind on record here; of a pallet without an item, none are."""
        if self.package.item is None:
            return None
        return self.known.stock[self.scan.place, self.package.item, self.package.standing.condition]

    def wrong_destination(self) -> Decision | None:
        """Stop what nothing expects here and belongs elsewhere."""
        if self.listed or self.carried or not self.leg.is_elsewhere(self.package):
            return None
        owner = self.package.destination or self.package.region
        sentence = say(
            "It belongs to %(place)s. Set it apart and tell the supervisor.",
            place=self.known.path(owner),
        )
        return self._answer(Outcome.WRONG_DESTINATION, sentence)

    def other_manifest(self) -> Decision | None:
        """Point to the manifest that expects it, when another one was named."""
        elsewhere = self.listed or self.carried or self._bulk()
        if self.line or self.inside or not elsewhere:
            return None
        number = elsewhere[0].manifest
        sentence = say(
            "It is on manifest %(manifest)s. Switch to that one and scan it again.",
            manifest=number,
        )
        return replace(self._answer(Outcome.OTHER_MANIFEST, sentence), manifest=number)

    def unexpected(self) -> Decision | None:
        """Take in what no manifest lists, though it is bound for here."""
        if self.line or self.inside:
            return None
        sentence = say(
            "%(item)s is on no open manifest here; the record has it %(where)s. Keep it apart.",
            item=self._what(),
            where=where(self.known, self.package),
        )
        moves = self.task in (Task.RECEIVE, Task.RETURN)
        effects = (self._effect(self.scan.place, arrived=Outcome.UNEXPECTED),) if moves else ()
        return self._answer(Outcome.UNEXPECTED, sentence, effects)

    def seal_mismatch(self) -> Decision | None:
        """Stop a seal that differs from the record, or is missing where it is required."""
        on_record = set(self._seals_on_record())
        seen = set(self.scan.seals)
        if not on_record or seen == on_record or not (seen or self.scan.seals_required):
            return None
        sentence = say(
            "Seals seen: %(seen)s; on record: %(record)s. Do not open it; call the supervisor.",
            seen=", ".join(sorted(seen)) or "-",
            record=", ".join(sorted(on_record)),
        )
        return self._answer(Outcome.SEAL_MISMATCH, sentence)

    def _seals_on_record(self) -> tuple[str, ...]:
        return self.package.standing.seals or (self.line.seals if self.line else ())

    def counted(self) -> Decision:
        """Count it: surplus, damaged or accepted."""
        effects = tuple(self._counting_effects())
        damaged = any(effect.condition is Condition.DAMAGED for effect in effects)
        line = self.line
        if line and not line.package and line.remaining(self.task) < self.package.quantity:
            sentence = say(
                "%(item)s is more than manifest %(manifest)s expects. Counted as surplus.",
                item=self._what(),
                manifest=line.manifest,
            )
            return self._answer(Outcome.SURPLUS, sentence, effects)
        if damaged:
            sentence = say("%(item)s is counted as damaged. Set it apart.", item=self._what())
            return self._answer(Outcome.DAMAGED, sentence, effects)
        return self._answer(Outcome.ACCEPTED, self._accepted(effects), effects)

    def _accepted(self, effects: Sequence[Effect]) -> Sentence:
        if self.inside:
            return say("%(item)s with %(n)s packages.", item=self._what(), n=len(effects) - 1)
        bound_for = self.line.destination if self.line else self.package.destination
        return say("%(item)s for %(place)s.", item=self._what(), place=self.known.name(bound_for))

    def _counting_effects(self) -> Iterable[Effect]:
        """Return the package's own effect, and its children's when they are received with it."""
        yield self._moved(self.line)
        for line in self._children():
            child = self.known.packages.get(line.package or "")
            if child and child.code != self.package.code and self._can_move(child):
                rules = replace_package(self, child)
                yield rules._moved(line)  # noqa: SLF001

    def _children(self) -> list[Line]:
        """Return the uncounted children that come along with a parent received as one."""
        return [
            line
            for line in self.inside
            if self.known.manifests[line.manifest].by_parent and line.remaining(self.task)
        ]

    def _can_move(self, child: Package) -> bool:
        if self.task is not Task.DISPATCH:
            return True
        return replace_package(self, child).not_here() is None

    def _moved(self, line: Line | None) -> Effect:
        """Return the move that the task makes of it, counted on a line if there is one."""
        if self.task is Task.DISPATCH:  # a child leaves on the manifest that it counts on
            about = line.manifest if line else self._about
            return self._effect(None, left_on=about or "", arrived=None, line=line)
        return self._effect(self.scan.place, arrived=Outcome.ACCEPTED, line=line)

    def _effect(
        self,
        to: str | None,
        *,
        left_on: str | None = None,
        arrived: str | None,
        line: Line | None = None,
    ) -> Effect:
        """Return the move of the package; damage once recorded stays until it is inspected."""
        package, standing = self.package, self.package.standing
        damaged = self.scan.condition is Condition.DAMAGED
        count, units = _measure(line, package)
        return Effect(
            item=package.item,
            quantity=package.quantity,
            package=package.code,
            condition=Condition.DAMAGED if damaged else standing.condition,
            was=standing.condition,
            origin=standing.place,
            to=to,
            left_on=left_on,
            destination=package.destination,
            manifest=line.manifest if line else None,
            line=line.number if line else None,
            task=self.task if line else None,
            count=count,
            units=units,
            arrived=str(arrived) if arrived else None,
            seals=self.scan.seals or standing.seals,
        )

    def _what(self) -> str:
        return self.package.item or self.package.code

    def _answer(
        self, outcome: Outcome, sentence: Sentence, effects: tuple[Effect, ...] = ()
    ) -> Decision:
        return Decision(
            outcome,
            sentence,
            effects,
            package=self.package.code,
            item=self.package.item,
            manifest=self._about,
        )


def _measure(line: Line | None, package: Package) -> tuple[int, int]:
    """Return what a package counts on a line, in the line's own measure and in units."""
    if line is None:
        return 0, 0
    return (1, line.quantity) if line.package else (package.quantity, package.quantity)


def replace_package(rules: _PackageRules, child: Package) -> _PackageRules:
    """Return the same scan's rules for a child; a parent's damage is not its children's."""
    scan = replace(rules.scan, condition=None, seals=())
    return _PackageRules(scan, rules.known, child)


class _BulkRules:
    """The table for a quantity of an item."""

    def __init__(self, scan: Scan, known: Situation, item: str) -> None:
        self.scan, self.known, self.item = scan, known, item
        self.leg = _Leg(scan, known)
        self.task = scan.task.answers_as
        self.quantity = scan.quantity or 1
        waiting = self.leg.waiting(known.by_item.get(item, ()))
        if scan.destination:
            waiting = [line for line in waiting if line.destination == scan.destination]
        self.waiting = waiting
        self.lines = self.leg.on_named(waiting)

    def decide(self) -> Decision:
        """Return the first outcome that applies."""
        rules = (self.not_here, self.wrong_destination, self.other_manifest, self.unexpected)
        for rule in rules:
            decision = rule()
            if decision:
                return decision
        return self.counted()

    def not_here(self) -> Decision | None:
        """Stop the dispatch of more than this place holds."""
        held = self.known.stock[self.scan.place, self.item, self._condition()]
        if self.task is not Task.DISPATCH or held >= self.quantity:
            return None
        sentence = say(
            "The record has %(held)s of %(item)s here, fewer than %(quantity)s. Count again.",
            held=held,
            item=self.item,
            quantity=self.quantity,
        )
        return self._answer(Outcome.NOT_HERE, sentence)

    def wrong_destination(self) -> Decision | None:
        """Stop a quantity meant for a place that nothing here goes to."""
        bound_for, end = self.scan.destination, self.leg.bound_for
        if self.waiting or not bound_for or not end or is_at_or_below(bound_for, end):
            return None
        sentence = say(
            "It belongs to %(place)s. Set it apart and tell the supervisor.",
            place=self.known.path(bound_for),
        )
        return self._answer(Outcome.WRONG_DESTINATION, sentence)

    def other_manifest(self) -> Decision | None:
        """Point to the manifest that expects the item."""
        if self.lines or not self.waiting:
            return None
        number = self.waiting[0].manifest
        sentence = say(
            "It is on manifest %(manifest)s. Switch to that one and scan it again.",
            manifest=number,
        )
        return replace(self._answer(Outcome.OTHER_MANIFEST, sentence), manifest=number)

    def unexpected(self) -> Decision | None:
        """Take in an item that no line waits for."""
        if self.lines:
            return None
        moves = self.task in (Task.RECEIVE, Task.RETURN)
        effects = (self._effect(self.quantity),) if moves else ()
        sentence = say(
            "%(item)s is on no open manifest here. Keep it apart and tell the supervisor.",
            item=self.item,
        )
        return self._answer(Outcome.UNEXPECTED, sentence, effects)

    def counted(self) -> Decision:
        """Fill the item's lines in order; what is left over is surplus on the last one."""
        left, effects = self.quantity, []
        for line in self.lines:
            part = min(left, line.remaining(self.task))
            if part:
                effects.append(self._on_line(part, line))
                left -= part
        if left:
            effects.append(self._on_line(left, self.lines[-1]))
        values = {"item": self.item, "quantity": self.quantity, "left": left}
        if left:
            told = say("%(left)s of %(item)s more than expected. Counted as surplus.", **values)
            return self._answer(Outcome.SURPLUS, told, tuple(effects))
        if self._condition() is Condition.DAMAGED:
            told = say("%(quantity)s of %(item)s counted as damaged. Set it apart.", **values)
            return self._answer(Outcome.DAMAGED, told, tuple(effects))
        told = say("%(quantity)s of %(item)s.", **values)
        return self._answer(Outcome.ACCEPTED, told, tuple(effects))

    def _condition(self) -> Condition:
        return self.scan.condition or Condition.GOOD

    def _effect(self, quantity: int) -> Effect:
        leaves = self.task is Task.DISPATCH
        condition = self._condition()
        return Effect(
            item=self.item,
            quantity=quantity,
            condition=condition,
            was=condition,
            origin=self.scan.place if leaves else None,
            to=None if leaves else self.scan.place,
        )

    def _on_line(self, quantity: int, line: Line) -> Effect:
        return replace(
            self._effect(quantity),
            manifest=line.manifest,
            line=line.number,
            task=self.task,
            count=quantity,
            units=quantity,
        )

    def _answer(
        self, outcome: Outcome, sentence: Sentence, effects: tuple[Effect, ...] = ()
    ) -> Decision:
        counted_on = [effect.manifest for effect in effects if effect.manifest]
        about = counted_on or [line.manifest for line in self.lines]
        manifest = about[0] if about else self.scan.manifest
        return Decision(outcome, sentence, effects, item=self.item, manifest=manifest)
