"""How often a sign-in may fail: for a name at one machine, and for a machine in all.

Never for a name alone, or anybody could lock another out from afar (ASVS 5.0: 6.3.1); only codes
of the second factor are counted for their person too, as who tries them knows the password. What
is counted is this process's; several workers allow so many times more.
"""

import ipaddress
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from limits import RateLimitItem, parse
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from silog_scan.core.errors import Refused, TooMany, say

_OF_A_NAME = parse("5 per 5 minutes")
_OF_A_MACHINE = parse("50 per 5 minutes")  # a warehouse may come through one address
_OF_A_PIN = parse("3 per 15 minutes")
"""Wrong PINs to a name; then the card is asked for."""
_OF_A_CODE = parse("20 per 1 hour")
"""Wrong codes of the second factor for a person, from wherever."""
_LONGEST = 60

Count = tuple[RateLimitItem, tuple[str, ...]]
"""A limit, and what is counted for it."""


class Throttle:
    """Counts failures in memory, and forgets them when their time is over."""

    def __init__(self) -> None:
        """Begin without any."""
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._judged: Counter[tuple[str, ...]] = Counter()
        self._lock = Lock()

    @contextmanager
    def trial(
        self,
        counts: list[Count],
        wrong: type[Refused],
        *,
        besieged: Callable[[], None] = lambda: None,
    ) -> Iterator[None]:
        """Let a try be judged, or refuse it; count it where it turns out wrong.

        What is being judged counts as wrong until it is known, so that many at once gain nothing.
        ``besieged`` is called when a wrong try was the last one allowed.
        """
        self._begin(counts)
        try:
            yield
        except wrong:
            if self._fail(counts):
                besieged()
            raise
        finally:
            with self._lock:
                self._judged.subtract(key for _, key in counts)
                self._judged += Counter()  # keeps no zeros

    def _begin(self, counts: list[Count]) -> None:
        with self._lock:
            for limit, key in counts:
                left = self._limiter.get_window_stats(limit, *key).remaining
                if left <= self._judged[key]:
                    raise _too_many(limit, self._wait(limit, key))
            self._judged.update(key for _, key in counts)

    def _fail(self, counts: list[Count]) -> bool:
        """Count a failure; say whether it was the last one that is allowed."""
        with self._lock:
            for limit, key in counts:
                self._limiter.hit(limit, *key)
            return not all(self._limiter.test(limit, *key) for limit, key in counts)

    def _wait(self, limit: RateLimitItem, key: tuple[str, ...]) -> int:
        reset = self._limiter.get_window_stats(limit, *key).reset_time
        return max(1, math.ceil(reset - time.time()))


def tries(machine: str, name: str) -> list[Count]:
    """Return what a try counts for: a name at a machine, and the machine."""
    network, known = _network(machine), name.strip().casefold()[:_LONGEST]
    return [(_OF_A_NAME, ("name", network, known)), (_OF_A_MACHINE, ("machine", network))]


def tries_of_pin(machine: str, user: str) -> list[Count]:
    """Return what a PIN to a name alone counts for."""
    key = ("pin", _network(machine), user[:_LONGEST])
    return [(_OF_A_PIN, key), *tries(machine, f"pin {user}")]


def tries_of_code(machine: str, user: str) -> list[Count]:
    """Return what a code of the second factor counts for."""
    return [*tries(machine, user), (_OF_A_CODE, ("code", user))]


def _network(machine: str) -> str:
    """Return the address, or of IPv6 the /64 that one house has all of."""
    try:
        found = ipaddress.ip_address(machine)
    except ValueError:
        return machine
    if isinstance(found, ipaddress.IPv4Address) or found.ipv4_mapped:
        return machine
    return str(ipaddress.ip_network((found, 64), strict=False))


def _too_many(limit: RateLimitItem, wait: int) -> TooMany:
    if limit is _OF_A_PIN:
        return TooMany("card-needed", say("Three wrong PINs. Scan your card, or wait."), wait=wait)
    return TooMany(
        "too-many-tries",
        say(
            "Too many wrong tries from this machine. Wait %(minutes)s min, or use another one.",
            minutes=math.ceil(wait / 60),
        ),
        wait=wait,
    )
