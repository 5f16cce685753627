"""The one thread that writes: everything once, in order, and nobody pays for another's mistake."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest
from sqlalchemy import inspect, select, text
from sqlalchemy.exc import NoSuchTableError
from sqlalchemy.orm import Session

from silog_scan.core.custody import Outcome
from silog_scan.core.errors import Refused
from silog_scan.services import scanning
from silog_scan.services.scanning import Result, Submission
from silog_scan.store.db import Database
from silog_scan.store.tables import CountedRow, MetaRow
from silog_scan.store.writer import Writer
from tests.cast import BOX, INK
from tests.desk import OTHER_DESK, RINA, Desk, box, ink

HANDS = 32


@pytest.fixture
def writer(database: Database) -> Iterator[Writer]:
    writer = Writer(database)
    yield writer
    writer.stop()


def all_at_once(calls: Sequence[Callable[[], object]]) -> list[object]:
    """Return what the calls answer, each made by a hand of its own at the same moment."""
    ready = threading.Barrier(len(calls))

    def made(call: Callable[[], object]) -> object:
        ready.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as hands:
        return list(hands.map(made, calls))


def recording(writer: Writer, submission: Submission) -> Callable[[], object]:
    return partial(writer.together, scanning.record, submission)


def outcomes(answers: Sequence[object]) -> Counter[Outcome]:
    flat = [answer for some in answers if isinstance(some, list) for answer in some]
    return Counter(answer.outcome for answer in flat if isinstance(answer, Result))


def test_one_box_in_32_hands_counts_once(desk: Desk, writer: Writer) -> None:
    desk.imports(box())
    at = [desk.of(actor) for actor in (RINA, OTHER_DESK) * (HANDS // 2)]

    answers = all_at_once([recording(writer, d.handed_in(d.made())) for d in at])

    assert outcomes(answers) == {Outcome.ACCEPTED: 1, Outcome.DUPLICATE: HANDS - 1}
    assert desk.counted() == {BOX: 1}
    with desk.writing() as session:
        assert len(session.scalars(select(CountedRow)).all()) == 1
    assert (desk.broken(), desk.differences()) == ([], [])


def test_one_scan_sent_32_times_is_recorded_once(desk: Desk, writer: Writer) -> None:
    desk.imports(ink(100))
    submission = desk.handed_in(desk.made(INK, quantity=3))

    answers = all_at_once([recording(writer, submission)] * HANDS)

    assert answers == [answers[0]] * HANDS
    assert desk.counted() == {"TINTA": 3}


def test_bulk_from_32_hands_adds_up(desk: Desk, writer: Writer) -> None:
    desk.imports(ink(20), ink(500, "12.71.01.1001.002"))

    all_at_once(
        [recording(writer, desk.handed_in(desk.made(INK, quantity=n))) for n in range(HANDS)]
    )

    total = sum(max(n, 1) for n in range(HANDS))
    assert {quantity for quantity, _ in desk.stock().values()} == {total}


def test_a_command_line_beside_the_server_keeps_chains_and_counts(
    desk: Desk, writer: Writer
) -> None:
    boxes = [f"1271-KS-{n:06d}" for n in range(24)]
    desk.imports(*map(box, boxes), ink(1_000))

    def server(code: str) -> Callable[[], object]:
        return recording(writer, desk.handed_in(desk.made(code), desk.made(INK)))

    def command_line(code: str) -> Callable[[], object]:
        return partial(desk.sends, desk.made(code), desk.made(INK))

    all_at_once([call(code) for code in boxes for call in (server, command_line)])

    assert desk.counted() == dict.fromkeys(boxes, 1) | {"TINTA": 48}
    assert (desk.broken(), desk.differences()) == ([], [])


# One that fails.


def noted(session: Session, names: Sequence[str]) -> list[str]:
    """Keep names, and fail on a bad one."""
    for name in names:
        session.add(MetaRow(name=name, value="kept"))
    session.flush()
    if "bad" in names:
        raise ZeroDivisionError
    return [name.upper() for name in names]


def held_up(writer: Writer, jobs: Sequence[Callable[[], object]]) -> list[object]:
    """Return what the jobs answer when all wait behind one transaction, so that they share one."""

    begun = threading.Event()

    def all_queued(_: Session) -> None:
        begun.set()
        while writer._jobs.qsize() < len(jobs):  # noqa: SLF001
            time.sleep(0.001)

    def made(job: Callable[[], object]) -> object:
        try:
            return job()
        except ZeroDivisionError as error:
            return error

    with ThreadPoolExecutor(len(jobs) + 1) as hands:
        hands.submit(writer.run, all_queued)
        begun.wait()
        return list(hands.map(made, jobs))


def test_one_that_fails_takes_no_other_with_it(database: Database, writer: Writer) -> None:
    names = ["a", "bad", "b", "c"]

    answers = held_up(writer, [partial(writer.together, noted, name) for name in names])

    assert [type(a) for a in answers] == [str, ZeroDivisionError, str, str]
    with database.reading() as session:
        kept = session.scalars(select(MetaRow.name).where(MetaRow.value == "kept"))
        assert set(kept) == {"a", "b", "c"}


def test_what_waits_together_is_written_together(writer: Writer) -> None:
    seen: list[int] = []

    def batch(_: Session, ones: Sequence[int]) -> list[int]:
        seen.append(len(ones))
        return [one * 2 for one in ones]

    answers = held_up(writer, [partial(writer.together, batch, n) for n in range(8)])

    assert answers == [n * 2 for n in range(8)]
    assert seen == [8]


def test_a_call_of_its_own_raises_what_it_raised(writer: Writer) -> None:
    with pytest.raises(NoSuchTableError):
        writer.run(lambda session: inspect(session.connection()).get_columns("none"))


def test_a_failed_call_leaves_nothing_behind(database: Database, writer: Writer) -> None:
    with pytest.raises(ZeroDivisionError):
        writer.together(noted, "bad")

    with database.reading() as session:
        assert session.get(MetaRow, "bad") is None


def test_an_answer_is_given_after_its_commit(database: Database, writer: Writer) -> None:
    writer.together(noted, "a")

    with database.reading() as session:
        assert session.get(MetaRow, "a") is not None


def test_stopping_answers_or_refuses_whoever_asks(database: Database) -> None:
    writer = Writer(database)

    def asked() -> str:
        try:
            return writer.run(lambda _: "answered")
        except Refused:
            return "refused"

    answers = all_at_once([*[asked] * 16, writer.stop, *[asked] * 16])

    assert set(answers) <= {"answered", "refused", None}


def test_a_stopped_writer_refuses_in_words(database: Database) -> None:
    writer = Writer(database)
    writer.stop()

    with pytest.raises(Refused, match="stopping"):
        writer.run(lambda session: session.execute(text("SELECT 1")))
