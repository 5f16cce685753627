"""The chain of events: what is hashed, what follows, what breaks it."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from silog_scan.core import events
from silog_scan.core.events import GENESIS, ChainBroken, Event, Head, follow, moment, timestamp
from tests.conftest import NOON

START = Head("Gudang Medan")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
VALUES = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXTS
BODIES = st.dictionaries(TEXTS, VALUES | st.lists(VALUES, max_size=3), max_size=4)


def chain(bodies: Sequence[dict[str, Any]], head: Head = START) -> list[Event]:
    made: list[Event] = []
    for number, body in enumerate(bodies):
        made.append(follow(head, kind="scan", id=f"id-{number}", at=NOON, body=body))
        head = Head(head.station, made[-1].sequence, made[-1].digest)
    return made


THREE = chain([{"text": "A"}, {"text": "B"}, {"text": "C"}])


def hashed(event: Event) -> str:
    """Return the digest as the contract tells any language to make it."""
    content = {
        "station": event.station, "sequence": event.sequence, "id": event.id, "kind": event.kind,
        "at": event.at, "body": event.body, "previous": event.previous,
    }  # fmt: skip
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


@given(st.lists(BODIES, min_size=1, max_size=4))
def test_a_digest_is_the_sha256_of_the_canonical_event(bodies: list[dict[str, Any]]) -> None:
    made = chain(bodies)

    assert [event.digest for event in made] == [hashed(event) for event in made]


def test_a_known_event_has_a_known_digest() -> None:
    event = follow(START, kind="scan", id="1", at=NOON, body={"text": "é", "n": 1})

    same = (
        '{"at":"2026-02-02T05:00:00.000Z","body":{"n":1,"text":"é"},"id":"1","kind":"scan",'
        '"previous":"' + "0" * 64 + '","sequence":1,"station":"Gudang Medan"}'
    )
    assert event.digest == hashlib.sha256(same.encode()).hexdigest()


def test_a_chain_begins_at_one_after_64_zeros() -> None:
    first, second, _ = THREE

    assert (first.sequence, first.previous) == (1, GENESIS) == (1, "0" * 64)
    assert (second.sequence, second.previous) == (2, first.digest)


@given(st.lists(BODIES, max_size=5))
def test_an_untouched_chain_verifies_to_its_end(bodies: list[dict[str, Any]]) -> None:
    made = chain(bodies)

    end = events.verify(made, START)

    assert end == (Head("Gudang Medan", len(made), made[-1].digest) if made else START)


@given(
    st.integers(0, 2),
    st.sampled_from(["station", "sequence", "id", "kind", "at", "body", "previous", "digest"]),
)
def test_altering_any_event_breaks_the_chain_there(place: int, field: str) -> None:
    altered: dict[str, Any] = {"sequence": 99, "body": {"text": "X"}}
    changed = replace(THREE[place], **{field: altered.get(field, "X")})

    with pytest.raises(ChainBroken, match=f"^Event {changed.sequence} of station"):
        events.verify([*THREE[:place], changed, *THREE[place + 1 :]], START)


@pytest.mark.parametrize(
    ("log", "code", "bad"),
    [
        pytest.param([THREE[0], THREE[2]], "chain-gap", 3, id="one is missing"),
        pytest.param([THREE[1], THREE[2]], "chain-gap", 2, id="the first is missing"),
        pytest.param([THREE[0], THREE[0]], "chain-gap", 1, id="one comes twice"),
        pytest.param([THREE[1], THREE[0]], "chain-gap", 2, id="two change places"),
        pytest.param([replace(THREE[0], station="B")], "chain-gap", 1, id="of another station"),
        pytest.param(
            [THREE[0], chain([{}, {"text": "forged"}])[1]], "chain-fork", 2, id="of another chain"
        ),
        pytest.param([replace(THREE[0], body={})], "chain-altered", 1, id="altered"),
        pytest.param(
            [replace(THREE[0], body={"n": float("nan")})], "chain-altered", 1, id="no JSON number"
        ),
        pytest.param(
            [replace(THREE[0], body={"text": "\ud800"})], "chain-altered", 1, id="no Unicode text"
        ),
    ],
)
def test_the_first_bad_event_is_named(log: list[Event], code: str, bad: int) -> None:
    with pytest.raises(ChainBroken, match=f"^Event {bad} of station") as caught:
        events.verify(log, START)

    assert caught.value.code == code


def test_a_chain_goes_on_where_an_earlier_part_ended() -> None:
    head = events.verify(THREE[:2], START)

    assert events.verify(THREE[2:], head).sequence == 3


def test_times_are_utc_with_milliseconds() -> None:
    jakarta = timezone(timedelta(hours=7))

    assert timestamp(datetime(2026, 2, 2, 12, 0, 0, 123_456, jakarta)) == "2026-02-02T05:00:00.123Z"


@given(st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_a_timestamp_reads_back_to_the_millisecond(at: datetime) -> None:
    assert timestamp(moment(timestamp(at))) == timestamp(at)
    assert timedelta(0) <= at - moment(timestamp(at)) < timedelta(milliseconds=1)
