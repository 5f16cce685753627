"""Manifests: preview a file, import it, close, reopen and void it, write it out again."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import and_, insert, select, update
from sqlalchemy.orm import Session

from silog_scan.core import items, manifests, places
from silog_scan.core.errors import Conflict, Malformed, NotYours, say
from silog_scan.core.ids import uuid7
from silog_scan.core.manifests import Defaults, Draft, Line, Problem, Sheet
from silog_scan.core.stock import Task
from silog_scan.documents import manifest_files
from silog_scan.documents.manifest_files import Dialect
from silog_scan.services.actors import Actor
from silog_scan.services.files import keep
from silog_scan.services.homes import add_polling_stations
from silog_scan.store import projections, queries
from silog_scan.store.db import chunks
from silog_scan.store.ledger import Ledger
from silog_scan.store.register import FOR_GOOD, stands
from silog_scan.store.tables import (
    LineCountRow,
    LineRow,
    ManifestRow,
    StationRow,
    table_of,
)

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Preview:
    """What a file says before anything is stored; ``changes`` tells new, changed or unchanged."""

    data: bytes
    sheet: Sheet
    dialect: Dialect
    drafts: tuple[Draft, ...]
    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    rows: int
    changes: dict[str, str]
    refused_rows: frozenset[int] = frozenset()

    @property
    def numbers(self) -> list[str]:
        """Return the numbers of the manifests in the file."""
        return [draft.number for draft in self.drafts]

    @property
    def accepted(self) -> int:
        """Return how many rows can be taken."""
        return sum(len(draft.lines) for draft in self.drafts)


def preview(session: Session, actor: Actor, data: bytes, defaults: Defaults) -> Preview:
    """Return what would be imported, and every problem with its row, column and sentence."""
    actor.must_record()
    sheet, dialect = manifest_files.read_csv(data)
    if defaults.receiver is None:
        defaults = Defaults(defaults.number, defaults.origin, actor.place, defaults.mapping)
    result = manifests.read(
        sheet,
        defaults=defaults,
        catalogue=catalogue(session),
        known_place=_known_place(session),
    )
    return Preview(
        data=data,
        sheet=sheet,
        dialect=dialect,
        drafts=result.drafts,
        problems=result.problems,
        warnings=tuple(_also_listed(session, result.drafts)),
        rows=result.rows,
        changes={draft.number: _change(session, draft) for draft in result.drafts},
        refused_rows=result.refused_rows,
    )


def catalogue(session: Session) -> items.Catalogue:
    """Return the items this data home knows, with the other names of the built-in ones."""
    also = {item.code: item.also for item in items.BUILT_IN}
    return items.Catalogue(
        items.Item(
            row.code, row.name_id, row.name_en, row.unit_id, row.unit_en, also.get(row.code, ())
        )
        for row in queries.items(session)
    )


def _known_place(session: Session) -> "_KnownPlaces":
    return _KnownPlaces(session)


class _KnownPlaces:
    """Answers whether a place is known, asking the database once for each code."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._known: dict[str, bool] = {}

    def __call__(self, code: str) -> bool:
        if code not in self._known:
            self._known[code] = bool(queries.place_names(self._session, [code]))
        return self._known[code]


def _change(session: Session, draft: Draft, *, by_parent: bool | None = None) -> str:
    """Return new, changed or unchanged; how it is received counts once it is chosen."""
    row = session.get(ManifestRow, draft.number)
    if row is None:
        return "new"
    same = row.lines_sha256 == lines_sha256(draft) and by_parent in (None, row.by_parent)
    return "unchanged" if same else "changed"


def lines_sha256(draft: Draft) -> str:
    """Return the SHA-256 of the normalised lines."""
    return hashlib.sha256(manifests.normalised(draft)).hexdigest()


def _also_listed(session: Session, drafts: Iterable[Draft]) -> Iterator[Problem]:
    """Warn of packages that another open manifest brings to the same place."""
    line, head = table_of(LineRow).c, table_of(ManifestRow).c
    for draft in drafts:
        rows = {ln.package: ln.row for ln in draft.lines if ln.package}
        elsewhere = (
            select(line.package, line.manifest)
            .join(table_of(ManifestRow), head.number == line.manifest)
            .where(
                head.receiver == draft.receiver,
                head.state == "open",
                head.number != draft.number,
                stands(table_of(LineRow), table_of(ManifestRow)),
            )
        )
        found = (
            pair
            for some in chunks(rows)
            for pair in session.execute(elsewhere.where(line.package.in_(some)))
        )
        for package, number in found:
            told = say(
                "%(package)s is also on the open manifest %(number)s to the same place.",
                package=package,
                number=number,
            )
            yield Problem(rows[package], "package", package, "also-on-manifest", told)


def mapping_of(pairs: Iterable[str]) -> dict[str, str]:
    """Return FIELD=COLUMN pairs as a mapping, or refuse one without ``=``."""
    split = [pair.partition("=") for pair in pairs]
    if not all(separator for _, separator, _ in split):
        raise Malformed("mapping", say("Write a mapping as FIELD=COLUMN, such as package=Kode."))
    return {name.strip(): column.strip() for name, _, column in split}


def import_json(
    seen: Preview,
    translate: Callable[[str], str],
    *,
    imported: bool,
    changes: dict[str, str] | None = None,
) -> dict[str, Any]:
    """Return the contract's answer to an import."""
    return {
        "number": seen.numbers[0] if len(seen.numbers) == 1 else None,
        "numbers": seen.numbers,
        "rows": seen.rows,
        "accepted": seen.accepted,
        "problems": [_problem_json(found, translate) for found in seen.problems],
        "warnings": [_problem_json(found, translate) for found in seen.warnings],
        "changes": changes or seen.changes,
        "imported": imported,
    }


def _problem_json(found: Problem, translate: Callable[[str], str]) -> dict[str, Any]:
    return {
        "row": found.row,
        "column": found.column,
        "value": found.value,
        "code": found.code,
        "message": found.message.in_words(translate),
    }


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, by manifest number: new, changed or unchanged."""

    changes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person decided on a preview: leave bad rows out, receive parents with all in them."""

    good_rows: bool = False
    by_parent: bool = False


def import_preview(
    session: Session,
    actor: Actor,
    seen: Preview,
    *,
    attachments: Path,
    at: datetime,
    chosen: Choices = Choices(),  # frozen
) -> Imported:
    """Store a previewed file, all of it or nothing; its problems refuse it unless good rows do."""
    actor.must_record()
    actor.must_be_free()
    if seen.problems and not chosen.good_rows:
        raise Malformed(
            "manifest-problems",
            say(
                "%(n)s problems; nothing was imported. Mend them, or take the good rows.",
                n=len(seen.problems),
            ),
        )
    if not seen.drafts:
        raise Malformed("manifest-empty", say("The file has no row that can be imported."))
    changes, by_parent = {}, chosen.by_parent
    for draft in seen.drafts:
        _must_be_theirs(session, actor, draft)
        changes[draft.number] = _change(session, draft, by_parent=by_parent)
        if changes[draft.number] != "unchanged":
            file_sha256 = keep(attachments, seen.data, ".csv")
            keep(attachments, manifests.normalised(draft), ".json")
            _store(session, actor, draft, file_sha256=file_sha256, by_parent=by_parent, at=at)
    return Imported(changes)


def _must_be_theirs(session: Session, actor: Actor, draft: Draft) -> None:
    """Refuse a manifest between other places, and a new issue of one that was between others."""
    if not actor.may_see_hop(draft.origin, draft.receiver):
        actor.must_hold(draft.receiver)
    if session.get(ManifestRow, draft.number):
        _must_be_own(actor, queries.manifest(session, draft.number))


def _store(
    session: Session,
    actor: Actor,
    draft: Draft,
    *,
    file_sha256: str,
    by_parent: bool,
    at: datetime,
) -> None:
    row = session.get(ManifestRow, draft.number)
    if row and row.state != "open":
        raise Conflict(
            "manifest-closed",
            say(
                "Manifest %(number)s is closed or void. Reopen it before a new issue is imported.",
                number=draft.number,
            ),
        )
    version = row.version + 1 if row else 1
    stations = {ln.destination for ln in draft.lines} | {draft.origin, draft.receiver}
    add_polling_stations(session, stations)
    _write_lines(session, draft, version)
    book = Ledger(session, at)
    body = _import_body(actor, draft, version=version, file_sha256=file_sha256)
    body["by_parent"] = by_parent
    event = book.append(actor.station, "manifest-imported", id=str(uuid7(at)), body=body)
    book.flush()
    projections.manifest_imported(session, event)


def _import_body(actor: Actor, draft: Draft, *, version: int, file_sha256: str) -> dict[str, Any]:
    totals = manifests.totals(draft)
    body: dict[str, Any] = {
        "number": draft.number,
        "version": version,
        "from": draft.origin,
        "to": draft.receiver,
        "place": actor.place,
        "file_sha256": file_sha256,
        "lines_sha256": lines_sha256(draft),
        "lines": len(draft.lines),
        "packages": totals.packages,
        "totals": [
            {"item": item, "destination": destination, "quantity": quantity}
            for (item, destination), quantity in sorted(totals.units.items())
        ],
    }
    if draft.due:
        body["due"] = draft.due.isoformat()
    if actor.user:
        body["user"] = actor.user
    return body


# Lines keep their number over re-issues: counts and events refer to it.


def _write_lines(session: Session, draft: Draft, version: int) -> None:
    table = table_of(LineRow)
    known = {
        _key(row): row.number
        for row in session.execute(
            select(table.c.number, table.c.package, table.c.item, table.c.destination).where(
                table.c.manifest == draft.number
            )
        )
    }
    highest = max(known.values(), default=0)
    fresh, kept = [], []
    for line in draft.lines:
        number = known.get(_key(line))
        if number is None:
            highest += 1
            new = {"first_version": version, "last_version": FOR_GOOD}
            fresh.append(_line_row(draft, line, highest) | new)
        else:
            kept.append(_line_row(draft, line, number) | {"last_version": FOR_GOOD})
    for start in range(0, len(fresh), _AT_ONCE):
        session.execute(insert(table), fresh[start : start + _AT_ONCE])
    dropped = set(known.values()) - {row["number"] for row in kept}
    for some in chunks(dropped):
        standing = and_(table.c.last_version == FOR_GOOD, table.c.number.in_(some))
        drop = update(table).where(table.c.manifest == draft.number, standing)
        session.execute(drop.values(last_version=version - 1))
    for row in kept:
        key = (table.c.manifest == draft.number, table.c.number == row.pop("number"))
        session.execute(update(table).where(*key).values(**row))


def _key(line: Any) -> tuple[str, ...]:  # noqa: ANN401  # a line, or a row of its table
    return (line.package,) if line.package else (line.item, line.destination)


def _line_row(draft: Draft, line: Line, number: int) -> dict[str, Any]:
    return {
        "manifest": draft.number,
        "number": number,
        "row": line.row,
        "item": line.item,
        "quantity": line.quantity,
        "destination": line.destination,
        "package": line.package,
        "parent": line.parent,
        "seals": list(line.seals),
        "due": line.due,
        "note": line.note,
        "unit": line.unit,
        "extra": dict(line.extra),
    }


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


def _must_be_own(actor: Actor, row: ManifestRow) -> None:
    """Refuse to issue somebody else's manifest again."""
    if not actor.may_see_hop(row.origin, row.receiver):
        raise NotYours(
            "place-not-yours",
            say("Manifest %(number)s does not go to or from your place.", number=row.number),
        )


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
    row = queries.manifest(session, number)
    lines = tuple(
        Line(
            row=view.row,
            item=view.item,
            quantity=view.quantity,
            destination=view.destination,
            package=view.package,
            parent=view.parent,
            seals=view.seals,
            due=_date(view.due),
            note=view.note,
            unit=view.unit,
            extra=tuple(view.extra.items()),
        )
        for view in sorted(queries.lines(session, number, Task.RECEIVE), key=lambda ln: ln.row)
    )
    draft = Draft(row.number, row.origin, row.receiver, row.due, lines)
    return manifest_files.write_csv(manifests.table([draft]))


def _date(value: date | None) -> date | None:
    return value


# Files that wait between the check and the confirmation.

UPLOADS_KEPT = timedelta(days=1)


def keep_upload(folder: Path, data: bytes, *, at: datetime) -> str:
    """Keep a checked file for a day, until it is confirmed; return its SHA-256."""
    for old in folder.glob("*.csv"):
        if old.stat().st_mtime < (at - UPLOADS_KEPT).timestamp():
            old.unlink(missing_ok=True)
    digest = keep(folder, data, ".csv")
    os.utime(folder / f"{digest}.csv", (at.timestamp(), at.timestamp()))
    return digest


def kept_upload(folder: Path, sha256: str) -> bytes:
    """Return the bytes that were checked, or refuse when they are gone."""
    try:
        data = (folder / f"{sha256}.csv").read_bytes()
    except FileNotFoundError:
        data = b""
    if hashlib.sha256(data).hexdigest() != sha256:
        raise Conflict(
            "upload-gone", say("The checked file is no longer kept here. Choose the file again.")
        )
    return data


def drop_upload(folder: Path, sha256: str) -> None:
    """Forget a checked file once it is imported."""
    (folder / f"{sha256}.csv").unlink(missing_ok=True)


def refused_rows(seen: Preview, translate: Callable[[str], str] = str) -> bytes:
    """Return the refused rows as CSV with the reasons beside them, to be mended and sent again."""
    return manifest_files.refused_csv(seen.sheet, seen.problems, translate=translate)
