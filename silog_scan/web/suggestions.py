"""A suggestion on its way to a person and back: signed, so that nobody confirms another text."""

import base64
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID

from flask import current_app
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy.orm import Session

from silog_scan.core.custody import Recognised
from silog_scan.core.errors import Conflict, say
from silog_scan.services.recognising import TASKS, Confirmed, Suggestion
from silog_scan.services.watching import Work
from silog_scan.web.context import backend

LASTS = 600
"""Seconds in which a suggestion is confirmed or forgotten."""


def offers(session: Session, grey: Any, still: Any, work: Work) -> list[dict[str, Any]]:  # noqa: ANN401  # loaded late
    """Return what unread labels in a picture probably are, for the page of some work."""
    if work.task not in TASKS:
        return []
    found = backend().recogniser.suggest(
        session, grey, still, place=work.place, manifest=work.manifest
    )
    return [offered(each, work) for each in found]


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


def confirmed(form: Mapping[str, str], work: Work, *, at: datetime) -> Confirmed:
    """Return what is confirmed; refuses what was not offered for this work, or long ago."""
    try:
        scan_id = str(UUID(form.get("id", "")))
        content = _signer().loads(form.get("token", ""), max_age=LASTS)
        picture = base64.b64decode(form.get("picture", ""), validate=True)
    except (BadSignature, ValueError):
        raise _gone() from None
    if content["work"] != _named(work) or content["picture"] != sha256(picture).hexdigest():
        raise _gone()
    recognised = Recognised(tuple(sorted(content["evidence"].items())), content["picture"])
    return Confirmed(scan_id, content["text"], content["symbology"], recognised, picture, at)


def _named(work: Work) -> list[str | None]:
    return [work.actor.station, work.actor.user, work.task.value, work.place, work.manifest]


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="suggestion")


def _gone() -> Conflict:
    return Conflict(
        "suggestion-gone",
        say("This suggestion no longer holds. Show the label again, or type its number."),
    )
