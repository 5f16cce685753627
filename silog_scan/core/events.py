"""The hash-chained event log: each event of a station commits to the one before it."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from silog_scan.core.errors import Refused, Sentence, say

_ENCODER = json.JSONEncoder(  # json.dumps would make one for each event
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
)
GENESIS = "0" * 64
"""What the first event of a chain names as the one before it."""


class ChainBroken(Refused):
    """An event does not follow from the one before it; ``head`` is where the chain was whole."""

    head: "Head"


@dataclass(frozen=True, slots=True)
class Event:
    """One immutable fact in a station's chain; ``digest`` is the SHA-256 of its canonical bytes."""

    station: str
    sequence: int
    id: str
    kind: str
    at: str
    body: Mapping[str, Any]
    previous: str
    digest: str


def timestamp(at: datetime) -> str:
    """Return RFC 3339 in UTC with milliseconds and ``Z``."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    """Return the aware time of a ``timestamp``."""
    return datetime.fromisoformat(text)


def canonical(fields: Mapping[str, Any]) -> bytes:
    """Return the bytes that are hashed: sorted keys, no spaces, UTF-8 unescaped, no floats."""
    return _ENCODER.encode(fields).encode()


def fields(event: Event) -> dict[str, Any]:
    """Return the event as the export writes it, without its digest."""
    return {
        "station": event.station,
        "sequence": event.sequence,
        "id": event.id,
        "kind": event.kind,
        "at": event.at,
        "body": event.body,
        "previous": event.previous,
    }


def digest(event_fields: Mapping[str, Any]) -> str:
    """Return the SHA-256, in hex, of an event's fields without its digest."""
    return hashlib.sha256(canonical(event_fields)).hexdigest()


@dataclass(frozen=True, slots=True)
class Head:
    """Where a station's chain ends: the last sequence, 0 before the first, and its digest."""

    station: str
    sequence: int = 0
    digest: str = GENESIS


def follow(
    head: Head,
    *,
    kind: str,
    id: str,  # noqa: A002
    at: datetime,
    body: Mapping[str, Any],
    text: str | None = None,
) -> Event:
    """Return the event that comes after the head; ``text`` is the canonical body if it is known."""
    made: dict[str, Any] = {
        "station": head.station,
        "sequence": head.sequence + 1,
        "id": id,
        "kind": kind,
        "at": timestamp(at),
        "previous": head.digest,
    }
    whole = _spliced(made, text or canonical(body).decode())
    return Event(**made, body=body, digest=hashlib.sha256(whole.encode()).hexdigest())


def _spliced(rest: dict[str, Any], body: str) -> str:
    """Return an event's canonical text around its canonical body: only ``at`` sorts before it."""
    behind = {name: value for name, value in rest.items() if name != "at"}
    return f'{{"at":{_ENCODER.encode(rest["at"])},"body":{body},{_ENCODER.encode(behind)[1:]}'


def verify(chain: Iterable[Event], head: Head) -> Head:
    """Return the chain's end from ``head`` on; the first bad event raises ``ChainBroken``."""
    station, sequence, last = head.station, head.sequence, head.digest
    for event in chain:
        problem = _problem(event, station, sequence + 1, last)
        if problem:
            problem.head = Head(station, sequence, last)
            raise problem
        sequence, last = event.sequence, event.digest
    return Head(station, sequence, last)


def _problem(event: Event, station: str, expected: int, last: str) -> ChainBroken | None:
    if event.station != station or event.sequence != expected:
        return broken(event, "chain-gap", say("does not follow event %(n)s", n=expected - 1))
    if event.previous != last:
        return broken(event, "chain-fork", say("names another event before it"))
    try:
        if digest(fields(event)) != event.digest:
            return broken(event, "chain-altered", say("was altered: its digest differs"))
    except (ValueError, RecursionError):  # NaN, half a character, or a body too deep
        told = say(
            "Event %(sequence)s of station %(station)s holds what no event can hold. "
            "Keep this file and ask who holds it.",
            sequence=event.sequence,
            station=event.station,
        )
        return ChainBroken("chain-altered", told)
    return None


def broken(event: Event, code: str, what: Sentence) -> ChainBroken:
    """Return the refusal of an event, which says what is wrong with it."""
    sentence = say(
        "Event %(sequence)s of station %(station)s %(what)s. Keep this file and ask who holds it.",
        sequence=event.sequence,
        station=event.station,
        what=what,
    )
    return ChainBroken(code, sentence)
