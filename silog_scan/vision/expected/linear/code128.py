"""The bars of Code 128 (ISO/IEC 15417), and every word that differs in one symbol character."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from silog_scan.core import code128
from silog_scan.vision.expected.arrays import Flags, Floats, Indices

WIDTH = 11
"""Modules of a symbol character."""
STOP = 13
"""Modules of the stop character."""
VALUES = 103
"""Values a data or check symbol may have, and the modulus of the check."""

SYMBOLS = np.array([list(map(int, symbol)) for symbol in code128.SYMBOLS], dtype=np.float32)
"""Modules of each value, three start characters last: 106 × 11, 1 for ink."""

_VALUE_OF = {tuple(modules): value for value, modules in enumerate(SYMBOLS.astype(int).tolist())}
_STOP = tuple(map(int, code128.STOP))


@dataclass(frozen=True, slots=True)
class Rivals:
    """What else could have been printed, as modules to add; words have the right check."""

    differences: Floats
    is_word: Flags


def is_word(modules: Floats) -> bool:
    """Return whether modules are a start, symbols, their check and the stop."""
    if len(modules) % WIDTH != STOP % WIDTH or len(modules) < 3 * WIDTH + STOP:
        return False
    *symbols, check = (_VALUE_OF.get(_key(symbol), -1) for symbol in _split(modules))
    weighed = sum(place * value for place, value in enumerate(symbols[1:], 1))
    is_whole = min(symbols) >= 0 and symbols[0] >= VALUES and _key(modules[-STOP:]) == _STOP
    return is_whole and (symbols[0] + weighed) % VALUES == check


def rivals(modules: Floats) -> Rivals:
    """Return every string one symbol away, and every valid word one data symbol away.

    All 103 values, shifts between code sets too: another encoder's spelling of a neighbour is a
    stranger as well, and was once accepted as its neighbour where these were left out.
    """
    found = [_VALUE_OF[_key(symbol)] for symbol in _split(modules)]
    last = len(found) - 1
    singles = [_changed(modules, {place: _others(found[place])}) for place in range(1, last + 1)]
    words = [_changed(modules, _with_check(found, place)) for place in range(1, last)]
    every = singles + words
    is_word = np.repeat([False, True], [sum(map(len, singles)), sum(map(len, words))])
    return Rivals(np.concatenate(every), is_word)


def _split(modules: Floats) -> Floats:
    return modules[:-STOP].reshape(-1, WIDTH)


def _key(modules: Floats) -> tuple[int, ...]:
    return tuple(modules.astype(int).tolist())


def _others(value: int) -> Indices:
    return np.delete(np.arange(VALUES), value)


def _with_check(found: list[int], place: int) -> dict[int, Indices]:
    """Return the other values of a data symbol, and the check symbol each of them asks for."""
    others = _others(found[place])
    checks = (found[-1] + place * (others - found[place])) % VALUES
    return {place: others, len(found) - 1: checks}


def _changed(modules: Floats, symbols: dict[int, Indices]) -> Floats:
    """Return what to add to the modules to have other values at some places, one row a choice."""
    choices = len(next(iter(symbols.values())))
    differences = np.zeros((choices, len(modules)), np.float32)
    for place, chosen in symbols.items():
        here = slice(place * WIDTH, place * WIDTH + WIDTH)
        differences[:, here] = SYMBOLS[chosen] - modules[here]
    return differences
