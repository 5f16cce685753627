"""A suggestion on its way to a person and back: signed, so that nobody confirms another text."""

import base64
from hashlib import sha256
from typing import Any

from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer

from silog_scan.core.custody import Recognised
from silog_scan.core.errors import Conflict, say
from silog_scan.services.recognising import Suggestion
from silog_scan.services.watching import Work
from silog_scan.web.shapes import RecognisedIn

LASTS = 600
"""Seconds in which a suggestion is confirmed or forgotten."""


def offered(suggestion: Suggestion, work: Work) -> dict[str, Any]:
    """Return a suggestion for the page, with what it hands back when a person confirms it."""
    content = {
        "text": suggestion.text,
        "symbology": suggestion.symbology,
        "evidence": suggestion.evidence,
        "picture": sha256(suggestion.picture).hexdigest(),
        "work": _named(work),
    }
    return {
        "text": suggestion.text,
        "symbology": suggestion.symbology,
        "corners": [list(corner) for corner in suggestion.corners],
        "picture": base64.b64encode(suggestion.picture).decode(),
        "token": _signer().dumps(content),
    }


def confirmed(text: str, said: RecognisedIn, work: Work) -> tuple[Recognised, bytes]:
    """Return what speaks for a confirmed text, and its picture.

    Refuses what was not offered for this work, or long ago.
    """
    try:
        content = _signer().loads(said.token, max_age=LASTS)
        picture = base64.b64decode(said.picture, validate=True)
    except (BadSignature, ValueError):
        raise _gone() from None
    if content["text"] != text or content["work"] != _named(work):
        raise _gone()
    if content["picture"] != sha256(picture).hexdigest():
        raise _gone()
    return Recognised(tuple(sorted(content["evidence"].items())), content["picture"]), picture


def _named(work: Work) -> list[str | None]:
    return [work.actor.station, work.actor.user, work.task.value, work.place, work.manifest]


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="suggestion")


def _gone() -> Conflict:
    return Conflict(
        "suggestion-gone",
        say("This suggestion no longer holds. Show the label again, or type its number."),
    )
