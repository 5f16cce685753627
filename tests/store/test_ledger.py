"""The log in the database: only ever added to, one chain per station, no forks."""

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from silog_scan.core import events
from silog_scan.core.events import Event, Head
from silog_scan.store import ledger
from silog_scan.store.db import Database
from silog_scan.store.ledger import Ledger
from silog_scan.store.tables import EventRow, table_of
from tests.conftest import NOON


def append(database: Database, *stations: str) -> list[Event]:
    with database.writing() as session:
        book = Ledger(session, NOON)
        made = [book.append(name, "noted", id=f"{name}-{n}", body={"n": n})
                for n, name in enumerate(stations)]  # fmt: skip
        book.flush()
    return made


def forge(database: Database, event: Event, position: int) -> None:
    values = {
        "station": event.station, "sequence": event.sequence, "id": event.id, "kind": event.kind,
        "at": event.at, "body": events.canonical(event.body).decode(), "previous": event.previous,
        "digest": event.digest, "position": position,
    }  # fmt: skip
    with database.writing() as session:
        session.execute(insert(table_of(EventRow)), [values])


def test_events_go_on_from_the_head_of_their_station(database: Database) -> None:
    append(database, "A", "B", "A")

    append(database, "A")

    with database.reading() as session:
        log = [event for _, event in ledger.read(session) if event.station in "AB"]
    assert [(event.station, event.sequence) for event in log] == [
        ("A", 1), ("A", 2), ("A", 3), ("B", 1),
    ]  # fmt: skip
    assert events.verify(log[:3], Head("A")).sequence == 3


def test_positions_tell_the_order_in_which_events_were_recorded(database: Database) -> None:
    made = append(database, "B", "A", "B")

    with database.reading() as session:
        newest = list(ledger.read(session, by_position=True))[-3:]
        tail = ledger.after(session, newest[0][0], 10)

    assert [event for _, event in newest] == made
    assert tail == newest[1:]


def test_nothing_is_written_before_it_is_flushed(database: Database) -> None:
    with database.writing() as session:
        book = Ledger(session, NOON)
        book.append("A", "noted", id="1", body={})
        assert ledger.head_of(session, "A") == Head("A")

        written = book.flush()

        assert [event.sequence for _, event in written] == [1]
        assert book.flush() == []


@pytest.mark.parametrize("sequence", [2, 3], ids=["same place", "further on"])
def test_the_database_refuses_a_forked_chain(database: Database, sequence: int) -> None:
    first, second = append(database, "A", "A")
    other = events.follow(
        Head("A", 1, first.digest), kind="noted", id="forged", at=NOON, body={"forged": True}
    )

    with pytest.raises(IntegrityError):
        forge(database, replace(other, sequence=sequence), 1_000)

    with database.reading() as session:
        assert ledger.find(session, "A", 2) == second


@pytest.mark.parametrize(
    "statement", ["UPDATE event SET body = '{}'", "DELETE FROM event WHERE sequence = 1"]
)
def test_the_database_lets_nothing_change_an_event(database: Database, statement: str) -> None:
    append(database, "A")

    with pytest.raises(DatabaseError, match="only ever added"), database.writing() as session:
        session.execute(text(statement))


def test_stations_are_exported_in_the_order_of_their_bytes(database: Database) -> None:
    append(database, "12.71.011", "12.71.01.1001", "a", "B")

    with database.reading() as session:
        found = [event.station for _, event in ledger.read(session)]

    assert found == sorted(found)
    assert found.index("12.71.01.1001") < found.index("12.71.011")


def test_any_text_comes_back_as_it_was(database: Database) -> None:
    body: dict[str, Any] = {
        "text": "é ✓ 🗳 \x1d \x00 \\u0000 'quoted' %s :name",
        "list": [1, None, True, {}],
    }
    with database.writing() as session:
        book = Ledger(session, NOON)
        made = book.append("A", "noted", id="1", body=body)
        book.flush()

    with database.reading() as session:
        assert ledger.find(session, "A", 1) == made
        assert ledger.with_id(session, "1") == [made]
