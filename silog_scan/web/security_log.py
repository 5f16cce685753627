"""What is noted of who came and who was turned away: by id, machine and code, never by name.

The lines go to the program's own log (ASVS 5.0: 16.2.1, 16.3.1 to 16.3.3). What came from outside
is written as a Python text, so that a line break in it begins no line of the log (16.4.1).
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from flask import g, request

from silog_scan.core.errors import NotYours, Refused, TooMany
from silog_scan.services.actors import Actor

_log = logging.getLogger("silog_scan.security")
_LONGEST = 200


def signed_in(user_id: str, way: str) -> None:
    """Note a sign-in, and whether by password or card."""
    _log.info("signed in by %s: user %s from %s", way, user_id, machine())


@contextmanager
def turned_away(user_id: str | None = None) -> Iterator[None]:
    """Note it when a password, code, PIN or enrolment is refused within."""
    try:
        yield
    except Refused as refusal:
        _log.warning("%s: user %s from %s", refusal.code, user_id or "unknown", machine())
        raise


def refused(refusal: Refused) -> None:
    """Note a right that was missing, or a limit that was reached."""
    if not isinstance(refusal, (NotYours, TooMany)):
        return
    actor: Actor | None = g.get("actor")
    who = (actor.user or actor.station) if actor else "unknown"
    asked = f"{request.method} {request.path}"[:_LONGEST]
    _log.warning("%s: %r by %r from %s", refusal.code, asked, who, machine())


def machine() -> str:
    """Return the address a request came from."""
    return request.remote_addr or ""
