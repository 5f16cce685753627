"""What the writer remembers between transactions, and when it must not be believed."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from silog_scan.core.custody import Outcome
from silog_scan.store.db import Database
from silog_scan.store.memory import Memory, memory_of
from tests.cast import MEDAN
from tests.desk import HENDRA, Desk, box, ink

NEXT = "1271-KS-000002"


@pytest.fixture
def desk(database: Database, tmp_path: Path) -> Desk:
    """Give the desk of a running station, which remembers."""
    desk = Desk(database.writing, tmp_path / "attachments")
    desk.imports(box(), box(NEXT), ink(40))
    desk.scan(manifest="SJ-1")
    return desk


@pytest.fixture
def other(database: Database, tmp_path: Path) -> Iterator[Desk]:
    """Give a desk at the same database with a memory of its own, as the command line has."""
    there = Database(database.engine.url.render_as_string(hide_password=False))
    yield Desk(there.writing, tmp_path / "attachments")
    there.close()


def test_a_writer_remembers(desk: Desk, database: Database) -> None:
    with database.writing() as session:
        memory = memory_of(session)

    assert memory.manifests.keys() == {"SJ-1"}
    assert MEDAN in memory.names
    assert desk.scan(NEXT, manifest="SJ-1").counts.counted == 2


def test_a_manifest_closed_beside_the_server_takes_no_scan(desk: Desk, other: Desk) -> None:
    other.of(HENDRA).close()

    assert desk.scan(NEXT, manifest="SJ-1").outcome is Outcome.MANIFEST_CLOSED


def test_scans_made_beside_the_server_are_counted_on(desk: Desk, other: Desk) -> None:
    other.scan(NEXT, manifest="SJ-1")
    other.scan("SLG-ITEM-TINTA", manifest="SJ-1", quantity=38)

    assert desk.scan(NEXT, manifest="SJ-1").outcome is Outcome.DUPLICATE
    assert desk.scan("SLG-ITEM-TINTA", manifest="SJ-1").counts.counted == 39


def test_a_new_issue_beside_the_server_is_known(desk: Desk, other: Desk) -> None:
    other.imports(box(), box(NEXT), box("1271-KS-000003"), ink(40))

    counts = desk.scan("1271-KS-000003", manifest="SJ-1").counts

    assert (counts.expected, counts.counted) == (3, 2)


def test_a_transaction_that_failed_leaves_no_memory(desk: Desk, database: Database) -> None:
    session = database._writers()  # noqa: SLF001  # one that is never committed
    with session, session.begin() as transaction:
        Desk(lambda: nullcontext(session), desk.attachments).scan(NEXT, manifest="SJ-1")
        transaction.rollback()

    again = desk.scan(NEXT, manifest="SJ-1")

    assert (again.outcome, again.counts.counted) == (Outcome.ACCEPTED, 2)
    assert desk.differences() == []


def test_an_undo_takes_back_what_is_remembered(desk: Desk) -> None:
    counted = desk.scan(NEXT, manifest="SJ-1")
    desk.undo(counted)

    assert desk.scan(NEXT, manifest="SJ-1").counts.counted == 2


def test_a_large_memory_is_given_up() -> None:
    memory = Memory(names={str(number): "" for number in range(60_000)})
    memory.leave("digest")

    memory.recall("digest")

    assert memory.names == {}
