"""A desk where things happen one after another, each in a line and a transaction of its own."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from silog_scan.core.custody import Scan
from silog_scan.core.errors import Refused
from silog_scan.core.events import Event
from silog_scan.core.manifests import NOTHING_SAID, Defaults
from silog_scan.core.stock import Task
from silog_scan.services import deliveries, imports, intake, ledgers, scanning, uploads
from silog_scan.services.actors import Actor, Role
from silog_scan.services.intake import Preview
from silog_scan.services.scanning import Answer, Result, Submission, Undone
from silog_scan.store import ledger, projections, queries
from silog_scan.store.db import Database
from tests.cast import BOX, MEDAN, PROVINCE, TPS
from tests.conftest import NOON

RINA = Actor("Gudang Medan", MEDAN, Role.STAFF, user="rina")
HENDRA = Actor("Gudang Medan", MEDAN, Role.SUPERVISOR, user="hendra")
OTHER_DESK = Actor("Meja 2", MEDAN, Role.STAFF, device=True)

HEADER = "package,item,quantity,destination,parent,seals"


def box(code: str = BOX, *, to: str = TPS, parent: str = "", seals: str = "") -> str:
    return f"{code},KOTAK,1,{to},{parent},{seals}"


def ink(quantity: int, to: str = TPS) -> str:
    return f",TINTA,{quantity},{to},,"


@dataclass(frozen=True)
class Desk:
    """Rina's desk in Medan; ``replace`` gives another person's, or a later one."""

    writing: Callable[[], AbstractContextManager[Session]]
    attachments: Path
    actor: Actor = RINA
    at: datetime = NOON

    def of(self, actor: Actor) -> "Desk":
        return replace(self, actor=actor)

    def later(self, at: datetime) -> "Desk":
        return replace(self, at=at)

    # Manifests.

    def preview(self, *rows: str, header: str = HEADER, **hop: Any) -> Preview:  # noqa: ANN401
        defaults = Defaults(**({"number": "SJ-1", "origin": PROVINCE, "receiver": MEDAN} | hop))
        with self.writing() as session:
            return self.looks(session, "\n".join([header, *rows]).encode(), defaults)

    def looks(self, session: Session, data: bytes, defaults: Defaults = NOTHING_SAID) -> Preview:
        home = self.attachments.parent
        folder = home.with_name(f"{home.name}-uploads")
        file = uploads.kept(folder, uploads.keep(folder, [data], at=datetime.now(UTC)))
        return intake.look(session, self.actor, file, defaults)

    def imports(
        self,
        *rows: str,
        by_parent: bool = False,
        good_rows: bool = False,
        **hop: Any,  # noqa: ANN401
    ) -> dict[str, str]:
        seen = self.preview(*rows, **hop)
        with self.writing() as session:
            return imports.store(
                lambda call: call(session), self.actor, seen, attachments=self.attachments,
                at=self.at, chosen=imports.Choices(good_rows, by_parent),
            )  # fmt: skip

    def close(self, number: str = "SJ-1", reason: str | None = None) -> None:
        with self.writing() as session:
            deliveries.close(session, self.actor, number, at=self.at, reason=reason)

    def reopen(self, number: str = "SJ-1", reason: str | None = "belum selesai") -> None:
        with self.writing() as session:
            deliveries.reopen(session, self.actor, number, at=self.at, reason=reason)

    def void(self, number: str = "SJ-1", reason: str | None = "salah kirim") -> None:
        with self.writing() as session:
            deliveries.void(session, self.actor, number, at=self.at, reason=reason)

    # Scans.

    def made(self, text: str = BOX, task: Task = Task.RECEIVE, **details: Any) -> Scan:  # noqa: ANN401
        place = details.pop("place", self.actor.place)
        return scanning.scan_of(
            text, actor=self.actor, task=task, place=place, at=self.at, **details
        )

    def handed_in(self, *scans: Scan, **details: Any) -> Submission:  # noqa: ANN401
        """Return scans as one submission of this desk; the first tells task, place, manifest."""
        first = scans[0]
        return Submission(
            self.actor, first.task, first.place, scans, self.at, first.manifest, **details
        )

    def records(self, *submissions: Submission) -> list[list[Answer] | Refused]:
        with self.writing() as session:
            return scanning.record(session, submissions)

    def sends(self, *scans: Scan) -> list[Answer]:
        (answers,) = self.records(self.handed_in(*scans))
        if isinstance(answers, Refused):
            raise answers
        return answers

    def scan(self, text: str = BOX, task: Task = Task.RECEIVE, **details: Any) -> Result:  # noqa: ANN401
        (answer,) = self.sends(self.made(text, task, **details))
        if isinstance(answer, Refused):
            raise answer
        return answer

    def dispatch(self, text: str = BOX, **details: Any) -> Result:  # noqa: ANN401
        return self.scan(text, Task.DISPATCH, **details)

    def undo(self, of: Result, *, child: str | None = None, reason: str = "salah") -> Undone:
        with self.writing() as session:
            return scanning.undo(session, self.actor, of.id, reason=reason, at=self.at, child=child)

    # What there is to see.

    def counted(self, number: str = "SJ-1", task: Task = Task.RECEIVE) -> dict[str, int]:
        """Return what was counted by package, or by item where a line has none."""
        with self.writing() as session:
            rows = queries.lines(session, number, task)
        return {row.package or row.item: row.counted for row in rows}

    def stock(self) -> dict[tuple[str, str, str], tuple[int, int]]:
        """Return units and packages by place, item and condition."""
        with self.writing() as session:
            rows = queries.stock(session, within="ID")
        return {(r.place, r.item, r.condition): (r.quantity, r.packages) for r in rows}

    def events(self, kind: str | None = None) -> list[Event]:
        with self.writing() as session:
            log = [event for _, event in ledger.read(session, by_position=True)]
        return [event for event in log if kind in (None, event.kind)]

    def snapshot(self) -> dict[str, list[tuple[Any, ...]]]:
        with self.writing() as session:
            return projections.snapshot(session)

    def differences(self) -> list[str]:
        with self.writing() as session:
            return ledgers.differences(session)

    def broken(self) -> list[str]:
        """Return what is wrong with the chains."""
        with self.writing() as session:
            return [str(c.broken) for c in ledgers.verify_database(session) if c.broken]


@contextmanager
def rehearsal(database: Database) -> Iterator[Callable[[], AbstractContextManager[Session]]]:
    """Give writing sessions inside one transaction that is taken back at the end."""
    engine = database.engine.execution_options(silog_writes=True)
    with engine.connect() as connection, connection.begin() as outer:

        @contextmanager
        def writing() -> Iterator[Session]:
            with (
                Session(
                    connection, join_transaction_mode="create_savepoint", expire_on_commit=False
                ) as session,
                session.begin(),
            ):
                yield session

        yield writing
        outer.rollback()
