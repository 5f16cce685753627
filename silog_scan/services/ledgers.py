"""The ledger as a whole: check it, write it out, make its projections anew."""

import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NoReturn

from sqlalchemy import select
from sqlalchemy.orm import Session

from silog_scan.core import events
from silog_scan.core.errors import Malformed, say
from silog_scan.core.events import ChainBroken, Event, Head
from silog_scan.store import copies, ledger, projections
from silog_scan.store.db import Database
from silog_scan.store.tables import StationRow

_DIGEST_BYTES = 32


@dataclass(frozen=True, slots=True)
class Chain:
    """A station's chain as far as it was checked; ``broken`` tells of its first bad event."""

    head: Head
    broken: ChainBroken | None = None


def verify(log: Iterable[Event]) -> list[Chain]:
    """Return the chains of a log in export order, each checked to its first bad event."""
    chains: list[Chain] = []
    for station, chain in groupby(log, key=attrgetter("station")):
        try:
            if chains and station <= chains[-1].head.station:
                raise _out_of_order(next(chain))
            chains.append(Chain(events.verify(chain, Head(station))))  # noqa: B031  # or that
        except ChainBroken as error:
            chains.append(Chain(error.head, error))
    return chains


def _out_of_order(event: Event) -> ChainBroken:
    problem = events.broken(event, "chain-gap", say("stands out of order"))
    problem.head = Head(event.station)
    return problem


def log_of(session: Session) -> Iterator[Event]:
    """Yield the database's own log in export order."""
    return (event for _, event in ledger.read(session))


def verify_database(session: Session) -> list[Chain]:
    """Check the database's own log."""
    return verify(log_of(session))


def heads(session: Session) -> list[Head]:
    """Return where each chain that has begun ends, by station."""
    found = (ledger.head_of(session, name) for name in session.scalars(select(StationRow.name)))
    return sorted((head for head in found if head.sequence), key=attrgetter("station"))


def export(session: Session) -> Iterator[str]:
    """Yield the log as lines of JSON, by station, then sequence."""
    for _, event in ledger.read(session):
        content = events.fields(event) | {"digest": event.digest}
        yield events.canonical(content).decode()


def parse(lines: Iterable[bytes]) -> Iterator[Event]:
    """Yield the events of an export; refuse the first line that is none, and a file without any."""
    empty = True
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            event = event_of(decoded(line.decode()))
            _must_be_canonical(event, line)
        except (ValueError, TypeError, RecursionError) as error:
            told = say(
                "Line %(number)s is no event of an export. Was the file changed or cut?",
                number=number,
            )
            raise Malformed("not-an-export", told) from error
        empty = False
        yield event
    if empty:
        raise Malformed("not-an-export", say("The file is empty: it is no export of a ledger."))


def decoded(text: str) -> Any:  # noqa: ANN401  # JSON
    """Return JSON as events have it; a number with a point raises ``ValueError``."""
    return _DECODER.decode(text)


def event_of(fields: dict[str, Any]) -> Event:
    """Return an event of its fields, or raise for values of a kind that none has."""
    event = Event(**fields)
    texts = (event.station, event.id, event.kind, event.at, event.previous)
    if not all(isinstance(text, str) for text in texts):
        raise TypeError(texts)
    # A sequence of True would pass for 1.
    if type(event.sequence) is not int or not isinstance(event.body, dict):
        raise TypeError(event.sequence)
    if len(bytes.fromhex(event.digest)) != _DIGEST_BYTES:
        raise ValueError(event.digest)
    return event


def _must_be_canonical(event: Event, line: bytes) -> None:
    """Refuse what another reader could read otherwise, such as a key that stands twice."""
    if events.canonical(events.fields(event) | {"digest": event.digest}) != line.rstrip(b"\n"):
        raise ValueError(line)


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


_DECODER = json.JSONDecoder(parse_float=_no_number, parse_constant=_no_number)


def rebuild(session: Session) -> int:
    """Make the projections anew and return how many events they follow from."""
    return projections.rebuild(session)


def differences_aside(database: Database) -> list[str]:
    """Return what ``differences`` does, of a copy of the database: writers go on meanwhile."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "copy.db"
        copies.copy(database, path)
        with closing(Database(f"sqlite:///{path}")) as copy, copy.writing() as session:
            return differences(session)


def differences(session: Session) -> list[str]:
    """Return the names of projections that differ from a replay; nothing is changed."""
    before = projections.snapshot(session)
    savepoint = session.begin_nested()
    projections.rebuild(session)
    after = projections.snapshot(session)
    savepoint.rollback()
    return sorted(name for name in before if before[name] != after[name])
