"""What the writer remembers from one transaction to the next, so that it is not read again.

It holds as long as nobody else recorded anything: whatever changes manifests, places or sums
appends an event in the same transaction. The digest of the newest event, read under the write
lock, is the sign; any other one, and all is forgotten. Heads of chains are read every time.
"""

from collections import defaultdict
from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from silog_scan.core.stock import Manifest, Progress, Task

_MOST_NAMES = 50_000
_MOST_MANIFESTS = 200

Sums = dict[tuple[str, Task], dict[str, Progress]]


def _no_sums() -> Sums:
    return defaultdict(lambda: defaultdict(Progress))


@dataclass(slots=True)
class Memory:
    """Items by code and barcode, names of places, manifests, and their sums as they are now."""

    items: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    progress: Sums = field(default_factory=_no_sums)
    _newest: str | None = None

    def recall(self, newest: str | None) -> None:
        """Forget all unless this is the event it was left at; hold nothing for sure until left."""
        is_large = len(self.names) > _MOST_NAMES or len(self.manifests) > _MOST_MANIFESTS
        if newest is None or newest != self._newest or is_large:
            self.items, self.names = {}, {}
            self.manifests, self.progress = {}, _no_sums()
        self._newest = None

    def leave(self, newest: str | None) -> None:
        """Stand for the database as it is after this event."""
        self._newest = newest


def memory_of(session: Session) -> Memory:
    """Return what the session's database remembers, or nothing for a session of its own."""
    found = session.info.get("memory")
    return found if isinstance(found, Memory) else Memory()
