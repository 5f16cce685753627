"""The event log as kept in the database: append, read, nothing else."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select
from sqlalchemy.orm import Session

from silog_scan.core import events
from silog_scan.core.events import Event, Head
from silog_scan.store.db import execute
from silog_scan.store.tables import EventRow, table_of

_READ_AT_ONCE = 2_000

# Built once: building a statement anew costs more than running it.
_EVENT = table_of(EventRow)
_INSERT = insert(_EVENT)
_NEWEST = (
    select(_EVENT.c.position, _EVENT.c.station, _EVENT.c.sequence, _EVENT.c.digest)
    .order_by(_EVENT.c.position.desc())
    .limit(1)
)
_HEAD = (
    select(_EVENT.c.sequence, _EVENT.c.digest)
    .where(_EVENT.c.station == bindparam("station"))
    .order_by(_EVENT.c.sequence.desc())
    .limit(1)
)


class Ledger:
    """The log within one writing transaction, which holds the lock: heads are read once.

    ``newest`` is the digest of the event recorded last, by whomever.
    """

    def __init__(self, session: Session, at: datetime) -> None:
        """Begin to append at a time, which is the server's."""
        self.session = session
        self.at = at
        self.written: list[tuple[int, Event]] = []
        self._rows: list[dict[str, Any]] = []
        self._heads: dict[str, Head] = {}
        row = execute(session, _NEWEST).first()
        self._position: int = row.position if row else 0
        self.newest: str | None = row.digest if row else None
        if row:
            self._heads[row.station] = Head(row.station, row.sequence, row.digest)

    def next_sequence(self, station: str) -> int:
        """Return the sequence the station's next event will have."""
        return self._head(station).sequence + 1

    def _head(self, station: str) -> Head:
        if station not in self._heads:
            self._heads[station] = head_of(self.session, station)
        return self._heads[station]

    def append(self, station: str, kind: str, *, id: str, body: Mapping[str, Any]) -> Event:  # noqa: A002
        """Add an event at the head of the station's chain; ``flush`` writes it."""
        text = events.canonical(body).decode()
        event = events.follow(
            self._head(station), kind=kind, id=id, at=self.at, body=body, text=text
        )
        self._heads[station] = Head(station, event.sequence, event.digest)
        self._position, self.newest = self._position + 1, event.digest
        self.written.append((self._position, event))
        self._rows.append(_row(self._position, event, text))
        return event

    def flush(self) -> list[tuple[int, Event]]:
        """Write what was appended and return it with positions."""
        written, self.written = self.written, []
        rows, self._rows = self._rows, []
        if rows:
            execute(self.session, _INSERT, rows)
        return written


def head_of(session: Session, station: str) -> Head:
    """Return where the station's chain ends."""
    row = execute(session, _HEAD, {"station": station}).first()
    return Head(station, row.sequence, row.digest) if row else Head(station)


def read(session: Session, *, by_position: bool = False) -> Iterator[tuple[int, Event]]:
    """Yield every event with its position: in export order, or in the order they were recorded."""
    order = (EventRow.position,) if by_position else (EventRow.station, EventRow.sequence)
    rows = session.execute(
        select(table_of(EventRow)).order_by(*order).execution_options(yield_per=_READ_AT_ONCE)
    )
    for row in rows:
        yield row.position, event_of(row)


def digests(session: Session) -> Iterator[tuple[str, int, str]]:
    """Yield (station, sequence, digest) of every event in export order."""
    rows = session.execute(
        select(EventRow.station, EventRow.sequence, EventRow.digest)
        .order_by(EventRow.station, EventRow.sequence)
        .execution_options(yield_per=_READ_AT_ONCE)
    )
    for row in rows:
        yield row.station, row.sequence, row.digest


def size(session: Session) -> int:
    """Return how many events there are: the position of the newest."""
    return session.scalar(select(func.max(EventRow.position))) or 0


def after(session: Session, position: int, limit: int) -> list[tuple[int, Event]]:
    """Return events recorded after a position."""
    rows = session.execute(
        select(table_of(EventRow))
        .where(EventRow.position > position)
        .order_by(EventRow.position)
        .limit(limit)
    )
    return [(row.position, event_of(row)) for row in rows]


def with_id(session: Session, event_id: str) -> list[Event]:
    """Return the events of an id; a scan's id may have refusals beside it, never a second scan."""
    rows = session.execute(select(table_of(EventRow)).where(EventRow.id == event_id))
    return [event_of(row) for row in rows]


def find(session: Session, station: str, sequence: int) -> Event | None:
    """Return one event."""
    row = session.execute(
        select(table_of(EventRow)).where(EventRow.station == station, EventRow.sequence == sequence)
    ).first()
    return event_of(row) if row else None


def _row(position: int, event: Event, body: str) -> dict[str, Any]:
    return {
        "station": event.station,
        "sequence": event.sequence,
        "id": event.id,
        "kind": event.kind,
        "at": event.at,
        "body": body,
        "previous": event.previous,
        "digest": event.digest,
        "position": position,
    }


def event_of(row: Any) -> Event:  # noqa: ANN401  # a row of the event table
    """Return the event a row holds."""
    return Event(
        station=row.station,
        sequence=row.sequence,
        id=row.id,
        kind=row.kind,
        at=row.at,
        body=json.loads(row.body),
        previous=row.previous,
        digest=row.digest,
    )
