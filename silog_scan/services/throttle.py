"""How often a sign-in may fail: for a name at one machine, and for a machine in all.

Never for a name alone, or anybody could lock another out from afar (ASVS 5.0: 6.3.1). What is
counted is this process's; several workers allow so many times more.
"""

import math
import time

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from silog_scan.core.errors import TooMany, say

_OF_A_NAME = parse("5 per 5 minutes")
_OF_A_MACHINE = parse("50 per 5 minutes")  # a warehouse may come through one address
_OF_A_PIN = parse("3 per 15 minutes")
"""Wrong PINs to a name; then the card is asked for."""


class Throttle:
    """Counts failures in memory, and forgets them in five minutes."""

    def __init__(self) -> None:
        """Begin without any."""
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def check(self, machine: str, name: str) -> None:
        """Refuse a try that comes too soon after failures."""
        for limit, key in _keys(machine, name):
            if not self._limiter.test(limit, *key):
                raise _too_many(self._wait(limit, key))

    def failed(self, machine: str, name: str) -> bool:
        """Count a failure; say whether it was the last one that is allowed."""
        keys = _keys(machine, name)
        for limit, key in keys:
            self._limiter.hit(limit, *key)
        return not all(self._limiter.test(limit, *key) for limit, key in keys)

    def check_pin(self, machine: str, name: str) -> None:
        """Refuse a PIN to a name alone after three wrong ones; with the card it is still taken."""
        key = ("pin", machine, name[:60])
        if not self._limiter.test(_OF_A_PIN, *key):
            told = say("Three wrong PINs. Scan your card, or wait.")
            raise TooMany("card-needed", told, wait=self._wait(_OF_A_PIN, key))

    def failed_pin(self, machine: str, name: str) -> None:
        """Count a wrong PIN."""
        self._limiter.hit(_OF_A_PIN, "pin", machine, name[:60])

    def _wait(self, limit: RateLimitItem, key: tuple[str, ...]) -> int:
        reset = self._limiter.get_window_stats(limit, *key).reset_time
        return max(1, math.ceil(reset - time.time()))


def _keys(machine: str, name: str) -> list[tuple[RateLimitItem, tuple[str, ...]]]:
    known = name.strip().casefold()[:60]
    return [(_OF_A_NAME, ("name", machine, known)), (_OF_A_MACHINE, ("machine", machine))]


def _too_many(wait: int) -> TooMany:
    return TooMany(
        "too-many-tries",
        say(
            "Too many wrong tries from this machine. Wait %(minutes)s min, or use another one.",
            minutes=math.ceil(wait / 60),
        ),
        wait=wait,
    )
