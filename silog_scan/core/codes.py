"""What kind of identity a scanned text is: a package, an item, a place, a command, or just text.

Our own labels are ASCII and upper case so that every symbology and keyboard carries them:

* a package ``1271-KS-004512``: regency, two letters for the item, six digits of serial, or
  whatever the election's grammar says (``core.grammar``);
* an item of the catalogue ``SLG-ITEM-TINTA``;
* a command ``SLG-CMD-DAMAGED`` or ``SLG-CMD-QTY-40``, which changes the scan that follows;
* a task ``SLG-TASK-RECEIVE``, a place ``SLG-PLACE-12.71.01``.

GS1 element strings (SSCC, GTIN with serial, Digital Link) are read by biip. Everything else is
plain text, which a manifest may still list: KPU's codes of 2024 are plain.

Small letters, as CapsLock makes them, are taken for capitals in texts of our own only.
"""

import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from silog_scan.core.errors import Sentence, say
from silog_scan.core.grammar import OURS, Grammar, Label, mod97

MAX_TEXT = 4_096
"""Characters; longer than any label of the field, and a QR code holds 7,089 digits."""
BADGE = "SLG-BADGE-"
"""How the text of a person's card begins; the rest is a secret, never kept."""

_ALLOWED_CONTROLS = {"\x1d", "\x1e", "\x04"}  # GS, RS, EOT: ISO/IEC 15434
_QUANTITY = re.compile(r"SLG-CMD-QTY-([1-9]\d{0,6})", re.ASCII)
_SSCC_LENGTH = 18
_REMEMBERED = 1_024
"""Texts whose kind is kept: a scan asks for it where it is gathered and where it is decided."""
_GS1_PREFIXES = ("]C1", "]d2", "]Q3", "]e0", "]J1")
_IDENTIFIER = re.compile(r"\][ACEFGIJLQXde][0-9A-Za-z]", re.ASCII)
"""A symbology identifier of ISO/IEC 15424: a scanner may be set to type it before every code."""
_MOST_GS1 = 1_024
"""Characters of a GS1 text: a longer one is no label, and biip takes 2.6 ms for these."""
_SEPARATOR_MARK = re.compile(r"\{GS\}|<GS>|\[GS\]|\^\]|\u241d", re.IGNORECASE)
"""How scanners that cannot type a group separator spell it."""
_SHORT_GTIN = re.compile(r"\(0([12])\)(\d{8}|\d{12,13})(?=\(|$)", re.ASCII)
_LINK_KEY = re.compile(r"https?://[^?#]*/(?:00/(\d{18})|01/(\d{8}|\d{12,14}))(?=[/?#]|$)", re.ASCII)
_PADDED_UPC = re.compile(r"\]E00\d{12}", re.ASCII)
_RETAIL_IDENTIFIERS = ("]E0", "]E4", "]I1")

ITEM_LETTERS = {
    "KS": "KOTAK", "BL": "BILIK", "SP": "SURAT-PPWP", "SR": "SURAT-DPR", "SD": "SURAT-DPD",
    "SV": "SURAT-DPRDP", "SK": "SURAT-DPRDK", "SG": "SURAT-PGUB", "SB": "SURAT-PBUP",
    "TN": "TINTA", "SL": "SEGEL", "KT": "KABEL-TIES", "SM": "SAMPUL", "FM": "FORMULIR",
    "AT": "ALAT-TUNANETRA", "AC": "ALAT-COBLOS", "DC": "DCT", "ST": "STIKER-KOTAK",
}  # fmt: skip


class Kind(StrEnum):
    """What a text identifies."""

    PACKAGE = "package"
    ITEM = "item"
    PLACE = "place"
    TASK = "task"
    COMMAND = "command"
    SSCC = "sscc"
    GS1 = "gs1"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class Identity:
    """What the rules need to know of a text: its kind, the code it stands for, hints in it."""

    kind: Kind
    code: str
    item: str | None = None
    region: str | None = None


_grammar = OURS


def speak(grammar: Grammar) -> None:
    """Take package labels to be of this grammar from now on; a program does so once, at start."""
    global _grammar  # noqa: PLW0603  # one election in one process
    if grammar == _grammar:
        return
    _grammar = grammar
    identify.cache_clear()
    flaw.cache_clear()


def clean(text: str) -> str:
    """Return the text as the register keeps it: trimmed, without a leading symbology identifier.

    A UPC that a scanner sends as an EAN with a zero before it is given as it is printed.
    """
    text = text.strip(" \t\r\n")
    if _PADDED_UPC.fullmatch(text):
        return text[4:]
    return text[3:] if _IDENTIFIER.match(text) else text


@lru_cache(maxsize=_REMEMBERED)
def flaw(text: str, symbology: str | None = None) -> Sentence | None:
    """Return why the text cannot be a code, or None."""
    if not clean(text):
        return say("Nothing was read. Hold the label flat and try again.")
    if len(text) > MAX_TEXT:
        return say(
            "The code has %(length)s characters, more than the %(most)s any label has. "
            "Scan the logistics label instead.",
            length=len(text),
            most=MAX_TEXT,
        )
    if is_badge(text):
        return say("This is a person's card, no label. To change who works here, use Switch.")
    if not text.isprintable() and any(map(_is_forbidden, text.strip(" \t\r\n"))):
        return say("The code has control characters that no label has. Scan it again.")
    return _digit_flaw(text.strip(" \t\r\n"), symbology) or _label_flaw(clean(text))


def is_badge(text: str) -> bool:
    """Say whether the text is that of a person's card."""
    return BADGE in text.upper()  # whatever a scanner sends before it


def _is_forbidden(letter: str) -> bool:
    if letter in _ALLOWED_CONTROLS:
        return False
    return unicodedata.category(letter) in ("Cc", "Cs")


def _digit_flaw(text: str, symbology: str | None) -> Sentence | None:
    """Check the digit of a code that claims one: GS1 element strings, EAN and UPC, SSCC."""
    digits = _checked_digits(text, symbology)
    if digits is None or check_digit(digits[:-1]) == digits[-1]:
        return None
    return _wrong_check(clean(text), digits[-1], check_digit(digits[:-1]))


def _wrong_check(text: str, seen: str, right: str) -> Sentence:
    return say(
        "The check digit of %(text)s is wrong: %(seen)s should be %(right)s. Scan it again.",
        text=text,
        seen=seen,
        right=right,
    )


def _checked_digits(text: str, symbology: str | None) -> str | None:
    """Return the digits whose last one is a GS1 check digit, or None when nothing claims one."""
    cleaned, is_gs1 = clean(text), text.startswith(_GS1_PREFIXES)
    is_retail = symbology in ("ean13", "ean8", "upca") or text.startswith(_RETAIL_IDENTIFIERS)
    if is_retail and cleaned.isascii() and cleaned.isdigit():
        return cleaned
    patterns = [r"\(00\)(\d{18})", r"\(0[12]\)(\d{14})"]
    if is_gs1:
        patterns += [r"\x1d?00(\d{18})", r"\x1d?0[12](\d{14})"]
    elif len(cleaned) == _SSCC_LENGTH + 2:
        patterns.append(r"00(\d{18})")
    found = (re.match(pattern, cleaned, re.ASCII) for pattern in patterns)
    match = next(filter(None, found), None) or _LINK_KEY.match(cleaned)
    return match[match.lastindex or 0] if match else None


def _label_flaw(text: str) -> Sentence | None:
    """Return what is wrong with a label whose check digits are, unless it has another form too."""
    labels = [label for label in _grammar.read(text) if _item(label) is not None]
    if not labels or any(map(_is_sound, labels)):
        return None
    wrong = labels[0]
    return _wrong_check(wrong.text, wrong.check or "", _right_check(wrong))


def _right_check(label: Label) -> str:
    if label.scheme == "mod97":
        return mod97(label.body)
    return check_digit("".join(filter(str.isdigit, label.body)))


def _is_sound(label: Label) -> bool:
    return label.check is None or label.check == _right_check(label)


def _item(label: Label) -> str | None:
    """Return the code of the label's item, an empty one where it names none, None if unknown."""
    if label.item is None:
        return ""
    is_code = label.item in ITEM_LETTERS.values()
    return label.item if is_code else ITEM_LETTERS.get(label.item)


def check_digit(digits: str) -> str:
    """Return the GS1 modulo-10 check digit of the digits before it (GS1 General Specifications)."""
    total = sum(int(d) * (3 if i % 2 == 0 else 1) for i, d in enumerate(reversed(digits)))
    return str(-total % 10)


@lru_cache(maxsize=_REMEMBERED)
def identify(text: str) -> Identity:
    """Return what the text identifies; it must have no ``flaw``."""
    cleaned = clean(text)
    if cleaned[:4].upper() == "SLG-" and cleaned.isascii():
        return _own(cleaned.upper())
    return _package(cleaned) or _gs1(text.strip(), cleaned) or Identity(Kind.TEXT, cleaned)


def _package(text: str) -> Identity | None:
    """Read a package label of the election's grammar."""
    for label in _grammar.read(text):
        item = _item(label)
        if item is not None and _is_sound(label):
            return Identity(Kind.PACKAGE, label.text, item or None, label.region)
    return None


def _own(text: str) -> Identity:
    """Read the labels that are not goods."""
    prefix, _, rest = text.removeprefix("SLG-").partition("-")
    kinds = {"ITEM": Kind.ITEM, "PLACE": Kind.PLACE, "TASK": Kind.TASK, "CMD": Kind.COMMAND}
    kind = kinds.get(prefix)
    if kind is None or not rest:
        return Identity(Kind.TEXT, text)
    return Identity(kind, rest.lower() if kind is Kind.TASK else rest)


def _gs1(text: str, cleaned: str) -> Identity | None:
    """Read GS1: an SSCC gives its 18 digits, any other element string its normal form.

    biip guesses greedily on bare digits, so it is asked only where the symbology identifier,
    brackets, a group separator or a Digital Link say GS1, or the 20 digits can be only an SSCC.
    """
    bare_sscc = re.fullmatch(r"(00)?\d{18}", cleaned, re.ASCII) is not None
    if bare_sscc:
        digits = cleaned[-_SSCC_LENGTH:]
        return Identity(Kind.SSCC, digits) if check_digit(digits[:-1]) == digits[-1] else None
    if len(cleaned) > _MOST_GS1:
        return None
    spelled = _SEPARATOR_MARK.sub("\x1d", cleaned)
    says_gs1 = text.startswith(_GS1_PREFIXES) or "\x1d" in spelled
    if says_gs1 or re.match(r"\(\d{2,4}\)", cleaned) or _LINK_KEY.match(cleaned):
        return _by_biip(spelled)
    return None


def _by_biip(text: str) -> Identity | None:
    """Ask biip; a text it cannot read stays plain text."""
    from biip import ParseError  # noqa: PLC0415  # 20 ms, and most texts need it never
    from biip.gs1_digital_link_uris import GS1DigitalLinkURI  # noqa: PLC0415
    from biip.gs1_messages import GS1Message  # noqa: PLC0415

    try:
        if text.startswith(("http://", "https://")):
            elements = GS1DigitalLinkURI.parse(text).element_strings
        elif text.startswith("("):
            elements = GS1Message.parse_hri(_with_whole_gtins(text)).element_strings
        else:
            elements = GS1Message.parse(text).element_strings
    except (ParseError, ValueError):  # ValueError: not even a URL
        return None
    return _normal({element.ai.ai: element.value for element in elements})


def _with_whole_gtins(text: str) -> str:
    return _SHORT_GTIN.sub(lambda gtin: f"(0{gtin[1]}){gtin[2]:0>14}", text)


def _normal(values: dict[str, str]) -> Identity | None:
    """Return the one identity of all spellings: an SSCC, GTIN with serial, or all there is.

    What names one thing alone is its code: a batch or a date on the label adds nothing to it.
    """
    if "00" in values:
        return Identity(Kind.SSCC, values["00"])
    names = ("01", "21") if {"01", "21"} <= values.keys() else sorted(values)
    normal = "".join(f"({name}){values[name]}" for name in names)
    return Identity(Kind.GS1, normal) if normal else None


@dataclass(frozen=True, slots=True)
class Modifiers:
    """What command labels said about the scan that follows."""

    damaged: bool = False
    quantity: int | None = None

    def after(self, command: str) -> "Modifiers":
        """Return the modifiers once a command is heard; an unknown one changes nothing."""
        if command == "DAMAGED":
            return Modifiers(damaged=True, quantity=self.quantity)
        if command == "CLEAR":
            return Modifiers()
        if match := _QUANTITY.fullmatch(f"SLG-CMD-{command}"):
            return Modifiers(damaged=self.damaged, quantity=int(match[1]))
        return self
