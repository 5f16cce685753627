"""Passwords: what a good one is, and how they are kept.

Rules of OWASP ASVS 5.0, 6.2: at least 10 characters, up to 256, of any kind; none that everybody
tries first, and none made of the words of this work.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from threading import BoundedSemaphore

from werkzeug.security import check_password_hash, generate_password_hash

from silog_scan.core.errors import Malformed, say

SHORTEST, LONGEST = 10, 256
PIN_DIGITS = 6
_DIFFERENT_DIGITS = 3
# N = 2^17, r = 8, p = 1: the floor of OWASP's password storage cheat sheet for scrypt.
_SCRYPT = "scrypt:131072:8:1"
_FEW_AT_ONCE = BoundedSemaphore(2)  # each takes 128 MB and a core; 32 threads would take 4 GB
_OF_NOBODY = f"{_SCRYPT}$AbsentAbsent${'0' * 128}"
_OF_THE_WORK = ("silog", "scan", "kpu", "bawaslu", "pemilu", "pilkada", "gudang", "rahasia")
"""Words that do not make a password longer."""


@dataclass(frozen=True)
class _New(ABC):
    """Something to be given that is kept by scrypt, which takes 0.4 s."""

    text: str

    @abstractmethod
    def must_be_good(self) -> None:
        """Refuse one of the wrong shape, or one that others would guess."""

    @cached_property
    def hash(self) -> str:
        """Return what is kept of it, or refuse it."""
        self.must_be_good()
        return generate_password_hash(self.text, method=_SCRYPT)

    def prepare(self) -> None:
        """Make the hash now, so that no transaction waits for it, or refuse it."""
        _ = self.hash


class NewPassword(_New):
    """A password to be given."""

    def must_be_good(self) -> None:
        """Refuse one that is too short, too long, or among the first that are tried."""
        if len(self.text) < SHORTEST:
            told = say(
                "The password has fewer than %(n)s characters. Choose a longer one.", n=SHORTEST
            )
            raise Malformed("password-short", told)
        if len(self.text) > LONGEST:
            told = say("The password has more than %(n)s characters.", n=LONGEST)
            raise Malformed("password-long", told)
        if _is_common(self.text.lower()):
            told = say("Others would guess this password. Choose several words that do not belong.")
            raise Malformed("password-common", told)


class NewPin(_New):
    """A PIN to be given: good only with a card, or a name, at an enrolled station."""

    def must_be_good(self) -> None:
        """Refuse one that is no six digits, or has few different ones, or counts on evenly."""
        digits = self.text
        if not (digits.isascii() and digits.isdigit() and len(digits) == PIN_DIGITS):
            raise Malformed("pin-shape", say("A PIN has %(n)s digits.", n=PIN_DIGITS))
        steps = {(int(b) - int(a)) % 10 for a, b in pairwise(digits)}
        if len(set(digits)) < _DIFFERENT_DIGITS or len(steps) == 1:
            raise Malformed("pin-common", say("Others would guess this PIN. Mix the digits."))


def is_right(kept: str | None, text: str) -> bool:
    """Say whether this is the password that is kept; that of nobody takes the same time."""
    with _FEW_AT_ONCE:
        return len(text) <= LONGEST and check_password_hash(kept or _OF_NOBODY, text)


def _is_common(text: str) -> bool:
    """Say whether it is among the 30,000 that are tried first, or little more than such a one."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS  # noqa: PLC0415  # 60 ms, rarely needed

    core = text.strip("0123456789!@#$%^&*()-_=+.,? ")
    for word in _OF_THE_WORK:
        core = core.replace(word, "")
    known = FREQUENCY_LISTS["passwords"]
    return text in known or core in known or len(set(core)) < _DIFFERENT


_DIFFERENT = 4
"""Characters; aaaaaaaaaa is no password."""
