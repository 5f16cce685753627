"""Labels of our own: make them, keep what was printed, and give what a place still expects."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from silog_scan.core import codes, places
from silog_scan.core.errors import Malformed, Sentence, say
from silog_scan.core.ids import uuid7
from silog_scan.core.items import Catalogue
from silog_scan.core.labels import Pattern
from silog_scan.documents import labels
from silog_scan.documents.label_sheets import Label
from silog_scan.services import intake
from silog_scan.services.actors import Actor
from silog_scan.store import labels as store
from silog_scan.store import queries
from silog_scan.store.labels import Print
from silog_scan.store.ledger import Ledger

MOST_EXPECTED = 40_000
"""Patterns that a look is compared with: measured, 65 ms for a label. Of more, those of the
manifests due first are kept, then in order of manifest number and line."""
MOST_PRINTED = 10_000
"""Labels of one print; they are kept in one transaction."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How codes are printed."""

    symbology: str
    gs1: bool = False


def make(
    session: Session, actor: Actor, package_codes: Sequence[str], *, kind: Kind, at: datetime
) -> list[Label]:
    """Return the labels of codes and keep what will be printed; refuse all where one cannot be."""
    made = prepare(session, actor, package_codes, kind=kind)
    keep(session, actor, made, kind=kind, at=at)
    return made


def prepare(
    session: Session, actor: Actor, package_codes: Sequence[str], *, kind: Kind
) -> list[Label]:
    """Return the labels of codes, of which nothing is kept yet; refuse all where one cannot be.

    Half a millisecond for each: a command does this before it takes the lock.
    """
    actor.must_record()
    actor.must_be_free()
    _must_be_printable_at_once(package_codes)
    found = [(code, _encoded(row, code, kind)) for row, code in enumerate(package_codes, start=1)]
    words = _words(session, actor, package_codes)
    return [Label(code, pattern, *words.get(code, ())) for code, pattern in found]


def keep(
    session: Session, actor: Actor, made: Sequence[Label], *, kind: Kind, at: datetime
) -> None:
    """Keep the patterns of prepared labels and record that they were printed."""
    printed = Print(kind.gs1, labels.ENCODER, at, actor.user)
    store.keep(session, [(label.code, label.pattern) for label in made], printed)
    _record(session, actor, made, kind=kind, at=at)


def codes_of_manifest(session: Session, actor: Actor, number: str) -> list[str]:
    """Return the package codes of a manifest from or to the actor's place, in row order."""
    manifest = queries.manifest(session, number)
    if not actor.may_see_hop(manifest.origin, manifest.receiver):
        raise queries.unknown_manifest(number)
    return store.packages_of(session, number)


def expected_patterns(
    session: Session, *, place: str, manifest: str | None = None
) -> list[Pattern]:
    """Return what was printed for the packages of the open manifests to a place, or of one.

    Those already scanned stay in: without its own pattern a second scan would look like a
    stranger. Labels that are not of our printing are never in. At most ``MOST_EXPECTED``.
    """
    return store.expected(session, receiver=place, manifest=manifest, most=MOST_EXPECTED)


def drawn(text: str, symbology: str) -> Pattern | None:
    """Return how a text would be printed, None where no label can carry it."""
    try:
        return labels.encode(text, symbology)
    except Malformed:
        return None


# Making.


def _must_be_printable_at_once(package_codes: Sequence[str]) -> None:
    if not package_codes:
        raise Malformed("labels-none", say("There is no code to print."))
    if len(package_codes) > MOST_PRINTED:
        told = say(
            "%(n)s labels are more than the %(most)s of one print. Print them in parts.",
            n=len(package_codes),
            most=MOST_PRINTED,
        )
        raise Malformed("labels-many", told)


def _encoded(row: int, code: str, kind: Kind) -> Pattern:
    """Return a code's pattern, or refuse it by its line."""
    flaw = codes.flaw(code) or (None if codes.clean(code) == code else _odd(code))
    if flaw:
        raise _in_line(row, "label-code", flaw)
    try:
        return labels.encode(code, kind.symbology, gs1=kind.gs1)
    except Malformed as refusal:
        raise _in_line(row, refusal.code, refusal.sentence) from refusal


def _odd(code: str) -> Sentence:
    return say("%(code)s begins or ends with what a reader leaves out.", code=code)


def _in_line(row: int, refusal: str, what: Sentence) -> Malformed:
    return Malformed(refusal, say("Line %(row)s: %(what)s", row=row, what=what))


def _record(
    session: Session, actor: Actor, made: Sequence[Label], *, kind: Kind, at: datetime
) -> None:
    """Write one event of the print: how many codes, and the SHA-256 of their modules in order."""
    printed = "".join(f"{label.code}\n{label.pattern.bits}\n" for label in made)
    body: dict[str, Any] = {
        "place": actor.place,
        "symbology": kind.symbology,
        "gs1": kind.gs1,
        "encoder": labels.ENCODER,
        "codes": len(made),
        "labels_sha256": hashlib.sha256(printed.encode()).hexdigest(),
    }
    if actor.user:
        body["user"] = actor.user
    book = Ledger(session, at)
    book.append(actor.station, "labels-printed", id=str(uuid7(at)), body=body)
    book.flush()


def _words(
    session: Session, actor: Actor, package_codes: Sequence[str]
) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Return item and destination of those that a manifest of the actor's place lists."""
    rows = [
        row
        for row in store.listed(session, package_codes)
        if actor.may_see_hop(row.origin, row.receiver)
    ]
    known = intake.catalogue(session)
    ways = {row.destination: _way(row.destination) for row in rows}
    names = queries.place_names(session, {code for way in ways.values() for code in way})
    return {
        row.package: (
            _short_name(known, row.item),
            tuple(names[code] for code in ways[row.destination] if code in names),
        )
        for row in rows
    }


def _short_name(known: Catalogue, code: str) -> str:
    """Return the shortest name of an item: it is read across a warehouse."""
    item = known.find(code)
    name = min((item.name_id, *item.also), key=len) if item else code
    return name[:1].upper() + name[1:]


def _way(destination: str) -> list[str]:
    """Return the destination's code and those above it, below the regency."""
    below = [code for code in places.lineage(destination) if code != places.regency(code)]
    return below or [destination]
