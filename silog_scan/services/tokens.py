"""Secrets made by chance, and what is kept of them: nobody finds 80 bits by trying."""

import hashlib
import secrets

_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""None that is read for another one; 5 bits each."""


def new_token() -> str:
    """Return 256 bits for a program or a cookie to hold."""
    return secrets.token_urlsafe(32)


def new_code(length: int) -> str:
    """Return so many letters and digits for people to copy, 5 bits each."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def plain(code: str) -> str:
    """Return a code as it was made, however somebody typed it."""
    return "".join(letter for letter in code.upper() if letter in _ALPHABET)


def digest(secret: str) -> str:
    """Return what is kept of a secret: its SHA-256 in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()
