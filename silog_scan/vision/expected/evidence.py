"""What speaks for a label recognised among the expected ones, and the rule that accepts it.

The limits are those of the study that proposed the method, but for the two that a stranger passed.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

from silog_scan.vision.corners import Corners

MOST_SHARE = 0.07
"""Of 644 right answers the worst left 0.042, in noise of 60 grey levels 0.060; under a lamp's glare
a stranger was once accepted with 0.098, and 0.09 nats for its weakest symbol."""
MOST_CHI = 40.0
LEAST_EACH = 1.0
LEAST_WORD = 15.0
"""Nats: with the right model of the noise a wrong word passes once in three million."""
LEAST_RATIO_ANY = 1.05
LEAST_RATIO_WORD = 1.2
LEAST_RATIO = 8.0
"""A two-dimensional stranger reached 6.3."""
LEAST_DECOY_SIGMA = 4.0

_THOUSANDTHS = 1000
_CAP = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The figures of one answer; those of the other kind of symbol, or not reached, are None."""

    share: float
    """How much of the picture's variance the answer leaves unexplained, 0 to 1."""
    chi: float | None = None
    """Variance left over, in that which the scatter along the bars allows."""
    each: float | None = None
    """Nats by which the weakest symbol character beats its best substitute."""
    word: float | None = None
    """Nats by which the answer beats the best valid word one data symbol away, expected or not."""
    second: float | None = None
    """Nats by which the answer beats the second best expected label."""
    ratio_any: float | None = None
    """Squared residual of the best challenger with its own blur, any symbols, in the answer's."""
    ratio_word: float | None = None
    """The same of the best challenger that is a valid word."""
    ratio: float | None = None
    """Residual in the modules of the best rival of a two-dimensional answer, in the answer's."""
    decoy_sigma: float | None = None
    """How clearly the answer's own modules are seen, in standard deviations of the decoys'."""

    def as_json(self) -> dict[str, int]:
        """Return the figures that were reached, in whole thousandths."""
        figures = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: _whole(figure) for name, figure in figures.items() if figure is not None}


@dataclass(frozen=True, slots=True)
class Answer:
    """The best text of the labels of one size, whether the rule accepts it, and why."""

    text: str
    is_accepted: bool
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Recognition:
    """The best expected label at a place; its text may be used only if it is accepted."""

    text: str
    symbology: str
    is_accepted: bool
    corners: Corners
    evidence: Evidence


def is_worth_a_challenge(bars: Evidence) -> bool:
    """Return whether a linear answer explains the picture, and beats all rivals seen its way."""
    return (
        bars.share < MOST_SHARE
        and (bars.chi is not None and bars.chi < MOST_CHI)
        and _is_above(LEAST_EACH, bars.each)
        and _is_above(LEAST_WORD, bars.word)
        and _is_above(LEAST_WORD, bars.second)
    )


def are_bars_accepted(bars: Evidence) -> bool:
    """Return whether a linear answer also beats every challenger refitted on its own."""
    return (
        is_worth_a_challenge(bars)
        and _is_above(LEAST_RATIO_ANY, bars.ratio_any)
        and _is_above(LEAST_RATIO_WORD, bars.ratio_word)
    )


def is_grid_accepted(grid: Evidence) -> bool:
    """Return whether no rival comes near a two-dimensional answer, and its modules are seen."""
    return _is_above(LEAST_RATIO, grid.ratio) and _is_above(LEAST_DECOY_SIGMA, grid.decoy_sigma)


def _is_above(least: float, figure: float | None) -> bool:
    return figure is not None and figure > least


def _whole(figure: float) -> int:
    return round(_THOUSANDTHS * min(max(figure, -_CAP), _CAP))
