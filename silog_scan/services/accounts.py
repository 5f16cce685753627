"""Users: who may sign in, in which role, at which place."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from silog_scan.core.codes import BADGE
from silog_scan.core.errors import Conflict, Malformed, NotFound, say
from silog_scan.core.ids import uuid7
from silog_scan.services.actors import CLI_USER, Actor, Role
from silog_scan.services.passwords import NewPassword
from silog_scan.services.tokens import digest, new_code
from silog_scan.store import queries
from silog_scan.store.ledger import Ledger
from silog_scan.store.tables import SignInRow, UserRow

_LONGEST_NAME = 60
_BADGE_LETTERS = 16  # 80 bits


@dataclass(frozen=True, slots=True)
class NewUser:
    """A person to be added."""

    name: str
    role: Role
    place: str
    password: NewPassword
    is_temporary: bool = True


def cli_actor(session: Session) -> Actor:
    """Return the command line's actor: who may read the data home may administer it."""
    station, place = own_station(session)
    return Actor(station, place, Role.ADMINISTRATOR, user=CLI_USER)


def house(session: Session) -> Actor:
    """Return the data home's own station as who acts, where nobody is known."""
    station, place = own_station(session)
    return Actor(station, place, Role.OBSERVER)


def own_station(session: Session) -> tuple[str, str]:
    """Return the name and place of the data home's own station."""
    station, place = queries.meta(session, "station"), queries.meta(session, "place")
    if station is None or place is None:
        raise NotFound(
            "no-station", say("There is no station here yet. Make one with: silog-scan init")
        )
    return station, place


# Users.


def add_user(session: Session, actor: Actor, new: NewUser, *, at: datetime) -> UserRow:
    """Add a person; refuse a name that is taken, a weak password, a place not below the actor's."""
    actor.must_administer()
    actor.must_hold(new.place)
    queries.must_know_place(session, new.place)
    name = checked_name(new.name)
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
        is_temporary=new.is_temporary,
        totp_used=0,
    )
    session.add(user)
    body = {"subject": user.id, "role": user.role, "place": user.place}
    note(session, actor, "user-added", body, at=at)
    return user


def checked_name(text: str) -> str:
    """Return a name of a person or station without the spaces around it, or refuse it."""
    name = text.strip()
    if not name or len(name) > _LONGEST_NAME or not name.isprintable():
        raise Malformed(
            "user-name", say("A name is a line of 1 to %(n)s characters.", n=_LONGEST_NAME)
        )
    return name


def users(session: Session, actor: Actor) -> list[UserRow]:
    """Return the people at the actor's place and below."""
    found = session.scalars(
        select(UserRow).where(queries.below(UserRow.place, actor.place)).order_by(UserRow.name)
    )
    return list(found)


def everybody(session: Session) -> list[UserRow]:
    """Return every account there is or was, disabled ones too."""
    return list(session.scalars(select(UserRow).order_by(UserRow.created_at)))


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
    user.badge = user.pin = None
    end_sign_ins(session, user, at)
    note(session, actor, "user-disabled", {"subject": user.id}, at=at)


def enable_user(session: Session, actor: Actor, name: str, *, at: datetime) -> None:
    """Give a person's access back."""
    actor.must_administer()
    user = find_user(session, actor, name)
    user.disabled_at = None
    note(session, actor, "user-enabled", {"subject": user.id}, at=at)


def set_password(
    session: Session, actor: Actor, name: str, *, password: NewPassword, at: datetime
) -> None:
    """Give a person a password that is good for one sign-in, and end every other way in."""
    user = find_other(session, actor, name)
    user.password, user.is_temporary = password.hash, True
    user.badge = user.pin = None  # whoever had got in must not come back by card
    end_sign_ins(session, user, at)
    note(session, actor, "user-password", {"subject": user.id}, at=at)


def find_other(session: Session, actor: Actor, name: str) -> UserRow:
    """Return a person whose access an administrator may change: never one's own, left open."""
    actor.must_administer()
    user = find_user(session, actor, name)
    if user.id == actor.user:
        told = say("For yourself this is done under your own name, with your password.")
        raise Conflict("own-account", told)
    return user


def give_badge(session: Session, actor: Actor, name: str, *, at: datetime) -> str:
    """Return the text of a new card for a person, which replaces the old one; it is shown once."""
    actor.must_administer()
    user = find_user(session, actor, name)
    text = BADGE + new_code(_BADGE_LETTERS)
    user.badge = digest(text)
    note(session, actor, "user-badge", {"subject": user.id}, at=at)
    return text


def end_sign_ins(session: Session, user: UserRow, at: datetime) -> None:
    """End every sign-in and token of a person, at once."""
    for sign_in in session.scalars(
        select(SignInRow).where(SignInRow.user == user.id, SignInRow.ended_at.is_(None))
    ):
        sign_in.ended_at = at


def note(session: Session, actor: Actor, kind: str, body: dict[str, str], *, at: datetime) -> None:
    """Record an act that is no scan; events name people by id only."""
    session.flush()
    book = Ledger(session, at)
    content = {"place": actor.place, **body}
    if actor.user:
        content["user"] = actor.user
    book.append(actor.station, kind, id=str(uuid7(at)), body=content)
    book.flush()
