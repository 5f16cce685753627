"""Checkpoints of this ledger: made on demand, at each closing and every evening, and kept.

They are made in two steps, because a large ledger takes seconds to hash: ``taken`` looks, while
others write, and ``keep`` writes one row. ``make`` does both in one transaction.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from silog_scan.core import checkpoints, places
from silog_scan.core.checkpoints import Checkpoint
from silog_scan.core.errors import NotFound, Refused, say
from silog_scan.core.ids import uuid7
from silog_scan.services import accounts, keys
from silog_scan.services.actors import Actor
from silog_scan.services.keys import Signer
from silog_scan.store import ledger, queries
from silog_scan.store.db import Database
from silog_scan.store.ledger import Ledger
from silog_scan.store.tables import CheckpointRow, MetaRow, table_of

_EVENING = time(18)
_KEY = "signing-key"


@dataclass(frozen=True, slots=True)
class Signed:
    """A checkpoint as it was handed out: the signed note, when and why it was made."""

    note: str
    at: datetime
    size: int
    reason: str

    @property
    def text(self) -> str:
        """Return the lines that were signed."""
        return self.note.partition("\n\n")[0] + "\n"


def taken(session: Session, signer: Signer) -> Checkpoint:
    """Return the checkpoint of the ledger as it is now: every event is hashed."""
    return checkpoints.of_digests(ledger.digests(session), origin=signer.name)


def keep(
    session: Session, signer: Signer, checkpoint: Checkpoint, *, at: datetime, reason: str
) -> Signed:
    """Sign a checkpoint, keep it and return it."""
    note = signer.note(checkpoint.text())
    table = table_of(CheckpointRow)
    number = (session.scalar(select(func.max(table.c.number))) or 0) + 1
    row = {"number": number, "at": at, "size": checkpoint.size, "reason": reason, "note": note}
    session.execute(insert(table), [row])
    return Signed(note, at, checkpoint.size, reason)


def make(session: Session, signer: Signer, *, at: datetime, reason: str) -> Signed:
    """Make a checkpoint within one writing transaction; ``reason`` is asked, closing, evening."""
    note_key(session, signer, at)
    return keep(session, signer, taken(session, signer), at=at, reason=reason)


def make_aside(
    database: Database, write: Callable[..., Any], signer: Signer, *, at: datetime, reason: str
) -> Signed:
    """Make a checkpoint while others write; ``write`` runs a call in a writing transaction."""
    write(lambda session: note_key(session, signer, at))
    with database.reading() as session:
        checkpoint = taken(session, signer)
    signed: Signed = write(lambda session: keep(session, signer, checkpoint, at=at, reason=reason))
    return signed


def latest(session: Session) -> Signed | None:
    """Return the newest checkpoint."""
    found = every(session, 1)
    return found[0] if found else None


def every(session: Session, limit: int) -> list[Signed]:
    """Return checkpoints, the newest first."""
    table = table_of(CheckpointRow)
    rows = session.execute(select(table).order_by(table.c.number.desc()).limit(limit))
    return [Signed(row.note, row.at, row.size, row.reason) for row in rows]


def is_due(session: Session, at: datetime) -> bool:
    """Say whether an evening has passed since the last checkpoint, and something happened."""
    last = latest(session)
    if last is None:
        return ledger.size(session) > 0
    _, place = accounts.own_station(session)
    return last.at < last_evening(at, place) and ledger.size(session) > last.size


def last_evening(at: datetime, place: str) -> datetime:
    """Return when it was six in the evening last at a place."""
    local = at.astimezone(places.zone(place))
    evening = datetime.combine(local.date(), _EVENING, local.tzinfo)
    return (evening if evening <= local else evening - timedelta(days=1)).astimezone(UTC)


# The key.


def signer_of(session: Session, folder: Path) -> Signer:
    """Return the ledger's signing key, made for a new ledger; refuse one that was lost since.

    Another key in its place must not pass silently: whoever noted the first would take the papers
    for somebody else's.
    """
    station, place = accounts.own_station(session)
    name, known = keys.name_of(place, station), public_key(session)
    signer = keys.found(folder, name, known) if known else keys.made(folder, name)
    if signer is None:
        told = say(
            "The signing key that this ledger names is not in %(folder)s. Bring it back from a "
            "backup, or make a new one, which observers will see: silog-scan ledger key --replace",
            folder=folder,
        )
        raise NotFound("key-missing", told)
    return signer


def public_key(session: Session) -> str | None:
    """Return the public key the ledger knows, as text."""
    return queries.meta(session, _KEY)


def note_key(session: Session, signer: Signer, at: datetime) -> None:
    """Record a key the ledger does not know; no signature of the one before it: that was lost."""
    if public_key(session) == signer.vkey:
        return
    station, place = accounts.own_station(session)
    actor = accounts.cli_actor(session)
    _write_key(session, Actor(station, place, actor.role), signer, {}, at=at)


def replace(database: Database, folder: Path, *, at: datetime) -> str:
    """Let another key sign from now on, and return it as text; the command line does this.

    The old key vouches for it in the ledger before it is gone; one that is lost or damaged cannot,
    which the ledger shows. A power cut leaves either the one or the other in force.
    """
    with database.writing() as session:
        station, place = accounts.own_station(session)
        new = keys.prepared(folder, keys.name_of(place, station))
        word = _word_of_the_old(session, folder, new)
        _write_key(session, accounts.cli_actor(session), new, word, at=at)
    keys.take_over(folder)
    return new.vkey


def _word_of_the_old(session: Session, folder: Path, new: Signer) -> dict[str, str]:
    known = public_key(session)
    try:
        old = keys.found(folder, new.name, known) if known else None
    except Refused:
        old = None
    return {"signature": old.vouches_for(new.vkey)} if old else {}


def _write_key(
    session: Session, actor: Actor, signer: Signer, more: dict[str, str], *, at: datetime
) -> None:
    body = {"place": actor.place, "key": signer.vkey, **more}
    before = public_key(session)
    if before:
        body["before"] = before
    if actor.user:
        body["user"] = actor.user
    book = Ledger(session, at)
    book.append(actor.station, "signing-key", id=str(uuid7(at)), body=body)
    book.flush()
    session.merge(MetaRow(name=_KEY, value=signer.vkey))
    session.flush()
