"""The register of packages: what each is stands on manifests, where each stands in its own row.

A package has a row once something moved it. A manifest's lines alone make packages known: so an
import writes nothing but lines, and they count from the moment at which its event is recorded.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from silog_scan.core.errors import NotFound, say
from silog_scan.core.stock import Condition, Package, Standing
from silog_scan.store.db import chunks
from silog_scan.store.lines import has_begun, is_dropped
from silog_scan.store.tables import LineRow, ManifestRow, PackageRow, table_of

_PACKAGE, _LINE, _HEAD = table_of(PackageRow), table_of(LineRow), table_of(ManifestRow)


def newest_lines(lines: Iterable[Any]) -> dict[str, Any]:
    """Return the line that counts of each package: one that stands, of the last import."""
    found: dict[str, Any] = {}
    for line in lines:
        known = found.get(line.package)
        if known is None or _age(line) >= _age(known):
            found[line.package] = line
    return found


def _age(line: Any) -> tuple[Any, ...]:  # noqa: ANN401  # a line with its manifest's head
    return not is_dropped(line), line.imported_at, line.manifest


def package_of(code: str, row: Any, line: Any) -> Package:  # noqa: ANN401  # rows, or None
    """Return a package: where it stands by its own row, what it is and bound for by its line.

    What it holds is fixed once it moved, whoever lists it. Without row and line it is a parent,
    of which nobody said more.
    """
    standing = _standing(row) if row else Standing()
    has_moved = standing.place is not None or standing.left_on is not None
    holds = row if line is None or has_moved else line
    return Package(
        code,
        holds.item if holds else None,
        holds.quantity if holds else 0,
        line.destination if line else None,
        standing,
        line.parent if line else None,
    )


def _standing(row: Any) -> Standing:  # noqa: ANN401
    condition = Condition(row.condition)
    return Standing(row.place, row.left_on, condition, row.arrived, tuple(row.seals))


def package(session: Session, code: str) -> Package:
    """Return a package, or refuse one that is not known."""
    found = packages(session, [code]).get(code)
    if found is None:
        raise NotFound(
            "unknown-package", say("No package %(code)s is known here. Check the code.", code=code)
        )
    return found


def packages(session: Session, codes: Iterable[str]) -> dict[str, Package]:
    """Return the packages that are known by their codes."""
    return {
        found.code: found for some in chunks(set(codes)) for found in _registered(session, some)
    }


_BEGUN = and_(_HEAD.c.number == _LINE.c.manifest, has_begun(_LINE, _HEAD))
_LISTED = select(_LINE, _HEAD.c.version, _HEAD.c.imported_at).join(_HEAD, _BEGUN)
_CARRYING = select(_LINE.c.parent).join(_HEAD, _BEGUN).distinct()


def _registered(session: Session, codes: list[str]) -> Iterator[Package]:
    lines = newest_lines(session.execute(_LISTED.where(_LINE.c.package.in_(codes))))
    moved = session.execute(select(_PACKAGE).where(_PACKAGE.c.code.in_(codes)))
    rows = {row.code: row for row in moved}
    carrying = set(session.scalars(_CARRYING.where(_LINE.c.parent.in_(codes))))
    for code in lines.keys() | rows.keys() | carrying:
        yield package_of(code, rows.get(code), lines.get(code))
