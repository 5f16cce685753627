"""Which lines without package codes some scans may fill.

An item may have a line for each of a province's polling stations, so they are not all read: of
each manifest in turn the first that still lack something, as many as the scans may fill, and the
last one, on which surplus is counted. The rules decide the same as if they saw every line.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import and_, bindparam, case, func, or_, select
from sqlalchemy.orm import Session

from silog_scan.core import places
from silog_scan.core.stock import WHOLE, Situation, Task
from silog_scan.store.db import execute
from silog_scan.store.tables import (
    ExpectedRow,
    LineCountRow,
    LineRow,
    ManifestRow,
    TallyRow,
    table_of,
)

Key = tuple[str, int]
"""Manifest and number of a line."""


@dataclass(frozen=True, slots=True)
class Leg:
    """Where scans are made, for what, and the manifest they name."""

    place: str
    task: Task
    manifest: str | None

    @property
    def leaves(self) -> bool:
        """Say whether goods leave the place, so that its manifests are those from it."""
        return self.task is Task.DISPATCH

    def fills_as(self, other: "Leg") -> bool:
        """Say whether scans there may fill the same lines, whatever manifest they name."""
        return (self.place, self.task.answers_as) == (other.place, other.task.answers_as)


@dataclass(slots=True)
class Need:
    """How many lines scans may fill at most, and the destinations they name (None for any)."""

    lines: int = 0
    destinations: set[str | None] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Bound:
    """Where a line's goods must go to be meant; nothing said, anywhere."""

    exactly: tuple[str, ...] = ()
    warehouses_of: tuple[str, ...] = ()


_ANYWHERE = _Bound()


def fillable(
    session: Session, known: Situation, legs: dict[Leg, Need], items: set[str]
) -> set[Key]:
    """Return the keys of the lines that scans of items, and packages without a line, may fill."""
    found: set[Key] = set()
    for leg, need in legs.items():
        # Who counts the same at the same place fills the same lines; a package may carry others.
        rivals = (n.lines for other, n in legs.items() if other.fills_as(leg))
        most = sum(rivals) + len(known.packages)
        for item, bound in _sought(known, leg, need, items):
            found.update(_first(session, leg, item, bound, most))
    return found


def _sought(
    known: Situation, leg: Leg, need: Need, items: Iterable[str]
) -> set[tuple[str, _Bound]]:
    """Return the items to look for, each with where its lines must go."""
    scanned = {
        (item, _Bound(exactly=(destination,)) if destination else _ANYWHERE)
        for item in items
        for destination in need.destinations | {None}  # a package known by its label names none
    }
    packages = {
        (package.item, _above(package.destination) if package.destination else _ANYWHERE)
        for code, package in known.packages.items()
        if package.item and not _is_listed(known, code, leg)
    }
    return scanned | packages


def _is_listed(known: Situation, code: str, leg: Leg) -> bool:
    """Say whether a line lists the package where it was scanned."""
    manifests = (known.manifests[line.manifest] for line in known.by_package.get(code, ()))
    return any((m.origin if leg.leaves else m.receiver) == leg.place for m in manifests)


def _above(destination: str) -> _Bound:
    """Return the destinations that a place is at or below (``places.is_at_or_below``)."""
    above = tuple(places.lineage(destination))
    return _Bound(above, above)


def _first(session: Session, leg: Leg, item: str, bound: _Bound, most: int) -> Iterator[Key]:
    """Yield the first lines to fill; of the named manifest, or of others if it has none."""
    waiting = _manifests(session, leg, item)
    named = [row for row in waiting if row.number == leg.manifest]
    own = list(_of(session, leg, item, bound, named if leg.manifest else waiting, most))
    yield from own or _of(session, leg, item, bound, waiting, 1)


def _of(
    session: Session, leg: Leg, item: str, bound: _Bound, manifests: Iterable[Any], most: int
) -> Iterator[Key]:
    for manifest in manifests:
        asked = {
            "manifest": manifest.number,
            "version": manifest.version,
            "item": item,
            "task": leg.task.answers_as.value,
            "exactly": bound.exactly,
            "regions": bound.warehouses_of,
        }
        lacking = () if manifest.is_full else _numbers(session, bound, asked, most)
        most -= len(lacking)
        last = _numbers(session, bound, asked, None) if most else ()
        yield from ((manifest.number, number) for number in (*lacking, *last))
        if not most:
            return


_HEAD, _LINE, _COUNT = table_of(ManifestRow), table_of(LineRow), table_of(LineCountRow)
_EXPECTED, _TALLY = table_of(ExpectedRow), table_of(TallyRow)

_FULL = case(
    (_TALLY.c.matched + _TALLY.c.surplus + _TALLY.c.damaged == _EXPECTED.c.lines, True),
    else_=False,
)
_WAITING = (
    select(_HEAD.c.number, _HEAD.c.version, _FULL.label("is_full"))
    .join(
        _EXPECTED,
        and_(
            _EXPECTED.c.manifest == _HEAD.c.number,
            _EXPECTED.c.place == WHOLE,
            _EXPECTED.c.item == bindparam("item"),
        ),
    )
    .outerjoin(
        _TALLY,
        and_(
            _TALLY.c.manifest == _HEAD.c.number,
            _TALLY.c.task == bindparam("task"),
            _TALLY.c.place == WHOLE,
            _TALLY.c.item == bindparam("item"),
        ),
    )
    .where(_HEAD.c.state == "open")
    .order_by(_HEAD.c.due.is_(None), _HEAD.c.due, _HEAD.c.number)
)
_ARRIVING = _WAITING.where(_HEAD.c.receiver == bindparam("place"))
_LEAVING = _WAITING.where(_HEAD.c.origin == bindparam("place"))


def _manifests(session: Session, leg: Leg, item: str) -> list[Any]:
    """Return number, version and fullness of the open manifests with the item, in their order."""
    statement = _LEAVING if leg.leaves else _ARRIVING
    asked = {"place": leg.place, "task": leg.task.answers_as.value, "item": item}
    return list(execute(session, statement, asked))


_OF_ITEM = select(_LINE.c.number).where(
    _LINE.c.manifest == bindparam("manifest"),
    _LINE.c.item == bindparam("item"),
    _LINE.c.package.is_(None),
    _LINE.c.first_version <= bindparam("version"),
    _LINE.c.last_version >= bindparam("version"),
)
_LAST = _OF_ITEM.order_by(_LINE.c.row.desc()).limit(1)
_LACKING = (
    _OF_ITEM.outerjoin(
        _COUNT,
        and_(
            _COUNT.c.manifest == _LINE.c.manifest,
            _COUNT.c.line == _LINE.c.number,
            _COUNT.c.task == bindparam("task"),
        ),
    )
    .where(func.coalesce(_COUNT.c.counted, 0) < _LINE.c.quantity)
    .order_by(_LINE.c.row)
    .limit(bindparam("most"))
)
_WAREHOUSE = len(".G01")
_BOUND = or_(
    _LINE.c.destination.in_(bindparam("exactly", expanding=True)),
    and_(
        _LINE.c.destination.like("%.G__"),
        func.substr(_LINE.c.destination, 1, func.length(_LINE.c.destination) - _WAREHOUSE).in_(
            bindparam("regions", expanding=True)
        ),
    ),
)
_LAST_BOUND, _LACKING_BOUND = _LAST.where(_BOUND), _LACKING.where(_BOUND)


def _numbers(
    session: Session, bound: _Bound, asked: dict[str, Any], most: int | None
) -> tuple[int, ...]:
    """Return the numbers of so many lines that lack something, or of the last line for None."""
    if most is None:
        statement = _LAST if bound is _ANYWHERE else _LAST_BOUND
    else:
        statement = _LACKING if bound is _ANYWHERE else _LACKING_BOUND
    return tuple(execute(session, statement, asked | {"most": most}).scalars())
