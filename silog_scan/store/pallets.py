"""What labels seen together are counted against: their pallet, else all that is awaited."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from silog_scan.core import places
from silog_scan.core.pallets import Absent, Tally, pallet_of
from silog_scan.core.stock import Task
from silog_scan.store import queries
from silog_scan.store.lines import stands
from silog_scan.store.tables import CountedRow, LineRow, ManifestRow, table_of

_MOST_NAMED = 20
_LINE, _HEAD, _COUNTED = table_of(LineRow), table_of(ManifestRow), table_of(CountedRow)


@dataclass(frozen=True, slots=True)
class Awaited:
    """What is waited for: a manifest, or all open ones of a place, that ``within`` may see."""

    task: Task
    place: str
    within: str
    manifest: str | None = None


def missing_of(session: Session, codes: Sequence[str], awaited: Awaited) -> Tally:
    """Return what is missing of the pallet that most of the codes are on, or of all awaited.

    At most twenty of the missing are named.
    """
    numbers = _numbers(session, awaited)
    seen = _lines(session, numbers, or_(_LINE.c.package.in_(codes), _LINE.c.parent.in_(codes)))
    parent = pallet_of(codes, {row.package: row.parent for row in seen})
    if parent is None:
        return _of_all(session, numbers, awaited.task, seen)
    packages = {row.package: row for row in _lines(session, numbers, _LINE.c.parent == parent)}
    there = set(codes) | _counted(session, numbers, awaited.task, packages)
    absent = [_absent(row) for code, row in packages.items() if code not in there]
    counted = len(packages) - len(absent)
    return Tally(parent, len(packages), counted, tuple(absent[:_MOST_NAMED]))


def _numbers(session: Session, awaited: Awaited) -> list[str]:
    """Return the manifests that the work is about, of those the asker may see."""
    if awaited.manifest is None:
        waiting = queries.open_manifests(session, place_code=awaited.place, task=awaited.task)
        return [view.number for view in waiting]
    within = or_(
        queries.below(_HEAD.c.receiver, awaited.within),
        queries.below(_HEAD.c.origin, awaited.within),
    )
    chosen = select(_HEAD.c.number).where(_HEAD.c.number == awaited.manifest, within)
    return list(session.scalars(chosen))


def _standing(numbers: Sequence[str]) -> Any:  # noqa: ANN401  # a statement
    """Return the statement for the packages on the standing lines of manifests."""
    return (
        select(_LINE.c.package, _LINE.c.parent, _LINE.c.item, _LINE.c.destination)
        .join(_HEAD, _HEAD.c.number == _LINE.c.manifest)
        .where(
            _LINE.c.manifest.in_(numbers),
            _LINE.c.package.is_not(None),
            stands(_LINE, _HEAD),
        )
        .order_by(_LINE.c.manifest, _LINE.c.number)
    )


def _lines(session: Session, numbers: Sequence[str], which: Any) -> list[Any]:  # noqa: ANN401
    return list(session.execute(_standing(numbers).where(which)))


def _counted(
    session: Session, numbers: Sequence[str], task: Task, packages: Iterable[str]
) -> set[str]:
    """Return which of the packages were counted before."""
    rows = select(_COUNTED.c.package).where(
        _COUNTED.c.package.in_(list(packages)),
        _COUNTED.c.task == task.answers_as.value,
        _COUNTED.c.manifest.in_(numbers),
    )
    return set(session.scalars(rows))


def _of_all(session: Session, numbers: Sequence[str], task: Task, seen: list[Any]) -> Tally:
    """Return the sums that are kept, and those missing that are most like the ones seen."""
    totals = queries.totals_of(session, numbers, task.answers_as).values()
    expected = sum(one.packages_expected for one in totals)
    counted = sum(one.packages_counted for one in totals)
    return Tally(None, expected, counted, tuple(_nearest(session, numbers, task, seen)))


def _nearest(
    session: Session, numbers: Sequence[str], task: Task, seen: list[Any]
) -> Iterable[Absent]:
    """Return the missing packages of the kinds seen, bound for the same villages."""
    if not seen:
        return ()
    villages = {places.parent(row.destination) or row.destination for row in seen}
    is_counted = and_(
        _COUNTED.c.package == _LINE.c.package,
        _COUNTED.c.task == task.answers_as.value,
        _COUNTED.c.manifest == _LINE.c.manifest,
    )
    near = _standing(numbers).where(
        or_(*(queries.below(_LINE.c.destination, village) for village in sorted(villages))),
        _LINE.c.item.in_({row.item for row in seen}),
        _LINE.c.package.not_in([row.package for row in seen]),
        ~select(_COUNTED.c.package).where(is_counted).exists(),
    )
    return map(_absent, session.execute(near.limit(_MOST_NAMED)))


def _absent(row: Any) -> Absent:  # noqa: ANN401  # a row of the line table
    return Absent(row.package, row.item, row.destination)
