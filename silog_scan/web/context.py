"""What a view may reach: the database, the writer, the camera, the clock, and who asks."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from flask import current_app, g, make_response, request, session
from werkzeug.wrappers import Response as BaseResponse

from silog_scan.config import LANGUAGES, Settings
from silog_scan.core.errors import (
    Conflict,
    Malformed,
    NotFound,
    NotYours,
    Refused,
    Sentence,
    TooMany,
)
from silog_scan.language import translator
from silog_scan.services import checkpoints
from silog_scan.services.actors import Actor
from silog_scan.services.backups import Holdings
from silog_scan.services.checkpoints import Signed
from silog_scan.services.clocks import Noted
from silog_scan.services.keeper import Keeper
from silog_scan.services.keys import Signer
from silog_scan.services.recognising import Recogniser
from silog_scan.services.second_factor import WrongCode
from silog_scan.services.sign_ins import WrongPassword, WrongPin
from silog_scan.services.stations import Ended, Presence, Refusals
from silog_scan.services.throttle import Throttle
from silog_scan.services.watching import Watch
from silog_scan.store.db import Database, Unavailable
from silog_scan.store.writer import Writer

_log = logging.getLogger("silog_scan.checkpoints")


@dataclass(slots=True)
class Backend:
    """The parts of a running station; ``demo_secrets`` are sign-in links not used yet."""

    settings: Settings
    database: Database
    writer: Writer
    clock: Callable[[], datetime]
    watch: Watch | None = None
    demo_secrets: set[str] = field(default_factory=set)
    clocks: Noted = field(default_factory=Noted)
    stations: Presence = field(default_factory=Presence)
    refusals: Refusals = field(default_factory=Refusals)
    throttle: Throttle = field(default_factory=Throttle)
    recogniser: Recogniser = field(init=False)
    keeper: Keeper = field(init=False)

    def __post_init__(self) -> None:
        """Prepare what makes backups, begun when asked, and what recognises labels."""
        holdings = Holdings(self.database, self.settings.home, self.settings.backups)
        self.keeper = Keeper(holdings, self.clock)
        self.recogniser = Recogniser(self.database)
        if self.watch is not None:
            self.watch.recognise = self.recogniser.suggest

    @property
    def signer(self) -> Signer:
        """Return the key that signs checkpoints; one that cannot be used is refused in words."""
        with self.database.reading() as reading:
            return checkpoints.signer_of(reading, self.settings.keys)

    def make_checkpoint(self, *, at: datetime, reason: str) -> Signed:
        """Make a checkpoint while scans go on; ``reason`` is asked, closing or evening."""
        return checkpoints.make_aside(
            self.database, self.writer.run, self.signer, at=at, reason=reason
        )

    def seal_closing(self, at: datetime) -> None:
        """Make the checkpoint of a closing, which stands whatever becomes of the checkpoint."""
        try:
            self.make_checkpoint(at=at, reason="closing")
        except Refused as refusal:
            _log.error("no checkpoint of a closing: %s", refusal)  # it tells all

    def make_checkpoint_if_due(self) -> None:
        """Make the evening's checkpoint, once it is evening and something happened."""
        at = self.clock()
        with self.database.reading() as reading:
            is_due = checkpoints.is_due(reading, at)
        if is_due:
            self.make_checkpoint(at=at, reason="evening")


def backend() -> Backend:
    """Return the running station's parts."""
    return cast("Backend", current_app.extensions["silog"])


def now() -> datetime:
    """Return the server's time, read once for each request."""
    if "now" not in g:
        g.now = backend().clock()
    return cast("datetime", g.now)


def actor() -> Actor:
    """Return who asks; views behind the sign-in always have one."""
    return cast("Actor", g.actor)


Page = BaseResponse | str | tuple[str, int]


_STATUS: tuple[tuple[type[Refused], int], ...] = (
    (Ended, 401),
    (WrongPassword, 401),
    (WrongPin, 401),
    (WrongCode, 401),
    (NotFound, 404),
    (NotYours, 403),
    (Conflict, 409),
    (Malformed, 422),
    (TooMany, 429),
    (Unavailable, 503),
    (Refused, 400),
)


def status_of(refusal: Refused) -> int:
    """Return the HTTP status of a refusal."""
    return next(status for kind, status in _STATUS if isinstance(refusal, kind))


def answered(page: str | BaseResponse, refusal: Refused) -> BaseResponse:
    """Return a page that tells a refusal, and how long to wait where it came too often."""
    answer = make_response(page)
    answer.status_code = status_of(refusal)
    if isinstance(refusal, TooMany):
        answer.headers["Retry-After"] = str(refusal.wait)
    return answer


def in_words(sentence: Sentence) -> str:
    """Return the sentence in the reader's language."""
    return sentence.in_words(translator(language()))


def whole(name: str, otherwise: int = 0) -> int:
    """Return a number of the query, or ``otherwise`` where there is none that a database can hold.

    Whoever writes such a thing into an address gets a page, not a failure.
    """
    found = request.args.get(name, otherwise, type=int)
    return found if abs(found) < _MOST_WHOLE else otherwise


_MOST_WHOLE = 2**53


def language() -> str:
    """Return the reader's language: asked for, else remembered, else the browser's, else id."""
    if "language" not in g:
        g.language = _language()
    return cast("str", g.language)


def _language() -> str:
    for wanted in (request.args.get("lang"), session.get("language")):
        if wanted in LANGUAGES:
            return str(wanted)
    return request.accept_languages.best_match(LANGUAGES) or "id"
