"""What a ledger proves to somebody who holds an export: chains, checkpoint, signature, files."""

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from silog_scan.core import checkpoints
from silog_scan.core.checkpoints import Comparison
from silog_scan.core.errors import Malformed, Sentence, say
from silog_scan.core.events import Event
from silog_scan.services import keys, ledgers

_DIGEST = re.compile(r"[0-9a-f]{64}")


@dataclass(slots=True)
class Asked:
    """What the ledger is held against: a checkpoint's note, a public key, the imported files."""

    note: str | None = None
    key: str | None = None
    folder: Path | None = None

    @classmethod
    def of(cls, *, note: str | None, key: str | None, folder: Path | None) -> "Asked":
        """Return what was asked, or refuse a text that is no checkpoint or no key."""
        if note is not None:
            checkpoints.parse(note)
        if key is not None:
            checkpoints.parse_vkey(key)
            if note is None:
                told = say("A key checks a checkpoint. Name it with --checkpoint.")
                raise Malformed("setting-refused", told)
        return cls(note, key, folder)


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether all fits, and what was found, line by line."""

    fits: bool
    sentences: tuple[Sentence, ...]


def prove(log: Iterable[Event], asked: Asked) -> Proof:
    """Check a log in export order against all that was asked; it is read once."""
    watch = _Watch(asked)
    chains = ledgers.verify(watch.over(log))
    objections = list(watch.objections())
    told = [_chain_sentence(chain) for chain in chains]
    if asked.note is not None and not objections:
        told += _checkpoint_sentences(asked, watch.keys)
    fits = not objections and not any(chain.broken for chain in chains)
    return Proof(fits, (*told, *objections))


def _chain_sentence(chain: ledgers.Chain) -> Sentence:
    if chain.broken:
        return chain.broken.sentence
    return say(
        "%(station)s: %(n)s events, unbroken, head %(digest)s",
        station=chain.head.station,
        n=chain.head.sequence,
        digest=chain.head.digest,
    )


def _checkpoint_sentences(asked: Asked, known: list[str]) -> Iterator[Sentence]:
    size = checkpoints.parse(asked.note or "").size
    yield say("The checkpoint's %(n)s events are these.", n=size)
    signer = asked.key or _signer(asked.note or "", known)
    if signer is None:
        yield say("Its signature was not checked: name the public key with --key.")
    elif asked.key:
        yield say("Its signature is good.")
    else:
        yield say("Its signature is of the key that the ledger names: %(key)s", key=signer)


def _signer(note: str, known: list[str]) -> str | None:
    """Return which key of the ledger's own signed; that alone proves nothing to a stranger."""
    return next((key for key in reversed(known) if keys.is_signed(note, key)), None)


@dataclass(slots=True)
class _Watch:
    """Looks at the events on their way to where the chains are checked."""

    asked: Asked
    keys: list[str] = field(default_factory=list)
    _problems: list[Sentence] = field(default_factory=list)
    _comparison: Comparison | None = None

    def over(self, log: Iterable[Event]) -> Iterator[Event]:
        """Yield the events."""
        if self.asked.note is not None:
            self._comparison = Comparison(checkpoints.parse(self.asked.note))
            log = self._comparison.watching(log)
        for event in log:
            if event.kind == "signing-key":
                self._look_at_key(event)
            elif event.kind == "manifest-imported" and self.asked.folder:
                self._look_at_files(event, self.asked.folder)
            yield event

    def objections(self) -> Iterator[Sentence]:
        """Yield what does not fit beside the chains."""
        objection = self._comparison.objection() if self._comparison else None
        if objection:
            yield objection
        note, key = self.asked.note, self.asked.key
        if note is not None and key is not None and not keys.is_signed(note, key):
            yield say("The checkpoint is not signed by this key. Whose paper is it?")
        yield from self._problems

    def _look_at_key(self, event: Event) -> None:
        key = str(event.body.get("key"))
        before, signature = event.body.get("before"), event.body.get("signature")
        if before and not keys.is_vouched_for(key, str(before), str(signature)):
            self._problems.append(
                say(
                    "Event %(n)s of station %(station)s changes the signing key without the word "
                    "of the key before. Ask why.",
                    n=event.sequence,
                    station=event.station,
                )
            )
        self.keys.append(key)

    def _look_at_files(self, event: Event, folder: Path) -> None:
        for name in ("file_sha256", "lines_sha256"):
            digest = str(event.body.get(name))
            if _kept(folder, digest) is None:
                self._problems.append(
                    say(
                        "The file %(digest)s of manifest %(number)s is missing or was changed.",
                        digest=digest,
                        number=event.body.get("number"),
                    )
                )
        lines = _kept(folder, str(event.body.get("lines_sha256")))
        if lines is not None and _totals(lines) != _claimed(event.body):
            self._problems.append(
                say(
                    "Manifest %(number)s expects other totals than its lines add up to.",
                    number=event.body.get("number"),
                )
            )


def _kept(folder: Path, digest: str) -> bytes | None:
    """Return the file of a digest if it is there and whole; a digest is no path of a stranger's."""
    if not _DIGEST.fullmatch(digest):
        return None
    for path in folder.glob(f"{digest}.*"):
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() == digest:
            return data
    return None


def _totals(lines: bytes) -> Counter[tuple[str, str]]:
    """Return the units that normalised lines add up to, by item and destination."""
    found: Counter[tuple[str, str]] = Counter()
    for line in json.loads(lines)["lines"]:
        found[line["item"], line["destination"]] += line["quantity"]
    return found


def _claimed(body: Mapping[str, Any]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for total in body["totals"]:
        found[total["item"], total["destination"]] += total["quantity"]
    return found
