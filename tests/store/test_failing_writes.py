"""A write that fails in the middle: each scan gets its own answer, and what is kept adds up."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from silog_scan.core.custody import Outcome
from silog_scan.store.db import Database, Unavailable
from silog_scan.store.writer import Writer
from tests.cast import BOX, INK, NEXT_BOX
from tests.desk import Desk, box, ink
from tests.store.test_writer import held_up, outcomes, recording

MOMENTS = ["INSERT INTO event", "INSERT INTO scan", "INSERT INTO custody", "INTO tally", "COMMIT"]


@pytest.fixture
def writer(database: Database) -> Iterator[Writer]:
    writer = Writer(database)
    yield writer
    writer.stop()


def disk_full() -> OperationalError:
    return OperationalError("", {}, sqlite3.OperationalError("database or disk is full"))


class Disk:
    """Fails at a statement, or at the commit, as long as ``fails`` says so of what is written."""

    def __init__(self, fails: Callable[[str, str], bool]) -> None:
        self.fails = fails

    def write(self, _connection: object, _cursor: object, *rest: Any) -> None:  # noqa: ANN401
        statement, parameters = rest[0], rest[1]
        if self.fails(statement, str(parameters)):
            raise disk_full()

    def commit(self, _connection: object) -> None:
        if self.fails("COMMIT", ""):
            raise disk_full()


@contextmanager
def failing(database: Database, fails: Callable[[str, str], bool]) -> Iterator[None]:
    """Let the disk fail meanwhile."""
    disk = Disk(fails)
    event.listen(database.engine, "before_cursor_execute", disk.write)
    event.listen(database.engine, "commit", disk.commit)
    yield
    event.remove(database.engine, "before_cursor_execute", disk.write)
    event.remove(database.engine, "commit", disk.commit)


def once(moment: str) -> Callable[[str, str], bool]:
    """Return what is true of the first statement of that kind; a commit is one of an event."""
    seen: set[str] = set()

    def fails(statement: str, _: str) -> bool:
        if "INSERT INTO event" in statement:
            seen.add("event")
        is_it = moment in statement and (moment != "COMMIT" or "event" in seen)
        if not is_it or "failed" in seen:
            return False
        seen.add("failed")
        return True

    return fails


def together(desk: Desk, writer: Writer, codes: Sequence[str]) -> list[object]:
    """Return the answers to scans handed in at once; a refusal in words stands for its scan."""

    def answered(job: Callable[[], object]) -> Callable[[], object]:
        def call() -> object:
            try:
                return job()
            except Unavailable as refusal:
                return refusal

        return call

    jobs = [recording(writer, desk.handed_in(desk.made(code))) for code in codes]
    return held_up(writer, [answered(job) for job in jobs])


@pytest.mark.parametrize("moment", MOMENTS)
def test_after_a_write_that_fails_each_scan_gets_its_own_answer(
    desk: Desk, database: Database, writer: Writer, moment: str
) -> None:
    desk.imports(box(BOX), box(NEXT_BOX), ink(10))
    desk.scan(INK)

    with failing(database, once(moment)):
        answers = together(desk, writer, [BOX, NEXT_BOX, INK])

    assert outcomes(answers) == {Outcome.ACCEPTED: 3}
    assert desk.counted() == {BOX: 1, NEXT_BOX: 1, "TINTA": 2}
    assert (desk.broken(), desk.differences()) == ([], [])


def test_a_scan_that_cannot_be_written_takes_no_other_with_it(
    desk: Desk, database: Database, writer: Writer
) -> None:
    desk.imports(box(BOX), box(NEXT_BOX), ink(10))

    with failing(database, lambda s, values: s.startswith("INSERT") and NEXT_BOX in values):
        answers = together(desk, writer, [BOX, NEXT_BOX, INK])

    assert outcomes(answers) == {Outcome.ACCEPTED: 2}
    assert [a.code for a in answers if isinstance(a, Unavailable)] == ["database-unavailable"]
    assert desk.counted() == {BOX: 1, NEXT_BOX: 0, "TINTA": 1}
    assert (desk.broken(), desk.differences()) == ([], [])


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_scan_refused_by_the_disk_counts_when_it_comes_again(
    desk: Desk, database: Database, writer: Writer, moment: str
) -> None:
    desk.imports(box(BOX), ink(10))
    again = recording(writer, desk.handed_in(desk.made(BOX), desk.made(INK)))

    with failing(database, once(moment)), suppress(Unavailable):
        again()
        pytest.fail("the disk did not fail")
    answers = again()

    assert outcomes([answers]) == {Outcome.ACCEPTED: 2}
    assert desk.counted() == {BOX: 1, "TINTA": 1}
    assert (desk.broken(), desk.differences()) == ([], [])
