"""Exports of ledgers that never were: any texts, any whole numbers, any number of chains."""

import random
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from silog_scan.core import checkpoints, events
from silog_scan.core.events import Event, Head
from tests.conftest import NOON

LARGEST = 2**53 - 1
KEYS = ("a", "text", "10", "9", "-1", "values", "digest", "Z", "_", "__proto__", "constructor")
STATIONS = ("Gudang Medan", "Meja 2", "PPK Médan", "\uff21", "\U0001f4e6", "stasiun", "\ue000")
"""Those above U+D7FF are ordered by characters, not by UTF-16 units."""
ITEMS, PLACES = ("KOTAK", "TINTA", "\U0001d40a"), ("12.71", "12.71.01", "12", "")


@dataclass(frozen=True)
class Export:
    """Events in the order of an export."""

    log: tuple[Event, ...]

    @property
    def lines(self) -> list[bytes]:
        return [line_of(event) for event in self.log]

    def paper(self, sequences: dict[str, int] | None = None) -> str:
        """Return a checkpoint, of all or of the chains as far as some sequences."""
        covered = (
            event
            for event in self.log
            if sequences is None or event.sequence <= sequences.get(event.station, 0)
        )
        return checkpoints.of(covered, origin="silog-scan/medan").text()

    @property
    def lengths(self) -> dict[str, int]:
        """Return how long each chain is."""
        return {event.station: event.sequence for event in self.log}


def line_of(event: Event) -> bytes:
    return events.canonical(events.fields(event) | {"digest": event.digest}) + b"\n"


def forged(event: Event, **changes: Any) -> Event:  # noqa: ANN401
    """Return an event with other content and the digest of that."""
    made = replace(event, **changes)
    return replace(made, digest=events.digest(events.fields(made)))


def chained(bodies: Iterable[tuple[str, str, dict[str, Any]]]) -> Export:
    """Return an export of (station, kind, body), which come in order."""
    heads: dict[str, Head] = {}
    log = []
    for number, (station, kind, body) in enumerate(bodies):
        at = NOON + timedelta(seconds=number)
        head = heads.get(station, Head(station))
        event = events.follow(head, kind=kind, id=f"event-{number}", at=at, body=body)
        heads[station] = Head(station, event.sequence, event.digest)
        log.append(event)
    return Export(tuple(log))


def sample() -> tuple[bytes, str]:
    """Return a small record and its checkpoint."""
    export = invented(random.Random(7), stations=2, length=8)  # noqa: S311  # no secret
    return b"".join(export.lines), export.paper()


def invented(chance: random.Random, *, stations: int, length: int) -> Export:
    """Return an export that is sound, of some stations and at most some events of each."""
    names = sorted(chance.sample(STATIONS, stations))
    return chained(
        (name, *_fact(chance)) for name in names for _ in range(chance.randint(1, length))
    )


def _fact(chance: random.Random) -> tuple[str, dict[str, Any]]:
    """Return the kind and body of an event."""
    kind = chance.choice(("scan", "scan", "note", "manifest-imported"))
    body = {chance.choice(KEYS): value(chance, 3) for _ in range(chance.randint(0, 4))}
    if kind == "scan":
        body["effects"] = [_effect(chance) for _ in range(chance.randint(0, 3))]
    if kind == "manifest-imported":
        totals = [_total(chance) for _ in range(chance.randint(0, 3))]
        body |= {"number": chance.choice(("SJ-1", "SJ-2")), "totals": totals}
    return kind, body


def _total(chance: random.Random) -> dict[str, Any]:
    return {"item": chance.choice(ITEMS), "quantity": integer(chance)}


def _effect(chance: random.Random) -> dict[str, Any]:
    effect = _total(chance) | {"condition": chance.choice(("good", "damaged"))}
    for name, found in (("from", PLACES), ("to", PLACES), ("was", ("good", "damaged"))):
        if chance.random() < 0.5:
            effect[name] = chance.choice(found)
    if chance.random() < 0.5:
        effect |= {"manifest": "SJ-1", "task": "receive", "count": chance.choice((1, 0, -1))}
        effect["units"] = integer(chance)
    return effect


def value(chance: random.Random, depth: int) -> Any:  # noqa: ANN401  # anything in JSON
    """Return anything an event may hold."""
    made = chance.randrange(7 if depth else 4)
    if made == 0:
        return integer(chance)
    if made == 1:
        return chance.choice((True, False, None))
    if made in (2, 3):
        return text(chance)
    parts = [value(chance, depth - 1) for _ in range(chance.randint(0, 3))]
    return parts if made == 4 else dict(zip(KEYS, parts, strict=False))


def integer(chance: random.Random) -> int:
    """Return a small or a large number, or the largest there is."""
    return chance.choice((0, 1, -1, 7, chance.randint(-LARGEST, LARGEST), LARGEST, -LARGEST))


_ODD = "\"\\/\x00\x08\x09\x0a\x0b\x0c\x0d\x1f\x7f\x80\u2028\u2029\ufeff\uffff\ud7ff\ue000'<&"


def text(chance: random.Random) -> str:
    """Return letters of all of Unicode, those that JSON escapes above all."""
    return "".join(_letter(chance) for _ in range(chance.randint(0, 6)))


def _letter(chance: random.Random) -> str:
    code = chance.randint(0, chance.choice((0x7F, 0x2FF, 0xFFFF, 0x10FFFF)))
    is_half = 0xD800 <= code <= 0xDFFF
    return chance.choice(_ODD) if is_half or chance.random() < 0.5 else chr(code)
