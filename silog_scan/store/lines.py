"""Lines of manifests: which stand, what a manifest has and had, and how a new issue is written.

Lines are written before the event that makes their issue the manifest's version; until then nobody
sees them. A line that a new issue no longer has keeps its row, with the last version it stood in.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import and_, delete, func, select, update
from sqlalchemy.orm import Session

from silog_scan.core.manifests import Line
from silog_scan.store.db import chunks, dialect_of
from silog_scan.store.intake import COLUMNS
from silog_scan.store.tables import LineCountRow, LineRow, ManifestRow, table_of

FOR_GOOD = 2**31 - 1
"""The last version of a line that no later issue dropped."""

_LINE, _HEAD, _COUNT = table_of(LineRow), table_of(ManifestRow), table_of(LineCountRow)
_OF_ITS_HEAD = _HEAD.c.number == _LINE.c.manifest
_AT_ONCE = 5000

# Which.


def has_begun(line: Any, head: Any) -> Any:  # noqa: ANN401  # tables in, a condition out
    """Return the condition that a line stands, or stood: that its issue is imported."""
    return line.c.first_version <= head.c.version


def stands(line: Any, head: Any) -> Any:  # noqa: ANN401
    """Return the condition that a line stands in the newest issue of its manifest."""
    return and_(has_begun(line, head), line.c.last_version >= head.c.version)


def is_dropped(line: Any) -> bool:  # noqa: ANN401  # a line with its manifest's version
    """Say whether a line stood in an earlier issue only."""
    return bool(line.last_version < line.version)


# What a manifest has.


def standing(session: Session, number: str) -> list[Line]:
    """Return the lines of the newest issue in the order of its file."""
    found = session.execute(
        select(_LINE)
        .join(_HEAD, _OF_ITS_HEAD)
        .where(_LINE.c.manifest == number, stands(_LINE, _HEAD))
        .order_by(_LINE.c.row, _LINE.c.number)
    )
    return list(map(_line, found))


def ever(session: Session, number: str) -> Iterator[tuple[int, bool, Line]]:
    """Yield the lines of all issues: the number of each, whether it stands, and what it says."""
    found = session.execute(
        select(_LINE, _HEAD.c.version)
        .join(_HEAD, _OF_ITS_HEAD)
        .where(_LINE.c.manifest == number, has_begun(_LINE, _HEAD))
        .execution_options(yield_per=_AT_ONCE)
    )
    for row in found:
        yield row.number, not is_dropped(row), _line(row)


def _line(row: Any) -> Line:  # noqa: ANN401  # of the line table
    return Line(
        *(row.row, row.item, row.quantity, row.destination, row.package, row.parent),
        *(tuple(row.seals), row.due, row.note, row.unit, tuple(row.extra.items())),
    )


def counted(session: Session, number: str, lines: Iterable[int]) -> int:
    """Return on how many of some lines of a manifest anything was counted."""
    any_of = select(func.count(_COUNT.c.line.distinct())).where(
        _COUNT.c.manifest == number, _COUNT.c.counted > 0
    )
    found = (session.scalar(any_of.where(_COUNT.c.line.in_(some))) for some in chunks(lines))
    return sum(count or 0 for count in found)


def listed_elsewhere(
    session: Session, packages: Iterable[str], *, receiver: str, number: str
) -> Iterator[tuple[str, str]]:
    """Yield packages that other open manifests bring to the place, and the manifest of each."""
    is_other = and_(_HEAD.c.receiver == receiver, _HEAD.c.state == "open", _HEAD.c.number != number)
    others = session.scalars(select(_HEAD.c.number).where(is_other)).all()
    if not others:  # as a rule; a million packages need not be looked up
        return
    listing = (
        select(_LINE.c.package, _LINE.c.manifest)
        .join(_HEAD, _OF_ITS_HEAD)
        .where(_LINE.c.manifest.in_(others), stands(_LINE, _HEAD))
    )
    for some in chunks(packages):
        found = session.execute(listing.where(_LINE.c.package.in_(some)))
        yield from ((package, other) for package, other in found)


# A new issue.


def _unseen(number: str, version: int) -> Any:  # noqa: ANN401  # a condition
    return and_(_LINE.c.manifest == number, _LINE.c.first_version > version)


def sweep(session: Session, number: str, version: int) -> None:
    """Sweep away what an interrupted import left behind: lines of an issue after this one."""
    session.execute(delete(_LINE).where(_unseen(number, version)))


def unseen(session: Session, number: str, version: int) -> int:
    """Return how many lines are written for an issue after this one."""
    found = select(func.count()).select_from(_LINE).where(_unseen(number, version))
    return session.scalar(found) or 0


_NAMES = ("manifest", "first_version", "last_version", "number", *COLUMNS.split(", "))


def _insertion(mark: str) -> str:
    names = ", ".join(map('"{}"'.format, _NAMES))
    return f"INSERT INTO line ({names}) VALUES ({', '.join([mark] * len(_NAMES))})"  # noqa: S608  # ours


_INSERTIONS = {"sqlite": _insertion("?"), "postgresql": _insertion("%s")}
"""The drivers' own statements: a third of the time of one with all of SQLAlchemy's care."""


def write(session: Session, number: str, version: int, lines: Iterable[Sequence[Any]]) -> None:
    """Write new lines of an issue, each its number and ``COLUMNS`` as databases keep them."""
    fixed = (number, version, FOR_GOOD)
    rows = [(*fixed, *values) for values in lines]
    session.connection().exec_driver_sql(_INSERTIONS[dialect_of(session)], rows)


def change(session: Session, number: str, lines: Iterable[tuple[int, Line]]) -> None:
    """Let lines stand, by their numbers, and say what these say."""
    for own, line in lines:
        content = line._asdict() | {"seals": list(line.seals), "extra": dict(line.extra)}
        one = and_(_LINE.c.manifest == number, _LINE.c.number == own)
        session.execute(update(_LINE).where(one).values(**content, last_version=FOR_GOOD))


def drop(session: Session, number: str, version: int, lines: Iterable[int]) -> None:
    """Let lines, by their numbers, stand no longer than to this version."""
    for some in chunks(lines):
        gone = and_(_LINE.c.manifest == number, _LINE.c.number.in_(some))
        session.execute(update(_LINE).where(gone).values(last_version=version))
