"""Stations: enrolled by a code, each with a token of its own that can be taken away.

The token is shown to the device alone. What it may do is fixed with it: its place, and a task if
one is chosen. It ends by itself, and at once when it is revoked.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from silog_scan.core.codes import MAX_TEXT
from silog_scan.core.custody import OFFERED
from silog_scan.core.errors import Conflict, Malformed, NotFound, NotYours, say
from silog_scan.core.ids import uuid7
from silog_scan.core.stock import Task
from silog_scan.services import accounts, sign_ins
from silog_scan.services.accounts import note
from silog_scan.services.actors import Actor, Role
from silog_scan.services.sign_ins import Device
from silog_scan.services.tokens import digest, new_code, new_token, plain
from silog_scan.store import queries
from silog_scan.store.db import execute
from silog_scan.store.ledger import Ledger
from silog_scan.store.tables import SignInRow, StationRow

DAYS = 180
"""How long a token lasts unless told otherwise: an election's season."""
MOST_DAYS = 366
CODE_LASTS = timedelta(hours=1)
_CODE = 8
"""Letters of a code: 40 bits, for an hour, once, with few tries."""
_SHIFT = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class NewStation:
    """A station to be added; ``task`` fixes the only one it may do."""

    name: str
    place: str
    task: Task | None = None
    days: int = DAYS


def add(session: Session, actor: Actor, new: NewStation, *, at: datetime) -> StationRow:
    """Add a station that has no token yet; refuse a name taken, or a place not the actor's."""
    actor.must_administer()
    actor.must_hold(new.place)
    queries.must_know_place(session, new.place)
    name = accounts.checked_name(new.name)
    if new.task not in (None, *OFFERED):
        raise Malformed("task-not-offered", say("Choose a task: receive, send, return, look up."))
    if not 1 <= new.days <= MOST_DAYS:
        raise Malformed("token-days", say("A token lives 1 to %(n)s days.", n=MOST_DAYS))
    if session.get(StationRow, name):
        raise Conflict(
            "station-exists",
            say("There is a station %(name)s already. Choose another name.", name=name),
        )
    row = StationRow(
        name=name,
        place=new.place,
        task=new.task.value if new.task else None,
        created_at=at,
        days=new.days,
        unsent=0,
    )
    session.add(row)
    session.flush()
    body = {"subject": name, "place": new.place}
    if new.task:
        body["task"] = new.task.value
    note(session, actor, "station-added", body, at=at)
    return row


def add_with_token(session: Session, actor: Actor, new: NewStation, *, at: datetime) -> str:
    """Add a station and return its bearer token, which is shown once and kept as a digest only."""
    return make_token(session, add(session, actor, new, at=at), at=at)


def make_token(session: Session, station: StationRow, *, at: datetime) -> str:
    """Give a station a token, in place of the one it may have; it is shown once."""
    token = new_token()
    station.token, station.code, station.code_until = digest(token), None, None
    station.expires_at = at + timedelta(days=station.days or DAYS)
    session.flush()
    return token


def make_code(session: Session, actor: Actor, name: str, *, at: datetime) -> str:
    """Return a code by which a device fetches the station's token, once and within the hour."""
    actor.must_administer()
    station = _enrollable(session, actor, name)
    code = new_code(_CODE)
    station.code, station.code_until = digest(code), at + CODE_LASTS
    session.flush()
    note(session, actor, "station-code", {"subject": name}, at=at)
    return code


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A device that has become a station."""

    device: Device
    token: str
    expires_at: datetime | None


def enrol(session: Session, code: str, *, at: datetime) -> Enrolled:
    """Exchange a code for the station's token; an older device of the station is out at once."""
    station = session.scalar(select(StationRow).where(StationRow.code == digest(plain(code))))
    if station is None or station.revoked_at or not station.code_until or at > station.code_until:
        raise NotFound(
            "code-refused",
            say("This code is wrong, used, or older than an hour. Ask for a new one."),
        )
    had_device = station.token is not None
    token = make_token(session, station, at=at)
    if had_device:
        _end_sign_ins(session, station.name, at)
    actor = Actor(station.name, station.place, Role.STAFF, device=True)
    note(session, actor, "station-enrolled", {"subject": station.name}, at=at)
    return Enrolled(_device(station), token, station.expires_at)


def _device(station: StationRow) -> Device:
    return Device(station.name, station.place, Task(station.task) if station.task else None)


def stations(session: Session, actor: Actor) -> list[StationRow]:
    """Return the stations at the actor's place and below."""
    found = session.scalars(
        select(StationRow)
        .where(queries.below(StationRow.place, actor.place))
        .order_by(StationRow.name)
    )
    return list(found)


def find(session: Session, actor: Actor, name: str) -> StationRow:
    """Return a station by name, or refuse one that is not known to the actor."""
    station = session.get(StationRow, name)
    if station is None or not actor.may_see(station.place):
        raise NotFound("unknown-station", say("There is no station %(name)s here.", name=name))
    return station


def _enrollable(session: Session, actor: Actor, name: str) -> StationRow:
    station = find(session, actor, name)
    if station.name == accounts.own_station(session)[0]:
        raise Conflict(
            "own-station", say("%(name)s is this data home itself; it has no token.", name=name)
        )
    if station.revoked_at:
        raise Conflict(
            "station-is-revoked",
            say("%(name)s was revoked. Add a station with another name.", name=name),
        )
    return station


def revoke(session: Session, actor: Actor, name: str, *, at: datetime) -> None:
    """End a station's token and every sign-in at it; what it recorded stays."""
    actor.must_administer()
    if find(session, actor, name).revoked_at:
        return
    station = _enrollable(session, actor, name)
    station.revoked_at, station.code = at, None
    _end_sign_ins(session, name, at)
    note(session, actor, "station-revoked", {"subject": name}, at=at)


def _end_sign_ins(session: Session, station: str, at: datetime) -> None:
    standing = SignInRow.ended_at.is_(None)
    session.execute(
        update(SignInRow).where(SignInRow.station == station, standing).values(ended_at=at)
    )


# Who shows a token.

_STATION = select(
    StationRow.name, StationRow.place, StationRow.task, StationRow.revoked_at, StationRow.expires_at
).where(StationRow.token == bindparam("token"))
"""Built once: every scan of an enrolled station asks for it."""


class Ended(NotYours):
    """A token that was good once; ``station`` is whose it was."""

    def __init__(self, station: str, place: str, *, revoked: bool) -> None:
        """Say why it is good no more."""
        if revoked:
            told = say("This station was revoked. Nothing it sends is counted. Call for help.")
            super().__init__("station-revoked", told)
        else:
            told = say("This station's token has run out. Enrol the device anew.")
            super().__init__("station-expired", told)
        self.station = station
        self.place = place


def device(session: Session, token: str, *, at: datetime) -> Device | None:
    """Return the station whose token this is; refuse one whose token has ended."""
    row = execute(session, _STATION, {"token": digest(token)}).first()
    if row is None:
        return None
    if row.revoked_at or (row.expires_at and at >= row.expires_at):
        raise Ended(row.name, row.place, revoked=row.revoked_at is not None)
    return Device(row.name, row.place, Task(row.task) if row.task else None)


def bearer(session: Session, token: str, *, at: datetime) -> Actor | None:
    """Return who holds a bearer token: a station, or a person's program."""
    found = device(session, token, at=at)
    if found is not None:
        return Actor(found.name, found.place, Role.STAFF, device=True, task=found.task)
    return sign_ins.of_token(session, token, at=at)


@dataclass(slots=True)
class Presence:
    """Which stations showed their token lately, so that a sign-in is recorded once a shift."""

    _seen: dict[str, datetime] = field(default_factory=dict)

    def is_news(self, actor: Actor, at: datetime) -> bool:
        """Say whether a device comes after a pause, or first since the server began."""
        before = self._seen.get(actor.station)
        return actor.device and (before is None or at - before > _SHIFT)

    def note(self, actor: Actor, at: datetime) -> None:
        """Note that it was here."""
        if actor.device:
            self._seen[actor.station] = at


def came(session: Session, actor: Actor, *, at: datetime) -> None:
    """Record in a device's own chain that it showed its token."""
    note(session, actor, "station-signed-in", {}, at=at)


# What comes too late.

_MOST_REFUSED = 1_000
"""Refused scans of one station that are recorded: a thief must not fill the disk."""


@dataclass(slots=True)
class Refusals:
    """Which refused scans were recorded since the server began: devices send them again."""

    _ids: dict[str, set[str]] = field(default_factory=dict)

    def fresh(self, station: str, scans: Iterable[dict[str, str]]) -> list[dict[str, str]]:
        """Return the scans that were not recorded yet, as far as there is room for them."""
        known = self._ids.get(station, set())
        found = {scan["scan"]: scan for scan in scans if scan["scan"] not in known}
        return list(found.values())[: max(0, _MOST_REFUSED - len(known))]

    def note(self, station: str, scans: Iterable[dict[str, str]]) -> None:
        """Note that scans were recorded."""
        self._ids.setdefault(station, set()).update(scan["scan"] for scan in scans)


def refuse_scans(
    session: Session, ended: Ended, scans: Iterable[dict[str, str]], *, at: datetime
) -> None:
    """Record in the station's chain what it sent after its token had ended; it counts nothing."""
    book = Ledger(session, at)
    for scan in scans:
        cut = {name: value[:MAX_TEXT] for name, value in scan.items()}
        body = {"place": ended.place, "code": ended.code, **cut}
        book.append(ended.station, "scan-refused", id=str(uuid7(at)), body=body)
    book.flush()
