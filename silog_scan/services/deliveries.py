"""Manifests: close, reopen and void them, write them out again."""

from collections.abc import Callable, Iterator
from datetime import datetime
from io import BytesIO

from sqlalchemy import select
from sqlalchemy.orm import Session

from silog_scan.core import columns, manifests, places
from silog_scan.core.errors import Conflict, Malformed, say
from silog_scan.core.ids import uuid7
from silog_scan.core.items import Item
from silog_scan.core.manifests import Head
from silog_scan.documents import manifest_files
from silog_scan.services.actors import Actor
from silog_scan.store import lines, projections, queries
from silog_scan.store.ledger import Ledger
from silog_scan.store.tables import LineCountRow, ManifestRow, StationRow

# Closing.


def close(
    session: Session, actor: Actor, number: str, *, at: datetime, reason: str | None = None
) -> None:
    """Close a manifest; a station with unsent scans blocks it unless a reason is given."""
    actor.must_decide()
    row = _own_manifest(session, actor, number)
    if row.state == "void":
        raise Conflict("manifest-void", say("Manifest %(number)s is void.", number=number))
    waiting = _unsent(session, row)
    if waiting and not (reason and reason.strip()):
        raise Conflict(
            "unsent-scans",
            say(
                "%(stations)s: scans not sent yet. Wait for them, or close with a reason.",
                stations=", ".join(waiting),
            ),
        )
    if row.state == "open":
        _change_state(session, actor, "manifest-closed", number, reason=reason, at=at)


def reopen(
    session: Session, actor: Actor, number: str, *, at: datetime, reason: str | None
) -> None:
    """Open a closed manifest again, for a reason."""
    actor.must_decide()
    row = _own_manifest(session, actor, number)
    _must_have_reason(reason)
    if row.state != "open":
        _change_state(session, actor, "manifest-reopened", number, reason=reason, at=at)


def void(session: Session, actor: Actor, number: str, *, at: datetime, reason: str | None) -> None:
    """Make a manifest void that nothing was counted on, for a reason."""
    actor.must_decide()
    row = _own_manifest(session, actor, number)
    _must_have_reason(reason)
    if _has_counts(session, number):
        raise Conflict(
            "manifest-counted",
            say(
                "Scans were counted on %(number)s already. Close it instead, or undo them first.",
                number=number,
            ),
        )
    if row.state != "void":
        _change_state(session, actor, "manifest-voided", number, reason=reason, at=at)


def _own_manifest(session: Session, actor: Actor, number: str) -> ManifestRow:
    row = queries.manifest(session, number)
    if not actor.may_see_hop(row.origin, row.receiver):
        raise queries.unknown_manifest(number)  # elsewhere nobody learns that there is one
    return row


def _must_have_reason(reason: str | None) -> None:
    if not (reason and reason.strip()):
        raise Malformed("reason-missing", say("Give a reason; it is kept with the record."))


def _has_counts(session: Session, number: str) -> bool:
    """Say whether anything is counted on it, on lines of earlier issues too."""
    some = select(LineCountRow).where(LineCountRow.manifest == number, LineCountRow.counted > 0)
    return session.scalars(some.limit(1)).first() is not None


def _unsent(session: Session, row: ManifestRow) -> list[str]:
    """Return the stations that may hold scans for the manifest which they have not sent yet."""
    found = session.execute(
        select(StationRow.name, StationRow.place)
        .where(StationRow.unsent > 0, StationRow.revoked_at.is_(None))
        .order_by(StationRow.name)
    )
    return [name for name, place in found if _may_scan_for(place, row)]


def _may_scan_for(place: str, row: ManifestRow) -> bool:
    """Say whether a station there may name an end of the manifest, or stands below its receiver."""
    ends = (row.receiver, row.origin)
    return places.is_at_or_below(place, row.receiver) or any(
        places.is_at_or_below(end, place) for end in ends
    )


def _change_state(
    session: Session, actor: Actor, kind: str, number: str, *, reason: str | None, at: datetime
) -> None:
    body = {"number": number, "place": actor.place}
    if reason and reason.strip():
        body["reason"] = reason.strip()
    if actor.user:
        body["user"] = actor.user
    book = Ledger(session, at)
    event = book.append(actor.station, kind, id=str(uuid7(at)), body=body)
    book.flush()
    projections.manifest_state(session, event)


# Writing out.


def export_csv(session: Session, number: str) -> bytes:
    """Return the manifest as a CSV file that can be imported again."""
    return manifest_files.write_csv(_table(session, number))


def export_xlsx(session: Session, number: str) -> bytes:
    """Return the manifest as a workbook that can be imported again."""
    from silog_scan.documents import workbooks  # noqa: PLC0415  # 0.3 s, for workbooks only

    file = BytesIO()
    workbooks.write_xlsx(_table(session, number), file)
    return file.getvalue()


def _table(session: Session, number: str) -> Iterator[tuple[str, ...]]:
    row = queries.manifest(session, number)
    has = lines.standing(session, number)
    extras = tuple(dict.fromkeys(name for line in has for name, _ in line.extra))
    head = Head(row.number, row.origin, row.receiver, row.due)
    return manifests.table(head, has, extras)


# Empty ones.


def template_csv(language: str) -> bytes:
    """Return an empty manifest, as a spreadsheet opens it."""
    header = tuple(columns.titles(language).values())
    return manifest_files.write_csv([header], dialect=manifest_files.EXCEL)


def template_xlsx(
    session: Session, actor: Actor, language: str, translate: Callable[[str], str]
) -> bytes:
    """Return an empty manifest with the codes of items, and of places the actor may name."""
    from silog_scan.documents import workbooks  # noqa: PLC0415

    file = BytesIO()
    known = [
        Item(row.code, row.name_id, row.name_en, row.unit_id, row.unit_en)
        for row in queries.items(session)
    ]
    within = queries.find_places(session, within=actor.place, text="", limit=_MOST_PLACES)
    workbooks.write_template(
        file,
        headers=columns.titles(language),
        items=known,
        places=[(place.code, place.name) for place in within],
        language=language,
        translate=translate,
    )
    return file.getvalue()


_MOST_PLACES = 10_000
"""Places of a template's list: a province's villages and more."""
