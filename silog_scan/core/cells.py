"""What one cell of a manifest says, or why it says nothing that can be trusted.

A wrong value is worse than a refused one: what has two readings is refused with both named.
Texts stay exactly as they are, never normalised, because a label carries the same characters;
a code whose characters cannot be told apart on paper is refused instead.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from silog_scan.core import codes, places
from silog_scan.core.codes import Kind
from silog_scan.core.errors import Sentence, say
from silog_scan.core.items import Catalogue
from silog_scan.core.visible import visible

MAX_QUANTITY = 999_999_999
"""Units of one line: four times the ballots of one national election of 2024, and an int32."""
MAX_NUMBER = 100
"""Characters of a manifest number."""
MAX_TEXT = codes.MAX_TEXT
"""Characters of any cell."""
SHOWN = 100
"""Characters of a cell that a problem repeats."""

BLANK = " \t\r\n\u00a0"
"""What is cut off both ends of a cell: not GS and RS, which a code may end in."""


class ProblemCode(StrEnum):
    """Why a row or a header is refused; stable, for programs."""

    # the header
    MISSING_COLUMN = "missing-column"
    DUPLICATE_COLUMN = "duplicate-column"
    UNKNOWN_FIELD = "unknown-field"
    # the shape of a row
    TOO_MANY_CELLS = "too-many-cells"
    MISSING_VALUE = "missing-value"
    # one cell
    TEXT_TOO_LONG = "text-too-long"
    TEXT_HIDDEN = "text-hidden"
    CODE_HIDDEN = "code-hidden"
    CODE_MANGLED = "code-mangled"
    CODE_INVALID = "code-invalid"
    CODE_NOT_PACKAGE = "code-not-package"
    ITEM_UNKNOWN = "item-unknown"
    QUANTITY_NOT_WHOLE = "quantity-not-whole"
    QUANTITY_NOT_POSITIVE = "quantity-not-positive"
    QUANTITY_AMBIGUOUS = "quantity-ambiguous"
    QUANTITY_TOO_LARGE = "quantity-too-large"
    PLACE_MANGLED = "place-mangled"
    PLACE_INVALID = "place-invalid"
    PLACE_UNKNOWN = "place-unknown"
    DATE_UNREADABLE = "date-unreadable"
    DATE_AMBIGUOUS = "date-ambiguous"
    DATE_IMPOSSIBLE = "date-impossible"
    CELL_ERROR = "cell-error"
    FORMULA_UNCALCULATED = "formula-uncalculated"
    # a row among the others of its manifest
    HOP_CONFLICT = "hop-conflict"
    SAME_PLACE = "same-place"
    DESTINATION_ELSEWHERE = "destination-elsewhere"
    DUPLICATE_LINE = "duplicate-line"
    DUPLICATE_SEAL = "duplicate-seal"
    PARENT_ITSELF = "parent-itself"
    PARENT_CYCLE = "parent-cycle"


@dataclass(frozen=True, slots=True)
class Flaw:
    """Why a cell is refused."""

    code: ProblemCode
    message: Sentence


class Row(NamedTuple):
    """A row as text: the number a spreadsheet shows, its cells, and those that cannot be taken.

    ``flaws`` go by the index of the cell, whose text is then only what is there to be seen.
    """

    number: int
    texts: tuple[str, ...]
    flaws: Mapping[int, Flaw] = MappingProxyType({})


# ------------------------------------------------------------------------------------------ text

_FORMULA_TEXT = re.compile(r'="((?:[^"]|"")*)"', re.DOTALL)
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+[eE]\+?|[eE]\+)\d{1,3}", re.ASCII)
_BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_WITHOUT_SEPARATORS = dict.fromkeys(map(ord, "\x1d\x1e\x04"))
"""GS, RS and EOT stand in GS1 and ISO/IEC 15434 package codes, and nowhere else."""
_FILLERS = set("\u115f\u1160\u2800\u3164\uffa0")
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs", "Mn", "Me"}
_NOT_GOODS = (Kind.ITEM, Kind.PLACE, Kind.TASK, Kind.COMMAND)
_EXACT_DIGITS = 15
_SSCC_DIGITS = 18


def unmarked(cell: str) -> str:
    """Return the cell without one mark of "this is text": ``'`` before it, or ``="…"`` around."""
    if cell.startswith("'"):
        return cell[1:]
    match = _FORMULA_TEXT.fullmatch(cell) if cell.startswith("=") else None
    return match[1].replace('""', '"') if match else cell


def bare(cell: str) -> str:
    """Return the trimmed cell without any marks of "this is text" that a code never has itself."""
    text = cell.strip(BLANK)
    while text and text[0] in "'=" and (less := unmarked(text)) != text:
        text = less.strip(BLANK)
    return text


def shown(text: str) -> str:
    """Return the text short enough to repeat, hidden characters written as ``[U+200B]``."""
    return visible(text[:SHOWN] + "…" if len(text) > SHOWN else text)


def words(text: str) -> str | Flaw:
    """Return free text with plain line ends, or why it is refused; what it looks like is inert."""
    if len(text) > MAX_TEXT:
        return _too_long(text, MAX_TEXT)
    if text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    for letter in text:
        is_control = unicodedata.category(letter) in ("Cc", "Cs") and letter not in "\t\n"
        if is_control or letter in _BIDI:
            return Flaw(
                ProblemCode.TEXT_HIDDEN,
                say(
                    "The text has a control character (U+%(hex)s) that may hide what it says. "
                    "Type it again.",
                    hex=f"{ord(letter):04X}",
                ),
            )
    return text


def number(text: str) -> str | Flaw:
    """Return a manifest number, or why it is refused."""
    if len(text) > MAX_NUMBER:
        return _too_long(text, MAX_NUMBER)
    return _mistyped(text) or text


def package(text: str) -> str | Flaw:
    """Return a package's code as a scan of its label will name it, or why it is refused."""
    if len(text) > MAX_TEXT:
        return _too_long(text, MAX_TEXT)
    if mistyped := _mistyped(text if text.isprintable() else text.translate(_WITHOUT_SEPARATORS)):
        return mistyped
    identity = codes.identify(text)
    if identity.kind is Kind.PACKAGE:
        return identity.code  # our own labels have no check digit, the only flaw that is left
    if reason := codes.flaw(text) or codes.flaw(codes.clean(text)):
        return Flaw(ProblemCode.CODE_INVALID, reason)
    if identity.kind in _NOT_GOODS:
        return Flaw(
            ProblemCode.CODE_NOT_PACKAGE,
            say(
                "%(value)s is the label of an item, a place or a command, not of a package. "
                "Leave the cell empty for goods without a label of their own.",
                value=shown(text),
            ),
        )
    return identity.code


def seals(text: str) -> tuple[str, ...] | Flaw:
    """Return seal numbers parted by space, comma or ``;``, or why one of them is refused."""
    if len(text) > MAX_TEXT:
        return _too_long(text, MAX_TEXT)
    numbers = tuple(filter(None, re.split(r"[\s,;]+", text)))
    # 1,23E+17 would fall apart at its comma, so the whole cell is looked at first.
    return _mangled(text) or next(filter(None, map(_mistyped, numbers)), None) or numbers


def item(text: str, catalogue: Catalogue, *, suggest: Callable[[], bool]) -> str | Flaw:
    """Return the code of an item of the catalogue, or why it is refused.

    ``suggest`` is asked before looking for a like name, which takes a millisecond.
    """
    if found := catalogue.find(text):
        return found.code
    likely = catalogue.likely(text) if suggest() else None
    if likely:
        message = say(
            "%(value)s is not in the item catalogue. Is it %(likely)s?",
            value=shown(text),
            likely=likely.code,
        )
    else:
        message = say(
            "%(value)s is not in the item catalogue. Write a code or a name of the catalogue, "
            "for example KOTAK or “kotak suara”.",
            value=shown(text),
        )
    return Flaw(ProblemCode.ITEM_UNKNOWN, message)


def _mistyped(code: str) -> Flaw | None:
    """Say what is wrong with a code as it was typed: characters one cannot see, or lost digits."""
    if code.isascii() and code.isprintable():
        return _mangled(code)
    odd = next(filter(_cannot_be_seen, code), None) or _lookalike(code)
    if odd:
        return Flaw(
            ProblemCode.CODE_HIDDEN,
            say(
                "The code has a character that cannot be seen, or looks like another (U+%(hex)s). "
                "Type it again.",
                hex=f"{ord(odd):04X}",
            ),
        )
    return _mangled(code)


def _cannot_be_seen(letter: str) -> bool:
    is_unseen = unicodedata.category(letter) in _UNSEEN and letter != " "
    return is_unseen or letter in _FILLERS


def _lookalike(code: str) -> str | None:
    """Return a letter that reads like another: of a second script, or not composed (NFC)."""
    composed = unicodedata.normalize("NFC", code)
    if composed != code:
        return next(a for a, b in zip(code, composed + " ", strict=False) if a != b)
    if not any(letter.isascii() and letter.isalnum() for letter in code):
        return None
    return next(filter(_is_foreign, code), None)


def _is_foreign(letter: str) -> bool:
    is_plain = letter.isascii() or not letter.isalnum()
    return not is_plain and not unicodedata.name(letter, "").startswith("LATIN ")


def _mangled(code: str) -> Flaw | None:
    is_mangled = _SCIENTIFIC.fullmatch(code) or _has_lost_digits(code)
    return digits_lost(code) if is_mangled else None


def digits_lost(code: str) -> Flaw:
    """Return the refusal of a code that a spreadsheet took for a number, and rounded."""
    return Flaw(
        ProblemCode.CODE_MANGLED,
        say(
            "A spreadsheet turned this code into the number %(value)s, and digits are lost. "
            "Format the column as text and fill in the code again.",
            value=shown(code),
        ),
    )


def _has_lost_digits(code: str) -> bool:
    """Say whether a long number ends in zeros where spreadsheets stop being exact.

    They keep 15 digits. An SSCC may really end so when its check digit agrees.
    """
    is_number = code.isascii() and code.isdigit() and len(code) >= _SSCC_DIGITS
    if not is_number or code[_EXACT_DIGITS:].strip("0"):
        return False
    digits = code[-_SSCC_DIGITS:]
    return codes.check_digit(digits[:-1]) != digits[-1]


def _too_long(text: str, most: int) -> Flaw:
    return Flaw(
        ProblemCode.TEXT_TOO_LONG,
        say(
            "The text has %(length)s characters, more than the %(most)s allowed. Shorten it.",
            length=len(text),
            most=most,
        ),
    )


# -------------------------------------------------------------------------------------- quantity

_PLAIN = re.compile(r"\d{1,15}", re.ASCII)
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:(?:\.\d{3}){1,4}|(?:,\d{3}){1,4})", re.ASCII)
_DECIMAL = re.compile(r"\d+[.,]\d+", re.ASCII)
_POINT_ZERO = re.compile(r"\d{1,10}[.,]0", re.ASCII)
_NEGATIVE = re.compile(r"[-\u2212]\s*\d+(?:[.,]\d+)*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Marks:
    """How a column of quantities uses point and comma: between thousands, before decimals."""

    thousands: frozenset[str] = frozenset()
    decimals: frozenset[str] = frozenset()

    def seen(self, text: str) -> "Marks":
        """Return the use of marks with one more cell of the column that has some."""
        mark = {_mark(text)}
        if _GROUPED.fullmatch(text) and not mark <= self.thousands:
            return Marks(self.thousands | mark, self.decimals)
        if not _GROUPED.fullmatch(text) and _DECIMAL.fullmatch(text):
            return Marks(self.thousands, self.decimals | mark)
        return self


def has_marks(text: str) -> bool:
    """Say whether a quantity has a point or comma, so that its column must explain it."""
    return "." in text or "," in text


def quantity(text: str, column: Marks) -> int | Flaw:
    """Return a positive whole number, or why it is refused.

    ``1.000`` and ``1,000`` are one thousand as long as the column uses that mark for nothing
    else and does not use both. ``12.0`` is twelve, as programs write it, unless the column also
    has thousands with that mark. ``1.5``, ``1.00``, ``1e3``, ``12 rim`` are refused.
    """
    if _PLAIN.fullmatch(text):
        return _counted(int(text), text)
    if _NEGATIVE.fullmatch(text):
        return _counted(-1, text)
    if _GROUPED.fullmatch(text) or _POINT_ZERO.fullmatch(text):
        return _marked(text, column)
    return Flaw(
        ProblemCode.QUANTITY_NOT_WHOLE,
        say(
            "%(value)s is not a whole number. Write digits only, for example 1000.",
            value=shown(text),
        ),
    )


def _marked(text: str, column: Marks) -> int | Flaw:
    """Read a number with one kind of mark in it; two marks of a kind can only part thousands."""
    mark = _mark(text)
    before, *groups = text.split(mark)
    if groups == ["0"]:
        likely, other, is_doubtful = before, before + "000", mark in column.thousands
    else:
        likely, other = before + "".join(groups), before
        has_two_uses = mark in column.decimals or len(column.thousands) > 1
        is_doubtful = has_two_uses and len(groups) == 1
    return _ambiguous(text, one=likely, other=other) if is_doubtful else _counted(int(likely), text)


def _mark(text: str) -> str:
    return "." if "." in text else ","


def _ambiguous(text: str, *, one: str, other: str) -> Flaw:
    return Flaw(
        ProblemCode.QUANTITY_AMBIGUOUS,
        say(
            "%(value)s may mean %(one)s or %(other)s, because the column uses points and commas "
            "in more than one way. Write the number without them.",
            value=shown(text),
            one=one,
            other=other,
        ),
    )


def _counted(units: int, text: str) -> int | Flaw:
    if units <= 0:
        return Flaw(
            ProblemCode.QUANTITY_NOT_POSITIVE,
            say("A quantity is at least 1, and here it is %(value)s.", value=shown(text)),
        )
    if units > MAX_QUANTITY:
        return Flaw(
            ProblemCode.QUANTITY_TOO_LARGE,
            say(
                "%(value)s is more than the %(most)s units a line may have. Check the number, "
                "or part the line.",
                value=shown(text),
                most=MAX_QUANTITY,
            ),
        )
    return units


# ----------------------------------------------------------------------------------------- place


def place(text: str, known: Callable[[str], bool]) -> str | Flaw:
    """Return a code of the register, or of a polling station in a village of it, or a flaw."""
    if places.is_code(text):
        if _stands(text, known):
            return text
        message = say(
            "%(value)s is not in the register of places. Check the code.", value=shown(text)
        )
        return Flaw(ProblemCode.PLACE_UNKNOWN, message)
    if lost := _mangled(text):
        return lost
    found = places.repairs(text)
    likely = next((code for code in found if _stands(code, known)), next(iter(found), None))
    if likely:
        message = say(
            "%(value)s is not a place code: a spreadsheet probably ate zeros or dots. Write "
            "%(likely)s if that is the place, and format the column as text.",
            value=shown(text),
            likely=likely,
        )
        return Flaw(ProblemCode.PLACE_MANGLED, message)
    message = say(
        "%(value)s is not a place code. Write it like 12.71.01.1001, or 12.71.01.1001.012 for a "
        "polling station.",
        value=shown(text),
    )
    return Flaw(ProblemCode.PLACE_INVALID, message)


def _stands(code: str, known: Callable[[str], bool]) -> bool:
    if known(code):
        return True
    above = places.parent(code)
    return places.level(code) == "polling-station" and above is not None and known(above)


# ------------------------------------------------------------------------------------------ date

_MONTHS = {
    name: month
    for month, names in enumerate(
        (
            "januari january jan",
            "februari february pebruari feb peb",
            "maret march mar",
            "april apr",
            "mei may",
            "juni june jun",
            "juli july jul",
            "agustus august agu agt ags agust aug",
            "september sep sept",
            "oktober october okt oct",
            "november nopember nov nop",
            "desember december des dec",
        ),
        start=1,
    )
    for name in names.split()
}
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})(?:[t ]00:00(?::00(?:\.0+)?)?)?")
_DAY_FIRST = re.compile(r"(\d{1,2})([-/.])(\d{1,2})\2(\d{4})(?: 00:00(?::00)?)?")
_IN_WORDS = re.compile(r"(?:[a-z]+,? +)?(\d{1,2})[ -]+([a-z]+)\.?[ -]+(\d{4})")
_SHORT_YEAR = re.compile(r"\d{1,2}([-/. ])(?:\d{1,2}|[a-z]+)\1\d{2}")
_YEARS = range(2000, 2101)


def day(text: str) -> date | Flaw:
    """Return the day, which stands before the month as in Indonesia, or why it is refused."""
    parts = _day_parts(text.lower())
    if isinstance(parts, ProblemCode):
        return Flaw(
            parts,
            say(
                "%(value)s cannot be read as a date. Write it as 2026-02-12, 12/02/2026 or "
                "12 Februari 2026.",
                value=shown(text),
            ),
        )
    try:
        found = date(*parts)
    except ValueError:
        found = None
    if found is None or found.year not in _YEARS:
        return Flaw(
            ProblemCode.DATE_IMPOSSIBLE,
            say(
                "%(value)s is no day of the calendar from 2000 to 2100. The day stands before "
                "the month: 12/02/2026 is 12 February 2026.",
                value=shown(text),
            ),
        )
    return found


def _day_parts(text: str) -> tuple[int, int, int] | ProblemCode:
    """Return year, month and day as they are written."""
    if not text.isascii():
        return ProblemCode.DATE_UNREADABLE
    if match := _YEAR_FIRST.fullmatch(text):
        return int(match[1]), int(match[3]), int(match[4])
    if match := _DAY_FIRST.fullmatch(text):
        return int(match[4]), int(match[3]), int(match[1])
    if (match := _IN_WORDS.fullmatch(text)) and match[2] in _MONTHS:
        return int(match[3]), _MONTHS[match[2]], int(match[1])
    if _SHORT_YEAR.fullmatch(text):
        return ProblemCode.DATE_AMBIGUOUS
    return ProblemCode.DATE_UNREADABLE
