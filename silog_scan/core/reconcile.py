"""Expected against counted: the status of a line, and what it adds to the tallies."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """How a line stands; the first that fits, by number before condition."""

    MISSING = "missing"
    SHORT = "short"
    SURPLUS = "surplus"
    DAMAGED = "damaged"
    MATCHED = "matched"


def status(expected: int, counted: int, damaged: int) -> Status:
    """Return the status; for a package the figures are 0 or 1, for a bulk line they are units."""
    if counted == 0:
        return Status.MISSING
    if counted < expected:
        return Status.SHORT
    if counted > expected:
        return Status.SURPLUS
    return Status.DAMAGED if damaged else Status.MATCHED


@dataclass(slots=True)
class Tally:
    """Sums over lines for one task: lines by status, packages and units counted.

    Missing lines are not kept: they are the expected lines less the four kept here.
    """

    matched: int = 0
    short: int = 0
    surplus: int = 0
    damaged: int = 0
    packages: int = 0
    units: int = 0

    def add(self, other: "Tally", sign: int = 1) -> None:
        """Add another tally, or take it away with sign -1."""
        self.matched += sign * other.matched
        self.short += sign * other.short
        self.surplus += sign * other.surplus
        self.damaged += sign * other.damaged
        self.packages += sign * other.packages
        self.units += sign * other.units

    @property
    def lines(self) -> int:
        """Return how many lines have a status other than missing."""
        return self.matched + self.short + self.surplus + self.damaged

    @property
    def is_empty(self) -> bool:
        """Say whether adding it would change nothing."""
        return not (
            self.matched
            or self.short
            or self.surplus
            or self.damaged
            or self.packages
            or self.units
        )


def contribution(
    *, expected: int, counted: int, damaged: int, is_package: bool, units: int
) -> Tally:
    """Return what one line adds to its cells; ``units`` are those counted, of its item."""
    found = status(expected, counted, damaged)
    return Tally(
        matched=int(found is Status.MATCHED),
        short=int(found is Status.SHORT),
        surplus=int(found is Status.SURPLUS),
        damaged=int(found is Status.DAMAGED),
        packages=counted if is_package else 0,
        units=units,
    )
