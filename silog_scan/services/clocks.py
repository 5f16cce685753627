"""A device's clock that is wrong: noticed, said to who holds it, and recorded once.

Scans carry the device's time beside the server's, and offline scans come late by right. So the
clock is judged by what the device says the time is now, or by scans that come from the future.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from silog_scan.core.errors import Sentence, say
from silog_scan.core.ids import uuid7
from silog_scan.services.actors import Actor
from silog_scan.store.ledger import Ledger

TOLERATED = timedelta(minutes=10)


def offset(said: datetime | None, scanned: Iterable[datetime], at: datetime) -> int:
    """Return by how many seconds a device's clock is ahead, negative behind; 0 where it will do."""
    # Without the device's word only a scan from the future tells: a late one waited offline.
    found = said - at if said else max([moment - at for moment in scanned] + [timedelta()])
    return round(found.total_seconds()) if abs(found) > TOLERATED else 0


def sentence(seconds: int) -> Sentence:
    """Return what to tell who holds the device."""
    minutes = round(abs(seconds) / 60)
    values = {"hours": minutes // 60, "minutes": minutes % 60}
    if seconds > 0:
        return say(
            "The clock of this device is %(hours)s h %(minutes)s min fast. Scans count; set it.",
            **values,
        )
    return say(
        "The clock of this device is %(hours)s h %(minutes)s min slow. Scans count; set it.",
        **values,
    )


@dataclass(slots=True)
class Noted:
    """What was recorded of whose clock since the server began, so that it is recorded once."""

    _seconds: dict[tuple[str, str | None], int] = field(default_factory=dict)

    def is_news(self, actor: Actor, seconds: int) -> bool:
        """Say whether this differs from what was noted."""
        before = self._seconds.get((actor.station, actor.user), 0)
        return abs(seconds - before) > TOLERATED.total_seconds()

    def note(self, actor: Actor, seconds: int) -> None:
        """Note what was recorded."""
        self._seconds[actor.station, actor.user] = seconds


def record(session: Session, actor: Actor, *, seconds: int, at: datetime) -> None:
    """Record that a device's clock is wrong by so many seconds, or right again with 0."""
    body: dict[str, object] = {"place": actor.place, "seconds": seconds}
    if actor.user:
        body["user"] = actor.user
    book = Ledger(session, at)
    book.append(actor.station, "clock-off", id=str(uuid7(at)), body=body)
    book.flush()
