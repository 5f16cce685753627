"""The station's signing key: Ed25519, kept as a file apart from the database.

Whoever has the database alone can make a new ledger but cannot sign its checkpoints. The public
key stands in the ledger, and so does every change of it, signed by the key before.
"""

import base64
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from filelock import FileLock

from silog_scan.core import checkpoints
from silog_scan.core.errors import Refused, say
from silog_scan.services.files import private

_FILE, _NEXT = "signing.pem", "next.pem"


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that signs, and the name it signs under: one word, no plus (C2SP signed-note)."""

    name: str
    key: Ed25519PrivateKey

    @property
    def public_key(self) -> bytes:
        """Return the 32 bytes that check its signatures."""
        return self.key.public_key().public_bytes_raw()

    @property
    def vkey(self) -> str:
        """Return the public key as text."""
        return checkpoints.vkey(self.name, self.public_key)

    def note(self, text: str) -> str:
        """Return a text as a signed note."""
        signature = self.key.sign(text.encode())
        return checkpoints.signed(text, name=self.name, key=self.public_key, signature=signature)

    def vouches_for(self, vkey: str) -> str:
        """Return its signature, in base64, over the text of the key that comes after it."""
        return base64.b64encode(self.key.sign(vkey.encode())).decode()


def name_of(place: str, station: str) -> str:
    """Return the name a station signs under, which is its checkpoints' origin too."""
    word = re.sub(r"[^\w.]+", "-", station, flags=re.ASCII).strip("-")
    return f"silog-scan/{place}/{word}"


def made(folder: Path, name: str) -> Signer:
    """Return the key in a folder, made where there is none: only a new ledger may ask for that."""
    path = folder / _FILE
    with _readable(folder):
        if not path.exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            with FileLock(folder / "lock"):  # two workers may start at once
                if not path.exists():
                    _write(path, Ed25519PrivateKey.generate())
        return Signer(name, _read(path))


def found(folder: Path, name: str, vkey: str) -> Signer | None:
    """Return the key that the ledger names, or None where the folder does not hold it."""
    for file in (_FILE, _NEXT):
        path = folder / file
        with _readable(folder):
            signer = Signer(name, _read(path)) if path.exists() else None
        if signer and signer.vkey == vkey:
            if file == _NEXT:  # the ledger named it, and then the power went
                take_over(folder)
            return signer
    return None


def prepared(folder: Path, name: str) -> Signer:
    """Return a new key, on disk but not in force: ``take_over`` puts it in the old one's place."""
    signer = Signer(name, Ed25519PrivateKey.generate())
    with _readable(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(folder / _NEXT, signer.key)
    return signer


def take_over(folder: Path) -> None:
    """Put the prepared key in the place of the one before, whose private half is gone then."""
    with _readable(folder):
        (folder / _NEXT).replace(folder / _FILE)


def is_signed(note: str, vkey: str) -> bool:
    """Say whether a note bears a good signature of the key."""
    name, key = checkpoints.parse_vkey(vkey)
    text = note.partition("\n\n")[0] + "\n"
    public = Ed25519PublicKey.from_public_bytes(key)
    own = checkpoints.key_id(name, key)
    return any(
        _is_good(public, signature, text)
        for signer, identity, signature in checkpoints.signatures(note)
        if (signer, identity) == (name, own)
    )


def is_vouched_for(key: str, before: str, signature: str) -> bool:
    """Say whether a signature is that of the key before, over the text of the key after it."""
    try:
        _, public = checkpoints.parse_vkey(before)
        raw = base64.b64decode(signature, validate=True)
    except (Refused, ValueError):
        return False
    return _is_good(Ed25519PublicKey.from_public_bytes(public), raw, key)


def _is_good(public: Ed25519PublicKey, signature: bytes, text: str) -> bool:
    try:
        public.verify(signature, text.encode())
    except InvalidSignature:
        return False
    return True


def _read(path: Path) -> Ed25519PrivateKey:
    key = load_pem_private_key(path.read_bytes(), None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(path)  # noqa: TRY004  # as for a file that is no key at all
    return key


def _write(path: Path, key: Ed25519PrivateKey) -> None:
    """Write a key for its owner only, whole or not at all, and onto the disk."""
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with private(fresh) as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    fresh.replace(path)


@contextmanager
def _readable(folder: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, TypeError) as error:
        told = say(
            "The signing key in %(folder)s cannot be used (%(reason)s). Bring it back from a "
            "backup, or make a new one: silog-scan ledger key --replace",
            folder=folder,
            reason=str(error)[:100],
        )
        raise Refused("key-unusable", told) from error
