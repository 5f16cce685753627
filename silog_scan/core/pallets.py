"""Many labels in one look: on which pallet they are, and what of it is not there."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Absent:
    """A package that is neither in the look nor counted before."""

    package: str
    item: str
    destination: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How many packages of the pallet ``parent``, or of all awaited, are there; some that are not.

    ``absent`` names those of a pallet in order, else those most like the ones seen.
    """

    parent: str | None
    expected: int
    counted: int
    absent: tuple[Absent, ...] = ()


def pallet_of(codes: Sequence[str], parents: Mapping[str, str | None]) -> str | None:
    """Return the pallet whose own label was seen, or that more than half of the packages are on.

    One stray from another pallet must not make the pallet unknown.
    """
    if shown := next((code for code in codes if code in parents.values()), None):
        return shown
    votes = Counter(parents[code] for code in codes if code in parents)
    parent, times = next(iter(votes.most_common(1)), (None, 0))
    return parent if 2 * times > votes.total() else None
