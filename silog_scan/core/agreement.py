"""When a reading is believed: how often, and in how many ways, a code must have been read.

QR, Data Matrix and Code 128 check themselves so well that one look is enough. Of the EAN, UPC and
ITF texts an engine gives for real photographs 2 to 8 % are wrong, and two engines that look at the
same pixels make the same mistake: only a second look at *differently treated* pixels, or at another
frame of a film, is evidence. Under these rules 2 of 1,115 photographs were misread.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

from silog_scan.core.codes import Kind, check_digit, identify

WINDOW = 3.0
"""Seconds a code must have been out of view before it counts as shown again."""

_GS1_IDENTIFIERS = frozenset({"]C1", "]d2", "]Q3", "]e0"})
_FAITHFUL = frozenset({"raw", "clahe"})  # treatments that draw no bars of their own
_RETAIL = frozenset({"ean13", "ean8", "upca", "upce"})
_ITF14_LENGTH = 14
_TWICE = 2
_CROP = "crop+"  # how a treatment of an upright crop is named
_FEWEST_ROWS = 4  # of pixels along the bars, for one look at Code 128 to be enough
_DISPUTED = 3  # looks for a retail code whose bars another look took for another


@dataclass(frozen=True, slots=True)
class Reading:
    """What an engine saw in one picture: the plain text, and where (four corners in pixels).

    ``stage`` names the step that found it, ``treatment`` how the pixels were changed before:
    readings of the same treatment are one look. ``symbology_identifier`` is that of ISO/IEC 15424.
    """

    text: str
    symbology: str
    corners: tuple[tuple[int, int], ...]
    stage: str
    symbology_identifier: str = ""
    treatment: str = "raw"

    @property
    def as_scanned(self) -> str:
        """Return the text as a hand scanner types it: GS1 led by its symbology identifier."""
        is_gs1 = self.symbology_identifier in _GS1_IDENTIFIERS
        return self.symbology_identifier + self.text if is_gs1 else self.text

    def as_json(self) -> dict[str, object]:
        """Return the contract's reading, and the identifier without which GS1 is only text."""
        return {
            "text": self.text,
            "symbology": self.symbology,
            "symbology_identifier": self.symbology_identifier,
            "corners": [list(corner) for corner in self.corners],
            "stage": self.stage,
        }


@dataclass(slots=True)
class _Evidence:
    """What speaks for one code: looks are independent of each other, votes need not be."""

    reading: Reading
    looks: int
    votes: int
    is_faithful: bool
    is_upright: bool


def accepted(readings: Iterable[Reading]) -> list[Reading]:
    """Return the codes to believe in one still picture, each text once, by its first reading."""
    evidence = _by_code(readings)
    believed = (code.reading for code in evidence if _is_believed(code, evidence))
    return _one_per_text(believed)


def doubted(readings: Iterable[Reading]) -> list[Reading]:
    """Return the codes of one still picture that were read but need another look.

    A retail text that lost its bars to a believed one needs none: looking on would only help it.
    """
    evidence = _by_code(readings)
    believed = [code.reading for code in evidence if _is_believed(code, evidence)]
    return [
        code.reading
        for code in evidence
        if code.reading not in believed and not _has_lost(code.reading, believed)
    ]


def _has_lost(reading: Reading, believed: Iterable[Reading]) -> bool:
    is_retail = reading.symbology in _RETAIL
    return is_retail and any(_are_rivals(reading, other) for other in believed)


def _by_code(readings: Iterable[Reading]) -> list[_Evidence]:
    """Gather the readings of one picture by code."""
    groups: dict[tuple[str, str], list[Reading]] = {}
    for reading in readings:
        groups.setdefault((reading.symbology, reading.text), []).append(reading)
    return [
        _Evidence(
            reading=group[0],
            looks=len({_kind(reading) for reading in group}),
            votes=len(group),
            is_faithful=any(map(_is_faithful, group)),
            is_upright=any(map(_is_upright, group)),
        )
        for group in groups.values()
    ]


def _kind(reading: Reading) -> str:
    """Return how the pixels were treated, in the picture or a crop: the pixels are the same."""
    return reading.treatment.rpartition("+")[2]


def _is_faithful(reading: Reading) -> bool:
    """Return whether it was read as the camera saw it, and in more than a row or two of pixels.

    Of 730 labels read at first sight 7 were read in so few rows, and one of these wrong.
    """
    return reading.treatment in _FAITHFUL and _depth(reading) >= _FEWEST_ROWS


def _depth(reading: Reading) -> float:
    """Return the shorter side of where it was read, in pixels."""
    first, second, third, fourth = reading.corners
    across = (math.dist(first, second) + math.dist(fourth, third)) / 2
    down = (math.dist(first, fourth) + math.dist(second, third)) / 2
    return min(across, down)


def _is_upright(reading: Reading) -> bool:
    """Return whether it was read in a crop turned so that lines cross the bars from end to end."""
    return reading.treatment.startswith(_CROP)


def _one_per_text(readings: Iterable[Reading]) -> list[Reading]:
    first: dict[str, Reading] = {}
    for reading in readings:
        first.setdefault(reading.text, reading)
    return list(first.values())


def _is_believed(code: _Evidence, every: Iterable[_Evidence]) -> bool:
    """Apply the rule of the code's symbology."""
    reading, is_seen_twice = code.reading, code.looks >= _TWICE
    match reading.symbology:
        case "qrcode" | "datamatrix":
            return True
        case "code128":
            return (code.is_faithful or is_seen_twice) and not _is_outvoted(code, every)
        case "code39":
            is_ours = identify(reading.text).kind not in (Kind.TEXT, Kind.GS1)
            return (is_seen_twice or is_ours) and not _is_outvoted(code, every)
        case "itf":
            is_part = any(_is_part(reading, other.reading) for other in every)
            # A slanting line through ITF gives a piece of it, in every treatment the same.
            return _is_itf14(reading.text) or (is_seen_twice and code.is_upright and not is_part)
        case _:
            rivals = [other for other in every if _are_rivals(reading, other.reading)]
            if not rivals:
                return is_seen_twice
            most = max(rival.votes for rival in rivals)
            return code.looks >= _DISPUTED and code.votes > most


def _is_outvoted(code: _Evidence, every: Iterable[_Evidence]) -> bool:
    """Return whether another text claims the same bars with as many votes or more.

    zxing-cpp gives one Code 128 symbol in 1,500 a second text, with the right check by chance.
    """
    reading = code.reading
    return any(
        other.votes >= code.votes
        and other.reading.symbology == reading.symbology
        and other.reading.text != reading.text
        and _covers(reading, other.reading, share=1 / 32)
        for other in every
    )


def _is_itf14(text: str) -> bool:
    """Return whether the text is a carton's GTIN: none of 57 wrong ITF texts was one."""
    return len(text) == _ITF14_LENGTH and text.isdigit() and check_digit(text[:-1]) == text[-1]


def _is_part(reading: Reading, other: Reading) -> bool:
    """Return whether this is a piece of a longer ITF code: ITF may be cut anywhere."""
    is_longer = len(other.text) > len(reading.text)
    return other.symbology == "itf" and is_longer and reading.text in other.text


def _are_rivals(one: Reading, other: Reading) -> bool:
    """Return whether two retail texts claim the same bars."""
    if one.text == other.text or other.symbology not in _RETAIL:
        return False
    # A piece of any other's bars, or of the digits under them, is easily taken for a UPC-E.
    share = 1 / 2 if "upce" in (one.symbology, other.symbology) else 1 / 8
    return _covers(one, other, share=share) or _covers(other, one, share=share)


def _covers(one: Reading, other: Reading, *, share: float) -> bool:
    """Return whether the middle of the other lies in this one's box, grown by this share.

    The box of a linear code may be a single row of pixels, hence the growth by the longer side.
    """
    left, top, right, bottom = _box(one)
    margin = max(right - left, bottom - top) * share
    o_left, o_top, o_right, o_bottom = _box(other)
    x, y = (o_left + o_right) / 2, (o_top + o_bottom) / 2
    return left - margin <= x <= right + margin and top - margin <= y <= bottom + margin


def _box(reading: Reading) -> tuple[int, int, int, int]:
    across = [x for x, _ in reading.corners]
    down = [y for _, y in reading.corners]
    return min(across), min(down), max(across), max(down)


@dataclass(slots=True)
class _Appearance:
    """A code in view: what speaks for it, when it was first and last seen, whether answered."""

    evidence: _Evidence
    first: float
    last: float
    is_answered: bool = False


class Agreement:
    """Makes one scan of a code shown to a camera, however many frames it is in.

    Every frame is a look of its own. A code is given once per appearance, and again only after it
    was out of view for longer than ``window`` seconds. Times are seconds of any one clock.
    """

    def __init__(self, *, window: float = WINDOW) -> None:
        """Start with nothing in view."""
        self._window = window
        self._in_view: dict[tuple[str, str], _Appearance] = {}

    def saw(self, readings: Iterable[Reading], at: float) -> list[Reading]:
        """Return the codes that this frame makes believed, of those not yet given."""
        self._forget(at)
        codes = {(reading.symbology, reading.text): reading for reading in readings}
        for key, reading in codes.items():
            self._count(key, reading, at)
        believed = [key for key in codes if self._is_believed(self._in_view[key])]
        return self._given(believed)

    def believe(self, readings: Iterable[Reading], at: float) -> list[Reading]:
        """Return the codes not yet given of those that a longer look believes already."""
        self._forget(at)
        codes = {(reading.symbology, reading.text): reading for reading in readings}
        for key, reading in codes.items():
            self._count(key, reading, at)
        return self._given(codes)

    def _given(self, codes: Iterable[tuple[str, str]]) -> list[Reading]:
        """Return the believed codes not yet given, and note that they are now."""
        fresh = []
        for appearance in (self._in_view[key] for key in codes):
            if not appearance.is_answered:
                if not self._is_answered(appearance.evidence.reading.text):
                    fresh.append(appearance.evidence.reading)
                appearance.is_answered = True
        return fresh

    def keep(self, readings: Iterable[Reading], at: float) -> None:
        """Take these codes as still in view, in a frame that was not read as nothing moved."""
        self._forget(at)
        for reading in readings:
            appearance = self._in_view.get((reading.symbology, reading.text))
            if appearance:
                appearance.last = at

    def _forget(self, at: float) -> None:
        """Drop what left the view; a clock that jumped back (another film) starts anew."""
        self._in_view = {
            key: appearance
            for key, appearance in self._in_view.items()
            if abs(at - appearance.last) <= self._window
        }

    def _count(self, key: tuple[str, str], reading: Reading, at: float) -> None:
        appearance = self._in_view.get(key)
        is_faithful = _is_faithful(reading)
        if appearance is None:
            evidence = _Evidence(reading, 1, 1, is_faithful, _is_upright(reading))
            self._in_view[key] = _Appearance(evidence, at, at)
            return
        seen = appearance.evidence
        appearance.last = at
        appearance.evidence = _Evidence(
            reading,
            looks=seen.looks + 1,
            votes=seen.votes + 1,
            is_faithful=seen.is_faithful or is_faithful,
            is_upright=seen.is_upright or _is_upright(reading),
        )

    def _is_believed(self, appearance: _Appearance) -> bool:
        """Weigh it against what was in view with it, not what lay there before."""
        beside = [
            other.evidence for other in self._in_view.values() if other.last >= appearance.first
        ]
        return _is_believed(appearance.evidence, beside)

    def _is_answered(self, text: str) -> bool:
        """Return whether this text was given already, if only in another symbology of its label."""
        return any(
            appearance.is_answered and appearance.evidence.reading.text == text
            for appearance in self._in_view.values()
        )
