"""A checkpoint: the whole ledger in a few lines of text that fit on paper, and their signature.

The text follows C2SP's tlog-checkpoint (https://c2sp.org/tlog-checkpoint): origin, number of
events, Merkle root in base64, then one extension line ``station sequence`` for each chain. Leaves
are the digests of the events, 32 bytes each, in the order of the export: by station, then
sequence. The extension lines say where each chain stood, so that an old checkpoint is checked
against a newer export by cutting every chain there. The signature is a C2SP signed note
(https://c2sp.org/signed-note) with Ed25519.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from silog_scan.core.errors import Malformed, Sentence, say
from silog_scan.core.events import Event
from silog_scan.core.merkle import Tree

_ED25519 = b"\x01"
_KEY_BYTES = 32
_SIGNATURE = "\u2014 "  # an em dash and a space begin a signature line of a signed note


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a ledger was: how many events, their root, and where each station's chain stood."""

    origin: str
    size: int
    root: bytes
    heads: Mapping[str, int]

    def text(self) -> str:
        """Return the lines that are printed and signed, each ended by a newline."""
        lines = [self.origin, str(self.size), base64.b64encode(self.root).decode()]
        lines += [f"{station} {sequence}" for station, sequence in sorted(self.heads.items())]
        return "\n".join(lines) + "\n"


def of(events: Iterable[Event], *, origin: str) -> Checkpoint:
    """Return the checkpoint of a log in export order."""
    return of_digests(((e.station, e.sequence, e.digest) for e in events), origin=origin)


def of_digests(log: Iterable[tuple[str, int, str]], *, origin: str) -> Checkpoint:
    """Return the checkpoint of a log of which only (station, sequence, digest) is known."""
    tree, heads = Tree(), {}
    for station, sequence, digest in log:
        tree.add(bytes.fromhex(digest))
        heads[station] = sequence
    return Checkpoint(origin, tree.size, tree.root, heads)


@dataclass(slots=True)
class Comparison:
    """A checkpoint held against a log in export order: every chain is cut where it stood then."""

    checkpoint: Checkpoint
    _tree: Tree = field(default_factory=Tree)
    _found: dict[str, int] = field(default_factory=dict)

    def watching(self, log: Iterable[Event]) -> Iterator[Event]:
        """Yield the events of the log, and remember what the checkpoint covers."""
        heads = self.checkpoint.heads
        for event in log:
            self._found[event.station] = event.sequence
            if event.sequence <= heads.get(event.station, 0):
                self._tree.add(bytes.fromhex(event.digest))
            yield event

    def objection(self) -> Sentence | None:
        """Return why these are not the events the checkpoint was made of, or None if they are."""
        for station, sequence in self.checkpoint.heads.items():
            if self._found.get(station, 0) < sequence:
                return say(
                    "Station %(station)s ends before event %(n)s, which the checkpoint covers. "
                    "Events were taken away.",
                    station=station,
                    n=sequence,
                )
        if (self._tree.size, self._tree.root) != (self.checkpoint.size, self.checkpoint.root):
            return say("These are not the events the checkpoint was made of. Keep both.")
        return None


def parse(text: str) -> Checkpoint:
    """Return the checkpoint of a text, signed or not, or refuse one that is none."""
    body = text.partition("\n\n")[0].rstrip("\n").split("\n")
    try:
        origin, size, root, *extensions = body
        heads = {}
        for line in extensions:
            station, _, sequence = line.rpartition(" ")
            heads[station] = int(sequence)
        found = Checkpoint(origin, int(size), base64.b64decode(root, validate=True), heads)
    except (ValueError, binascii.Error) as error:
        raise _no_checkpoint() from error
    if sum(heads.values()) != found.size:
        raise _no_checkpoint()
    return found


def _no_checkpoint() -> Malformed:
    told = say("This is no checkpoint, or a line of it is missing or typed wrongly.")
    return Malformed("not-a-checkpoint", told)


def signed(text: str, *, name: str, key: bytes, signature: bytes) -> str:
    """Return the note: the text, an empty line, and the signature line of a public key."""
    blob = base64.b64encode(key_id(name, key) + signature).decode()
    return f"{text}\n{_SIGNATURE}{name} {blob}\n"


def key_id(name: str, key: bytes) -> bytes:
    """Return the four bytes that tell a name's keys apart (C2SP signed-note)."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + key).digest()[:4]


def vkey(name: str, key: bytes) -> str:
    """Return a public key as C2SP's signed-note writes it: ``name+key id+key``."""
    return f"{name}+{key_id(name, key).hex()}+{base64.b64encode(_ED25519 + key).decode()}"


def parse_vkey(text: str) -> tuple[str, bytes]:
    """Return the name and the 32 bytes of a public key's text, or refuse what is none."""
    name, _, rest = text.strip().partition("+")
    identity, _, blob = rest.partition("+")
    try:
        raw = base64.b64decode(blob, validate=True)
    except (ValueError, binascii.Error):
        raw = b""
    key = raw[1:]
    is_ours = raw[:1] == _ED25519 and len(key) == _KEY_BYTES
    if not (name and is_ours and key_id(name, key).hex() == identity):
        raise Malformed(
            "not-a-key",
            say("This is no public key. It looks like name+1a2b3c4d+AQ... on one line."),
        )
    return name, key


def signatures(note: str) -> list[tuple[str, bytes, bytes]]:
    """Return (name, key id, signature) of each signature line of a note."""
    found = []
    for line in note.partition("\n\n")[2].splitlines():
        if line.startswith(_SIGNATURE):
            name, _, blob = line.removeprefix(_SIGNATURE).rpartition(" ")
            try:
                raw = base64.b64decode(blob, validate=True)
            except (ValueError, binascii.Error):
                continue
            found.append((name, raw[:4], raw[4:]))
    return found
