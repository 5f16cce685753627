"""Code 128 (ISO/IEC 15417) as we print it: the shortest spelling, always the same one.

What is recognised later is compared with the very modules that were printed, so that the choice
of code sets is ours and has a version: ``labels.ENCODER``.
"""

from functools import cache
from itertools import cycle

FNC1 = "\x1d"
"""How a GS1 separator stands in a text; it is printed as FNC1 where the label says GS1."""

_WIDTHS = (
    "212222 222122 222221 121223 121322 131222 122213 122312 132212 221213 221312 231212 112232 "
    "122132 122231 113222 123122 123221 223211 221132 221231 213212 223112 312131 311222 321122 "
    "321221 312212 322112 322211 212123 212321 232121 111323 131123 131321 112313 132113 132311 "
    "211313 231113 231311 112133 112331 132131 113123 113321 133121 313121 211331 231131 213113 "
    "213311 213131 311123 311321 331121 312113 312311 332111 314111 221411 431111 111224 111422 "
    "121124 121421 141122 141221 112214 112412 122114 122411 142112 142211 241211 221114 413111 "
    "241112 134111 111242 121142 121241 114212 124112 124211 411212 421112 421211 212141 214121 "
    "412121 111143 111341 131141 114113 114311 411113 411311 113141 114131 311141 411131 211412 "
    "211214 211232 2331112"
)
_SYMBOLS = tuple(_WIDTHS.split(" "))
_SETS = "CBA"  # in the order they are preferred where the lengths are equal
Rest = dict[str, tuple[int, ...]]
"""The symbols of what is left of a text, by the code set in which it begins."""
_START = {"A": 103, "B": 104, "C": 105}
_LATCH = {"A": 101, "B": 100, "C": 99}
_FNC1_VALUE, _STOP, _MODULUS = 102, 106, 103


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
    return "".join(_bars(_SYMBOLS[value]) for value in (*symbols, _STOP))


@cache
def _bars(widths: str) -> str:
    return "".join(ink * int(width) for ink, width in zip(cycle("10"), widths, strict=False))


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
