"""Labels nobody expects, as near to the expected ones as chance and malice can bring them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from silog_scan.core.labels import Pattern
from silog_scan.documents.labels import encode
from silog_scan.vision.expected.linear.code128 import STOP, SYMBOLS, VALUES, WIDTH

NUMBERINGS = ("sequence", "wards", "random")


@cache
def expected(count: int, symbology: str, numbering: str = "random") -> tuple[Pattern, ...]:
    """Return labels of a regency numbered from 4000 on, by wards, or at random in 40 wards."""
    chance = np.random.default_rng(count)
    if numbering == "sequence":
        texts = [f"1271-KS-{4000 + number:06d}" for number in range(count)]
    elif numbering == "wards":
        texts = [
            f"{1271 + number // 250:04d}-KS-{4000 + number % 250:06d}" for number in range(count)
        ]
    else:
        wards = chance.integers(1271, 1311, count)
        serials = chance.choice(1_000_000, count, replace=False)
        texts = [f"{ward:04d}-KS-{serial:06d}" for ward, serial in zip(wards, serials, strict=True)]
    return tuple(encode(text, symbology) for text in texts)


@dataclass(frozen=True, slots=True)
class Trial:
    """One label before the camera, and what kind of stranger it is; ``""`` is expected."""

    pattern: Pattern
    kind: str = ""


class Crowd:
    """Makes strangers to a set: half of them one digit beside an expected label."""

    def __init__(self, patterns: Sequence[Pattern], chance: np.random.Generator) -> None:
        """Know whom not to make."""
        self._patterns = patterns
        self._rows = {pattern.rows for pattern in patterns}
        self._chance = chance

    def trial(self, expected_share: float = 0.1) -> Trial:
        """Return an expected label now and then, else a stranger."""
        pattern = self._any()
        if self._chance.random() < expected_share:
            return Trial(pattern)
        kinds = ("neighbour", "number", "length", "symbols")
        odds = (0.5, 0.2, 0.1, 0.2) if pattern.symbology == "code128" else (0.5, 0.4, 0.1, 0)
        kind = str(self._chance.choice(kinds, p=odds))
        while True:
            stranger = getattr(self, f"_{kind}")(pattern)
            if stranger.rows not in self._rows:
                return Trial(stranger, kind)
            pattern = self._any()

    def _any(self) -> Pattern:
        return self._patterns[int(self._chance.integers(len(self._patterns)))]

    def _neighbour(self, pattern: Pattern) -> Pattern:
        """Return a label one digit beside."""
        digits = [place for place, letter in enumerate(pattern.text) if letter.isdigit()]
        return self._with_digits(pattern, [int(self._chance.choice(digits))])

    def _number(self, pattern: Pattern) -> Pattern:
        """Return any label of the same numbering."""
        places = [place for place, letter in enumerate(pattern.text) if letter.isdigit()]
        return self._with_digits(pattern, places)

    def _length(self, pattern: Pattern) -> Pattern:
        """Return a label two digits longer or shorter."""
        is_longer = self._chance.random() < 0.5
        text = (
            pattern.text + f"{self._chance.integers(100):02d}" if is_longer else pattern.text[:-2]
        )
        return encode(text, pattern.symbology)

    def _with_digits(self, pattern: Pattern, places: Sequence[int]) -> Pattern:
        letters = list(pattern.text)
        for place in places:
            letters[place] = str(self._chance.integers(10))
        return encode("".join(letters), pattern.symbology)

    def _symbols(self, pattern: Pattern) -> Pattern:
        """Return bars with one to three symbols replaced by any value, and the right check."""
        modules = np.array([int(ink) for ink in pattern.rows[0]])
        stop, symbols = modules[-STOP:], modules[:-STOP].reshape(-1, WIDTH)
        values = [int((symbol == SYMBOLS).all(axis=1).argmax()) for symbol in symbols]
        for place in self._chance.integers(1, len(values) - 1, int(self._chance.integers(1, 4))):
            values[place] = int(self._chance.integers(VALUES))
        weighed = sum(place * value for place, value in enumerate(values[1:-1], 1))
        values[-1] = (values[0] + weighed) % VALUES
        row = np.concatenate([SYMBOLS[values].ravel(), stop]).astype(int)
        return Pattern("?" + pattern.text, "code128", ("".join(map(str, row)),))
