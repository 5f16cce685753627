"""What is kept of a secret that chance made: nobody finds 80 bits by trying."""

import hashlib


def digest(secret: str) -> str:
    """Return the SHA-256 of a secret in hex."""
    return hashlib.sha256(secret.encode()).hexdigest()
