"""The Merkle tree hash of RFC 9162, section 2.1.1, over any number of leaves in little memory."""

import hashlib


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of a leaf: SHA-256 of 0x00 and its data."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of a node: SHA-256 of 0x01 and its two children."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Tree:
    """Grows leaf by leaf; it keeps only the roots of the full subtrees on its right edge."""

    def __init__(self) -> None:
        """Begin empty."""
        self.size = 0
        self._roots: list[tuple[int, bytes]] = []

    def add(self, data: bytes) -> None:
        """Add a leaf at the end."""
        self.size += 1
        height, found = 0, leaf_hash(data)
        while self._roots and self._roots[-1][0] == height:
            found = node_hash(self._roots.pop()[1], found)
            height += 1
        self._roots.append((height, found))

    @property
    def root(self) -> bytes:
        """Return the tree's hash, 32 bytes; that of no leaves is SHA-256 of nothing."""
        if not self._roots:
            return hashlib.sha256().digest()
        found = self._roots[-1][1]
        for _, left in reversed(self._roots[:-1]):
            found = node_hash(left, found)
        return found
