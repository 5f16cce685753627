"""Store what a manifest file brings: all of it or nothing, while scanning goes on.

New lines are written first, few at a time, and count for nothing: no issue of the manifest has
them. One short transaction then records the event, and with it they stand. What an import leaves
behind that was interrupted is never seen, and is swept away by the next one of its number.
"""

import itertools
from collections.abc import Callable, Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy.orm import Session

from silog_scan.core import manifests
from silog_scan.core.errors import Conflict, Malformed, NotYours, say
from silog_scan.core.ids import uuid7
from silog_scan.core.manifests import NOTHING_SAID, Defaults
from silog_scan.services import files, intake, uploads
from silog_scan.services.actors import Actor
from silog_scan.services.homes import add_polling_stations
from silog_scan.services.intake import Brought, Preview
from silog_scan.store import lines, projections
from silog_scan.store.db import chunks
from silog_scan.store.intake import Intake
from silog_scan.store.ledger import Ledger
from silog_scan.store.tables import ManifestRow

T = TypeVar("T")

AT_ONCE = 1000
"""Lines of a transaction: scans wait for no more than so many."""


class Run(Protocol):
    """Runs a call in a transaction, and returns what it returns."""

    def __call__(self, call: Callable[[Session], T], /) -> T:
        """Run it."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person decided on a preview: leave bad rows out, receive parents with all in them."""

    good_rows: bool = False
    by_parent: bool = False


def store(
    run: Run,
    actor: Actor,
    seen: Preview,
    *,
    attachments: Path,
    at: datetime,
    chosen: Choices = Choices(),  # frozen
) -> dict[str, str]:
    """Store a previewed file; its problems refuse it unless good rows do.

    Returned is what became of each manifest by its number: new, changed or unchanged. ``run`` may
    stop the import by what it raises.
    """
    actor.must_record()
    actor.must_be_free()
    _must_take(seen, chosen)
    with closing(Intake(seen.store)) as intake:
        return _Import(intake, actor, seen, attachments, at, chosen.by_parent).store(run)


def _must_take(seen: Preview, chosen: Choices) -> None:
    """Refuse a file with problems unless its good rows are wanted, and one without any."""
    if seen.problem_count and not chosen.good_rows:
        raise Malformed(
            "manifest-problems",
            say(
                "%(n)s problems; nothing was imported. Mend them, or take the good rows.",
                n=seen.problem_count,
            ),
        )
    if not seen.manifests:
        raise Malformed("manifest-empty", say("The file has no row that can be imported."))


def telling(run: Run, seen: Preview, tell: Callable[[int, float], None]) -> Run:
    """Return what tells before each step how many rows are stored, and which part of all it is."""
    steps = 2 + sum(1 + -(-one.lines["new"] // AT_ONCE) for one in seen.manifests)
    done = itertools.count()

    def told(call: Callable[[Session], T]) -> T:
        part = min(1.0, next(done) / steps)
        tell(int(seen.accepted * part), part)
        return run(call)

    return told


def bring(
    session: Session,
    actor: Actor,
    data: bytes,
    *,
    attachments: Path,
    at: datetime,
    defaults: Defaults = NOTHING_SAID,
) -> dict[str, str]:
    """Store a file's content in a transaction that has begun; return what became of each."""
    with uploads.passing([data]) as file:
        seen = intake.look(session, actor, file, defaults)
        return store(lambda call: call(session), actor, seen, attachments=attachments, at=at)


@dataclass(frozen=True, slots=True)
class _Import:
    """One file on its way into the database."""

    _intake: Intake
    _actor: Actor
    _seen: Preview
    _attachments: Path
    _at: datetime
    _by_parent: bool

    def store(self, run: Run) -> dict[str, str]:
        changes = run(self._check)
        changing = [one for one in self._seen.manifests if changes[one.head.number] != "unchanged"]
        if changing:
            suffix = ".csv" if self._seen.layout.dialect else ".xlsx"
            file = files.keep(self._attachments, files.pieces(self._seen.file), suffix)
            kept = {one.id: self._keep_lines(one) for one in changing}
            for one in changing:
                run(partial(_sweep, one))
                for some in chunks(self._intake.new(one.id), AT_ONCE):
                    run(partial(_write, one, some))
            run(lambda session: self._record(session, changing, kept, file))
        return changes

    def _check(self, session: Session) -> dict[str, str]:
        """Refuse what may not be imported; return what becomes of each manifest."""
        return {one.head.number: self._change(session, one) for one in self._seen.manifests}

    def _change(self, session: Session, one: Brought) -> str:
        """Return new, changed or unchanged; how it is received counts once it is chosen."""
        head = one.head
        if not self._actor.may_see_hop(head.origin, head.receiver):
            self._actor.must_hold(head.receiver)
        row = session.get(ManifestRow, head.number)
        if row is None:
            return "new"
        if not self._actor.may_see_hop(row.origin, row.receiver):
            raise NotYours(
                "place-not-yours",
                say("Manifest %(number)s does not go to or from your place.", number=row.number),
            )
        if one.change == "unchanged" and row.by_parent == self._by_parent:
            return "unchanged"
        if row.state != "open":
            raise Conflict(
                "manifest-closed",
                say(
                    "Manifest %(number)s is closed or void. Reopen it before a new issue is "
                    "imported.",
                    number=head.number,
                ),
            )
        return "changed"

    def _keep_lines(self, one: Brought) -> str:
        pieces = manifests.normalised(one.head, self._intake.of(one.id).normal())
        return files.keep(self._attachments, pieces, ".json")

    def _record(
        self, session: Session, changing: Iterable[Brought], kept: dict[int, str], file: str
    ) -> None:
        """Record the events, and make the lines stand."""
        self._check(session)
        for one in changing:
            _must_be_whole(session, one)
            lines.drop(session, one.head.number, one.version, self._intake.dropped(one.id))
            lines.change(session, one.head.number, self._intake.changed(one.id))
            stations = {one.head.origin, one.head.receiver}
            stations |= set(self._intake.of(one.id).destinations())
            add_polling_stations(session, stations)
            book = Ledger(session, self._at)
            body = self._body(one) | {"file_sha256": file, "lines_sha256": kept[one.id]}
            event = book.append(
                self._actor.station, "manifest-imported", id=str(uuid7(self._at)), body=body
            )
            book.flush()
            projections.manifest_imported(session, event)

    def _body(self, one: Brought) -> dict[str, Any]:
        sums = list(self._intake.sums(one.id))
        head, actor = one.head, self._actor
        body: dict[str, Any] = {
            "number": head.number,
            "version": one.version + 1,
            "from": head.origin,
            "to": head.receiver,
            "place": actor.place,
            "by_parent": self._by_parent,
            "lines": sum(one.lines for one in sums),
            "packages": sum(one.packages for one in sums),
            "totals": [
                {"item": one.item, "destination": one.destination, "quantity": one.units}
                for one in sums
            ],
        }
        if head.due:
            body["due"] = head.due.isoformat()
        if actor.user:
            body["user"] = actor.user
        return body


def _sweep(one: Brought, session: Session) -> None:
    """Sweep away what an interrupted import of this number left behind."""
    _must_be_version(session, one)
    lines.sweep(session, one.head.number, one.version)


def _write(one: Brought, some: list[tuple[Any, ...]], session: Session) -> None:
    """Write new lines, which nobody sees yet."""
    lines.write(session, one.head.number, one.version + 1, some)


def _must_be_version(session: Session, one: Brought) -> None:
    """Refuse when another issue was imported since the file was read."""
    row = session.get(ManifestRow, one.head.number, populate_existing=True)
    if (row.version if row else 0) != one.version:
        raise _overtaken(one)


def _must_be_whole(session: Session, one: Brought) -> None:
    """Refuse when somebody else imported this number at the same time."""
    _must_be_version(session, one)
    if lines.unseen(session, one.head.number, one.version) != one.lines["new"]:
        raise _overtaken(one)


def _overtaken(one: Brought) -> Conflict:
    told = say(
        "Another issue of %(number)s was imported meanwhile. Check the file again.",
        number=one.head.number,
    )
    return Conflict("manifest-overtaken", told)
