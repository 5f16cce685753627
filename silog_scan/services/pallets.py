"""A whole pallet in one look: what is there, and what is missing."""

from collections.abc import Iterable, Sequence

from sqlalchemy.orm import Session

from silog_scan.core import codes
from silog_scan.core.errors import Malformed, say
from silog_scan.core.pallets import Tally
from silog_scan.services.watching import Work
from silog_scan.store import pallets
from silog_scan.store.pallets import Awaited

MOST_TEXTS = 500


def missing_of(session: Session, work: Work, texts: Sequence[str]) -> Tally:
    """Return what the labels of one look leave missing; refuse a look of more than 500 texts."""
    if len(texts) > MOST_TEXTS:
        told = say("More than %(most)s labels are no pallet. Begin a new one.", most=MOST_TEXTS)
        raise Malformed("too-many-texts", told)
    awaited = Awaited(work.task, work.place, work.actor.place, work.manifest)
    return pallets.missing_of(session, _codes(texts), awaited)


def _codes(texts: Iterable[str]) -> list[str]:
    """Return what the texts stand for, without those that are no code."""
    return [codes.identify(text).code for text in texts if codes.flaw(text) is None]
