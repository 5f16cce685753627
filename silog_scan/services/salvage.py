"""Export what can still be read of a damaged database, and say what is lost."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import Any

from silog_scan.core import events
from silog_scan.core.errors import Sentence, say
from silog_scan.core.events import GENESIS, Event
from silog_scan.services import ledgers
from silog_scan.store import copies, pages
from silog_scan.store.db import chunks
from silog_scan.store.pages import Record

_COLUMNS = ("station", "sequence", "id", "kind", "at", "body", "previous", "digest")
_DIGESTS = [pages.text_type(len(GENESIS))] * 2
_AT_ONCE = 2_000
_MOST_NAMED = 20

# On disk and sorted there: a million events do not fit a small computer's memory. What fits its
# digest goes before what does not; of a station without any event that fits, the name is a guess.
_TABLE = """
CREATE TABLE event (station TEXT, sequence INTEGER, fits INTEGER, previous TEXT, digest TEXT,
    line TEXT, PRIMARY KEY (station, sequence, fits, digest)) WITHOUT ROWID"""
_BEST = """
SELECT station, sequence, max(fits), previous, digest, line FROM event
WHERE station IN (SELECT DISTINCT station FROM event WHERE fits)
GROUP BY station, sequence ORDER BY station, sequence"""


@dataclass(slots=True)
class Chain:
    """What was read of a station's chain: how much, its last sequence, and where it breaks."""

    station: str
    read: int = 0
    last: int = 0
    breaks: list[int] = field(default_factory=list)

    @property
    def lost(self) -> int:
        """Return how many events before the last are missing; of those after it nobody knows."""
        return self.last - self.read

    def sentences(self) -> Iterator[Sentence]:
        """Yield what was read and lost, and where the chain breaks."""
        yield say(
            "%(station)s: %(n)s events were read, the last is event %(last)s; at least %(lost)s "
            "are lost.",
            station=self.station,
            n=self.read,
            last=self.last,
            lost=self.lost,
        )
        if self.breaks:
            shown = ", ".join(map(str, self.breaks[:_MOST_NAMED]))
            more = len(self.breaks) > _MOST_NAMED
            yield say(
                "%(station)s: the chain breaks at event %(events)s.",
                station=self.station,
                events=f"{shown}, …" if more else shown,
            )


class Saved:
    """The events that can still be read; ``chains`` is known when all lines were taken."""

    def __init__(self, store: sqlite3.Connection, *, is_sound: bool) -> None:
        """Take what was gathered, and whether SQLite finds the file sound."""
        self._store = store
        self._is_sound = is_sound
        self.chains: list[Chain] = []

    def lines(self) -> Iterator[str]:
        """Yield the events as an export writes them, in its order."""
        self.chains = []
        for station, rows in groupby(self._store.execute(_BEST), key=lambda row: str(row[0])):
            chain, follows = Chain(station), GENESIS
            self.chains.append(chain)
            for _, sequence, fits, previous, digest, line in rows:
                if sequence != chain.last + 1 or previous != follows or not fits:
                    chain.breaks.append(sequence)
                chain.read, chain.last, follows = chain.read + 1, sequence, digest
                yield line

    def sentences(self) -> Iterator[Sentence]:
        """Yield what was read and what is lost."""
        for chain in self.chains:
            yield from chain.sentences()
        if not self.chains:
            yield say("No event can be read any more. Restore the last good backup.")

    @property
    def is_whole(self) -> bool:
        """Say whether nothing is lost; of a damaged file nobody knows what stood at the end."""
        return self._is_sound and not any(chain.breaks for chain in self.chains)


@contextmanager
def opened(file: Path) -> Iterator[Saved]:
    """Gather every event that a damaged file of SQLite and its WAL still hold."""
    with closing(sqlite3.connect("")) as store:  # a file of its own that vanishes when closed
        store.execute(_TABLE)
        for some in chunks(_rows(file), _AT_ONCE):
            store.executemany("INSERT OR IGNORE INTO event VALUES (?, ?, ?, ?, ?, ?)", some)
        # Only now is SQLite let at the file: it takes the WAL into it, as at any opening.
        yield Saved(store, is_sound=copies.problem(file) is None)


def _rows(file: Path) -> Iterator[tuple[Any, ...]]:
    for record in pages.records(file):
        event = _event_of(record)
        if event:
            content = events.fields(event)
            line = events.canonical(content | {"digest": event.digest}).decode()
            fits = events.digest(content) == event.digest
            yield event.station, event.sequence, fits, event.previous, event.digest, line


def _event_of(record: Record) -> Event | None:
    """Return the event a record holds, None of one of another table or beyond reading.

    The columns stand as the first migration made them, and later ones may only follow.
    """
    if record.types[6:8] != _DIGESTS:
        return None
    try:
        fields: dict[str, Any] = dict(zip(_COLUMNS, record.values(), strict=False))
        return ledgers.event_of(fields | {"body": ledgers.decoded(str(fields["body"]))})
    except (ValueError, TypeError, RecursionError):
        return None
