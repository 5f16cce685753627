"""Ten thousand ways to tamper with a record: what a paper finds, what nobody sees without one."""

import io
import random
from collections.abc import Callable, Iterable
from dataclasses import replace

import pytest

from silog_scan.core.events import Event
from silog_scan.verify_ledger import Checker, Wrong, read_checkpoint
from tests.exports import Export, chained, forged, invented, line_of

TIMES = 1_430
"""Of each of the seven kinds, which makes 10,010."""

Tamper = Callable[[Export, random.Random], bytes]


@pytest.fixture(scope="module")
def record() -> Export:
    """Return the record of three stations."""
    return invented(random.Random(2024), stations=3, length=9)  # noqa: S311  # no secret


@pytest.fixture(scope="module")
def chance() -> random.Random:
    return random.Random(14)  # noqa: S311  # no secret


def is_found(data: bytes, paper: str | None) -> bool:
    """Say whether the verifier that an outsider runs finds something amiss."""
    checker = Checker(read_checkpoint(paper) if paper else None)
    try:
        checker.check(io.BytesIO(data))
    except Wrong:
        return True
    return False


# The seven kinds.


def a_byte_altered(record: Export, chance: random.Random) -> bytes:
    data = bytearray(written(record.log))
    at = chance.randrange(len(data))
    data[at] = (data[at] + chance.randrange(1, 256)) % 256
    return bytes(data)


def an_event_removed(record: Export, chance: random.Random) -> bytes:
    log = [*record.log]
    del log[chance.randrange(len(log))]
    return written(log)


def two_events_swapped(record: Export, chance: random.Random) -> bytes:
    log, (a, b) = [*record.log], chance.sample(range(len(record.log)), 2)
    log[a], log[b] = log[b], log[a]
    return written(log)


def an_event_doubled(record: Export, chance: random.Random) -> bytes:
    log = [*record.log]
    log.insert(chance.randint(0, len(log)), chance.choice(log))
    return written(log)


def an_event_inserted(record: Export, chance: random.Random) -> bytes:
    """Insert an event with a good digest, and let the others follow from it or not."""
    log, at = [*record.log], chance.randrange(len(record.log))
    log.insert(at, forged(log[at], body={"text": "never"}, id="never"))
    return written(log if chance.random() < 0.5 else chained(facts(log)).log)


def the_tail_cut(record: Export, chance: random.Random) -> bytes:
    station, length = chance.choice([*record.lengths.items()])
    last = chance.randrange(length)
    return written(e for e in record.log if e.station != station or e.sequence <= last)


def all_written_anew(record: Export, chance: random.Random) -> bytes:
    log, at = [*record.log], chance.randrange(len(record.log))
    log[at] = replace(log[at], body={**log[at].body, "text": chance.random().hex()})
    return written(chained(facts(log)).log)


KINDS: tuple[Tamper, ...] = (
    a_byte_altered, an_event_removed, two_events_swapped, an_event_doubled, an_event_inserted,
    the_tail_cut, all_written_anew,
)  # fmt: skip


def written(log: Iterable[Event]) -> bytes:
    return b"".join(map(line_of, log))


def facts(log: Iterable[Event]) -> list[tuple[str, str, dict[str, object]]]:
    return [(event.station, event.kind, dict(event.body)) for event in log]


@pytest.mark.parametrize("kind", KINDS)
def test_with_its_paper_every_change_is_found(
    record: Export, chance: random.Random, kind: Tamper
) -> None:
    paper = record.paper()

    found = sum(is_found(kind(record, chance), paper) for _ in range(TIMES))

    assert found == TIMES
    assert not is_found(written(record.log), paper)


# What can be seen without a paper, and what cannot.


@pytest.mark.parametrize("kind", [a_byte_altered, two_events_swapped, an_event_doubled])
def test_without_a_paper_a_clumsy_change_is_found(
    record: Export, chance: random.Random, kind: Tamper
) -> None:
    assert all(is_found(kind(record, chance), None) for _ in range(100))


def test_without_a_paper_an_event_removed_from_the_middle_is_found(record: Export) -> None:
    assert is_found(written([*record.log[:1], *record.log[2:]]), None)


def test_without_a_paper_a_tail_cut_off_is_not_found(record: Export, chance: random.Random) -> None:
    assert not is_found(the_tail_cut(record, chance), None)


def test_without_a_paper_a_record_written_anew_is_not_found(
    record: Export, chance: random.Random
) -> None:
    assert not is_found(all_written_anew(record, chance), None)


def test_a_paper_says_nothing_of_what_came_later(record: Export) -> None:
    paper = record.paper({station: n - 1 for station, n in record.lengths.items() if n > 1})
    last = record.log[-1]

    changed = [*record.log[:-1], forged(last, body={"text": "changed"})]

    assert last.sequence > 1
    assert not is_found(written(changed), paper)
    assert not is_found(written(record.log[:-1]), paper)
