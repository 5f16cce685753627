"""Signing in: passwords, the steps before the first page, sessions and how they end.

A browser's session idles out, and ends after a day however busy (ASVS 5.0: 7.3.1, 7.3.2). The
times are longer where hands are busy with crates than where accounts are kept. A token for
programs has an end and a scope of its own.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from silog_scan.core.codes import BADGE
from silog_scan.core.errors import Conflict, Malformed, NotFound, NotYours, Refused, say
from silog_scan.core.ids import uuid7
from silog_scan.core.places import is_at_or_below
from silog_scan.core.stock import Task
from silog_scan.services import accounts, passwords, second_factor
from silog_scan.services.accounts import note, own_station
from silog_scan.services.actors import DECIDING, Actor, Role, Scope
from silog_scan.services.tokens import digest, new_token
from silog_scan.store.tables import SignInRow, UserRow

IDLE = {
    Role.STAFF: timedelta(hours=12),
    Role.OBSERVER: timedelta(hours=12),
    Role.SUPERVISOR: timedelta(hours=2),
    Role.ADMINISTRATOR: timedelta(hours=1),
}
LONGEST = timedelta(hours=24)
LOCK_AFTER = timedelta(minutes=15)
"""Without a sign of life an enrolled station asks for the PIN again."""
MOST_DAYS = 366
_LONGEST_LABEL = 60


class WrongPassword(Refused):
    """Name and password do not belong together."""


class WrongPin(Refused):
    """Card or name and PIN do not belong together."""


class Kind(StrEnum):
    """What a sign-in is for."""

    BROWSER = "browser"
    CARD = "card"
    TOKEN = "token"  # noqa: S105  # a kind's name


class Step(StrEnum):
    """What a person must do before going on."""

    CODE = "code"
    SECOND_FACTOR = "second-factor"
    PASSWORD = "password"  # noqa: S105  # a step's name


@dataclass(frozen=True, slots=True)
class Device:
    """The enrolled station a browser runs at."""

    name: str
    place: str
    task: Task | None = None


@dataclass(frozen=True, slots=True)
class Way:
    """How somebody came in: a browser as its owner would know it, where, from which address."""

    label: str = ""
    station: str | None = None
    kind: Kind = Kind.BROWSER
    machine: str = ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A sign-in that stands."""

    id: str
    user: UserRow
    actor: Actor
    waits_for: Step | None
    is_locked: bool
    seen_at: datetime

    @property
    def is_open(self) -> bool:
        """Say whether every step on the way in is done, and the screen not locked."""
        return self.waits_for is None and not self.is_locked


# In.


def find(session: Session, name: str) -> UserRow | None:
    """Return the person of that name, if there is one."""
    return session.scalar(select(UserRow).where(UserRow.name == name.strip()))


def check_password(session: Session, name: str, password: str) -> UserRow:
    """Return the person whose name and password these are."""
    return must_be_right(find(session, name), password)


def must_be_right(user: UserRow | None, password: str) -> UserRow:
    """Return the person if the password is theirs; that of nobody takes the same time."""
    right = passwords.is_right(user.password if user else None, password)
    if user is None or not right or user.disabled_at:
        raise WrongPassword(
            "sign-in-refused",
            say("Name or password do not match. Check capital letters, then try again."),
        )
    return user


def next_step(user: UserRow, *, proved: bool) -> Step | None:
    """Return what a person must do next; ``proved`` says that the second factor was shown."""
    if user.totp and not proved:
        return Step.CODE
    if user.is_temporary:
        return Step.PASSWORD
    if not user.totp and Role(user.role) in DECIDING:
        return Step.SECOND_FACTOR
    return None


def begin(
    session: Session,
    user_id: str,
    *,
    at: datetime,
    way: Way = Way(),  # frozen
    waits_for: Step | None = None,
) -> str:
    """Begin a sign-in and return its token, which only its owner keeps."""
    user = session.get(UserRow, user_id)
    if user is None or user.disabled_at:
        raise NotFound("unknown-user", say("This account is gone. Ask the administrator."))
    token, row = _new(user, way.kind, way.label[:_LONGEST_LABEL], at=at, ends_at=at + LONGEST)
    row.station, row.waits_for = way.station, waits_for.value if waits_for else None
    session.add(row)
    session.flush()
    if waits_for is None:
        body = {"machine": way.machine} if way.machine else {}
        _note(session, user, row, "signed-in", body, at=at)
    return token


def _new(
    user: UserRow, kind: Kind, label: str, *, at: datetime, ends_at: datetime
) -> tuple[str, SignInRow]:
    """Return a new token, and its row."""
    token = new_token()
    row = SignInRow(
        token=digest(token),
        id=str(uuid7(at)),
        user=user.id,
        kind=kind.value,
        label=label,
        scope=Scope.ALL.value,
        is_locked=False,
        created_at=at,
        seen_at=at,
        ends_at=ends_at,
    )
    return token, row


def advance(session: Session, token: str, *, machine: str, at: datetime) -> str:
    """Go on after a step was done: the old token ends, the new one may wait for another step."""
    row = session.get_one(SignInRow, digest(token))
    user = _standing(session, row, at)
    if user is None or row.waits_for is None:
        raise Conflict("sign-in-ended", say("This sign-in has ended already. Sign in anew."))
    row.ended_at = at
    step = next_step(user, proved=True)
    way = Way(row.label, row.station, Kind(row.kind), machine)
    return begin(session, user.id, at=at, way=way, waits_for=step)


def signed_in(
    session: Session, token: str, *, at: datetime, device: Device | None = None
) -> SignedIn | None:
    """Return the sign-in of a browser's token, if it stands, at the device it was begun at."""
    row = session.get(SignInRow, digest(token))
    if row is None or row.kind == Kind.TOKEN or row.station != (device.name if device else None):
        return None
    user = _standing(session, row, at)
    if user is None or at - row.seen_at > IDLE[Role(user.role)]:
        return None
    return SignedIn(
        id=row.id,
        user=user,
        actor=_actor(session, user, row, device),
        waits_for=Step(row.waits_for) if row.waits_for else None,
        is_locked=row.is_locked or (bool(user.pin and device) and at - row.seen_at > LOCK_AFTER),
        seen_at=row.seen_at,
    )


def _standing(session: Session, row: SignInRow, at: datetime) -> UserRow | None:
    """Return the person of a sign-in that has not ended and whose account stands."""
    if row.ended_at or at >= row.ends_at:
        return None
    user = session.get(UserRow, row.user)
    return user if user and user.disabled_at is None else None


def _actor(session: Session, user: UserRow, row: SignInRow, device: Device | None) -> Actor:
    role = Role(user.role)
    if row.kind == Kind.CARD and role is Role.ADMINISTRATOR:
        role = Role.SUPERVISOR  # a card and six digits keep no accounts
    if device is None:
        return Actor(own_station(session)[0], user.place, role, user=user.id)
    place = shared_place(user.place, device.place) or user.place
    return Actor(device.name, place, role, user=user.id, enrolled=True, task=device.task)


def shared_place(one: str, other: str) -> str | None:
    """Return the lower of two places where one lies at or below the other."""
    if is_at_or_below(one, other):
        return one
    return other if is_at_or_below(other, one) else None


def must_work_at(user: UserRow, device: Device | None) -> None:
    """Refuse a person whose place and the enrolled station's lie apart."""
    if device and shared_place(user.place, device.place) is None:
        raise NotYours(
            "place-not-yours",
            say(
                "This station stands at %(place)s, which is not your place (%(own)s). "
                "Sign in at your own station.",
                place=device.place,
                own=user.place,
            ),
        )


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


# Cards and PINs.


def holder(session: Session, badge: str) -> UserRow | None:
    """Return whose card this is, if the account stands."""
    text = badge.strip().upper()
    card = text[text.find(BADGE) :] if BADGE in text else text
    user = session.scalar(select(UserRow).where(UserRow.badge == digest(card)))
    return user if user and user.disabled_at is None else None


def regulars(session: Session, device: Device, *, at: datetime) -> list[UserRow]:
    """Return who has a PIN and signed in at the station in the last days, the latest first."""
    rows = session.scalars(
        select(SignInRow)
        .where(SignInRow.station == device.name, SignInRow.created_at > at - timedelta(days=3))
        .order_by(SignInRow.created_at.desc())
        .limit(100)
    )
    ids = dict.fromkeys(row.user for row in rows)
    users = (session.get(UserRow, user) for user in ids)
    return [user for user in users if user and user.pin and not user.disabled_at][:_REGULARS]


_REGULARS = 6


def shown(
    session: Session, device: Device, *, badge: str, user_id: str, at: datetime
) -> UserRow | None:
    """Return whose card, or else whose name, was shown at a station; who decides shows the card."""
    if badge:
        return holder(session, badge)
    people = regulars(session, device, at=at)
    user = next((one for one in people if one.id == user_id), None)
    if user and Role(user.role) in DECIDING:
        raise WrongPin("card-needed", say("Scan your card: a name is not enough for you."))
    return user


def check_pin(user: UserRow | None, pin: str) -> UserRow:
    """Return the person whose PIN this is; a card of nobody takes the same time."""
    if not passwords.is_right(user.pin if user else None, pin) or user is None:
        told = say("Card or PIN are not right. Scan the card again, then type the PIN.")
        raise WrongPin("pin-refused", told)
    return user


def set_pin(session: Session, actor: Actor, pin: passwords.NewPin, *, at: datetime) -> None:
    """Give oneself a PIN for enrolled stations."""
    user = session.get_one(UserRow, actor.user)
    user.pin = pin.hash
    note(session, actor, "user-pin", {"subject": user.id}, at=at)


def lock(session: Session, token: str) -> None:
    """Lock a sign-in until its person, or another one, shows who they are."""
    session.execute(
        update(SignInRow).where(SignInRow.token == digest(token)).values(is_locked=True)
    )


# While it lasts, and how it ends.


def seen(session: Session, token: str, *, at: datetime) -> None:
    """Note that a sign-in is in use."""
    session.execute(update(SignInRow).where(SignInRow.token == digest(token)).values(seen_at=at))


def sign_out(session: Session, token: str, *, at: datetime) -> None:
    """End a sign-in for good."""
    row = session.get(SignInRow, digest(token))
    if row is None or row.ended_at:
        return
    row.ended_at = at
    user = session.get(UserRow, row.user)
    if user and row.waits_for is None:
        _note(session, user, row, "signed-out", {}, at=at)


def of(session: Session, user_id: str, *, at: datetime) -> list[SignInRow]:
    """Return the sign-ins and tokens of a person that have not ended, newest first."""
    found = session.scalars(
        select(SignInRow)
        .where(SignInRow.user == user_id, SignInRow.ended_at.is_(None), SignInRow.ends_at > at)
        .order_by(SignInRow.created_at.desc())
    )
    return list(found)


def end(session: Session, actor: Actor, sign_in: str, *, at: datetime) -> None:
    """End one sign-in or token of one's own."""
    row = session.scalar(select(SignInRow).where(SignInRow.id == sign_in))
    if row is None or row.user != actor.user or row.ended_at:
        raise NotFound("unknown-sign-in", say("This sign-in has ended already."))
    row.ended_at = at
    note(session, actor, "sign-in-ended", {"subject": row.id}, at=at)


def end_others(session: Session, actor: Actor, own: str, *, at: datetime) -> None:
    """End every sign-in and token of one's own but the one in use, named by its id."""
    for row in of(session, actor.user or "", at=at):
        if row.id != own:
            row.ended_at = at
    note(session, actor, "sign-ins-ended", {"subject": actor.user or ""}, at=at)


def change_password(
    session: Session, actor: Actor, password: passwords.NewPassword, *, keep: str, at: datetime
) -> None:
    """Give oneself a new password, and end every other sign-in than the one named."""
    user = session.get_one(UserRow, actor.user)
    user.password, user.is_temporary = password.hash, False
    end_others(session, actor, keep, at=at)
    note(session, actor, "user-password", {"subject": user.id}, at=at)


def end_all(session: Session, actor: Actor, name: str, *, at: datetime) -> None:
    """End every sign-in and token of a person."""
    actor.must_administer()
    user = accounts.find_user(session, actor, name)
    accounts.end_sign_ins(session, user, at)
    note(session, actor, "sign-ins-ended", {"subject": user.id}, at=at)


def reset_second_factor(session: Session, actor: Actor, name: str, *, at: datetime) -> None:
    """Take away a person's second factor, which a lost phone held, and end every sign-in."""
    user = accounts.find_other(session, actor, name)
    second_factor.forget(session, user)
    accounts.end_sign_ins(session, user, at)
    note(session, actor, "second-factor-reset", {"subject": user.id}, at=at)


# Tokens for programs.


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token that a person gives to a program: its name, what it may, for how many days."""

    name: str
    scope: Scope
    days: int


def make_token(session: Session, actor: Actor, new: NewToken, *, at: datetime) -> str:
    """Make a token for a program that acts as this person; it is shown once."""
    name = new.name.strip()
    if not name or len(name) > _LONGEST_LABEL or not name.isprintable():
        told = say("A token's name is a line of 1 to %(n)s characters.", n=_LONGEST_LABEL)
        raise Malformed("token-name", told)
    if not 1 <= new.days <= MOST_DAYS:
        raise Malformed("token-days", say("A token lives 1 to %(n)s days.", n=MOST_DAYS))
    user = session.get_one(UserRow, actor.user)
    if actor.role is not Role(user.role):  # by card an administrator is none
        raise NotYours("card-not-enough", say("Sign in with your password to make a token."))
    ends_at = at + timedelta(days=new.days)
    token, row = _new(user, Kind.TOKEN, name, at=at, ends_at=ends_at)
    row.scope = new.scope.value
    session.add(row)
    session.flush()
    note(session, actor, "token-made", {"subject": row.id, "scope": new.scope.value}, at=at)
    return token


def of_token(session: Session, token: str, *, at: datetime) -> Actor | None:
    """Return who a person's token for programs acts as."""
    row = session.get(SignInRow, digest(token))
    if row is None or row.kind != Kind.TOKEN:
        return None
    user = _standing(session, row, at)
    if user is None:
        return None
    station, _ = own_station(session)
    return Actor(station, user.place, Role(user.role), user=user.id, scope=Scope(row.scope))


def _note(
    session: Session,
    user: UserRow,
    row: SignInRow,
    kind: str,
    body: dict[str, str],
    *,
    at: datetime,
) -> None:
    station = row.station or own_station(session)[0]
    by = {"way": row.kind} if row.kind != Kind.BROWSER else {}
    actor = Actor(station, user.place, Role(user.role), user=user.id)
    note(session, actor, kind, {"subject": row.id, **by, **body}, at=at)
