"""Users, their sign-ins, and stations with their tokens."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from silog_scan.core.errors import Conflict, Malformed, NotFound, Refused, say
from silog_scan.core.ids import uuid7
from silog_scan.services import passwords
from silog_scan.services.actors import CLI_USER, Actor, Role
from silog_scan.services.passwords import NewPassword
from silog_scan.store import queries
from silog_scan.store.db import execute
from silog_scan.store.ledger import Ledger
from silog_scan.store.tables import SignInRow, StationRow, UserRow

_LONGEST_NAME = 60
_IDLE = timedelta(hours=12)


class WrongPassword(Refused):
    """Name and password do not belong together."""


@dataclass(frozen=True, slots=True)
class NewUser:
    """A person to be added."""

    name: str
    role: Role
    place: str
    password: NewPassword


def cli_actor(session: Session) -> Actor:
    """Return the command line's actor: who may read the data home may administer it."""
    station, place = own_station(session)
    return Actor(station, place, Role.ADMINISTRATOR, user=CLI_USER)


def own_station(session: Session) -> tuple[str, str]:
    """Return the name and place of the data home's own station."""
    station, place = queries.meta(session, "station"), queries.meta(session, "place")
    if station is None or place is None:
        raise NotFound(
            "no-station", say("There is no station here yet. Make one with: silog-scan init")
        )
    return station, place


def user_actor(session: Session, user: UserRow) -> Actor:
    """Return what a signed-in person acts as, through the data home's own station."""
    station, _ = own_station(session)
    return Actor(station, user.place, Role(user.role), user=user.id)


# Users.


def add_user(session: Session, actor: Actor, new: NewUser, *, at: datetime) -> UserRow:
    """Add a person; refuse a name that is taken, a weak password, a place not below the actor's."""
    actor.must_administer()
    actor.must_hold(new.place)
    queries.must_know_place(session, new.place)
    name = _checked_name(new.name)
    if session.scalar(select(UserRow.id).where(UserRow.name == name)):
        raise Conflict(
            "user-exists", say("There is a user %(name)s already. Choose another.", name=name)
        )
    user = UserRow(
        id=str(uuid7(at)),
        name=name,
        role=new.role.value,
        place=new.place,
        password=new.password.hash,
        created_at=at,
    )
    session.add(user)
    body = {"subject": user.id, "role": user.role, "place": user.place}
    _note(session, actor, "user-added", body, at=at)
    return user


def _checked_name(text: str) -> str:
    name = text.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise Malformed(
            "user-name", say("A user's name is a line of 1 to %(n)s characters.", n=_LONGEST_NAME)
        )
    return name


def users(session: Session, actor: Actor) -> list[UserRow]:
    """Return the people at the actor's place and below."""
    found = session.scalars(
        select(UserRow).where(queries.below(UserRow.place, actor.place)).order_by(UserRow.name)
    )
    return list(found)


def find_user(session: Session, actor: Actor, name: str) -> UserRow:
    """Return a person by name, or refuse one that is not known to the actor."""
    user = session.scalar(select(UserRow).where(UserRow.name == name))
    if user is None or not actor.may_see(user.place):
        raise NotFound("unknown-user", say("There is no user %(name)s here.", name=name))
    return user


def disable_user(session: Session, actor: Actor, name: str, *, at: datetime) -> None:
    """End a person's access at once, and every sign-in."""
    actor.must_administer()
    user = find_user(session, actor, name)
    if user.id == actor.user:
        raise Conflict(
            "own-account", say("You cannot disable yourself. Ask another administrator.")
        )
    user.disabled_at = user.disabled_at or at
    _end_sign_ins(session, user, at)
    _note(session, actor, "user-disabled", {"subject": user.id}, at=at)


def set_password(
    session: Session, actor: Actor, name: str, *, password: NewPassword, at: datetime
) -> None:
    """Give a person a new password and end every sign-in."""
    user = find_user(session, actor, name)
    if user.id != actor.user:
        actor.must_administer()
    user.password = password.hash
    _end_sign_ins(session, user, at)
    _note(session, actor, "user-password", {"subject": user.id}, at=at)


def _end_sign_ins(session: Session, user: UserRow, at: datetime) -> None:
    for sign_in in session.scalars(
        select(SignInRow).where(SignInRow.user == user.id, SignInRow.ended_at.is_(None))
    ):
        sign_in.ended_at = at


# Signing in.


def check_password(session: Session, name: str, password: str) -> UserRow:
    """Return the person whose name and password these are; both wrong cases take the same time."""
    user = session.scalar(select(UserRow).where(UserRow.name == name.strip()))
    right = passwords.is_right(user.password if user else None, password)
    if user is None or not right or user.disabled_at:
        raise WrongPassword(
            "sign-in-refused",
            say("Name or password do not match. Check capital letters, then try again."),
        )
    return user


def sign_in(session: Session, user: UserRow, *, at: datetime) -> str:
    """Begin a sign-in and return its token, which only its owner keeps."""
    token = secrets.token_urlsafe(32)
    session.add(SignInRow(token=_digest(token), user=user.id, created_at=at, seen_at=at))
    session.flush()
    _note(session, user_actor(session, user), "signed-in", {}, at=at)
    return token


def sign_in_by_id(session: Session, user_id: str, *, at: datetime) -> str:
    """Begin a sign-in for a person whose password was checked outside the writing transaction."""
    user = session.get(UserRow, user_id)
    if user is None or user.disabled_at:
        raise NotFound("unknown-user", say("This account is gone. Ask the administrator."))
    return sign_in(session, user, at=at)


def first_administrator(session: Session) -> str:
    """Return the id of the oldest administrator, whom the demonstration signs in."""
    found = session.scalars(
        select(UserRow.id)
        .where(UserRow.role == Role.ADMINISTRATOR.value, UserRow.disabled_at.is_(None))
        .order_by(UserRow.created_at)
    ).first()
    if found is None:
        raise NotFound("unknown-user", say("There is no administrator here."))
    return found


def signed_in(session: Session, token: str, *, at: datetime) -> UserRow | None:
    """Return the person of a sign-in that has not ended, idled out or been disabled."""
    row = session.get(SignInRow, _digest(token))
    if row is None or row.ended_at or at - row.seen_at > _IDLE:
        return None
    user = session.get(UserRow, row.user)
    return user if user and user.disabled_at is None else None


def seen(session: Session, token: str, *, at: datetime) -> None:
    """Note that a sign-in is in use."""
    row = session.get(SignInRow, _digest(token))
    if row is not None:
        row.seen_at = at


def sign_out(session: Session, token: str, *, at: datetime) -> None:
    """End a sign-in for good."""
    row = session.get(SignInRow, _digest(token))
    if row is None or row.ended_at:
        return
    row.ended_at = at
    user = session.get(UserRow, row.user)
    if user:
        _note(session, user_actor(session, user), "signed-out", {}, at=at)


# Stations.


def add_station(session: Session, actor: Actor, name: str, *, place: str, at: datetime) -> str:
    """Add a station and return its bearer token, which is shown once and kept only as a digest."""
    actor.must_administer()
    actor.must_hold(place)
    queries.must_know_place(session, place)
    checked = _checked_name(name)
    if session.get(StationRow, checked):
        raise Conflict(
            "station-exists",
            say("There is a station %(name)s already. Choose another name.", name=checked),
        )
    token = secrets.token_urlsafe(32)
    session.add(
        StationRow(name=checked, place=place, token=_digest(token), created_at=at, unsent=0)
    )
    session.flush()
    _note(session, actor, "station-added", {"subject": checked, "place": place}, at=at)
    return token


def stations(session: Session, actor: Actor) -> list[StationRow]:
    """Return the stations at the actor's place and below."""
    found = session.scalars(
        select(StationRow)
        .where(queries.below(StationRow.place, actor.place))
        .order_by(StationRow.name)
    )
    return list(found)


def revoke_station(session: Session, actor: Actor, name: str, *, at: datetime) -> None:
    """End a station's token; what it recorded stays."""
    actor.must_administer()
    station = session.get(StationRow, name)
    if station is None or not actor.may_see(station.place):
        raise NotFound("unknown-station", say("There is no station %(name)s here.", name=name))
    if station.token is None:
        raise Conflict(
            "own-station", say("%(name)s is this data home itself; it has no token.", name=name)
        )
    station.revoked_at = station.revoked_at or at
    _note(session, actor, "station-revoked", {"subject": name}, at=at)


_STATION = select(StationRow.name, StationRow.place, StationRow.revoked_at).where(
    StationRow.token == bindparam("token")
)
"""Built once: every scan of an enrolled station asks for it."""


def bearer(session: Session, token: str, *, at: datetime) -> Actor | None:
    """Return who holds a bearer token: a station, or a signed-in person's own token."""
    station = execute(session, _STATION, {"token": _digest(token)}).first()
    if station is not None:
        if station.revoked_at:
            return None
        return Actor(station.name, station.place, Role.STAFF, device=True)
    user = signed_in(session, token, at=at)
    return user_actor(session, user) if user else None


@dataclass(slots=True)
class Presence:
    """Which stations showed their token lately, so that a sign-in is recorded once a shift."""

    _seen: dict[str, datetime] = field(default_factory=dict)

    def is_news(self, actor: Actor, at: datetime) -> bool:
        """Say whether a device comes after a pause, or first since the server began."""
        before = self._seen.get(actor.station)
        return actor.device and (before is None or at - before > _IDLE)

    def note(self, actor: Actor, at: datetime) -> None:
        """Note that it was here."""
        if actor.device:
            self._seen[actor.station] = at


def station_came(session: Session, actor: Actor, *, at: datetime) -> None:
    """Record in a device's own chain that it showed its token."""
    _note(session, actor, "station-signed-in", {}, at=at)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _note(session: Session, actor: Actor, kind: str, body: dict[str, str], *, at: datetime) -> None:
    """Record an act that is no scan; events name people by id only."""
    session.flush()
    book = Ledger(session, at)
    content = {"place": actor.place, **body}
    if actor.user:
        content["user"] = actor.user
    book.append(actor.station, kind, id=str(uuid7(at)), body=content)
    book.flush()
