"""What is known of packages, manifests and stock, and how the effects of an event change it.

Effects are applied here and nowhere else: a scan, an undo and a rebuild change the same
``Situation`` by the same rule, and the store only loads and saves it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from typing import Any

from silog_scan.core import places, reconcile
from silog_scan.core.errors import Sentence, say
from silog_scan.core.reconcile import Tally

WHOLE = ""
"""The place of a tally's cell that sums a whole manifest."""


class Task(StrEnum):
    """What the hands are doing (EPCIS: bizStep)."""

    RECEIVE = "receive"
    DISPATCH = "dispatch"
    PACK = "pack"
    UNPACK = "unpack"
    SEAL = "seal"
    INSPECT = "inspect"
    COUNT = "count"
    RETURN = "return"
    LOOKUP = "lookup"

    @property
    def answers_as(self) -> "Task":
        """Return the task whose rules and counts it goes by: a look-up by receive's."""
        return Task.RECEIVE if self is Task.LOOKUP else self


class Condition(StrEnum):
    """How goods are."""

    GOOD = "good"
    DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a package is: at a place, else under way on a manifest, else not seen yet.

    ``arrived`` is the outcome of the event that brought it there.
    """

    place: str | None = None
    left_on: str | None = None
    condition: Condition = Condition.GOOD
    arrived: str | None = None
    seals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Package:
    """One labelled thing as the register knows it; a code is one package for ever.

    ``region`` is what its label's grammar says when no manifest named a destination.
    """

    code: str
    item: str | None
    quantity: int
    destination: str | None
    standing: Standing = Standing()
    parent: str | None = None
    region: str | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """An expected delivery, without its lines."""

    number: str
    origin: str
    receiver: str
    due: date | None = None
    state: str = "open"
    by_parent: bool = False
    closed_at: str | None = None

    @property
    def is_open(self) -> bool:
        """Say whether scans still count on it."""
        return self.state == "open"


@dataclass(slots=True)
class Line:
    """One expectation of a manifest, and what was counted on it by task.

    ``number`` never changes over re-issues; ``row`` is the row of the newest file. A withdrawn
    line stood in an earlier issue only: nothing counts on it any more, but an undo still may.
    """

    manifest: str
    number: int
    row: int
    item: str
    quantity: int
    destination: str
    package: str | None = None
    parent: str | None = None
    seals: tuple[str, ...] = ()
    withdrawn: bool = False
    counted: dict[Task, int] = field(default_factory=dict)
    damaged: dict[Task, int] = field(default_factory=dict)

    @property
    def expected(self) -> int:
        """Return 1 for a package, the units of a bulk line."""
        return 1 if self.package else self.quantity

    def remaining(self, task: Task) -> int:
        """Return what is still expected, never below zero."""
        return max(self.expected - self.counted.get(task, 0), 0)

    def tally(self, task: Task) -> Tally:
        """Return what the line adds to the tallies of a task."""
        counted = self.counted.get(task, 0)
        return reconcile.contribution(
            expected=self.expected,
            counted=counted,
            damaged=self.damaged.get(task, 0),
            is_package=self.package is not None,
            units=counted * self.quantity if self.package else counted,
        )


@dataclass(frozen=True, slots=True)
class Effect:
    """One change: what moved from where to where, its condition, and the line it counts on.

    ``quantity`` is units of the item moved. ``count`` is in the line's own measure: 1 for a
    package, units for bulk, negative when undone, 0 when nothing counts; ``units`` is the same in
    units of the item. No ``to`` means under way on ``left_on``, or nowhere yet. ``was`` is the
    condition it had before.
    """

    item: str | None
    quantity: int
    package: str | None = None
    condition: Condition = Condition.GOOD
    was: Condition = Condition.GOOD
    origin: str | None = None
    to: str | None = None
    left_on: str | None = None
    destination: str | None = None
    manifest: str | None = None
    line: int | None = None
    task: Task | None = None
    count: int = 0
    units: int = 0
    arrived: str | None = None
    seals: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the effect as an event's body holds it, without empty values."""
        values = {
            "package": self.package,
            "item": self.item,
            "quantity": self.quantity,
            "condition": self.condition.value,
            "was": self.was.value if self.was is not self.condition else None,
            "from": self.origin,
            "to": self.to,
            "left_on": self.left_on,
            "destination": self.destination,
            "manifest": self.manifest,
            "line": self.line,
            "task": self.task.value if self.task else None,
            "count": self.count or None,
            "units": self.units or None,
            "arrived": self.arrived,
            "seals": list(self.seals) or None,
        }
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Effect":
        """Return the effect an event's body holds."""
        condition = Condition(values["condition"])
        return cls(
            item=values.get("item"),
            quantity=values["quantity"],
            package=values.get("package"),
            condition=condition,
            was=Condition(values.get("was", condition)),
            origin=values.get("from"),
            to=values.get("to"),
            left_on=values.get("left_on"),
            destination=values.get("destination"),
            manifest=values.get("manifest"),
            line=values.get("line"),
            task=Task(values["task"]) if "task" in values else None,
            count=values.get("count", 0),
            units=values.get("units", 0),
            arrived=values.get("arrived"),
            seals=tuple(values.get("seals", ())),
        )

    def undone(self, before: Standing) -> "Effect":
        """Return the opposite effect, which puts a package back to where it stood before."""
        return replace(
            self,
            condition=before.condition if self.package else self.condition,
            was=self.condition,
            origin=self.to,
            to=before.place if self.package else self.origin,
            left_on=before.left_on,
            count=-self.count,
            units=-self.units,
            arrived=before.arrived,
            seals=before.seals,
        )


@dataclass(frozen=True, slots=True)
class Counted:
    """Who counted a package on a manifest, when and where; ``at`` is when it was recorded."""

    scan: str
    station: str
    sequence: int
    place: str
    at: str
    user: str | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """The event whose effects are applied, as far as the register remembers it."""

    scan: str
    station: str
    sequence: int
    place: str
    at: str
    user: str | None = None


COUNTING = (Task.RECEIVE, Task.DISPATCH, Task.RETURN)
"""The tasks that count on lines, each apart."""

CountKey = tuple[str, Task, str]
"""Package, task, manifest: what is counted once."""
StockKey = tuple[str, str, Condition]
"""Place, item, condition."""
TallyKey = tuple[str, Task, str, str]
"""Manifest, task, place, item."""
BlockKey = tuple[str, Task, int]
"""Manifest, task, line numbers divided by ``BLOCK``."""
BLOCK = 100
"""Lines by status are summed for so many numbers too, so that a list of some skips the others."""


@dataclass(slots=True)
class Progress:
    """A manifest's expected and counted for one task and item: packages and bulk units."""

    packages: int = 0
    units: int = 0
    counted: Tally = field(default_factory=Tally)


@dataclass(slots=True)
class Situation:
    """What is known about the texts of some scans, changed by each decision in turn.

    ``lines`` holds every line that could matter by (manifest, number); ``add_line`` fills it.
    What effects changed is gathered for the store in ``stock_delta``, ``tally_delta``,
    ``block_delta``, ``touched_lines``, ``touched_packages``, ``new_counts`` and ``gone_counts``.
    """

    items: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    packages: dict[str, Package] = field(default_factory=dict)
    lines: dict[tuple[str, int], Line] = field(default_factory=dict)
    counts: dict[CountKey, Counted] = field(default_factory=dict)
    stock: dict[StockKey, int] = field(default_factory=lambda: defaultdict(int))
    progress: dict[tuple[str, Task], dict[str, Progress]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(Progress))
    )
    stock_delta: dict[StockKey, list[int]] = field(
        default_factory=lambda: defaultdict(lambda: [0, 0])
    )
    tally_delta: dict[TallyKey, Tally] = field(default_factory=lambda: defaultdict(Tally))
    block_delta: dict[BlockKey, Tally] = field(default_factory=lambda: defaultdict(Tally))
    touched_lines: set[tuple[str, int, Task]] = field(default_factory=set)
    touched_packages: set[str] = field(default_factory=set)
    new_counts: dict[CountKey, Counted] = field(default_factory=dict)
    gone_counts: set[CountKey] = field(default_factory=set)

    by_package: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))
    by_parent: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))
    by_item: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))
    dropped: dict[str, list[Line]] = field(default_factory=lambda: defaultdict(list))

    def add_line(self, line: Line) -> None:
        """Make a line known; a second time changes nothing."""
        key = (line.manifest, line.number)
        if key in self.lines:
            return
        self.lines[key] = line
        if line.withdrawn:
            self.dropped[line.package or ""].append(line)
            return
        if line.package:
            self.by_package[line.package].append(line)
        else:
            self.by_item[line.item].append(line)
        if line.parent:
            self.by_parent[line.parent].append(line)

    def name(self, place: str | None) -> str:
        """Return the place's name with its code, or the code alone when it has no name here."""
        if place is None:
            return "?"
        name = self.names.get(place)
        return f"{name} ({place})" if name else place

    def path(self, place: str | None) -> str:
        """Return the place's name, those above it up to the regency, and its code."""
        found = [self.names[code] for code in lineage(place or "") if code in self.names]
        return f"{', '.join(found)} ({place})" if found else self.name(place)

    def apply(self, effects: Iterable[Effect], act: Act) -> None:
        """Change what is known by an event's effects."""
        for effect in effects:
            self._move(effect)
            if effect.package:
                self._change_package(effect)
            if effect.manifest and effect.line is not None and effect.task:
                self._count(effect, act)

    def _move(self, effect: Effect) -> None:
        if effect.item is None:
            return
        pieces = 1 if effect.package else 0
        sides = ((effect.origin, effect.was, -1), (effect.to, effect.condition, 1))
        for place, condition, sign in sides:
            if place:
                key = (place, effect.item, condition)
                self.stock[key] += sign * effect.quantity
                self.stock_delta[key][0] += sign * effect.quantity
                self.stock_delta[key][1] += sign * pieces

    def _change_package(self, effect: Effect) -> None:
        code = effect.package or ""
        known = self.packages.get(code) or Package(
            code, effect.item, effect.quantity, effect.destination
        )
        standing = Standing(
            effect.to, effect.left_on, effect.condition, effect.arrived, effect.seals
        )
        # What it holds is fixed by the move: a later issue may say otherwise, a replay must not.
        self.packages[code] = Package(
            code,
            effect.item,
            effect.quantity,
            known.destination,
            parent=known.parent,
            standing=standing,
            region=known.region,
        )
        self.touched_packages.add(code)

    def _count(self, effect: Effect, act: Act) -> None:
        task, number = effect.task, effect.manifest
        if task is None or number is None or effect.line is None:
            return
        if effect.package and effect.count:
            self._keep_count((effect.package, task, number), effect, act)
        line = self.lines.get((number, effect.line))
        if line is None:
            return
        before = line.tally(task)
        line.counted[task] = line.counted.get(task, 0) + effect.count
        line.damaged[task] = line.damaged.get(task, 0) + _damage(effect, line)
        change = line.tally(task)
        change.add(before, -1)
        self.touched_lines.add((number, line.number, task))
        if line.withdrawn:
            return
        for place in (line.destination, WHOLE):
            self.tally_delta[number, task, place, line.item].add(change)
        self.block_delta[number, task, line.number // BLOCK].add(change)
        self.progress[number, task][line.item].counted.add(change)

    def _keep_count(self, key: CountKey, effect: Effect, act: Act) -> None:
        if effect.count > 0:
            counted = Counted(act.scan, act.station, act.sequence, act.place, act.at, act.user)
            self.counts[key] = self.new_counts[key] = counted
        else:
            self.counts.pop(key, None)
            if self.new_counts.pop(key, None) is None:
                self.gone_counts.add(key)


def _damage(effect: Effect, line: Line) -> int:
    """Return by how much the damaged part of the line grows, in the line's own measure."""
    if effect.count > 0:
        return effect.count if effect.condition is Condition.DAMAGED else 0
    if effect.count < 0:
        return effect.count if effect.was is Condition.DAMAGED else 0
    size = 1 if line.package else effect.quantity
    return size * (
        int(effect.condition is Condition.DAMAGED) - int(effect.was is Condition.DAMAGED)
    )


def lineage(place: str) -> list[str]:
    """Return the place and those above it, up to its regency."""
    return [code for code in places.lineage(place) if len(code) >= places.REGENCY_LENGTH]


def where(known: Situation, package: Package) -> Sentence:
    """Return where the register has the package, in words."""
    standing = package.standing
    if standing.place:
        return say("at %(place)s", place=known.name(standing.place))
    if standing.left_on:
        return say("under way on %(manifest)s", manifest=standing.left_on)
    return say("not received anywhere yet")
