"""The bars of Code 128 (ISO/IEC 15417), and every word that differs in one symbol character."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from silog_scan.vision.expected.arrays import Flags, Floats, Indices

WIDTH = 11
"""Modules of a symbol character."""
STOP = 13
"""Modules of the stop character."""
VALUES = 103
"""Values a data or check symbol may have, and the modulus of the check."""

_WIDTHS = (
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 "
    "122132 122231 113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 "
    "321221 312212 322112 322211 212123 212321 232121 111323 131123 131321 112313 132113 132311 "
    "211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 231131 213113 "
    "213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 111422 "
    "121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 "
    "241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 "
    "412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 "
    "211214 211232 "
)


def _modules(widths: str) -> list[int]:
    return [1 - place % 2 for place, width in enumerate(widths) for _ in range(int(width))]


SYMBOLS = np.array([_modules(widths) for widths in _WIDTHS.split()], dtype=np.float32)
"""Modules of each value, three start characters last: 106 × 11, 1 for ink."""

_VALUE_OF = {tuple(modules): value for value, modules in enumerate(SYMBOLS.astype(int).tolist())}
_STOP = tuple(_modules("2331112"))


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
