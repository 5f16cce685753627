"""Texts of strangers as people may see them: nothing in them hides, and nothing turns around."""

import unicodedata

_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"})
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0")
"""Letters and marks by their category, which nobody sees."""
_SELECTORS = (range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0))
_RIGHT_TO_LEFT = frozenset({"R", "AL", "AN"})
_ISOLATE, _END = "\u2068", "\u2069"


def visible(text: str) -> str:
    """Return the text with every character that is not seen written as ``[U+200B]``."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(f"[U+{ord(c):04X}]" if _is_unseen(c) else c for c in text)


def isolated(text: str) -> str:
    """Return the visible text for the middle of a sentence, whose order it then leaves alone."""
    seen = visible(text)
    if any(unicodedata.bidirectional(letter) in _RIGHT_TO_LEFT for letter in seen):
        return f"{_ISOLATE}{seen}{_END}"
    return seen


def _is_unseen(letter: str) -> bool:
    if letter in _BLANK or any(ord(letter) in selectors for selectors in _SELECTORS):
        return True
    return letter != " " and unicodedata.category(letter) in _UNSEEN
