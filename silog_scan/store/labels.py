"""Labels of ours as they were printed: kept, found for what is expected, and what they are for."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from silog_scan.core.labels import Pattern, from_bits
from silog_scan.store.db import chunks
from silog_scan.store.lines import stands
from silog_scan.store.situations import insert_new
from silog_scan.store.tables import LabelRow, LineRow, ManifestRow, table_of

_LABEL, _LINE, _HEAD = table_of(LabelRow), table_of(LineRow), table_of(ManifestRow)
_STANDING = stands(_LINE, _HEAD)


@dataclass(frozen=True, slots=True)
class Print:
    """How and by whom labels were printed."""

    gs1: bool
    encoder: int
    at: datetime
    user: str | None


def keep(session: Session, patterns: Iterable[tuple[str, Pattern]], made: Print) -> None:
    """Keep the patterns printed for packages; the same modules again change nothing."""
    insert_new(session, _LABEL, [_row(code, pattern, made) for code, pattern in patterns])


def _row(code: str, pattern: Pattern, made: Print) -> dict[str, Any]:
    width, _ = pattern.size
    return {
        "package": code,
        "symbology": pattern.symbology,
        "digest": hashlib.sha256(f"{width} {pattern.bits}".encode()).hexdigest(),
        "text": pattern.text,
        "gs1": made.gs1,
        "width": width,
        "bits": pattern.bits,
        "encoder": made.encoder,
        "made_at": made.at,
        "user": made.user,
    }


def packages_of(session: Session, number: str) -> list[str]:
    """Return the package codes of a manifest, in row order."""
    rows = (
        select(_LINE.c.package)
        .join(_HEAD, _HEAD.c.number == _LINE.c.manifest)
        .where(_LINE.c.manifest == number, _STANDING, _LINE.c.package.is_not(None))
        .order_by(_LINE.c.row, _LINE.c.number)
    )
    return list(session.scalars(rows))


def expected(session: Session, *, receiver: str, manifest: str | None, most: int) -> list[Pattern]:
    """Return what was printed for the packages of open manifests to a place, or of one.

    Of more than so many those of the manifests due first. A square of GS1 is left out: its
    neighbours one digit beside have no check digit, and cannot be drawn to be told from it.
    """
    rows = (
        select(_LABEL.c.text, _LABEL.c.symbology, _LABEL.c.width, _LABEL.c.bits)
        .join_from(_HEAD, _LINE, _LINE.c.manifest == _HEAD.c.number)
        .join(_LABEL, _LABEL.c.package == _LINE.c.package)
        .where(_HEAD.c.receiver == receiver, _HEAD.c.state == "open", _STANDING)
        .where(or_(~_LABEL.c.gs1, _LABEL.c.symbology == "code128"))
        .order_by(_HEAD.c.due.is_(None), _HEAD.c.due, _HEAD.c.number, _LINE.c.number)
        .order_by(_LABEL.c.digest)
        .limit(most)
    )
    if manifest is not None:
        rows = rows.where(_HEAD.c.number == manifest)
    return [
        from_bits(row.text, row.symbology, width=row.width, bits=row.bits)
        for row in session.execute(rows)
    ]


def listed(session: Session, codes: Sequence[str]) -> list[Any]:
    """Return where manifests that stand list packages: item, destination, and the hop."""
    rows = (
        select(_LINE.c.package, _LINE.c.item, _LINE.c.destination, _HEAD.c.origin, _HEAD.c.receiver)
        .join(_HEAD, _HEAD.c.number == _LINE.c.manifest)
        .where(_STANDING, _HEAD.c.state != "void")
        .order_by(_HEAD.c.imported_at, _HEAD.c.number)
    )
    return [
        row
        for some in chunks(codes)
        for row in session.execute(rows.where(_LINE.c.package.in_(some)))
    ]
