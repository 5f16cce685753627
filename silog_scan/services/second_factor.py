"""The second factor: codes of an authenticator app (TOTP, RFC 6238), and codes to recover by.

A code counts once: its step of 30 s, and all before, are spent. One step early or late is
tolerated, as clocks of phones go (RFC 6238, 5.2).
"""

import hmac
from datetime import datetime

import pyotp
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from silog_scan.core.errors import Conflict, Refused, say
from silog_scan.services.tokens import digest, new_code, plain
from silog_scan.store.tables import RecoveryCodeRow, UserRow

STEP = 30
"""Seconds."""
RECOVERY_CODES = 10
_GROUPS, _GROUP = 4, 4  # 80 bits: no search finds one, so a plain digest keeps it


class WrongCode(Refused):
    """The code is not the one that is asked for now."""


def new_secret() -> str:
    """Return a new secret in base32, 160 bits (RFC 4226, 4: R6)."""
    return pyotp.random_base32(32)


def address(secret: str, *, name: str, station: str) -> str:
    """Return the ``otpauth://`` address that an authenticator app scans."""
    return pyotp.TOTP(secret, interval=STEP).provisioning_uri(name=name, issuer_name=station)


def step_of(secret: str, code: str, at: datetime, *, after: int) -> int | None:
    """Return the step a code is of, or None for a wrong or spent one."""
    totp, now = pyotp.TOTP(secret, interval=STEP), int(at.timestamp()) // STEP
    typed = "".join(code.split()).encode("utf-8", "replace")
    for step in (now, now - 1, now + 1):
        if step > after and hmac.compare_digest(totp.at(step * STEP).encode(), typed):
            return step
    return None


def confirm(session: Session, user_id: str, secret: str, code: str, *, at: datetime) -> list[str]:
    """Make the secret a person's second factor once a code proves it; return recovery codes."""
    user = session.get_one(UserRow, user_id)
    if user.totp:  # another browser was quicker
        raise Conflict("second-factor-there", say("There is a second factor already."))
    step = step_of(secret, code, at, after=0)
    if step is None:
        raise wrong_code()
    user.totp, user.totp_used = secret, step
    return new_recovery_codes(session, user_id)


def spend(session: Session, user_id: str, code: str, *, at: datetime) -> None:
    """Spend a code of the app, or a recovery code; refuse any other."""
    user = session.get_one(UserRow, user_id)
    if user.totp is None:
        raise wrong_code()
    step = step_of(user.totp, code, at, after=user.totp_used)
    if step is not None:
        user.totp_used = step
        return
    table = RecoveryCodeRow
    spent = session.execute(
        update(table)
        .where(table.user == user.id, table.code == digest(plain(code)), table.used_at.is_(None))
        .values(used_at=at)
    )
    if not spent.rowcount:  # type: ignore[attr-defined]  # an update's result has it
        raise wrong_code()


def wrong_code() -> WrongCode:
    """Return the refusal of a code."""
    return WrongCode(
        "code-refused",
        say("This code is wrong or was used already. Wait for the next one in your app."),
    )


def new_recovery_codes(session: Session, user_id: str) -> list[str]:
    """Make a person's recovery codes anew, and return them to be written down."""
    session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.user == user_id))
    codes = [new_code(_GROUPS * _GROUP) for _ in range(RECOVERY_CODES)]
    session.add_all(
        RecoveryCodeRow(code=digest(code), user=user_id, used_at=None) for code in codes
    )
    return ["-".join(code[n : n + _GROUP] for n in range(0, len(code), _GROUP)) for code in codes]


def recovery_codes_left(session: Session, user_id: str) -> int:
    """Return how many recovery codes a person has not used."""
    left = select(func.count()).where(
        RecoveryCodeRow.user == user_id, RecoveryCodeRow.used_at.is_(None)
    )
    return session.scalar(left) or 0


def forget(session: Session, user: UserRow) -> None:
    """Take a person's second factor away: the next sign-in asks for a new one."""
    user.totp, user.totp_used = None, 0
    session.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.user == user.id))
