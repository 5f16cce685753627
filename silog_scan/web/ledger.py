"""The record as evidence: checkpoints, the export, and a check that needs no trust in us."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from flask import Blueprint, Response, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

import silog_scan
from silog_scan.core import checkpoints as core
from silog_scan.core.errors import NotFound, NotYours, Sentence, say
from silog_scan.core.events import timestamp
from silog_scan.documents import qr
from silog_scan.documents.qr import Drawing
from silog_scan.services import accounts, checkpoints, ledgers
from silog_scan.services.checkpoints import Signed
from silog_scan.web import downloads
from silog_scan.web.context import actor, backend, in_words, language, now
from silog_scan.web.words import CONDITIONS, TASKS

bp = Blueprint("ledger", __name__)

VERIFIER = Path(silog_scan.__file__).with_name("verify_ledger.py")
LISTED = 50
"""Checkpoints that the page shows."""

# For everybody.


@bp.get("/verify")
def verify() -> str:
    """Show the page that checks an export in the browser."""
    command = _command(gettext("record.jsonl"))
    return render_template(
        "ledger/verify.html", words=_words(), verifier=VERIFIER.name, command=command
    )


def _command(record: str) -> str:
    """Return what checks a record on a computer with Python."""
    paper = gettext("checkpoint.txt")
    return f"python3 {VERIFIER.name} {record} {paper}"


@bp.get("/verify/verify_ledger.py")
def verifier() -> Response:
    """Return the verifier that needs nothing but Python."""
    return _file(VERIFIER.read_text(encoding="utf-8"), VERIFIER.name, "text/x-python")


PROBLEMS = {
    "line": say("Line %(line)s is not an event as the station writes it."),
    "fields": say("Line %(line)s does not have the fields of an event."),
    "altered": say("Event %(sequence)s of station %(station)s was altered."),
    "order": say("Event %(sequence)s of station %(station)s stands out of order."),
    "gap": say(
        "Event %(sequence)s of station %(station)s stands where event %(expected)s should be."
    ),
    "fork": say("Event %(sequence)s of station %(station)s does not follow the event before it."),
    "sums": say("Event %(sequence)s of station %(station)s says what cannot be added up."),
    "ends": say("Station %(station)s ends before event %(sequence)s of the checkpoint."),
    "cut": say("Line %(line)s is cut off. Fetch the file again."),
    "other": say("These are not the events of the checkpoint. Was it typed rightly?"),
    "unsigned": say("The checkpoint bears no signature."),
    "signer": say("The checkpoint is not signed by this key. Whose paper is it?"),
    "signature": say(
        "The checkpoint's signature is not good: its text was changed, or typed wrongly."
    ),
    "empty": say("The file holds no event."),
    "paper": say("The checkpoint cannot be read: a line is missing or typed wrongly."),
    "key": say("This is no public key. It looks like name+1a2b3c4d+AQ... on one line."),
    "paperless": say("A key checks a checkpoint. Give the checkpoint too."),
    "file": say("The file cannot be read. Choose it again."),
}
"""What the page finds, by code, in the words of ``verify_ledger.py``."""

SIGNATURES = {
    "asked": say("Its signature is good: it is of the key you gave."),
    "good": say(
        "Its signature is good, of the key that the record names itself. Compare that with a key "
        "you have from elsewhere: %(key)s"
    ),
    "unsigned": say("It bears no signature: whose it is was not checked."),
    "insecure": say(
        "Its signature was not checked: browsers do that only on pages with https. All else was."
    ),
    "unable": say("Its signature was not checked: this browser cannot (Ed25519). All else was."),
    "keyless": say(
        "Its signature was not checked: the record names no such key. Give the public key."
    ),
}


def _words() -> dict[str, object]:
    """Return what the page's scripts say, in the reader's language, its holes open."""
    return {
        "language": language(),
        "problems": {code: gettext(told.template) for code, told in PROBLEMS.items()},
        "signatures": {state: gettext(told.template) for state, told in SIGNATURES.items()},
        "tasks": {task.value: in_words(word) for task, word in TASKS.items()},
        "conditions": {condition.value: in_words(word) for condition, word in CONDITIONS.items()},
        "progress": gettext("%(part)s, %(events)s events so far"),
        "fits": gettext(
            "Events: %(events)s, stations: %(stations)s. None was altered, none is missing."
        ),
        "alone": gettext("Events: %(events)s, stations: %(stations)s, each chain unbroken."),
        "covered": gettext(
            "%(covered)s of them are those of the checkpoint; %(later)s came later."
        ),
        "more": gettext("and %(n)s more; verify_ledger.py lists all"),
        "noFile": gettext("Choose the file of the record first."),
        "old": gettext("This browser is too old to check. Use another, or verify_ledger.py."),
    }


# For those who watch over the whole home.


@bp.get("/ledger")
def index() -> str:
    """Show the latest checkpoint, where the chains stand, and how to check them."""
    with backend().database.reading() as session:
        place = _must_oversee(session)
        found = checkpoints.every(session, LISTED)
        key = checkpoints.public_key(session)
        heads = ledgers.heads(session)
    record = _record(place)
    return render_template(
        "ledger/index.html", papers=[Paper(signed) for signed in found], key=key, heads=heads,
        place=place, record=record, command=_command(record),
    )  # fmt: skip


def _record(place: str) -> str:
    """Return the name of the export's file."""
    return f"catatan-{place}.jsonl"


@dataclass(frozen=True, slots=True)
class Paper:
    """A checkpoint as the page shows it."""

    signed: Signed

    @property
    def root(self) -> str:
        """Return the fingerprint of all its events, as it is printed."""
        return self.signed.text.split("\n")[2]

    @property
    def stations(self) -> int:
        """Return how many chains it covers."""
        return len(core.parse(self.signed.text).heads)

    @property
    def stamp(self) -> str:
        """Return the time that names it in addresses."""
        return timestamp(self.signed.at)

    @property
    def reason(self) -> Sentence:
        """Return why it was made."""
        return _REASONS[self.signed.reason]

    @property
    def code(self) -> Drawing | None:
        """Return its QR code: readers of codes guess what is not ASCII, so the dash is typed."""
        return qr.drawn(self.signed.note.replace("\u2014", "--"))


_REASONS = {
    "asked": say("when asked"),
    "closing": say("at a closing"),
    "evening": say("in the evening"),
}


def _must_oversee(session: Session) -> str:
    """Return the home's place; refuse whom a part of it is hidden from: a part proves nothing."""
    _, place = accounts.own_station(session)
    if not actor().may_see(place):
        raise NotYours(
            "place-not-yours",
            say(
                "The record is handed out whole, to people of %(place)s or above. Ask them for a "
                "copy: whoever has one may check it.",
                place=place,
            ),
        )
    return place


@bp.post("/ledger/checkpoints")
def make() -> BaseResponse:
    """Make a checkpoint now."""
    with backend().database.reading() as session:
        _must_oversee(session)
    backend().make_checkpoint(at=now(), reason="asked")
    return redirect(url_for("ledger.index"))


@bp.get("/ledger/checkpoint.txt")
def checkpoint() -> Response:
    """Return a checkpoint as it was signed: the latest, or that of a time."""
    with backend().database.reading() as session:
        _must_oversee(session)
        found = [Paper(signed) for signed in checkpoints.every(session, LISTED)]
    wanted = request.args.get("at")
    paper = next((paper for paper in found if wanted in (None, paper.stamp)), None)
    if paper is None:
        raise NotFound("no-checkpoint", say("There is no such checkpoint. Make one."))
    name = f"titik-periksa-{paper.signed.at:%Y%m%d-%H%M%S}.txt"
    return _file(paper.signed.note, name, "text/plain")


@bp.get("/ledger/export.jsonl")
def export() -> Response:
    """Return every event, line by line, as it is read."""
    with backend().database.reading() as session:
        place = _must_oversee(session)
    return _file(_pieces(backend().database.reading), _record(place), "application/jsonl")


def _pieces(reading: Callable[[], AbstractContextManager[Session]]) -> Iterator[str]:
    """Yield the export in pieces: a line each would cost more to send than to read."""
    with reading() as session:
        lines = ledgers.export(session)
        while piece := [f"{line}\n" for line in islice(lines, _PIECE)]:
            yield "".join(piece)


_PIECE = 200
"""Lines."""


def _file(content: str | Iterator[str], name: str, mimetype: str) -> Response:
    answer = Response(content, mimetype=mimetype)
    answer.headers["Content-Disposition"] = downloads.attachment(name)
    return answer
