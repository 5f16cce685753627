"""Code 128 (ISO/IEC 15417) as we print it: the shortest spelling, always the same one.

What is recognised later is compared with the very modules that were printed, so that the choice
of code sets is ours and has a version: ``labels.ENCODER``.
"""

from functools import cache

from silog_scan.core.code128 import STOP, SYMBOLS

FNC1 = "\x1d"
"""How a GS1 separator stands in a text; it is printed as FNC1 where the label says GS1."""

_SETS = "CBA"  # in the order they are preferred where the lengths are equal
Rest = dict[str, tuple[int, ...]]
"""The symbols of what is left of a text, by the code set in which it begins."""
_START = {"A": 103, "B": 104, "C": 105}
_LATCH = {"A": 101, "B": 100, "C": 99}
_FNC1_VALUE, _MODULUS = 102, 103


def values(text: str, *, gs1: bool = False) -> tuple[int, ...]:
    """Return the symbol values of an ASCII text from start to check.

    The fewest symbols, without shifts; of equally short spellings the one that is in set C first.
    """
    rest = _shortest(text, gs1=gs1)
    opening = (_FNC1_VALUE,) if gs1 else ()
    spelled = min(((_START[name], *opening, *rest[name]) for name in _SETS), key=len)
    check = (spelled[0] + sum(place * value for place, value in enumerate(spelled))) % _MODULUS
    return (*spelled, check)


def modules(symbols: tuple[int, ...]) -> str:
    """Return start, data, check and the stop as modules, ``1`` for ink."""
    return "".join(SYMBOLS[value] for value in symbols) + STOP


def _shortest(text: str, *, gs1: bool) -> Rest:
    """Return the fewest symbols for a text that begins in each code set, found from its end."""
    after_next: Rest = {}
    after: Rest = dict.fromkeys(_SETS, ())
    for place in reversed(range(len(text))):
        stay: Rest = {}
        for code_set in _SETS:
            if found := _value(text, place, code_set, gs1=gs1):
                value, used = found
                stay[code_set] = (value, *(after if used == 1 else after_next)[code_set])
        after, after_next = {name: _with_latch(name, stay) for name in _SETS}, after
    return after


def _with_latch(code_set: str, stay: Rest) -> tuple[int, ...]:
    """Return the rest in the same set where that is as short as the shortest of another set."""
    others = [(_LATCH[name], *rest) for name, rest in stay.items() if name != code_set]
    own = [stay[code_set]] if code_set in stay else []
    return min((*own, *others), key=len)


def _value(text: str, place: int, code_set: str, *, gs1: bool) -> tuple[int, int] | None:
    """Return the symbol that stands for the next letters and how many these are."""
    if gs1 and text[place] == FNC1:
        return _FNC1_VALUE, 1
    if code_set == "C":
        pair = text[place : place + 2]
        return (int(pair), 2) if len(pair) == 2 and pair.isdigit() else None  # noqa: PLR2004
    return _letter(text[place], code_set)


@cache
def _letter(letter: str, code_set: str) -> tuple[int, int] | None:
    """Return the value of an ASCII letter in set A (0 to 95) or B (32 to 127)."""
    code = ord(letter)
    if code_set == "B":
        return (code - 32, 1) if code >= ord(" ") else None
    if code >= ord("`"):
        return None
    return (code - 32 if code >= ord(" ") else code + 64, 1)
